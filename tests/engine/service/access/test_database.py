"""The files of access: private, versioned, whole or not at all."""

from __future__ import annotations

import sqlite3
import stat
from pathlib import Path

import pytest

from engine.service.access.database import AccessError, open_database, transaction

TABLES = ("CREATE TABLE IF NOT EXISTS things(name TEXT)",)


def names(connection: sqlite3.Connection) -> list[str]:
    """What is in the table."""
    return [row[0] for row in connection.execute("SELECT name FROM things")]


def test_file_and_folder_are_their_owners_only(tmp_path: Path) -> None:
    path = tmp_path / "data" / "x.db"
    connection = open_database(path, TABLES, 1)
    connection.execute("INSERT INTO things VALUES ('a')")
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    made = list(path.parent.iterdir())
    assert {stat.S_IMODE(each.stat().st_mode) for each in made} == {0o600}
    assert len(made) > 1, "the side files are there, too"
    connection.close()


def test_it_goes_on_with_what_is_there(tmp_path: Path) -> None:
    first = open_database(tmp_path / "x.db", TABLES, 1)
    first.execute("INSERT INTO things VALUES ('a')")
    first.close()
    second = open_database(tmp_path / "x.db", TABLES, 1)
    assert names(second) == ["a"]
    second.close()


def test_another_version_is_refused(tmp_path: Path) -> None:
    open_database(tmp_path / "x.db", TABLES, 2).close()
    with pytest.raises(AccessError, match="version 2 and this engine reads 1"):
        open_database(tmp_path / "x.db", TABLES, 1)


def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    path.write_text("something else, of some length " * 50)
    with pytest.raises(AccessError, match=r"x\.db cannot be opened"):
        open_database(path, TABLES, 1)


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(AccessError, match="cannot be made"):
        open_database(tmp_path / "file" / "x.db", TABLES, 1)


def test_a_transaction_is_all_or_nothing() -> None:
    connection = open_database(None, TABLES, 1)
    with pytest.raises(sqlite3.OperationalError), transaction(connection):
        connection.executescript("SAVEPOINT x; INSERT INTO things VALUES ('a'); no sql")
    assert names(connection) == []
    with transaction(connection):
        connection.execute("INSERT INTO things VALUES ('b')")
    assert names(connection) == ["b"]
    assert not connection.in_transaction
    connection.close()
