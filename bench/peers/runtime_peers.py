"""One actor hop beside a bare method call and beside a task with an `asyncio.Queue` on uvloop.

Run `python -m bench.peers.runtime_peers`. All contenders run in one process, pinned to one core,
in interleaved rounds; the figures are medians over the rounds, the ratios medians of each round's
ratio. Every contender makes the same fresh four-field message for each hop.
"""

from __future__ import annotations

import asyncio
import gc
import os
import statistics
import time
from collections.abc import Callable

import uvloop

from bench.runtime_topologies import Hop, Topology, fan_out, ring
from bench.sizes import sized

ACTORS = 100
HOPS = sized(20_000, 200_000)
QUEUE_HOPS = sized(5_000, 50_000)
ROUNDS = sized(11, 31)
BARE_MAX = 4.5
QUEUE_MIN = 8.0
CAPACITY = 1_024


class Plain:
    """What a hop costs without actors: a method that is given a fresh message."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = -1

    def on_hop(self, hop: Hop) -> None:
        self.left = hop.left


def bare_call() -> float:
    """ns a hop of a bound method called with a fresh message."""
    plain = Plain()
    on_hop = plain.on_hop
    began = time.perf_counter_ns()
    for left in range(HOPS):
        on_hop(Hop(left, 1, 2, 3))
    spent = time.perf_counter_ns() - began
    assert plain.left == HOPS - 1
    return spent / HOPS


def our_ring(made: Topology) -> float:
    """ns a hop round our actors, one message in flight."""
    began = time.perf_counter_ns()
    hops = made.run(1, HOPS - 1)
    spent = time.perf_counter_ns() - began
    assert hops == HOPS
    return spent / hops


def our_fan_out(made: Topology) -> float:
    """ns a message of our fan-out to a hundred actors."""
    began = time.perf_counter_ns()
    hops = made.run(HOPS // ACTORS, 0)
    spent = time.perf_counter_ns() - began
    assert hops == HOPS // ACTORS * (ACTORS + 1)
    return spent / hops


async def queue_ring() -> float:
    """ns a hop round as many tasks, each with a bounded `asyncio.Queue`."""
    queues: list[asyncio.Queue[Hop]] = [asyncio.Queue(CAPACITY) for _ in range(ACTORS)]
    done = asyncio.get_running_loop().create_future()

    async def actor(place: int) -> None:
        get = queues[place].get
        put = queues[(place + 1) % ACTORS].put_nowait
        while True:
            hop = await get()
            if hop.left:
                put(Hop(hop.left - 1, hop.price_1e9, hop.qty_1e8, hop.time_ns))
            else:
                done.set_result(place)

    tasks = [asyncio.ensure_future(actor(place)) for place in range(ACTORS)]
    await asyncio.sleep(0)
    began = time.perf_counter_ns()
    queues[0].put_nowait(Hop(QUEUE_HOPS - 1, 1, 2, 3))
    place = await done
    spent = time.perf_counter_ns() - began
    assert place == (QUEUE_HOPS - 1) % ACTORS
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return spent / QUEUE_HOPS


def main() -> None:
    """Measure, print, and say whether the goals are met."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    loop = uvloop.new_event_loop()
    circle, spread = ring(ACTORS), fan_out(ACTORS)
    contenders: dict[str, Callable[[], float]] = {
        "bare method call": bare_call,
        "our hop, ring of 100": lambda: our_ring(circle),
        "our message, fan-out to 100": lambda: our_fan_out(spread),
        "task + asyncio.Queue, uvloop, ring of 100": lambda: loop.run_until_complete(queue_ring()),
    }
    gc.collect()
    gc.freeze()
    for run in contenders.values():
        run()
    rounds: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(ROUNDS):
        for name, run in contenders.items():
            rounds[name].append(run())
    loop.close()
    bare, ours, _, queue = rounds.values()
    for name, figures in rounds.items():
        ratio = statistics.median(a / b for a, b in zip(figures, bare, strict=True))
        print(f"{name:44s} {statistics.median(figures):9.1f} ns {ratio:7.2f} x bare call")
    to_bare = statistics.median(a / b for a, b in zip(ours, bare, strict=True))
    to_queue = statistics.median(a / b for a, b in zip(queue, ours, strict=True))
    print(f"our hop is {to_bare:.2f} x the bare call (goal: at most {BARE_MAX})")
    print(f"our hop is {to_queue:.2f} x faster than a task with a queue (goal: over {QUEUE_MIN})")
    print("goals met" if to_bare <= BARE_MAX and to_queue >= QUEUE_MIN else "goals missed")


if __name__ == "__main__":
    main()
