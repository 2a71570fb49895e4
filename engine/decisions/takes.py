"""Takes in flight: quantity already asked of a book that the book does not show as gone yet.

A take counts from the moment it is planned. Once settled, its unfilled part counts no more, and
its filled part until that venue's book has a later exchange time than the fill, or for 500 ms.
"""

from __future__ import annotations

from typing import Final

import msgspec

from engine.decisions.market import MarketBlock
from engine.kernels.landed import FLIGHT_BUY, FLIGHT_SELL

__all__ = ["TakesInFlight"]

TAKES_MAX: Final = 1_024
SETTLED_NS_MAX: Final = 500_000_000
OPEN_NS_MAX: Final = 30_000_000_000

UNSETTLED: Final = -1


class Take(msgspec.Struct, gc=False):
    """One leg's quantity in flight. `settled_ns` is UNSETTLED until the venue's last word."""

    venue_index: int
    field: int
    qty_1e8: int
    added_ns: int
    settled_ns: int = UNSETTLED
    exchange_ns: int = 0


class TakesInFlight:
    """At most `TAKES_MAX` takes of one market; the oldest gives way. `cells` is the arena.

    `settled` has, for each venue, the settled ones by the time of settling; a venue's are looked
    through only when its book has moved.
    """

    __slots__ = ("cells", "market", "seen_ns", "settled", "takes")

    def __init__(self, market: MarketBlock, cells: memoryview) -> None:
        self.market = market
        self.cells = cells
        self.takes: dict[str, Take] = {}
        self.settled: list[dict[str, Take]] = [{} for _ in market.listings]
        self.seen_ns = [0] * len(market.listings)

    def add(self, key: str, venue_index: int, side: int, qty_1e8: int, now_ns: int) -> None:
        """A leg of `qty_1e8` leaves for a venue; `key` is the child's client order id."""
        takes = self.takes
        if key in takes:
            self._drop(key)
        elif len(takes) >= TAKES_MAX:
            self._drop(next(iter(takes)))
        field = FLIGHT_SELL + venue_index if side else FLIGHT_BUY + venue_index
        takes[key] = Take(venue_index, field, qty_1e8, now_ns)
        self.cells[field] += qty_1e8

    def settle(self, key: str, filled_qty_1e8: int, exchange_ns: int, now_ns: int) -> None:
        """The venue has said its last word on a take; an unknown key is of no interest."""
        take = self.takes.get(key)
        if take is None:
            return
        venue = take.venue_index
        if filled_qty_1e8 <= 0 or 0 < exchange_ns < self.market.exchange_ns[venue]:
            # Nothing was taken, or the book shows it already.
            self._drop(key)
            return
        keep = min(filled_qty_1e8, take.qty_1e8)
        self.cells[take.field] -= take.qty_1e8 - keep
        take.qty_1e8 = keep
        take.settled_ns = now_ns
        take.exchange_ns = exchange_ns
        self.settled[venue].pop(key, None)
        self.settled[venue][key] = take

    def expire(self, now_ns: int) -> None:
        """Release every take that its book shows by now, or that is too old."""
        takes, seen_ns = self.takes, self.seen_ns
        for venue, book_ns in enumerate(self.market.exchange_ns):
            settled = self.settled[venue]
            if book_ns != seen_ns[venue]:
                seen_ns[venue] = book_ns
                for key in [key for key, one in settled.items() if 0 < one.exchange_ns < book_ns]:
                    self._drop(key)
            while settled:
                key = next(iter(settled))
                if now_ns - settled[key].settled_ns < SETTLED_NS_MAX:
                    break
                self._drop(key)
        while takes:
            key = next(iter(takes))
            take = takes[key]
            if take.settled_ns != UNSETTLED or now_ns - take.added_ns < OPEN_NS_MAX:
                break
            self._drop(key)

    def in_flight(self, side: int) -> list[int]:
        """Quantity in flight on each venue."""
        field = FLIGHT_SELL if side else FLIGHT_BUY
        return self.cells[field : field + len(self.market.listings)].tolist()

    def _drop(self, key: str) -> None:
        take = self.takes.pop(key)
        self.settled[take.venue_index].pop(key, None)
        self.cells[take.field] -= take.qty_1e8
