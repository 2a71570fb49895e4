"""The book actor at its edges: full sides, wrong checksums, watches, crossed moves, restarts."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from actors.book import BookActor
from engine.decisions.market import MarketBlock
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
from engine.runtime.supervision import RESTART
from tests.support.builders import BTC, fill_slot, listing
from tests.support.fakes import inbox
from tests.support.probe import Stage

BID, ASK = 0, 1
Row = tuple[int, int, int]
Levels = Sequence[tuple[int, int]]
WHOLE: list[Row] = [(BID, 99, 5), (BID, 98, 6), (ASK, 101, 7), (ASK, 102, 8)]
LISTING_ID = 3


class Bench(Stage):
    """A book at the second venue of its market; its checksum adds up the top quantities."""

    def __init__(self, depth: int = 8, checksum: Callable[..., int] | None = None) -> None:
        super().__init__()
        self.market = MarketBlock(BTC, [listing("alpha", 0), listing("beta", 1)], depth)
        self.other, slot = self.market.slot(0), self.market.slot(1)
        self.ring = DeltaRing(16)
        feed, self.to_feed = inbox(self, "feed")
        router, self.to_router = inbox(self, "router")
        prices, self.to_prices = inbox(self, "prices")
        tape = MarketTape()
        self.asked: list[tuple[int, Levels, Levels]] = []

        def add_up(listing_id: int, bids: Levels, asks: Levels) -> int:
            self.asked.append((listing_id, bids, asks))
            return sum(qty for _, qty in (*bids, *asks))

        check = checksum or add_up
        self.ref = self.system.spawn(
            lambda: BookActor(slot, self.ring, feed, LISTING_ID, router, check, 1, prices, tape),
            name="book",
            supervision=RESTART,
        )

    @property
    def book(self) -> BookActor:
        actor = self.system.actor_of(self.ref)
        assert isinstance(actor, BookActor)
        return actor

    @property
    def levels(self) -> tuple[Levels, Levels]:
        return self.market.levels(1, BID, 100), self.market.levels(1, ASK, 100)

    @property
    def health(self) -> tuple[bool, int]:
        return self.market.healthy[1], self.market.stale_reason[1]

    def put(
        self, kind: type[BookDelta | BookSnapshot], rows: Sequence[Row], **fields: int
    ) -> BookDelta | BookSnapshot:
        """Write and commit the rows, and make their message."""
        start = self.ring.reserve(len(rows))
        assert start >= 0
        for offset, row in enumerate(rows):
            self.ring.put(start + offset, *row)
        self.ring.commit(start, len(rows))
        facts = {"recv_ns": 10, "exchange_ns": 9, "sequence": 1} | fields
        return kind(LISTING_ID, start, len(rows), **facts)

    def snapshot(self, rows: Sequence[Row] = WHOLE, **fields: int) -> None:
        self.tell(self.ref, self.put(BookSnapshot, rows, **fields))

    def delta(self, *rows: Row, **fields: int) -> None:
        self.tell(self.ref, self.put(BookDelta, rows, **fields))


def test_runs_are_applied_in_the_order_told() -> None:
    bench = Bench()
    first = bench.put(BookSnapshot, WHOLE)
    deltas = [bench.put(BookDelta, [(ASK, 101, qty)], exchange_ns=0) for qty in (1, 2)]
    bench.tell(bench.ref, first, *deltas)
    assert bench.levels == ([(99, 5), (98, 6)], [(101, 2), (102, 8)])
    assert bench.market.exchange_ns[1] == 9, "an unknown time keeps the last known one"
    assert bench.ring.pending == 0
    assert bench.market.healthy == [False, True]


def test_a_stale_book_frees_more_rows_than_the_ring_holds() -> None:
    bench = Bench()
    bench.snapshot()
    bench.tell(bench.ref, BookStale(LISTING_ID, StaleReason.GAP))
    before = bench.levels
    for sequence in range(2, 40):
        bench.delta((BID, 100, 9), (ASK, 101, 0), sequence=sequence, checksum=1)
    assert bench.levels == before
    assert bench.health == (False, StaleReason.GAP)
    assert (bench.market.sequence[1], bench.book.deltas, bench.ring.pending) == (1, 0, 0)
    assert bench.to_feed == [], "whoever said so is already starting over"


def test_the_next_snapshot_ends_staleness() -> None:
    bench = Bench()
    bench.snapshot()
    bench.tell(bench.ref, BookStale(LISTING_ID, StaleReason.SILENT))
    assert bench.market.mid_x2() is None
    bench.tell(bench.ref, FeedAlive(LISTING_ID, 77))
    assert not bench.market.healthy[1], "a heartbeat does not heal"
    bench.snapshot([(BID, 50, 1), (ASK, 60, 2)])
    assert bench.market.mid_x2() == 110
    assert (bench.book.stale_count, bench.book.resyncs) == (1, 1)


def test_a_snapshot_of_a_healthy_book_regains_nothing() -> None:
    bench = Bench()
    bench.snapshot()
    bench.snapshot([(BID, 50, 1), (ASK, 60, 2)])
    assert bench.levels == ([(50, 1)], [(60, 2)])
    assert (bench.book.snapshots, bench.book.resyncs) == (2, 0)


@pytest.mark.parametrize("reason", list(StaleReason))
def test_a_stale_message_says_why(reason: StaleReason) -> None:
    bench = Bench()
    bench.snapshot()
    bench.tell(bench.ref, BookStale(LISTING_ID, reason))
    assert bench.health == (False, reason)
    assert bench.book.checksum_failures == (reason is StaleReason.CHECKSUM)


def test_a_checksum_is_asked_of_the_top_levels_and_only_where_one_came() -> None:
    bench = Bench()
    bench.snapshot(checksum=5 + 7)
    bench.delta((ASK, 101, 9), checksum=5 + 9)
    bench.delta((ASK, 101, 8))
    assert bench.asked == [
        (LISTING_ID, [(99, 5)], [(101, 7)]),
        (LISTING_ID, [(99, 5)], [(101, 9)]),
    ]
    assert bench.market.healthy[1]
    bench.delta((ASK, 101, 9), checksum=0)
    assert bench.health == (False, StaleReason.CHECKSUM), "zero is a checksum too"


@pytest.mark.parametrize("kind", [BookDelta, BookSnapshot])
def test_a_wrong_book_asks_once_and_sends_nobody_to_it(
    kind: type[BookDelta | BookSnapshot],
) -> None:
    bench = Bench()
    bench.snapshot()
    bench.market.watch_ask = 500
    bench.tell(bench.ref, bench.put(kind, [(ASK, 100, 9)], checksum=1))
    for _ in range(5):
        bench.delta((ASK, 100, 9), checksum=1)
    assert bench.health == (False, StaleReason.CHECKSUM)
    assert bench.to_feed == [Resynchronise(LISTING_ID)]
    assert (bench.book.checksum_failures, bench.book.stale_count) == (1, 1)
    assert bench.to_router == []
    assert bench.ring.pending == 0


def test_bids_that_do_not_fit_make_stale_and_ask_to_start_over() -> None:
    bench = Bench(depth=2)
    bench.snapshot()
    bench.delta((BID, 100, 1))
    assert bench.health == (False, StaleReason.OVERFLOW)
    assert bench.to_feed == [Resynchronise(LISTING_ID)]
    assert bench.ring.pending == 0


def test_a_snapshot_of_which_bids_do_not_fit_leaves_the_book_stale() -> None:
    bench = Bench(depth=2)
    bench.market.watch_bid = 1
    bench.snapshot([(BID, price, 1) for price in (101, 102, 103)])
    assert bench.health == (False, StaleReason.OVERFLOW)
    assert bench.to_feed == [Resynchronise(LISTING_ID)]
    assert bench.to_router == []
    assert bench.ring.pending == 0


@pytest.mark.parametrize(
    ("watch_ask", "row", "told"),
    [
        (99, (ASK, 100, 1), False),
        (100, (ASK, 100, 1), True),
        (100, (ASK, 102, 1), False),
        (500, (BID, 98, 1), False),
    ],
)
def test_a_buyers_price_is_told_when_the_best_ask_moves_to_it(
    watch_ask: int, row: Row, told: bool
) -> None:
    bench = Bench()
    bench.snapshot()
    bench.market.watch_ask = watch_ask
    bench.delta(row)
    assert bench.to_router == ([TouchReached(1, Side.BUY)] if told else [])


@pytest.mark.parametrize(
    ("watch_bid", "row", "told"),
    [(101, (BID, 100, 1), False), (100, (BID, 100, 1), True), (1, (BID, 97, 1), False)],
)
def test_a_sellers_price_is_told_when_the_best_bid_moves_to_it(
    watch_bid: int, row: Row, told: bool
) -> None:
    bench = Bench()
    bench.snapshot()
    bench.market.watch_bid = watch_bid
    bench.delta(row)
    assert bench.to_router == ([TouchReached(1, Side.SELL)] if told else [])


def test_an_emptied_side_reaches_no_watch() -> None:
    bench = Bench()
    bench.snapshot([(ASK, 101, 1), (BID, 99, 1)])
    bench.market.watch_ask, bench.market.watch_bid = 2**63 - 1, 0
    bench.delta((ASK, 101, 0), (BID, 99, 0))
    assert bench.to_router == []


def test_a_snapshot_tells_both_sides() -> None:
    bench = Bench()
    bench.market.watch_ask, bench.market.watch_bid = 101, 99
    bench.snapshot()
    assert bench.to_router == [TouchReached(1, Side.BUY), TouchReached(1, Side.SELL)]


def test_crossed_moves_are_counted_and_leave_the_book_healthy() -> None:
    bench = Bench()
    bench.snapshot()
    assert bench.book.crossed == 0
    bench.delta((BID, 101, 1))
    assert bench.book.crossed == 1
    bench.delta((ASK, 105, 1))
    assert bench.book.crossed == 1, "the best did not move"
    bench.delta((BID, 101, 0))
    assert bench.book.crossed == 1
    assert bench.market.healthy[1]


def test_a_book_restarted_while_healthy_is_not_trusted() -> None:
    def fails(*_: object) -> int:
        raise ValueError("no checksum today")

    bench = Bench(checksum=fails)
    first = bench.book
    assert bench.to_feed == [], "a first start asks nothing"
    bench.snapshot()
    bench.delta((ASK, 101, 9), checksum=3)
    assert bench.book is not first
    assert bench.health == (False, StaleReason.BROKEN_FRAME)
    assert bench.to_feed == [Resynchronise(LISTING_ID)]
    assert bench.ring.pending == 0
    bench.snapshot()
    assert bench.market.healthy[1]


def test_a_book_that_goes_stale_or_comes_back_moves_the_mid_of_the_others() -> None:
    bench = Bench()
    fill_slot(bench.other, [(90, 1)], [(120, 1)])
    bench.market.trigger_low_x2, bench.market.trigger_high_x2 = 199, 205
    bench.snapshot()
    assert bench.to_prices == [], "200 is between the bounds"
    bench.tell(bench.ref, BookStale(LISTING_ID, StaleReason.SILENT))
    assert bench.to_prices == [PriceMoved(210, 90, 120)], "only the other book is left"
    bench.to_prices.clear()
    bench.snapshot([(BID, 95, 1), (ASK, 100, 1)])
    assert bench.to_prices == [PriceMoved(195, 95, 100)]
    bench.to_prices.clear()
    bench.delta((ASK, 101, 1), checksum=0)
    assert bench.health == (False, StaleReason.CHECKSUM)
    assert bench.to_prices == [PriceMoved(210, 90, 120)], "the book found itself wrong"
    bench.to_prices.clear()
    bench.other.mark_stale(StaleReason.GAP)
    bench.tell(bench.ref, BookStale(LISTING_ID, StaleReason.GAP))
    assert bench.to_prices == [], "no book, no mid"
