"""Roll-ups kept in a file beside the journal, so that a restart need not read every fill again.

The file is a cache: everything in it can be had from the journal. It is believed only if each row
carries its own checksum, the rows together add up to the sum that was written with them, and the
journal still has, at the place up to which it was read, the block with the hash that it had then.
Anything else is thrown away and read anew.
"""

from __future__ import annotations

import hashlib
import logging
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from engine.intelligence.rollups import RELATIVE_ERROR, SMALLEST_BPS

__all__ = ["ROLLUPS_NAME", "Anchor", "RollupFile", "RollupRow"]

log = logging.getLogger("execgraph")

ROLLUPS_NAME: Final = "rollups.db"
# Cells of another width would mean something else; format 1 counted NO orders at YES prices.
FORMAT: Final = f"2 {RELATIVE_ERROR} {SMALLEST_BPS}"
TABLES: Final = (
    """CREATE TABLE IF NOT EXISTS rows(kind INTEGER, account INTEGER, day INTEGER, venue TEXT,
    symbol TEXT, version INTEGER, body BLOB, mark TEXT,
    PRIMARY KEY(kind, account, day, venue, symbol, version)) WITHOUT ROWID""",
    "CREATE TABLE IF NOT EXISTS anchor(id INTEGER PRIMARY KEY CHECK (id = 1), body BLOB)",
)
SELECT: Final = "SELECT kind, account, day, venue, symbol, version, body, mark FROM rows"
PUT: Final = "INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
PUT_ANCHOR: Final = "INSERT OR REPLACE INTO anchor VALUES (1, ?)"
MASK: Final = 2**64 - 1

RowKey = tuple[int, int, int, str, str, int]


class RollupRow(msgspec.Struct, frozen=True, gc=False):
    """One row: (kind, account, day, venue, symbol, version) and its content."""

    key: RowKey
    body: bytes

    @property
    def mark(self) -> int:
        """A checksum of key and content, 64 bits."""
        text = repr((self.key, self.body)).encode()
        return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest())


class Anchor(msgspec.Struct, frozen=True, gc=False):
    """How far the journal was read, and the hash of its block there."""

    last_fill: int
    last_order: int
    seq: int
    hash: bytes


class Written(msgspec.Struct, frozen=True, gc=False):
    """The anchor as it stands in the file: with the number of rows and the sum of their marks."""

    format: str
    anchor: Anchor
    rows: int
    marks: str


class RollupFile:
    """`load` once, then `save` what changed; one writer. No file, no error: it is a cache.

    Bounded by the days, venues and symbols that accounts traded.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._marks: dict[RowKey, int] = {}
        self._sum = 0
        self._connection: sqlite3.Connection | None = None
        try:
            self._open()
        except sqlite3.Error as error:
            self.forget(f"it cannot be opened ({error})")

    @property
    def usable(self) -> bool:
        """False once the disk refused it; totals are then kept in memory alone."""
        return self._connection is not None

    def load(self) -> tuple[Anchor, list[RollupRow]] | None:
        """What was written last; None when there is nothing, or nothing that can be believed."""
        if self._connection is None:
            return None
        try:
            head = self._connection.execute("SELECT body FROM anchor").fetchall()
            found = self._connection.execute(SELECT).fetchall()
            if not head and not found:
                return None
            written = msgspec.msgpack.decode(head[0][0], type=Written)
            rows = []
            for *key, body, mark in found:
                row = RollupRow(msgspec.convert(tuple(key), RowKey), bytes(body))
                if str(row.mark) != mark:
                    raise ValueError("a row does not carry its own checksum")
                rows.append(row)
        except (sqlite3.Error, ValueError, TypeError, IndexError) as error:
            self.forget(str(error))
            return None
        marks = {row.key: row.mark for row in rows}
        total = sum(marks.values()) & MASK
        if (written.format, written.rows, written.marks) != (FORMAT, len(rows), str(total)):
            self.forget("its rows are not those that were written with its end")
            return None
        self._marks, self._sum = marks, total
        return written.anchor, rows

    def save(self, anchor: Anchor, rows: Iterable[RollupRow]) -> None:
        """Write changed rows and how far they go, all or nothing."""
        connection = self._connection
        if connection is None:
            return
        marks, total = dict(self._marks), self._sum
        values = []
        for row in rows:
            mark = row.mark
            total = (total - marks.get(row.key, 0) + mark) & MASK
            marks[row.key] = mark
            values.append((*row.key, row.body, str(mark)))
        written = Written(FORMAT, anchor, len(marks), str(total))
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(PUT, values)
            connection.execute(PUT_ANCHOR, (msgspec.msgpack.encode(written),))
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            log.warning("roll-ups are kept in memory only: %s (%s)", self.path, error)
            self.close()
            return
        self._marks, self._sum = marks, total

    def forget(self, why: str) -> None:
        """Throw the file away and begin an empty one."""
        log.warning("the roll-ups are read from the journal again: %s: %s", self.path, why)
        self.close()
        self._marks, self._sum = {}, 0
        try:
            for tail in ("", "-wal", "-shm"):
                Path(f"{self.path}{tail}").unlink(missing_ok=True)
            self._open()
        except (OSError, sqlite3.Error) as error:
            log.warning("roll-ups are kept in memory only: %s (%s)", self.path, error)
            self.close()

    def close(self) -> None:
        """Close the file; what was saved stays."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _open(self) -> None:
        self._connection = sqlite3.connect(
            str(self.path), isolation_level=None, check_same_thread=False
        )
        self._connection.execute("PRAGMA journal_mode = WAL")
        # What a power cut tears off is read again from the journal.
        self._connection.execute("PRAGMA synchronous = OFF")
        for statement in TABLES:
            self._connection.execute(statement)
