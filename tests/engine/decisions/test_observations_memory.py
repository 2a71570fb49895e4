"""What routers learned comes back, believed less the longer the engine was away."""

from __future__ import annotations

from math import sqrt

import msgspec
import pytest

from engine.decisions.observations_memory import ObservationsMemory, recall, remembered
from engine.decisions.venue_observations import (
    TAKES_HALF_LIFE,
    TAKES_WEIGHT,
    VenueObservations,
)
from engine.model.instruments import Listing
from tests.support.markets import NOW_NS, instrument, listing

NS = 1_000_000_000
DAY_NS = 86_400 * NS
LISTINGS = [listing(v, instrument("BTC-USD"), latency_prior_ns=40_000_000) for v in range(2)]


def taught(listings: list[Listing]) -> VenueObservations:
    seen = VenueObservations(listings)
    for _ in range(40):
        seen.observe_take(0, 0, 500, hit=False, now_ns=NOW_NS)
        seen.observe_latency(0, 90_000_000)
        seen.observe_drift(1, -2.0)
        seen.observe_cost(1, 3.0)
    seen.observe_mid(NOW_NS, 2_000_000)
    seen.observe_mid(NOW_NS + NS, 2_020_000)
    return seen


def stored(memory: ObservationsMemory) -> ObservationsMemory:
    return msgspec.msgpack.decode(msgspec.msgpack.encode(memory), type=ObservationsMemory)


def test_all_comes_back_after_no_time() -> None:
    seen, again = taught(LISTINGS), VenueObservations(LISTINGS)
    recall(again, LISTINGS, stored(remembered(seen, LISTINGS, NOW_NS)), NOW_NS)
    assert again.miss_rate(0) == pytest.approx(seen.miss_rate(0))
    assert again.latency_ns == seen.latency_ns == [90_000_000, 40_000_000]
    assert again.adverse(1, 50.0) == pytest.approx(seen.adverse(1, 50.0))
    assert again.delta(1, 100.0) == pytest.approx(seen.delta(1, 100.0))
    assert again.sigma == seen.sigma > 10.0


def test_what_is_old_is_believed_less() -> None:
    seen, again = taught(LISTINGS), VenueObservations(LISTINGS)
    memory = remembered(seen, LISTINGS, NOW_NS)
    recall(again, LISTINGS, memory, NOW_NS + 3 * DAY_NS)
    prior = VenueObservations(LISTINGS)
    assert prior.miss_rate(0) < again.miss_rate(0) < seen.miss_rate(0)
    assert again.misses[0] - prior.misses[0] == pytest.approx((seen.misses[0] - 2.0) / 2)
    assert again.adverse(1, 50.0) < seen.adverse(1, 50.0)
    assert again.sigma == pytest.approx(prior.sigma), "an hour forgets what volatility was"
    soon = VenueObservations(LISTINGS)
    recall(soon, LISTINGS, memory, NOW_NS + 60 * NS)
    assert soon.sigma == pytest.approx(sqrt((seen.variance + prior.variance) / 2))


def test_venues_are_known_by_name_and_new_ones_start_at_their_prior() -> None:
    seen = taught(LISTINGS)
    memory = remembered(seen, LISTINGS, NOW_NS)
    other = [LISTINGS[1], listing(2, LISTINGS[0].instrument)]
    turned = [msgspec.structs.replace(one, venue_index=v) for v, one in enumerate(other)]
    again = VenueObservations(turned)
    recall(again, turned, memory, NOW_NS)
    assert again.delta(0, 100.0) == seen.delta(1, 100.0)
    assert (again.misses[1], again.delta_n[1]) == (2.0, 0)


def test_old_takes_fade_once_there_are_many() -> None:
    seen = VenueObservations(LISTINGS)
    for _ in range(20_000):
        seen.observe_take(0, 0, 1, hit=False, now_ns=NOW_NS)
    assert seen.misses[0] == pytest.approx(2.0 + TAKES_WEIGHT)
    for _ in range(TAKES_HALF_LIFE):
        seen.observe_take(0, 0, 1, hit=True, now_ns=NOW_NS)
    assert seen.misses[0] == pytest.approx(2.0 + TAKES_WEIGHT / 2)
    assert seen.hits[0] == pytest.approx(98.0 + TAKES_WEIGHT / 2)
