"""The edge checks notice a journal in which an edge, a node or a hedge did what it may not."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from engine.decisions.node_memory import pack_memory, unpack_memory
from engine.model.graph import NodeStatus
from engine.model.records import ChildrenIntended, FillRecord, JournalEntry, NodeChanged
from engine.service.simulation.edge_checks import EdgeChecks
from engine.service.simulation.seed import finished_world
from engine.service.simulation.swarm import FaultLevel
from engine.service.simulation.world import SimulatedWorld

SEEDS = range(1, 13)
Entries = list[JournalEntry]


@pytest.fixture(scope="module")
def runs() -> list[SimulatedWorld]:
    return [finished_world(seed, FaultLevel.NONE) for seed in SEEDS]


def said(run: SimulatedWorld, entries: Entries) -> list[str]:
    listings = [one for venue in run.swarm.venues for one in venue.listings]
    checks = EdgeChecks(listings)
    found = [sentence for entry in entries for sentence in checks.take(entry)]
    return [*found, *checks.at_end()]


def changed(entry: JournalEntry, **changes: object) -> JournalEntry:
    payload = msgspec.structs.replace(entry.payload, **changes)
    return msgspec.structs.replace(entry, payload=payload)


def without_sources(entries: Entries) -> Entries:
    """Fills and states of every node called entry are missing."""
    return [
        one
        for one in entries
        if one.node_id != "entry" or not isinstance(one.payload, FillRecord | NodeChanged)
    ]


def double_orders(entries: Entries) -> Entries:
    """Every attempt sends a hundred times as much."""
    return [
        changed(
            one,
            children=tuple(
                msgspec.structs.replace(child, qty_1e8=100 * child.qty_1e8)
                for child in one.payload.children
            ),
        )
        if isinstance(one.payload, ChildrenIntended)
        else one
        for one in entries
    ]


def unfired(entries: Entries) -> Entries:
    """No edge was ever recorded as fired."""
    found = []
    for one in entries:
        if isinstance(one.payload, NodeChanged):
            memory = unpack_memory(one.payload.policy_state)
            edges = tuple(msgspec.structs.replace(edge, fired=False) for edge in memory.edges)
            packed = pack_memory(msgspec.structs.replace(memory, edges=edges))
            one = changed(one, policy_state=packed)
        found.append(one)
    return found


def stopped_before(entries: Entries) -> Entries:
    """Every node had recorded its stop before its first attempt."""
    found = []
    for one in entries:
        if isinstance(one.payload, NodeChanged) and one.payload.attempt == 0:
            memory = unpack_memory(one.payload.policy_state)
            packed = pack_memory(msgspec.structs.replace(memory, stopping="CANCELLED"))
            one = changed(one, policy_state=packed)
        found.append(one)
    return found


def less_hedged(entries: Entries) -> Entries:
    """A filled hedge has one unit less."""
    filled = {
        (one.graph_id, one.node_id)
        for one in entries
        if isinstance(one.payload, NodeChanged) and one.payload.status is NodeStatus.FILLED
    }
    return [
        changed(one, qty_1e8=one.payload.qty_1e8 - 1)
        if isinstance(one.payload, FillRecord)
        and one.node_id == "hedge"
        and (one.graph_id, one.node_id) in filled
        else one
        for one in entries
    ]


def test_honest_journals_pass(runs: list[SimulatedWorld]) -> None:
    assert [said(run, run.entries) for run in runs] == [[]] * len(runs)


@pytest.mark.parametrize(
    ("tamper", "sentence"),
    [
        (without_sources, "fired before"),
        (double_orders, "its sources make it"),
        (double_orders, "its other exits"),
        (unfired, "started without an edge"),
        (unfired, "sends without a fired edge"),
        (stopped_before, "stopped was it at"),
        (less_hedged, "is filled with"),
    ],
)
def test_a_journal_that_was_tampered_with_is_seen(
    runs: list[SimulatedWorld], tamper: Callable[[Entries], Entries], sentence: str
) -> None:
    found = [one for run in runs for one in said(run, tamper(run.entries))]
    assert any(sentence in one for one in found), sorted(set(found))[:5]
