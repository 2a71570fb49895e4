"""What the outside must implement: codecs that are pure, links that are dumb, a journal sink."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from engine.messages import FeedEvent, TradeEvent
from engine.model.listed import ListedOrder
from engine.model.native import NativeVerbs
from engine.model.orders import ChildOrder
from engine.model.records import JournalEntry


class FeedCodec(Protocol):
    """Market data of one venue: bytes in, book changes out. Pure: no clock, no socket.

    Constructed with the listings it serves (position in that sequence = `listing_id`) and one
    `DeltaRing` for each. It owns the venue's sequence rules: it drops what is old, reports
    `BookStale(GAP)` and `SnapshotNeeded` on a gap, and stays silent for that listing until the
    venue's own procedure has synchronised it again. `DecodeError` for a payload that is not this
    venue's; a payload of a symbol or channel nobody asked for gives no events.
    """

    def subscribe(self) -> Sequence[bytes]:
        """Frames to send once the link is up; also forgets all synchronisation state."""
        ...

    def decode(self, payload: bytes, recv_ns: int, line: int = 0) -> Sequence[FeedEvent]:
        """Events of one received frame, in order."""
        ...

    def decode_reply(self, tag: str, payload: bytes, recv_ns: int) -> Sequence[FeedEvent]:
        """Events of an answered request; `tag` is `SnapshotNeeded.request`."""
        ...

    def resynchronise(self, listing_id: int) -> Sequence[FeedEvent]:
        """The book found itself wrong (checksum, overflow, dropped delta): start over."""
        ...

    def checksum(
        self,
        listing_id: int,
        bids: Sequence[tuple[int, int]],
        asks: Sequence[tuple[int, int]],
    ) -> int:
        """Venue checksum of the top levels, best first, (price_1e9, qty_1e8) pairs.

        Only asked for when a delta carried one; `checksum_depth` levels a side are given.
        """
        ...

    @property
    def sequenced(self) -> bool:
        """Whether every book frame is numbered, so that a lost one shows at the next."""
        ...

    @property
    def checksum_depth(self) -> int:
        """Levels a side that `checksum` reads; 0 where the venue has no book checksum."""
        ...


class TradeCodec(Protocol):
    """Orders of one venue: child orders to bytes, bytes to reports. Pure."""

    def encode_place(self, child: ChildOrder, now_ns: int) -> bytes:
        """Request bytes that place the child."""
        ...

    def encode_cancel(self, child: ChildOrder, now_ns: int) -> bytes:
        """Request bytes that cancel it."""
        ...

    def encode_query(self, child: ChildOrder, now_ns: int) -> bytes:
        """Request bytes that ask for its state by client order id (open and closed).

        The answer proves that no amendment up to the child's number is under way any more.
        """
        ...

    @property
    def native(self) -> NativeVerbs:
        """What the venue does natively; without any the next two are never called."""
        ...

    def encode_amend(self, child: ChildOrder, now_ns: int) -> bytes:
        """Request bytes that give the resting order this total and limit, atomically."""
        ...

    def encode_batch(self, requests: Sequence[bytes]) -> bytes:
        """One message of at most `batch_max` encoded places and cancels."""
        ...

    def encode_list(self, now_ns: int) -> bytes:
        """Request bytes that ask for all of the engine's orders, open and recently closed."""
        ...

    def decode(self, payload: bytes, recv_ns: int) -> Sequence[TradeEvent]:
        """Reports of one received frame; DecodeError when it is not this venue's.

        An answer to a list gives the reports of all its orders, one order after another.
        """
        ...

    def decode_list(self, payload: bytes, recv_ns: int) -> tuple[ListedOrder, ...] | None:
        """The orders of an answer to a list; None for any other frame, DecodeError as above."""
        ...


class Link(Protocol):
    """A way to the venue. It answers by message: LinkUp, LinkDown, frames, replies."""

    def open(self) -> None:
        """Start connecting."""
        ...

    def close(self) -> None:
        """Stop; no message follows."""
        ...

    def send(self, frame: bytes) -> bool:
        """Queue one frame; False when it cannot leave (down or full)."""
        ...

    def request(self, request: str) -> bool:
        """Fetch `request` (the codec's own text); the answer comes as a reply with that tag."""
        ...


class JournalSink(Protocol):
    """Where groups of entries become durable.

    It answers the journal actor by message: `GroupCommitted(last_seq)` or
    `CommitFailed(reason)`, after which nothing is pending.
    """

    def submit(self, group: Sequence[JournalEntry]) -> bool:
        """Take one group, the next in order; False when there is no room now."""
        ...
