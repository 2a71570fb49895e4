"""Price triggers: against a twin that scans them all, and what a hundred thousand of them weigh."""

from __future__ import annotations

import random
import tracemalloc

import pytest

from engine.decisions.market import INT64_MAX, INT64_MIN
from engine.decisions.price_triggers import PriceTriggers
from tests.support.slow_triggers import SlowTriggers

MANY = 100_000
BYTES_MAX = 260


def same(fast: PriceTriggers, slow: SlowTriggers) -> None:
    assert len(fast) == len(slow.waiting)
    assert (fast.low_x2, fast.high_x2) == slow.bounds(INT64_MIN, INT64_MAX)


@pytest.mark.parametrize("seed", range(30))
def test_a_random_life_is_that_of_the_slow_twin(seed: int) -> None:
    rng = random.Random(seed)
    fast, slow = PriceTriggers(40), SlowTriggers(40)
    price = 1_000
    for _ in range(600):
        act = rng.random()
        owner, edge = rng.randrange(1, 25), rng.randrange(3)
        if act < 0.5:
            # Also on the wrong side: arming does not look at the price.
            above, at = rng.random() < 0.5, price + rng.randrange(-60, 61)
            assert fast.arm(owner, edge, above, at) == slow.arm(owner, edge, above, at)
        elif act < 0.65:
            assert fast.disarm(owner, edge) == slow.disarm(owner, edge)
        else:
            spike = 200 if rng.random() < 0.05 else 10
            price = max(100, price + rng.randrange(-spike, spike + 1))
            assert sorted(fast.crossed(price)) == sorted(slow.crossed(price))
        same(fast, slow)


def test_a_threshold_fires_at_equality_and_once() -> None:
    triggers = PriceTriggers(8)
    triggers.arm(1, 0, True, 200)
    triggers.arm(2, 0, False, 100)
    assert (triggers.low_x2, triggers.high_x2) == (100, 200)
    assert triggers.crossed(199) == triggers.crossed(101) == []
    assert triggers.crossed(200) == [(1, 0, 200)]
    assert triggers.crossed(200) == []
    assert triggers.crossed(100) == [(2, 0, 100)]
    assert (triggers.low_x2, triggers.high_x2) == (INT64_MIN, INT64_MAX)


def test_one_step_fires_all_that_it_passes_nearest_first() -> None:
    triggers = PriceTriggers(8)
    for owner, at in ((1, 300), (2, 210), (3, 250), (4, 301)):
        triggers.arm(owner, 7, True, at)
    assert triggers.crossed(300) == [(2, 7, 210), (3, 7, 250), (1, 7, 300)]
    assert len(triggers) == 1


def test_a_second_trigger_of_an_edge_replaces_the_first() -> None:
    triggers = PriceTriggers(1)
    assert triggers.arm(1, 0, True, 200)
    assert triggers.arm(1, 0, False, 50), "the place of the first is free again"
    assert (triggers.low_x2, triggers.high_x2) == (50, INT64_MAX)
    assert triggers.crossed(1_000) == []
    assert not triggers.arm(1, 1, True, 200), "full"
    assert triggers.crossed(50) == [(1, 0, 50)]


def test_large_owners_edges_and_prices_are_kept_whole() -> None:
    triggers = PriceTriggers(4)
    owner, edge, price = 2**48 - 1, 2**16 - 1, 2 * 10**9 * 10**9
    triggers.arm(owner, edge, True, price)
    triggers.arm(owner - 1, edge, True, price)
    assert triggers.crossed(price) == [(owner - 1, edge, price), (owner, edge, price)]


def test_a_hundred_thousand_weigh_little_each() -> None:
    triggers = PriceTriggers(MANY)
    rng = random.Random(1)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for owner in range(MANY):
            above = rng.random() < 0.5
            away = rng.randrange(1, 10**13)
            triggers.arm(owner + 1, 0, above, 128 * 10**12 + (away if above else -away))
        used = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert len(triggers) == MANY
    assert used / MANY < BYTES_MAX, f"{used / MANY:.0f} bytes each"
