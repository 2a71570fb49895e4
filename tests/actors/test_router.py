"""The router: intents are recorded before orders leave, and every quantity is accounted for."""

from __future__ import annotations

from typing import Any

import msgspec

from actors.router import RouterActor
from engine.decisions.cost_model import CostModel
from engine.decisions.decision_record import far_touch_1e9, redo
from engine.decisions.post_record import redo_post
from engine.decisions.split import Splitter
from engine.decisions.venue_observations import VenueObservations
from engine.decisions.watches import Watches
from engine.errors import Reason
from engine.intelligence.audit import audit
from engine.messages import (
    ApprovedOrder,
    ApprovedRoute,
    ChildrenPlanned,
    ChildReport,
    LiquidityAppeared,
    Record,
    RestingChanged,
    TakeSettled,
    TouchReached,
    UnwatchLiquidity,
    WatchLiquidity,
)
from engine.model.orders import Grant, ReportKind, TimeInForce
from engine.model.records import ChildrenIntended, DecisionRecord, PostRecord
from engine.model.units import Side
from tests.support.builders import intent, market
from tests.support.probe import Stage

QTY = 10**8
TICK = 10**7
PRICE = 64_000 * 10**9


class RouterStage(Stage):
    """Two venues with one unit at 64,000 and one at 64,001 (the second venue is dearer)."""

    def __init__(self) -> None:
        super().__init__()
        self.owner, self.journal = self.probe("owner"), self.probe("journal")
        self.trades = [self.probe("trade alpha"), self.probe("trade beta")]
        books = {
            "alpha": ([(PRICE - 10**10, QTY)], [(PRICE, QTY)]),
            "beta": ([(PRICE - 10**10, QTY)], [(PRICE + 10**9, QTY)]),
        }
        self.market = market(books, now_ns=self.driver.now_ns)
        costs = CostModel(self.market, VenueObservations(self.market.listings))
        self.watches = Watches(self.market, 10)
        self.ref, self.actor = self.spawn(
            lambda: RouterActor(
                1, Splitter(self.market), costs, self.watches, self.journal, self.trades, True
            )
        )

    def route(self, qty: int, worst: int | None = None, **fields: Any) -> ChildrenPlanned:
        wish = intent(owner_id=self.owner.actor_id, qty_1e8=qty, worst_price_1e9=worst, **fields)
        self.tell(self.ref, ApprovedRoute(Grant(1, wish, qty, worst, PRICE)))
        (planned,) = self.take(self.owner, ChildrenPlanned)
        return planned

    def orders(self, venue: int) -> list[tuple[int, TimeInForce]]:
        found = self.take(self.trades[venue], ApprovedOrder)
        return [(one.child.qty_1e8, one.child.tif) for one in found]


def test_a_sweep_is_split_recorded_and_sent() -> None:
    stage = RouterStage()
    planned = stage.route(QTY * 3 // 2)
    assert planned.unplaced_qty_1e8 == 0
    assert stage.orders(0) == [(QTY, TimeInForce.IOC)]
    assert stage.orders(1) == [(QTY // 2, TimeInForce.IOC)]
    payloads = [one.payload for one in stage.take(stage.journal, Record)]
    (intended,) = [one for one in payloads if isinstance(one, ChildrenIntended)]
    ids = [one.client_order_id for one in planned.children]
    assert [one.client_order_id for one in intended.children] == ids
    assert len(payloads) == 2


def test_the_next_sweep_sees_what_is_in_flight() -> None:
    stage = RouterStage()
    stage.route(QTY)
    stage.orders(0)
    stage.route(QTY, attempt=2)
    assert stage.orders(0) == []
    assert stage.orders(1) == [(QTY, TimeInForce.IOC)]


def test_a_take_that_filled_nothing_is_free_again() -> None:
    stage = RouterStage()
    (child,) = stage.route(QTY).children
    settled = TakeSettled(child.client_order_id, 0, Side.BUY, QTY, 0, 0, 10**6)
    stage.tell(stage.ref, settled)
    stage.orders(0)
    stage.route(QTY, attempt=2)
    assert stage.orders(0) == [(QTY, TimeInForce.IOC)]


def test_a_take_that_filled_teaches_of_its_venue() -> None:
    stage = RouterStage()
    (child,) = stage.route(QTY).children
    paid = (PRICE + PRICE // 10_000) * QTY
    settled = TakeSettled(child.client_order_id, 0, Side.BUY, QTY, QTY, 0, 10**6, paid)
    stage.tell(stage.ref, settled)
    assert isinstance(stage.actor, RouterActor)
    seen = stage.actor.costs.observations
    assert seen.delta_n[0] == 1
    assert len(seen.drifting) == 1


def test_what_cannot_be_taken_rests_at_the_worst_price_even_below_the_limit() -> None:
    stage = RouterStage()
    cap = PRICE + 10**9 // 2
    planned = stage.route(
        2 * QTY, cap, limit_price_1e9=PRICE + 10**10, rest=True, tif=TimeInForce.GTC
    )
    resting = planned.children[-1]
    assert (resting.tif, resting.qty_1e8) == (TimeInForce.GTC, QTY)
    assert resting.limit_price_1e9 == cap // TICK * TICK
    assert planned.unplaced_qty_1e8 == 0 and planned.reason is Reason.NONE


def test_a_plan_tells_the_mid_and_the_far_touch_whatever_it_does() -> None:
    stage = RouterStage()
    stage.route(QTY // 2)
    rests = {"limit_price_1e9": PRICE, "rest": True, "tif": TimeInForce.GTC}
    posts = {"limit_price_1e9": PRICE - 10**10, "post_venues": 1, "tif": TimeInForce.GTC}
    stage.take(stage.journal, Record)
    mid = PRICE - 10**10 // 2
    for number, fields in enumerate(({}, rests, posts), 2):
        worst = fields.get("limit_price_1e9")
        planned = stage.route(QTY, worst, attempt=number, **fields)
        assert planned.children
        assert (planned.mid_1e9, planned.touch_1e9) == (mid, PRICE)
    found = [one.payload for one in stage.take(stage.journal, Record)]
    choices = [one for one in found if isinstance(one, DecisionRecord)]
    assert len(choices) == 2, "a post takes nothing"
    assert {(one.mid_1e9, far_touch_1e9(one)) for one in choices} == {(mid, PRICE)}


def test_where_an_order_rests_is_recorded_before_its_intents() -> None:
    stage = RouterStage()
    limit = PRICE - 10**10
    planned = stage.route(QTY, limit_price_1e9=limit, post_venues=2, attempt=4)
    record, intended = [one.payload for one in stage.take(stage.journal, Record)]
    assert isinstance(record, PostRecord) and isinstance(intended, ChildrenIntended)
    assert (record.decision_id, record.attempt, record.venues_max) == (1, 4, 2)
    assert (record.qty_1e8, record.price_1e9) == (QTY, limit)
    assert [(record.venues[v], qty, price) for v, qty, price in record.places] == [
        (child.venue, child.qty_1e8, child.limit_price_1e9) for child in intended.children
    ]
    assert len(planned.children) == len(record.places) == 2
    assert redo_post(record).places == record.places
    again = stage.route(QTY, PRICE, limit_price_1e9=PRICE, post_venues=1, attempt=5, venue="alpha")
    assert again.children == () and again.reason is Reason.POST_ONLY
    (refused,) = [one.payload for one in stage.take(stage.journal, Record)]
    assert isinstance(refused, PostRecord)
    assert (refused.decision_id, refused.places, refused.reason) == (2, (), Reason.POST_ONLY)
    assert (refused.price_1e9, refused.far_1e9) == (PRICE, (PRICE, PRICE + 10**9))


def test_the_rest_of_a_limit_order_is_recorded_after_what_it_takes() -> None:
    stage = RouterStage()
    rests = {"limit_price_1e9": PRICE, "rest": True, "tif": TimeInForce.GTC}
    stage.route(3 * QTY, PRICE, **rests)
    take, rest, intended = [one.payload for one in stage.take(stage.journal, Record)]
    assert isinstance(take, DecisionRecord) and isinstance(rest, PostRecord)
    assert isinstance(intended, ChildrenIntended)
    assert (take.planned_qty_1e8, rest.qty_1e8, rest.venues_max) == (QTY, 2 * QTY, 0)
    assert rest.places == ((0, 2 * QTY, PRICE),) and rest.meets_own == (False, False)
    assert [child.tif for child in intended.children] == [TimeInForce.IOC, TimeInForce.GTC]
    # Nothing rests where one of ours would be met, and that is recorded too.
    sell = {"side": Side.SELL, "limit_price_1e9": PRICE, "rest": True, "tif": TimeInForce.GTC}
    refused = stage.route(QTY, PRICE, attempt=2, venue="alpha", **sell)
    _, rest = [one.payload for one in stage.take(stage.journal, Record)]
    assert isinstance(rest, PostRecord)
    assert refused.children == ()
    assert (rest.places, rest.meets_own[0], rest.reason) == ((), True, Reason.OWN_ORDER)


def test_what_no_venue_takes_is_said_to_be_unplaced() -> None:
    stage = RouterStage()
    planned = stage.route(5 * QTY)
    assert (planned.unplaced_qty_1e8, planned.reason) == (3 * QTY, Reason.NO_LIQUIDITY)
    assert sum(child.qty_1e8 for child in planned.children) == 2 * QTY


def test_all_or_nothing_goes_to_one_venue_or_none() -> None:
    stage = RouterStage()
    planned = stage.route(QTY, tif=TimeInForce.FOK)
    assert [child.tif for child in planned.children] == [TimeInForce.FOK]
    planned = stage.route(QTY * 3 // 2, tif=TimeInForce.FOK, attempt=2)
    assert (planned.children, planned.reason) == ((), Reason.FOK_NOT_SINGLE_VENUE)


def test_a_pinned_order_stays_on_its_venue() -> None:
    stage = RouterStage()
    planned = stage.route(QTY // 2, venue="beta")
    assert [child.listing.venue for child in planned.children] == ["beta"]


def test_a_trade_actor_without_room_is_proof_that_nothing_left() -> None:
    stage = RouterStage()
    stage.trades[0].capacity = 0
    (child,) = stage.route(QTY).children
    (report,) = [one.report for one in stage.take(stage.owner, ChildReport)]
    assert report.kind is ReportKind.REJECTED
    assert report.client_order_id == child.client_order_id
    assert report.cum_qty_1e8 == 0


def test_a_watch_is_answered_at_once_or_when_the_touch_reaches_it() -> None:
    stage = RouterStage()
    owner = stage.owner.actor_id
    stage.tell(stage.ref, WatchLiquidity(owner, Side.BUY, PRICE))
    assert stage.take(stage.owner, LiquidityAppeared) == [LiquidityAppeared(PRICE)]
    stage.tell(stage.ref, WatchLiquidity(owner, Side.BUY, PRICE - TICK))
    assert (stage.got(stage.owner), len(stage.watches)) == ([], 1)
    stage.tell(stage.ref, TouchReached(0, Side.BUY))
    assert stage.got(stage.owner) == []
    stage.tell(stage.ref, WatchLiquidity(owner, Side.BUY, PRICE - TICK))
    stage.tell(stage.ref, UnwatchLiquidity(owner))
    assert len(stage.watches) == 0


def resting(number: int, left: int, price: int = PRICE, venue: int = 0) -> RestingChanged:
    """A sell of another node that rests where our takers buy."""
    return RestingChanged(f"xg1-9-0-1-{number}", venue, Side.SELL, price, left)


def test_what_rests_of_another_node_is_nothing_to_take() -> None:
    stage = RouterStage()
    stage.tell(stage.ref, resting(0, QTY // 4), resting(1, QTY // 4))
    planned = stage.route(QTY)
    assert [child.qty_1e8 for child in planned.children] == [QTY // 2, QTY // 2]
    for child in planned.children:
        venue = child.listing.venue_index
        settled = TakeSettled(child.client_order_id, venue, Side.BUY, QTY, 0, 0, 10**6)
        stage.tell(stage.ref, settled)
    stage.tell(stage.ref, resting(0, QTY // 8), resting(1, 0))
    assert [child.qty_1e8 for child in stage.route(QTY, attempt=2).children] == [
        QTY * 7 // 8,
        QTY // 8,
    ]


def test_with_only_our_own_orders_there_is_no_liquidity_and_nobody_is_woken() -> None:
    stage = RouterStage()
    owner = stage.owner.actor_id
    stage.tell(stage.ref, resting(0, QTY))
    planned = stage.route(QTY // 2, venue="alpha")
    assert (planned.children, planned.reason) == ((), Reason.NO_LIQUIDITY)
    planned = stage.route(QTY // 2, PRICE, limit_price_1e9=PRICE, attempt=2)
    assert (planned.children, planned.reason) == ((), Reason.BEYOND_LIMIT)
    stage.tell(stage.ref, WatchLiquidity(owner, Side.BUY, PRICE))
    stage.tell(stage.ref, TouchReached(0, Side.BUY))
    assert (stage.take(stage.owner, LiquidityAppeared), len(stage.watches)) == ([], 1)
    stage.tell(stage.ref, resting(0, QTY - 1), TouchReached(0, Side.BUY))
    assert stage.take(stage.owner, LiquidityAppeared) == [LiquidityAppeared(PRICE)]
    stage.tell(stage.ref, resting(0, QTY), WatchLiquidity(owner, Side.BUY, None))
    assert stage.take(stage.owner, LiquidityAppeared) == [LiquidityAppeared(PRICE + 10**9)]
    stage.tell(stage.ref, resting(1, QTY, PRICE + 10**9, 1), TouchReached(0, Side.BUY))
    assert stage.actor.best_of_others(1) is None
    assert stage.actor.best_of_others(0) == PRICE - 10**10


def test_an_order_is_ours_from_the_moment_that_it_is_sent() -> None:
    stage = RouterStage()
    own = stage.market.own
    sell = {"side": Side.SELL, "tif": TimeInForce.GTC}
    limit = PRICE - 10**9
    planned = stage.route(3 * QTY, limit, limit_price_1e9=limit, rest=True, **sell)
    (child,) = planned.children
    assert own.best(child.listing.venue_index, 1) == [(limit, 3 * QTY)]
    posted = stage.route(QTY, limit_price_1e9=PRICE, post_venues=1, venue="beta", attempt=2, **sell)
    assert own.best(1, 1) == [(PRICE, QTY)]
    assert len(own.orders) == 1 + len(posted.children)
    stage.trades[1].capacity = 0
    stage.route(QTY, limit_price_1e9=PRICE, post_venues=1, venue="beta", attempt=3, **sell)
    assert len(own.orders) == 2, "what never left does not rest"
    stage.route(QTY, attempt=4)
    assert len(own.orders) == 2, "an immediate order never rests"


def test_a_decision_without_our_own_orders_is_redone_from_its_record() -> None:
    stage = RouterStage()
    stage.tell(stage.ref, resting(0, QTY // 4), resting(1, QTY // 8, PRICE + 10**9, 1))
    planned = stage.route(QTY * 3 // 2)
    found = [one.payload for one in stage.take(stage.journal, Record)]
    (record,) = [one for one in found if isinstance(one, DecisionRecord)]
    stage.tell(stage.ref, resting(0, 0), resting(1, 0))
    read = msgspec.msgpack.decode(msgspec.msgpack.encode(record), type=DecisionRecord)
    told = [(leg.venue_index, leg.qty_1e8, leg.limit_price_1e9) for leg in redo(read)]
    assert told == [
        (child.listing.venue_index, child.qty_1e8, child.limit_price_1e9)
        for child in planned.children
    ]
    assert [qty for _, qty, _ in told] == [QTY * 3 // 4, QTY * 3 // 4]
    assert audit(read).redone
