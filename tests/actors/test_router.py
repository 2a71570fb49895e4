"""The router: intents are recorded before orders leave, and every quantity is accounted for."""

from __future__ import annotations

from typing import Any

from actors.router import RouterActor
from engine.decisions.cost_model import CostModel
from engine.decisions.split import Splitter
from engine.decisions.venue_observations import VenueObservations
from engine.decisions.watches import Watches
from engine.errors import Reason
from engine.messages import (
    ApprovedOrder,
    ApprovedRoute,
    ChildrenPlanned,
    ChildReport,
    LiquidityAppeared,
    Record,
    TakeSettled,
    TouchReached,
    UnwatchLiquidity,
    WatchLiquidity,
)
from engine.model.orders import Grant, ReportKind, TimeInForce
from engine.model.records import ChildrenIntended
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
