"""What runs beside requests: it samples, keeps the roll-ups near the journal, and leaves a file."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from engine import ExecutionEngine
from engine.service.intelligence import upkeep
from engine.service.intelligence.board import Intelligence
from engine.service.intelligence.rollup_file import ROLLUPS_NAME
from engine.service.intelligence.upkeep import Upkeep
from tests.support.intelligence_rig import ended, with_board


def test_a_turn_samples_and_reads_only_what_lies_far_behind() -> None:
    async def work(engine: ExecutionEngine, _: Intelligence) -> None:
        await ended(engine, "a", "buy", 25)
        kept = Upkeep(engine)
        await kept.turn()
        assert kept.gaps.last_seq > 0
        assert kept.totals().last_fill == 0, "a few fills can wait for the next question"
        kept.close()

    with_board(work)


def test_what_was_read_is_there_after_a_restart(tmp_path: Path) -> None:
    async def first(engine: ExecutionEngine, board: Intelligence) -> tuple[int, int]:
        await ended(engine, "a", "buy", 25)
        await board.summary("local")
        totals = board.upkeep.totals()
        return totals.last_fill, totals.last_order

    read = with_board(first, data_dir=str(tmp_path))
    assert (tmp_path / ROLLUPS_NAME).is_file()

    async def second(_: ExecutionEngine, board: Intelligence) -> None:
        totals = board.upkeep.totals()
        assert (totals.last_fill, totals.last_order) == read
        assert board.upkeep.totals() is totals

    with_board(second, data_dir=str(tmp_path))


def test_it_ends_with_its_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[Upkeep] = []

    async def work(_: ExecutionEngine, board: Intelligence) -> None:
        kept.append(board.upkeep)

    with_board(work)
    monkeypatch.setattr(upkeep, "PERIOD_S", 0.0)
    asyncio.run(kept[0]._run())
    kept[0].close()
