"""Scores of forecasts against independent formulas and against chance itself."""

from __future__ import annotations

from random import Random

import pytest
from scipy import stats

from engine.intelligence.scoring import (
    binomial_band,
    block_interval,
    inside,
    kupiec,
    mean_pinball,
    pinball,
    randomised_pit,
    wilson,
)


@pytest.mark.parametrize(("hits", "count"), [(0, 10), (9, 10), (90, 100), (1798, 2000), (10, 10)])
def test_wilson_is_the_interval_of_another_library(hits: int, count: int) -> None:
    found = stats.binomtest(hits, count).proportion_ci(0.95, method="wilson")
    assert wilson(hits, count) == pytest.approx((found.low, found.high), abs=1e-12)


def test_wilson_of_nothing_and_of_nonsense() -> None:
    assert wilson(0, 0) == (0.0, 1.0)
    with pytest.raises(ValueError, match="hits"):
        wilson(3, 2)


@pytest.mark.parametrize("count", [1, 20, 100, 333, 2000])
@pytest.mark.parametrize("confidence", [0.9, 0.995])
def test_a_band_is_the_narrowest_that_leaves_half_the_rest_in_each_tail(
    count: int, confidence: float
) -> None:
    low, high = binomial_band(count, 0.9, confidence)
    tail = (1.0 - confidence) / 2.0
    truth = stats.binom(count, 0.9)
    assert truth.cdf(low - 1) <= tail < truth.cdf(low)
    assert truth.sf(high) <= tail < truth.sf(high - 1)


def test_a_band_of_nonsense_is_refused() -> None:
    with pytest.raises(ValueError, match="count"):
        binomial_band(10, 1.0, 0.9)


@pytest.mark.parametrize(("misses", "count"), [(10, 100), (25, 100), (0, 50), (50, 50), (3, 200)])
def test_kupiec_is_the_likelihood_ratio(misses: int, count: int) -> None:
    ratio, chance = kupiec(misses, count, 0.1)
    claimed = stats.binom.logpmf(misses, count, 0.1)
    seen = stats.binom.logpmf(misses, count, misses / count)
    assert ratio == pytest.approx(2 * (seen - claimed), abs=1e-9)
    assert chance == pytest.approx(stats.chi2.sf(ratio, 1), abs=1e-12)


def test_kupiec_of_nothing_and_of_nonsense() -> None:
    assert kupiec(0, 0, 0.1) == (0.0, 1.0)
    with pytest.raises(ValueError, match="misses"):
        kupiec(3, 2, 0.1)


def test_the_true_quantile_has_the_least_loss() -> None:
    draws = [float(n) for n in range(1000)]
    losses = {said: mean_pinball([(y, said) for y in draws]) for said in (700.0, 900.0, 980.0)}
    assert min(losses, key=losses.__getitem__) == 900.0
    assert (pinball(3.0, 1.0), pinball(1.0, 3.0)) == (pytest.approx(1.8), pytest.approx(0.2))
    with pytest.raises(ValueError, match="nothing"):
        mean_pinball([])


def test_an_atom_neither_helps_nor_hurts() -> None:
    rng = Random(1)
    hits = sum(inside(5.0, 5.0, rng.random()) for _ in range(20_000))
    low, high = binomial_band(20_000, 0.9, 0.999)
    assert low <= hits <= high
    assert inside(4.9, 5.0, 0.99)
    assert not inside(5.1, 5.0, 0.0)


def test_a_randomised_place_is_uniform_even_over_atoms() -> None:
    rng = Random(2)
    places = []
    for _ in range(2_000):
        samples = [rng.choice([0.0, 0.0, 0.0, 1.0]) for _ in range(20)]
        places.append(randomised_pit(samples[0], samples[1:], rng.random()))
    assert stats.kstest(places, "uniform").pvalue > 0.001
    assert randomised_pit(-1.0, [0.0, 1.0, 2.0], 0.5) == 0.125


def test_neighbours_that_go_together_widen_the_interval() -> None:
    runs = [hit for n in range(100) for hit in [n % 10 != 0] * 20]
    alone = block_interval(runs, 1, Random(3))
    together = block_interval(runs, 20, Random(3))
    assert together[1] - together[0] > 2 * (alone[1] - alone[0])
    assert together[0] < 0.9 < together[1]
    assert block_interval([], 5, Random(1)) == (0.0, 1.0)
