"""One connection's outgoing side: numbered events in a bounded queue, market frames in slots."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Hashable

import msgspec
from msgspec import UNSET, UnsetType

from engine.service.access.scopes import Caller
from engine.service.api_error import ErrorCode
from engine.service.rest.stream.frames import ErrorFrame, StreamError, encoded, framed
from engine.service.rest.stream.limits import StreamLimits
from engine.service.rest.stream.topics import Topic

__all__ = [
    "GOING_AWAY",
    "INTERNAL_ERROR",
    "POLICY_VIOLATION",
    "SLOW_READER",
    "Ending",
    "Reader",
    "error_frame",
]

GOING_AWAY = 1001
POLICY_VIOLATION = 1008
INTERNAL_ERROR = 1011
TRY_AGAIN_LATER = 1013
SLOW_READER = "SLOW_READER"


class Ending(msgspec.Struct, frozen=True):
    """How a connection ends: the close code with its short reason, and a last frame, if any."""

    code: int
    reason: str
    last_frame: bytes = b""


class Reader:
    """Frames on their way to one peer. Everything it holds is bounded by `limits`.

    `push` queues what must not be lost: a queue that is full ends the reader, so that it is never
    short-changed in silence. `offer` keeps the newest frame of a market slot only and counts what
    it replaced in `conflated`. `take` gives what goes out next, queue first.

    `joined` holds, by channel, the journal sequence after which its events began; `held` says that
    a replay is under way and live events wait in the store.
    """

    __slots__ = (
        "_bytes",
        "_queue",
        "_room",
        "_slots",
        "_wake",
        "caller",
        "conflated",
        "ending",
        "held",
        "joined",
        "limits",
        "over",
        "resume_from",
        "topics",
        "written_seq",
    )

    def __init__(self, caller: Caller, limits: StreamLimits) -> None:
        self.caller = caller
        self.limits = limits
        self.topics: dict[str, Topic] = {}
        self.joined: dict[str, int] = {}
        self.held = False
        self.resume_from: int | None = None
        self.written_seq: int | None = None
        self.conflated = 0
        self.ending: Ending | None = None
        self.over: asyncio.Event = asyncio.Event()
        # A frame with the journal's sequence; 0 for what is no event.
        self._queue: deque[tuple[int, bytes]] = deque()
        self._bytes = 0
        self._slots: dict[Hashable, bytes] = {}
        self._wake: asyncio.Event = asyncio.Event()
        self._room: asyncio.Event = asyncio.Event()

    # -- what goes in

    def push(self, frame: bytes, seq: int = 0) -> bool:
        """Queue a frame; False when the reader is over, or was cut off because of this one."""
        if self.ending is not None:
            return False
        limits, size = self.limits, self._bytes + len(frame)
        if len(self._queue) >= limits.backlog_entries or size > limits.backlog_bytes:
            text = (
                f"this reader fell behind by {len(self._queue)} frames ({self._bytes} bytes) and "
                "was cut off; connect again and send resume_from"
            )
            self.cut_off(text, seq)
            return False
        self._queue.append((seq, frame))
        self._bytes = size
        self._wake.set()
        return True

    def offer(self, slot: Hashable, frame: bytes) -> None:
        """The newest state of a market slot; an older one that was not written is dropped."""
        if self.ending is not None:
            return
        if slot in self._slots:
            self.conflated += 1
        self._slots[slot] = frame
        self._wake.set()

    def withdraw(self, channel: str) -> None:
        """Forget market frames of a channel that was unsubscribed; slots are (channel, ...)."""
        for slot in [one for one in self._slots if isinstance(one, tuple) and one[0] == channel]:
            del self._slots[slot]

    # -- what goes out

    async def wait(self) -> None:
        """Until there is something to take, or the reader is over."""
        while not (self._queue or self._slots or self.ending):
            self._wake.clear()
            await self._wake.wait()

    async def room(self) -> None:
        """Until the queue is half empty, for a replay that must not cut off its own reader."""
        limits = self.limits
        while self.ending is None and (
            len(self._queue) * 2 > limits.backlog_entries or self._bytes * 2 > limits.backlog_bytes
        ):
            self._room.clear()
            await self._room.wait()

    def take(self) -> bytes:
        """Whole frames that go out together, at most a batch unless one alone is larger."""
        batch: list[bytes] = []
        size, largest = 0, self.limits.batch_bytes
        queue, slots = self._queue, self._slots
        while queue and size < largest:
            seq, frame = queue.popleft()
            size += len(frame)
            batch.append(frame)
            if seq:
                self.written_seq = seq
        self._bytes -= size
        while slots and size < largest:
            frame = slots.pop(next(iter(slots)))
            size += len(frame)
            batch.append(frame)
        self._room.set()
        return batch[0] if len(batch) == 1 else b"".join(batch)

    # -- the end

    @property
    def backlog(self) -> int:
        """Frames that are queued."""
        return len(self._queue)

    def goes_on_at(self) -> int | None:
        """What a new connection should resume from; None for a reader of market topics only."""
        if not self.joined:
            return None
        seq = self.written_seq
        if seq is None:
            return min(self.joined.values())
        # An entry may make several events: one that is half written is told again as a whole.
        torn = bool(self._queue) and self._queue[0][0] == seq
        return seq - 1 if torn else seq

    @property
    def was_cut_off(self) -> bool:
        """Whether it ended because it did not keep up."""
        return self.ending is not None and self.ending.code == TRY_AGAIN_LATER

    def cut_off(self, text: str, seq: int = 0) -> None:
        """End it with 1013 and a last frame that says why and where to go on."""
        torn = seq and not self._queue and seq == self.written_seq
        at = self.goes_on_at()
        at = at - 1 if torn and at is not None else at
        frame = error_frame(SLOW_READER, text, UNSET if at is None else at)
        self.end(Ending(TRY_AGAIN_LATER, "reader too slow", frame))

    def fail(self, text: str) -> None:
        """End it because of a fault of ours; what it missed can be asked for again."""
        at = self.goes_on_at()
        frame = error_frame(ErrorCode.INTERNAL_ERROR, text, UNSET if at is None else at)
        self.end(Ending(INTERNAL_ERROR, "internal error", frame))

    def end(self, ending: Ending) -> None:
        """Nothing more is taken in, what is queued is let go; the first ending counts."""
        if self.ending is not None:
            return
        self.ending = ending
        self._queue.clear()
        self._slots.clear()
        self._bytes = 0
        self._wake.set()
        self._room.set()
        self.over.set()


def error_frame(code: str, message: str, resume_from: int | UnsetType = UNSET) -> bytes:
    """A framed error."""
    return framed(encoded(ErrorFrame(StreamError(code, message, resume_from))))
