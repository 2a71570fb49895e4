"""Errors of the router's prediction: signed, without its own correction, whole legs only."""

from __future__ import annotations

import pytest

from engine.decisions import leg_costs
from engine.decisions.cost_model import CostModel, RoutingTerms, RoutingVersion
from engine.decisions.leg_costs import ERROR_MAX, LegCosts
from engine.decisions.market import MarketBlock
from engine.decisions.venue_observations import VenueObservations
from engine.kernels.landed import ROUTING_VERSION
from engine.model.instruments import InstrumentType
from tests.support.markets import instrument, listing

MID_X2 = 2 * 10**11
QTY = 10**8
BP = MID_X2 // 2 // 10**4


def rig(kind: InstrumentType = InstrumentType.SPOT) -> tuple[LegCosts, RoutingTerms]:
    of = instrument("BTC-USD", kind)
    listings = [listing(v, of) for v in range(2)]
    market = MarketBlock(of, listings, 8)
    costs = CostModel(market, VenueObservations(listings))
    terms = RoutingTerms(2)
    terms.mid_x2 = MID_X2
    return LegCosts(costs), terms


def settle(legs: LegCosts, terms: RoutingTerms, paid_bps: float, filled: int = QTY) -> float | None:
    price = MID_X2 // 2
    legs.plan("k", 1, QTY, price * QTY, terms)
    return legs.settle("k", filled, round((price + paid_bps * BP) * filled))


def test_what_was_paid_beyond_the_plan_is_the_error() -> None:
    legs, terms = rig()
    assert settle(legs, terms, 2.0) == pytest.approx(2.0)
    terms.side = 1
    assert settle(legs, terms, 2.0) == pytest.approx(-2.0), "sold for more"
    assert legs.costs.observations.delta_n == [0, 2]


def test_what_was_allowed_for_is_no_error() -> None:
    legs, terms = rig()
    terms.constants[1] = 3 * BP
    assert settle(legs, terms, 2.0) == pytest.approx(-1.0)


def test_the_third_version_does_not_learn_its_own_correction_away() -> None:
    legs, terms = rig()
    for _ in range(2_000):
        legs.costs.observations.observe_cost(1, 1.0)
    delta = legs.costs.delta(1)
    assert delta == pytest.approx(1.0, rel=0.1)
    terms.inputs[ROUTING_VERSION] = RoutingVersion.V3
    terms.constants[1] = round(delta * BP)
    assert settle(legs, terms, 1.0) == pytest.approx(1.0, abs=1e-3)


def test_only_whole_legs_whose_price_is_known_count() -> None:
    legs, terms = rig()
    assert settle(legs, terms, 1.0, filled=QTY // 2) is None
    legs.plan("k", 1, QTY, MID_X2 // 2 * QTY, terms)
    assert legs.settle("k", QTY, 0) is None
    assert legs.settle("k", QTY, 1) is None, "told once"
    terms.mid_x2 = None
    assert settle(legs, terms, 1.0) is None
    assert legs.costs.observations.delta_n == [0, 0]
    assert not legs.legs


def test_a_broken_price_is_bounded() -> None:
    legs, terms = rig()
    assert settle(legs, terms, 1e5) == ERROR_MAX


def test_errors_of_events_are_cents() -> None:
    legs, terms = rig(InstrumentType.PREDICTION)
    terms.mid_x2 = 10**9
    legs.plan("k", 0, QTY, 5 * 10**8 * QTY, terms)
    assert legs.settle("k", QTY, 52 * 10**7 * QTY) == pytest.approx(2.0)


def test_the_oldest_leg_gives_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leg_costs, "LEGS_MAX", 2)
    legs, terms = rig()
    for key in ("a", "b", "c"):
        legs.plan(key, 0, QTY, 1, terms)
    assert list(legs.legs) == ["b", "c"]
