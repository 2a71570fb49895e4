"""Calibration: the stated prior when cold, honest quantiles after, whatever closed forms say."""

from __future__ import annotations

from random import Random

import pytest

from engine.intelligence.calibration import COVERAGE_MIN, WANTED, Calibration, Estimate
from engine.intelligence.conformal import STEP
from engine.intelligence.residuals import Bucket
from engine.intelligence.scoring import binomial_band

TAKER = Bucket("sor", "high", "small", "tight")
MAKER = Bucket("passive_limit", "low", "large", "wide")


def trained(seed: int, count: int, bias: float = 0.0) -> tuple[Calibration, list[bool]]:
    """A calibration that saw orders of two kinds; how the later half of them was covered."""
    rng, made, hits = Random(seed), Calibration(), []
    for _ in range(count):
        bucket, scale = rng.choice([(TAKER, 0.3), (MAKER, 5.0)])
        sweep = rng.uniform(5, 15)
        one = Estimate(sweep - 1.0, 1.0, sweep, bucket)
        said = made.calibrated(one).p90_bps + bias
        hits.append(made.learn(one, said, sweep + rng.gauss(-1, scale), rng.random()))
    return made, hits[count // 2 :]


def test_cold_it_is_the_stated_prior() -> None:
    made = Calibration()
    shown = made.calibrated(Estimate(8.0, 2.0, 11.0, MAKER))
    assert shown.median_bps == pytest.approx(8.0)
    assert shown.mean_bps == pytest.approx(8.0)
    assert shown.p90_bps == pytest.approx(8.0 + 1.28 * 2.0)
    assert (shown.samples, shown.coverage, shown.level) == (0, None, 0.9)


def test_coverage_comes_true_of_kinds_of_very_different_spread() -> None:
    made, hits = trained(1, 3_000)
    low, high = binomial_band(len(hits), 0.9, 0.999)
    assert low <= sum(hits) <= high
    narrow = made.calibrated(Estimate(9.0, 1.0, 10.0, TAKER))
    wide = made.calibrated(Estimate(9.0, 1.0, 10.0, MAKER))
    assert narrow.p90_bps == pytest.approx(10 - 1 + 1.28 * 0.3, abs=0.4)
    assert wide.p90_bps == pytest.approx(10 - 1 + 1.28 * 5.0, abs=1.3)
    assert wide.kind == MAKER.name
    assert wide.samples > 1_000


def test_a_planted_bias_is_seen_and_worked_against() -> None:
    _, hits = trained(2, 600, bias=-3.0)
    low, _ = binomial_band(len(hits), 0.9, 0.999)
    assert sum(hits) < low
    made, _ = trained(2, 600, bias=-3.0)
    assert made.levels.level(TAKER.groups()) > 0.95


def test_half_of_a_step_follows_the_policy() -> None:
    made = Calibration()
    made.learn(Estimate(1.0, 1.0, 1.0, TAKER), 2.0, 3.0, 0.5)
    moved = STEP * WANTED
    for bucket, share in (
        (TAKER, 1.0),
        (Bucket("sor", "low", "large", "wide"), 0.625),
        (Bucket("ioc_sweep", "low", "large", "wide"), 0.125),
        (MAKER, 0.0),
        (Bucket("sor", "high", "small", "event"), 0.0),
    ):
        assert made.levels.level(bucket.groups()) == pytest.approx(WANTED + share * moved)


def test_coverage_is_null_until_fifty_and_then_of_the_nearest_kind() -> None:
    made = Calibration()
    one = Estimate(1.0, 1.0, 1.0, TAKER)
    for n in range(COVERAGE_MIN):
        shown = made.calibrated(one)
        assert (shown.samples, shown.coverage) == (n, None)
        made.learn(one, 2.0, 1.0 if n else 3.0, 0.5)
    shown = made.calibrated(one)
    assert (shown.kind, shown.coverage) == (TAKER.name, pytest.approx(49 / 50))
    chase = Bucket("aggressive_chase", "low", "large", "wide")
    near = made.calibrated(Estimate(1.0, 1.0, 1.0, chase))
    assert (near.kind, near.coverage) == ("coins/takes", pytest.approx(49 / 50))
    far = made.calibrated(Estimate(1.0, 1.0, 1.0, MAKER))
    assert (far.samples, far.coverage) == (0, None), "nothing that rests was scored"


def test_quantiles_rise_and_p90_is_the_layers() -> None:
    made, _ = trained(3, 500)
    one = Estimate(9.0, 1.0, 10.0, MAKER)
    costs = made.quantiles(one, (0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99))
    assert list(costs) == sorted(costs)
    assert costs[4] == made.calibrated(one).p90_bps
    assert costs[0] < costs[2] < costs[6]


def test_p90_is_never_below_the_median() -> None:
    made = Calibration()
    one = Estimate(5.0, 0.0, 5.0, TAKER)
    for _ in range(300):
        made.learn(one, 99.0, 5.0, 0.5)
    shown = made.calibrated(one)
    assert shown.level < 0.9
    assert shown.p90_bps >= shown.median_bps


def test_events_are_counted_in_their_own_unit() -> None:
    event = Bucket("sor", "high", "small", "event")
    made = Calibration()
    for _ in range(5_000):
        # One cent more than the sweep each time, whatever that is in bps.
        made.learn(Estimate(100.0, 1.0, 100.0, event, unit_bps=200.0), 500.0, 300.0, 0.5)
    shown = made.calibrated(Estimate(40.0, 1.0, 40.0, event, unit_bps=1_000.0))
    assert shown.median_bps == pytest.approx(1_040.0, rel=0.05)


def test_what_rests_teaches_nothing_of_what_takes() -> None:
    made, fresh = Calibration(), Calibration()
    for n in range(300):
        made.learn(Estimate(1.0, 0.5, 8.0, MAKER), 2.0, -20.0 + 40.0 * (n % 2), 0.5)
    event = Bucket("sor", "high", "small", "event")
    for bucket in (TAKER, event, Bucket("sor", "low", "large", "wide")):
        one = Estimate(9.0, 1.0, 8.5, bucket)
        assert made.calibrated(one) == fresh.calibrated(one)
