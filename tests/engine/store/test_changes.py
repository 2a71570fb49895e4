"""Rows of one group, before they are durable."""

from __future__ import annotations

from engine.model.graph import GraphStatus, NodeStatus
from engine.model.records import GraphAccepted
from engine.store.changes import ChangedGraph, Changes, new_nodes
from engine.store.rows import GraphRow
from tests.support.journals import EntryMaker


def graph_row() -> GraphRow:
    return GraphRow(4, 1, "g", GraphStatus.ACTIVE, "", 2, 0, 10, 5, 5, 3, 3)


def accepted(nodes: int) -> GraphAccepted:
    payload = EntryMaker().order(nodes=nodes)[0].payload
    assert isinstance(payload, GraphAccepted)
    return payload


def test_new_nodes_are_numbered_in_node_order() -> None:
    nodes = new_nodes(graph_row(), accepted(2).graph)
    assert [(row.node_id, row.order_number) for row in nodes.values()] == [("n0", 10), ("n1", 11)]
    first = nodes["n0"]
    assert first.node_order_id == "graph:g:n0:1"
    assert first.status is NodeStatus.PENDING
    assert (first.qty_1e8, first.first_seq, first.state_seq) == (10**8, 3, 0)


def test_a_known_node_is_copied_before_it_is_changed() -> None:
    known = new_nodes(graph_row(), accepted(2).graph)
    changed = ChangedGraph(graph_row(), new=False, known=known)
    row = changed.node("n1")
    assert row is not None
    row.attempt = 9
    assert known["n1"].attempt == 0
    assert changed.node("n1") is row
    assert changed.node("elsewhere") is None
    assert list(changed.nodes) == ["n1"]


def test_new_and_changed_rows_are_kept_apart() -> None:
    known = new_nodes(graph_row(), accepted(2).graph)
    changes = Changes(1, 1)
    old = ChangedGraph(graph_row(), new=False, known=known)
    old.node("n0")
    new = ChangedGraph(graph_row(), new=True, known={})
    new.nodes = new_nodes(graph_row(), accepted(1).graph)
    changes.graphs = {("a", False, "old"): old, ("a", False, "new"): new}
    assert changes.graph_rows(new=True) == [new.row]
    assert [row.node_id for row in changes.node_rows(new=False)] == ["n0"]
    assert [row.node_id for row in changes.node_rows(new=True)] == ["order"]
