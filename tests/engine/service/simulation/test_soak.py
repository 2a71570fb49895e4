"""Many seeds: in order, the same from one process or several, and summed up."""

from __future__ import annotations

import os

import pytest

from engine.errors import EngineError
from engine.service.simulation import soak
from engine.service.simulation.seed import SeedResult, run_seed
from engine.service.simulation.soak import Total, default_jobs, run_seeds
from engine.service.simulation.swarm import FaultLevel

NONE = FaultLevel.NONE


def test_workers_give_what_one_process_gives() -> None:
    alone = [run_seed(seed, NONE) for seed in range(5, 21)]
    assert list(run_seeds(5, 16, NONE, jobs=2)) == alone


def test_shapes_reach_the_workers() -> None:
    single = [run_seed(seed, NONE, shapes="single") for seed in range(1, 17)]
    assert list(run_seeds(1, 16, NONE, 2, "single")) == single
    assert single[0] != run_seed(1, NONE, shapes="graphs")


def test_a_few_seeds_need_no_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soak, "ProcessPoolExecutor", None)
    assert [one.seed for one in run_seeds(7, 3, NONE, jobs=8)] == [7, 8, 9]


def test_a_dead_worker_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soak, "run_some", die)
    with pytest.raises(EngineError, match="worker process died"):
        list(run_seeds(1, 32, NONE, jobs=2))


def die(start: int, stop: int, level: str, shapes: str | None) -> list[SeedResult]:
    os._exit(3)


def test_an_abandoned_run_stops_its_workers() -> None:
    results = run_seeds(1, 64, NONE, jobs=2)
    assert next(iter(results)).seed == 1
    results.close()  # type: ignore[attr-defined]  # a generator


def test_totals_add_up() -> None:
    total, other = Total(), Total()
    first, second = run_seed(1, NONE), run_seed(2, NONE)
    for one in (first, second):
        total.add(one)
    for one in (second, first):
        other.add(one)
    assert total.seeds == 2
    assert total.fills == first.fills + second.fills
    assert total.failed == []
    assert total.hash != other.hash


def test_jobs_are_counted_by_processor() -> None:
    assert 1 <= default_jobs() <= (os.cpu_count() or 1)
