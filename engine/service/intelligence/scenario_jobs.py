"""Scenario jobs: simulations that run beside the engine in a process of their own.

Bounds: one process at a time, `UNFINISHED_MAX` jobs that are not done (two a client), `KEPT_MAX`
jobs in memory of which the oldest done are forgotten, `JOB_S` seconds a job.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import msgspec

from engine.intelligence.picture import MarketPicture
from engine.intelligence.strategies import STANDARD, Strategy, estimate
from engine.model.units import PRICE_SCALE, QTY_SCALE, Side
from engine.service.api_error import ApiError, ErrorCode
from engine.service.intelligence.other_side import job_of_no, ratio
from engine.service.intelligence.pictures import RANKS, Pictures
from engine.service.scenario.fit import fit_setting, plan_of
from engine.service.scenario.process import run_task
from engine.service.scenario.result import StrategyRuns, strategy_runs
from engine.service.scenario.setting import Outcome, Setting, Task
from engine.service.scenario.views import FlowSeen, SimulationJob

if TYPE_CHECKING:
    from engine.service.engine import ExecutionEngine

__all__ = ["RUNS_DEFAULT", "RUNS_MAX", "ScenarioJobs"]

RUNS_DEFAULT: Final = 50
RUNS_MAX: Final = 200
UNFINISHED_MAX: Final = 8
OF_A_CLIENT_MAX: Final = 2
KEPT_MAX: Final = 64
JOB_S: Final = 120.0
SEEDS: Final = 1 << 31


class Job:
    """One job: what was asked, and the outcomes so far by plan."""

    def __init__(
        self, client_id: str, task: Task | None, view: SimulationJob, given: str | None
    ) -> None:
        self.client_id = client_id
        # The NO side that was asked for; all that is kept here is of YES.
        self.given = given
        self.task = task
        self.view = view
        self.began_s = time.monotonic()
        self.outcomes: dict[int, list[Outcome]] = {}
        self.estimates: list[Strategy] = []
        self.max_cost_bps: float | None = None
        self.running: asyncio.Task[None] | None = None

    def take(self, outcome: Outcome) -> None:
        """One more run has ended."""
        self.outcomes.setdefault(outcome.plan, []).append(outcome)

    def shown(self, view: SimulationJob) -> SimulationJob:
        """The view in the terms of the side that was asked for."""
        return view if self.given is None else job_of_no(view, self.given)

    def dear(self, one: StrategyRuns) -> str:
        """Why a strategy costs too much for the client, in bps of the side asked for."""
        cost, most = one.est_cost_bps, self.max_cost_bps
        if most is None:
            return ""
        if cost is None:
            return one.reason
        told = cost if self.given is None else cost * ratio(self.view.mid)
        return f"it costs {told:.3f}" if told > most else ""

    @property
    def unfinished(self) -> bool:
        return self.view.status == "running"


class ScenarioJobs:
    """The jobs of one engine. `begin` returns at once; `view` tells how far a job has come."""

    def __init__(self, engine: ExecutionEngine, pictures: Pictures) -> None:
        self.engine = engine
        self.pictures = pictures
        self.jobs: dict[str, Job] = {}
        self._turn = asyncio.Semaphore(1)

    def begin(
        self,
        client_id: str,
        symbol: str,
        side: Side,
        qty_1e8: int,
        *,
        urgency: str = "medium",
        exclude_venues: Sequence[str] = (),
        passive_only: bool = False,
        max_cost_bps: float | None = None,
        strategies: Sequence[str] = STANDARD,
        runs: int = RUNS_DEFAULT,
        seed: int | None = None,
        given: str | None = None,
    ) -> SimulationJob:
        """Start a job from the live books; ApiError for what cannot be asked, or 429 when full.

        `given` is the NO side of an event contract as its client named it: `side` is then that
        of YES, `max_cost_bps` that of NO, and so is all that is told of the job.
        """
        # The closed form checks what was asked, and says what the filters drop at once.
        closed = self.pictures.simulate(
            symbol,
            side,
            qty_1e8,
            urgency=urgency,
            exclude_venues=exclude_venues,
            passive_only=passive_only,
            strategies=strategies,
        )
        qty_1e8 = closed.qty_1e8
        self._check_room(client_id, runs)
        if seed is None:
            seed = secrets.randbelow(SEEDS)
        seen = self.pictures.look(symbol, side, urgency, frozenset(exclude_venues))
        config = self.engine.config
        setting = fit_setting(seen, qty_1e8, config.policies, config.account.collar_bps)
        names = [one.name for one in closed.strategies]
        estimates = [
            estimate(seen, qty_1e8, name, RANKS[urgency], parameters=config.policies)
            for name in dict.fromkeys(strategies)
            if name in names
        ]
        task = task_of(setting, estimates, seen.lot_1e8, RANKS[urgency], runs, seed)
        view = SimulationJob(
            job_id=f"sim_{secrets.token_hex(8)}",
            status="running" if task else "done",
            progress=0.0 if task else 1.0,
            symbol=seen.market.instrument.symbol,
            side=side.text,
            qty=qty_1e8 / QTY_SCALE,
            qty_1e8=qty_1e8,
            urgency=urgency,
            runs=runs,
            seed=seed,
            mid=None if setting is None else setting.mid_x2 / 2 / PRICE_SCALE,
            sigma_bps=seen.sigma_bps,
            strategies=tuple(empty_runs(one) for one in estimates),
            dropped=closed.dropped,
            excluded_venues=tuple(sorted(exclude_venues)),
            flow=() if setting is None else flow_seen(setting),
            as_of_ns=seen.now_ns,
            elapsed_ms=0,
            reason="" if task else why_nothing(seen, estimates),
        )
        job = Job(client_id, task, view, given)
        job.estimates, job.max_cost_bps = estimates, max_cost_bps
        self._start(job)
        return job.shown(view)

    def view(self, client_id: str, job_id: str) -> SimulationJob:
        """How far a job has come; ApiError 404 for one that this client has not."""
        job = self._job(client_id, job_id)
        return job.shown(self._look(job) if job.unfinished else job.view)

    def cancel(self, client_id: str, job_id: str) -> SimulationJob:
        """End a job; one that is done stays as it is."""
        job = self._job(client_id, job_id)
        if job.unfinished:
            self._end(job, "cancelled", "cancelled by its client")
            if job.running is not None:
                job.running.cancel()
        return job.shown(job.view)

    def close(self) -> None:
        """End every job, and its process."""
        for job in self.jobs.values():
            if job.unfinished:
                self._end(job, "cancelled", "the engine was stopped")
                if job.running is not None:
                    job.running.cancel()

    # -- inside

    def _check_room(self, client_id: str, runs: int) -> None:
        if not 1 <= runs <= RUNS_MAX:
            text = f"runs lies between 1 and {RUNS_MAX}"
            raise ApiError(ErrorCode.INVALID_PARAMS, text, [("runs", text)])
        waiting = [job for job in self.jobs.values() if job.unfinished]
        own = sum(job.client_id == client_id for job in waiting)
        if len(waiting) >= UNFINISHED_MAX or own >= OF_A_CLIENT_MAX:
            text = "too many simulations are running; wait for one, or use method closed_form"
            raise ApiError(ErrorCode.RATE_LIMITED, text, retryable=True, retry_after_ms=1_000)

    def _start(self, job: Job) -> None:
        for job_id in [one for one, old in self.jobs.items() if not old.unfinished]:
            if len(self.jobs) < KEPT_MAX:
                break
            del self.jobs[job_id]
        self.jobs[job.view.job_id] = job
        if job.task is not None:
            job.running = asyncio.get_running_loop().create_task(self._run(job, job.task))

    async def _run(self, job: Job, task: Task) -> None:
        try:
            async with self._turn, asyncio.timeout(JOB_S):
                fault = await run_task(task, job.take)
            self._end(job, "failed" if fault else "done", fault)
        except TimeoutError:
            # What was run until then is an answer all the same.
            status = "done" if job.outcomes else "failed"
            self._end(job, status, f"ended after {JOB_S:.0f} s, before all runs were done")
        except (OSError, ValueError, msgspec.MsgspecError) as error:
            self._end(job, "failed", f"the simulation could not be run: {error}")

    def _look(self, job: Job) -> SimulationJob:
        """The view as of now."""
        task, view = job.task, job.view
        assert task is not None, "a job that runs has a task"
        index = {plan.name: number for number, plan in enumerate(task.plans)}
        found: list[StrategyRuns] = []
        for one in job.estimates:
            if one.name not in index:
                found.append(empty_runs(one))
                continue
            outcomes = job.outcomes.get(index[one.name], ())
            made = strategy_runs(one.name, one.policy, one.urgency, outcomes, one.est_cost_bps)
            found.append(made)
        found.sort(key=lambda made: (made.est_cost_bps is None, made.est_cost_bps or 0.0))
        done = sum(map(len, job.outcomes.values()))
        return with_changes(
            view,
            progress=done / (task.runs * len(task.plans)),
            strategies=tuple(found),
            elapsed_ms=int(1e3 * (time.monotonic() - job.began_s)),
        )

    def _end(self, job: Job, status: str, reason: str) -> None:
        """The job's last word; its outcomes and task are let go."""
        if not job.unfinished:
            return
        view, dropped = self._look(job), dict(job.view.dropped)
        kept = []
        for one in view.strategies:
            why = job.dear(one)
            if why:
                dropped[one.name] = f"max_cost_bps: {why}"
            else:
                kept.append(one)
        job.view = with_changes(
            view, status=status, reason=reason, strategies=tuple(kept), dropped=dropped
        )
        job.outcomes, job.task = {}, None

    def _job(self, client_id: str, job_id: str) -> Job:
        job = self.jobs.get(job_id)
        if job is None or job.client_id != client_id:
            text = f"there is no simulation {job_id!r:.80} of this client; it may be too old"
            raise ApiError(ErrorCode.NOT_FOUND, text)
        return job


def task_of(
    setting: Setting | None,
    estimates: Sequence[Strategy],
    lot_1e8: int,
    rank: int,
    runs: int,
    seed: int,
) -> Task | None:
    """The work for those strategies that can be run; None where there is none."""
    if setting is None:
        return None
    plans = tuple(
        plan_of(one.name, setting.qty_1e8, lot_1e8, rank, one.taken_share)
        for one in estimates
        if not one.reason
    )
    return Task(setting=setting, plans=plans, runs=runs, seed=seed) if plans else None


def with_changes(view: SimulationJob, **changes: object) -> SimulationJob:
    """The view with some fields changed."""
    return msgspec.structs.replace(view, **changes)


def empty_runs(one: Strategy) -> StrategyRuns:
    """A strategy that has no run, yet or at all."""
    reason = one.reason or "no run has ended yet"
    return StrategyRuns(
        name=one.name,
        policy=one.policy,
        urgency=one.urgency,
        runs=0,
        closed_form_bps=one.est_cost_bps,
        reason=reason,
    )


def flow_seen(setting: Setting) -> tuple[FlowSeen, ...]:
    """What the others' trades were fitted to."""
    rows = []
    for one in setting.venues:
        sizes, waits = one.sizes_1e8, sorted(one.latencies_ns)
        rows.append(
            FlowSeen(
                venue=one.listing.venue,
                source="tape" if sizes else "none",
                buys_per_s=one.buys_per_s,
                sells_per_s=one.sells_per_s,
                mean_size_1e8=sum(sizes) // len(sizes) if sizes else 0,
                refill_s=one.refill_s,
                latency_p50_ms=waits[len(waits) // 2] / 1e6,
                levels=len(one.bids) + len(one.asks),
            )
        )
    return tuple(rows)


def why_nothing(seen: MarketPicture, estimates: Sequence[Strategy]) -> str:
    """Why there is nothing to run."""
    if not estimates:
        return "the filters left no strategy"
    found = [one.reason for one in estimates if one.reason]
    return found[0] if found else f"no book of {seen.market.instrument.symbol} can be used"
