"""Policy regret: the recorded market is the decision's, and the arithmetic is the definition's."""

from __future__ import annotations

from random import Random

import pytest

from engine.decisions.cost_model import CostModel
from engine.decisions.decision_record import DecisionRecorder
from engine.decisions.split import Splitter
from engine.decisions.venue_observations import VenueObservations
from engine.intelligence.audit import audit
from engine.intelligence.policy_regret import (
    COMPARED,
    Judged,
    estimates_at,
    judged_of,
    regret,
)
from engine.intelligence.recorded_market import picture_at
from engine.intelligence.strategies import Strategy
from engine.model.instruments import Listing
from engine.model.records import DecisionRecord
from engine.model.units import format_qty
from tests.support.markets import NOW_NS, TICK, instrument, listing, market_of, random_books

QTY = 3 * 10**9


def decided(
    seed: int, side: int, qty: int = QTY, pinned: str | None = None, worst: int | None = None
) -> tuple[DecisionRecord, list[Listing]]:
    of = instrument()
    listings = [
        listing(v, of, fee_ppm=100 + 60 * v, tick_1e9=TICK, latency_prior_ns=10**7)
        for v in range(4)
    ]
    splitter = Splitter(market_of(listings, random_books(Random(seed), 4, 30)))
    seen = VenueObservations(listings)
    terms = CostModel(splitter.market, seen).terms(side, NOW_NS, 1, 1, pinned)
    plan = splitter.plan(side, qty, worst, terms)
    return DecisionRecorder(splitter).record(plan, terms, 1, 1), listings


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("side", [0, 1])
def test_the_sweep_on_the_recorded_market_costs_what_the_decision_estimated(
    seed: int, side: int
) -> None:
    record, listings = decided(seed, side)
    picture = picture_at(record, listings, 1)
    assert picture is not None
    assert picture.look(side, picture.now_ns)
    assert (picture.now_ns, picture.mid_x2) == (NOW_NS, 2 * record.mid_1e9)
    found = {one.name: one for one in estimates_at(record, listings, QTY, "sor", 1)}
    assert tuple(found) == COMPARED
    # The sweep is the plan: price, fee and latency of what the record says was chosen.
    assert found["sor"].est_cost_bps == pytest.approx(audit(record).plan_cost_bps, abs=1e-6)
    assert all(one.est_cost_bps is not None for one in found.values())


def test_pinned_orders_are_compared_on_their_own_venue() -> None:
    record, listings = decided(2, 0, 10**9, "v2")
    found = estimates_at(record, listings, 10**9, "iceberg", 1)
    assert [one.name for one in found] == [*COMPARED, "iceberg"]
    assert {name for one in found for name in one.venues} == {"v2"}


def test_what_was_not_recorded_gives_no_estimate() -> None:
    record, listings = decided(1, 0)
    assert estimates_at(record, listings[:3], QTY, "sor", 1) == ()
    assert estimates_at(record, listings, 0, "sor", 1) == ()
    more = estimates_at(record, listings, 10**15, "sor", 1)
    assert {one.est_cost_bps for one in more} == {None}
    short = judged_of(record, 10**15, more)
    assert regret(short, "sor", 1.0) is None
    assert "recorded" in short.why
    none = judged_of(record, QTY, ())
    assert regret(none, "sor", 1.0) is None
    assert "no books" in none.why
    nowhere, listings = decided(1, 0, 10**9, "nowhere")
    assert estimates_at(nowhere, listings, 10**9, "sor", 1) == ()


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

    found = (strategy("a", 5.0, 6.0), strategy("b", 2.0, 4.5), strategy("c", None, None))
    made = regret(Judged(found, 4.0, 3.5), "a", 7.0)
    assert made is not None
    assert (made.best_policy, made.best_estimate_bps) == ("b", 2.0)
    assert (made.chosen_policy, made.chosen_estimate_bps) == ("a", 5.0)
    assert (made.regret_bps, made.low_bps, made.high_bps) == (5.0, 2.5, 7.5)
    assert (made.after_plan_bps, made.selection_bps, made.policy_bps) == (3.0, 0.5, 1.5)
    other = regret(Judged(found), "c", 1.0)
    assert other is not None
    assert other.regret_bps == -1.0
    assert other.chosen_estimate_bps is None
    assert (other.after_plan_bps, other.selection_bps, other.policy_bps) == (None, None, None)


@pytest.mark.parametrize("side", [0, 1])
def test_nobody_is_compared_with_what_lies_beyond_the_orders_own_limit(side: int) -> None:
    much = 20 * QTY
    free, _ = decided(4, side)
    worst = sorted(limit for _, _, limit in free.legs)[0 if side == 0 else -1]
    record, listings = decided(4, side, much, worst=worst)
    assert 0 < record.planned_qty_1e8 < much
    picture = picture_at(record, listings, 1, worst_1e9=worst)
    assert picture is not None
    taken = [price for v in range(4) for price, _ in picture.market.levels(v, 1 - side, 64)]
    assert taken
    assert all((1 - 2 * side) * (price - worst) <= 0 for price in taken)
    # Less fits than was asked for: whatever another policy cost, it could not have had it all.
    found = estimates_at(record, listings, much, "sor", 1, worst_1e9=worst)
    made = judged_of(record, much, found, worst, "its limit")
    assert regret(made, "sor", 1.0) is None
    held = sum(qty for v in range(4) for _, qty in picture.market.levels(v, 1 - side, 64))
    assert made.why.endswith(
        f"recorded {format_qty(held)} of its {format_qty(much)} inside its limit"
    )
    # Without a cap nothing is said of one.
    assert judged_of(record, 10**15, found).why.endswith(f"of its {format_qty(10**15)}")
    part = record.planned_qty_1e8
    found = estimates_at(record, listings, part, "sor", 1, worst_1e9=worst)
    inside = judged_of(record, part, found, worst)
    assert regret(inside, "sor", 1.0) is not None


def test_the_orders_own_horizon_holds_for_every_strategy() -> None:
    record, listings = decided(3, 0)
    usual = {one.name: one for one in estimates_at(record, listings, QTY, "sor", 1)}
    made = {
        one.name: one for one in estimates_at(record, listings, QTY, "sor", 1, horizon_ms=1_000)
    }
    for name in ("passive_limit", "time_drip"):
        (longer, shorter) = usual[name].time_to_complete_ms, made[name].time_to_complete_ms
        assert longer is not None
        assert shorter is not None
        assert shorter <= 1_000 < longer
    assert made["sor"] == usual["sor"]


@pytest.mark.parametrize("seed", range(4))
def test_the_parts_of_the_regret_sum(seed: int) -> None:
    record, listings = decided(seed, seed % 2)
    judged = judged_of(record, QTY, estimates_at(record, listings, QTY, "sor", 1))
    made = regret(judged, "sor", 12.0)
    assert made is not None
    assert made.after_plan_bps is not None
    assert made.selection_bps is not None
    assert made.policy_bps is not None
    assert made.selection_bps >= -1e-6
    whole = made.after_plan_bps + made.selection_bps + made.policy_bps
    assert whole == pytest.approx(made.regret_bps)
    # For half of the quantity the decision is no plan of that order.
    assert judged_of(record, QTY // 2, judged.estimates).plan_bps is None
