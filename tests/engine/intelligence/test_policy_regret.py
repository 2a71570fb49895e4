"""Policy regret: the recorded market is the decision's, and the arithmetic is the definition's."""

from __future__ import annotations

from random import Random

import pytest

from engine.decisions.cost_model import CostModel
from engine.decisions.decision_record import DecisionRecorder
from engine.decisions.market_tape import MarketTape
from engine.decisions.split import Splitter
from engine.decisions.venue_observations import VenueObservations
from engine.intelligence.audit import audit
from engine.intelligence.policy_regret import COMPARED, estimates_at, picture_at, regret
from engine.intelligence.strategies import Strategy
from engine.model.instruments import Listing
from engine.model.records import DecisionRecord
from tests.support.markets import NOW_NS, TICK, instrument, listing, market_of, random_books

QTY = 3 * 10**9


def decided(
    seed: int, side: int, qty: int = QTY, pinned: str | None = None
) -> tuple[DecisionRecord, list[Listing], VenueObservations]:
    of = instrument()
    listings = [
        listing(v, of, fee_ppm=100 + 60 * v, tick_1e9=TICK, latency_prior_ns=10**7)
        for v in range(4)
    ]
    splitter = Splitter(market_of(listings, random_books(Random(seed), 4, 30)))
    seen = VenueObservations(listings)
    terms = CostModel(splitter.market, seen).terms(side, NOW_NS, 1, 1, pinned)
    plan = splitter.plan(side, qty, None, terms)
    return DecisionRecorder(splitter).record(plan, terms, 1, 1), listings, seen


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("side", [0, 1])
def test_the_sweep_on_the_recorded_market_costs_what_the_decision_estimated(
    seed: int, side: int
) -> None:
    record, listings, seen = decided(seed, side)
    picture = picture_at(record, listings, seen, MarketTape())
    assert picture is not None
    assert picture.look(side, picture.now_ns)
    assert (picture.now_ns, picture.mid_x2) == (NOW_NS, 2 * record.mid_1e9)
    found = {one.name: one for one in estimates_at(record, listings, seen, QTY, "sor", 1)}
    assert tuple(found) == COMPARED
    # The sweep is the plan: price, fee and latency of what the record says was chosen.
    assert found["sor"].est_cost_bps == pytest.approx(audit(record).plan_cost_bps, abs=1e-6)
    assert all(one.est_cost_bps is not None for one in found.values())


def test_pinned_orders_are_compared_on_their_own_venue() -> None:
    record, listings, seen = decided(2, 0, 10**9, "v2")
    found = estimates_at(record, listings, seen, 10**9, "iceberg", 1)
    assert [one.name for one in found] == [*COMPARED, "iceberg"]
    assert {name for one in found for name in one.venues} == {"v2"}


def test_what_was_not_recorded_gives_no_estimate() -> None:
    record, listings, seen = decided(1, 0)
    assert estimates_at(record, listings[:3], seen, QTY, "sor", 1) == ()
    assert estimates_at(record, listings, seen, 0, "sor", 1) == ()
    more = estimates_at(record, listings, seen, 10**15, "sor", 1)
    assert {one.est_cost_bps for one in more} == {None}
    assert regret(more, "sor", 1.0) is None
    assert regret((), "sor", 1.0) is None
    nowhere, listings, seen = decided(1, 0, 10**9, "nowhere")
    assert estimates_at(nowhere, listings, seen, 10**9, "sor", 1) == ()


def test_regret_is_realised_less_the_best_estimate_with_its_interval() -> None:
    def strategy(name: str, cost: float | None, p90: float | None) -> Strategy:
        return Strategy(
            name=name,
            policy=name,
            urgency="low",
            posts_only=False,
            est_cost_bps=cost,
            p90_cost_bps=p90,
        )

    found = [strategy("a", 5.0, 6.0), strategy("b", 2.0, 4.5), strategy("c", None, None)]
    made = regret(found, "a", 7.0)
    assert made is not None
    assert (made.best_policy, made.best_estimate_bps) == ("b", 2.0)
    assert (made.chosen_policy, made.chosen_estimate_bps) == ("a", 5.0)
    assert (made.regret_bps, made.low_bps, made.high_bps) == (5.0, 2.5, 7.5)
    other = regret(found, "c", 1.0)
    assert other is not None
    assert other.regret_bps == -1.0
    assert other.chosen_estimate_bps is None
