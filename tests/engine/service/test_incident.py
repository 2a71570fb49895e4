"""Exports hold what belongs to the graph, come back as written, and show tampering."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import GraphError, JournalError
from engine.model.instruments import Environment
from engine.model.records import EngineStarted, FillRecord, TradingHalted
from engine.service import incident as module
from engine.service.flight_recorder import FlightLimits, FlightRecorder, call_now, spill_files
from engine.service.incident import (
    Incident,
    LiveFrames,
    export_graph,
    read_incident,
    write_incident,
)
from engine.store.queries import Queries
from tests.support.incidents import CLIENT, GRAPH, incident_of, listings_of, real_story, store_of
from tests.support.journals import START_NS

S = 10**9


def flight_of(folder: Path) -> FlightRecorder:
    listings = {"v0": listings_of(1), "elsewhere": ()}
    limits = FlightLimits(pause_ns=1)
    return FlightRecorder(folder, listings, run=2, limits=limits, start=call_now)


def export(spills: Path | None = None, live: LiveFrames | None = None) -> Incident:
    store = store_of(real_story())
    try:
        queries = Queries(store)
        return export_graph(queries, CLIENT, Environment.SANDBOX, GRAPH, spills=spills, live=live)
    finally:
        store.close()


def test_an_export_holds_the_graph_its_start_and_the_halts() -> None:
    story = real_story()
    found = incident_of()
    starts = [x for x in story if isinstance(x.payload, EngineStarted)]
    own = [x for x in story if (x.client_id, x.graph_id) == (CLIENT, GRAPH)]
    halts = [x for x in story if isinstance(x.payload, TradingHalted)]
    expected = sorted([starts[1], *own, *halts], key=lambda entry: entry.seq)
    assert list(found.entries) == expected
    header = found.header
    assert header.engine_version == "0.1.0"
    assert header.symbols == ("BTC-USD",)
    assert header.fills == sum(isinstance(x.payload, FillRecord) for x in own)
    assert (header.first_seq, header.last_seq) == (own[0].seq, own[-1].seq)


@pytest.mark.parametrize("step", [1, 2, 5, 100])
def test_the_start_is_found_however_far_back(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SEARCH", step)
    first = export().entries[0].payload
    assert isinstance(first, EngineStarted)
    assert first.engine_number == 2


def test_an_unknown_graph_is_refused() -> None:
    store = store_of(real_story())
    with pytest.raises(GraphError, match="no graph 'other'"):
        export_graph(Queries(store), CLIENT, Environment.SANDBOX, "other")
    with pytest.raises(GraphError, match="live"):
        export_graph(Queries(store), CLIENT, Environment.LIVE, GRAPH)
    store.close()


def test_a_file_comes_back_as_written(tmp_path: Path) -> None:
    flight = flight_of(tmp_path)
    flight.ring("v0").keep(START_NS - S, 0, bytes(range(256)))
    found = export(live=LiveFrames(2, flight.snapshot(START_NS)))
    assert found.header.frames == 1
    write_incident(tmp_path / "x.incident", found)
    assert read_incident(tmp_path / "x.incident") == found
    assert not list(tmp_path.glob("*.part"))


def test_every_changed_byte_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.incident"
    write_incident(path, incident_of())
    data = path.read_bytes()
    for at in (*range(100), *range(100, len(data), 61), len(data) - 1):
        path.write_bytes(data[:at] + bytes((data[at] ^ 1,)) + data[at + 1 :])
        with pytest.raises(JournalError):
            read_incident(path)


def test_other_files_and_versions_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.incident"
    with pytest.raises(JournalError, match="could not be read"):
        read_incident(path)
    path.write_bytes(b"something else\n")
    with pytest.raises(JournalError, match="no exported incident"):
        read_incident(path)
    write_incident(path, incident_of())
    path.write_bytes(path.read_bytes().replace(b"incident 1 ", b"incident 2 ", 1))
    with pytest.raises(JournalError, match="format version 2"):
        read_incident(path)


def test_a_folder_that_is_missing_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="could not be written"):
        write_incident(tmp_path / "none" / "x.incident", incident_of())


def test_overlapping_spills_give_each_frame_once(tmp_path: Path) -> None:
    """Two files and a live ring of one run: every frame of the span, in order, once."""
    flight = flight_of(tmp_path)
    told = []
    for step in range(30):
        # Several frames share a time; some are too early, some after the graph's end.
        recv_ns = START_NS + (step // 3 - 5) * 30 * S
        flight.ring("v0").keep(recv_ns, 0, b"%d" % step)
        flight.ring("elsewhere").keep(recv_ns, 0, b"another market")
        if START_NS - 120 * S < recv_ns <= START_NS:
            told.append(b"%d" % step)
        if step in (10, 14):
            assert flight.spill(f"at {step}", START_NS + step)
    live = LiveFrames(2, flight.snapshot(START_NS - 30 * S))
    assert len(spill_files(tmp_path)) == 2
    (venue,) = export(tmp_path, live).venues
    assert (venue.venue, venue.run, venue.listings) == ("v0", 2, tuple(listings_of(1)))
    assert [frame.payload for frame in venue.frames] == told


def test_a_damaged_spill_is_named_and_left_out(tmp_path: Path) -> None:
    flight = flight_of(tmp_path)
    flight.ring("v0").keep(START_NS, 0, b"seen")
    assert flight.spill("first", START_NS + 1)
    assert flight.spill("second", START_NS + S)
    broken = spill_files(tmp_path)[0]
    broken.write_bytes(broken.read_bytes()[:-1])
    found = export(tmp_path)
    (sentence,) = found.header.left_out
    assert broken.name in sentence
    assert found.header.frames == 1
