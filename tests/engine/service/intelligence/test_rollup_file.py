"""The roll-up file: what was written comes back, what was touched by anybody else does not."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from engine.service.intelligence.rollup_file import Anchor, RollupFile, RollupRow

ANCHOR = Anchor(7, 3, 9, b"h" * 32)
ROWS = [
    RollupRow((0, 1, 20_000, "v0", "ETH-USD", 1), b"[1]"),
    RollupRow((0, 1, 20_000, "v1", "ETH-USD", 1), b"[2]"),
    RollupRow((1, 1, 20_000, "", "ETH-USD", 0), b"5"),
]


def written(path: Path) -> None:
    file = RollupFile(path)
    assert file.load() is None
    file.save(Anchor(1, 1, 2, b"x"), [ROWS[0], RollupRow(ROWS[1].key, b"[old]")])
    file.save(ANCHOR, ROWS[1:])
    file.close()


def loaded(path: Path) -> tuple[Anchor, list[RollupRow]] | None:
    file = RollupFile(path)
    found = file.load()
    assert file.usable
    file.close()
    return found


def test_what_was_written_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "rollups.db"
    written(path)
    found = loaded(path)
    assert found is not None
    assert found[0] == ANCHOR
    assert sorted(found[1], key=lambda row: row.key) == ROWS


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE rows SET body = x'5b395d' WHERE venue = 'v0'",
        "UPDATE rows SET day = 20001 WHERE venue = 'v0'",
        "DELETE FROM rows WHERE venue = 'v1'",
        "DELETE FROM anchor",
        "UPDATE anchor SET body = x'00'",
        "DROP TABLE anchor",
        "INSERT INTO rows SELECT kind, account, 1, venue, symbol, version, body, mark FROM rows",
    ],
)
def test_a_touched_file_is_thrown_away(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "rollups.db"
    written(path)
    connection = sqlite3.connect(path)
    connection.execute(damage)
    connection.commit()
    connection.close()
    assert loaded(path) is None
    assert loaded(path) is None, "and it is empty afterwards"


def test_a_file_that_is_no_database_is_thrown_away(tmp_path: Path) -> None:
    path = tmp_path / "rollups.db"
    path.write_bytes(b"not a database" * 1_000)
    assert loaded(path) is None
    written(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert loaded(path) is None


def test_without_a_disk_totals_stay_in_memory(tmp_path: Path) -> None:
    file = RollupFile(tmp_path / "missing" / "rollups.db")
    assert not file.usable
    assert file.load() is None
    file.save(ANCHOR, ROWS)
