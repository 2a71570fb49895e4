"""Prices that were seen, kept in a file so that orders from before a restart can be reviewed.

Blocks of mids (time, twice the mid; a value holds until the next) and of prints (time, price,
quantity), each with the stretch of time that it covers. What lies in no block was not watched. At
most `BYTES_MAX` bytes of blocks: the oldest go first, a tenth at a time. A crash loses what was not
written yet, which is then not watched.
"""

from __future__ import annotations

import logging
import sqlite3
import zlib
from bisect import bisect_right
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["BYTES_MAX", "MIDS", "PRICES_NAME", "PRINTS", "PriceFile", "Stretch"]

log = logging.getLogger("execgraph")

PRICES_NAME: Final = "prices.db"
# Seven bytes a change: a day of ten instruments whose mids change ten times a second.
BYTES_MAX: Final = 64 * 2**20
BLOCK_ROWS: Final = 512
PRUNE_EVERY: Final = 256
CACHED_BLOCKS: Final = 64
MIDS, PRINTS = 0, 1
WIDTHS: Final = (2, 3)
VERSION: Final = 1
TABLE: Final = (
    "CREATE TABLE IF NOT EXISTS blocks(symbol TEXT, kind INTEGER, from_ns INTEGER, "
    "to_ns INTEGER, body BLOB, PRIMARY KEY(symbol, kind, from_ns)) WITHOUT ROWID"
)
PUT: Final = "INSERT OR REPLACE INTO blocks VALUES (?, ?, ?, ?, ?)"
LAST: Final = (
    "SELECT from_ns, to_ns, body FROM blocks WHERE symbol = ? AND kind = ? AND from_ns <= ? "
    "ORDER BY from_ns DESC LIMIT 1"
)
AFTER: Final = (
    "SELECT from_ns, to_ns, body FROM blocks WHERE symbol = ? AND kind = ? AND from_ns > ? "
    "AND from_ns <= ? ORDER BY from_ns"
)
SIZE: Final = "SELECT ifnull(sum(length(body)), 0), count(*) FROM blocks"
OLDEST: Final = "SELECT from_ns FROM blocks ORDER BY from_ns LIMIT 1 OFFSET ?"

Rows = NDArray[np.int64]


class Stretch:
    """Rows that cover a time without a gap, from the block that holds its start."""

    __slots__ = ("from_ns", "rows", "to_ns")

    def __init__(self, from_ns: int, to_ns: int, rows: Rows) -> None:
        self.from_ns, self.to_ns, self.rows = from_ns, to_ns, rows


class PriceFile:
    """One writer and its reads. A file that fails is left alone: nothing is then remembered."""

    def __init__(self, path: Path, bytes_max: int = BYTES_MAX) -> None:
        self.path = path
        self._bytes_max = bytes_max
        self._open: dict[tuple[str, int], Stretch] = {}
        self._cache: dict[tuple[str, int, int], Stretch] = {}
        self._written = 0
        self._connection: sqlite3.Connection | None = None
        try:
            self._connect()
        except sqlite3.Error as error:
            self._start_anew(error)

    def append(self, symbol: str, kind: int, from_ns: int, to_ns: int, rows: Rows) -> None:
        """Rows of a stretch of time; what lies between it and the one before was not watched."""
        if self._connection is None:
            return
        key = symbol, kind
        held = self._open.get(key)
        if held is None or held.to_ns != from_ns:
            held = self._open[key] = Stretch(from_ns, to_ns, rows)
        elif len(held.rows) >= BLOCK_ROWS:
            if kind == MIDS:
                # A block can be read by itself: it begins with the value that held until then.
                carried = np.array([[from_ns, held.rows[-1, 1]]], np.int64)
                rows = np.concatenate((carried, rows))
            held = self._open[key] = Stretch(from_ns, to_ns, rows)
        else:
            held.to_ns = to_ns
            if len(rows):
                held.rows = np.concatenate((held.rows, rows))
        values = (symbol, kind, held.from_ns, held.to_ns, packed(held.rows))
        try:
            self._connection.execute(PUT, values)
            self._written += 1
            if self._written % PRUNE_EVERY == 0:
                self._prune(self._connection)
        except sqlite3.Error as error:
            log.warning("prices are not kept any more: %s (%s)", self.path, error)
            self.close()

    def value_at(self, symbol: str, when_ns: int, slack_ns: int) -> int | None:
        """The value of MIDS at a time, None where it was not watched or there was none."""
        block = self._block(symbol, MIDS, when_ns)
        if block is None or when_ns > block.to_ns + slack_ns:
            return None
        index = bisect_right(block.rows[:, 0].tolist(), when_ns) - 1
        return int(block.rows[index, 1]) or None if index >= 0 else None

    def stretch(self, symbol: str, kind: int, from_ns: int, to_ns: int) -> Stretch | None:
        """All from the block that holds `from_ns` to the first gap or `to_ns`; None: no block."""
        first = self._block(symbol, kind, from_ns)
        if first is None or first.to_ns < from_ns:
            return None
        parts, end = [first.rows], first.to_ns
        for found in self._fetch(AFTER, (symbol, kind, first.from_ns, to_ns)):
            if found[0] != end:
                break
            part = self._decoded(symbol, kind, found)
            if part is None:
                break
            parts.append(part.rows)
            end = part.to_ns
        return Stretch(first.from_ns, end, np.concatenate(parts))

    def close(self) -> None:
        """Close the file; what was written stays."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _block(self, symbol: str, kind: int, when_ns: int) -> Stretch | None:
        held = self._open.get((symbol, kind))
        if held is not None and held.from_ns <= when_ns:
            return held
        rows = self._fetch(LAST, (symbol, kind, when_ns))
        return self._decoded(symbol, kind, rows[0]) if rows else None

    def _decoded(self, symbol: str, kind: int, found: Any) -> Stretch | None:
        from_ns, to_ns, body = found
        key = symbol, kind, from_ns
        known = self._cache.get(key)
        if known is not None and known.to_ns == to_ns:
            return known
        try:
            rows = unpacked(body, WIDTHS[kind])
        except (zlib.error, ValueError) as error:
            # Its own checksum does not hold: that time was not watched.
            log.warning("a block of prices cannot be read: %s (%s)", self.path, error)
            return None
        if len(self._cache) >= CACHED_BLOCKS:
            del self._cache[next(iter(self._cache))]
        made = self._cache[key] = Stretch(from_ns, to_ns, rows)
        return made

    def _fetch(self, sql: str, values: tuple[object, ...]) -> list[Any]:
        if self._connection is None:
            return []
        try:
            return self._connection.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            log.warning("prices from before cannot be read: %s (%s)", self.path, error)
            return []

    def _prune(self, connection: sqlite3.Connection) -> None:
        size, count = connection.execute(SIZE).fetchone()
        if size > self._bytes_max:
            cut = connection.execute(OLDEST, (count // 10,)).fetchone()[0]
            connection.execute("DELETE FROM blocks WHERE from_ns <= ?", (cut,))

    def _start_anew(self, why: Exception) -> None:
        log.warning("prices from before are lost: %s (%s)", self.path, why)
        self.close()
        try:
            for tail in ("", "-wal", "-shm"):
                Path(f"{self.path}{tail}").unlink(missing_ok=True)
            self._connect()
        except (OSError, sqlite3.Error) as error:
            log.warning("prices are not kept: %s (%s)", self.path, error)
            self.close()

    def _connect(self) -> None:
        self._connection = connection = sqlite3.connect(
            str(self.path), isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA journal_mode = WAL")
        # Never worth waiting for the disk: a power cut costs the last prices and no more.
        connection.execute("PRAGMA synchronous = OFF")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, VERSION):
            raise sqlite3.DatabaseError(f"it has format version {version}")
        connection.execute(TABLE)
        connection.execute(f"PRAGMA user_version = {VERSION:d}")


def packed(rows: Rows) -> bytes:
    """Differences from row to row, compressed; zlib adds a checksum."""
    return zlib.compress(np.diff(rows, axis=0, prepend=0).tobytes(), 1)


def unpacked(body: bytes, width: int) -> Rows:
    """What `packed` wrote; zlib.error or ValueError for anything else."""
    steps = np.frombuffer(zlib.decompress(body), np.int64).reshape(-1, width)
    rows: Rows = np.cumsum(steps, axis=0)
    return rows
