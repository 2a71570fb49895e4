"""The SQLite files of access: readable by their owner only, written by several processes."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from engine.errors import EngineError

__all__ = [
    "AccessError",
    "access_error",
    "is_damaged",
    "make_private",
    "open_database",
    "set_aside",
    "transaction",
]

OWNER_ONLY: Final = 0o600
OWNER_FOLDER: Final = 0o700
BUSY_S: Final = 5.0
MEMORY: Final = ":memory:"


class AccessError(EngineError):
    """Keys, credentials or the audit trail cannot be read, written or trusted."""


def access_error(work: str, error: Exception, path: Path | None) -> AccessError:
    """What SQLite or the disk said, as one sentence."""
    return AccessError(f"{path or 'the access data'} cannot be {work} ({error}); check the file")


def open_database(path: Path | None, tables: Sequence[str], version: int) -> sqlite3.Connection:
    """A connection in autocommit, its tables made; None is a database in memory.

    Any thread may use it, one at a time. AccessError for a file that is something else, has
    another version or cannot be opened.
    """
    if path is not None:
        make_private(path)
    try:
        connection = sqlite3.connect(
            MEMORY if path is None else str(path),
            timeout=BUSY_S,
            isolation_level=None,
            check_same_thread=False,
        )
    except sqlite3.Error as error:
        raise access_error("opened", error, path) from error
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        # A key that was shown, or an order that was taken, must not be forgotten by a power cut.
        connection.execute("PRAGMA synchronous = FULL")
        with transaction(connection):
            found = int(connection.execute("PRAGMA user_version").fetchone()[0])
            if found not in (0, version):
                raise AccessError(
                    f"{path} has format version {found} and this engine reads {version}; "
                    "open it with the engine that wrote it"
                )
            for statement in tables:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {version:d}")
    except sqlite3.Error as error:
        connection.close()
        raise access_error("opened", error, path) from error
    except BaseException:
        connection.close()
        raise
    return connection


def is_damaged(error: BaseException | None) -> bool:
    """Whether SQLite says that the file itself is none of its own, not that it cannot be used."""
    return type(error) is sqlite3.DatabaseError


def set_aside(path: Path) -> Path:
    """Move a damaged file out of the way, with what belongs to it; nothing is deleted."""
    number = 1
    while (kept := path.with_name(f"{path.name}.broken-{number}")).exists():
        number += 1
    for tail in ("-wal", "-shm"):
        beside = path.with_name(path.name + tail)
        if beside.exists():
            beside.rename(kept.with_name(kept.name + tail))
    return path.rename(kept)


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All of the block or nothing; other processes wait meanwhile."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # A full disk has rolled back by itself.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def make_private(path: Path) -> None:
    """Make the file and its folder, for their owner only, if they are not there."""
    try:
        path.parent.mkdir(mode=OWNER_FOLDER, parents=True, exist_ok=True)
        # SQLite gives its own side files the mode of this one.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, OWNER_ONLY))
    except OSError as error:
        raise access_error("made", error, path) from error
