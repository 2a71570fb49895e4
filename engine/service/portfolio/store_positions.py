"""Keeps what was done to sandbox accounts from outside the market: seeds, resets, payouts.

One SQLite file beside the journal, or memory. Each adjustment names the last fill that it came
after, so that folding fills and adjustments together gives the same accounts again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import msgspec

from engine.errors import JournalError
from engine.service.api_error import ApiError, ErrorCode
from engine.service.portfolio.accounting import Adjustment, Redeem, Seed, Wipe

__all__ = ["ADJUSTMENTS_MAX", "PORTFOLIO_NAME", "PositionStore", "StoredAdjustment"]

PORTFOLIO_NAME = "portfolio.db"
ADJUSTMENTS_MAX = 10_000
SCHEMA_VERSION = 1

_DDL = """
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS adjustments(
    id INTEGER PRIMARY KEY AUTOINCREMENT, client_id TEXT NOT NULL, after_seq INTEGER NOT NULL,
    ts_ns INTEGER NOT NULL, body BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS adjustments_client ON adjustments(client_id);
CREATE TABLE IF NOT EXISTS settings(client_id TEXT PRIMARY KEY, balance_1e9 INTEGER NOT NULL);
PRAGMA user_version = 1;
COMMIT;
"""


class StoredAdjustment(msgspec.Struct, frozen=True):
    """An adjustment of a client, made when `after_seq` was the last fill."""

    client_id: str
    after_seq: int
    adjustment: Adjustment


class PositionStore:
    """Adjustments and settings by client; each write is durable when it returns.

    A client has at most ADJUSTMENTS_MAX adjustments; a wipe takes the place of all before it.
    """

    def __init__(self, folder: str | Path | None) -> None:
        """In this folder, or in memory; JournalError for a file that cannot be used."""
        path = ":memory:" if folder is None else str(Path(folder) / PORTFOLIO_NAME)
        try:
            self._connection = sqlite3.connect(path, isolation_level=None)
        except sqlite3.Error as error:
            raise store_error("opened", error) from error
        try:
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
            version = self._connection.execute("PRAGMA user_version").fetchone()[0]
            if version not in (0, SCHEMA_VERSION):
                text = f"{path} has version {version}, this engine reads {SCHEMA_VERSION}"
                raise JournalError(f"{text}; open it with the engine that wrote it")
            self._connection.executescript(_DDL)
        except sqlite3.Error as error:
            self._connection.close()
            raise store_error("opened", error) from error
        except JournalError:
            self._connection.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def adjustments(self) -> list[StoredAdjustment]:
        """Of all clients, in the order in which they must be folded."""
        sql = "SELECT client_id, after_seq, body FROM adjustments ORDER BY after_seq, id"
        return [
            StoredAdjustment(client, seq, msgspec.json.decode(body, type=Seed | Wipe | Redeem))
            for client, seq, body in self._connection.execute(sql).fetchall()
        ]

    def add(
        self, client_id: str, after_seq: int, ts_ns: int, adjustments: Sequence[Adjustment]
    ) -> None:
        """Record these together; a wipe among them drops what was recorded before it.

        ApiError CONFLICT for more than a client may have.
        """
        wipes = [i for i, one in enumerate(adjustments) if isinstance(one, Wipe)]
        kept = adjustments[wipes[-1] :] if wipes else adjustments
        rows = [(client_id, after_seq, ts_ns, msgspec.json.encode(one)) for one in kept]
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                self._write(client_id, rows, wiped=bool(wipes))
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise store_error("written", error) from error

    def balance_1e9(self, client_id: str) -> int | None:
        """What the client chose to start over with; None where it never did."""
        sql = "SELECT balance_1e9 FROM settings WHERE client_id = ?"
        found = self._connection.execute(sql, (client_id,)).fetchone()
        return None if found is None else int(found[0])

    def choose_balance(self, client_id: str, balance_1e9: int) -> None:
        """Keep what the client starts over with."""
        sql = (
            "INSERT INTO settings VALUES (?, ?) "
            "ON CONFLICT(client_id) DO UPDATE SET balance_1e9 = excluded.balance_1e9"
        )
        try:
            self._connection.execute(sql, (client_id, balance_1e9))
        except sqlite3.Error as error:
            raise store_error("written", error) from error

    def _write(
        self, client_id: str, rows: Sequence[tuple[str, int, int, bytes]], *, wiped: bool
    ) -> None:
        if wiped:
            self._connection.execute("DELETE FROM adjustments WHERE client_id = ?", (client_id,))
        sql = "SELECT count(*) FROM adjustments WHERE client_id = ?"
        held = self._connection.execute(sql, (client_id,)).fetchone()[0]
        if held + len(rows) > ADJUSTMENTS_MAX:
            text = f"an account takes {ADJUSTMENTS_MAX} adjustments; reset the sandbox first"
            raise ApiError(ErrorCode.CONFLICT, text)
        sql = "INSERT INTO adjustments(client_id, after_seq, ts_ns, body) VALUES (?, ?, ?, ?)"
        self._connection.executemany(sql, rows)


def store_error(verb: str, error: Exception) -> JournalError:
    """One sentence for an error of the database."""
    return JournalError(f"{PORTFOLIO_NAME} could not be {verb} ({error}); check the disk")
