"""What one group changes: the rows it adds and the rows it alters, before they are durable."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Protocol

from engine.model.graph import Graph, NodeStatus
from engine.model.instruments import Environment
from engine.model.order_ids import node_order_id
from engine.model.units import Side
from engine.store.rows import (
    AccountRow,
    BodyRow,
    ChildRow,
    DecisionRow,
    FillRow,
    GraphRow,
    MetaRow,
    NodeRow,
)

__all__ = ["AccountKey", "ChangedGraph", "Changes", "GraphKey", "Source", "new_nodes"]

# Environments as booleans (is it live?): enums hash slowly.
AccountKey = tuple[str, bool]
GraphKey = tuple[str, bool, str]


class Source(Protocol):
    """Committed rows, asked for when the reducer does not remember them."""

    def account(self, client_id: str, environment: Environment) -> AccountRow | None:
        """The account of a client in an environment."""
        ...

    def graph(self, account: int, graph_id: str) -> tuple[GraphRow, Sequence[NodeRow]] | None:
        """A graph with its nodes in node order."""
        ...

    def child(self, client_order_id: str) -> ChildRow | None:
        """A child order."""
        ...

    def last_numbers(self) -> tuple[int, int]:
        """The highest account and the highest order number, 0 where there is none."""
        ...


class ChangedGraph:
    """A graph that a group touched: its row, and the nodes touched. All of it new, or none."""

    __slots__ = ("known", "new", "nodes", "row")

    def __init__(self, row: GraphRow, *, new: bool, known: Mapping[str, NodeRow]) -> None:
        self.row = row
        self.new = new
        self.known = known
        self.nodes: dict[str, NodeRow] = {}

    def node(self, node_id: str) -> NodeRow | None:
        """The node's row to change; None when the graph has no such node."""
        row = self.nodes.get(node_id)
        if row is None:
            before = self.known.get(node_id)
            if before is not None:
                row = self.nodes[node_id] = copy.copy(before)
        return row


class Changes:
    """Rows that one group adds and rows that it changes."""

    __slots__ = (
        "accounts",
        "bodies",
        "children",
        "decisions",
        "fills",
        "graphs",
        "meta",
        "new_accounts",
        "new_children",
        "next_account",
        "next_order",
        "posts",
    )

    def __init__(self, next_account: int, next_order: int) -> None:
        self.next_account = next_account
        self.next_order = next_order
        self.new_accounts: dict[AccountKey, AccountRow] = {}
        self.accounts: dict[AccountKey, AccountRow] = {}
        self.graphs: dict[GraphKey, ChangedGraph] = {}
        self.bodies: list[BodyRow] = []
        self.new_children: dict[str, ChildRow] = {}
        self.children: dict[str, ChildRow] = {}
        self.fills: list[FillRow] = []
        self.decisions: list[DecisionRow] = []
        self.posts: list[DecisionRow] = []
        self.meta: dict[str, MetaRow] = {}

    def graph_rows(self, *, new: bool) -> list[GraphRow]:
        return [graph.row for graph in self.graphs.values() if graph.new is new]

    def node_rows(self, *, new: bool) -> list[NodeRow]:
        graphs = self.graphs.values()
        return [row for graph in graphs if graph.new is new for row in graph.nodes.values()]


def new_nodes(row: GraphRow, graph: Graph) -> dict[str, NodeRow]:
    """The rows of a new graph's nodes, before anything happened to them."""
    nodes: dict[str, NodeRow] = {}
    for index, node in enumerate(graph.nodes):
        nodes[node.node_id] = NodeRow(
            row.first_order + index,
            row.graph_number,
            row.account,
            node.node_id,
            node_order_id(row.graph_id, node.node_id, 1),
            node.instrument.symbol,
            Side.BUY if node.side == "buy" else Side.SELL,
            NodeStatus.PENDING,
            "",
            node.fixed_qty_1e8 or 0,
            0,
            0,
            0,
            0,
            "0",
            0,
            0,
            0,
            b"",
            row.created_ns,
            row.created_ns,
            row.first_seq,
            row.first_seq,
            0,
        )
    return nodes
