"""Scenario jobs over a running engine: progress, bounds, whose they are, and sane numbers."""

from __future__ import annotations

import asyncio
import time
from types import SimpleNamespace

import pytest

from engine.model.units import Side
from engine.service.api_error import ApiError, ErrorCode
from engine.service.engine import ExecutionEngine
from engine.service.intelligence import pictures, scenario_jobs
from engine.service.intelligence.board import Intelligence
from engine.service.intelligence.scenario_jobs import RUNS_MAX, ScenarioJobs
from engine.service.scenario.views import SimulationJob
from tests.support.intelligence_rig import ETH, with_board


async def done(jobs: ScenarioJobs, job: SimulationJob) -> SimulationJob:
    """The job once it has ended, having watched its progress."""
    progress = 0.0
    async with asyncio.timeout(60):
        while job.status == "running":
            await asyncio.sleep(0.05)
            job = jobs.view("me", job.job_id)
            assert progress <= job.progress <= 1.0
            progress = job.progress
    return job


def test_simulated_and_closed_form_agree_in_a_calm_market() -> None:
    async def look(engine: ExecutionEngine, board: Intelligence) -> SimulationJob:
        # Others must have traded for their flow to be fitted.
        await asyncio.sleep(1.5)
        jobs = ScenarioJobs(engine, board.pictures)
        asked = jobs.begin("me", "ETH-USD", Side.BUY, 10 * ETH, runs=8, seed=1, urgency="high")
        assert (asked.status, asked.progress, asked.method) == ("running", 0.0, "simulated")
        return await done(jobs, asked)

    job = with_board(look)
    assert (job.status, job.progress, job.reason) == ("done", 1.0, "")
    assert sorted(one.name for one in job.strategies) == ["aggressive", "passive", "split"]
    assert {one.source for one in job.flow} == {"tape"}
    for one in job.strategies:
        assert one.runs == 8
        assert one.est_cost_bps is not None
        assert one.p90 is not None
        assert one.closed_form_bps is not None
        assert one.p90 >= one.est_cost_bps
        assert one.closed_form_bps / 3 < one.est_cost_bps < one.closed_form_bps * 3
    (swept,) = (one for one in job.strategies if one.name == "aggressive")
    assert swept.est_cost_bps == pytest.approx(swept.closed_form_bps, abs=1.0)
    assert swept.fill_rate == 1.0
    costs = [one.est_cost_bps or 0.0 for one in job.strategies]
    assert costs == sorted(costs)


def test_a_job_is_its_clients_alone() -> None:
    async def look(engine: ExecutionEngine, board: Intelligence) -> None:
        jobs = ScenarioJobs(engine, board.pictures)
        job = jobs.begin("me", "ETH-USD", Side.SELL, ETH, runs=1, strategies=("aggressive",))
        for client, name in (("you", job.job_id), ("me", "sim_0")):
            with pytest.raises(ApiError) as refused:
                jobs.view(client, name)
            assert refused.value.code is ErrorCode.NOT_FOUND
        assert (await done(jobs, job)).status == "done"

    with_board(look)


def test_jobs_are_bounded_and_can_be_cancelled() -> None:
    async def look(engine: ExecutionEngine, board: Intelligence) -> None:
        jobs = ScenarioJobs(engine, board.pictures)

        def begin(client: str, runs: int = RUNS_MAX) -> SimulationJob:
            return jobs.begin(client, "ETH-USD", Side.BUY, ETH, runs=runs)

        first, second = begin("me"), begin("me")
        with pytest.raises(ApiError) as refused:
            begin("me")
        assert refused.value.code is ErrorCode.RATE_LIMITED
        others = [begin(name) for name in ("a", "a", "b", "b", "c", "c")]
        with pytest.raises(ApiError):
            begin("d")
        assert jobs.cancel("me", first.job_id).status == "cancelled"
        assert jobs.cancel("me", first.job_id).status == "cancelled"
        third = begin("me")
        jobs.close()
        for client, job in (("me", second), ("me", third), ("c", others[-1])):
            assert jobs.view(client, job.job_id).status == "cancelled"
        for runs in (0, RUNS_MAX + 1):
            with pytest.raises(ApiError):
                begin("me", runs)

    with_board(look)


def test_old_jobs_are_forgotten_first() -> None:
    async def look(engine: ExecutionEngine, board: Intelligence) -> None:
        jobs = ScenarioJobs(engine, board.pictures)
        names = []
        for _ in range(scenario_jobs.KEPT_MAX + 1):
            job = jobs.begin("me", "ETH-USD", Side.BUY, ETH, passive_only=True, strategies=("sor",))
            assert (job.status, job.reason) == ("done", "the filters left no strategy")
            assert "passive_only" in job.dropped["sor"]
            names.append(job.job_id)
        assert len(jobs.jobs) == scenario_jobs.KEPT_MAX
        assert names[0] not in jobs.jobs
        assert names[-1] in jobs.jobs

    with_board(look)


def test_what_cannot_be_filled_is_said_and_not_run() -> None:
    async def look(engine: ExecutionEngine, board: Intelligence) -> None:
        jobs = ScenarioJobs(engine, board.pictures)
        job = jobs.begin("me", "ETH-USD", Side.BUY, 10**15)
        assert job.status == "done"
        assert "books show only" in job.reason
        assert all(one.est_cost_bps is None for one in job.strategies)

    with_board(look)


def test_too_dear_strategies_are_dropped_at_the_end() -> None:
    async def look(engine: ExecutionEngine, board: Intelligence) -> SimulationJob:
        jobs = ScenarioJobs(engine, board.pictures)
        job = jobs.begin(
            "me", "ETH-USD", Side.BUY, ETH, runs=1, strategies=("sor",), max_cost_bps=0.001
        )
        return await done(jobs, job)

    job = with_board(look)
    assert job.strategies == ()
    assert "max_cost_bps" in job.dropped["sor"]


def test_a_job_that_takes_too_long_answers_with_what_it_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(scenario_jobs, "JOB_S", 0.01)

    async def look(engine: ExecutionEngine, board: Intelligence) -> SimulationJob:
        jobs = ScenarioJobs(engine, board.pictures)
        return await done(jobs, jobs.begin("me", "ETH-USD", Side.BUY, ETH))

    job = with_board(look)
    assert job.status == "failed"
    assert "before all runs were done" in job.reason


def test_a_no_side_is_told_the_mirrored_runs_of_yes(monkeypatch: pytest.MonkeyPatch) -> None:
    async def look(engine: ExecutionEngine, board: Intelligence) -> list[SimulationJob]:
        await asyncio.sleep(1.0)
        symbol = next(one for one in engine.world.markets if one.startswith("KX"))
        jobs = ScenarioJobs(engine, board.pictures)
        now_ns = time.time_ns()
        monkeypatch.setattr(pictures, "time", SimpleNamespace(time_ns=lambda: now_ns))

        def begin(client: str, **more: object) -> SimulationJob:
            options: dict[str, object] = {"runs": 3, "seed": 7, "urgency": "high", **more}
            return jobs.begin(client, symbol, Side.SELL, 20 * ETH, **options)  # type: ignore[arg-type]  # options of several kinds

        asked = [
            begin("yes"),
            begin("no", given="x:no"),
            begin("dear", given="x:no", max_cost_bps=1e-3),
        ]
        ended = []
        for client, job in zip(("yes", "no", "dear"), asked, strict=True):
            async with asyncio.timeout(60):
                while job.status == "running":
                    await asyncio.sleep(0.05)
                    job = jobs.view(client, job.job_id)
            ended.append(job)
        return ended

    yes, no, dear = with_board(look, events=True)
    assert (yes.status, no.status) == ("done", "done")
    assert (no.symbol, no.side, yes.side) == ("x:no", "buy", "sell")
    assert yes.mid is not None
    assert no.mid == pytest.approx(1.0 - yes.mid)
    factor = yes.mid / (1.0 - yes.mid)
    assert factor != pytest.approx(1.0, abs=0.01), "a mid of a half would prove nothing"
    assert no.sigma_bps == pytest.approx(yes.sigma_bps * factor)
    assert [one.name for one in no.strategies] == [one.name for one in yes.strategies]
    for ours, theirs in zip(no.strategies, yes.strategies, strict=True):
        assert ours.runs == theirs.runs == 3, theirs.reason
        assert (ours.fill_rate, ours.venues) == (theirs.fill_rate, theirs.venues)
        for name in ("est_cost_bps", "mean_cost_bps", "stderr_bps", "p50", "p90"):
            assert getattr(ours, name) == pytest.approx(getattr(theirs, name) * factor), name
        assert ours.closed_form_bps == pytest.approx((theirs.closed_form_bps or 0) * factor)
    for one, other in zip(no.flow, yes.flow, strict=True):
        assert (one.buys_per_s, one.sells_per_s) == (other.sells_per_s, other.buys_per_s)
    assert dear.strategies == ()
    (cost,) = {text for name, text in dear.dropped.items() if name == "aggressive"}
    (swept,) = (one for one in no.strategies if one.name == "aggressive")
    assert cost == f"max_cost_bps: it costs {swept.est_cost_bps:.3f}"
