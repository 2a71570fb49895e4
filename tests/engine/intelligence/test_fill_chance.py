"""The chance of a resting fill, against a simulated random walk and its own limits."""

from __future__ import annotations

from math import exp
from random import Random

import pytest

from engine.intelligence.fill_chance import fill_chance, fill_chances


def test_the_price_comes_as_often_as_a_random_walk_reaches_a_spread() -> None:
    random = Random(5)
    half, sigma, horizon, steps = 0.5, 1.0, 4.0, 400
    reached = 0
    walks = 1_500
    for _ in range(walks):
        at = 0.0
        for _ in range(steps):
            at += random.gauss(0.0, sigma * (horizon / steps) ** 0.5)
            if at <= -2 * half:
                reached += 1
                break
    # A walk looked at in steps reaches a little less often than one that is always looked at.
    assert fill_chance(half, sigma, horizon, 1, None) == pytest.approx(reached / walks, abs=0.05)


def test_volume_fills_when_the_price_stands_still() -> None:
    day = 86_400 * 2 * 10**8
    assert fill_chance(5.0, 0.0, 10.0, 10 * 10**8, day) == pytest.approx(exp(-1.0))
    assert fill_chance(5.0, 0.0, 10.0, 10**8, None) == 0.0


def test_it_rises_with_time_and_falls_with_size_and_spread() -> None:
    day = 86_400 * 10**9
    times = [fill_chance(2.0, 1.0, t, 10**9, day) for t in (0.0, 1.0, 5.0, 60.0, 3600.0)]
    assert times == sorted(times)
    assert times[0] == 0.0 and times[-1] < 1.0
    assert fill_chance(2.0, 0.1, 5.0, 10**9, day) > fill_chance(2.0, 0.1, 5.0, 10**10, day)
    assert fill_chance(1.0, 1.0, 5.0, 1, None) > fill_chance(2.0, 1.0, 5.0, 1, None)


@pytest.mark.parametrize("volume", [None, 86_400 * 10**9])
@pytest.mark.parametrize("sigma", [0.0, 0.7])
def test_many_horizons_are_each_its_own(volume: int | None, sigma: float) -> None:
    times = (0.0, 1.0, 5.0, 900.0)
    roots = [(2.0 * t) ** 0.5 for t in times]
    found = fill_chances(1.5, sigma, times, roots, 10**9, volume)
    assert found == pytest.approx([fill_chance(1.5, sigma, t, 10**9, volume) for t in times])
