"""The twin of the edge rules: triggers, gates, groups, and what counts as sent."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from engine.model.graph import (
    Condition,
    Edge,
    EdgeAction,
    Graph,
    Node,
    NodeInstrument,
    NodeStatus,
    TimeoutTrigger,
    Trigger,
)
from engine.service.simulation.edge_twin import Moment, WatchedGraph, WatchedNode, trigger_came

NEW = Moment(NodeStatus.EXECUTING, False, 1_000, 100, 0, False, False)
AFTER = Trigger(on_timeout=TimeoutTrigger(ms=2))


def edge(trigger: object, **changes: object) -> Edge:
    return msgspec.structs.replace(
        Edge(from_node="a", to_node="b", trigger="on_done"), trigger=trigger, **changes
    )


def moment(**changes: object) -> Moment:
    return msgspec.structs.replace(NEW, **changes)


@pytest.mark.parametrize(
    ("trigger", "changes"),
    [
        ("on_accepted", {"accepted": True}),
        ("on_first_fill", {"filled_1e8": 1}),
        ("on_fill", {"filled_1e8": 1}),
        ("on_full_fill", {"status": NodeStatus.FILLED, "filled_1e8": 100}),
        ("on_done", {"status": NodeStatus.REJECTED}),
        ("on_cancel", {"status": NodeStatus.CANCELLED, "by_cancel": True}),
    ],
)
def test_a_trigger_needs_its_state(trigger: str, changes: dict[str, object]) -> None:
    assert trigger_came(edge(trigger), moment(**changes), 5_000)
    assert not trigger_came(edge(trigger), NEW, 5_000)


def test_what_never_started_is_not_done() -> None:
    gone = moment(status=NodeStatus.CANCELLED, by_cancel=True, unreachable=True)
    assert not trigger_came(edge("on_done"), gone, 0)
    assert not trigger_came(edge("on_cancel"), gone, 0)


def test_a_timeout_counts_from_the_activation() -> None:
    assert trigger_came(edge(AFTER), NEW, 2_001_000)
    assert not trigger_came(edge(AFTER), NEW, 2_000_999)
    assert not trigger_came(edge(AFTER), moment(started_ns=0), 10**12)


def test_gates_bound_the_ratio() -> None:
    gate = Condition(fill_ratio_gte=Decimal("0.5"), fill_ratio_lt=Decimal(1))
    gated = edge("on_fill", condition=gate)
    came = [trigger_came(gated, moment(filled_1e8=filled), 0) for filled in (49, 50, 99, 100)]
    assert came == [False, True, True, False]


def test_groups_are_mutual_reductions() -> None:
    names = ("entry", "profit", "stop", "late")
    nodes = tuple(
        Node(
            node_id=name,
            instrument=NodeInstrument(symbol="ETH-USD"),
            side="buy",
            quantity="derived",
        )
        for name in names
    )
    pairs = (("profit", "stop"), ("stop", "profit"), ("profit", "late"))
    edges = tuple(
        Edge(from_node=one, to_node=two, trigger="on_fill", action=EdgeAction.REDUCE)
        for one, two in pairs
    )
    graph = WatchedGraph(Graph(nodes=nodes, edges=edges), (), (1,) * 4, (10**8,) * 4)
    assert graph.group_of("stop") == ["stop", "profit"]
    assert graph.group_of("late") == []
    assert graph.group_of("entry") == []


def test_an_ended_order_counts_what_it_filled_or_claims() -> None:
    node = Node(
        node_id="n",
        instrument=NodeInstrument(symbol="ETH-USD"),
        side="buy",
        quantity="derived",
    )
    watched = WatchedNode(node, (), 1, 10**8, spare=False)
    watched.send("x", 10)
    watched.send("y", 5)
    assert watched.sent_1e8 == 15
    watched.children["x"].filled_1e8 = 2
    watched.children["x"].end(3)
    assert watched.sent_1e8 == 8
    watched.children["y"].end(-1)
    assert watched.sent_1e8 == 3
