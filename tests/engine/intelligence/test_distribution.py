"""The cost's distribution: quantiles and probabilities are each other's inverse."""

from __future__ import annotations

from math import sqrt

import pytest

from engine.intelligence.distribution import LEVELS, CostDistribution, cold_spread_bps


@pytest.mark.parametrize("level", LEVELS)
def test_a_quantile_is_passed_as_often_as_it_says(level: float) -> None:
    costs = CostDistribution(7.0, 2.5)
    assert costs.probability(costs.quantile(level)) == pytest.approx(level, abs=0.0004)


def test_quantiles_rise_around_the_median() -> None:
    costs = CostDistribution(-1.0, 0.5)
    found = [costs.quantile(level) for level in LEVELS]
    assert found == sorted(found)
    assert found == costs.quantiles()
    assert costs.quantile(0.5) == pytest.approx(-1.0)
    assert costs.quantile(0.9) == pytest.approx(-1.0 + 1.28 * 0.5)


def test_without_spread_everything_is_the_median() -> None:
    costs = CostDistribution(3.0, 0.0)
    assert {costs.quantile(level) for level in LEVELS} == {3.0}
    assert (costs.probability(2.999), costs.probability(3.0)) == (0.0, 1.0)


def test_the_prior_adds_variance_of_time_and_refill() -> None:
    assert cold_spread_bps(2.0, 1.0, 9.0, 0.0, 0.25) == pytest.approx(2.0 * sqrt(4.0))
    assert cold_spread_bps(0.0, 1.0, 9.0, 8.0, 0.25) == pytest.approx(2.0)
    assert cold_spread_bps(2.0, 1.0, 9.0, 12.0, 0.25) == pytest.approx(5.0)
