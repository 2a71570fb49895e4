"""Events as they happen: subscriptions that survive a lost connection without a gap.

Frames carry the journal's sequence number; after a reconnect the stream is asked to resume behind
the last one seen, so order events are neither lost nor seen twice. Market topics carry on with
their next frame, which is whole.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Final

import aiohttp
import msgspec

from engine.client.errors import ClientError
from engine.client.retry import wait_before_next
from engine.client.transport import Transport

__all__ = ["StreamEvent", "events", "lifecycle_events"]

STREAM: Final = "/v1/stream"
# The server's word for "do not come back the same way".
POLICY_VIOLATION: Final = 1008
LOST = "STREAM_LOST"
# A server that is restarted is away for some seconds, a machine for a minute.
ATTEMPTS: Final = 12


class StreamEvent(msgspec.Struct, frozen=True):
    """One frame of a channel; `seq` counts order events, None on market topics."""

    channel: str
    data: object
    seq: int | None = None


class Fault(msgspec.Struct, frozen=True):
    """Why the server objects."""

    code: str = "STREAM_ERROR"
    message: str = ""
    resume_from: int | None = None


class Frame(msgspec.Struct, frozen=True):
    """Whatever the server sends: an event, an acknowledgement or an objection."""

    channel: str | None = None
    data: object = None
    seq: int | None = None
    rejected: tuple[object, ...] = ()
    error: Fault | None = None


_decode = msgspec.json.Decoder(Frame).decode
_decode_any = msgspec.json.Decoder(dict[str, object]).decode


class Place:
    """How far a stream was read. One entry of the journal may make several events.

    A new connection is asked for the last entry once more, and what was seen of it is passed over.
    """

    __slots__ = ("again", "last", "seen", "start")

    def __init__(self, start: int | None) -> None:
        self.start = start
        self.last: int | None = None
        self.seen = 0
        self.again = 0

    def resume_from(self) -> int | None:
        """What a new connection is asked for; None while there is nothing to go on from."""
        self.again = self.seen
        return self.start if self.last is None else max(0, self.last - 1)

    def is_new(self, seq: int) -> bool:
        """Whether the event was not seen before; counts it."""
        if seq == self.last and self.again:
            self.again -= 1
            return False
        self.seen = self.seen + 1 if seq == self.last else 1
        self.last = seq
        self.again = 0
        return True


async def events(
    transport: Transport,
    channels: Sequence[str],
    *,
    resume_from: int | None = None,
    reconnect: bool = True,
) -> AsyncGenerator[StreamEvent, None]:
    """Events of the channels, until the reader stops; ClientError for a channel refused.

    `resume_from` is the `seq` of the last event known. A connection that cannot be had again
    within about a minute, or was closed for good, ends in ClientError.
    """
    place, attempt = Place(resume_from), 0
    while True:
        attempt += 1
        try:
            socket = await transport.socket(STREAM)
            async with socket:
                asked: dict[str, object] = {"subscribe": list(channels)}
                after = place.resume_from()
                if after is not None:
                    asked["resume_from"] = after
                await socket.send_str(msgspec.json.encode(asked).decode())
                async for message in socket:
                    if message.type is not aiohttp.WSMsgType.TEXT:
                        continue
                    event = _event(message.data)
                    if event is not None and (event.seq is None or place.is_new(event.seq)):
                        attempt = 0
                        yield event
            raise _ended(socket)
        except ClientError as error:
            wait = _wait(attempt, error) if reconnect else None
            if wait is None:
                raise
        await asyncio.sleep(wait)


async def lifecycle_events(
    transport: Transport, path: str
) -> AsyncGenerator[dict[str, object], None]:
    """Bare events of a dedicated socket, which starts with its latest ones by itself."""
    socket = await transport.socket(path)
    async with socket:
        async for message in socket:
            if message.type is aiohttp.WSMsgType.TEXT:
                yield _decode_any(message.data)
    raise _ended(socket)


def _event(text: str) -> StreamEvent | None:
    """The event of a frame; None for an acknowledgement; ClientError for an objection."""
    try:
        frame = _decode(text)
    except msgspec.MsgspecError as error:
        raise ClientError(0, "UNREADABLE_FRAME", f"a frame cannot be read: {error}") from None
    if frame.error is not None:
        fault = frame.error
        # A number to go on from is the server's word that coming back helps.
        again = fault.resume_from is not None
        raise ClientError(0, fault.code, fault.message, retryable=again)
    if frame.rejected:
        raise ClientError(0, "CHANNEL_REJECTED", f"refused channels: {list(frame.rejected)}")
    if frame.channel is None:
        return None
    return StreamEvent(frame.channel, frame.data, frame.seq)


def _wait(attempt: int, error: ClientError) -> float | None:
    """How long until the next connection; None when there is no use in one."""
    if error.status == 0 and not error.retryable:
        return None
    # The pause before the first attempt after a good connection is that before a second one.
    attempt = max(1, attempt)
    return wait_before_next(attempt, error, keyed=False, reads=True, attempts=ATTEMPTS)


def _ended(socket: aiohttp.ClientWebSocketResponse) -> ClientError:
    """A connection that closed; only a cut-off by rule is final."""
    code = socket.close_code
    text = f"the stream was closed with code {code}; subscribe again with resume_from"
    return ClientError(0, LOST, text, retryable=code != POLICY_VIOLATION)
