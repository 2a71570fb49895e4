"""The market as one node's policy sees it: the usable books of the venues that the node may use."""

from __future__ import annotations

from engine.decisions.market import NO_ASK, NO_BID, Level, MarketBlock
from engine.decisions.market_facts import others_tops
from engine.decisions.market_tape import MarketTape
from engine.kernels.layout import ASK, BID
from engine.model.instruments import InstrumentType
from engine.model.units import Side

__all__ = ["NodeMarket"]


class NodeMarket:
    """Reads the block when asked; nothing is copied, so one object serves a node for its life.

    `venue` pins it to one venue's book. A book that is stale or crossed in itself is not used.
    """

    __slots__ = ("_block", "_tape", "_venues", "event", "lot_1e8", "tick_1e9")

    def __init__(self, block: MarketBlock, tape: MarketTape, venue: str | None = None) -> None:
        listings = [one for one in block.listings if venue is None or one.venue == venue]
        assert listings, "a node is pinned to a venue that lists its instrument"
        self._block = block
        self._tape = tape
        self._venues = tuple(one.venue_index for one in listings)
        self.event = tape.event or block.instrument.type is InstrumentType.PREDICTION
        self.tick_1e9 = min(one.tick_1e9 for one in listings)
        self.lot_1e8 = min(one.lot_1e8 for one in listings)

    def touch(self, side: Side) -> int | None:
        """Best price of resting orders of `side`: BUY gives the bid, SELL the ask."""
        block = self._block
        if side is Side.BUY:
            bids = block.best_bid
            bid = max((bids[v] for v in self._venues if block.usable(v)), default=NO_BID)
            return None if bid == NO_BID else bid
        asks = block.best_ask
        ask = min((asks[v] for v in self._venues if block.usable(v)), default=NO_ASK)
        return None if ask == NO_ASK else ask

    def takeable(self, side: Side) -> int | None:
        """Best price that an order of `side` could take: of what is not our own."""
        if not self._block.own.resting[ASK if side is Side.BUY else BID]:
            return self.touch(side.opposite)
        best = min if side is Side.BUY else max
        return best((price for price, _ in self._far(side)), default=None)

    def far_qty_1e8(self, side: Side) -> int:
        """Size at the best price that an order of `side` could take, over all venues."""
        best = self.takeable(side)
        return sum(qty for price, qty in self._far(side) if price == best)

    def usual_spread_1e9(self) -> int | None:
        """Median of the consolidated spread over the last five minutes."""
        return self._tape.usual_spread_1e9()

    def traded_qty_1e8(self) -> int:
        """Public volume so far, our own prints included."""
        return self._tape.traded_1e8

    def volume_ahead(self, from_ns: int, until_ns: int) -> int:
        """Volume in 1e-8 expected between two times, 0 when nothing is known."""
        return self._tape.volume_ahead(from_ns, until_ns)

    def _far(self, side: Side) -> list[Level]:
        """The best level of each venue that an order of `side` could take."""
        return others_tops(self._block, ASK if side is Side.BUY else BID, self._venues)
