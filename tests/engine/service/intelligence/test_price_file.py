"""Prices in a file: what was watched comes back, gaps stay gaps, the oldest goes first."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from random import Random

import numpy as np
import pytest

from engine.intelligence.observations import MidHistory
from engine.service.intelligence import price_file
from engine.service.intelligence.price_file import BLOCK_ROWS, MIDS, PRINTS, PriceFile

S = 10**9


def rows(*pairs: tuple[int, ...]) -> price_file.Rows:
    return np.array(pairs, np.int64).reshape(len(pairs), -1)


@pytest.mark.parametrize("again", [False, True])
def test_values_are_those_of_the_history_that_was_written(tmp_path: Path, again: bool) -> None:
    path, random = tmp_path / "prices.db", Random(3)
    file, truth = PriceFile(path), MidHistory(1)
    now = start = 1_700_000_000 * S
    value = 2 * 10**12
    pending = [(now, value)]
    truth.observe(now, value)
    for _ in range(3 * BLOCK_ROWS):
        before = now
        now += random.randrange(1, S)
        if random.random() < 0.8:
            value = random.choice((0, value + random.randrange(-100, 100)))
            value = value or random.choice((0, 2 * 10**12))
            pending.append((now, value))
        truth.observe(now, value)
        file.append("E", MIDS, before, now, np.array(pending, np.int64).reshape(-1, 2))
        pending = []
    if again:
        file.close()
        file = PriceFile(path)
    for _ in range(500):
        when = random.randrange(start - S, now + S)
        assert file.value_at("E", when, 0) == (truth.at(when) if when <= now else None)
    found = file.stretch("E", MIDS, start + S, now)
    assert found is not None
    assert (found.from_ns, found.to_ns) == (start, now)
    assert file.value_at("OTHER", now, 0) is None
    assert file.stretch("E", MIDS, now + S, now + S) is None
    assert file.stretch("E", PRINTS, start, now) is None
    file.close()


def test_a_gap_ends_a_stretch(tmp_path: Path) -> None:
    file = PriceFile(tmp_path / "prices.db")
    file.append("E", PRINTS, 0, 10, rows((3, 100, 7)))
    file.append("E", PRINTS, 10, 20, np.zeros((0, 3), np.int64))
    file.append("E", PRINTS, 30, 40, rows((35, 102, 1)))
    found = file.stretch("E", PRINTS, 5, 100)
    assert found is not None
    assert (found.to_ns, found.rows.tolist()) == (20, [[3, 100, 7]])
    assert file.stretch("E", PRINTS, 25, 100) is None
    late = file.stretch("E", PRINTS, 30, 100)
    assert late is not None and late.rows.tolist() == [[35, 102, 1]]
    file.append("E", MIDS, 0, 10, rows((0, 5)))
    file.append("E", MIDS, 30, 40, rows((30, 6)))
    assert [file.value_at("E", at, 2) for at in (0, 12, 13, 29, 30)] == [5, 5, None, None, 6]
    file.close()


def test_the_oldest_goes_when_there_is_too_much(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(price_file, "PRUNE_EVERY", 1)
    file = PriceFile(tmp_path / "prices.db", 2_000)
    for k in range(200):
        # Gaps make a block each.
        file.append("E", MIDS, 10 * k, 10 * k + 5, rows((10 * k, k + 1)))
    assert file.value_at("E", 0, 0) is None
    assert file.value_at("E", 1_990, 0) == 200
    size = sqlite3.connect(tmp_path / "prices.db").execute(price_file.SIZE).fetchone()[0]
    assert 0 < size <= 2_000
    file.close()


def test_damage_is_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "prices.db"
    file = PriceFile(path)
    file.append("E", MIDS, 0, 10, rows((0, 5)))
    file.close()
    connection = sqlite3.connect(path)
    connection.execute("UPDATE blocks SET body = substr(body, 1, length(body) - 1) || x'00'")
    connection.commit()
    connection.close()
    file = PriceFile(path)
    assert file.value_at("E", 5, 0) is None
    assert file.stretch("E", MIDS, 0, 10) is None
    file.close()
    path.write_bytes(b"no database at all" * 500)
    file = PriceFile(path)
    assert file.value_at("E", 5, 0) is None
    file.append("E", MIDS, 0, 10, rows((0, 5)))
    assert file.value_at("E", 5, 0) == 5
    file.close()
    nowhere = PriceFile(tmp_path / "missing" / "prices.db")
    nowhere.append("E", MIDS, 0, 10, rows((0, 5)))
    assert nowhere.stretch("E", PRINTS, 0, 1) is None
