"""What users, the API and recovery read: typed rows from a connection that cannot write."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec

from engine.model.instruments import Environment
from engine.model.intake import fingerprint
from engine.model.order_ids import parse_node_order_id
from engine.model.records import DecisionRecord, GraphAccepted, JournalEntry, PostRecord
from engine.model.risk import KillScope
from engine.store.chain import decode_entry
from engine.store.filters import Filter
from engine.store.journal import SqliteStore, read_entries
from engine.store.rows import (
    HALTED_CANCELS,
    AccountRow,
    ChildRow,
    DecisionRow,
    FillRow,
    GraphRow,
    MetaRow,
    NodeRow,
    Row,
    StoredGraph,
)
from engine.store.schema import connect_read_only, journal_error

__all__ = ["Page", "Queries", "choice_record", "decision_record"]

PAGE_MAX = 1_000

R = TypeVar("R", bound=Row)


class Page(msgspec.Struct, Generic[R], frozen=True):
    """Rows, newest first, of `total` that match; `next_cursor` is None at the end."""

    rows: tuple[R, ...]
    total: int
    next_cursor: int | None


class Queries:
    """Reads of one journal database. A page holds at most 1,000 rows.

    Lists are newest first. An offset counts from the newest row, so it moves as rows come;
    a cursor (`Page.next_cursor`) does not. `client_id` None reads all clients of the environment.
    """

    def __init__(self, source: SqliteStore | str | Path) -> None:
        """Of a store or a path, on a connection of its own; JournalError for what is no journal.

        A store in memory has one connection only: reads then wait while a commit writes.
        """
        path = source.path if isinstance(source, SqliteStore) else Path(source)
        self.shared: SqliteStore | None = None
        if path is not None:
            self.connection = connect_read_only(path)
        else:
            assert isinstance(source, SqliteStore), "only a store may be without a path"
            self.connection = source.connection
            self.shared = source

    def close(self) -> None:
        """Close the connection, unless it is the store's."""
        if self.shared is None:
            self.connection.close()

    # -- lists

    def orders(
        self,
        client_id: str | None,
        environment: Environment,
        *,
        limit: int = 50,
        offset: int = 0,
        cursor: int | None = None,
        symbol: str | None = None,
        node_order_id: str | None = None,
    ) -> Page[NodeRow]:
        """Orders, by the sequence of their creation."""
        found = self._of_order(Filter(client_id, environment, symbol), node_order_id)
        return self._page("nodes", "order_number", NodeRow, found, limit, offset, cursor)

    def fills(
        self,
        client_id: str | None,
        environment: Environment,
        *,
        limit: int = 50,
        offset: int = 0,
        cursor: int | None = None,
        symbol: str | None = None,
        node_order_id: str | None = None,
    ) -> Page[FillRow]:
        """Fills, by the sequence of their entries."""
        found = self._of_order(Filter(client_id, environment, symbol), node_order_id)
        return self._page("fills", "seq", FillRow, found, limit, offset, cursor)

    def decisions(
        self,
        client_id: str | None,
        environment: Environment,
        *,
        last_n: int = 20,
        node_order_id: str | None = None,
        decision_id: int | None = None,
        posts: bool = False,
    ) -> tuple[DecisionRow, ...]:
        """The last decisions to take, newest first; `decision_record` decodes one.

        With `posts` those to rest as well, for which `choice_record` is; with `decision_id` (the
        sequence of its entry) that one.
        """
        found = self._of_order(Filter(client_id, environment, None), node_order_id)
        if decision_id is not None:
            found.add("seq", decision_id)
        tables = ("decisions", "posts") if posts else ("decisions",)
        each = [f"SELECT * FROM {table} {found.where}" for table in tables]  # noqa: S608  # fixed names; values are bound
        sql = " UNION ALL ".join(each) + " ORDER BY seq DESC LIMIT ?"
        values = (*found.values * len(tables), min(last_n, PAGE_MAX))
        return tuple(self._rows(sql, values, DecisionRow))

    def choice_count(self, order_number: int) -> int:
        """How many decisions to take or to post an order has."""
        count = "(SELECT count(*) FROM {} WHERE order_number = ?)"
        sql = f"SELECT {count.format('decisions')} + {count.format('posts')}"
        return int(self._fetch(sql, (order_number, order_number))[0][0])

    def account(self, client_id: str, environment: Environment) -> AccountRow | None:
        """How many graphs, orders and fills a client has; None before the first."""
        sql = "SELECT * FROM accounts WHERE client_id = ? AND environment = ?"
        return self._one(sql, (client_id, environment.value), AccountRow)

    # -- graphs

    def has_graph(self, environment: Environment, graph_id: str) -> bool:
        """Whether any client ever used this graph id."""
        sql = (
            "SELECT 1 FROM accounts CROSS JOIN graphs USING (account) "
            "WHERE environment = ? AND graph_id = ? LIMIT 1"
        )
        return bool(self._fetch(sql, (environment.value, graph_id)))

    def graph(self, client_id: str, environment: Environment, graph_id: str) -> StoredGraph | None:
        """All that is stored of one graph."""
        sql = (
            "SELECT graphs.* FROM graphs JOIN accounts USING (account) "
            "WHERE client_id = ? AND environment = ? AND graph_id = ?"
        )
        row = self._one(sql, (client_id, environment.value, graph_id), GraphRow)
        return None if row is None else self._stored(row, client_id, environment)

    def paused_graphs(self, client_id: str, environment: Environment) -> frozenset[int]:
        """Numbers of the client's graphs that are paused now."""
        sql = (
            # Both conditions on the status, so that the index of open graphs serves it.
            "SELECT graph_number FROM graphs JOIN accounts USING (account) WHERE "
            "status IN ('active', 'paused') AND status = 'paused' "
            "AND client_id = ? AND environment = ?"
        )
        values = (client_id, environment.value)
        return frozenset(row[0] for row in self._fetch(sql, values))

    def fills_of(self, order_number: int) -> list[FillRow]:
        """Every fill of one order, oldest first, for recovery."""
        sql = "SELECT * FROM fills WHERE order_number = ? ORDER BY seq"
        return self._rows(sql, (order_number,), FillRow)

    def children_of(self, order_number: int) -> list[ChildRow]:
        """Every child of one order, ended ones too, for recovery."""
        sql = "SELECT * FROM children WHERE order_number = ? ORDER BY first_seq"
        return self._rows(sql, (order_number,), ChildRow)

    def decision_of(self, child: ChildRow) -> DecisionRecord | None:
        """The choice that made a child; None for one that was posted."""
        sql = "SELECT * FROM decisions WHERE order_number = ? AND seq < ? ORDER BY seq DESC LIMIT 1"
        row = self._one(sql, (child.order_number, child.first_seq), DecisionRow)
        found = None if row is None else decision_record(row)
        return found if found is not None and found.attempt == child.attempt else None

    def positions(self, environment: Environment) -> list[tuple[str, str, int]]:
        """(client, symbol, signed net of all fills in 1e-8); reads every fill once."""
        sql = (
            "SELECT client_id, symbol, sum(CASE side WHEN 0 THEN qty_1e8 ELSE -qty_1e8 END) "
            "FROM fills JOIN accounts USING (account) WHERE environment = ? "
            "GROUP BY client_id, symbol"
        )
        return [tuple(row) for row in self._fetch(sql, (environment.value,))]

    def order_of(self, client_order_id: str) -> tuple[ChildRow, NodeRow, str, str] | None:
        """A child with its order, its client and its graph id; None for an unknown one."""
        sql = "SELECT * FROM children WHERE client_order_id = ?"
        child = self._one(sql, (client_order_id,), ChildRow)
        if child is None:
            return None
        sql = "SELECT * FROM nodes WHERE order_number = ?"
        node = self._one(sql, (child.order_number,), NodeRow)
        assert node is not None, "a child has an order"
        sql = (
            "SELECT client_id, graph_id FROM graphs JOIN accounts USING (account) "
            "WHERE graph_number = ?"
        )
        client_id, graph_id = self._fetch(sql, (node.graph_number,))[0]
        return child, node, client_id, graph_id

    def has_fill(self, fill_id: str) -> bool:
        """Whether a fill of this id is recorded; a look through the account-less ones."""
        sql = "SELECT 1 FROM fills WHERE fill_id = ? LIMIT 1"
        return bool(self._fetch(sql, (fill_id,)))

    def open_graphs(self) -> Iterator[StoredGraph]:
        """Every graph that recovery must rebuild, in the order of their numbers."""
        sql = (
            "SELECT graphs.* FROM graphs WHERE status IN ('active', 'paused') "
            "AND graph_number > ? ORDER BY graph_number LIMIT 1"
        )
        owners = "SELECT * FROM accounts WHERE account = ?"
        row = self._one(sql, (0,), GraphRow)
        while row is not None:
            account = self._one(owners, (row.account,), AccountRow)
            assert account is not None, "a graph has an account"
            yield self._stored(row, account.client_id, account.environment)
            row = self._one(sql, (row.graph_number,), GraphRow)

    def history(
        self, client_id: str, environment: Environment, graph_id: str
    ) -> Iterator[JournalEntry]:
        """Every entry of one graph, oldest first; reads the blocks of its whole span."""
        stored = self.graph(client_id, environment, graph_id)
        if stored is None:
            return
        for entry in self.entries(stored.row.first_seq, stored.row.last_seq):
            same = entry.client_id == client_id and entry.environment is environment
            if same and entry.graph_id == graph_id:
                yield entry

    def entries(self, from_seq: int = 1, to_seq: int | None = None) -> Iterator[JournalEntry]:
        """Entries of a span, both ends included; blocks are decoded one at a time."""
        return read_entries(self._fetch, from_seq, to_seq)

    # -- the engine as a whole

    def last_numbers(self) -> tuple[int, int]:
        """Number of the last engine start and the highest graph number, 0 before the first."""
        row = self._one("SELECT * FROM meta WHERE name = 'engine'", (), MetaRow)
        found = self._fetch("SELECT max(graph_number) FROM graphs", ())
        return 0 if row is None else row.number, found[0][0] or 0

    def fingerprint(self, key: tuple[str, Environment, str]) -> bytes | None:
        """Of the graph of this client, environment and id: sha256 of its canonical JSON."""
        stored = self.graph(*key)
        if stored is None:
            return None
        return fingerprint(stored.accepted.graph)

    def halted(self, environment: Environment) -> str | None:
        """Why trading is halted, None when it is not."""
        name = f"halted:{environment.value}"
        row = self._one("SELECT * FROM meta WHERE name = ?", (name,), MetaRow)
        return row.text if row is not None and row.number else None

    def halts(self, environment: Environment) -> list[tuple[KillScope, str, str]]:
        """(scope, key, reason) of every kill switch that is on."""
        return [found[:3] for found in self.engaged(environment)]

    def engaged(self, environment: Environment) -> list[tuple[KillScope, str, str, bool]]:
        """The same with whether what is open in the scope is to be cancelled."""
        prefix = f"halted:{environment.value}"
        sql = "SELECT * FROM meta WHERE number > 0 AND (name = ? OR name LIKE ?)"
        found = []
        for row in self._rows(sql, (prefix, prefix + ":%"), MetaRow):
            scope, _, key = row.name.removeprefix(prefix).removeprefix(":").partition(":")
            cancels = row.number == HALTED_CANCELS
            found.append((KillScope(scope or "desk"), key, row.text, cancels))
        return found

    def answer(self, client_id: str, key: str) -> tuple[bytes, bytes] | None:
        """Fingerprint and response kept for an idempotency key."""
        sql = "SELECT fingerprint, response FROM idempotency WHERE client_id = ? AND key = ?"
        found = self._fetch(sql, (client_id, key))
        return (found[0][0], found[0][1]) if found else None

    # -- helpers

    def _stored(self, row: GraphRow, client_id: str, environment: Environment) -> StoredGraph:
        sql = "SELECT accepted FROM graph_bodies WHERE graph_number = ?"
        body = self._fetch(sql, (row.graph_number,))[0][0]
        accepted = decode_entry(body).payload
        assert isinstance(accepted, GraphAccepted), "a body is the entry of its acceptance"
        span = (row.first_order, row.first_order + row.node_count - 1)
        sql = "SELECT * FROM nodes WHERE order_number BETWEEN ? AND ? ORDER BY order_number"
        nodes = tuple(self._rows(sql, span, NodeRow))
        sql = (
            "SELECT * FROM children WHERE order_number BETWEEN ? AND ? AND state < 4 "
            "ORDER BY client_order_id"
        )
        children = tuple(self._rows(sql, span, ChildRow))
        return StoredGraph(client_id, environment, row, accepted, nodes, children)

    def _of_order(self, found: Filter, node_order_id: str | None) -> Filter:
        if node_order_id is not None:
            found.add("order_number", self._order_number(found, node_order_id))
        return found

    def _order_number(self, found: Filter, node_order_id: str) -> int:
        """The number of the order that this id names for the filter's client; -1 for none.

        With or without the prefix, and for any submission number that the order has had: what
        was replaced goes on as an alias.
        """
        parts = parse_node_order_id(node_order_id)
        if parts is None:
            return -1
        graph_id, node_id, seq = parts
        sql = (
            "SELECT order_number, node_order_id FROM graphs JOIN nodes ON order_number BETWEEN "  # noqa: S608  # fixed names
            "first_order AND first_order + node_count - 1 WHERE graphs.account IN "
            + found.accounts
            + " AND graph_id = ? AND node_id = ?"
        )
        values = (*found.values[: found.account_values], graph_id, node_id)
        rows = self._fetch(sql, values)
        if not rows:
            return -1
        latest = parse_node_order_id(rows[0][1])
        assert latest is not None, "stored ids are well formed"
        return rows[0][0] if 1 <= seq <= latest[2] else -1

    def _page(
        self,
        table: str,
        key: str,
        kind: type[R],
        found: Filter,
        limit: int,
        offset: int,
        cursor: int | None,
    ) -> Page[R]:
        limit = max(1, min(limit, PAGE_MAX))
        total = self._total(table, found)
        where, values = found.where, list(found.values)
        if cursor is not None:
            where += f" AND {key} < ?"
            values.append(cursor)
        order = f" ORDER BY {key} DESC LIMIT ? OFFSET ?"
        sql = "SELECT * FROM " + table + " " + where + order  # noqa: S608  # fixed names; values are bound
        rows = self._rows(sql, (*values, limit + 1, max(0, offset)), kind)
        more = len(rows) > limit
        rows = rows[:limit]
        return Page(tuple(rows), total, getattr(rows[-1], key) if more else None)

    def _total(self, table: str, found: Filter) -> int:
        if found.only_account:
            column = "order_count" if table == "nodes" else "fill_count"
            head = f"SELECT sum({column}) FROM accounts"  # noqa: S608  # fixed names; values are bound
            sql = head + " WHERE account IN " + found.accounts
        else:
            sql = "SELECT count(*) FROM " + table + " " + found.where  # noqa: S608  # fixed names; values are bound
        return self._fetch(sql, found.values)[0][0] or 0

    def _rows(self, sql: str, values: Sequence[object], kind: type[R]) -> list[R]:
        return [msgspec.convert(row, kind, strict=False) for row in self._fetch(sql, values)]

    def _one(self, sql: str, values: Sequence[object], kind: type[R]) -> R | None:
        rows = self._rows(sql, values, kind)
        return rows[0] if rows else None

    def _fetch(self, sql: str, values: Sequence[object]) -> list[Any]:
        try:
            with nullcontext() if self.shared is None else self.shared.guard:
                return self.connection.execute(sql, tuple(values)).fetchall()
        except sqlite3.Error as error:
            raise journal_error("read", error) from error


def decision_record(row: DecisionRow) -> DecisionRecord:
    """The record of a decision, ready to be redone."""
    payload = decode_entry(row.record).payload
    assert isinstance(payload, DecisionRecord), "a decision row keeps its own entry"
    return payload


def choice_record(row: DecisionRow) -> DecisionRecord | PostRecord:
    """The record of a decision to take or to post, ready to be redone."""
    payload = decode_entry(row.record).payload
    assert isinstance(payload, DecisionRecord | PostRecord), "a decision row keeps its own entry"
    return payload
