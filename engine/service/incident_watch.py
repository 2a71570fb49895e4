"""Reads the durable record as it grows, and has the flight recorder spill when something broke."""

from __future__ import annotations

from collections.abc import Sequence

from engine.model.graph import GraphStatus, NodeStatus
from engine.model.records import GraphChanged, JournalEntry, NodeChanged, TradingHalted
from engine.service.flight_recorder import FlightRecorder

__all__ = ["IncidentWatch"]

BROKEN_NODES = (NodeStatus.REJECTED, NodeStatus.FAILED)


class IncidentWatch:
    """A stream sink: refused and failed nodes, failed graphs and halts are incidents."""

    def __init__(self, flight: FlightRecorder) -> None:
        self.flight = flight

    def deliver(self, entries: Sequence[JournalEntry]) -> bool:
        """Called by the stream actor with what has become durable; an empty call is a farewell."""
        for entry in entries:
            reason = incident_of(entry)
            if reason:
                self.flight.spill(reason, entry.ts_ns)
        if entries:
            self.flight.catch_up(entries[-1].ts_ns)
        return bool(entries)


def incident_of(entry: JournalEntry) -> str:
    """Why this entry is an incident, empty when it is none."""
    payload = entry.payload
    if isinstance(payload, NodeChanged):
        if payload.status in BROKEN_NODES:
            return f"{payload.node_order_id} {payload.status.value}: {payload.reason}"
    elif isinstance(payload, GraphChanged):
        if payload.status is GraphStatus.FAILED:
            return f"{entry.graph_id} failed: {payload.reason}"
    elif isinstance(payload, TradingHalted) and payload.halted:
        return f"trading halted: {payload.reason}"
    return ""
