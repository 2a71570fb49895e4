"""What travels on the socket: client frames read strictly, answers, and WebSocket framing.

A server's text frame is its length and its text, the same for every reader, so an event is
framed once however many read it (RFC 6455, section 5.2).
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from msgspec import UNSET, Meta, UnsetType

from engine.model.wire import Wire
from engine.service.api_error import ApiError, ErrorCode
from engine.service.rest.errors import unreadable

__all__ = ["Ack", "ClientFrame", "ErrorFrame", "StreamError", "encoded", "event", "framed", "read"]

CHANNEL_LENGTH_MAX: Final = 512
CHANNELS_MAX: Final = 256
SEQ_MAX: Final = 2**63 - 1
TEXT_FRAME: Final = 0x81
SHORT: Final = 126
LONG: Final = 2**16

Channel = Annotated[str, Meta(min_length=1, max_length=CHANNEL_LENGTH_MAX)]
Channels = Annotated[list[Channel], Meta(max_length=CHANNELS_MAX)]


class ClientFrame(Wire, frozen=True, kw_only=True):
    """What a client may send: any of the three, in the order unsubscribe, subscribe, resume."""

    subscribe: Channels | UnsetType = UNSET
    unsubscribe: Channels | UnsetType = UNSET
    resume_from: Annotated[int, Meta(ge=0, le=SEQ_MAX)] | UnsetType = UNSET


class Ack(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a client frame. `reasons` says why, by channel, for each of `rejected`.

    `resumed_from` and `resumed_to` bound the entries that are replayed: after the first, up to
    the second.
    """

    subscribed: list[str]
    rejected: list[str]
    reasons: dict[str, str]
    unsubscribed: list[str] | UnsetType = UNSET
    resumed_from: int | UnsetType = UNSET
    resumed_to: int | UnsetType = UNSET


class StreamError(msgspec.Struct, frozen=True):
    """What went wrong; `resume_from` is where a new connection goes on, or the oldest that may."""

    code: str
    message: str
    resume_from: int | UnsetType = UNSET


class ErrorFrame(msgspec.Struct, frozen=True):
    """An error on the stream; it stands alone, without a channel."""

    error: StreamError


_DECODER: Final = msgspec.json.Decoder(ClientFrame)
_ENCODER: Final = msgspec.json.Encoder()
encoded = _ENCODER.encode


def read(text: str | bytes) -> ClientFrame:
    """The client's frame; ApiError with the path of the fault for anything else."""
    try:
        frame = _DECODER.decode(text)
    except msgspec.DecodeError as error:
        raise unreadable(error, "frame", ClientFrame) from None
    except RecursionError:
        raise ApiError(ErrorCode.BAD_REQUEST, "the frame is nested too deeply") from None
    if frame.subscribe is UNSET and frame.unsubscribe is UNSET and frame.resume_from is UNSET:
        text = "the frame asks for nothing; send subscribe, unsubscribe or resume_from"
        raise ApiError(ErrorCode.BAD_REQUEST, text)
    return frame


def event(channel: str, data: bytes, seq: int | None = None) -> bytes:
    """A framed event whose data is encoded already."""
    number = b"" if seq is None else b',"seq":%d' % seq
    return framed(b'{"channel":%b,"data":%b%b}' % (encoded(channel), data, number))


def framed(payload: bytes) -> bytes:
    """A whole, unmasked text frame."""
    length = len(payload)
    if length < SHORT:
        return bytes((TEXT_FRAME, length)) + payload
    if length < LONG:
        return bytes((TEXT_FRAME, SHORT)) + length.to_bytes(2) + payload
    return bytes((TEXT_FRAME, SHORT + 1)) + length.to_bytes(8) + payload
