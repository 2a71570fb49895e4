"""The market block: every venue's book of one instrument in one array, and their health.

`MarketBlock` owns the memory. A `BookSlot` is the write handle of one venue, given to exactly one
book actor; everybody else reads (the array handed out is read-only). The best prices are cached
as plain integers when a write moves them, so that the consolidated mid costs no array access.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from engine.decisions.own_resting import OwnResting
from engine.kernels.book_write import apply_deltas, apply_snapshot, clear
from engine.kernels.delta_ring import DeltaRing
from engine.kernels.layout import ASK, BID, new_block
from engine.model.instruments import Instrument, Listing

__all__ = ["NEVER_STARTED", "NO_ASK", "NO_BID", "BookSlot", "MarketBlock", "MarketView"]

DEFAULT_DEPTH: Final = 8_192
INT64_MAX: Final = 2**63 - 1
INT64_MIN: Final = -(2**63)
NO_BID: Final = 0
NO_ASK: Final = INT64_MAX
NEVER_STARTED: Final = 0
BID_MOVED: Final = 1
ASK_MOVED: Final = 2

Level = tuple[int, int]


class MarketView(Protocol):
    """What a decision may know of a market: the read-only array and each book's health."""

    view: NDArray[np.int64]
    listings: tuple[Listing, ...]
    healthy: list[bool]
    stale_reason: list[int]
    alive_ns: list[int]
    exchange_ns: list[int]
    best_bid: list[int]
    best_ask: list[int]

    def mid_x2(self) -> int | None:
        """Twice the consolidated mid in 1e-9, or None."""
        ...

    def levels(self, venue_index: int, side: int, count_max: int) -> list[Level]:
        """Up to `count_max` levels of one side, best first."""
        ...


class MarketBlock:
    """Books of one instrument on all its venues.

    `block` is int64[V, 2, depth + 1, 2] (see `engine/kernels/layout.py`), `view` the same memory
    read-only. Health is one list per fact, indexed by venue: `healthy`, `stale_reason` (an int of
    the caller's enum), `recv_ns` (last change received), `alive_ns` (last frame or heartbeat),
    `exchange_ns`, `sequence`. `best_bid` is 0 and `best_ask` INT64_MAX where the side is empty;
    `was_bid` and `was_ask` are the two before the write that moved either last.

    `watch_ask` and `watch_bid` are written by the router only: a book whose best ask is at or
    below `watch_ask`, or best bid at or above `watch_bid`, tells it so. INT64_MIN and INT64_MAX
    mean that nobody waits. `own`, the router's as well, is what of all books is our own resting
    orders. `trigger_low_x2` and `trigger_high_x2` are written by the price watch
    only: a mid (twice, in 1e-9) at or beyond one of them concerns somebody.
    """

    __slots__ = (
        "alive_ns",
        "best_ask",
        "best_bid",
        "block",
        "cells",
        "depth",
        "exchange_ns",
        "healthy",
        "instrument",
        "listings",
        "mid_known",
        "mid_value",
        "own",
        "recv_ns",
        "sequence",
        "slots",
        "stale_reason",
        "top_ask",
        "top_bid",
        "trigger_high_x2",
        "trigger_low_x2",
        "view",
        "was_ask",
        "was_bid",
        "watch_ask",
        "watch_bid",
    )

    def __init__(
        self, instrument: Instrument, listings: Sequence[Listing], depth: int = DEFAULT_DEPTH
    ) -> None:
        assert listings, "a market has at least one listing"
        for index, listing in enumerate(listings):
            assert listing.venue_index == index, "listings stand in the order of their rows"
        count = len(listings)
        self.instrument = instrument
        self.listings = tuple(listings)
        self.depth = depth
        self.block: NDArray[np.int64] = new_block(count, depth)
        self.view = self.block.view()
        self.view.flags.writeable = False
        self.cells = memoryview(self.block).cast("B").cast("q")
        self.healthy = [False] * count
        self.stale_reason = [NEVER_STARTED] * count
        self.recv_ns = [0] * count
        self.alive_ns = [0] * count
        self.exchange_ns = [0] * count
        self.sequence = [0] * count
        self.best_bid = [NO_BID] * count
        self.best_ask = [NO_ASK] * count
        self.was_bid = [NO_BID] * count
        self.was_ask = [NO_ASK] * count
        self.trigger_low_x2 = INT64_MIN
        self.trigger_high_x2 = INT64_MAX
        self.watch_ask = INT64_MIN
        self.watch_bid = INT64_MAX
        self.own = OwnResting(count)
        self.mid_known = False
        self.mid_value: int | None = None
        self.top_bid: int | None = None
        self.top_ask: int | None = None
        self.slots: list[BookSlot | None] = [None] * count

    def slot(self, venue_index: int) -> BookSlot:
        """The write handle of one venue; it is given out once."""
        assert self.slots[venue_index] is None, "a slot has one writer"
        slot = self.slots[venue_index] = BookSlot(self, venue_index)
        return slot

    def mid_x2(self) -> int | None:
        """Best bid plus best ask over healthy, uncrossed books: twice the consolidated mid.

        None when no such book has a bid, or none has an ask.
        """
        if not self.mid_known:
            self._consolidate()
        return self.mid_value

    def best(self, side: int) -> int | None:
        """Best price of a side (BID or ASK) over healthy, uncrossed books, or None."""
        if not self.mid_known:
            self._consolidate()
        return self.top_bid if side == BID else self.top_ask

    def usable(self, venue_index: int) -> bool:
        """Whether the venue's book is healthy and not crossed in itself."""
        return self.healthy[venue_index] and self.best_bid[venue_index] < self.best_ask[venue_index]

    def level_count(self, venue_index: int, side: int) -> int:
        """Number of levels of one side of one book."""
        return self.cells[(venue_index * 2 + side) * (self.depth + 1) * 2]

    def levels(self, venue_index: int, side: int, count_max: int) -> list[Level]:
        """Up to `count_max` levels (price_1e9, qty_1e8) of one side, best first."""
        base = (venue_index * 2 + side) * (self.depth + 1) * 2
        cells = self.cells
        count = cells[base]
        last = max(0, count - count_max)
        return [(cells[base + 2 * r], cells[base + 2 * r + 1]) for r in range(count, last, -1)]

    def last_level(self, venue_index: int, side: int) -> Level | None:
        """The worst level of one side of one book, or None."""
        base = (venue_index * 2 + side) * (self.depth + 1) * 2
        return (self.cells[base + 2], self.cells[base + 3]) if self.cells[base] else None

    def version(self, venue_index: int, side: int) -> int:
        """How often this side of this book was written."""
        return self.cells[(venue_index * 2 + side) * (self.depth + 1) * 2 + 1]

    def _consolidate(self) -> None:
        """Best prices and mid over healthy, uncrossed books; kept until a best or health moves."""
        top_bid, top_ask = NO_BID, NO_ASK
        bids, asks = self.best_bid, self.best_ask
        for v, healthy in enumerate(self.healthy):
            if healthy:
                bid, ask = bids[v], asks[v]
                if bid < ask:
                    if bid > top_bid:
                        top_bid = bid
                    if ask < top_ask:
                        top_ask = ask
        self.top_bid = top_bid if top_bid != NO_BID else None
        self.top_ask = top_ask if top_ask != NO_ASK else None
        both = top_bid != NO_BID and top_ask != NO_ASK
        self.mid_value = top_bid + top_ask if both else None
        self.mid_known = True


class BookSlot:
    """Write handle of one venue's book; its only writer is one book actor.

    Writes return bit 1 when the best bid moved, bit 2 when the best ask moved, and a negative
    code when the book can no longer be trusted (it must then be marked stale).
    """

    __slots__ = ("ask_base", "bid_base", "market", "venue_index")

    def __init__(self, market: MarketBlock, venue_index: int) -> None:
        self.market = market
        self.venue_index = venue_index
        stride = (market.depth + 1) * 2
        self.bid_base = (venue_index * 2 + BID) * stride
        self.ask_base = (venue_index * 2 + ASK) * stride

    @property
    def healthy(self) -> bool:
        return self.market.healthy[self.venue_index]

    @property
    def crossed(self) -> bool:
        """Whether the book's own bid is at or above its ask."""
        market, venue = self.market, self.venue_index
        return market.best_bid[venue] >= market.best_ask[venue]

    def apply(self, ring: DeltaRing, start: int, count: int) -> int:
        """Apply a run of rows: absolute quantities, 0 deletes."""
        market = self.market
        moved: int = apply_deltas(market.block, self.venue_index, ring.rows, start, count)
        if moved > 0:
            self._cache_best(moved)
        return moved

    def replace(self, ring: DeltaRing, start: int, count: int) -> int:
        """Clear the book, then apply a run of rows in any order."""
        market = self.market
        moved: int = apply_snapshot(market.block, self.venue_index, ring.rows, start, count)
        self._cache_best(BID_MOVED | ASK_MOVED)
        return moved

    def clear(self) -> None:
        """Empty both sides."""
        clear(self.market.block, self.venue_index)
        self._cache_best(BID_MOVED | ASK_MOVED)

    def mark_stale(self, reason: int) -> None:
        """Take the book out of routing and of the consolidated mid until it is healthy again."""
        market, venue = self.market, self.venue_index
        market.healthy[venue] = False
        market.stale_reason[venue] = reason
        market.mid_known = False

    def mark_healthy(self, recv_ns: int, exchange_ns: int, sequence: int) -> None:
        """The book is whole (a snapshot was applied)."""
        market = self.market
        market.healthy[self.venue_index] = True
        market.mid_known = False
        self.touch(recv_ns, exchange_ns, sequence)

    def touch(self, recv_ns: int, exchange_ns: int, sequence: int) -> None:
        """A change was applied. `exchange_ns` 0 (unknown) keeps the last known time."""
        market, venue = self.market, self.venue_index
        market.recv_ns[venue] = recv_ns
        market.alive_ns[venue] = recv_ns
        market.sequence[venue] = sequence
        if exchange_ns:
            market.exchange_ns[venue] = exchange_ns

    def alive(self, recv_ns: int) -> None:
        """The line lives although nothing changed (a heartbeat)."""
        self.market.alive_ns[self.venue_index] = recv_ns

    def best_bid(self) -> Level | None:
        """Best bid (price_1e9, qty_1e8), or None."""
        return self._best(self.bid_base)

    def best_ask(self) -> Level | None:
        """Best ask (price_1e9, qty_1e8), or None."""
        return self._best(self.ask_base)

    def levels(self, side: int, count_max: int) -> list[Level]:
        """Up to `count_max` levels of one side, best first."""
        return self.market.levels(self.venue_index, side, count_max)

    def ask_reaches_watch(self) -> bool:
        """Whether the best ask is at or below a price that somebody waits to buy at."""
        ask = self.market.best_ask[self.venue_index]
        return ask <= self.market.watch_ask and ask != NO_ASK

    def bid_reaches_watch(self) -> bool:
        """Whether the best bid is at or above a price that somebody waits to sell at."""
        bid = self.market.best_bid[self.venue_index]
        return bid >= self.market.watch_bid and bid != NO_BID

    def _best(self, base: int) -> Level | None:
        cells = self.market.cells
        count = cells[base]
        if not count:
            return None
        return cells[base + 2 * count], cells[base + 2 * count + 1]

    def _cache_best(self, moved: int) -> None:
        """Keep this book's best and, where that is a matter of two comparisons, the market's."""
        market, venue = self.market, self.venue_index
        cells = market.cells
        bids, asks = market.best_bid, market.best_ask
        bid = old_bid = market.was_bid[venue] = bids[venue]
        ask = old_ask = market.was_ask[venue] = asks[venue]
        if moved & BID_MOVED:
            count = cells[self.bid_base]
            bid = bids[venue] = cells[self.bid_base + 2 * count] if count else NO_BID
        if moved & ASK_MOVED:
            count = cells[self.ask_base]
            ask = asks[venue] = cells[self.ask_base + 2 * count] if count else NO_ASK
        if not market.mid_known or market.mid_value is None:
            market.mid_known = False
            return
        if not market.healthy[venue] or old_bid >= old_ask or bid >= ask:
            market.mid_known = False
            return
        top_bid, top_ask = market.top_bid, market.top_ask
        assert top_bid is not None, "a known mid has a bid"
        assert top_ask is not None, "a known mid has an ask"
        if bid >= top_bid:
            top_bid = market.top_bid = bid
        elif old_bid == top_bid:
            market.mid_known = False
            return
        if ask <= top_ask:
            top_ask = market.top_ask = ask
        elif old_ask == top_ask:
            market.mid_known = False
            return
        market.mid_value = top_bid + top_ask
