"""Prices read from an engine's file: the same as it tells, also while it writes, never written."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from engine import ExecutionEngine
from engine.decisions.market_tape import MarketTape
from engine.service.cli.stored_board import StoredEngine, StoredWorld
from engine.service.cli.stored_prices import PriceReader, StoredHistory, connect_beside
from engine.service.intelligence.board import Intelligence
from engine.service.intelligence.price_file import MIDS, PRICES_NAME, PriceFile
from tests.support.intelligence_rig import ended, with_board

ETH = "ETH-USD"


def history_of(engine: ExecutionEngine, folder: Path) -> StoredHistory:
    """A reader over the folder, with a stand-in that knows the instrument."""
    world = StoredWorld({}, {}, {ETH: MarketTape()})
    stored = StoredEngine(engine.queries, engine.environment, world)
    return StoredHistory(cast("ExecutionEngine", stored), folder, ETH)


def test_it_tells_what_the_engine_tells_while_that_goes_on_writing(tmp_path: Path) -> None:
    async def work(engine: ExecutionEngine, board: Intelligence) -> None:
        await ended(engine, "a", qty=20)
        await asyncio.sleep(1.5)
        own = board.history.mids[ETH]
        assert own.since_ns is not None
        start, end = own.since_ns + 1, own.since_ns + 500_000_000
        # What was seen comes to the file in turns, one instrument each.
        mean = board.history.mean_x2(ETH, start, end)
        read = history_of(engine, tmp_path)
        read.start()
        assert read.reader.why == ""
        for _ in range(50):
            if read.mean_x2(ETH, start, end) is not None:
                break
            await asyncio.sleep(0.1)
        assert mean is not None and read.mean_x2(ETH, start, end) == mean
        assert read.mid_x2_at(ETH, end) == board.history.mid_x2_at(ETH, end)
        assert read.mid_x2_at(ETH, start - 10**12) is None
        found, why = board.history.prints(ETH, start, end)
        kept, gap = read.prints(ETH, start, end)
        assert (why, gap) == ("", "")
        assert kept == found[: len(kept)]
        assert "not watched" in read.prints(ETH, start - 10**12, end)[1]
        assert "not watched" in read.prints("NOPE-USD", start, end)[1]
        read.close()
        assert read.mid_x2_at(ETH, end) is None

    with_board(work, data_dir=str(tmp_path))


def test_a_file_that_is_no_help_is_left_as_it_is_and_says_why(tmp_path: Path) -> None:
    none = PriceReader(tmp_path / PRICES_NAME)
    assert "there is no prices.db" in none.why and not list(tmp_path.iterdir())
    assert none.value_at(ETH, 1, 0) is None
    path = tmp_path / PRICES_NAME
    path.write_bytes(b"this is no database at all, but text that is long enough" * 20)
    before = path.read_bytes()
    assert "cannot be read" in PriceReader(path).why and path.read_bytes() == before
    path.unlink()
    file = PriceFile(path)
    file.append(ETH, MIDS, 10, 20, np.array([[10, 7]], np.int64))
    file.close()
    assert PriceReader(path).value_at(ETH, 15, 0) == 7
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 9")
    connection.close()
    newer = PriceReader(path)
    assert "format 9" in newer.why and newer.value_at(ETH, 15, 0) is None


def test_its_connection_cannot_write(tmp_path: Path) -> None:
    path = tmp_path / PRICES_NAME
    PriceFile(path).close()
    connection = connect_beside(path)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        connection.execute("DELETE FROM blocks")
    connection.close()
