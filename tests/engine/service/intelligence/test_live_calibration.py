"""Calibration beside a running engine: what was learned is there again after a restart."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from engine.model.graph import Node
from engine.service.engine import ExecutionEngine
from engine.service.intelligence.board import Intelligence
from engine.service.intelligence.estimates import Started
from engine.service.intelligence.forecast_log import FORECASTS_NAME, ForecastLog
from engine.service.intelligence.live_calibration import LiveCalibration
from tests.support.intelligence_rig import ended, with_board

RESTING = {"policy": "passive_ladder", "urgency": "high", "horizon_ms": 300}


def test_orders_are_scored_and_kept_beside_the_journal(tmp_path: Path) -> None:
    async def work(engine: ExecutionEngine, _: Intelligence) -> int:
        live = LiveCalibration(engine, tmp_path)
        live.start()
        live.start()
        before = 0
        assert live.state is not None
        tally = live.state.levels.tallies.get("coins/rests")
        if tally is not None:
            before = tally.scored
        await ended(engine, f"g{before}", qty=0.5, execution=RESTING)
        await engine.flush()
        live.close()
        live.close()
        assert live.open_forecast("local", engine.environment, "graph:g0:order:1") is None
        assert not live.deliver(())
        return before

    assert with_board(work, data_dir=str(tmp_path / "one")) == 0
    assert with_board(work, data_dir=str(tmp_path / "two")) == 1
    log = ForecastLog(tmp_path / FORECASTS_NAME)
    assert len(list(log.outcomes())) == 2
    assert log.restored().levels.tallies["coins/rests"].scored == 2
    log.close()


def test_a_disk_that_fails_costs_a_sample_and_never_the_stream(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    async def work(engine: ExecutionEngine, _: Intelligence) -> None:
        live = LiveCalibration(engine)
        live.start()
        monkeypatch.setattr(ForecastLog, "add", full)
        await ended(engine, "g1", qty=0.5, execution=RESTING)
        await engine.flush()
        assert engine.world.system.halted is None
        live.close()

    with_board(work)
    assert "a forecast could not be kept" in caplog.text


def test_an_estimate_that_fails_costs_one_sample(caplog: pytest.LogCaptureFixture) -> None:
    async def work(engine: ExecutionEngine, board: Intelligence) -> None:
        calibrator = board.calibration.calibrator
        assert calibrator is not None
        estimates, failed = calibrator.estimates, []

        class Once:
            rest_price = estimates.rest_price

            def at_start(self, node: Node, qty_1e8: int, now_ns: int) -> Started:
                if not failed:
                    failed.append(node)
                    raise ZeroDivisionError("planted")
                return estimates.at_start(node, qty_1e8, now_ns)

        calibrator.estimates = Once()  # type: ignore[assignment]  # stands in
        for name in ("a", "b"):
            await ended(engine, name, qty=0.5, execution=RESTING)
        await engine.flush()
        assert len(failed) == 1
        assert len(list(calibrator.log.outcomes())) == 1, "the next order is forecast"

    with_board(work)
    assert "planted" in caplog.text


def test_a_broken_store_of_forecasts_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / FORECASTS_NAME).write_bytes(b"no database at all, and long enough to tell" * 30)

    async def work(engine: ExecutionEngine, board: Intelligence) -> None:
        live = LiveCalibration(engine, tmp_path)
        live.start()
        live.close()

    with_board(work)
    (kept,) = tmp_path.glob(f"{FORECASTS_NAME}.broken-*")
    assert kept.read_bytes().startswith(b"no database at all")
