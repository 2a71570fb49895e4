"""The graph actor: nodes start, ends are counted, the status is rolled up and recorded once."""

from __future__ import annotations

import pytest

from actors.graph import GraphActor, GraphStart
from engine.decisions.graph_guard import GraphGuard, Leg
from engine.errors import Reason
from engine.messages import (
    CancelNode,
    CommandAnswer,
    GraphCommand,
    GraphCommandKind,
    GraphEnded,
    NodeEnded,
    PauseNode,
    Record,
    RecoverNode,
    ResumeNode,
    StartNode,
)
from engine.model.graph import GraphStatus, NodeStatus
from engine.model.instruments import Environment
from engine.model.progress import NodeProgress
from engine.model.records import GraphChanged
from engine.model.units import Side
from engine.runtime.actor import ActorRef
from tests.support.builders import market
from tests.support.probe import Probe, Stage

FILLED, CANCELLED = NodeStatus.FILLED, NodeStatus.CANCELLED
REJECTED, PARTIAL = NodeStatus.REJECTED, NodeStatus.PARTIAL_FILL


class GraphStage(Stage):
    def __init__(self, nodes: int = 1) -> None:
        super().__init__()
        self.registry, self.journal = self.probe("registry"), self.probe("journal")

        def make(graph: ActorRef, peers: list[ActorRef]) -> Probe:
            return Probe()

        roots = tuple(range(nodes))
        start = GraphStart(roots, tuple(f"n{index}" for index in roots))
        self.ref, self.actor = self.spawn(
            lambda: GraphActor(
                "alice", Environment.SANDBOX, "g", 7, [make] * nodes, start, [()] * nodes, None,
                self.registry, self.journal,
            )
        )  # fmt: skip
        self.run()

    def end(self, *statuses: NodeStatus) -> None:
        for index, status in enumerate(statuses):
            self.end_one(index, status, f"why {index}")

    def end_one(self, index: int, status: NodeStatus, reason: str, shortfall: int = 0) -> None:
        word = NodeProgress(index, 1, status, True, 1, 10, 5, 5, 5, True, False, False)
        self.tell(self.ref, NodeEnded(word, reason, shortfall))

    def command(self, kind: GraphCommandKind, node_id: str = "") -> CommandAnswer:
        box = self.driver.ask(
            self.ref,
            lambda reply: GraphCommand(
                reply, "alice", Environment.SANDBOX, "g", kind, node_id, "because"
            ),
        )
        self.run()
        assert isinstance(box.value, CommandAnswer)
        return box.value

    def cancel(self) -> None:
        assert self.command(GraphCommandKind.CANCEL) == CommandAnswer(Reason.NONE)


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
    assert bool(record.payload.reason) is (expected is not GraphStatus.COMPLETED)
    assert stage.take(stage.registry, GraphEnded) == [GraphEnded(7)]
    assert stage.ref.stopped


def test_an_ended_node_is_let_go_unless_something_may_still_come_for_it() -> None:
    stage = GraphStage(4)
    plain, lingering, told, waiting = stage.actor.nodes
    word = NodeProgress(1, 1, CANCELLED, True, 1, 10, 0, 0, 0, True, True, False)
    stage.actor.on_node_ended(NodeEnded(word, "late fills count", lingers=True))
    told.tell(StartNode())
    for index in (0, 2):
        gone = NodeProgress(index, 1, FILLED, True, 1, 10, 10, 10, 5, True, False, False)
        stage.actor.on_node_ended(NodeEnded(gone, ""))
    assert [one.stopped for one in (plain, lingering, told, waiting)] == [True, False, False, False]
    assert stage.actor.nodes == [stage.ref, lingering, told, waiting]
    stage.run()
    assert not stage.system.dead_letters


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
    assert first.stopped and stage.actor.nodes[0] is stage.ref
    stage.cancel()
    assert len(stage.take(second, CancelNode)) == 1
    stage.end_one(1, CANCELLED, "CANCELLED")
    begun, record = stage.take(stage.journal, Record)
    assert isinstance(begun.payload, GraphChanged)
    assert begun.payload.status is GraphStatus.ACTIVE
    assert begun.payload.reason.startswith("cancelling: ")
    assert isinstance(record.payload, GraphChanged)
    assert record.payload.status is GraphStatus.CANCELLED


def test_a_cancel_that_comes_too_late_changes_nothing() -> None:
    stage = GraphStage(1)
    stage.cancel()
    stage.end(FILLED)
    *_, record = stage.take(stage.journal, Record)
    assert isinstance(record.payload, GraphChanged)
    assert record.payload.status is GraphStatus.COMPLETED


def test_a_pause_says_why_and_a_resume_reaches_every_node() -> None:
    stage = GraphStage(2)
    first, second = stage.actor.nodes
    assert stage.command(GraphCommandKind.PAUSE).reason is Reason.NONE
    assert len(stage.take(first, PauseNode)) == len(stage.take(second, PauseNode)) == 1
    stage.command(GraphCommandKind.RESUME)
    assert len(stage.take(first, ResumeNode)) == len(stage.take(second, ResumeNode)) == 1
    told = [record.payload for record in stage.take(stage.journal, Record)]
    assert told == [
        GraphChanged(GraphStatus.PAUSED, "because"),
        GraphChanged(GraphStatus.ACTIVE, "resumed"),
    ]


def test_commands_on_nodes_that_are_not_there_or_have_ended_are_refused() -> None:
    stage = GraphStage(2)
    kind = GraphCommandKind.CANCEL_NODE
    assert stage.command(kind, "nobody").reason is Reason.NOT_FOUND
    stage.end(FILLED)
    assert stage.command(kind, "n0").reason is Reason.ALREADY_ENDED
    assert stage.command(kind, "n1").reason is Reason.NONE
    assert len(stage.take(stage.actor.nodes[1], CancelNode)) == 1


def test_a_hedge_that_fell_short_fails_the_graph() -> None:
    stage = GraphStage(2)
    stage.end(FILLED)
    stage.end_one(1, PARTIAL, "EXPIRED", shortfall=3)
    (record,) = stage.take(stage.journal, Record)
    assert record.payload == GraphChanged(GraphStatus.FAILED, "EXPIRED")


def test_a_lone_node_that_a_kill_of_its_symbol_ended_leaves_a_cancelled_graph() -> None:
    stage = GraphStage(1)
    kill = GraphCommand(
        0, "alice", Environment.SANDBOX, "g", GraphCommandKind.CANCEL, reason="kill", symbol="X"
    )
    stage.tell(stage.ref, kill)
    stage.end_one(0, CANCELLED, "CANCELLED: kill")
    (record,) = stage.take(stage.journal, Record)
    assert isinstance(record.payload, GraphChanged)
    assert record.payload.status is GraphStatus.CANCELLED


@pytest.mark.parametrize(
    ("said", "pending_only"),
    [("NODE_FAILED: node c ended rejected: EXCHANGE_REJECT", True), ("lunch", False)],
)
def test_after_a_restart_the_hedge_that_a_failure_let_go_on_still_goes_on(
    said: str, pending_only: bool
) -> None:
    stage = Stage()
    block = market({"alpha": ([(99 * 10**9, 10**8)], [(100 * 10**9, 10**8)])})
    sides = (Side.BUY, Side.SELL, Side.BUY)
    guard = GraphGuard([Leg(side, "BTC", 10**8, block) for side in sides], None)
    gone = tuple(
        NodeProgress(index, 3, status, True, 5, 10, filled, filled, 5, True, False, False)
        for index, status, filled in ((0, FILLED, 10), (2, REJECTED, 0))
    )
    start = GraphStart(
        (0, 2), ("a", "hedge", "c"), recovered=True, paused=said, ended=gone, said=said
    )
    registry, journal = stage.probe("registry"), stage.probe("journal")
    factories = [lambda graph, peers: Probe()] * 3
    _, actor = stage.spawn(
        lambda: GraphActor(
            "alice", Environment.SANDBOX, "g", 7, factories, start, [()] * 3, guard, registry,
            journal,
        )
    )  # fmt: skip
    stage.run()
    assert stage.take(actor.nodes[1], RecoverNode) == [RecoverNode(True, False, pending_only)]
    assert stage.take(actor.nodes[1], PauseNode) == []
