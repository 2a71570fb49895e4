"""The runtime's hop cost in four topologies; full size with EXECGRAPH_BENCH=full.

Measure with `EXECGRAPH_BENCH=full pytest bench/bench_runtime.py --benchmark-enable`.
"""

from __future__ import annotations

from pytest_benchmark.fixture import BenchmarkFixture

from bench.runtime_topologies import Hop, Relay, fan_in, fan_out, ring
from bench.sizes import sized
from engine.runtime.system import ActorSystem
from engine.runtime.timers import COMPACT_MIN

HOPS = sized(2_000, 200_000)
ACTORS = 100


def bench_ring(benchmark: BenchmarkFixture) -> None:
    """One message in flight round a hundred actors."""
    made = ring(ACTORS)
    assert benchmark(made.run, 1, HOPS - 1) == HOPS
    assert made.system.halted is None


def bench_ping_pong(benchmark: BenchmarkFixture) -> None:
    """Two actors in turn."""
    made = ring(2)
    assert benchmark(made.run, 1, HOPS - 1) == HOPS


def bench_fan_out(benchmark: BenchmarkFixture) -> None:
    """One actor tells a hundred."""
    made = fan_out(ACTORS)
    rounds = HOPS // ACTORS
    assert benchmark(made.run, rounds, 0) == rounds * (ACTORS + 1)
    assert len({counter.got for counter in made.counters}) == 1


def bench_fan_in(benchmark: BenchmarkFixture) -> None:
    """A hundred actors tell one, each entered from outside."""
    made = fan_in(ACTORS)
    assert benchmark(made.run, HOPS, 1) == 2 * HOPS
    assert made.counters[0].got % HOPS == 0


def bench_spawn_and_stop(benchmark: BenchmarkFixture) -> None:
    """A short-lived actor with a timer that is cancelled."""
    made = ring(2)
    system = made.system

    def cycles() -> int:
        for _ in range(HOPS // 10):
            _live_and_die(system)
        return len(system.refs)

    assert benchmark(cycles) == 2
    assert system.timers.heap_size <= 2 * COMPACT_MIN + 2


def _live_and_die(system: ActorSystem) -> None:
    ref = system.spawn(Relay, name="short")
    system.actor_of(ref).ctx.after(1_000, Hop(0, 1, 2, 3))
    system.stop_actor(ref)
