"""The books that a forecast walks: the market's own, or a copy without our own resting orders.

The copy is made by the kernel's rule for a level, and only while something of ours rests on the
side that is taken; else the market itself is read and nothing is copied.
"""

from __future__ import annotations

from engine.decisions.market import NO_ASK, NO_BID, MarketBlock
from engine.decisions.split import Splitter
from engine.kernels.layout import ASK
from engine.kernels.net_books import net_books

__all__ = ["OthersBooks"]


class OthersBooks:
    """One market's books of everybody else. The copy has as many cells as the market."""

    __slots__ = ("_copy", "_splitter")

    def __init__(self, splitter: Splitter) -> None:
        self._splitter = splitter
        self._copy: MarketBlock | None = None

    def of(self, taken: int) -> MarketBlock:
        """The books as a taker of the side `taken` may count on them, until the next call.

        Of the other side, of health and of the mid a copy says nothing: the market does.
        """
        splitter = self._splitter
        market = splitter.market
        if not market.own.resting[taken]:
            return market
        copy = self._copy
        if copy is None:
            copy = self._copy = MarketBlock(market.instrument, market.listings, market.depth)
        splitter.leave_out_own(taken)
        net_books(market.view, splitter.arena, taken, copy.block)
        tops, none = (copy.best_ask, NO_ASK) if taken == ASK else (copy.best_bid, NO_BID)
        for v in range(len(market.listings)):
            top = copy.levels(v, taken, 1)
            tops[v] = top[0][0] if top else none
        return copy
