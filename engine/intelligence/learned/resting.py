"""Resting orders that are only thought of: what the tape alone teaches about fills.

Once a second each side of a book gets one, of no size, at the end of the queue at its touch.
Trades at its price shorten the queue, and so do cancels ahead of it, in proportion to where they
may have been; a trade beyond its price, or a touch of the other side at it, fills it. It ends
filled or after `SECONDS_MAX`, which teaches nothing but that it had not filled until then.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from engine.intelligence.learned.fill_hazard import FillHazard, features_of

__all__ = ["Look", "Resting"]

SECONDS_MAX: Final = 30
OUTFLOW_MEMORY: Final = 0.95
Levels = Sequence[tuple[int, int]]
Prints = Sequence[tuple[int, int]]


class Look:
    """A book as it is now, and what traded since the last look, by the side that was hit.

    `bids` and `asks` are levels best first; `sold` are (price_1e9, qty_1e8) of trades in which
    somebody sold, so that bids were hit, `bought` those that hit asks.
    """

    __slots__ = ("asks", "bids", "bought", "sold")

    def __init__(self, bids: Levels, asks: Levels, sold: Prints, bought: Prints) -> None:
        self.bids = bids
        self.asks = asks
        self.sold = sold
        self.bought = bought


class Resting:
    """The thought-of order of one side of one book, renewed as it ends.

    `side` 0 rests on the bid. `outflow_1e8` is the fading mean of what a second takes there.
    """

    __slots__ = ("ahead_1e8", "level_1e8", "outflow_1e8", "price_1e9", "seconds", "side", "x")

    def __init__(self, side: int) -> None:
        self.side = side
        self.outflow_1e8 = 0.0
        self.price_1e9 = 0
        self.ahead_1e8 = 0.0
        self.level_1e8 = 0
        self.seconds = 0
        self.x: tuple[float, ...] | None = None

    def step(self, look: Look, hazard: FillHazard) -> bool | None:
        """A second has gone by: whether the order filled; None where there was none."""
        own, other = (look.asks, look.bids) if self.side else (look.bids, look.asks)
        hits = look.bought if self.side else look.sold
        taken = sum(qty for _, qty in hits)
        keep = OUTFLOW_MEMORY
        self.outflow_1e8 = keep * self.outflow_1e8 + (1.0 - keep) * taken
        if not own or not other:
            self.x = None
            return None
        filled: bool | None = None
        if self.x is not None:
            filled = self.filled(own, other, hits)
            hazard.observe(self.x, filled)
            self.seconds += 1
        if self.x is None or filled or self.seconds >= SECONDS_MAX:
            self.price_1e9, self.level_1e8 = own[0]
            self.ahead_1e8 = float(self.level_1e8)
            self.seconds = 0
        self.x = self.features(own, other)
        return filled

    def features(self, own: Levels, other: Levels) -> tuple[float, ...]:
        """What is known at the start of the next second."""
        (best, size), (far, far_size) = own[0], other[0]
        mid = (best + far) / 2
        return features_of(
            self.ahead_1e8,
            self.outflow_1e8,
            1e4 * abs(far - best) / mid,
            (size - far_size) / (size + far_size),
            max(0.0, 1e4 * (best - self.price_1e9) * (1 - 2 * self.side) / mid),
        )

    def filled(self, own: Levels, other: Levels, hits: Prints) -> bool:
        """Whether it filled in this second; its place in the queue moves on if not."""
        sign = 1 - 2 * self.side
        # Better for us is above for a bid: the market came through our price.
        if (self.price_1e9 - other[0][0]) * sign >= 0:
            return True
        traded = 0
        for price, qty in hits:
            if (self.price_1e9 - price) * sign > 0:
                return True
            traded += qty if price == self.price_1e9 else 0
        shown = next((qty for price, qty in own if price == self.price_1e9), 0)
        behind = max(0.0, self.level_1e8 - self.ahead_1e8)
        gone = max(0, self.level_1e8 - traded - shown)
        # Cancels were ahead of us with the chance that any of the level was.
        rest = self.ahead_1e8 + behind
        share = self.ahead_1e8 / rest if rest > 0.0 else 0.0
        had = self.ahead_1e8
        self.ahead_1e8 = max(0.0, had - traded - gone * share)
        self.level_1e8 = shown
        return traded > had
