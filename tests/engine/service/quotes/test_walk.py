"""Dry walks against the router's own plans, and their money against the books by hand."""

from __future__ import annotations

import pytest

from actors.router import RouterActor
from engine.decisions.cost_model import CostModel
from engine.decisions.market import MarketBlock
from engine.decisions.split import Splitter
from engine.decisions.venue_observations import VenueObservations
from engine.decisions.watches import Watches
from engine.errors import Reason
from engine.model.fees import FeeSchedule
from engine.model.graph import Quantity, SimpleOrder, graph_of
from engine.model.instruments import Instrument, InstrumentType
from engine.model.units import Side
from engine.service.quotes.chain import frozen_market
from engine.service.quotes.depth import usable
from engine.service.quotes.walk import DryRouter, collar_price, mirror
from tests.support.builders import fill_slot, listing, market
from tests.support.probe import Stage

P = 10**9
Q = 10**8
NOW = 10**9
BOOKS = {
    "alpha": ([(99 * P, 2 * Q), (98 * P, 5 * Q)], [(101 * P, Q), (103 * P, 5 * Q)]),
    "beta": ([(99 * P, Q)], [(101 * P, 3 * Q), (102 * P, Q)]),
}


def router_of(block: MarketBlock) -> RouterActor:
    stage = Stage()
    probe = stage.probe("journal")
    costs = CostModel(block, VenueObservations(block.listings))
    return RouterActor(1, Splitter(block), costs, Watches(block, 8), probe, [], True)


def live_plan(router: RouterActor, side: Side, qty: int, worst: int | None):  # type: ignore[no-untyped-def]  # the splitter's own
    terms = router.costs.terms(int(side), NOW)
    return router.splitter.plan(int(side), qty, worst, terms, leg_slack=router.leg_slack)


@pytest.mark.parametrize("side", [Side.BUY, Side.SELL])
@pytest.mark.parametrize("qty", [Q // 10, 2 * Q, 4 * Q, 50 * Q])
@pytest.mark.parametrize("in_flight", [0, Q])
def test_a_walk_is_the_plan_that_the_router_makes(side: Side, qty: int, in_flight: int) -> None:
    router = router_of(market(BOOKS, now_ns=NOW))
    if in_flight:
        router.splitter.takes.add("x", 1, int(side), in_flight, NOW)
    walk = DryRouter(router).walk(side, qty, None, NOW)
    plan = live_plan(router, side, qty, None)
    assert walk.plan.legs == plan.legs
    assert walk.plan.unplaced_qty_1e8 == plan.unplaced_qty_1e8
    assert walk.plan.est_cost_bps == plan.est_cost_bps


def test_a_walk_leaves_nothing_behind_in_the_router() -> None:
    router = router_of(market(BOOKS, now_ns=NOW))
    router.splitter.takes.add("x", 0, 0, Q, NOW)
    before = router.splitter.arena.copy()
    dry = DryRouter(router)
    for qty in (Q, 3 * Q):
        dry.walk(Side.BUY, qty, 102 * P, NOW)
    assert (router.splitter.arena == before).all()
    assert (router.splitter.number, router.decisions) == (0, 0)
    assert list(router.splitter.takes.takes) == ["x"]


def test_old_takes_expire_as_they_would_before_a_plan() -> None:
    router = router_of(market(BOOKS, now_ns=NOW))
    router.splitter.takes.add("x", 0, 0, Q, NOW)
    late = NOW + 3_600 * 10**9
    DryRouter(router).walk(Side.BUY, Q, None, late)
    assert router.splitter.takes.takes == {}


def test_money_is_what_the_levels_say() -> None:
    router = router_of(market(BOOKS, now_ns=NOW))
    walk = DryRouter(router).walk(Side.BUY, 5 * Q, None, NOW)
    # 4 at 101 and 1 at 102, mid 100, 10 bps of fee.
    assert walk.notional_1e9 == 506 * P
    assert walk.avg_price_1e9 == 506 * P // 5
    assert walk.slippage_1e9 == 6 * P
    assert walk.slippage_bps == pytest.approx(120.0)
    assert walk.fee_1e9 == 506 * P // 1_000
    assert walk.fee_bps == pytest.approx(506 / 500 * 10)
    assert walk.plan.est_cost_bps == pytest.approx(120.0 + 506 / 50, rel=1e-6)
    assert sum(leg.share for leg in walk.legs) == pytest.approx(1.0)
    assert {leg.venue: leg.qty_1e8 for leg in walk.legs} == {"alpha": Q, "beta": 4 * Q}
    sold = DryRouter(router).walk(Side.SELL, 3 * Q, None, NOW)
    assert sold.slippage_1e9 == 3 * P


def test_candidates_say_who_may_not_be_used_and_why() -> None:
    block = market(BOOKS, now_ns=NOW)
    block.slots[1].mark_stale(2)  # type: ignore[union-attr]  # the builder gave every slot out
    walk = DryRouter(router_of(block)).walk(Side.BUY, Q, None, NOW)
    good, bad = walk.candidates
    assert (good.venue, good.eligible, good.reason, good.planned_qty_1e8) == (
        "alpha",
        True,
        None,
        Q,
    )
    assert (bad.eligible, bad.reason, bad.planned_qty_1e8) == (
        False,
        Reason.STALE_VENUE.value,
        0,
    )
    assert good.taker_fee_bps == 10.0


def test_nothing_planned_has_no_average_and_a_reason() -> None:
    walk = DryRouter(router_of(market(BOOKS, now_ns=NOW))).walk(Side.BUY, Q, 100 * P, NOW)
    assert (walk.avg_price_1e9, walk.legs, walk.notional_1e9) == (None, [], 0)
    assert walk.plan.reason is Reason.BEYOND_LIMIT


def test_a_walk_on_a_snapshot_uses_its_books_however_old_the_routers_are() -> None:
    block = market(BOOKS, now_ns=NOW)
    router = router_of(block)
    books = usable(block, 9)
    block.slots[0].mark_stale(1)  # type: ignore[union-attr]  # the builder gave every slot out
    block.slots[1].mark_stale(1)  # type: ignore[union-attr]  # as above
    late = NOW + 3_600 * 10**9
    assert not DryRouter(router).walk(Side.BUY, Q, None, late).legs
    walk = DryRouter(router, frozen_market(block, books, late)).walk(Side.BUY, 5 * Q, None, late)
    assert walk.notional_1e9 == 506 * P


def test_the_collar_is_one_percent_from_the_mid_on_the_tick() -> None:
    block = market(BOOKS, now_ns=NOW)
    node = graph_of(SimpleOrder(symbol="BTC-USD", side="buy"), Quantity(), None).nodes[0]
    assert collar_price(node, Side.BUY, block, 100) == 101 * P
    assert collar_price(node, Side.SELL, block, 100) == 99 * P
    assert collar_price(node, Side.BUY, block, None) is None


def event_market() -> MarketBlock:
    event = Instrument(symbol="e", type=InstrumentType.PREDICTION, base="e", quote="USD")
    fees = FeeSchedule(taker_ppm=70_000, quadratic=True)
    one = listing("poly", 0, instrument=event, price_max_1e9=P, fees=fees, lot_1e8=Q)
    block = MarketBlock(event, [one], depth=8)
    fill_slot(block.slot(0), [(400_000_000, 9 * Q)], [(440_000_000, 9 * Q)], NOW)
    return block


def test_buying_no_is_selling_yes_told_at_one_less_p() -> None:
    walk = DryRouter(router_of(event_market())).walk(Side.SELL, 5 * Q, None, NOW)
    told = mirror(walk)
    assert told.side is Side.BUY
    assert told.avg_price_1e9 == 600_000_000
    assert told.notional_1e9 == 3 * P
    assert told.plan.mid_x2 == 2 * 580_000_000
    # What the prices cost beyond the mid is the same money on either side.
    assert told.slippage_1e9 == walk.slippage_1e9 == 100_000_000
    assert told.fee_1e9 == walk.fee_1e9 == 70_000 * 5 * 240_000_000 // 10**6
    assert mirror(told) == walk
