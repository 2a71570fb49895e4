"""Tick to order: frame bytes in, child order bytes out, through the real actors.

`python -m bench.bench_tick_to_order` prints percentiles of a closed loop; the pytest entry runs
the same at smoke size and checks what left.
"""

from __future__ import annotations

import gc
import hashlib
import hmac
import statistics
import time

from bench.tick_world import TickWorld, make_inputs
from engine.kernels.warm_up import warm_up

QTY_1E8 = 1_000_000_000
SMOKE_TICKS = 50
FULL_TICKS = 3_000
KEY = b"k" * 64


def bench_tick_to_order_smoke() -> None:
    """Every firing tick sends about three valid children within the quantity asked for."""
    warm_up()
    latencies, children = measure(SMOKE_TICKS, signed=False)
    assert len(latencies) == SMOKE_TICKS
    assert 2.0 <= children <= 4.0


def measure(ticks: int, *, signed: bool, fire: bool = True) -> tuple[list[int], float]:
    """Nanoseconds of each tick, and the mean number of children of a firing one."""
    snapshots, frames = make_inputs(ticks)
    world = TickWorld(snapshots, QTY_1E8)
    latencies = []
    sent = 0
    clock = time.perf_counter_ns
    for frame in frames:
        if not fire:
            world.router.watches.disarm(world.node.actor_id)
        started = clock()
        world.tick(frame)
        if signed:
            for link in world.links:
                for payload in link.sent:
                    hmac.new(KEY, payload, hashlib.sha256).digest()
        latencies.append(clock() - started)
        sent += len(world.reset())
    assert not world.system.dead_letters, world.system.dead_letters
    return latencies, sent / ticks


def main() -> None:
    """Print microseconds at p50, p90, p99 and p99.9 for a firing, a signed and a quiet tick."""
    warm_up()
    gc.collect()
    gc.freeze()
    for name, signed, fire in (
        ("firing", False, True),
        ("firing, HMAC-signed", True, True),
        ("quiet", False, False),
    ):
        measure(200, signed=signed, fire=fire)
        latencies, children = measure(FULL_TICKS, signed=signed, fire=fire)
        cuts = statistics.quantiles(latencies, n=1_000)
        figures = "  ".join(
            f"{label} {cuts[index] / 1_000:.1f}"
            for label, index in (("p50", 499), ("p90", 899), ("p99", 989), ("p99.9", 998))
        )
        print(f"{name:<20} {figures}  children {children:.2f}")


if __name__ == "__main__":
    main()
