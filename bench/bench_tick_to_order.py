"""Tick to order: frame bytes in, child order bytes out, through the real actors.

`python -m bench.bench_tick_to_order` prints percentiles of a closed loop; the pytest entry runs
the same at smoke size and checks what left.
"""

from __future__ import annotations

import gc
import hmac
import statistics
import time

from bench.tick_world import FAR_FEES_PPM, TickWorld, make_inputs
from engine.kernels.warm_up import warm_up

QTY_1E8 = 100_000_000
"""With near fees: some 24 levels over three venues."""
DEEP_QTY_1E8 = 1_500_000_000
"""With far fees: some 320 levels over three venues."""
SMOKE_TICKS = 50
FULL_TICKS = 3_000
KEY = b"k" * 64


def bench_tick_to_order_smoke() -> None:
    """Every firing tick sends about three valid children within the quantity asked for."""
    warm_up()
    latencies, children = measure(SMOKE_TICKS, signed=False)
    assert len(latencies) == SMOKE_TICKS
    assert 2.0 <= children <= 4.0


def measure(
    ticks: int, *, signed: bool, fire: bool = True, whole: bool = False, deep: bool = False
) -> tuple[list[int], float]:
    """Nanoseconds of each tick, and the mean number of children of a firing one.

    A tick lasts until its last child's bytes left; `whole` counts on to the end of the turn,
    with the bookkeeping that follows. `signed` adds an HMAC a child, `deep` takes the larger order.
    """
    snapshots, frames = make_inputs(ticks)
    if deep:
        world = TickWorld(snapshots, DEEP_QTY_1E8, FAR_FEES_PPM)
    else:
        world = TickWorld(snapshots, QTY_1E8)
    latencies = []
    sent = 0
    clock = time.perf_counter_ns
    for frame in frames:
        if not fire:
            world.router.watches.disarm(world.node.actor_id)
        started = clock()
        world.tick(frame)
        ended = clock()
        if fire and not whole:
            ended = max(link.left_ns for link in world.links)
        signing = clock()
        if signed:
            for link in world.links:
                for payload in link.sent:
                    hmac.digest(KEY, payload, "sha256")
            ended += clock() - signing
        latencies.append(ended - started)
        sent += len(world.reset())
    assert not world.system.dead_letters, world.system.dead_letters
    return latencies, sent / ticks


def main() -> None:
    """Print microseconds at p50, p90, p99 and p99.9 for firing, deep, signed and quiet ticks."""
    warm_up()
    gc.collect()
    gc.freeze()
    for name, signed, fire, whole, deep in (
        ("firing", False, True, False, False),
        ("firing, deep", False, True, False, True),
        ("firing, HMAC-signed", True, True, False, False),
        ("firing, whole turn", False, True, True, False),
        ("quiet", False, False, True, False),
    ):
        measure(200, signed=signed, fire=fire, whole=whole, deep=deep)
        latencies, children = measure(FULL_TICKS, signed=signed, fire=fire, whole=whole, deep=deep)
        cuts = statistics.quantiles(latencies, n=1_000)
        figures = "  ".join(
            f"{label} {cuts[index] / 1_000:.1f}"
            for label, index in (("p50", 499), ("p90", 899), ("p99", 989), ("p99.9", 998))
        )
        print(f"{name:<20} {figures}  children {children:.2f}")


if __name__ == "__main__":
    main()
