"""Rows: columns in the order of fields, and back from SQLite's plain values."""

from __future__ import annotations

import msgspec
import pytest

from engine.store.journal import SqliteStore
from engine.store.rows import FillRow
from engine.store.schema import TABLES, Table
from tests.support.journals import story


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_row_survives_the_database(table: Table) -> None:
    store = SqliteStore(":memory:")
    store.commit(story(30, posted=2))
    sql = f"SELECT * FROM {table.name}"
    found = store.connection.execute(sql).fetchall()
    assert found
    for values in found:
        row = msgspec.convert(values, table.row, strict=False)
        assert row.values() == values
        assert len(values) == len(table.columns)


def test_a_makers_flag_keeps_its_three_values() -> None:
    store = SqliteStore(":memory:")
    store.commit(story(60))
    found = store.connection.execute("SELECT * FROM fills").fetchall()
    rows = [msgspec.convert(values, FillRow, strict=False) for values in found]
    assert {row.is_maker for row in rows} == {True, False, None}
    assert all(row.is_maker is None or isinstance(row.is_maker, bool) for row in rows)
