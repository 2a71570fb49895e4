"""What the shape of a graph says before it runs."""

from __future__ import annotations

from decimal import Decimal

from msgspec.structs import replace

from engine.model.graph import Condition, Edge, EdgeAction, FixedAmount, Graph, Node, Quantity
from engine.model.graph_analysis import (
    FindingKind,
    Severity,
    activation_of,
    analyse,
    edge_id_of,
    incoming,
)
from tests.support.builders import node


def named(name: str, **changes: object) -> Node:
    return replace(node(), node_id=name, **changes)


def fixed(qty: int) -> Quantity:
    return Quantity(fixed=FixedAmount(qty_1e8=qty))


def kinds(graph: Graph) -> list[tuple[FindingKind, Severity, str]]:
    return [(one.kind, one.severity, one.path) for one in analyse(graph).findings]


def link(source: str, target: str, **changes: object) -> Edge:
    fields: dict[str, object] = {"trigger": "on_fill"} | changes
    return Edge(from_node=source, to_node=target, **fields)  # type: ignore[arg-type]  # keywords


def test_activation_ids_and_incoming_edges() -> None:
    edges = (link("a", "b"), link("b", "a", action=EdgeAction.CANCEL, edge_id="mine"))
    graph = Graph(nodes=(named("a"), named("b")), edges=edges)
    assert [activation_of(graph, index) for index in (0, 1)] == ["root", "wait"]
    assert [incoming(graph, index) for index in (0, 1)] == [[1], [0]]
    assert [edge_id_of(graph, number) for number in (0, 1)] == ["e_a_b_0", "mine"]
    assert analyse(graph).findings == ()


def test_a_cycle_that_nothing_starts_is_an_error() -> None:
    graph = Graph(
        nodes=(named("a"), named("b"), named("c")), edges=(link("b", "c"), link("c", "b"))
    )
    found = analyse(graph)
    assert found.cycles == (("b", "c"),)
    assert found.unreachable == ("b", "c")
    assert [one.kind for one in found.errors] == [FindingKind.CYCLE]


def test_a_cycle_with_an_entry_is_told_and_one_of_derived_sizes_refused() -> None:
    edges = (link("a", "b"), link("b", "c"), link("c", "b"))
    graph = Graph(nodes=(named("a"), named("b"), named("c")), edges=edges)
    assert kinds(graph) == [(FindingKind.CYCLE, Severity.WARNING, "nodes[1]")]
    nodes = (named("a"), named("b", quantity="derived"), named("c", quantity="derived"))
    assert kinds(Graph(nodes=nodes, edges=edges)) == [
        (FindingKind.CYCLE, Severity.ERROR, "nodes[1]")
    ]


def test_contradictory_gates_never_fire_and_what_follows_is_unreachable() -> None:
    gate = Condition(fill_ratio_gte=Decimal("0.5"), fill_ratio_lt=Decimal("0.5"))
    graph = Graph(
        nodes=(named("a"), named("b"), named("c")),
        edges=(link("a", "b", condition=gate), link("b", "c")),
    )
    assert kinds(graph) == [
        (FindingKind.NEVER_FIRES, Severity.ERROR, "edges[0].condition"),
        (FindingKind.UNREACHABLE, Severity.WARNING, "nodes[1]"),
        (FindingKind.UNREACHABLE, Severity.WARNING, "nodes[2]"),
        (FindingKind.NEVER_FIRES, Severity.WARNING, "edges[1]"),
    ]


def test_join_all_needs_every_source() -> None:
    gate = Condition(fill_ratio_lt=Decimal(1))
    nodes = (named("a"), named("b"), named("c", join="all"))
    edges = (link("a", "c"), link("b", "c", trigger="on_full_fill", condition=gate))
    assert analyse(Graph(nodes=nodes, edges=edges)).unreachable == ("c",)
    either = (*nodes[:2], named("c"))
    assert analyse(Graph(nodes=either, edges=edges)).unreachable == ()


def test_exits_that_know_nothing_of_each_other_are_told() -> None:
    exits = (named("tp", side="sell"), named("sl", side="sell"))
    edges = (link("in", "tp"), link("in", "sl"))
    graph = Graph(nodes=(named("in"), *exits), edges=edges)
    assert kinds(graph) == [(FindingKind.CONFLICTING_EXITS, Severity.WARNING, "nodes[0]")]
    reduce = link("tp", "sl", action=EdgeAction.REDUCE)
    assert kinds(replace(graph, edges=(*edges, reduce))) == []
    halves = tuple(replace(one, quantity=fixed(5 * 10**7)) for one in exits)
    assert kinds(replace(graph, nodes=(named("in"), *halves))) == []


def test_a_fixed_hedge_behind_a_ratio_states_what_is_naked() -> None:
    nodes = (
        named("spot", quantity=fixed(200 * 10**8)),
        named("hedge", side="sell", quantity=fixed(200 * 10**8)),
    )
    gate = Condition(fill_ratio_gte=Decimal("0.5"))
    edge = link("spot", "hedge", trigger="on_fill_ratio", condition=gate)
    (finding,) = analyse(Graph(nodes=nodes, edges=(edge,))).warnings
    assert finding.kind is FindingKind.NAKED_HEDGE
    assert "100 is naked" in finding.text
    derived = (nodes[0], replace(nodes[1], quantity="derived"))
    assert kinds(Graph(nodes=derived, edges=(edge,))) == []
