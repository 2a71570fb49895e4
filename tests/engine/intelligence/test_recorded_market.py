"""A recorded market: its terms are those of the decision, and nothing seen later is in it."""

from __future__ import annotations

from random import Random

import pytest

from engine.decisions.cost_model import CostModel
from engine.decisions.decision_record import DecisionRecorder
from engine.decisions.split import Splitter
from engine.decisions.venue_observations import VenueObservations
from engine.intelligence.audit import Inputs
from engine.intelligence.recorded_market import held_1e8, picture_at
from engine.model.instruments import Listing
from engine.model.records import DecisionRecord
from tests.support.markets import NOW_NS, TICK, instrument, listing, market_of, random_books

QTY = 3 * 10**9


def decided(
    seed: int, sigma: float, version: int = 1, rank: int = 1, latency_prior_ns: int = 10**7
) -> tuple[DecisionRecord, list[Listing], list[int]]:
    """A decision at a volatility, its listings, and the constants that it weighed."""
    of = instrument()
    listings = [
        listing(v, of, fee_ppm=100 + 60 * v, tick_1e9=TICK, latency_prior_ns=latency_prior_ns)
        for v in range(4)
    ]
    splitter = Splitter(market_of(listings, random_books(Random(seed), 4, 30)))
    seen = VenueObservations(listings)
    seen.sigma = sigma
    if latency_prior_ns:
        # One of them is slower than it was taken for.
        for _ in range(64):
            seen.observe_latency(2, 4 * latency_prior_ns)
    terms = CostModel(splitter.market, seen).terms(0, NOW_NS, rank, version)
    plan = splitter.plan(0, QTY, None, terms)
    constants = terms.constants.tolist()
    return DecisionRecorder(splitter).record(plan, terms, 1, version), listings, constants


@pytest.mark.parametrize("version", [1, 2, 3])
@pytest.mark.parametrize("rank", [0, 1, 2])
def test_each_venue_costs_what_the_decision_put_on_it(version: int, rank: int) -> None:
    record, listings, constants = decided(3, 2.5, version, rank)
    picture = picture_at(record, listings, rank)
    assert picture is not None
    assert picture.look(0, picture.now_ns, rank)
    assert picture.terms.constants.tolist() == pytest.approx(constants, abs=1)
    assert (picture.now_ns, picture.mid_x2) == (NOW_NS, 2 * record.mid_1e9)


def test_volatility_and_latency_are_read_back_from_the_constants() -> None:
    for sigma in (0.3, 1.0, 7.0):
        record, listings, _ = decided(3, sigma)
        picture = picture_at(record, listings, 1)
        assert picture is not None
        assert picture.observations.sigma == pytest.approx(sigma, rel=1e-3)
        latency = picture.observations.latency_ns
        assert latency == pytest.approx([10**7, 10**7, 4 * 10**7, 10**7], rel=1e-2)
    # Without a way there is nothing to read it from: the prior's.
    record, listings, constants = decided(3, 7.0, latency_prior_ns=0)
    assert not any(constants)
    picture = picture_at(record, listings, 1)
    assert picture is not None
    assert picture.observations.sigma == VenueObservations(listings).sigma
    assert picture.observations.latency_ns == [0] * 4


def test_nothing_is_known_of_it_but_what_was_recorded() -> None:
    record, listings, _ = decided(3, 1.0)
    picture = picture_at(record, listings, 1)
    assert picture is not None
    assert picture.hazards is None
    assert not picture.tape.traded_1e8
    assert picture.observations.misses == VenueObservations(listings).misses
    assert picture_at(record, listings[:3], 1) is None


def test_what_it_holds_is_inside_the_cap() -> None:
    record, _, _ = decided(3, 1.0)
    assert held_1e8(record) >= record.planned_qty_1e8 == QTY
    legs = Inputs(record).levels
    worst = min(price for levels in legs for price, _ in levels)
    best = sum(qty for levels in legs for price, qty in levels if price == worst)
    assert 0 < held_1e8(record, worst) == best < held_1e8(record)
    assert held_1e8(record, 1) == 0
