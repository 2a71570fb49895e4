"""Fills that wait for the mids after them: markouts of each venue, as the time comes.

Markout(d) = s (M(t + d) - p) / p in bps, + is good for us, M the consolidated mid; left out where
there was no mid. At most `WAITING_MAX` fills wait, beyond that the oldest are let go.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

import msgspec

from engine.intelligence.learned.records import HORIZONS_NS, VenueRecord

__all__ = ["WAITING_MAX", "FillSeen", "Markouts"]

WAITING_MAX: Final = 4_096

MidAt = Callable[[str, int], int | None]
"""Twice the mid of an instrument at a time; None where it was not seen."""


class FillSeen(msgspec.Struct, frozen=True, gc=False):
    """One own fill; `at_ns` is by the engine's clock."""

    venue: str
    symbol: str
    sign: int
    price_1e9: int
    at_ns: int
    maker: bool


class Markouts:
    """One queue a horizon, in the order of the fills; `dropped` counts those let go."""

    def __init__(self, record_of: Callable[[str, str], VenueRecord]) -> None:
        self.record_of = record_of
        self.waiting: tuple[deque[FillSeen], ...] = tuple(deque() for _ in HORIZONS_NS)
        self.dropped = 0

    def add(self, fill: FillSeen) -> None:
        """A fill whose markouts are to be seen."""
        for queue in self.waiting:
            if len(queue) >= WAITING_MAX:
                queue.popleft()
                self.dropped += 1
            queue.append(fill)

    def settle(self, now_ns: int, mid_at: MidAt) -> int:
        """Take what has come due; how many markouts were seen."""
        seen = 0
        for index, (horizon_ns, queue) in enumerate(zip(HORIZONS_NS, self.waiting, strict=True)):
            while queue and queue[0].at_ns + horizon_ns <= now_ns:
                fill = queue.popleft()
                mid_x2 = mid_at(fill.symbol, fill.at_ns + horizon_ns)
                if mid_x2 is None:
                    continue
                gain = fill.sign * 1e4 * (mid_x2 / 2 - fill.price_1e9) / fill.price_1e9
                record = self.record_of(fill.venue, fill.symbol)
                record.markouts(fill.maker)[index].add(gain, now_ns)
                seen += 1
        return seen
