"""Welch's interval, against another implementation of it; too little is not enough."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from scipy import stats

from engine.intelligence.ab_test import LEAST_ORDERS, compare, sample_of, t_quantile


@pytest.mark.parametrize("freedom", [1.0, 2.5, 7.0, 29.0, 58.3, 400.0, 1e5])
@pytest.mark.parametrize("level", [0.5, 0.6, 0.9, 0.975, 0.999])
def test_quantiles_of_t_are_those_of_another_implementation(freedom: float, level: float) -> None:
    assert t_quantile(level, freedom) == pytest.approx(stats.t.ppf(level, freedom), abs=1e-8)


def test_the_interval_is_welchs() -> None:
    random = Random(4)
    first = [random.gauss(3.0, 1.0) for _ in range(80)]
    second = [random.gauss(2.0, 4.0) for _ in range(45)]
    made = compare(sample_of(first), sample_of(second))
    other = stats.ttest_ind(second, first, equal_var=False)
    interval = other.confidence_interval(0.95)
    assert made.degrees_of_freedom == pytest.approx(other.df)
    assert (made.low, made.high) == pytest.approx((interval.low, interval.high))
    assert made.difference == pytest.approx(np.mean(second) - np.mean(first))
    assert made.standard_error == pytest.approx(made.difference / other.statistic)
    assert made.reason == ""


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    random = Random(9)
    held = 0
    for _ in range(600):
        made = compare(
            sample_of([random.gauss(1.0, 1.0) for _ in range(40)]),
            sample_of([random.gauss(1.5, 3.0) for _ in range(30)]),
        )
        assert made.low is not None and made.high is not None
        held += made.low <= 0.5 <= made.high
    # Three standard errors around 0.95.
    assert 0.923 <= held / 600 <= 0.977


def test_too_few_orders_give_no_interval() -> None:
    few, many = sample_of([1.0] * (LEAST_ORDERS - 1)), sample_of([float(k) for k in range(50)])
    for made in (compare(few, many), compare(many, few), compare(sample_of([]), many)):
        assert made.difference is None and made.low is None
        assert made.reason.startswith("not enough")
    same = sample_of([2.0] * 40)
    assert compare(same, same).low is None
    assert compare(same, same).reason.startswith("not enough")
    assert sample_of([]).mean is None
    assert sample_of([1.5]).standard_error is None
