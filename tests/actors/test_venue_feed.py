"""The venue feed actor: frames in, events to the right books, and a session that recovers."""

from __future__ import annotations

from collections.abc import Sequence

from actors.venue_feed import VenueFeedActor
from engine.errors import DecodeError
from engine.kernels.delta_ring import DeltaRing
from engine.messages import (
    BookDelta,
    BookStale,
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
from engine.service.flight_recorder import FrameRing
from engine.service.frame_file import frames_of
from engine.service.simulation.mailboxes import narrow
from tests.support.probe import FakeLink, Stage

S = 10**9


class WordCodec:
    """A frame is a word: `d0` a delta of listing 0, `t1` a trade of listing 1, `?` is broken."""

    def __init__(self, rings: Sequence[DeltaRing], sequenced: bool) -> None:
        self.rings = rings
        self._sequenced = sequenced

    @property
    def sequenced(self) -> bool:
        return self._sequenced

    @property
    def checksum_depth(self) -> int:
        return 0

    def checksum(self, listing_id: int, bids: object, asks: object) -> int:
        return -1

    def subscribe(self) -> Sequence[bytes]:
        return (b"subscribe",)

    def decode(self, payload: bytes, recv_ns: int, line: int = 0) -> Sequence[FeedEvent]:
        word = payload.decode()
        if word == "?":
            raise DecodeError("not a word")
        listing_id = int(word[1])
        if word[0] == "t":
            return (TradePrint(listing_id, 1, 1, None, recv_ns, 0),)
        if word[0] == "g":
            return (BookStale(listing_id, StaleReason.GAP),)
        ring = self.rings[listing_id]
        start = ring.reserve(1)
        ring.put(start, 0, 1, 1)
        ring.commit(start, 1)
        return (BookDelta(listing_id, start, 1, recv_ns, 0, 1),)

    def decode_reply(self, tag: str, payload: bytes, recv_ns: int) -> Sequence[FeedEvent]:
        return self.decode(payload, recv_ns)

    def resynchronise(self, listing_id: int) -> Sequence[FeedEvent]:
        return (SnapshotNeeded(listing_id, f"snapshot {listing_id}", (b"again",)),)


class FeedStage(Stage):
    def __init__(self, sequenced: bool = True, silence_ns: int | None = None) -> None:
        super().__init__()
        self.rings = [DeltaRing(64), DeltaRing(64)]
        self.books = [self.probe("book 0"), self.probe("book 1")]
        self.tapes = [self.probe("tape 0"), self.probe("tape 1")]
        self.link = FakeLink()
        codec = WordCodec(self.rings, sequenced)
        self.ref, self.actor = self.spawn(
            lambda: VenueFeedActor(
                "alpha", codec, self.rings, self.link, self.books, self.tapes, silence_ns
            )
        )

    def frame(self, word: str) -> None:
        self.tell(self.ref, FeedFrame(self.driver.now_ns, word.encode()))

    def stale(self, book: int) -> list[StaleReason]:
        return [one.reason for one in self.take(self.books[book], BookStale)]


def test_it_opens_its_line_and_subscribes_once_it_is_up() -> None:
    stage = FeedStage()
    assert (stage.link.opened, stage.link.sent) == (1, [])
    stage.tell(stage.ref, LinkUp())
    assert stage.link.sent == [b"subscribe"]


def test_events_go_to_the_listing_that_they_name() -> None:
    stage = FeedStage()
    stage.frame("d1")
    stage.frame("t0")
    assert stage.got(stage.books[1]) == ["BookDelta"]
    assert stage.got(stage.tapes[0]) == ["TradePrint"]
    assert stage.got(stage.books[0]) == stage.got(stage.tapes[1]) == []


def test_a_broken_line_makes_every_book_stale() -> None:
    stage = FeedStage()
    stage.tell(stage.ref, LinkDown("gone"))
    assert stage.stale(0) == stage.stale(1) == [StaleReason.LINK_DOWN]


def test_a_broken_frame_matters_only_where_frames_are_not_numbered() -> None:
    numbered = FeedStage()
    numbered.frame("?")
    assert numbered.stale(0) == []
    plain = FeedStage(sequenced=False)
    plain.frame("?")
    assert plain.stale(0) == plain.stale(1) == [StaleReason.BROKEN_FRAME]
    assert plain.link.requests == ["snapshot 0", "snapshot 1"]
    assert plain.actor.broken_frames == 1


def test_a_resynchronisation_asks_for_a_snapshot() -> None:
    stage = FeedStage()
    stage.tell(stage.ref, Resynchronise(1))
    assert (stage.link.requests, stage.link.sent) == (["snapshot 1"], [b"again"])


def test_an_unreadable_reply_is_asked_for_again() -> None:
    stage = FeedStage()
    stage.tell(stage.ref, FeedReply(1, "snapshot 0", b"?"))
    assert stage.link.requests == ["snapshot 0"]
    stage.tell(stage.ref, FeedReply(1, "snapshot 0", b"d0"))
    assert stage.got(stage.books[0]) == ["BookDelta"]


def test_a_book_without_room_starts_over_and_its_rows_are_taken_back() -> None:
    stage = FeedStage()
    narrow(stage.system, stage.books[0], 0)
    stage.frame("d0")
    assert stage.rings[0].pending == 0
    assert stage.got(stage.books[0]) == ["BookStale"]
    assert stage.link.requests == ["snapshot 0"]
    assert stage.actor.gaps == 1


def test_silence_makes_books_stale_once_and_subscribes_until_it_ends() -> None:
    stage = FeedStage(silence_ns=S)
    stage.tell(stage.ref, LinkUp())
    stage.frame("t0")
    stage.run(4 * S)
    assert stage.stale(0) == [StaleReason.SILENT]
    assert len(stage.link.sent) >= 2
    sent = len(stage.link.sent)
    for _ in range(8):
        stage.frame("t0")
        stage.run(S // 2)
    assert len(stage.link.sent) <= sent + 1
    assert stage.stale(0) == []


def test_gaps_are_counted_and_told() -> None:
    stage = FeedStage()
    stage.frame("g1")
    assert stage.stale(1) == [StaleReason.GAP]
    assert stage.actor.gaps == 1


def test_a_recorder_is_told_of_every_frame_even_a_broken_one() -> None:
    stage = FeedStage(sequenced=True)
    ring = FrameRing(10_000, 10 * S)
    stage.actor.recorder = ring
    stage.frame("d1")
    stage.frame("?")
    stage.tell(stage.ref, FeedReply(stage.driver.now_ns, "book", b"d0"))
    (segment,) = ring.segments(stage.driver.now_ns)
    kept = [(frame.line, frame.payload) for frame in frames_of(segment)]
    assert kept == [(0, b"d1"), (0, b"?"), (-1, b"book\nd0")]
