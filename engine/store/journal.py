"""The journal on SQLite: a group of entries and all that it changes, in one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import msgspec

from engine.errors import JournalError
from engine.model.instruments import Environment
from engine.model.records import JournalEntry
from engine.store.chain import GENESIS, advance, check_order, decode_block, encode_group, pack_block
from engine.store.changes import Changes
from engine.store.projections import Reducer
from engine.store.rows import AccountRow, ChildRow, GraphRow, NodeRow
from engine.store.schema import (
    ACCOUNTS,
    BODIES,
    CHILDREN,
    DECISIONS,
    FILLS,
    GRAPHS,
    META,
    NODES,
    POSTS,
    TableWriter,
    connect,
    journal_error,
)

__all__ = ["MEMORY", "TEMPORARY", "SqliteStore", "go_on", "read_entries"]

# A database in memory, and a temporary one on disk that deletes itself.
MEMORY = ":memory:"
TEMPORARY = ""
# Entries worked on between two breaths: about 100 us of Python. Under load, when many groups are
# merged into one commit, a breath costs up to the interpreter's switch interval, so there are few.
SLICE = 32
BREATHS_MAX = 16

# The last row is read again at each write, so that a second writer cannot fork the chain.
_APPEND = """
INSERT INTO journal(first_seq, last_seq, ts_ns, block, hash) SELECT ?, ?, ?, ?, ?
WHERE (SELECT last_seq FROM journal ORDER BY first_seq DESC LIMIT 1) IS ?"""

_PUT = "INSERT OR REPLACE INTO idempotency VALUES (?, ?, ?, ?, ?)"
_FREE = "DELETE FROM idempotency WHERE client_id = ? AND key = ?"


class SqliteStore:
    """One journal database and its only writer. Opening an existing one goes on with it.

    Every method blocks and belongs to one thread at a time. A commit is on disk when `commit`
    returns (WAL, synchronous = FULL); what a crash tears off, SQLite takes back whole.
    The writer thread sets two things: `breathe` is called between slices of a commit to let
    others run, `guard` is held while the connection is used, since a database in memory has
    only this one and readers share it.
    """

    def __init__(self, path: str | Path) -> None:
        """JournalError when `path` (":memory:" for none) is no journal or cannot be opened."""
        self.breathe: Callable[[], None] = go_on
        self.guard: AbstractContextManager[object] = nullcontext()
        self.path = None if str(path) in (MEMORY, TEMPORARY) else Path(path)
        self.connection = connect(str(path))
        self.accounts = TableWriter(ACCOUNTS)
        self.graphs = TableWriter(GRAPHS)
        self.bodies = TableWriter(BODIES)
        self.nodes = TableWriter(NODES)
        self.fills = TableWriter(FILLS)
        self.decisions = TableWriter(DECISIONS)
        self.posts = TableWriter(POSTS)
        self.children = TableWriter(CHILDREN)
        self.meta = TableWriter(META)
        try:
            self._last_seq, self._head = self._read_head()
            self.reducer = Reducer(StoredRows(self.connection))
        except sqlite3.Error as error:
            self.connection.close()
            raise journal_error("read", error, self.path or "") from error

    @property
    def last_seq(self) -> int:
        """Sequence of the last durable entry, 0 in an empty journal."""
        return self._last_seq

    @property
    def head_hash(self) -> str:
        """The running hash (hex) after the last durable entry."""
        return self._head.hex()

    def commit(self, group: Sequence[JournalEntry], stored: Sequence[bytes] = ()) -> None:
        """Make a group durable, the next in order, with every row that it changes.

        `stored` are the bytes of entries that were written before, to be kept as they are.

        JournalError when that fails; then nothing has changed, here or on disk, and the same
        group may be committed again.
        """
        if not group:
            return
        check_order(group, self._last_seq)
        encoded: list[bytes] = []
        head = self._head
        changes = self.reducer.begin()
        step = max(SLICE, len(group) // BREATHS_MAX)
        for start in range(0, len(group), step):
            part = group[start : start + step]
            added = stored[start : start + step] if stored else encode_group(part)
            head = advance(head, added)
            self._reduce(part, added, changes)
            encoded += added
            self.breathe()
        with self.guard:
            self._write(group, pack_block(encoded), head, changes)
        self.reducer.adopt(changes)
        self._last_seq = group[-1].seq
        self._head = head

    def entries(self, from_seq: int = 1, to_seq: int | None = None) -> Iterator[JournalEntry]:
        """Entries from `from_seq` to `to_seq`, both included; blocks are decoded one at a time."""
        return read_entries(self._fetch, from_seq, to_seq)

    def put_answers(self, rows: Sequence[tuple[str, str, bytes, bytes, int]]) -> None:
        """Keep answers by idempotency key, (client, key, fingerprint, response, created_ns) each.

        They take the place of earlier ones; an empty response gives its key free again.
        """
        connection = self.connection
        try:
            with self.guard:
                connection.execute("BEGIN IMMEDIATE")
                for row in rows:
                    connection.execute(_PUT if row[3] else _FREE, row if row[3] else row[:2])
                connection.execute("COMMIT")
        except sqlite3.Error as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise journal_error("written", error) from error

    def forget_answers(self, before_ns: int) -> None:
        """Drop answers older than `before_ns`, which bounds the table."""
        self._execute("DELETE FROM idempotency WHERE created_ns < ?", (before_ns,))

    def limit_pages(self, pages: int) -> None:
        """Bound the database file to `pages` pages, never below its present size."""
        self._execute(f"PRAGMA max_page_count = {int(pages)}", ())

    def checkpoint(self) -> None:
        """Move the log into the database file; for idle moments, never needed for durability."""
        self._execute("PRAGMA wal_checkpoint(PASSIVE)", ())

    def close(self) -> None:
        """Close the database; nothing is lost, since every commit was durable."""
        self.connection.close()

    def _read_head(self) -> tuple[int, bytes]:
        sql = "SELECT last_seq, hash FROM journal ORDER BY first_seq DESC LIMIT 1"
        row = self.connection.execute(sql).fetchone()
        return (0, GENESIS) if row is None else (row[0], row[1])

    def _fetch(self, sql: str, values: Sequence[object]) -> list[Any]:
        try:
            with self.guard:
                return self.connection.execute(sql, tuple(values)).fetchall()
        except sqlite3.Error as error:
            raise journal_error("read", error, self.path or "") from error

    def _execute(self, sql: str, values: Sequence[object]) -> None:
        try:
            with self.guard:
                self.connection.execute(sql, tuple(values)).fetchall()
        except sqlite3.Error as error:
            raise journal_error("written", error) from error

    def _reduce(
        self, part: Sequence[JournalEntry], encoded: Sequence[bytes], changes: Changes
    ) -> None:
        try:
            self.reducer.reduce(part, encoded, changes)
        except sqlite3.Error as error:
            raise journal_error("read", error, self.path or "") from error

    def _write(
        self, group: Sequence[JournalEntry], block: bytes, head: bytes, changes: Changes
    ) -> None:
        """All of it in one transaction, or nothing."""
        last = group[-1]
        row = (group[0].seq, last.seq, last.ts_ns, block, head, self._last_seq or None)
        connection = self.connection
        try:
            connection.execute("BEGIN IMMEDIATE")
            if connection.execute(_APPEND, row).rowcount != 1:
                raise JournalError("another process writes this journal; stop one of the two")
            self._write_rows(connection, changes)
            connection.execute("COMMIT")
        except BaseException as error:
            # SQLite has rolled back by itself after the gravest errors, such as a full disk.
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            if isinstance(error, (sqlite3.Error, OverflowError)):
                raise journal_error("written", error, self.path or "") from error
            raise

    def _write_rows(self, connection: sqlite3.Connection, changes: Changes) -> None:
        self.accounts.insert(connection, changes.new_accounts.values())
        self.accounts.update(connection, changes.accounts.values())
        self.graphs.insert(connection, changes.graph_rows(new=True))
        self.graphs.update(connection, changes.graph_rows(new=False))
        self.bodies.insert(connection, changes.bodies)
        self.nodes.insert(connection, changes.node_rows(new=True))
        self.nodes.update(connection, changes.node_rows(new=False))
        self.children.insert(connection, changes.new_children.values())
        self.children.update(connection, changes.children.values())
        self.fills.insert(connection, changes.fills)
        self.decisions.insert(connection, changes.decisions)
        self.posts.insert(connection, changes.posts)
        self.meta.update(connection, changes.meta.values())


def go_on() -> None:
    """No breath is taken unless a thread asks for one."""


class StoredRows:
    """The reducer's source: committed rows, read on the writer's own connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def account(self, client_id: str, environment: Environment) -> AccountRow | None:
        sql = "SELECT * FROM accounts WHERE client_id = ? AND environment = ?"
        found = self.connection.execute(sql, (client_id, environment.value)).fetchone()
        return None if found is None else msgspec.convert(found, AccountRow)

    def graph(self, account: int, graph_id: str) -> tuple[GraphRow, list[NodeRow]] | None:
        sql = "SELECT * FROM graphs WHERE account = ? AND graph_id = ?"
        found = self.connection.execute(sql, (account, graph_id)).fetchone()
        if found is None:
            return None
        graph = msgspec.convert(found, GraphRow)
        sql = "SELECT * FROM nodes WHERE order_number >= ? AND order_number < ?"
        span = (graph.first_order, graph.first_order + graph.node_count)
        nodes = [msgspec.convert(row, NodeRow) for row in self.connection.execute(sql, span)]
        return graph, nodes

    def child(self, client_order_id: str) -> ChildRow | None:
        sql = "SELECT * FROM children WHERE client_order_id = ?"
        found = self.connection.execute(sql, (client_order_id,)).fetchone()
        return None if found is None else msgspec.convert(found, ChildRow)

    def last_numbers(self) -> tuple[int, int]:
        sql = "SELECT (SELECT max(account) FROM accounts), (SELECT max(order_number) FROM nodes)"
        account, order = self.connection.execute(sql).fetchone()
        return account or 0, order or 0


def read_entries(
    fetch: Callable[[str, Sequence[object]], list[Any]], from_seq: int, to_seq: int | None
) -> Iterator[JournalEntry]:
    """Entries of a span of the journal, one block in memory at a time."""
    # One query a block: an iterator that is left half read must not hold the log back.
    sql = (
        "SELECT last_seq, block FROM journal WHERE first_seq >= "
        "coalesce((SELECT max(first_seq) FROM journal WHERE first_seq <= ?), 0) "
        "ORDER BY first_seq LIMIT 1"
    )
    seq = max(from_seq, 1)
    while to_seq is None or seq <= to_seq:
        found = fetch(sql, (seq,))
        if not found or found[0][0] < seq:
            return
        last_seq, block = found[0]
        for entry in decode_block(block):
            if seq <= entry.seq and (to_seq is None or entry.seq <= to_seq):
                yield entry
        seq = last_seq + 1
