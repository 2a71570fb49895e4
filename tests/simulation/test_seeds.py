"""Random worlds under faults: whatever the seed, nothing is lost, doubled, invented or left over.

`EXECGRAPH_SEEDS=2000` runs more of them, `EXECGRAPH_FIRST_SEED=n` starts elsewhere. Run as a
program with a seed, this file prints the hash of that seed's journal.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from engine.model.records import ChildrenIntended, NodeChanged, ReportRecorded
from engine.service.simulation.seed import finished_world, journal_hash, run_seed

SEEDS = int(os.environ.get("EXECGRAPH_SEEDS", "100"))
FIRST = int(os.environ.get("EXECGRAPH_FIRST_SEED", "1"))
ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.mark.parametrize("seed", range(FIRST, FIRST + SEEDS))
def test_a_seed(seed: int) -> None:
    """Safety, heal, liveness, all checks, and the same journal a second time."""
    result = run_seed(seed)
    if result.faults:
        pytest.fail(result.report)


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
    assert done.stdout.strip() == run_seed(8, twice=False).journal_hash


def test_the_swarm_reaches_its_corners() -> None:
    """Over a few seeds: fills, partial ends, refusals, unknown states and cancels all happen."""
    seen: Counter[str] = Counter()
    for seed in range(20):
        for entry in finished_world(seed).durable:
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
        "STATUS", "TradingHalted",
    }  # fmt: skip
    assert not expected - set(+seen)


if __name__ == "__main__":
    sys.stdout.write(journal_hash(finished_world(int(sys.argv[1])).entries) + "\n")
