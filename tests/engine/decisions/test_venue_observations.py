"""What is learned of venues: priors first, then estimates, all bounded."""

from __future__ import annotations

from math import exp, sqrt

import pytest

from engine.decisions.venue_observations import (
    DRIFTS_MAX,
    LATENCY_SAMPLES,
    VenueObservations,
)
from engine.model.instruments import InstrumentType
from tests.support.markets import NOW_NS, instrument, listing

NS = 1_000_000_000


def observations(symbol: str = "BTC-USD") -> VenueObservations:
    of = instrument(symbol)
    return VenueObservations([listing(v, of, latency_prior_ns=40_000_000) for v in range(2)])


def test_sigma_starts_at_its_prior_and_follows_returns() -> None:
    assert observations().sigma_at(None, NOW_NS) == 1.0
    assert observations("DOGE-USD").sigma == 2.0
    seen, mid = observations(), 1_000_000_000
    seen.observe_mid(NOW_NS, mid)
    seen.observe_mid(NOW_NS + NS // 2, 2 * mid)
    assert seen.sigma == 1.0, "samples inside a second are ignored"
    seen.observe_mid(NOW_NS + NS, mid + mid // 1_000)
    keep = 0.5 ** (1 / 60)
    assert seen.sigma == pytest.approx(sqrt(keep + (1 - keep) * 100))
    for second in range(2, 2_000):
        seen.observe_mid(NOW_NS + second * NS, mid + mid // 1_000)
    assert seen.sigma == 0.3, "the floor"


def test_latency_is_the_median_of_the_last_samples() -> None:
    seen = observations()
    seen.observe_latency(0, 10_000_000)
    assert seen.latency_ns == [40_000_000, 40_000_000]
    for _ in range(2 * LATENCY_SAMPLES):
        seen.observe_latency(0, 90_000_000)
    assert seen.latency_ns == [90_000_000, 40_000_000]
    assert seen.latency_root[0] == pytest.approx(0.3)
    assert len(seen.samples[0]) == LATENCY_SAMPLES


def test_misses_and_own_takes() -> None:
    seen = observations()
    assert seen.miss_rate(0) == pytest.approx(0.02)
    seen.observe_take(0, 1, 500, hit=True, now_ns=NOW_NS)
    seen.observe_take(0, 1, 0, hit=False, now_ns=NOW_NS)
    assert seen.miss_rate(0) == pytest.approx(3 / 102)
    assert seen.own_takes(0, 1, NOW_NS + 5 * NS) == pytest.approx(500 * exp(-1))
    assert seen.own_takes(0, 0, NOW_NS) == 0.0


def test_drift_and_error_are_shrunk() -> None:
    seen = observations()
    seen.observe_drift(1, -2.0)
    seen.observe_drift(1, -4.0)
    assert seen.adverse(1, 50.0) == pytest.approx(3.0 * 2 / 52)
    seen.observe_cost(1, 1.0)
    assert seen.delta(1, 100.0) == pytest.approx((1 - 0.5 ** (1 / 200)) / 101)
    assert seen.adverse(0, 50.0) == seen.delta(0, 100.0) == 0.0


def test_the_second_after_a_take_becomes_the_drift_of_its_venue() -> None:
    seen, mid = observations(), 2_000_000
    seen.observe_take(0, 0, 500, hit=True, now_ns=NOW_NS, mid_x2=mid)
    seen.observe_take(1, 0, 0, hit=False, now_ns=NOW_NS, mid_x2=mid)
    seen.observe_mid(NOW_NS + NS // 2, mid - 400)
    assert seen.drift_n == [0, 0], "a second has not gone by"
    seen.observe_mid(NOW_NS + NS, mid - 400)
    assert seen.drift_n == [1, 0], "a miss has none"
    assert seen.drift_all == pytest.approx(-2.0), "bought, and the mid fell by 2 bps"
    assert seen.drift_mean[0] == 0.0, "all there is so far is this venue"
    seen.observe_take(1, 1, 500, hit=True, now_ns=NOW_NS + NS, mid_x2=mid)
    seen.observe_mid(NOW_NS + 2 * NS, mid - 400)
    assert seen.drift_mean[1] == pytest.approx(2.0), "sold before it fell: 2 bps above the mean 0"


def test_drift_needs_a_mid_soon_and_is_bounded() -> None:
    seen = observations()
    for _ in range(2 * DRIFTS_MAX):
        seen.observe_take(0, 0, 1, hit=True, now_ns=NOW_NS, mid_x2=1_000_000)
    assert len(seen.drifting) == DRIFTS_MAX
    seen.observe_mid(NOW_NS + 6 * NS, 2_000_000)
    assert (seen.drift_n, len(seen.drifting)) == ([0, 0], 0)


def test_drift_of_an_event_is_in_cents() -> None:
    of = instrument("EV-YES", InstrumentType.PREDICTION)
    seen = VenueObservations([listing(0, of)])
    seen.observe_take(0, 0, 1, hit=True, now_ns=NOW_NS, mid_x2=1_000_000_000)
    seen.observe_mid(NOW_NS + NS, 1_040_000_000)
    assert seen.drift_all == pytest.approx(2.0)
