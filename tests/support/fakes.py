"""Fakes of the ports: a feed codec, a journal sink and a stream sink that do as they are told."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from engine.errors import DecodeError
from engine.messages import FeedEvent
from engine.model.records import JournalEntry
from engine.runtime.actor import ActorRef
from engine.runtime.delivery import Message
from tests.support.probe import Probe, Stage

__all__ = [
    "BROKEN",
    "FakeFeedCodec",
    "FakeSink",
    "FakeStreamSink",
    "inbox",
]

BROKEN = b"broken"
"""The payload that the fake codec refuses."""


class FakeFeedCodec:
    """Answers a payload with the events (or what makes them) put under it in `script`."""

    def __init__(self, *, sequenced: bool = False) -> None:
        self.script: dict[bytes, Sequence[FeedEvent] | Callable[[], Sequence[FeedEvent]]] = {}
        self.restarts: dict[int, Sequence[FeedEvent]] = {}
        self.numbered = sequenced
        self.subscriptions = 0
        self.resynchronised: list[int] = []
        self.decoded: list[tuple[bytes, int, int]] = []
        self.replies: list[tuple[str, bytes, int]] = []

    @property
    def sequenced(self) -> bool:
        return self.numbered

    @property
    def checksum_depth(self) -> int:
        return 0

    def subscribe(self) -> Sequence[bytes]:
        self.subscriptions += 1
        return (b"subscribe books", b"subscribe trades")

    def decode(self, payload: bytes, recv_ns: int, line: int = 0) -> Sequence[FeedEvent]:
        self.decoded.append((payload, recv_ns, line))
        return self.events(payload)

    def decode_reply(self, tag: str, payload: bytes, recv_ns: int) -> Sequence[FeedEvent]:
        self.replies.append((tag, payload, recv_ns))
        return self.events(payload)

    def resynchronise(self, listing_id: int) -> Sequence[FeedEvent]:
        self.resynchronised.append(listing_id)
        return self.restarts.get(listing_id, ())

    def checksum(
        self,
        listing_id: int,
        bids: Sequence[tuple[int, int]],
        asks: Sequence[tuple[int, int]],
    ) -> int:
        return 0

    def events(self, payload: bytes) -> Sequence[FeedEvent]:
        if payload == BROKEN:
            raise DecodeError("broken on purpose; send another")
        found = self.script.get(payload, ())
        return found() if callable(found) else found


class FakeSink:
    """Takes groups while `room` is positive; the test says what became of them."""

    def __init__(self, room: int = 1_000) -> None:
        self.room = room
        self.groups: list[list[int]] = []
        self.entries: list[JournalEntry] = []

    def submit(self, group: Sequence[JournalEntry]) -> bool:
        if self.room <= 0:
            return False
        self.room -= 1
        self.groups.append([entry.seq for entry in group])
        self.entries.extend(group)
        return True


class FakeStreamSink:
    """Keeps what it is given; refuses everything once `room` deliveries were taken."""

    def __init__(self, room: int = 1_000) -> None:
        self.room = room
        self.calls: list[list[int]] = []

    def deliver(self, entries: Sequence[JournalEntry]) -> bool:
        self.calls.append([entry.seq for entry in entries])
        self.room -= 1
        return self.room >= 0


def inbox(stage: Stage, name: str) -> tuple[ActorRef, list[Message]]:
    """A probe, and the list in which it keeps what it got."""
    ref = stage.probe(name)
    actor = stage.system.actor_of(ref)
    assert isinstance(actor, Probe)
    return ref, actor.got
