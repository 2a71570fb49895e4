"""The file of spilled market frames: a header, each venue's segments, and a hash over all.

Blocks of bytes, each after its length (8 bytes, little end first): the mark, the header, then for
each venue its description and its segments, last the sha256 of everything before it.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from engine.errors import JournalError
from engine.model.instruments import Listing

__all__ = [
    "FRAME_HEAD",
    "Frame",
    "Segment",
    "SpillHeader",
    "SpilledVenue",
    "frames_of",
    "read_spill",
    "write_spill",
]

# Of each frame in a segment: time of receipt, line, length of the payload that follows.
FRAME_HEAD: Final = struct.Struct("<qiI")
LENGTH: Final = struct.Struct("<Q")
MARK: Final = b"execgraph frames"
SPILL_VERSION: Final = 1
FILE_MAX: Final = 1 << 31


class Frame(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One received frame. A line of -1 is an answered request: tag, newline, body."""

    recv_ns: int
    line: int
    payload: bytes


class Segment(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A run of frames, joined. `number` is that of its first, counted from the venue's start."""

    number: int
    first_ns: int
    last_ns: int
    frames: bytes


class SpillHeader(msgspec.Struct, frozen=True, kw_only=True):
    """Why and when frames were spilled, and of which run of the engine."""

    reason: str
    now_ns: int
    run: int
    version: int = SPILL_VERSION
    venues: int = 0


class SpilledVenue(msgspec.Struct, frozen=True, kw_only=True):
    """What was kept of one venue's session."""

    venue: str
    listings: tuple[Listing, ...]
    segments: tuple[Segment, ...]


def frames_of(segment: Segment) -> Iterator[Frame]:
    """The frames of a segment in order; JournalError when it is torn."""
    data, at = segment.frames, 0
    while at < len(data):
        if at + FRAME_HEAD.size > len(data):
            raise JournalError("a segment of market frames is torn; take another file")
        recv_ns, line, size = FRAME_HEAD.unpack_from(data, at)
        at += FRAME_HEAD.size
        if at + size > len(data):
            raise JournalError("a segment of market frames is torn; take another file")
        yield Frame(recv_ns, line, data[at : at + size])
        at += size


def write_spill(path: Path, header: SpillHeader, venues: Sequence[SpilledVenue]) -> None:
    """Write a file of spilled frames; OSError when the disk does not take it."""
    encode = msgspec.msgpack.encode
    header = msgspec.structs.replace(header, venues=len(venues))
    seen = hashlib.sha256()
    with path.open("wb") as file:
        for block in _blocks(encode(header), venues):
            for part in (LENGTH.pack(len(block)), block):
                seen.update(part)
                file.write(part)
        file.write(seen.digest())


def _blocks(header: bytes, venues: Sequence[SpilledVenue]) -> Iterator[bytes]:
    encode = msgspec.msgpack.encode
    yield MARK
    yield header
    for venue in venues:
        yield encode((venue.venue, venue.listings, len(venue.segments)))
        for segment in venue.segments:
            yield encode(segment)


def read_spill(path: Path) -> tuple[SpillHeader, tuple[SpilledVenue, ...]]:
    """A file of spilled frames; JournalError when it is none, of another version, or altered."""
    try:
        if path.stat().st_size > FILE_MAX:
            raise JournalError(f"{path} is too large for a file of market frames; choose another")
        data = path.read_bytes()
    except OSError as error:
        raise JournalError(f"{path} could not be read ({error.strerror}); check it") from error
    body, mark = data[:-32], data[-32:]
    if body[LENGTH.size : LENGTH.size + len(MARK)] != MARK:
        raise JournalError(f"{path} is no file of market frames; choose another")
    if hashlib.sha256(body).digest() != mark:
        raise JournalError(f"{path} does not match its hash: it was altered or cut; leave it out")
    blocks = _split(body)
    next(blocks)
    try:
        header = msgspec.msgpack.decode(next(blocks), type=SpillHeader)
        if header.version != SPILL_VERSION:
            raise JournalError(
                f"{path} has format version {header.version} and this engine reads "
                f"{SPILL_VERSION}; open it with the engine that wrote it"
            )
        return header, tuple(_venues(blocks, header.venues))
    except (msgspec.MsgspecError, StopIteration) as error:
        raise JournalError(f"{path} cannot be decoded ({error}); leave it out") from error


def _split(body: bytes) -> Iterator[bytes]:
    at = 0
    while at + LENGTH.size <= len(body):
        size = LENGTH.unpack_from(body, at)[0]
        at += LENGTH.size
        yield body[at : at + size]
        at += size


def _venues(blocks: Iterable[bytes], count: int) -> list[SpilledVenue]:
    decode = msgspec.msgpack.decode
    taken = iter(blocks)
    found: list[SpilledVenue] = []
    for _ in range(count):
        described = decode(next(taken), type=tuple[str, tuple[Listing, ...], int])
        venue, listings, segments = described
        kept = tuple([decode(next(taken), type=Segment) for _ in range(segments)])
        found.append(SpilledVenue(venue=venue, listings=listings, segments=kept))
    return found
