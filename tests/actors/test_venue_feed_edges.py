"""The venue feed actor at its edges: order, full books with rows on their way, silence, repair."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from actors.book import BookActor
from actors.venue_feed import VenueFeedActor
from engine.decisions.market import MarketBlock
from engine.decisions.market_tape import MarketTape
from engine.kernels.delta_ring import DeltaRing
from engine.messages import (
    BookDelta,
    BookSnapshot,
    BookStale,
    FeedAlive,
    FeedEvent,
    FeedFrame,
    FeedReply,
    LinkDown,
    LinkUp,
    Resynchronise,
    SnapshotNeeded,
    StaleReason,
    TradePrint,
)
from tests.support.builders import BTC, listing
from tests.support.fakes import BROKEN, FakeFeedCodec, inbox
from tests.support.probe import FakeLink, Stage

SECOND = 10**9
BID, ASK = 0, 1
SUBSCRIBED = [b"subscribe books", b"subscribe trades"]
Row = tuple[int, int, int]


class NarrowBook(BookActor):
    """A book that two changes fill."""

    mailbox_capacity = 2


class FeedBench(Stage):
    """A feed of two listings: probes for books and tapes, or one real narrow book."""

    def __init__(
        self, *, silence_ns: int | None = None, sequenced: bool = False, narrow: bool = False
    ) -> None:
        super().__init__()
        self.codec = FakeFeedCodec(sequenced=sequenced)
        self.link = FakeLink()
        self.rings = [DeltaRing(8), DeltaRing(8)]
        self.market = MarketBlock(BTC, [listing()], 8)
        pairs = [inbox(self, f"book {number}") for number in (0, 1)]
        books, self.to_books = [ref for ref, _ in pairs], [got for _, got in pairs]
        pairs = [inbox(self, f"tape {number}") for number in (0, 1)]
        tapes, self.to_tapes = [ref for ref, _ in pairs], [got for _, got in pairs]
        self.ref, self.feed = self.spawn(
            lambda: VenueFeedActor(
                "alpha", self.codec, self.rings, self.link, books, tapes, silence_ns
            )
        )
        if narrow:
            slot, router = self.market.slot(0), self.probe("router")
            ring, feed, tape = self.rings[0], self.ref, MarketTape(event=False)
            books[0], _ = self.spawn(
                lambda: NarrowBook(
                    slot, ring, feed, 0, router, lambda *_: 0, 0, self.probe("prices"), tape
                ),
                "book",
            )

    def rows(
        self, kind: type[BookDelta | BookSnapshot], *rows: Row, listing_id: int = 0
    ) -> FeedEvent:
        """What a codec does: write and commit the rows, then name them."""
        ring = self.rings[0]
        start = ring.reserve(len(rows))
        assert start >= 0
        for offset, row in enumerate(rows):
            ring.put(start + offset, *row)
        ring.commit(start, len(rows))
        return kind(0, start, len(rows), self.driver.now_ns, 0, 1)

    def frame(self, payload: bytes, events: Sequence[FeedEvent] = ()) -> None:
        self.codec.script[payload] = events
        self.tell(self.ref, FeedFrame(self.driver.now_ns, payload, 2))

    def levels(self, side: int) -> list[tuple[int, int]]:
        return self.market.levels(0, side, 9)


def test_a_frame_reaches_the_codec_with_time_and_line() -> None:
    bench = FeedBench()
    bench.tell(bench.ref, FeedFrame(77, b"x", 2))
    assert bench.codec.decoded == [(b"x", 77, 2)]
    assert (bench.feed.frames, bench.feed.last_frame_ns) == (1, 77)


def test_events_of_one_frame_keep_their_order_at_each_listing() -> None:
    bench = FeedBench()
    snapshot = BookSnapshot(1, 0, 0, 1, 1, 1)
    delta = BookDelta(1, 0, 0, 1, 1, 2)
    alive, stale = FeedAlive(1, 5), BookStale(1, StaleReason.VENUE)
    trade, other = TradePrint(1, 1, 1, None, 1, 1), FeedAlive(0, 5)
    bench.frame(b"x", (snapshot, trade, delta, other, alive, stale))
    assert bench.to_books == [[other], [snapshot, delta, alive, stale]]
    assert bench.to_tapes == [[], [trade]]
    assert bench.feed.gaps == 0, "only a gap counts as one"


def test_a_needed_snapshot_is_requested_or_subscribed_again() -> None:
    bench = FeedBench()
    bench.frame(b"x", (SnapshotNeeded(0, "/depth", ()), SnapshotNeeded(1, None, (b"un", b"sub"))))
    assert bench.link.requests == ["/depth"]
    assert bench.link.sent == [b"un", b"sub"]
    assert bench.to_books == [[], []]


def test_a_reply_reaches_the_codec_with_its_tag() -> None:
    bench = FeedBench()
    bench.codec.script[b"body"] = (FeedAlive(1, 5),)
    bench.tell(bench.ref, FeedReply(9, "/depth", b"body"))
    assert bench.codec.replies == [("/depth", b"body", 9)]
    assert bench.to_books[1] == [FeedAlive(1, 5)]


def test_a_broken_reply_of_any_venue_is_requested_again_and_spoils_no_book() -> None:
    bench = FeedBench()
    bench.tell(bench.ref, FeedReply(9, "/depth", BROKEN))
    assert bench.link.requests == ["/depth"]
    assert bench.feed.broken_frames == 1
    assert bench.to_books == [[], []]


@pytest.mark.parametrize("sequenced", [False, True])
def test_after_a_broken_frame_the_next_is_read(sequenced: bool) -> None:
    bench = FeedBench(sequenced=sequenced)
    bench.codec.restarts = {n: (SnapshotNeeded(n, f"/{n}", ()),) for n in (0, 1)}
    bench.tell(bench.ref, FeedFrame(1, BROKEN))
    assert bench.codec.resynchronised == ([] if sequenced else [0, 1])
    assert bench.link.requests == ([] if sequenced else ["/0", "/1"])
    stale = [] if sequenced else [BookStale(1, StaleReason.BROKEN_FRAME)]
    bench.frame(b"x", (FeedAlive(1, 5),))
    assert bench.to_books[1] == [*stale, FeedAlive(1, 5)]
    assert (bench.feed.frames, bench.feed.broken_frames) == (2, 1)


def test_a_resynchronisation_forwards_what_the_codec_answers() -> None:
    bench = FeedBench()
    stale = BookStale(1, StaleReason.GAP)
    bench.codec.restarts = {1: (stale, SnapshotNeeded(1, None, (b"again",)))}
    bench.tell(bench.ref, Resynchronise(1))
    assert bench.to_books == [[], [stale]]
    assert bench.link.sent == [b"again"]
    assert (bench.feed.resyncs, bench.feed.gaps) == (1, 1)


def test_a_full_book_loses_the_change_but_no_row_and_recovers() -> None:
    bench = FeedBench(narrow=True)
    bench.codec.restarts = {0: (SnapshotNeeded(0, "/depth", ()),)}
    bench.frame(b"whole", (bench.rows(BookSnapshot, (BID, 99, 5), (ASK, 101, 7)),))
    assert bench.market.healthy[0]
    burst = [bench.rows(BookDelta, (ASK, 101, qty)) for qty in (1, 2, 3, 4)]
    bench.frame(b"burst", burst)
    assert bench.rings[0].pending == 0
    assert bench.levels(ASK) == [(101, 2)], "two found room"
    assert (bench.market.healthy[0], bench.market.stale_reason[0]) == (False, StaleReason.GAP)
    assert bench.codec.resynchronised == [0, 0]
    assert set(bench.link.requests) == {"/depth"}
    assert bench.feed.gaps == 2
    bench.frame(b"whole again", (bench.rows(BookSnapshot, (BID, 98, 1), (ASK, 100, 2)),))
    assert bench.market.healthy[0]
    assert (bench.levels(BID), bench.levels(ASK)) == ([(98, 1)], [(100, 2)])


def test_a_snapshot_without_room_is_asked_for_again() -> None:
    bench = FeedBench(narrow=True)
    fill = [bench.rows(BookDelta, (ASK, 101, 1)) for _ in range(2)]
    bench.frame(b"x", [*fill, bench.rows(BookSnapshot, (ASK, 101, 7))])
    assert bench.rings[0].pending == 0
    assert not bench.market.healthy[0]
    assert bench.codec.resynchronised == [0]


def test_rows_taken_back_are_written_again_by_the_next_change() -> None:
    bench = FeedBench(narrow=True)
    bench.frame(b"whole", (bench.rows(BookSnapshot, (ASK, 101, 7)),))
    for _ in range(20):
        # The ring holds eight rows: what a lost burst kept would soon leave no room.
        bench.frame(b"x", [bench.rows(BookDelta, (ASK, 101, 1)) for _ in range(4)])
    assert bench.rings[0].pending == 0


def test_the_first_silence_is_measured_from_the_line_coming_up() -> None:
    bench = FeedBench(silence_ns=2 * SECOND)
    bench.run(SECOND)
    bench.tell(bench.ref, LinkUp())
    bench.run(SECOND)
    assert bench.to_books == [[], []]
    bench.run(2 * SECOND)
    assert bench.to_books[0] == [BookStale(0, StaleReason.SILENT)]


def test_frames_in_time_keep_silence_away() -> None:
    bench = FeedBench(silence_ns=2 * SECOND)
    bench.tell(bench.ref, LinkUp())
    for _ in range(10):
        bench.run(SECOND)
        bench.frame(b"x")
    assert bench.to_books == [[], []]
    assert bench.link.sent == SUBSCRIBED


def test_a_reply_is_a_sign_of_life_too() -> None:
    bench = FeedBench(silence_ns=2 * SECOND)
    bench.tell(bench.ref, LinkUp())
    for _ in range(10):
        bench.run(SECOND)
        bench.tell(bench.ref, FeedReply(bench.driver.now_ns, "/depth", b"x"))
    assert bench.to_books == [[], []]


def test_silence_that_comes_again_is_told_again() -> None:
    bench = FeedBench(silence_ns=SECOND)
    bench.tell(bench.ref, LinkUp())
    bench.run(5 * SECOND)
    bench.frame(b"x")
    bench.run(SECOND)
    assert bench.to_books[0] == [BookStale(0, StaleReason.SILENT)]
    bench.run(5 * SECOND)
    assert bench.to_books[0] == [BookStale(0, StaleReason.SILENT)] * 2


def test_without_a_silence_limit_no_timer_runs() -> None:
    bench = FeedBench()
    bench.run(3_600 * SECOND)
    assert not bench.driver.advance_to_next_timer()
    assert bench.to_books == [[], []]


def test_a_line_that_comes_back_subscribes_again() -> None:
    bench = FeedBench()
    bench.tell(bench.ref, LinkUp(), LinkDown("gone"), LinkUp())
    assert bench.link.sent == SUBSCRIBED * 2
    assert bench.codec.subscriptions == 2
    assert bench.to_books == [
        [BookStale(0, StaleReason.LINK_DOWN)],
        [BookStale(1, StaleReason.LINK_DOWN)],
    ]
