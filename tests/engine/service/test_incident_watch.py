"""What counts as an incident, and that each has the recorder spill once."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.model.graph import GraphStatus, NodeStatus
from engine.model.instruments import Environment
from engine.model.records import (
    ENTRY_VERSION,
    GraphChanged,
    JournalEntry,
    NodeChanged,
    RecordPayload,
    TradingHalted,
)
from engine.service.flight_recorder import FlightRecorder, call_now
from engine.service.incident_watch import IncidentWatch, incident_of


def entry(payload: RecordPayload) -> JournalEntry:
    return JournalEntry(ENTRY_VERSION, 1, 10**18, "a", Environment.SANDBOX, "g", "n", 0, payload)


def changed(status: NodeStatus) -> NodeChanged:
    return NodeChanged("graph:g:n:1", status, "why", 1, 0, 0, 0, "0", 0, 0, 1, b"")


@pytest.mark.parametrize(
    ("payload", "incident"),
    [
        (changed(NodeStatus.REJECTED), True),
        (changed(NodeStatus.FAILED), True),
        (changed(NodeStatus.FILLED), False),
        (changed(NodeStatus.EXECUTING), False),
        (GraphChanged(GraphStatus.FAILED, "why"), True),
        (GraphChanged(GraphStatus.COMPLETED, ""), False),
        (TradingHalted(True, "enough"), True),
        (TradingHalted(False, ""), False),
    ],
)
def test_what_is_an_incident(payload: RecordPayload, incident: bool) -> None:
    assert bool(incident_of(entry(payload))) is incident


def test_a_failure_is_spilled_and_a_farewell_ends_it(tmp_path: Path) -> None:
    flight = FlightRecorder(tmp_path, {}, run=1, start=call_now)
    watch = IncidentWatch(flight)
    assert watch.deliver([entry(GraphChanged(GraphStatus.COMPLETED, ""))])
    assert flight.spills == 0
    assert watch.deliver([entry(GraphChanged(GraphStatus.FAILED, "why"))])
    assert flight.spills == 1
    assert not watch.deliver([])
