"""One file of a recording: its format, a first look over it, and its frames in receive order."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from engine.errors import CaptureError
from venues.replay.formats import FORMATS, FrameKind, LineFormat, Reading
from venues.replay.lines import LineReader, whole_text
from venues.replay.names import symbols_of_frame, venue_name

__all__ = ["RecordedFile", "Survey"]

PEEKED_LINES: Final = 64
FAULTS_KEPT: Final = 32
SYMBOLS_MAX: Final = 4_096
WINDOW: Final = 4_096
INSTANT_NS: Final = 1_000_000_000


class Survey:
    """What a first pass over a file found."""

    __slots__ = (
        "backwards",
        "broken",
        "count",
        "faults",
        "first_ns",
        "frames",
        "last_ns",
        "symbols",
        "venues",
    )

    def __init__(self) -> None:
        self.first_ns = -1
        self.last_ns = -1
        self.count = 0
        self.frames = 0
        self.broken = 0
        self.backwards = False
        self.faults: list[str] = []
        self.symbols: dict[str, None] = {}
        self.venues: dict[str, None] = {}


class StaticBook(msgspec.Struct, gc=False):
    """Whose book an object of the multi-exchange recording is."""

    venue: str
    base: str
    quote: str


class StaticInstant(msgspec.Struct, gc=False):
    """The books of one instant."""

    books: list[msgspec.Raw]


class StaticDocument(msgspec.Struct, gc=False):
    """The whole multi-exchange recording."""

    snapshots: list[StaticInstant]


STATIC_BOOKS: Final = msgspec.json.Decoder(StaticBook)
STATIC_DOCUMENTS: Final = msgspec.json.Decoder(StaticDocument)


class RecordedFile:
    """A file of one venue's recording; CaptureError where it is no recording at all."""

    def __init__(self, path: Path, venue: str) -> None:
        self.path = path
        self.venue = venue
        self.reader = LineReader(path)
        self.format: LineFormat | None = None
        self.document: StaticDocument | None = None
        self.detect()
        self.survey = self.look_over()

    def detect(self) -> None:
        """Find the format by the first line that one of them can read."""
        peeked = 0
        for _, line, _ in self.reader:
            if not line.strip():
                continue
            peeked += 1
            for candidate in FORMATS:
                try:
                    candidate(line)
                except ValueError:
                    continue
                self.format = candidate
                return
            if peeked >= PEEKED_LINES:
                break
        name = self.path.name
        if not peeked and self.reader.fault:
            raise CaptureError(f"{self.reader.fault}; copy the file again")
        if not peeked:
            raise CaptureError(f"{name} is empty; give a file with recorded frames")
        try:
            self.document = STATIC_DOCUMENTS.decode(whole_text(self.path))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            raise CaptureError(
                f"{name} line 1 is in no known recording format; give a file of recorded frames"
            ) from None

    def readings(self) -> Iterator[Reading]:
        """What the file holds for the venue, in its own order, broken lines included."""
        return self.of_document() if self.document is not None else self.of_lines(None)

    def of_document(self) -> Iterator[Reading]:
        """Books of the multi-exchange recording: instant i is taken as received at second i + 1."""
        assert self.document is not None
        for number, instant in enumerate(self.document.snapshots, 1):
            for raw in instant.books:
                try:
                    book = STATIC_BOOKS.decode(raw)
                except msgspec.MsgspecError:
                    sentence = f"{self.path.name} instant {number} holds something else than a book"
                    yield number * INSTANT_NS, FrameKind.BROKEN, sentence, b"", ""
                    continue
                if venue_name(book.venue) == self.venue:
                    yield number * INSTANT_NS, FrameKind.FRAME, "", bytes(raw), book.venue

    def of_lines(self, survey: Survey | None) -> Iterator[Reading]:
        """Readings of a line format; a last line cut short is a fault but no lost frame."""
        assert self.format is not None
        read = self.format
        recv_ns = 0
        for number, line, ended in self.reader:
            if not line or line.isspace():
                continue
            try:
                reading = read(line)
            except ValueError as error:
                if not ended:
                    if survey is not None and not self.reader.fault:
                        survey.faults.append(f"{self.path.name} ends inside line {number}")
                    continue
                sentence = f"{self.path.name} line {number} is skipped: {error}"
                yield recv_ns, FrameKind.BROKEN, sentence, b"", ""
                continue
            if reading is None:
                continue
            recv_ns = reading[0]
            if reading[4] and venue_name(reading[4]) != self.venue:
                if survey is not None and len(survey.venues) < SYMBOLS_MAX:
                    survey.venues[reading[4]] = None
                continue
            yield reading

    def look_over(self) -> Survey:
        """First and last receive time, symbols, faults."""
        survey = Survey()
        source = self.of_document() if self.document is not None else self.of_lines(survey)
        for recv_ns, kind, tag, payload, _ in source:
            if kind is FrameKind.BROKEN:
                survey.broken += 1
                if survey.broken <= FAULTS_KEPT:
                    survey.faults.append(tag)
                continue
            survey.count += 1
            survey.frames += kind is FrameKind.FRAME
            if recv_ns < survey.last_ns:
                survey.backwards = True
            survey.last_ns = max(survey.last_ns, recv_ns)
            survey.first_ns = recv_ns if survey.first_ns < 0 else min(survey.first_ns, recv_ns)
            if self.document is not None:
                book = STATIC_BOOKS.decode(payload)
                survey.symbols[f"{book.base}-{book.quote}"] = None
            elif len(survey.symbols) < SYMBOLS_MAX:
                for symbol in symbols_of_frame(self.venue, tag, payload):
                    survey.symbols[symbol] = None
        if survey.broken > FAULTS_KEPT:
            more = survey.broken - FAULTS_KEPT
            survey.faults.append(f"{self.path.name} has {more} more lines that were skipped")
        if self.reader.fault:
            survey.faults.append(self.reader.fault)
        return survey

    def in_order(self) -> Iterator[Reading]:
        """Readings by receive time; a file out of order is sorted within a window of frames.

        A reading older still than what has left the window keeps its place after it, with the
        receive time of the frame before it. Broken lines before the first frame are taken there.
        """
        floor = max(self.survey.first_ns, 0)
        for reading in self.windowed() if self.survey.backwards else self.readings():
            if reading[0] < floor:
                yield floor, *reading[1:]
                continue
            floor = reading[0]
            yield reading

    def windowed(self) -> Iterator[Reading]:
        """Sorted by receive time within the last `WINDOW` readings, else in the file's order."""
        window: list[tuple[int, int, Reading]] = []
        for number, reading in enumerate(self.readings()):
            item = (reading[0], number, reading)
            if len(window) < WINDOW:
                heapq.heappush(window, item)
            else:
                yield heapq.heappushpop(window, item)[2]
        while window:
            yield heapq.heappop(window)[2]
