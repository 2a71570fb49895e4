"""The journal in memory, for simulations: the same interface, and faults on demand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext

from engine.errors import JournalError
from engine.model.graph import GraphStatus
from engine.model.instruments import Environment
from engine.model.records import GraphAccepted, JournalEntry
from engine.store.chain import GENESIS, advance, check_order, decode_entry, encode_group
from engine.store.changes import Changes
from engine.store.journal import go_on
from engine.store.projections import Reducer
from engine.store.rows import (
    AccountRow,
    BodyRow,
    ChildRow,
    DecisionRow,
    FillRow,
    GraphRow,
    MetaRow,
    NodeRow,
    Row,
    StoredGraph,
    Value,
)

__all__ = ["MemoryStore"]

ENTRIES_MAX = 1_000_000
FULL = "the journal could not be written (no room); raise `entries_max` of the store in memory"


class MemoryStore:
    """Keeps entries and rows in memory, at most `entries_max` entries; beyond, it is full.

    What SQLite refuses, it refuses too, and like it leaves everything as it was.
    """

    def __init__(self, entries_max: int = ENTRIES_MAX) -> None:
        self.entries_max = entries_max
        self.breathe: Callable[[], None] = go_on
        self.guard: AbstractContextManager[object] = nullcontext()
        self.encoded: list[bytes] = []
        self.head = GENESIS
        self.failures = 0
        self.failure = ""
        self.tables = MemoryTables()
        self.reducer = Reducer(self.tables)

    @property
    def last_seq(self) -> int:
        """Sequence of the last durable entry, 0 in an empty journal."""
        return len(self.encoded)

    @property
    def head_hash(self) -> str:
        """The running hash (hex) after the last durable entry."""
        return self.head.hex()

    def commit(self, group: Sequence[JournalEntry]) -> None:
        """Keep a group, the next in order; JournalError when it is to fail or there is no room."""
        if not group:
            return
        check_order(group, self.last_seq)
        encoded = encode_group(group)
        if self.failures:
            self.failures -= 1
            raise JournalError(self.failure)
        if len(self.encoded) + len(group) > self.entries_max:
            raise JournalError(FULL)
        self.breathe()
        changes = self.reducer.begin()
        self.reducer.reduce(group, encoded, changes)
        with self.guard:
            self.tables.write(changes)
        self.reducer.adopt(changes)
        self.encoded += encoded
        self.head = advance(self.head, encoded)

    def fail(self, reason: str, times: int = 1) -> None:
        """Let the next commits fail for `reason`."""
        self.failure = reason
        self.failures = times

    def crash(self, group: Sequence[JournalEntry] = (), *, kept: bool = False) -> MemoryStore:
        """What the next start finds after a crash during the commit of `group`: all or nothing.

        Faults that were asked for are over, and nothing is remembered but what was durable.
        """
        if kept:
            self.failures = 0
            self.commit(group)
        found = MemoryStore(self.entries_max)
        found.encoded = self.encoded.copy()
        found.head = self.head
        found.tables = self.tables
        found.reducer = Reducer(self.tables)
        return found

    def entries(self, from_seq: int = 1, to_seq: int | None = None) -> Iterator[JournalEntry]:
        """Entries from `from_seq` to `to_seq`, both included, decoded from their bytes."""
        return map(decode_entry, self.encoded[max(from_seq, 1) - 1 : to_seq])

    def open_graphs(self) -> Iterator[StoredGraph]:
        """Every graph that recovery must rebuild, in the order of their numbers."""
        tables = self.tables
        accounts = {row.account: row for row in tables.accounts.values()}
        for row in sorted(tables.graphs.values(), key=_graph_number):
            if row.status not in (GraphStatus.ACTIVE, GraphStatus.PAUSED):
                continue
            account = accounts[row.account]
            accepted = decode_entry(tables.bodies[row.graph_number].accepted).payload
            assert isinstance(accepted, GraphAccepted), "a body is the entry of its acceptance"
            orders = range(row.first_order, row.first_order + row.node_count)
            children = [
                child
                for _, child in sorted(tables.children.items())
                if child.order_number in orders and not child.state.terminal
            ]
            yield StoredGraph(
                account.client_id,
                account.environment,
                row,
                accepted,
                tuple(tables.nodes[order] for order in orders),
                tuple(children),
            )

    def checkpoint(self) -> None:
        """Nothing to move."""

    def close(self) -> None:
        """Nothing to close."""


class MemoryTables:
    """The projections as dictionaries, and the reducer's source of committed rows."""

    def __init__(self) -> None:
        self.accounts: dict[tuple[str, Environment], AccountRow] = {}
        self.graphs: dict[tuple[int, str], GraphRow] = {}
        self.bodies: dict[int, BodyRow] = {}
        self.nodes: dict[int, NodeRow] = {}
        self.children: dict[str, ChildRow] = {}
        self.fills: list[FillRow] = []
        self.decisions: list[DecisionRow] = []
        self.posts: list[DecisionRow] = []
        self.meta: dict[str, MetaRow] = {}

    def account(self, client_id: str, environment: Environment) -> AccountRow | None:
        return self.accounts.get((client_id, environment))

    def graph(self, account: int, graph_id: str) -> tuple[GraphRow, list[NodeRow]] | None:
        row = self.graphs.get((account, graph_id))
        if row is None:
            return None
        orders = range(row.first_order, row.first_order + row.node_count)
        return row, [self.nodes[order] for order in orders]

    def child(self, client_order_id: str) -> ChildRow | None:
        return self.children.get(client_order_id)

    def last_numbers(self) -> tuple[int, int]:
        accounts = (row.account for row in self.accounts.values())
        return max(accounts, default=0), max(self.nodes, default=0)

    def write(self, changes: Changes) -> None:
        """Take the rows; JournalError, with nothing taken, where a new key exists already."""
        new_graphs = changes.graph_rows(new=True)
        if any(
            (row.account, row.graph_id) in self.graphs or row.graph_number in self.bodies
            for row in new_graphs
        ) or any(key in self.children for key in changes.new_children):
            raise JournalError(
                "the journal could not be written (a key exists already); "
                "run `execgraph journal verify`: a record contradicts what is stored"
            )
        for rows in (changes.new_accounts, changes.accounts):
            for account in rows.values():
                self.accounts[account.client_id, account.environment] = account
        for graph in (*new_graphs, *changes.graph_rows(new=False)):
            self.graphs[graph.account, graph.graph_id] = graph
        self.bodies.update((body.graph_number, body) for body in changes.bodies)
        for node in (*changes.node_rows(new=True), *changes.node_rows(new=False)):
            self.nodes[node.order_number] = node
        self.children.update(changes.new_children)
        self.children.update(changes.children)
        self.fills += changes.fills
        self.decisions += changes.decisions
        self.posts += changes.posts
        self.meta.update(changes.meta)

    def rows(self) -> dict[str, list[tuple[Value, ...]]]:
        """Every table's rows in the order of their keys, to compare two stores by."""
        accounts = sorted(self.accounts.values(), key=_account_number)
        graphs = sorted(self.graphs.values(), key=_graph_number)
        by_key: list[tuple[str, Sequence[Row]]] = [
            ("accounts", accounts),
            ("graphs", graphs),
            ("graph_bodies", [row for _, row in sorted(self.bodies.items())]),
            ("nodes", [row for _, row in sorted(self.nodes.items())]),
            ("fills", self.fills),
            ("decisions", self.decisions),
            ("posts", self.posts),
            ("children", [row for _, row in sorted(self.children.items())]),
            ("meta", [row for _, row in sorted(self.meta.items())]),
        ]
        return {name: [row.values() for row in rows] for name, rows in by_key}


def _account_number(row: AccountRow) -> int:
    return row.account


def _graph_number(row: GraphRow) -> int:
    return row.graph_number
