"""Every fault of a graph in one answer, each with its path."""

from __future__ import annotations

from decimal import Decimal

import pytest
from msgspec.structs import replace

from engine.model.graph import (
    Condition,
    Edge,
    EdgeAction,
    Graph,
    PriceTrigger,
    Quantity,
    Sizing,
    TimeoutTrigger,
    Trigger,
)
from engine.model.risk import AdmissionRisk, GraphRisk, Limits, RuntimeRisk
from engine.model.validation import entry_price_node, graph_faults, is_identifier
from tests.support.builders import graph, node


def paths(faults: list[tuple[str, str]]) -> list[str]:
    assert all(text for _, text in faults)
    return [path for path, _ in faults]


def test_a_good_graph_has_no_faults() -> None:
    assert graph_faults(graph(graph_id="my-graph_1"), Limits()) == []


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


def pair(edge: Edge, *, quantity: Quantity | str = "derived") -> Graph:
    nodes = replace(node(), node_id="a"), replace(node(), node_id="b", quantity=quantity)
    return Graph(nodes=nodes, edges=(edge,))


def on_price(**fields: object) -> Trigger:
    table = {"direction": "above"} | fields
    return Trigger(on_price=PriceTrigger(**table))  # type: ignore[arg-type]  # keywords


ENTRY = "graph_entry_price"
TIMEOUT = TimeoutTrigger(ms=1)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"edge_id": "a b"}, ["edge_id"]),
        ({"sizing": Sizing(ratio=Decimal(0))}, ["sizing.ratio"]),
        ({"sizing": Sizing(ratio=Decimal(1001))}, ["sizing.ratio"]),
        ({"sizing": Sizing(ratio=Decimal("0.0000000001"))}, ["sizing.ratio"]),
        ({"sizing": Sizing(ratio=Decimal("NaN"))}, ["sizing.ratio"]),
        ({"sizing": Sizing(ratio=Decimal("0.50000000000"))}, []),
        ({"condition": Condition(fill_ratio_gte=Decimal(0))}, ["condition.fill_ratio_gte"]),
        ({"condition": Condition(fill_ratio_gte=Decimal(1))}, []),
        ({"condition": Condition(fill_ratio_lt=Decimal("1.1"))}, ["condition.fill_ratio_lt"]),
        ({"condition": Condition(fill_ratio_lt=Decimal(0))}, []),
        ({"trigger": "on_fill_ratio"}, ["condition.fill_ratio_gte"]),
        ({"trigger": Trigger()}, ["trigger"]),
        ({"trigger": Trigger(on_timeout=TimeoutTrigger(ms=-1))}, ["trigger.on_timeout.ms"]),
        ({"trigger": Trigger(on_timeout=TimeoutTrigger(ms=0))}, []),
        (
            {
                "trigger": Trigger(
                    on_timeout=TIMEOUT, on_price=PriceTrigger(direction="above", price_1e9=1)
                )
            },
            ["trigger"],
        ),
        ({"trigger": on_price()}, ["trigger.on_price"]),
        ({"trigger": on_price(price_1e9=0)}, ["trigger.on_price.price_1e9"]),
        ({"trigger": on_price(price_1e9=1, hold_ms=-1)}, ["trigger.on_price.hold_ms"]),
        ({"trigger": on_price(price_1e9=1, reference=ENTRY)}, ["trigger.on_price"]),
        (
            {"trigger": on_price(price_1e9=1, offset_pct=Decimal(1))},
            ["trigger.on_price.offset_pct"],
        ),
        ({"trigger": on_price(reference=ENTRY)}, []),
        (
            {"trigger": on_price(reference=ENTRY, offset_pct=Decimal(-100))},
            ["trigger.on_price.offset_pct"],
        ),
        ({"trigger": on_price(reference=ENTRY, symbol="X-USD")}, ["trigger.on_price.reference"]),
    ],
)
def test_every_fault_of_an_edge_has_its_path(
    changes: dict[str, object], expected: list[str]
) -> None:
    fields: dict[str, object] = {"from_node": "a", "to_node": "b", "trigger": "on_fill"}
    edge = Edge(**(fields | changes))  # type: ignore[arg-type]  # keywords
    assert paths(graph_faults(pair(edge), Limits())) == [f"edges[0].{one}" for one in expected]


def test_ends_of_edges_are_nodes_and_two_of_them() -> None:
    ghost = Edge(from_node="x", to_node="y", trigger="on_done")
    faults = graph_faults(pair(ghost, quantity=node().quantity), Limits())
    assert paths(faults) == ["edges[0].from_node", "edges[0].to_node"]
    own = Edge(from_node="a", to_node="a", trigger="on_done")
    assert "edges[0].to_node" in paths(graph_faults(pair(own), Limits()))


def test_edge_ids_are_unique_made_ones_included() -> None:
    plain = Edge(from_node="a", to_node="b", trigger="on_fill")
    named = replace(plain, edge_id="e_a_b_0")
    two = replace(pair(plain), edges=(plain, named, replace(named, edge_id="x"), replace(named)))
    assert paths(graph_faults(two, Limits())) == ["edges[1].edge_id", "edges[3].edge_id"]


def test_waiting_and_derived_nodes_need_an_activating_edge() -> None:
    cancel = Edge(from_node="a", to_node="b", trigger="on_fill", action=EdgeAction.CANCEL)
    lone = pair(cancel)
    lone = replace(lone, nodes=(lone.nodes[0], replace(lone.nodes[1], activation="wait")))
    assert paths(graph_faults(lone, Limits())) == ["nodes[1].activation", "nodes[1].quantity"]


def test_the_entry_price_is_the_sources_else_that_of_the_one_root() -> None:
    trigger = on_price(reference=ENTRY, symbol="X-USD")
    edge = Edge(from_node="a", to_node="b", trigger=trigger)
    other = replace(node(symbol="X-USD"), node_id="c")
    graph_ = pair(edge)
    one = replace(graph_, nodes=(*graph_.nodes, other))
    assert entry_price_node(one, edge) == 2
    two = replace(one, nodes=(*one.nodes, replace(other, node_id="d")))
    assert entry_price_node(two, edge) is None
    assert entry_price_node(two, replace(edge, from_node="d")) == 3
    assert entry_price_node(two, replace(edge, trigger=on_price(reference=ENTRY))) == 0
    assert entry_price_node(two, replace(edge, trigger="on_fill")) is None


def test_risk_limits_are_numbers() -> None:
    risk = GraphRisk(
        admission=AdmissionRisk(max_notional_usd=Decimal("NaN")),
        runtime=RuntimeRisk(max_loss_usd=Decimal(-1), max_unhedged_ms=-1),
    )
    assert paths(graph_faults(replace(graph(), risk=risk), Limits())) == [
        "risk.admission.max_notional_usd",
        "risk.runtime.max_loss_usd",
        "risk.runtime.max_unhedged_ms",
    ]


def test_a_cycle_that_nothing_starts_is_refused() -> None:
    there = Edge(from_node="a", to_node="b", trigger="on_fill")
    back = Edge(from_node="b", to_node="a", trigger="on_fill")
    circle = replace(pair(there, quantity=node().quantity), edges=(there, back))
    assert paths(graph_faults(circle, Limits())) == ["nodes[0]"]


@pytest.mark.parametrize(
    ("text", "good"),
    [("a", True), ("A-b_9", True), ("", False), ("a:b", False), ("x" * 65, False), ("é", False)],
)
def test_identifiers(text: str, good: bool) -> None:
    assert is_identifier(text) is good


@pytest.mark.parametrize("metadata", [{"a": "\ud800"}, {"\udfff": "a"}, {"a": "x" * 65_536}])
def test_metadata_that_cannot_be_recorded_is_a_fault(metadata: dict[str, str]) -> None:
    bad = replace(graph(), metadata=metadata)
    assert [path for path, _ in graph_faults(bad, Limits())] == ["metadata"]
    good = replace(graph(), metadata={"desk": "7 \u20ac"})
    assert graph_faults(good, Limits()) == []
