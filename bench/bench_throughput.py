"""Graphs a second, from submit to completed: one leg, one fill, no venue latency, journal on disk.

`python -m bench.bench_throughput [graphs]` prints the rate with the writer thread at work, and
where the time went; the pytest entry runs few and asserts that every graph completed.
"""

from __future__ import annotations

import cProfile
import gc
import pstats
import sys
import tempfile
import time
from pathlib import Path

from bench.order_world import OrderWorld
from engine.kernels.warm_up import warm_up

SMOKE = 50
FULL = 20_000
BATCH = 64


def bench_throughput_smoke(tmp_path: Path) -> None:
    """Fifty graphs, all of them completed and recorded."""
    warm_up()
    world = OrderWorld(tmp_path / "journal.db", threaded=True)
    assert run(world, SMOKE) == SMOKE
    assert world.completed() == SMOKE
    world.close()


def run(world: OrderWorld, graphs: int) -> int:
    """Submit in batches and run each to its end; how many were accepted."""
    accepted = 0
    for start in range(0, graphs, BATCH):
        accepted += world.batch(min(BATCH, graphs - start))
    world.settle()
    return accepted


def main(graphs: int = FULL) -> None:
    """Print graphs a second, then a profile of the engine's thread."""
    warm_up()
    with tempfile.TemporaryDirectory(prefix="execgraph-bench-") as folder:
        world = OrderWorld(Path(folder) / "journal.db", threaded=True)
        run(world, 1_000)
        gc.collect()
        gc.freeze()
        before = world.completed()
        start = time.perf_counter()
        run(world, graphs)
        elapsed = time.perf_counter() - start
        done = world.completed() - before
        rate = done / elapsed
        print(f"{done} graphs completed and durable in {elapsed:.2f} s: {rate:,.0f} a second")
        profile = cProfile.Profile()
        profile.enable()
        run(world, graphs // 10)
        profile.disable()
        pstats.Stats(profile).sort_stats("tottime").print_stats(45)
        world.close()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
