"""Opening databases, and writing many rows a statement."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from engine.errors import JournalError
from engine.store.rows import MetaRow
from engine.store.schema import (
    META,
    TABLES,
    Table,
    TableWriter,
    connect,
    connect_read_only,
    journal_error,
)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_row_fields_are_the_columns(table: Table) -> None:
    connection = connect(":memory:")
    columns = connection.execute(f"PRAGMA table_info({table.name})").fetchall()
    assert tuple(column[1] for column in columns) == table.columns
    keys = {column[1] for column in columns if column[5]}
    assert keys == set(table.columns[: table.key_columns])
    assert set(table.changing) <= set(table.columns) - keys


def test_a_journal_is_durable_at_each_commit(tmp_path: Path) -> None:
    connection = connect(str(tmp_path / "a.db"))
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)


@pytest.mark.parametrize("count", [0, 1, 3, 4, 15, 64, 150])
def test_rows_are_written_in_chunks(count: int) -> None:
    connection = connect(":memory:")
    writer = TableWriter(META)
    writer.insert(connection, [MetaRow(f"k{index:03}", index, "a", 1) for index in range(count)])
    writer.update(connection, [MetaRow(f"k{index:03}", -index, "b", 2) for index in range(count)])
    found = connection.execute("SELECT * FROM meta ORDER BY name").fetchall()
    assert found == [(f"k{index:03}", -index, "b", 2) for index in range(count)]


def test_an_insert_of_a_known_key_is_refused() -> None:
    connection = connect(":memory:")
    writer = TableWriter(META)
    writer.insert(connection, [MetaRow("a", 1, "", 1)])
    with pytest.raises(sqlite3.IntegrityError):
        writer.insert(connection, [MetaRow("a", 2, "", 2)])


def test_other_files_are_refused(tmp_path: Path) -> None:
    foreign = tmp_path / "foreign.db"
    with sqlite3.connect(foreign) as connection:
        connection.execute("CREATE TABLE t(a)")
    connection.close()
    text = tmp_path / "text.db"
    text.write_text("this is a text, and long enough to be no database header at all" * 20)
    for path in (foreign, text):
        with pytest.raises(JournalError, match="choose another file"):
            connect(str(path))
        with pytest.raises(JournalError, match="choose another file"):
            connect_read_only(path)
    with pytest.raises(JournalError, match="folder exists"):
        connect(str(tmp_path / "missing" / "a.db"))
    with pytest.raises(JournalError, match="no journal at"):
        connect_read_only(tmp_path / "missing.db")


def test_another_schema_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    connection = connect(str(path))
    connection.execute("PRAGMA user_version = 3")
    connection.close()
    with pytest.raises(JournalError, match="schema version 3"):
        connect(str(path))


def test_a_journal_without_posts_is_read_as_it_is_and_brought_up_when_written(
    tmp_path: Path,
) -> None:
    """What a journal of schema version 1 is."""
    path = tmp_path / "a.db"
    connection = connect(str(path))
    connection.executescript("DROP TABLE posts; PRAGMA user_version = 1;")
    connection.close()
    before = path.read_bytes()
    reader = connect_read_only(path)
    assert reader.execute("SELECT * FROM posts").fetchall() == []
    assert (
        reader.execute("SELECT name FROM main.sqlite_master WHERE name = 'posts'").fetchall() == []
    )
    reader.close()
    assert path.read_bytes() == before
    connect(str(path)).close()
    connection = connect(str(path))
    assert connection.execute("PRAGMA user_version").fetchone() == (2,)
    names = "SELECT name FROM sqlite_master WHERE name LIKE 'posts%' ORDER BY name"
    assert connection.execute(names).fetchall() == [
        ("posts",),
        ("posts_account",),
        ("posts_order",),
    ]


def test_of_many_who_bring_a_journal_up_at_once_none_fails(tmp_path: Path) -> None:
    for number in range(5):
        path = tmp_path / f"{number}.db"
        connection = connect(str(path))
        connection.executescript("DROP TABLE posts; PRAGMA user_version = 1;")
        connection.close()
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(lambda _, path=path: version_after(path), range(4)))
        assert found == [2] * 4


def version_after(path: Path) -> int:
    connection = connect(str(path))
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    connection.close()
    return int(version)


def test_a_reader_cannot_write(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    writer = connect(str(path))
    reader = connect_read_only(path)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader.execute("DELETE FROM journal")
    writer.close()
    reader.close()


def test_errors_say_the_way_out() -> None:
    connection = connect(":memory:")
    connection.execute("PRAGMA max_page_count = 1")
    rows = [MetaRow(f"k{index}", 0, "x" * 9_000, 1) for index in range(100)]
    with pytest.raises(sqlite3.OperationalError) as caught:
        TableWriter(META).insert(connection, rows)
    error = journal_error("written", caught.value)
    assert str(error) == (
        "the journal could not be written (database or disk is full); "
        "free disk space; the same records are then tried again"
    )
    assert str(journal_error("read", ValueError("odd"))) == "the journal could not be read (odd)"
