"""The checks notice a journal or an exchange that was tampered with, and nothing else."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from engine.model.graph import NodeStatus
from engine.model.records import ChildrenIntended, FillRecord, GraphChanged, NodeChanged
from engine.service.simulation.checkers import Checkers
from engine.service.simulation.seed import finished_world
from engine.service.simulation.swarm import FaultLevel
from engine.service.simulation.world import SimulatedWorld

SEED = 3
Tamper = Callable[[SimulatedWorld], None]


def found_after(tamper: Tamper) -> list[str]:
    run = finished_world(SEED, FaultLevel.NONE)
    tamper(run)
    return list(Checkers(run).at_end())


def drop(run: SimulatedWorld, kind: type) -> None:
    run.durable[:] = [one for one in run.durable if not isinstance(one.payload, kind)]


def double_a_fill(run: SimulatedWorld) -> None:
    index = next(i for i, one in enumerate(run.durable) if isinstance(one.payload, FillRecord))
    run.durable.insert(index, run.durable[index])


def invent_an_order(run: SimulatedWorld) -> None:
    for exchange in run.exchanges.values():
        for order in exchange.memory.closed.values():
            order.client_id = "xg1-999-0-1-0"
            return


def change_an_order(run: SimulatedWorld) -> None:
    for exchange in run.exchanges.values():
        for order in exchange.memory.closed.values():
            order.limit_1e9 += 10**7
            return


def leave_a_node_working(run: SimulatedWorld) -> None:
    index = max(i for i, one in enumerate(run.durable) if isinstance(one.payload, NodeChanged))
    entry = run.durable[index]
    payload = msgspec.structs.replace(entry.payload, status=NodeStatus.EXECUTING)
    run.durable[index] = msgspec.structs.replace(entry, payload=payload)


@pytest.mark.parametrize(
    ("tamper", "sentence"),
    [
        (double_a_fill, "never happened"),
        (lambda run: drop(run, FillRecord), "journal lacks"),
        (lambda run: drop(run, ChildrenIntended), "never intended"),
        (lambda run: drop(run, GraphChanged), "have not ended"),
        (invent_an_order, "never intended"),
        (change_an_order, "differs from its intent"),
        (leave_a_node_working, "is still executing"),
        (lambda run: run.durable.pop(3), "gaps"),
        (lambda run: run.system.halt("a test"), "the system halted"),
        (lambda run: run.world.switch.kill(True, "a test"), "trading is still halted"),
    ],
)
def test_what_is_wrong_is_told(tamper: Tamper, sentence: str) -> None:
    found = found_after(tamper)
    assert any(sentence in fault for fault in found), found


def test_an_honest_run_passes() -> None:
    assert found_after(lambda run: None) == []


def test_entries_are_read_once() -> None:
    run = finished_world(SEED, FaultLevel.NONE)
    checkers = Checkers(run)
    assert list(checkers.on_the_way()) == []
    read = checkers.evidence.read
    assert read == len(run.entries)
    assert list(checkers.at_end()) == []
    assert checkers.evidence.read == read
