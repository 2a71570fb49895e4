"""Audit of a journal: blocks, hash chain, and that its tables say what its entries say."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

import msgspec

from engine.errors import JournalError
from engine.model.records import ENTRY_VERSION, JournalEntry
from engine.model.units import average_price_1e9
from engine.store.chain import GENESIS, advance, decode_entry, split_block
from engine.store.journal import TEMPORARY, SqliteStore
from engine.store.schema import TABLES, Table, connect_read_only, journal_error

__all__ = ["VerifyReport", "verify"]

GROUP_MAX = 1_024


class VerifyReport(msgspec.Struct, frozen=True):
    """What was found. `problem` is one sentence on the first fault, "" when all is well.

    `bad_seq` is the first sequence at fault, None where it cannot be told. `entries` and
    `head_hash` (hex) are of the part that is sound.
    """

    path: str
    entries: int
    groups: int
    head_hash: str
    problem: str = ""
    bad_seq: int | None = None

    @property
    def ok(self) -> bool:
        return not self.problem


def verify(path: str | Path) -> VerifyReport:
    """Walk a whole journal and say where it is first at fault.

    The tables are compared with those of a second database, reduced from the entries alone and
    kept in a temporary file, so memory stays flat. The chain shows every change of what was
    written by this engine; it is no signature: who can rewrite the whole file can rewrite the
    chain, so keep `head_hash` elsewhere to compare. Raises JournalError when `path` is no journal.
    """
    connection = connect_read_only(Path(path))
    try:
        walk = _Walk(str(path), connection)
        try:
            return walk.run()
        except sqlite3.Error as error:
            return walk.report(str(journal_error("read", error)))
    finally:
        connection.close()


class _Fault(Exception):
    """The first fault, as a sentence, with the sequence where it shows."""

    def __init__(self, problem: str, bad_seq: int | None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.bad_seq = bad_seq


class _Walk:
    """The state of one audit."""

    def __init__(self, path: str, connection: sqlite3.Connection) -> None:
        self.path = path
        self.connection = connection
        self.groups = 0
        self.seq = 0
        self.head = GENESIS

    def run(self) -> VerifyReport:
        scratch = SqliteStore(TEMPORARY)
        try:
            pending: list[JournalEntry] = []
            raw: list[bytes] = []
            for entries, encoded in self.sound_groups():
                pending += entries
                raw += encoded
                if len(pending) >= GROUP_MAX:
                    _reduce(scratch, pending, raw)
                    pending, raw = [], []
            _reduce(scratch, pending, raw)
            self.check_pages()
            for table in TABLES:
                self.compare(table, scratch.connection)
            self.check_sums()
        except _Fault as fault:
            return self.report(fault.problem, fault.bad_seq)
        finally:
            scratch.close()
        return self.report()

    def report(self, problem: str = "", bad_seq: int | None = None) -> VerifyReport:
        return VerifyReport(self.path, self.seq, self.groups, self.head.hex(), problem, bad_seq)

    def sound_groups(self) -> Iterator[tuple[list[JournalEntry], list[bytes]]]:
        """The entries of each row, once the row has stood every check; _Fault at the first."""
        sql = "SELECT first_seq, last_seq, ts_ns, block, hash FROM journal ORDER BY first_seq"
        for first, last, ts_ns, block, mark in self.connection.execute(sql):
            expected = self.seq + 1
            where = f"the journal row of entries {first} to {last}"
            if first != expected:
                text = f"entries {expected} to {first - 1} are missing from the journal"
                if first < expected:
                    text = f"{where} overlaps the one before, which ends at {self.seq}"
                raise _Fault(text, expected)
            encoded, entries = self.decode(where, first, block)
            for seq, entry in enumerate(entries, first):
                if entry.seq != seq:
                    text = f"{where} holds entry {entry.seq} in the place of entry {seq}"
                    raise _Fault(text, seq)
                if not 1 <= entry.version <= ENTRY_VERSION:
                    text = f"entry {seq} has format version {entry.version}, unknown here"
                    raise _Fault(text, seq)
            if not entries or entries[-1].seq != last:
                raise _Fault(f"{where} holds {len(entries)} entries", first)
            head = advance(self.head, encoded)
            if head != mark:
                raise _Fault(f"{where} does not match its hash: it was altered", first)
            if entries[-1].ts_ns != ts_ns:
                raise _Fault(f"{where} bears another time than its last entry", last)
            self.head = head
            self.seq = last
            self.groups += 1
            yield entries, encoded

    def decode(
        self, where: str, first: int, block: bytes
    ) -> tuple[list[bytes], list[JournalEntry]]:
        try:
            encoded = split_block(block)
        except JournalError as error:
            raise _Fault(f"{where} is not a block of entries: {error}", first) from error
        entries: list[JournalEntry] = []
        for seq, raw in enumerate(encoded, first):
            try:
                entries.append(decode_entry(raw))
            except JournalError as error:
                raise _Fault(f"entry {seq}, in {where}, is broken: {error}", seq) from error
        return encoded, entries

    def check_pages(self) -> None:
        """SQLite's own look at its pages and indexes."""
        found = self.connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if found != "ok":
            text = f"the database file is damaged ({found}); restore a backup"
            raise _Fault(text, None)

    def compare(self, table: Table, scratch: sqlite3.Connection) -> None:
        """Every row of a table against the one that the entries give."""
        sql = "SELECT * FROM " + table.name + " ORDER BY " + table.key  # noqa: S608  # fixed names
        stored = self.connection.execute(sql)
        columns = table.columns
        for have, want in zip_longest(stored, scratch.execute(sql)):
            if have == want:
                continue
            if want is None or (have is not None and have[0] < want[0]):
                text = f"table {table.name} has a row {have[0]!r} that no entry explains"
                raise _Fault(text, _seq_of(columns, have))
            if have is None or want[0] < have[0]:
                text = f"table {table.name} lacks the row {want[0]!r}"
                raise _Fault(text, _seq_of(columns, want))
            name, had, wants = next(
                pair for pair in zip(columns, have, want, strict=True) if pair[1] != pair[2]
            )
            row = f"table {table.name}, row {want[0]!r}"
            text = f"{row}: {name} is {had!r}, its entries say {wants!r}"
            raise _Fault(text, _seq_of(columns, want))

    def check_sums(self) -> None:
        """Each node's totals against its fills up to its last recorded state."""
        fills = self.connection.execute(
            "SELECT order_number, seq, qty_1e8, price_1e9, fee_1e9 FROM fills "
            "WHERE order_number IS NOT NULL ORDER BY order_number, seq"
        )
        fill = fills.fetchone()
        sql = (
            "SELECT order_number, node_order_id, state_seq, filled_qty_1e8, price_times_qty, "
            "avg_fill_price_1e9, fees_1e9, fill_count FROM nodes ORDER BY order_number"
        )
        for number, name, state_seq, filled, total, average, fees, count in self.connection.execute(
            sql
        ):
            sums = [0, 0, 0, 0]
            while fill is not None and fill[0] <= number:
                if fill[0] == number and fill[1] <= state_seq:
                    sums[0] += fill[2]
                    sums[1] += fill[2] * fill[3]
                    sums[2] += fill[4]
                    sums[3] += 1
                fill = fills.fetchone()
            if sums != [filled, int(total), fees, count]:
                text = f"order {name!r} claims {filled} filled (1e-8), its fills say {sums[0]}"
                raise _Fault(text, state_seq)
            if average != average_price_1e9(sums[1], sums[0]):
                raise _Fault(f"order {name!r} has a wrong average price", state_seq)


def _reduce(scratch: SqliteStore, entries: list[JournalEntry], raw: list[bytes]) -> None:
    """With the bytes as stored: an entry of an older version would be written otherwise today."""
    try:
        scratch.commit(entries, raw)
    except JournalError as error:
        text = f"entries {entries[0].seq} to {entries[-1].seq} contradict others: {error}"
        raise _Fault(text, entries[0].seq) from error


def _seq_of(columns: tuple[str, ...], row: tuple[object, ...]) -> int | None:
    """The last entry that touched a row, where the table says."""
    for name in ("last_seq", "seq"):
        if name in columns:
            seq = row[columns.index(name)]
            return seq if isinstance(seq, int) else None
    return None
