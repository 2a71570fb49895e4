"""Resident memory over many orders: it must not grow with the orders that have ended.

`python -m bench.bench_memory` runs 200,000 orders and prints bytes an order between the 50,000th
and the last; the pytest entry runs few and counts what every container still holds.
"""

from __future__ import annotations

import gc
import resource
import sys
import tempfile
from pathlib import Path

from bench.order_world import OrderWorld
from engine.kernels.warm_up import warm_up

FIRST = 50_000
LAST = 200_000
SMOKE = 60


def bench_memory_smoke(tmp_path: Path) -> None:
    """After sixty ended orders no actor, timer, grant, take or owner is left of them."""
    warm_up()
    world = OrderWorld(tmp_path / "journal.db")
    world.order()
    world.driver.run_for(40 * 10**9)
    refs, timers = len(world.system.refs), len(world.system.timers)
    for _ in range(SMOKE):
        assert world.order().reason == ""
    world.driver.run_for(40 * 10**9)
    assert len(world.system.refs) == refs
    assert len(world.system.timers) == timers
    assert world.world.ledger.open_grants == 0
    assert not world.system.dead_letters
    world.close()


def resident_bytes() -> int:
    """Resident size now, from the kernel's own account."""
    with Path("/proc/self/statm").open() as statm:
        return int(statm.read().split()[1]) * resource.getpagesize()


def main(first: int = FIRST, last: int = LAST) -> None:
    """Print resident size at both marks and the growth between them."""
    warm_up()
    with tempfile.TemporaryDirectory(prefix="execgraph-bench-") as folder:
        world = OrderWorld(Path(folder) / "journal.db")
        at_first = 0
        for number in range(1, last + 1):
            world.order()
            if number == first:
                gc.collect()
                at_first = resident_bytes()
            if number % 25_000 == 0:
                print(f"{number:>8} orders  {resident_bytes() / 2**20:8.1f} MiB", flush=True)
        gc.collect()
        growth = (resident_bytes() - at_first) / (last - first)
        print(f"growth {growth:.1f} bytes an order between {first} and {last}")
        world.close()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]))
