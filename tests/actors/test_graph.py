"""The graph actor: nodes start, ends are counted, the status is rolled up and recorded once."""

from __future__ import annotations

import pytest

from actors.graph import GraphActor
from engine.messages import CancelGraph, CancelNode, GraphEnded, NodeEnded, Record, StartNode
from engine.model.graph import GraphStatus, NodeStatus
from engine.model.instruments import Environment
from engine.model.records import GraphChanged
from engine.runtime.actor import ActorRef
from tests.support.probe import Probe, Stage

FILLED, CANCELLED = NodeStatus.FILLED, NodeStatus.CANCELLED
REJECTED, PARTIAL = NodeStatus.REJECTED, NodeStatus.PARTIAL_FILL


class GraphStage(Stage):
    def __init__(self, nodes: int = 1) -> None:
        super().__init__()
        self.registry, self.journal = self.probe("registry"), self.probe("journal")

        def make(graph: ActorRef) -> Probe:
            return Probe()

        self.ref, self.actor = self.spawn(
            lambda: GraphActor(
                "alice", Environment.SANDBOX, "g", 7, [make] * nodes, self.registry, self.journal
            )
        )
        self.run()

    def end(self, *statuses: NodeStatus) -> None:
        for index, status in enumerate(statuses):
            self.tell(self.ref, NodeEnded(index, status, 0, f"why {index}"))

    def cancel(self) -> None:
        self.tell(self.ref, CancelGraph(0, "alice", Environment.SANDBOX, "g"))


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ((FILLED, FILLED), GraphStatus.COMPLETED),
        ((FILLED, PARTIAL), GraphStatus.COMPLETED),
        ((FILLED, REJECTED), GraphStatus.FAILED),
        ((CANCELLED, NodeStatus.FAILED), GraphStatus.FAILED),
    ],
)
def test_the_status_is_rolled_up(statuses: tuple[NodeStatus, ...], expected: GraphStatus) -> None:
    stage = GraphStage(len(statuses))
    stage.end(*statuses)
    (record,) = stage.take(stage.journal, Record)
    assert isinstance(record.payload, GraphChanged)
    assert record.payload.status is expected
    assert record.payload.reason == ("" if expected is GraphStatus.COMPLETED else "why 0")
    assert stage.take(stage.registry, GraphEnded) == [GraphEnded(7)]
    assert stage.ref.stopped


def test_it_waits_for_every_node() -> None:
    stage = GraphStage(2)
    assert [stage.got(node) for node in stage.actor.nodes] == [["StartNode"]] * 2
    stage.end(FILLED)
    assert stage.got(stage.registry) == []
    assert not stage.ref.stopped


def test_a_cancel_reaches_the_nodes_that_still_work() -> None:
    stage = GraphStage(2)
    first, second = stage.actor.nodes
    stage.take(first, StartNode)
    stage.end(FILLED)
    stage.cancel()
    assert stage.got(first) == []
    assert len(stage.take(second, CancelNode)) == 1
    stage.tell(stage.ref, NodeEnded(1, CANCELLED, 0, "CANCELLED"))
    (record,) = stage.take(stage.journal, Record)
    assert isinstance(record.payload, GraphChanged)
    assert record.payload.status is GraphStatus.CANCELLED


def test_a_cancel_that_comes_too_late_changes_nothing() -> None:
    stage = GraphStage(1)
    stage.cancel()
    stage.end(FILLED)
    (record,) = stage.take(stage.journal, Record)
    assert isinstance(record.payload, GraphChanged)
    assert record.payload.status is GraphStatus.COMPLETED
