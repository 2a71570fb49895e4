"""Every fault of a graph in one answer, each with its path."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from engine.model.graph import (
    Edge,
    Execution,
    Graph,
    NotionalAmount,
    Pacing,
    Policy,
    Quantity,
    UniformPacing,
)
from engine.model.risk import Limits
from engine.model.validation import graph_faults, is_identifier, unsupported
from tests.support.builders import graph, node


def paths(faults: list[tuple[str, str]]) -> list[str]:
    assert all(text for _, text in faults)
    return [path for path, _ in faults]


def test_a_good_graph_has_no_faults() -> None:
    assert graph_faults(graph(graph_id="my-graph_1"), Limits()) == []
    assert unsupported(graph()) == []


def test_all_faults_come_at_once() -> None:
    bad = Graph(
        nodes=(
            replace(node(qty_1e8=0), node_id="a b"),
            node(limit_1e9=-1, max_slippage_bps=-1, horizon_ms=0),
            node(symbol=""),
        ),
        graph_id="graph",
    )
    assert paths(graph_faults(bad, Limits())) == [
        "graph_id",
        "nodes[0].node_id",
        "nodes[0].quantity.fixed.qty_1e8",
        "nodes[1].order_type.limit.price_1e9",
        "nodes[1].execution.max_slippage_bps",
        "nodes[1].execution.horizon_ms",
        "nodes[2].node_id",
        "nodes[2].instrument.symbol",
    ]


def test_sizes_are_bounded() -> None:
    limits = Limits(nodes_per_graph_max=1, edges_per_graph_max=0)
    assert paths(graph_faults(Graph(nodes=()), limits)) == ["nodes"]
    assert paths(graph_faults(Graph(nodes=(node(), node())), limits)) == ["nodes"]
    edge = Edge(from_node="order", to_node="order", trigger="on_fill")
    assert paths(graph_faults(Graph(nodes=(node(),), edges=(edge,)), limits)) == ["edges"]


def test_a_quantity_is_one_of_fixed_and_notional() -> None:
    both = replace(node(), quantity=Quantity())
    assert paths(graph_faults(graph(both), Limits())) == ["nodes[0].quantity"]


def test_what_is_not_executed_yet_is_named() -> None:
    paced = Execution(
        policy=Policy.TIME_DRIP, pacing=Pacing(uniform=UniformPacing(num_slices=2, interval_ms=5))
    )
    amount = Quantity(notional=NotionalAmount(usd_1e9=1))
    odd = replace(node(), execution=paced, activation="wait", quantity=amount)
    two = Graph(nodes=(odd, node()), edges=(Edge(from_node="a", to_node="b", trigger="on_fill"),))
    assert paths(unsupported(two)) == [
        "nodes",
        "edges",
        "nodes[0].execution.policy",
        "nodes[0].execution.pacing",
        "nodes[0].quantity",
        "nodes[0].activation",
    ]


@pytest.mark.parametrize(
    ("text", "good"),
    [("a", True), ("A-b_9", True), ("", False), ("a:b", False), ("x" * 65, False), ("é", False)],
)
def test_identifiers(text: str, good: bool) -> None:
    assert is_identifier(text) is good
