"""The venue feed actor: one market data session; frames in, book changes out to the books."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from engine.errors import DecodeError
from engine.kernels.delta_ring import DeltaRing
from engine.messages import (
    BookDelta,
    BookSnapshot,
    BookStale,
    FeedCheck,
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
from engine.ports import FeedCodec, Link
from engine.runtime.actor import Actor, ActorRef, Lane, handles

__all__ = ["FrameRecorder", "VenueFeedActor"]

CHANGES: Final = (BookDelta, BookSnapshot)
# The line under which answered requests are recorded, each after its tag and a newline.
REPLY_LINE: Final = -1


class FrameRecorder(Protocol):
    """What is told of every received frame before it is decoded."""

    def keep(self, recv_ns: int, line: int, payload: bytes) -> None:
        """Keep it, in bounded memory, in well under a microsecond."""
        ...


class VenueFeedActor(Actor[FeedFrame | FeedReply | LinkUp | LinkDown | Resynchronise | FeedCheck]):
    """Decodes with the venue's codec, forwards in order, and keeps the session synchronised.

    `books` and `tapes` stand in the order of the codec's listings. A frame that the codec refuses
    may have carried a change: where the venue numbers its frames the next one shows the gap,
    elsewhere every book of the session starts over. `recorder` keeps what arrived, for incidents.
    """

    lane = Lane.MARKET
    mailbox_capacity = 4_096

    def __init__(
        self,
        venue: str,
        codec: FeedCodec,
        rings: Sequence[DeltaRing],
        link: Link,
        books: Sequence[ActorRef],
        tapes: Sequence[ActorRef],
        silence_max_ns: int | None,
        restarted: bool = False,
        recorder: FrameRecorder | None = None,
    ) -> None:
        self.venue = venue
        self.codec = codec
        self.rings = rings
        self.link = link
        self.silence_max_ns = silence_max_ns
        self.restarted = restarted
        self.recorder = recorder
        self.books = books
        self.tapes = tapes
        self.frames = 0
        self.broken_frames = 0
        self.gaps = 0
        self.resyncs = 0
        self.last_frame_ns = 0
        self.silent = False
        self.up = False

    def on_start(self) -> None:
        if self.restarted:
            # The books still show what the failed session left.
            self.all_stale(StaleReason.LINK_DOWN)
        self.link.open()
        if self.silence_max_ns is not None:
            self.ctx.after(self.silence_max_ns, FeedCheck())

    @handles(LinkUp)
    def on_link_up(self, up: LinkUp) -> None:
        self.up = True
        self.last_frame_ns = self.ctx.now_ns
        for frame in self.codec.subscribe():
            self.link.send(frame)

    @handles(LinkDown)
    def on_link_down(self, down: LinkDown) -> None:
        self.up = False
        self.all_stale(StaleReason.LINK_DOWN)

    @handles(FeedFrame)
    def on_frame(self, frame: FeedFrame) -> None:
        self.frames += 1
        self.last_frame_ns = frame.recv_ns
        if self.recorder is not None:
            self.recorder.keep(frame.recv_ns, frame.line, frame.payload)
        try:
            events = self.codec.decode(frame.payload, frame.recv_ns, frame.line)
        except DecodeError:
            self.on_broken_frame()
            return
        self.forward(events)

    @handles(FeedReply)
    def on_reply(self, reply: FeedReply) -> None:
        self.last_frame_ns = reply.recv_ns
        if self.recorder is not None:
            tagged = b"%s\n%s" % (reply.tag.encode(), reply.payload)
            self.recorder.keep(reply.recv_ns, REPLY_LINE, tagged)
        try:
            events = self.codec.decode_reply(reply.tag, reply.payload, reply.recv_ns)
        except DecodeError:
            self.broken_frames += 1
            self.link.request(reply.tag)
            return
        self.forward(events)

    @handles(Resynchronise)
    def on_resynchronise(self, request: Resynchronise) -> None:
        self.resyncs += 1
        self.forward(self.codec.resynchronise(request.listing_id))

    @handles(FeedCheck)
    def on_check(self, check: FeedCheck) -> None:
        limit = self.silence_max_ns
        assert limit is not None, "a feed without a silence limit sets no check"
        silent = self.up and self.ctx.now_ns - self.last_frame_ns > limit
        if silent:
            if not self.silent:
                self.all_stale(StaleReason.SILENT)
            for frame in self.codec.subscribe():
                self.link.send(frame)
        self.silent = silent
        self.ctx.after(limit, FeedCheck())

    def forward(self, events: Sequence[FeedEvent]) -> None:
        """Send each event to the actor that owns its listing, in order."""
        books = self.books
        for event in events:
            if isinstance(event, CHANGES):
                if not books[event.listing_id].tell(event):
                    self.dropped(event)
            elif isinstance(event, TradePrint):
                self.tapes[event.listing_id].tell(event)
            elif isinstance(event, SnapshotNeeded):
                self.ask_snapshot(event)
            else:
                if isinstance(event, BookStale) and event.reason is StaleReason.GAP:
                    self.gaps += 1
                books[event.listing_id].tell(event)

    def dropped(self, event: BookDelta | BookSnapshot) -> None:
        """A full book mailbox refused a change: take the rows back and start the book over."""
        ring = self.rings[event.listing_id]
        ring.take_back(event.start)
        self.gaps += 1
        self.books[event.listing_id].tell(BookStale(event.listing_id, StaleReason.GAP))
        self.ctx.self_ref.tell(Resynchronise(event.listing_id))

    def ask_snapshot(self, needed: SnapshotNeeded) -> None:
        """Have the link fetch or resubscribe what the codec needs."""
        if needed.request is not None:
            self.link.request(needed.request)
        for frame in needed.resubscribe:
            self.link.send(frame)

    def on_broken_frame(self) -> None:
        """An unreadable frame: only numbered feeds can tell whether it mattered."""
        self.broken_frames += 1
        if self.codec.sequenced:
            return
        for listing_id, book in enumerate(self.books):
            book.tell(BookStale(listing_id, StaleReason.BROKEN_FRAME))
            self.forward(self.codec.resynchronise(listing_id))

    def all_stale(self, reason: StaleReason) -> None:
        """No book of this session may be routed on until its next snapshot."""
        for listing_id, book in enumerate(self.books):
            book.tell(BookStale(listing_id, reason))
