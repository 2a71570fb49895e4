"""The splitter: limits, reasons, takes in flight, own orders, FOK, venue minimums."""

from __future__ import annotations

from random import Random

import pytest

from engine.decisions.cost_model import CostModel
from engine.decisions.split import Splitter
from engine.decisions.venue_observations import VenueObservations
from engine.errors import Reason
from tests.support.markets import (
    NOW_NS,
    TICK,
    Levels,
    instrument,
    listing,
    market_of,
    plain_terms,
    random_books,
)
from tests.support.slow_split import slow_split

ASKS: list[Levels] = [
    [(100 * TICK, 10), (102 * TICK, 10)],
    [(101 * TICK, 10), (103 * TICK, 10)],
]


def splitter_of(asks: list[Levels], **rules: object) -> Splitter:
    of = instrument()
    listings = [listing(v, of, fee_ppm=0, tick_1e9=TICK, **rules) for v in range(len(asks))]
    bids = [(90 * TICK, 10), (89 * TICK, 10)]
    return Splitter(market_of(listings, [(bids, side) for side in asks]))


def test_legs_limits_and_costs() -> None:
    splitter = splitter_of(ASKS)
    plan = splitter.plan(0, 25, None, plain_terms(splitter.market, 0))
    first, second = plan.legs
    assert (first.venue_index, first.qty_1e8, first.worst_planned_1e9) == (0, 15 + 0, 102 * TICK)
    assert first.price_times_qty == (100 * 10 + 102 * 5) * TICK
    assert (second.qty_1e8, second.worst_planned_1e9) == (10, 101 * TICK)
    # One tick is more than 1 bp here.
    assert first.limit_price_1e9 == 103 * TICK
    assert plan.unplaced_qty_1e8 == 0
    assert plan.reason is Reason.NONE
    average = (100 * 10 + 102 * 5 + 101 * 10) / 25
    assert plan.est_cost_bps == pytest.approx(1e4 * (average - 95) / 95)


def test_the_limit_never_passes_the_worst_price_and_is_exact_without_slack() -> None:
    splitter = splitter_of(ASKS)
    terms = plain_terms(splitter.market, 0)
    worst = 102 * TICK + TICK // 2
    assert [leg.limit_price_1e9 for leg in splitter.plan(0, 25, worst, terms).legs] == [
        102 * TICK,
        102 * TICK,
    ]
    exact = splitter.plan(0, 25, None, terms, leg_slack=False)
    assert [leg.limit_price_1e9 for leg in exact.legs] == [102 * TICK, 101 * TICK]


def test_a_sell_limit_is_rounded_up_and_bounded() -> None:
    of = instrument()
    market = market_of([listing(0, of, fee_ppm=0, tick_1e9=TICK)], [([(50_000 * TICK, 10)], [])])
    splitter = Splitter(market)
    terms = plain_terms(market, 1)
    plan = splitter.plan(1, 10, None, terms)
    assert plan.legs[0].limit_price_1e9 == 49_995 * TICK
    bounded = splitter.plan(1, 10, 49_998 * TICK + 1, terms)
    assert bounded.legs[0].limit_price_1e9 == 49_999 * TICK


def test_reasons_for_what_is_not_placed() -> None:
    splitter = splitter_of(ASKS)
    terms = plain_terms(splitter.market, 0)
    beyond = splitter.plan(0, 25, 101 * TICK, terms)
    assert (beyond.planned_qty_1e8, beyond.reason) == (20, Reason.BEYOND_LIMIT)
    empty = splitter.plan(0, 50, None, terms)
    assert (empty.unplaced_qty_1e8, empty.reason) == (10, Reason.NO_LIQUIDITY)
    model = CostModel(splitter.market, VenueObservations(splitter.listings))
    unknown = splitter.plan(0, 5, None, model.terms(0, NOW_NS, pinned="nowhere"))
    assert (unknown.legs, unknown.reason) == ((), Reason.BAD_VENUE)
    splitter.market.slots[1].mark_stale(2)  # type: ignore[union-attr]  # the builder made it
    stale = splitter.plan(0, 5, None, model.terms(0, NOW_NS, pinned="v1"))
    assert (stale.legs, stale.reason) == ((), Reason.STALE_VENUE)
    tiny = splitter_of(ASKS, qty_min_1e8=8)
    small = tiny.plan(0, 5, None, plain_terms(tiny.market, 0))
    assert (small.legs, small.reason) == ((), Reason.BELOW_MINIMUM)


def test_pinning_uses_one_venue_only() -> None:
    splitter = splitter_of(ASKS)
    model = CostModel(splitter.market, VenueObservations(splitter.listings))
    plan = splitter.plan(0, 15, None, model.terms(0, NOW_NS, pinned="v1"))
    assert [(leg.venue_index, leg.qty_1e8) for leg in plan.legs] == [(1, 15)]


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("side", [0, 1])
def test_takes_in_flight_come_off_the_best_levels(seed: int, side: int) -> None:
    random = Random(seed)
    of = instrument()
    listings = [listing(v, of, fee_ppm=50 * v, tick_1e9=TICK) for v in range(4)]
    books = random_books(random, 4, 20)
    splitter = Splitter(market_of(listings, books))
    taken = [book[1 - side] for book in books]
    away = [random.randrange(sum(q for _, q in levels)) for levels in taken]
    for v, qty in enumerate(away):
        splitter.takes.add(f"id{v}", v, side, qty, NOW_NS)
    total = sum(q for levels in taken for _, q in levels) - sum(away)
    qty = random.randrange(1, total)
    plan = splitter.plan(side, qty, None, plain_terms(splitter.market, side))
    wanted = slow_split(listings, taken, side, qty, in_flight=away)
    assert {leg.venue_index: leg.qty_1e8 for leg in plan.legs} == {
        v: leg[0] for v, leg in wanted.items()
    }


def test_own_resting_orders_are_left_out() -> None:
    splitter = splitter_of(ASKS)
    splitter.set_own_orders(0, [(100 * TICK, 4), (102 * TICK, 10)])
    terms = plain_terms(splitter.market, 0)
    plan = splitter.plan(0, 30, None, terms)
    assert {leg.venue_index: leg.qty_1e8 for leg in plan.legs} == {0: 6, 1: 20}
    splitter.set_own_orders(0, [])
    assert splitter.plan(0, 40, None, terms).planned_qty_1e8 == 40


def test_the_markets_own_orders_of_the_side_that_is_taken_are_left_out() -> None:
    splitter = splitter_of(ASKS)
    own = splitter.market.own
    terms = plain_terms(splitter.market, 0)
    before = splitter.plan(0, 40, None, terms)
    own.put("a", 0, 1, 100 * TICK, 4)
    own.put("b", 0, 1, 102 * TICK, 10)
    plan = splitter.plan(0, 30, None, terms)
    assert {leg.venue_index: leg.qty_1e8 for leg in plan.legs} == {0: 6, 1: 20}
    selling = splitter.plan(1, 1, None, plain_terms(splitter.market, 1))
    assert selling.planned_qty_1e8 == 1, "bids of that price are not ours"
    plan = splitter.plan(0, 30, None, terms)
    assert (plan.planned_qty_1e8, plan.reason) == (26, Reason.NO_LIQUIDITY)
    own.put("a", 0, 1, 100 * TICK, 1)
    assert splitter.plan(0, 30, None, terms).planned_qty_1e8 == 29
    for name in "ab":
        own.put(name, 0, 1, 0, 0)
    assert splitter.plan(0, 40, None, terms).legs == before.legs


def test_what_is_ours_explains_nothing_that_was_not_placed() -> None:
    splitter = splitter_of([[(100 * TICK, 10), (102 * TICK, 10)]])
    own = splitter.market.own
    terms = plain_terms(splitter.market, 0)
    assert splitter.plan(0, 20, 101 * TICK, terms).reason is Reason.BEYOND_LIMIT
    own.put("a", 0, 1, 102 * TICK, 10)
    assert splitter.plan(0, 20, 101 * TICK, terms).reason is Reason.NO_LIQUIDITY
    own.put("b", 0, 1, 100 * TICK, 10)
    nothing = splitter.plan(0, 5, 101 * TICK, terms)
    assert (nothing.legs, nothing.reason) == ((), Reason.NO_LIQUIDITY)


def test_a_quote_rate_moves_a_venue_in_the_ranking() -> None:
    splitter = splitter_of([[(100 * TICK, 10)], [(100 * TICK, 10)]])
    terms = plain_terms(splitter.market, 0)
    splitter.set_quote_rate(0, 1.0005)
    assert [leg.venue_index for leg in splitter.plan(0, 10, None, terms).legs] == [1]
    splitter.set_quote_rate(0, 0.9995)
    assert [leg.venue_index for leg in splitter.plan(0, 10, None, terms).legs] == [0]


def test_fill_or_kill_takes_the_cheapest_single_venue_or_none() -> None:
    splitter = splitter_of(ASKS)
    terms = plain_terms(splitter.market, 0)
    plan = splitter.plan_single(0, 15, None, terms)
    assert [(leg.venue_index, leg.qty_1e8) for leg in plan.legs] == [(0, 15)]
    assert plan.reason is Reason.NONE
    none = splitter.plan_single(0, 21, None, terms)
    assert (none.legs, none.unplaced_qty_1e8) == ((), 21)
    assert none.reason is Reason.FOK_NOT_SINGLE_VENUE
    assert terms.active.tolist() == [1, 1], "the terms are as before"


def test_event_limits_stay_below_one() -> None:
    cent = 10_000_000
    asks: list[Levels] = [[(99 * cent, 10)]]
    of = instrument("EVENT-USD")
    rules = listing(0, of, fee_ppm=0, tick_1e9=cent, price_max_1e9=10**9)
    splitter = Splitter(market_of([rules], [([], asks[0])]))
    plan = splitter.plan(0, 10, None, plain_terms(splitter.market, 0))
    assert plan.legs[0].limit_price_1e9 == 99 * cent
