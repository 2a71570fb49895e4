"""Shown costs: the prior's to the last bit while nothing was scored, the learned ones after."""

from __future__ import annotations

import pytest

from engine.intelligence.calibration import COVERAGE_MIN, Calibration, Estimate
from engine.intelligence.forecast import MODEL_VERSION, forecast
from engine.intelligence.strategies import estimate
from engine.service.intelligence.estimates import bucket_of
from engine.service.intelligence.learned_costs import (
    CALIBRATED_VERSION,
    Learned,
    learned_forecast,
    learned_strategy,
)
from tests.support.markets import NOW_NS
from tests.support.pictures import random_picture, visible

QTY = 10**8


def taught(policy: str, over_bps: float, count: int = 5_000) -> Calibration:
    """A calibration whose every order of a policy came `over_bps` dearer than its sweep."""
    picture = random_picture(1)
    picture.look(0, NOW_NS, 1)
    bucket = bucket_of(picture, QTY, policy, "medium")
    made = Calibration()
    for _ in range(count):
        made.learn(Estimate(10.0, 1.0, 10.0, bucket), 99.0, 10.0 + over_bps, 0.5)
    return made


def test_nothing_scored_changes_nothing() -> None:
    picture = random_picture(1)
    picture.look(0, NOW_NS, 1)
    plain = forecast(picture, QTY)
    for calibration in (None, Calibration()):
        shown = learned_forecast(picture, plain, QTY, "medium", calibration)
        assert shown.forecast is plain
        assert (shown.sample_size, shown.observed_coverage) == (0, None)
        assert shown.model_version == MODEL_VERSION
        one = estimate(picture, QTY, "aggressive")
        assert learned_strategy(picture, one, QTY, calibration) is one


def test_what_sweeps_came_to_moves_the_forecast_and_its_confidence() -> None:
    picture = random_picture(1)
    picture.look(0, NOW_NS, 1)
    plain = forecast(picture, QTY)
    assert plain.book is not None
    shown = learned_forecast(picture, plain, QTY, "medium", taught("sor", 3.0))
    sweep = plain.book.book_cost_bps + plain.book.fee_bps
    assert shown.forecast.expected_cost_bps == pytest.approx(sweep + 3.0, abs=0.1)
    assert shown.forecast.downside_cost_bps == pytest.approx(sweep + 3.0, abs=0.2)
    assert (shown.sample_size, shown.observed_coverage) == (5_000, 1.0)
    assert shown.model_version == CALIBRATED_VERSION
    chances = [one.probability for one in shown.forecast.fill_confidence]
    costs = [one.cost_bps for one in shown.forecast.fill_confidence]
    assert (chances, costs) == (sorted(chances), sorted(costs))
    assert shown.forecast.book == plain.book
    assert shown.forecast.capacity_curve == plain.capacity_curve


def test_few_samples_have_no_coverage_yet_and_none_are_the_prior() -> None:
    picture = random_picture(1)
    picture.look(0, NOW_NS, 1)
    plain = forecast(picture, QTY)

    def shown(policy: str, count: int) -> Learned:
        return learned_forecast(picture, plain, QTY, "medium", taught(policy, 3.0, count))

    few, many = shown("sor", COVERAGE_MIN - 1), shown("sor", COVERAGE_MIN)
    assert (few.sample_size, few.observed_coverage) == (COVERAGE_MIN - 1, None)
    assert (many.sample_size, many.observed_coverage) == (COVERAGE_MIN, 1.0)
    assert few.model_version == many.model_version == CALIBRATED_VERSION
    other = shown("passive_limit", 5)
    assert (other.sample_size, other.model_version) == (0, MODEL_VERSION)


def test_a_bound_stays_a_bound() -> None:
    picture = random_picture(1)
    picture.look(0, NOW_NS, 1)
    plain = forecast(picture, 2 * visible(picture))
    shown = learned_forecast(picture, plain, QTY, "medium", taught("sor", 3.0))
    assert plain.at_least
    assert shown.forecast is plain
    assert shown.sample_size == 0


def test_strategies_of_a_policy_are_learned_and_a_split_is_not() -> None:
    picture = random_picture(1)
    picture.look(0, NOW_NS, 1)
    calibration = taught("passive_limit", -4.0)
    passive = estimate(picture, QTY, "passive")
    shown = learned_strategy(picture, passive, QTY, calibration)
    swept = picture.sweep(QTY)
    expected = swept.book_bps + swept.fee_bps - 4.0
    assert shown.p50_cost_bps == pytest.approx(expected, abs=0.2)
    assert shown.est_cost_bps == shown.p50_cost_bps
    assert shown.fill_rate == passive.fill_rate
    split = estimate(picture, QTY, "split")
    assert learned_strategy(picture, split, QTY, calibration) is split
