"""The line formats of recordings: what a line says, and telling the formats apart by content.

`Stamped`: `<receive time> <json>`. `Enveloped`: one JSON object a line with the receive time
(`recv_ns`, `recv_us`, `recv_ms`) and the message (`msg`, `event`, `raw`), and the venue where
several are merged. `Cryptofeed`: `<seconds>: <json>` for received frames, `<url> -> <seconds>:
<body>` for answers, ` <- ` sent and ` <-> ` connected, which are no input.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import IntEnum
from typing import Final

import msgspec

__all__ = ["FORMATS", "FrameKind", "LineFormat", "Reading"]


class FrameKind(IntEnum):
    """What a captured frame is."""

    FRAME = 0
    """Bytes of a market data line."""
    REPLY = 1
    """Body of an answered request; the tag is the request's path and query."""
    BROKEN = 2
    """A line that could not be read, so a frame that may be missing."""


Reading = tuple[int, FrameKind, str, bytes, str]
"""Receive time in ns, kind, tag, payload, and the venue named in the line or ""."""
LineFormat = Callable[[bytes], Reading | None]
"""Reads a line; None for a line that is no input; ValueError for one that is not of the format."""

STAMP_DIGITS: Final = {10: 10**9, 13: 10**6, 16: 10**3, 19: 1}
SECONDS: Final = re.compile(rb"(\d{9,11})(?:\.(\d{1,18}))?: ?")
ANSWER: Final = re.compile(rb"(\S+) -> (\d{9,11})(?:\.(\d{1,18}))?: ?")
SENT: Final = re.compile(rb"\S+ <-(?:>)? \d{9,11}")
PLAIN_WORDS: Final = frozenset({b"PING", b"PONG", b"ping", b"pong"})
NS_DIGITS: Final = 9
ANY_JSON: Final = msgspec.json.Decoder(msgspec.Raw)
TEXT: Final = msgspec.json.Decoder(str)


class Envelope(msgspec.Struct, gc=False):
    """One line of the JSON-lines formats."""

    recv_ns: int = -1
    recv_us: int = -1
    recv_ms: int = -1
    venue: str = ""
    msg: msgspec.Raw = msgspec.Raw()
    event: msgspec.Raw = msgspec.Raw()
    raw: msgspec.Raw = msgspec.Raw()


ENVELOPES: Final = msgspec.json.Decoder(Envelope)


def stamped(line: bytes) -> Reading | None:
    """`<receive time> <json>`; the unit follows from the number of digits."""
    stamp, _, payload = line.partition(b" ")
    unit = STAMP_DIGITS.get(len(stamp))
    if unit is None or not stamp.isdigit():
        raise ValueError("it does not begin with a receive time")
    return int(stamp) * unit, FrameKind.FRAME, "", checked(payload), ""


def enveloped(line: bytes) -> Reading | None:
    """An object with receive time and message; a message inside a string is taken out of it."""
    try:
        envelope = ENVELOPES.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"it is not JSON of this recording: {error}") from None
    recv_ns = envelope.recv_ns
    if recv_ns < 0:
        recv_ns = max(envelope.recv_us * 10**3, envelope.recv_ms * 10**6)
    raw = envelope.msg or envelope.event or envelope.raw
    if recv_ns < 0 or not raw:
        raise ValueError("it lacks a receive time or a message")
    payload = bytes(raw)
    if payload[:1] == b'"':
        payload = checked(TEXT.decode(payload).encode(errors="replace"))
    return recv_ns, FrameKind.FRAME, "", payload, envelope.venue


def cryptofeed(line: bytes) -> Reading | None:
    """A received frame or answer; what the recorder sent, connected or was set to is None."""
    match = SECONDS.match(line)
    if match is not None:
        return exact_ns(match[1], match[2]), FrameKind.FRAME, "", checked(line[match.end() :]), ""
    match = ANSWER.match(line)
    if match is not None:
        url = match[1].decode(errors="replace")
        host_and_path = url.partition("://")[2] or url
        tag = "/" + host_and_path.partition("/")[2]
        body = checked(line[match.end() :])
        return exact_ns(match[2], match[3]), FrameKind.REPLY, tag, body, ""
    if SENT.match(line) or line.startswith(b"configuration: "):
        return None
    raise ValueError("it is no line of this recording")


FORMATS: Final[tuple[LineFormat, ...]] = (stamped, enveloped, cryptofeed)


def exact_ns(whole: bytes, fraction: bytes | None) -> int:
    """Decimal seconds in ns, by their digits; what is finer is cut."""
    digits = (fraction or b"")[:NS_DIGITS].ljust(NS_DIGITS, b"0")
    return int(whole + digits)


def checked(payload: bytes) -> bytes:
    """The payload without the spaces around it; ValueError where it is not JSON."""
    payload = payload.strip()
    if payload in PLAIN_WORDS:
        return payload
    try:
        ANY_JSON.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"its message is not JSON: {error}") from None
    return payload
