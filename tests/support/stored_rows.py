"""Every row of a SQLite store, to compare two stores by."""

from __future__ import annotations

from engine.store.journal import SqliteStore
from engine.store.rows import Value
from engine.store.schema import TABLES


def rows_of(store: SqliteStore) -> dict[str, list[tuple[Value, ...]]]:
    """Table name to rows, in the order of their keys."""
    return {
        table.name: store.connection.execute(
            f"SELECT * FROM {table.name} ORDER BY {table.key}"
        ).fetchall()
        for table in TABLES
    }
