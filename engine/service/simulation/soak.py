"""Many seeds in worker processes: results in the order of the seeds, and what they add up to."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any

import msgspec

from engine.errors import EngineError
from engine.kernels.warm_up import warm_up
from engine.service.simulation.seed import SeedResult, run_seed
from engine.service.simulation.swarm import FaultLevel, Shapes

__all__ = ["Total", "default_jobs", "run_seeds"]

SEEDS_PER_TASK = 4
TASKS_AHEAD = 4
# Below this a worker's start costs more than it saves.
SEEDS_PER_JOB_MIN = 8


class Total(msgspec.Struct):
    """What a range of seeds adds up to; `hash` is one number for all their journals."""

    seeds: int = 0
    graphs: int = 0
    fills: int = 0
    turns: int = 0
    virtual_seconds: float = 0.0
    failed: list[int] = msgspec.field(default_factory=list)
    hash: str = ""

    def add(self, result: SeedResult) -> None:
        """Count one seed; they come in order."""
        self.seeds += 1
        self.graphs += result.graphs
        self.fills += result.fills
        self.turns += result.turns
        self.virtual_seconds += result.virtual_seconds
        if result.faults:
            self.failed.append(result.seed)
        self.hash = hashlib.sha256((self.hash + result.journal_hash).encode()).hexdigest()


def default_jobs() -> int:
    """One worker a processor that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run_seeds(
    first: int, count: int, level: FaultLevel, jobs: int, shapes: Shapes | None = None
) -> Iterator[SeedResult]:
    """Results of seeds `first` to `first + count - 1`, in order, from `jobs` processes.

    A few seeds are run here instead. Closing the iterator stops the workers. EngineError when a
    worker dies.
    """
    jobs = min(jobs, count // SEEDS_PER_JOB_MIN)
    if jobs <= 1:
        warm_up(None)
        for seed in range(first, first + count):
            yield run_seed(seed, level, shapes=shapes)
        return
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=prepare)
    try:
        yield from in_order(pool, first, count, level, jobs, shapes)
    except BrokenProcessPool as error:
        text = f"a worker process died ({error}); run fewer with --jobs, or one seed with --seed"
        raise EngineError(text) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def in_order(
    pool: ProcessPoolExecutor,
    first: int,
    count: int,
    level: FaultLevel,
    jobs: int,
    shapes: Shapes | None,
) -> Iterator[SeedResult]:
    """Keeps every worker busy and a bounded number of tasks waiting."""
    waiting: deque[Future[list[SeedResult]]] = deque()
    starts = iter(range(first, first + count, SEEDS_PER_TASK))
    end = first + count
    while True:
        while len(waiting) < jobs * TASKS_AHEAD:
            start = next(starts, None)
            if start is None:
                break
            stop = min(start + SEEDS_PER_TASK, end)
            waiting.append(pool.submit(run_some, start, stop, level.value, shapes))
        if not waiting:
            return
        yield from waiting.popleft().result()


def prepare(*_: Any) -> None:
    """In a new worker: load the compiled kernels before the first seed."""
    warm_up(None)


def run_some(start: int, stop: int, level: str, shapes: Shapes | None) -> list[SeedResult]:
    """In a worker: a few seeds in a row."""
    return [run_seed(seed, level, shapes=shapes) for seed in range(start, stop)]
