"""Cost terms against the formulas, eligibility with its reasons, routing versions."""

from __future__ import annotations

from hashlib import sha256
from math import sqrt

import pytest

from engine.decisions.cost_model import (
    Coefficients,
    CostModel,
    RoutingVersion,
    Urgency,
    routing_version,
)
from engine.decisions.market import MarketBlock
from engine.decisions.venue_observations import VenueObservations
from engine.errors import Reason
from engine.model.instruments import InstrumentType
from tests.support.markets import NOW_NS, TICK, instrument, listing, market_of

NS = 1_000_000_000
MID = 100_000 * TICK


def setup(**rules: object) -> tuple[MarketBlock, VenueObservations]:
    of = instrument()
    books = [
        ([(MID - TICK, 10 * 10**8)], [(MID + TICK, 10 * 10**8), (MID + 3 * TICK, 10 * 10**8)])
        for _ in range(2)
    ]
    latencies = 20_000_000, 300_000_000
    listings = [
        listing(v, of, tick_1e9=TICK, latency_prior_ns=latencies[v], **rules) for v in range(2)
    ]
    return market_of(listings, books), VenueObservations(listings)


@pytest.mark.parametrize("urgency", list(Urgency))
def test_first_version_is_latency_and_freshness(urgency: Urgency) -> None:
    market, seen = setup()
    weight = Coefficients().latency_weight[urgency]
    model = CostModel(market, seen)
    terms = model.terms(0, NOW_NS + 400_000_000, urgency)
    for v, latency in enumerate((0.02, 0.3)):
        wanted = weight * 1.0 * sqrt(latency) * MID / 1e4
        assert terms.constants[v] == pytest.approx(wanted, abs=1)
    late = model.terms(0, NOW_NS + 2 * NS, urgency)
    for v, latency in enumerate((0.02, 0.3)):
        fresh = weight * sqrt(latency)
        stale = weight * (sqrt(latency + 1.5) - sqrt(latency))
        assert late.constants[v] == pytest.approx((fresh + stale) * MID / 1e4, abs=1)
        assert model.constant_bps(v, urgency, 2 * NS, market.mid_x2()) == pytest.approx(
            fresh + stale
        )


def test_replay_leaves_freshness_out() -> None:
    market, seen = setup()
    model = CostModel(market, seen, fresh_only=False)
    early = model.terms(0, NOW_NS).constants.tolist()
    late = model.terms(0, NOW_NS + 3_600 * NS)
    assert late.constants.tolist() == early
    assert late.active.tolist() == [1, 1]


def test_eligibility_and_its_reasons() -> None:
    market, seen = setup()
    model = CostModel(market, seen)
    slot = market.slots[0]
    assert slot is not None
    assert model.terms(0, NOW_NS).reasons == [Reason.NONE, Reason.NONE]
    silent = model.terms(0, NOW_NS + 3 * NS + 1)
    assert silent.reasons == [Reason.STALE_VENUE, Reason.STALE_VENUE]
    assert silent.active.tolist() == [0, 0]
    slot.alive(NOW_NS + 3 * NS)
    assert model.terms(0, NOW_NS + 3 * NS + 1).reasons == [Reason.NONE, Reason.STALE_VENUE]
    slot.mark_stale(1)
    assert model.terms(0, NOW_NS).reasons == [Reason.STALE_VENUE, Reason.NONE]
    slot.mark_healthy(NOW_NS, NOW_NS, 1)
    market.best_bid[0] = market.best_ask[0]
    assert model.terms(0, NOW_NS).reasons[0] is Reason.CROSSED_BOOK
    market.best_bid[0] -= 1
    seen.set_link(0, up=False)
    assert model.terms(0, NOW_NS).reasons[0] is Reason.LINK_DOWN
    seen.set_link(0, up=True)
    seen.set_barred(0, barred=True)
    assert model.terms(0, NOW_NS).reasons[0] is Reason.BAD_VENUE
    seen.set_barred(0, barred=False)
    pinned = model.terms(0, NOW_NS, pinned="v1")
    assert pinned.reasons == [Reason.PINNED_ELSEWHERE, Reason.NONE]
    unknown_market, unknown_seen = setup(fees=None)
    unknown = CostModel(unknown_market, unknown_seen).terms(0, NOW_NS)
    assert unknown.reasons == [Reason.FEE_UNKNOWN, Reason.FEE_UNKNOWN]


def test_second_version_adds_drift_misses_and_crowding() -> None:
    market, seen = setup()
    for _ in range(50):
        seen.observe_drift(0, -4.0)
    for _ in range(100):
        seen.observe_take(1, 0, 0, hit=False, now_ns=NOW_NS)
    model = CostModel(market, seen)
    first = model.terms(0, NOW_NS, version=RoutingVersion.V1).constants.tolist()
    in_flight = [2 * 10**8, 0]
    second = model.terms(0, NOW_NS, version=RoutingVersion.V2, in_flight=in_flight)
    unit = MID / 1e4
    gap = 2 * TICK / unit
    depth = 20 * 10**8
    adverse = 4.0 * 50 / 100
    reject_0 = max(0.5, 0.4 * sqrt(0.04 + 0.05) + gap)
    reject_1 = max(0.5, 0.4 * sqrt(0.6 + 0.05) + gap)
    added = [
        adverse + 0.02 * reject_0 + in_flight[0] / depth,
        102 / 200 * reject_1,
    ]
    for v in range(2):
        assert second.constants[v] - first[v] == pytest.approx(added[v] * unit, abs=2)
        assert second.slopes[v] == pytest.approx(unit / depth * 2**44, rel=1e-9)
    again = model.terms(0, NOW_NS, version=RoutingVersion.V1)
    assert again.constants.tolist() == first
    assert again.slopes.tolist() == [0, 0]


def test_third_version_adds_the_learned_error_clipped() -> None:
    market, seen = setup()
    for _ in range(10_000):
        seen.observe_cost(0, 50.0)
    model = CostModel(market, seen)
    second = model.terms(0, NOW_NS, version=RoutingVersion.V2).constants.tolist()
    third = model.terms(0, NOW_NS, version=RoutingVersion.V3).constants.tolist()
    assert third[0] - second[0] == pytest.approx(3.0 * MID / 1e4, abs=2)
    assert third[1] == second[1]


def test_events_are_costed_in_cents() -> None:
    cent = 10_000_000
    of = instrument("EVENT-USD", InstrumentType.PREDICTION)
    rules = listing(0, of, tick_1e9=cent, latency_prior_ns=130_000_000)
    market = market_of([rules], [([(39 * cent, 10**8)], [(41 * cent, 10**8)])])
    seen = VenueObservations([rules], close_ns=NOW_NS + 100 * NS)
    terms = CostModel(market, seen).terms(0, NOW_NS)
    sigma_cents = 100 * sqrt(0.4 * 0.6 / 100)
    assert terms.constants[0] == pytest.approx(0.4 * sigma_cents * sqrt(0.13) * cent, abs=1)


def test_the_version_is_a_table_lookup_by_hash() -> None:
    table = bytes(1 + n % 3 for n in range(10_000))
    digest = int(sha256(b"parent-1").hexdigest(), 16)
    assert routing_version("parent-1", table) == table[digest % 10_000]
    assert routing_version("anything") is RoutingVersion.V1
