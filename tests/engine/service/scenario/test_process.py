"""A task in another process: its outcomes are those of this one, and it can be ended."""

from __future__ import annotations

import asyncio
import os
from typing import Any

import pytest

from engine.model.graph import Policy
from engine.service.scenario import process
from engine.service.scenario.process import run_task, surroundings
from engine.service.scenario.setting import Outcome, Task
from engine.service.scenario.worker import outcomes_of
from tests.support.scenarios import plan, setting


def test_another_process_gives_the_same_outcomes() -> None:
    market = setting(sigma_bps=3.0, trades_per_s=4.0)
    task = Task(setting=market, plans=(plan(),), runs=3, seed=5)
    found: list[Outcome] = []
    assert asyncio.run(run_task(task, found.append)) == ""
    assert found == list(outcomes_of(task))


def test_a_task_that_is_cancelled_leaves_no_process() -> None:
    slow = plan(Policy.PASSIVE_LIMIT, horizon_ms=600_000)
    task = Task(setting=setting(sigma_bps=3.0), plans=(slow,), runs=200, seed=1)

    async def main() -> int:
        started: list[asyncio.subprocess.Process] = []
        make = asyncio.create_subprocess_exec

        async def noted(*words: str, **more: Any) -> asyncio.subprocess.Process:
            started.append(await make(*words, **more))
            return started[0]

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(asyncio, "create_subprocess_exec", noted)
            running = asyncio.create_task(run_task(task, lambda outcome: None))
            while not started:
                await asyncio.sleep(0.01)
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
        code = started[0].returncode
        assert code is not None
        return code

    assert asyncio.run(main()) < 0


def test_a_process_that_fails_says_so(caplog: pytest.LogCaptureFixture) -> None:
    task = Task(setting=setting(), plans=(plan(),), runs=1, seed=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(process, "WORKER", "engine.service.scenario.no_such_worker")
        said = asyncio.run(run_task(task, lambda outcome: None))
    assert "failed" in said
    assert "no_such_worker" in caplog.text


def test_nothing_secret_goes_along() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VENUE_SECRET", "abc")
        patch.setenv("PYTHONPATH", "elsewhere")
        given = surroundings()
    assert "VENUE_SECRET" not in given
    assert given["PYTHONPATH"].endswith(os.pathsep + "elsewhere")
