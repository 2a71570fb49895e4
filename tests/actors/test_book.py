"""The book actor: it applies what its feed wrote, and stops trusting itself when it must."""

from __future__ import annotations

from collections.abc import Sequence

from actors.book import BookActor
from engine.decisions.market import INT64_MAX, BookSlot, MarketBlock
from engine.decisions.market_tape import MarketTape
from engine.kernels.delta_ring import DeltaRing
from engine.messages import (
    BookDelta,
    BookSnapshot,
    BookStale,
    FeedAlive,
    PriceMoved,
    Resynchronise,
    StaleReason,
    TouchReached,
)
from engine.model.units import Side
from tests.support.builders import BTC, listing
from tests.support.probe import Stage

PRICE = 64_000 * 10**9
TICK = 10**7
BID, ASK = 0, 1
Row = tuple[int, int, int]


class BookStage(Stage):
    """A book of four levels a side; its checksum is the number of bids it is shown."""

    def __init__(self) -> None:
        super().__init__()
        self.market = MarketBlock(BTC, [listing()], 4)
        self.ring = DeltaRing(64)
        self.feed, self.router = self.probe("feed"), self.probe("router")
        self.prices, self.tape = self.probe("prices"), MarketTape()
        slot = self.market.slot(0)
        self.ref, self.actor = self.spawn(lambda: self.make(slot))

    def make(self, slot: BookSlot) -> BookActor:
        ends = self.feed, 3, self.router
        return BookActor(slot, self.ring, *ends, count_bids, 2, self.prices, self.tape)

    def run_of(self, rows: Sequence[Row]) -> tuple[int, int]:
        start = self.ring.reserve(len(rows))
        for offset, row in enumerate(rows):
            self.ring.put(start + offset, *row)
        self.ring.commit(start, len(rows))
        return start, len(rows)

    def snapshot(self, *rows: Row, checksum: int = -1) -> None:
        self.tell(self.ref, BookSnapshot(3, *self.run_of(rows), 10, 9, 1, checksum))

    def delta(self, *rows: Row, checksum: int = -1) -> None:
        self.tell(self.ref, BookDelta(3, *self.run_of(rows), 12, 11, 2, checksum))

    def healthy(self) -> bool:
        return self.market.healthy[0]

    def levels(self, side: int) -> list[tuple[int, int]]:
        return [(price, qty) for price, qty in self.market.levels(0, side, 9)]


def count_bids(listing_id: int, bids: Sequence[object], asks: Sequence[object]) -> int:
    assert listing_id == 3
    return len(bids)


def test_a_snapshot_makes_the_book_healthy_and_a_delta_changes_it() -> None:
    stage = BookStage()
    assert not stage.healthy()
    stage.snapshot((BID, PRICE - TICK, 5), (ASK, PRICE, 7))
    assert stage.healthy()
    stage.delta((ASK, PRICE, 0), (ASK, PRICE + TICK, 2))
    assert stage.levels(ASK) == [(PRICE + TICK, 2)]
    assert stage.levels(BID) == [(PRICE - TICK, 5)]
    assert (stage.market.recv_ns[0], stage.market.exchange_ns[0]) == (12, 11)
    assert stage.ring.pending == 0


def test_a_stale_book_ignores_deltas_and_frees_their_rows() -> None:
    stage = BookStage()
    stage.delta((ASK, PRICE, 7))
    assert stage.levels(ASK) == []
    assert stage.ring.pending == 0
    stage.snapshot((ASK, PRICE, 7))
    stage.tell(stage.ref, BookStale(3, StaleReason.GAP))
    stage.delta((ASK, PRICE, 0))
    assert not stage.healthy()
    assert stage.market.stale_reason[0] == StaleReason.GAP
    assert stage.levels(ASK) == [(PRICE, 7)]


def test_a_wrong_checksum_makes_it_start_over() -> None:
    stage = BookStage()
    stage.snapshot((BID, PRICE - TICK, 5), (ASK, PRICE, 7), checksum=1)
    assert stage.healthy()
    stage.delta((BID, PRICE - 2 * TICK, 5), checksum=1)
    assert stage.take(stage.feed, Resynchronise) == [Resynchronise(3)]
    assert stage.market.stale_reason[0] == StaleReason.CHECKSUM
    assert stage.actor.checksum_failures == 1
    stage.snapshot((BID, PRICE - TICK, 5), checksum=9)
    assert not stage.healthy()


def test_a_bad_value_makes_it_start_over() -> None:
    stage = BookStage()
    stage.snapshot((BID, PRICE - TICK, 5), (ASK, PRICE, 7))
    stage.delta((ASK, -PRICE, 1))
    assert stage.take(stage.feed, Resynchronise) == [Resynchronise(3)]
    assert not stage.healthy()


def test_the_router_hears_only_of_prices_that_somebody_waits_for() -> None:
    stage = BookStage()
    stage.snapshot((BID, PRICE - TICK, 5), (ASK, PRICE, 7))
    assert stage.got(stage.router) == []
    stage.market.watch_ask = PRICE - TICK // 2
    stage.market.watch_bid = INT64_MAX
    stage.delta((ASK, PRICE, 8))
    assert stage.got(stage.router) == []
    stage.delta((BID, PRICE - TICK, 0), (ASK, PRICE - TICK, 8))
    assert stage.take(stage.router, TouchReached) == [TouchReached(0, Side.BUY)]


def test_a_heartbeat_keeps_it_fresh_without_a_change() -> None:
    stage = BookStage()
    stage.snapshot((ASK, PRICE, 7))
    stage.tell(stage.ref, FeedAlive(3, 99))
    assert (stage.market.alive_ns[0], stage.market.recv_ns[0]) == (99, 10)


def test_a_restarted_book_trusts_nothing() -> None:
    stage = BookStage()
    stage.snapshot((ASK, PRICE, 7))
    slot = stage.market.slots[0]
    assert slot is not None
    stage.spawn(lambda: stage.make(slot))
    stage.run()
    assert not stage.healthy()
    assert stage.take(stage.feed, Resynchronise) == [Resynchronise(3)]


def test_behind_an_order_of_ours_the_router_hears_of_what_does_not_move_the_best() -> None:
    stage = BookStage()
    stage.snapshot((BID, PRICE - TICK, 5), (ASK, PRICE, 7))
    stage.market.watch_ask = PRICE + TICK
    stage.delta((ASK, PRICE + TICK, 2))
    assert stage.got(stage.router) == [], "the best had been told of when it came"
    stage.market.own.put("ours", 0, ASK, PRICE, 7)
    stage.delta((ASK, PRICE + TICK, 3))
    assert stage.take(stage.router, TouchReached) == [TouchReached(0, Side.BUY)]
    stage.delta((ASK, PRICE + TICK, 4), (BID, PRICE - TICK, 0), (BID, PRICE - 2 * TICK, 1))
    assert stage.take(stage.router, TouchReached) == [TouchReached(0, Side.BUY)]
    stage.market.own.put("ours", 0, ASK, PRICE, 0)
    stage.delta((ASK, PRICE + TICK, 5))
    assert stage.got(stage.router) == []


def test_the_price_watch_hears_of_a_mid_at_or_beyond_its_bounds_only() -> None:
    stage = BookStage()
    stage.snapshot((BID, PRICE - TICK, 5), (ASK, PRICE + TICK, 7))
    assert stage.got(stage.prices) == [], "nobody waits"
    stage.market.trigger_low_x2 = 2 * PRICE - TICK
    stage.market.trigger_high_x2 = 2 * PRICE + TICK
    stage.delta((ASK, PRICE + TICK, 9), (BID, PRICE - 2 * TICK, 4))
    assert stage.got(stage.prices) == [], "the mid stands between the bounds"
    stage.delta((ASK, PRICE + TICK, 0), (ASK, PRICE + 2 * TICK, 1))
    high = PriceMoved(2 * PRICE + TICK, PRICE - TICK, PRICE + 2 * TICK)
    assert stage.take(stage.prices, PriceMoved) == [high]
    stage.delta((ASK, PRICE, 1))
    low = PriceMoved(2 * PRICE - TICK, PRICE - TICK, PRICE)
    assert stage.take(stage.prices, PriceMoved) == [low]


def test_a_torn_market_tells_no_price() -> None:
    stage = BookStage()
    stage.tape.observe_spread(2 * TICK)
    stage.snapshot((BID, PRICE - TICK, 5), (ASK, PRICE + TICK, 7))
    stage.market.trigger_high_x2 = 2 * PRICE + 1
    stage.delta((ASK, PRICE + TICK, 0), (ASK, PRICE + 10 * TICK, 1))
    assert stage.got(stage.prices) == [], "eleven ticks are more than five times two"
    stage.delta((ASK, PRICE + 9 * TICK, 1))
    (told,) = stage.take(stage.prices, PriceMoved)
    assert told == PriceMoved(2 * PRICE + 8 * TICK, PRICE - TICK, PRICE + 9 * TICK)


def test_a_market_without_a_mid_tells_no_price() -> None:
    stage = BookStage()
    stage.market.trigger_low_x2, stage.market.trigger_high_x2 = INT64_MAX, 0
    stage.snapshot((ASK, PRICE, 7))
    assert stage.got(stage.prices) == []
    stage.delta((BID, PRICE + TICK, 7))
    assert stage.got(stage.prices) == [], "a crossed book counts for nothing"
