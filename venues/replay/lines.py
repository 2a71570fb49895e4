"""Lines of a recording, plain or gzipped by content, as far as the file can be read.

A file cut off in the middle still gives the lines before the cut; `fault` then says so.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final, Protocol

from engine.errors import CaptureError

__all__ = ["LineReader", "whole_text"]

CHUNK: Final = 1 << 16
LINE_BYTES_MAX: Final = 1 << 27
GZIP_MAGIC: Final = b"\x1f\x8b"
GZIP_WINDOW: Final = 31


class Inflater(Protocol):
    """The part of a zlib decompressor that is used here."""

    def decompress(self, data: bytes, /) -> bytes:
        """The output that these bytes complete."""
        ...


class LineReader:
    """Iterates (line number, bytes, ended); `ended` is False for a last line without its end.

    `fault` is one sentence after an iteration that could not reach the end of the file. Memory
    is bounded by the longest line, at most `LINE_BYTES_MAX`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.fault = ""

    def __iter__(self) -> Iterator[tuple[int, bytes, bool]]:
        self.fault = ""
        number = 0
        rest = b""
        for chunk in self.chunks():
            lines = (rest + chunk).split(b"\n")
            rest = lines.pop()
            for line in lines:
                number += 1
                yield number, line, True
            if len(rest) > LINE_BYTES_MAX:
                self.fault = f"{self.path.name} line {number + 1} is too long for a recording"
                return
        if self.fault:
            self.fault = self.fault.format(number=number)
        if rest:
            yield number + 1, rest, False

    def chunks(self) -> Iterator[bytes]:
        """Decompressed pieces."""
        try:
            with self.path.open("rb") as file:
                first = file.read(CHUNK)
                if first[:2] == GZIP_MAGIC:
                    yield from self.inflated(first, file)
                else:
                    while first:
                        yield first
                        first = file.read(CHUNK)
        except OSError as error:
            raise CaptureError(
                f"{self.path.name} cannot be read ({error.strerror}); check the path"
            ) from None

    def inflated(self, data: bytes, file: BinaryIO) -> Iterator[bytes]:
        """Contents of one or more gzip members, up to a cut or damage."""
        name = self.path.name.replace("{", "{{").replace("}", "}}")
        inflater = zlib.decompressobj(GZIP_WINDOW)
        while data:
            before = inflater.copy()
            try:
                out = inflater.decompress(data)
            except zlib.error:
                yield from up_to_damage(before, data)
                self.fault = f"{name} is damaged after line {{number}}; what follows is left out"
                return
            if out:
                yield out
            if inflater.eof:
                data = inflater.unused_data.lstrip(b"\0") or file.read(CHUNK).lstrip(b"\0")
                if not data:
                    return
                inflater = zlib.decompressobj(GZIP_WINDOW)
            else:
                data = file.read(CHUNK)
        self.fault = f"{name} is cut off after line {{number}}; what follows is missing"


def up_to_damage(inflater: Inflater, data: bytes) -> Iterator[bytes]:
    """What comes out before the byte that is wrong."""
    for position in range(len(data)):
        try:
            out = inflater.decompress(data[position : position + 1])
        except zlib.error:
            return
        if out:
            yield out


def whole_text(path: Path) -> bytes:
    """The whole contents; CaptureError where they end early or are too long."""
    reader = LineReader(path)
    parts: list[bytes] = []
    size = 0
    for part in reader.chunks():
        size += len(part)
        if size > LINE_BYTES_MAX:
            raise CaptureError(f"{path.name} is too long for one JSON document")
        parts.append(part)
    if reader.fault:
        raise CaptureError(f"{path.name} is cut off; copy the file again")
    return b"".join(parts)
