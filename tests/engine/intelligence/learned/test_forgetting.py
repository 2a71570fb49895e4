"""What forgets: weights halve in a half-life, and quantiles stay within their stated error."""

from __future__ import annotations

import random

import msgspec
import pytest

from engine.intelligence.learned.forgetting import (
    BUCKETS,
    DecayedMean,
    DecayedQuantiles,
    DecayedRate,
)

S = 10**9
T0 = 1_700_000_000 * S


def test_a_mean_forgets_by_half_in_a_half_life() -> None:
    seen = DecayedMean(half_life_s=10.0)
    for _ in range(100):
        seen.add(1.0, T0)
    assert (seen.mean, seen.variance, seen.weight) == (1.0, 0.0, 100.0)
    for _ in range(50):
        seen.add(4.0, T0 + 10 * S)
    assert seen.weight == pytest.approx(100.0)
    assert seen.mean == pytest.approx(2.5)
    assert seen.variance == pytest.approx(2.25)
    assert seen.shrunk(0.0, 100.0) == pytest.approx(1.25)


def test_a_rate_with_and_without_a_prior() -> None:
    seen = DecayedRate(half_life_s=10.0)
    assert seen.rate() is None
    assert seen.rate(0.02, 100.0) == pytest.approx(0.02)
    seen.add(1.0, T0)
    seen.add(0.0, T0 + 10 * S)
    assert seen.rate() == pytest.approx(0.5 / 1.5)


def test_quantiles_are_within_seven_and_a_half_percent() -> None:
    rng = random.Random(1)
    seen, values = DecayedQuantiles(half_life_s=1e9), []
    for k in range(5_000):
        values.append(rng.lognormvariate(-3.0, 1.0))
        seen.add(values[-1], T0 + k)
    values.sort()
    for level in (0.1, 0.5, 0.9, 0.99):
        exact = values[int(level * len(values))]
        assert seen.quantile(level) == pytest.approx(exact, rel=0.1)
    assert seen.weight == pytest.approx(5_000, rel=1e-6)


def test_quantiles_forget_and_never_overflow() -> None:
    seen = DecayedQuantiles(half_life_s=1.0)
    assert seen.quantile(0.5) is None
    for k in range(200):
        seen.add(10.0, T0 + k * S)
    for k in range(200, 1_000):
        seen.add(0.01, T0 + k * S)
    assert seen.quantile(0.999) == pytest.approx(0.01, rel=0.08)
    assert seen.weight == pytest.approx(2.0, rel=0.01)
    assert seen.scale < 1e13


def test_what_lies_outside_counts_as_the_end() -> None:
    seen = DecayedQuantiles()
    for value in (0.0, -1.0, 1e12):
        seen.add(value, T0)
    assert len(seen.cells) == BUCKETS
    assert (seen.cells[0], seen.cells[-1]) == (2.0, 1.0)


def test_time_that_goes_back_is_now() -> None:
    seen = DecayedMean(half_life_s=1.0)
    seen.add(1.0, T0)
    seen.add(3.0, T0 - 100 * S)
    assert (seen.mean, seen.at_ns) == (2.0, T0)


def test_they_are_stored_as_they_are() -> None:
    seen = DecayedQuantiles()
    seen.add(0.5, T0)
    again = msgspec.msgpack.decode(msgspec.msgpack.encode(seen), type=DecayedQuantiles)
    assert again == seen
