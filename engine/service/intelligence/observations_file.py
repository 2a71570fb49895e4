"""`observations.db`: the records of the observer, and up to which entry they are."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from engine.service.access.database import access_error, open_database, transaction

__all__ = ["OBSERVATIONS_NAME", "ObservationsFile", "Stored"]

OBSERVATIONS_NAME: Final = "observations.db"
VERSION: Final = 1
TABLES: Final = (
    "CREATE TABLE IF NOT EXISTS records (name TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS reached (one INTEGER PRIMARY KEY, seq INTEGER, saved_ns INTEGER)",
)
PUT: Final = (
    "INSERT INTO records VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET body = excluded.body"
)
REACH: Final = (
    "INSERT INTO reached VALUES (1, ?, ?) ON CONFLICT (one) DO UPDATE "
    "SET seq = excluded.seq, saved_ns = excluded.saved_ns"
)


class Stored(msgspec.Struct, frozen=True):
    """All that the file holds: records by name, the last entry in them, and when that was."""

    records: dict[str, bytes]
    seq: int
    saved_ns: int


class ObservationsFile:
    """In `folder`, or in memory with None. Records and sequence change together or not at all."""

    def __init__(self, folder: Path | None) -> None:
        self.path = None if folder is None else folder / OBSERVATIONS_NAME
        self._connection = open_database(self.path, TABLES, VERSION)
        self._guard = threading.Lock()

    def load(self) -> Stored:
        """What was saved last; AccessError for a file that cannot be read."""
        try:
            rows = self._connection.execute("SELECT name, body FROM records").fetchall()
            last = self._connection.execute("SELECT seq, saved_ns FROM reached").fetchone()
        except sqlite3.Error as error:
            raise access_error("read", error, self.path) from error
        return Stored(dict(rows), *(last or (0, 0)))

    def save(self, records: Mapping[str, bytes], seq: int, now_ns: int) -> None:
        """Put these records in place of those of their names; any thread may."""
        try:
            with self._guard, transaction(self._connection):
                self._connection.executemany(PUT, list(records.items()))
                self._connection.execute(REACH, (seq, now_ns))
        except sqlite3.Error as error:
            raise access_error("written", error, self.path) from error

    def close(self) -> None:
        """Let go of the file, once nobody writes."""
        with self._guard:
            self._connection.close()
