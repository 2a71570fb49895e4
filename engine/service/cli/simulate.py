"""`execgraph simulate`: seeded worlds under faults, each checked and run twice."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterable
from typing import get_args

import msgspec

from engine.errors import ConfigError
from engine.service.cli.progress import progress_bar
from engine.service.simulation.seed import SeedResult
from engine.service.simulation.soak import Total, default_jobs, run_seeds
from engine.service.simulation.swarm import FaultLevel, Shapes
from engine.service.simulation.workload import SHAPES

__all__ = ["add_arguments", "run"]

SEEDS = 20
REPORTS_MAX = 3
PLAIN_EVERY_S = 10.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `simulate`."""
    parser.add_argument("--seed", type=int, help="the first seed; alone, the only one")
    parser.add_argument("--seeds", type=int, help=f"how many seeds, from 1 on; default {SEEDS}")
    parser.add_argument(
        "--faults",
        choices=[level.value for level in FaultLevel],
        default=FaultLevel.FULL.value,
        help="how hard the world is on the engine",
    )
    parser.add_argument(
        "--shapes",
        choices=get_args(Shapes),
        default=SHAPES,
        help="what clients submit: single orders or whole graphs",
    )
    parser.add_argument("--jobs", type=int, help="worker processes; default: one a processor")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(options: argparse.Namespace) -> int:
    """Run the seeds; 0 when every one passes, 1 when one fails."""
    first = 1 if options.seed is None else options.seed
    count = options.seeds
    if count is None:
        count = SEEDS if options.seed is None else 1
    jobs = default_jobs() if options.jobs is None else options.jobs
    if first < 0:
        raise ConfigError(f"--seed takes a number from 0 on, not {first}")
    if count < 1:
        raise ConfigError(f"--seeds takes a number from 1 on, not {count}")
    if jobs < 1:
        raise ConfigError(f"--jobs takes a number from 1 on, not {jobs}")
    level, shapes = FaultLevel(options.faults), options.shapes
    total, failures = Total(), []
    started = time.monotonic()
    with progress_bar("simulating", enabled=not options.json) as bar:
        shown = bar or (None if options.json else plain_progress(started))
        for result in counted(run_seeds(first, count, level, jobs, shapes), total, count, shown):
            failures.append(result)
            if not options.json and len(failures) <= REPORTS_MAX:
                print(result.report, flush=True)
    elapsed = time.monotonic() - started
    if options.json:
        print(msgspec.json.encode(answer(first, level, total, failures, elapsed)).decode())
    else:
        print_total(first, level, total, elapsed)
    return 1 if total.failed else 0


def counted(
    results: Iterable[SeedResult],
    total: Total,
    count: int,
    shown: Callable[[int, int], None] | None,
) -> Iterable[SeedResult]:
    """Adds every result up and passes on the failures."""
    for result in results:
        total.add(result)
        if shown is not None:
            shown(total.seeds, count)
        if result.faults:
            yield result


def plain_progress(started: float) -> Callable[[int, int], None]:
    """A line every so often, where no bar can be drawn."""
    last = started

    def show(done: int, count: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= PLAIN_EVERY_S and done < count:
            last = now
            print(f"{done} of {count} seeds, {done / (now - started):.1f} a second", flush=True)

    return show


def print_total(first: int, level: FaultLevel, total: Total, elapsed: float) -> None:
    """What was run, and the verdict as the last line."""
    rate = total.seeds / elapsed if elapsed else 0.0
    print(
        f"seeds {first} to {first + total.seeds - 1}, faults {level.value}: {total.graphs} graphs, "
        f"{total.fills} fills, {total.turns} turns, {total.virtual_seconds:.0f} s of virtual time "
        f"in {elapsed:.1f} s ({rate:.1f} seeds a second)"
    )
    print(f"hash of all journals: {total.hash}")
    if not total.failed:
        print("every seed passes and repeats itself exactly")
        return
    shown = ", ".join(map(str, total.failed[:20]))
    more = f" and {len(total.failed) - 20} more" if len(total.failed) > 20 else ""
    print(f"{len(total.failed)} of {total.seeds} seeds fail: {shown}{more}")


def answer(
    first: int, level: FaultLevel, total: Total, failures: list[SeedResult], elapsed: float
) -> dict[str, object]:
    """The JSON object: totals, and every failing seed with what is wrong."""
    return {
        "first_seed": first,
        "seeds": total.seeds,
        "faults": level.value,
        "graphs": total.graphs,
        "fills": total.fills,
        "turns": total.turns,
        "virtual_seconds": round(total.virtual_seconds, 3),
        "elapsed_s": round(elapsed, 3),
        "hash": total.hash,
        "failures": [
            {
                "seed": one.seed,
                "faults": one.faults,
                "journal_hash": one.journal_hash,
                "repeat": one.repeat,
            }
            for one in failures
        ],
    }
