"""Recordings of a venue's market data as frames in receive order, whatever form they are kept in.

The files' forms are in `venues/replay/formats.py`, the choice of files in
`venues/replay/sources.py`. Opening reads each file once (times, symbols, faults), playing reads it
again: memory stays bounded by the longest line and a window of frames a file.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from engine.errors import CaptureError
from venues.replay.formats import FrameKind, Reading
from venues.replay.names import match_symbol, venue_name
from venues.replay.recorded_file import RecordedFile
from venues.replay.sources import MetadataBody, Sources, find_metadata, find_sources

__all__ = [
    "Capture",
    "CapturedFrame",
    "FrameKind",
    "MetadataBody",
    "open_capture",
    "resolve_symbol",
    "venue_symbols_in",
]

FAULTS_MAX: Final = 64


class CapturedFrame(msgspec.Struct, frozen=True, gc=False):
    """One frame as received.

    `line` tells parallel connections apart, from 0. `tag` is the request's path and query of a
    REPLY, and the fault's sentence of a BROKEN one, whose payload is empty.
    """

    recv_ns: int
    kind: FrameKind
    line: int
    tag: str
    payload: bytes


class Capture:
    """An opened recording of one venue.

    `first_ns` and `last_ns` are receive times of its first and last frame, `count` its frames
    and replies, `lines` its parallel connections, `faults` at most 64 sentences about what could
    not be read, `broken` the lines that were skipped, `metadata` bodies about its instruments.
    `static` says that the frames are standing books, for the static codec whatever the venue.
    """

    def __init__(self, label: str, venue: str, sources: Sources) -> None:
        self.label = label
        self.venue = venue
        self.files = readable_files(sources)
        surveys = [file.survey for file in self.files]
        self.symbols = tuple(dict.fromkeys(name for survey in surveys for name in survey.symbols))
        self.count = sum(survey.count for survey in surveys)
        self.broken = sum(survey.broken for survey in surveys)
        self.faults = tuple([text for survey in surveys for text in survey.faults][:FAULTS_MAX])
        self.files = [file for file in self.files if file.survey.count]
        if not self.files:
            venues = dict.fromkeys(name for survey in surveys for name in survey.venues)
            held = f"; it holds {', '.join(list(venues)[:12])}" if venues else ""
            why = held or (f": {self.faults[0]}" if self.faults else "")
            raise CaptureError(f"{label} holds no frames of {sources.venue}{why}")
        self.static = any(file.document is not None for file in self.files)
        self.first_ns = min(file.survey.first_ns for file in self.files)
        self.last_ns = max(file.survey.last_ns for file in self.files)
        self.line_of_file = lines_of(self.files)
        self.lines = max(self.line_of_file) + 1
        self.metadata: tuple[MetadataBody, ...] = find_metadata(sources, self.symbols)

    def frames(self) -> Iterator[CapturedFrame]:
        """All frames by receive time; at the same time, in the order of files and lines.

        May be called again: every call plays from the beginning.
        """
        streams = [numbered(file.in_order(), number) for number, file in enumerate(self.files)]
        for number, (recv_ns, kind, tag, payload, _) in heapq.merge(
            *streams, key=lambda item: (item[1][0], item[0])
        ):
            yield CapturedFrame(recv_ns, kind, self.line_of_file[number], tag, payload)


def open_capture(path_spec: str, venue: str, symbol: str) -> Capture:
    """The recording at `FILE`, `a+b+c` or a folder, optionally `#VENUE`, as one of `venue`.

    `symbol` helps to choose files of a folder; the frames of other symbols stay in. CaptureError,
    with the file's name, for a path that is missing, empty or no recording of the venue.
    """
    sources = find_sources(path_spec, venue, symbol)
    return Capture(path_spec, venue_name(venue), sources)


def venue_symbols_in(capture: Capture) -> tuple[str, ...]:
    """Symbols that the recording's frames name, as the venue spells them, in order met."""
    return capture.symbols


def resolve_symbol(capture: Capture, symbol: str) -> str:
    """The recording's spelling of a symbol (rules: `names.match_symbol`), else CaptureError."""
    return match_symbol(symbol, capture.symbols, capture.label)


def readable_files(sources: Sources) -> list[RecordedFile]:
    """The files opened; among several, those that are no recordings are left out."""
    files: list[RecordedFile] = []
    first_error: CaptureError | None = None
    for path in sources.files:
        try:
            files.append(RecordedFile(path, sources.venue))
        except CaptureError as error:
            if sources.strict:
                raise
            first_error = first_error or error
    if first_error is not None and not files:
        raise first_error
    return files


def lines_of(files: Sequence[RecordedFile]) -> list[int]:
    """A line for each file: files that follow each other in time continue one line.

    Files whose times overlap are parallel connections; a file of answers alone is on line 0.
    """
    ends: list[int] = []
    lines = [0] * len(files)
    for number in sorted(
        range(len(files)), key=lambda index: (files[index].survey.first_ns, index)
    ):
        survey = files[number].survey
        if not survey.frames:
            continue
        free = (line for line, end in enumerate(ends) if survey.first_ns >= end)
        line = next(free, len(ends))
        if line == len(ends):
            ends.append(0)
        ends[line] = survey.last_ns
        lines[number] = line
    return lines


def numbered(readings: Iterator[Reading], number: int) -> Iterator[tuple[int, Reading]]:
    """Readings with the number of their file."""
    for reading in readings:
        yield number, reading
