"""One incident as a file: all that the journal holds of a graph, and the market frames it saw.

The first line names the format, its version and the sha256 of the rest; the second is the header
as JSON, for people; then comes one msgpack body.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from engine.errors import GraphError, JournalError
from engine.model.instruments import Environment, Listing
from engine.model.records import (
    ENTRY_VERSION,
    DecisionRecord,
    EngineStarted,
    FillRecord,
    JournalEntry,
    PostRecord,
    TradingHalted,
)
from engine.service.flight_recorder import spill_files
from engine.service.frame_file import Frame, SpilledVenue, frames_of, read_spill
from engine.store.queries import Queries
from engine.store.rows import StoredGraph

__all__ = [
    "INCIDENT_VERSION",
    "Incident",
    "IncidentHeader",
    "IncidentVenue",
    "LiveFrames",
    "export_graph",
    "read_incident",
    "write_incident",
]

INCIDENT_VERSION: Final = 1
MARK: Final = b"execgraph-incident"
LEAD_NS: Final = 120 * 10**9
SEARCH: Final = 4_096
FILE_MAX: Final = 1 << 31


class IncidentHeader(msgspec.Struct, frozen=True, kw_only=True):
    """What the file holds. `left_out` says why frames that once were spilled are not in it."""

    version: int = INCIDENT_VERSION
    entry_version: int = ENTRY_VERSION
    engine_version: str
    client_id: str
    environment: Environment
    graph_id: str
    graph_number: int
    status: str
    symbols: tuple[str, ...]
    first_seq: int
    last_seq: int
    created_ns: int
    updated_ns: int
    entries: int
    decisions: int
    fills: int
    frames: int
    left_out: tuple[str, ...] = ()


class IncidentVenue(msgspec.Struct, frozen=True, kw_only=True):
    """A venue's session in the time of the graph: what it lists, and its frames in order."""

    venue: str
    run: int
    listings: tuple[Listing, ...]
    frames: tuple[Frame, ...]


class Incident(msgspec.Struct, frozen=True):
    """A graph's whole history: its entries, engine starts and halts between, market frames."""

    header: IncidentHeader
    entries: tuple[JournalEntry, ...]
    venues: tuple[IncidentVenue, ...]


class LiveFrames(msgspec.Struct, frozen=True):
    """What a running engine still holds: `FlightRecorder.run` and its `snapshot`."""

    run: int
    venues: tuple[SpilledVenue, ...]


def export_graph(
    queries: Queries,
    client_id: str,
    environment: Environment,
    graph_id: str,
    *,
    spills: Path | None = None,
    live: LiveFrames | None = None,
) -> Incident:
    """Collect an incident; GraphError for a graph that this client never submitted.

    `spills` is the folder of the flight recorder; frames are taken from 120 s before the graph
    to its last entry, each once, as far as they were kept.
    """
    stored = queries.graph(client_id, environment, graph_id)
    if stored is None:
        raise GraphError(
            f"there is no graph {graph_id!r} of client {client_id!r} in {environment.value}; "
            "check the id and give the client"
        )
    entries = tuple(_entries(queries, stored))
    decisions = [x.payload for x in entries if isinstance(x.payload, DecisionRecord | PostRecord)]
    symbols = {node.symbol for node in stored.nodes} | {record.symbol for record in decisions}
    names = {venue for record in decisions for venue in record.venues}
    row = stored.row
    gathered = _Gathered(symbols, names, row.created_ns - LEAD_NS, row.updated_ns)
    if spills is not None:
        gathered.take_files(spills)
    if live is not None:
        gathered.take(live.run, live.venues)
    venues = gathered.venues()
    starts = [x.payload.version for x in entries if isinstance(x.payload, EngineStarted)]
    header = IncidentHeader(
        engine_version=starts[0] if starts else "",
        client_id=client_id,
        environment=environment,
        graph_id=graph_id,
        graph_number=row.graph_number,
        status=row.status.value,
        symbols=tuple(sorted(symbols)),
        first_seq=row.first_seq,
        last_seq=row.last_seq,
        created_ns=row.created_ns,
        updated_ns=row.updated_ns,
        entries=len(entries),
        decisions=len(decisions),
        fills=sum(isinstance(x.payload, FillRecord) for x in entries),
        frames=sum(len(venue.frames) for venue in venues),
        left_out=tuple(gathered.left_out),
    )
    return Incident(header, entries, venues)


def write_incident(path: Path, incident: Incident) -> None:
    """Write the file whole or not at all; JournalError when it cannot be written."""
    header = msgspec.json.encode(incident.header)
    body = msgspec.msgpack.encode((incident.entries, incident.venues))
    rest = b"\n".join((header, body))
    first = b"%s %d %s\n" % (MARK, INCIDENT_VERSION, hashlib.sha256(rest).hexdigest().encode())
    part = path.with_name(path.name + ".part")
    try:
        part.write_bytes(first + rest)
        part.replace(path)
    except OSError as error:
        raise JournalError(f"{path} could not be written ({error.strerror}); check it") from error


def read_incident(path: Path) -> Incident:
    """Read a file back; JournalError when it is none, of another version, or was altered."""
    try:
        if path.stat().st_size > FILE_MAX:
            raise JournalError(f"{path} is too large for an incident; choose another file")
        first, _, rest = path.read_bytes().partition(b"\n")
    except OSError as error:
        raise JournalError(f"{path} could not be read ({error.strerror}); check it") from error
    words = first.split(b" ")
    if len(words) != 3 or words[0] != MARK:
        raise JournalError(f"{path} is no exported incident; make one with 'journal export'")
    if words[1] != b"%d" % INCIDENT_VERSION:
        raise JournalError(
            f"{path} has format version {words[1].decode(errors='replace')} and this engine reads "
            f"{INCIDENT_VERSION}; open it with the engine that wrote it"
        )
    if hashlib.sha256(rest).hexdigest().encode() != words[2]:
        raise JournalError(f"{path} does not match its hash: it was altered; export it again")
    header, _, body = rest.partition(b"\n")
    kind = tuple[tuple[JournalEntry, ...], tuple[IncidentVenue, ...]]
    try:
        entries, venues = msgspec.msgpack.decode(body, type=kind)
        return Incident(msgspec.json.decode(header, type=IncidentHeader), entries, venues)
    except msgspec.MsgspecError as error:
        raise JournalError(f"{path} cannot be decoded ({error}); export it again") from error


def _entries(queries: Queries, stored: StoredGraph) -> Iterable[JournalEntry]:
    """The graph's entries, the engine start before them, and starts and halts between."""
    row = stored.row
    start = _start_before(queries, row.first_seq)
    if start is not None:
        yield start
    owner = stored.client_id, stored.environment, row.graph_id
    for entry in queries.entries(row.first_seq, row.last_seq):
        whole_engine = isinstance(entry.payload, EngineStarted | TradingHalted)
        if whole_engine or (entry.client_id, entry.environment, entry.graph_id) == owner:
            yield entry


def _start_before(queries: Queries, seq: int) -> JournalEntry | None:
    """The last start of the engine before an entry, searched backwards."""
    end = seq - 1
    while end >= 1:
        begin = max(1, end - SEARCH + 1)
        found = None
        for entry in queries.entries(begin, end):
            if isinstance(entry.payload, EngineStarted):
                found = entry
        if found is not None:
            return found
        end = begin - 1
    return None


class _Gathered:
    """Frames of some venues and a span of time, each frame once, from overlapping sources."""

    def __init__(self, symbols: set[str], names: set[str], from_ns: int, to_ns: int) -> None:
        self.symbols = symbols
        self.names = names
        self.from_ns = from_ns
        self.to_ns = to_ns
        self.frames: dict[tuple[int, str], list[Frame]] = {}
        self.listings: dict[tuple[int, str], tuple[Listing, ...]] = {}
        self.next_number: dict[tuple[int, str], int] = {}
        self.left_out: list[str] = []

    def take_files(self, folder: Path) -> None:
        """Every readable file that was spilled after the span began."""
        for path in spill_files(folder):
            if path.name[:20] < f"{self.from_ns:020d}":
                continue
            try:
                header, venues = read_spill(path)
            except JournalError as error:
                self.left_out.append(str(error))
                continue
            self.take(header.run, venues)

    def take(self, run: int, venues: Sequence[SpilledVenue]) -> None:
        """What is new in one source; sources come in the order of their time."""
        for venue in venues:
            of_graph = any(x.instrument.symbol in self.symbols for x in venue.listings)
            if not of_graph and venue.venue not in self.names:
                continue
            key = run, venue.venue
            self.listings[key] = venue.listings
            frames = self.frames.setdefault(key, [])
            known = self.next_number.get(key, 0)
            for segment in venue.segments:
                number = segment.number
                for frame in frames_of(segment):
                    if number >= known and self.from_ns <= frame.recv_ns <= self.to_ns:
                        frames.append(frame)
                    number += 1
                known = max(known, number)
            self.next_number[key] = known

    def venues(self) -> tuple[IncidentVenue, ...]:
        """All of it, by run and venue."""
        return tuple(
            IncidentVenue(
                venue=key[1], run=key[0], listings=self.listings[key], frames=tuple(frames)
            )
            for key, frames in sorted(self.frames.items())
        )
