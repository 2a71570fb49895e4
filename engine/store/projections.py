"""The reducer: entries in, changed rows out; what it needs of the past it reads or remembers."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import TypeVar

from engine.errors import JournalError
from engine.model.graph import GraphStatus
from engine.model.instruments import Environment
from engine.model.orders import ChildState, ReportKind, next_state
from engine.model.records import (
    ChildrenIntended,
    DecisionRecord,
    EngineStarted,
    FillRecord,
    GraphAccepted,
    GraphChanged,
    JournalEntry,
    NodeChanged,
    PostRecord,
    ReportRecorded,
    TradingHalted,
)
from engine.model.risk import KillScope
from engine.model.units import average_price_1e9
from engine.store.changes import AccountKey, ChangedGraph, Changes, GraphKey, Source, new_nodes
from engine.store.rows import (
    HALTED_CANCELS,
    AccountRow,
    BodyRow,
    ChildRow,
    DecisionRow,
    FillRow,
    GraphRow,
    MetaRow,
    NodeRow,
)

__all__ = ["Reducer", "halt_name"]

ACCOUNTS_KEPT = 10_000
NODES_KEPT = 65_536
CHILDREN_KEPT = 65_536

K = TypeVar("K")
V = TypeVar("V")

_LIVE = Environment.LIVE
_OPEN = (GraphStatus.ACTIVE, GraphStatus.PAUSED)


class _LiveGraph:
    """A remembered open graph: committed rows, never changed in place."""

    __slots__ = ("nodes", "row")

    def __init__(self, row: GraphRow, nodes: dict[str, NodeRow]) -> None:
        self.row = row
        self.nodes = nodes


class Reducer:
    """Turns groups of entries into changed rows, without changing anything itself.

    A group may be reduced again from `begin`; only `adopt`, called once the rows are durable,
    moves on. It remembers at most 65,536 nodes of open graphs, as many open children
    and 10,000 accounts; everything else is asked of `source`, so memory stays flat.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self.accounts: dict[AccountKey, AccountRow] = {}
        self.graphs: dict[GraphKey, _LiveGraph] = {}
        self.nodes_kept = 0
        self.children: dict[str, ChildRow] = {}
        last_account, last_order = source.last_numbers()
        self.next_account = last_account + 1
        self.next_order = last_order + 1

    def begin(self) -> Changes:
        """Nothing changed yet, for a new group."""
        return Changes(self.next_account, self.next_order)

    def reduce(
        self, entries: Sequence[JournalEntry], encoded: Sequence[bytes], changes: Changes
    ) -> None:
        """Add to `changes` what `entries` (the next in order, with their bytes) change.

        JournalError for a graph that is accepted twice in the group.
        """
        for entry, raw in zip(entries, encoded, strict=True):
            _APPLY[type(entry.payload)](self, changes, entry, raw)

    def adopt(self, changes: Changes) -> None:
        """The rows of `changes` are durable: remember those that are likely to change again."""
        self.next_account = changes.next_account
        self.next_order = changes.next_order
        self.accounts.update(changes.new_accounts)
        self.accounts.update(changes.accounts)
        _shrink(self.accounts, ACCOUNTS_KEPT)
        for rows in (changes.new_children, changes.children):
            for key, child in rows.items():
                self.children.pop(key, None)
                if not child.state.terminal:
                    self.children[key] = child
        _shrink(self.children, CHILDREN_KEPT)
        for graph_key, graph in changes.graphs.items():
            self._remember(graph_key, graph)
        while self.nodes_kept > NODES_KEPT:
            oldest = self.graphs.pop(next(iter(self.graphs)))
            self.nodes_kept -= len(oldest.nodes)

    def _remember(self, key: GraphKey, graph: ChangedGraph) -> None:
        live = self.graphs.pop(key, None)
        if live is not None:
            self.nodes_kept -= len(live.nodes)
        if graph.row.status not in _OPEN:
            return
        if live is None:
            live = _LiveGraph(graph.row, dict(graph.known))
        live.row = graph.row
        live.nodes.update(graph.nodes)
        self.graphs[key] = live
        self.nodes_kept += len(live.nodes)

    # -- one method for each kind of entry, in the order of their tags

    def engine_started(self, changes: Changes, entry: JournalEntry, raw: bytes) -> None:
        payload = entry.payload
        assert isinstance(payload, EngineStarted)
        number, text = payload.engine_number, payload.version
        changes.meta["engine"] = MetaRow("engine", number, text, entry.seq)

    def graph_accepted(self, changes: Changes, entry: JournalEntry, raw: bytes) -> None:
        payload = entry.payload
        assert isinstance(payload, GraphAccepted)
        graph = payload.graph
        key = (entry.client_id, entry.environment is _LIVE, entry.graph_id)
        if key in changes.graphs:
            raise JournalError(f"graph {entry.graph_id!r} is accepted twice; stop the engine")
        account = self._account(changes, entry)
        count = len(graph.nodes)
        row = GraphRow(
            payload.graph_number,
            account.account,
            entry.graph_id,
            GraphStatus.ACTIVE,
            "",
            count,
            len(graph.edges),
            changes.next_order,
            entry.ts_ns,
            entry.ts_ns,
            entry.seq,
            entry.seq,
        )
        changed = ChangedGraph(row, new=True, known={})
        changed.nodes = new_nodes(row, graph)
        changes.graphs[key] = changed
        changes.bodies.append(BodyRow(payload.graph_number, raw))
        changes.next_order += count
        account.graph_count += 1
        account.order_count += count

    def children_intended(self, changes: Changes, entry: JournalEntry, raw: bytes) -> None:
        payload = entry.payload
        assert isinstance(payload, ChildrenIntended)
        node = self._touch(changes, entry)
        if node is None:
            return
        seq = entry.seq
        for child in payload.children:
            changes.new_children[child.client_order_id] = ChildRow(
                child.client_order_id,
                node.order_number,
                child.venue,
                child.side,
                child.qty_1e8,
                child.limit_price_1e9,
                child.tif,
                payload.attempt,
                payload.grant_id,
                0,
                ChildState.SENT,
                "",
                seq,
                seq,
            )

    def decision(self, changes: Changes, entry: JournalEntry, raw: bytes) -> None:
        payload = entry.payload
        assert isinstance(payload, (DecisionRecord, PostRecord))
        node = self._touch(changes, entry)
        account = node.account if node is not None else self._account(changes, entry).account
        rows = changes.decisions if isinstance(payload, DecisionRecord) else changes.posts
        rows.append(
            DecisionRow(
                entry.seq,
                account,
                None if node is None else node.order_number,
                payload.decision_id,
                entry.graph_id,
                entry.node_id,
                payload.symbol,
                entry.ts_ns,
                raw,
            )
        )

    def report_recorded(self, changes: Changes, entry: JournalEntry, raw: bytes) -> None:
        payload = entry.payload
        assert isinstance(payload, ReportRecorded)
        self._touch(changes, entry)
        report = payload.report
        child = self._child(changes, report.client_order_id)
        if child is None:
            return
        if report.terms is not None:
            child.qty_1e8 = report.terms.qty_1e8
            child.limit_price_1e9 = report.terms.limit_price_1e9
        child.state = next_state(
            child.state, report.kind, child.filled_qty_1e8, child.qty_1e8, working=report.working
        )
        child.venue_order_id = report.venue_order_id or child.venue_order_id
        child.last_seq = entry.seq

    def fill(self, changes: Changes, entry: JournalEntry, raw: bytes) -> None:
        fill = entry.payload
        assert isinstance(fill, FillRecord)
        node = self._touch(changes, entry)
        account = self._account(changes, entry)
        account.fill_count += 1
        changes.fills.append(
            FillRow.of(entry, fill, account.account, None if node is None else node.order_number)
        )
        child = self._child(changes, fill.client_order_id)
        if child is not None:
            filled = child.filled_qty_1e8 + fill.qty_1e8
            child.filled_qty_1e8 = filled
            child.state = next_state(child.state, ReportKind.FILL, filled, child.qty_1e8)
            child.last_seq = entry.seq

    def node_changed(self, changes: Changes, entry: JournalEntry, raw: bytes) -> None:
        state = entry.payload
        assert isinstance(state, NodeChanged)
        row = self._touch(changes, entry)
        if row is None:
            return
        row.node_order_id = state.node_order_id
        row.status = state.status
        row.failure_reason = state.reason
        row.qty_1e8 = state.target_qty_1e8
        row.filled_qty_1e8 = state.filled_qty_1e8
        row.working_qty_1e8 = state.working_qty_1e8
        row.unknown_qty_1e8 = state.unknown_qty_1e8
        row.avg_fill_price_1e9 = average_price_1e9(int(state.price_times_qty), state.filled_qty_1e8)
        row.price_times_qty = state.price_times_qty
        row.fees_1e9 = state.fees_1e9
        row.fill_count = state.fill_count
        row.attempt = state.attempt
        row.policy_state = state.policy_state
        row.state_seq = entry.seq

    def graph_changed(self, changes: Changes, entry: JournalEntry, raw: bytes) -> None:
        payload = entry.payload
        assert isinstance(payload, GraphChanged)
        self._touch(changes, entry)
        graph = self._graph(changes, entry)
        if graph is not None:
            graph.row.status = payload.status
            graph.row.reason = payload.reason

    def trading_halted(self, changes: Changes, entry: JournalEntry, raw: bytes) -> None:
        payload = entry.payload
        assert isinstance(payload, TradingHalted)
        name = halt_name(entry.environment, payload.scope, payload.key)
        number = (HALTED_CANCELS if payload.cancel_open else 1) if payload.halted else 0
        changes.meta[name] = MetaRow(name, number, payload.reason, entry.seq)

    # -- rows to change, from this group, from memory or from the source

    def _touch(self, changes: Changes, entry: JournalEntry) -> NodeRow | None:
        """Extend the history of the entry's graph and node; the node's row if there is one."""
        graph = self._graph(changes, entry)
        if graph is None:
            return None
        row = graph.row
        row.last_seq = entry.seq
        row.updated_ns = entry.ts_ns
        if not entry.node_id:
            return None
        node = graph.node(entry.node_id)
        if node is not None:
            node.last_seq = entry.seq
            node.updated_ns = entry.ts_ns
        return node

    def _graph(self, changes: Changes, entry: JournalEntry) -> ChangedGraph | None:
        if not entry.graph_id:
            return None
        key = (entry.client_id, entry.environment is _LIVE, entry.graph_id)
        changed = changes.graphs.get(key)
        if changed is not None:
            return changed
        live = self.graphs.get(key)
        if live is None:
            account = self._known_account(entry)
            found = self.source.graph(account.account, entry.graph_id) if account else None
            if found is None:
                return None
            live = _LiveGraph(found[0], {node.node_id: node for node in found[1]})
        changed = ChangedGraph(copy.copy(live.row), new=False, known=live.nodes)
        changes.graphs[key] = changed
        return changed

    def _known_account(self, entry: JournalEntry) -> AccountRow | None:
        client, environment = entry.client_id, entry.environment
        row = self.accounts.get((client, environment is _LIVE))
        return self.source.account(client, environment) if row is None else row

    def _account(self, changes: Changes, entry: JournalEntry) -> AccountRow:
        key = (entry.client_id, entry.environment is _LIVE)
        row = changes.accounts.get(key) or changes.new_accounts.get(key)
        if row is not None:
            return row
        known = self._known_account(entry)
        if known is not None:
            row = changes.accounts[key] = copy.copy(known)
            return row
        row = AccountRow(changes.next_account, entry.client_id, entry.environment, 0, 0, 0)
        changes.next_account += 1
        changes.new_accounts[key] = row
        return row

    def _child(self, changes: Changes, client_order_id: str) -> ChildRow | None:
        row = changes.new_children.get(client_order_id) or changes.children.get(client_order_id)
        if row is not None:
            return row
        known = self.children.get(client_order_id) or self.source.child(client_order_id)
        if known is None:
            return None
        row = changes.children[client_order_id] = copy.copy(known)
        return row


def halt_name(environment: Environment, scope: KillScope, key: str) -> str:
    """The name under which a kill switch is kept; the desk's has no scope in it."""
    name = f"halted:{environment.value}"
    return name if scope is KillScope.DESK else f"{name}:{scope.value}:{key}"


def _shrink(rows: dict[K, V], kept: int) -> None:
    """Forget the oldest rows beyond `kept`."""
    while len(rows) > kept:
        del rows[next(iter(rows))]


_APPLY: dict[type, Callable[[Reducer, Changes, JournalEntry, bytes], None]] = {
    EngineStarted: Reducer.engine_started,
    GraphAccepted: Reducer.graph_accepted,
    ChildrenIntended: Reducer.children_intended,
    DecisionRecord: Reducer.decision,
    ReportRecorded: Reducer.report_recorded,
    FillRecord: Reducer.fill,
    NodeChanged: Reducer.node_changed,
    GraphChanged: Reducer.graph_changed,
    TradingHalted: Reducer.trading_halted,
    PostRecord: Reducer.decision,
}
