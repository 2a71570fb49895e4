"""Random worlds under faults: whatever the seed, nothing is lost, doubled, invented or left over.

`EXECGRAPH_SEEDS=200` runs more of them, `EXECGRAPH_FIRST_SEED=n` starts elsewhere. Run as a
program with a seed, this file prints the hash of that seed's journal.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from engine.model.records import ChildrenIntended, FillRecord, NodeChanged, ReportRecorded
from tests.simulation.checkers import faults_at_end, faults_on_the_way
from tests.simulation.workload import draw_swarm
from tests.simulation.world import SimulatedWorld, journal_hash

SEEDS = int(os.environ.get("EXECGRAPH_SEEDS", "25"))
FIRST = int(os.environ.get("EXECGRAPH_FIRST_SEED", "0"))
ROOT = Path(__file__).resolve().parent.parent.parent
TEST = "tests/simulation/test_seeds.py -k test_a_seed"
LAST_EVENTS = 40


@pytest.mark.parametrize("seed", range(FIRST, FIRST + SEEDS))
def test_a_seed(seed: int) -> None:
    check(seed)


@pytest.mark.parametrize("seed", [3, 8, 21])
def test_the_same_seed_gives_the_same_journal(seed: int) -> None:
    first, second = finished(seed), finished(seed)
    assert len(first.durable) > 5
    assert journal_hash(first.durable) == journal_hash(second.durable)
    assert first.driver.turns == second.driver.turns


def test_another_seed_gives_another_journal() -> None:
    assert journal_hash(finished(3).durable) != journal_hash(finished(4).durable)


@pytest.mark.parametrize("hash_seed", ["0", "4711"])
def test_hash_randomisation_changes_nothing(hash_seed: str) -> None:
    """In another process, with another order of every set and dictionary of strings."""
    environment = os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, __file__, "8"],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == journal_hash(finished(8).durable)


def test_the_swarm_reaches_its_corners() -> None:
    """Over a few seeds: fills, partial ends, refusals, unknown states and cancels all happen."""
    seen: Counter[str] = Counter()
    for seed in range(20):
        for entry in finished(seed).durable:
            payload = entry.payload
            seen[type(payload).__name__] += 1
            if isinstance(payload, NodeChanged):
                seen[payload.status.value] += 1
                seen["unknown"] += payload.unknown_qty_1e8 > 0
                seen["working"] += payload.working_qty_1e8 > 0
            elif isinstance(payload, ReportRecorded):
                seen[payload.report.kind.name] += 1
            elif isinstance(payload, ChildrenIntended):
                seen["split"] += len(payload.children) > 1
    expected = {
        "FillRecord", "filled", "partial_fill", "cancelled", "rejected", "unknown", "working",
        "split", "CANCELLED", "EXPIRED", "REJECTED", "NOT_FOUND", "UNKNOWN", "CANCEL_REJECTED",
        "STATUS",
    }  # fmt: skip
    assert not expected - set(+seen)


def test_an_invented_fill_is_seen() -> None:
    run = finished(3)
    index, entry = next(
        (i, one) for i, one in enumerate(run.durable) if isinstance(one.payload, FillRecord)
    )
    run.durable.insert(index, entry)
    assert any("never happened" in text for text in faults_on_the_way(run))


def test_a_lost_fill_is_seen() -> None:
    run = finished(3)
    run.durable[:] = [one for one in run.durable if not isinstance(one.payload, FillRecord)]
    assert any("journal lacks" in text for text in faults_at_end(run))


def test_an_order_without_intent_is_seen() -> None:
    run = finished(3)
    run.durable[:] = [one for one in run.durable if not isinstance(one.payload, ChildrenIntended)]
    assert any("never intended" in text for text in faults_on_the_way(run))


def finished(seed: int) -> SimulatedWorld:
    """A run to its end, unchecked."""
    run = SimulatedWorld(draw_swarm(seed))
    run.run()
    return run


def check(seed: int) -> None:
    """Run and check one seed; a failure prints all that is needed to repeat it."""
    run = SimulatedWorld(draw_swarm(seed))
    found: list[str] = []

    def watch(run: SimulatedWorld) -> None:
        if not found:
            found.extend(faults_on_the_way(run))

    run.run(watch)
    found.extend(faults_at_end(run))
    if found:
        pytest.fail(report(run, found))


def report(run: SimulatedWorld, faults: list[str]) -> str:
    """Seed, configuration, what is wrong, the last events, and the command to repeat it."""
    seed = run.swarm.seed
    last = [
        f"  {entry.seq} {(entry.ts_ns - run.started_ns) / 1e9:.6f} s {entry.graph_id[:12]} "
        f"{entry.payload!r:.300}"
        for entry in run.entries[-LAST_EVENTS:]
    ]
    letters = [f"  {one}" for one in run.system.dead_ring]
    return "\n".join(
        [
            f"seed {seed} fails at {run.elapsed_ns / 1e9:.3f} s of virtual time",
            run.swarm.describe(),
            *faults,
            "last entries:",
            *last,
            "last dead letters:",
            *letters[-LAST_EVENTS:],
            "repeat it with:",
            f"  EXECGRAPH_FIRST_SEED={seed} EXECGRAPH_SEEDS=1 python -m pytest {TEST}",
        ]
    )


if __name__ == "__main__":
    sys.stdout.write(journal_hash(finished(int(sys.argv[1])).durable) + "\n")
