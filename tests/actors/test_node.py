"""The node: every fact is told once to whom it concerns, and it ends only by proof."""

from __future__ import annotations

from typing import Any

from actors.node import NodeActor
from actors.node_orders import NodeOrders
from engine.decisions.node_plan import NodeIdentity
from engine.errors import Reason
from engine.messages import (
    CancelChild,
    CancelNode,
    ChildrenPlanned,
    ChildReport,
    ExposureChanged,
    ForgetChild,
    LiquidityAppeared,
    NodeEnded,
    QueryChild,
    Record,
    RouteDenied,
    RouteRequest,
    StartNode,
    TakeSettled,
    UnwatchLiquidity,
    WatchLiquidity,
)
from engine.model.graph import NodeStatus, Policy
from engine.model.instruments import Environment
from engine.model.orders import ChildOrder, OrderReport, ReportKind, TimeInForce, VenueFill
from engine.model.records import FillRecord, NodeChanged
from engine.model.units import Side
from tests.support.builders import child, market, node, node_place
from tests.support.hooks import hooks_left, hooks_of
from tests.support.probe import Stage

QTY = 10**8
PRICE = 64_000 * 10**9
S = 10**9


class NodeStage(Stage):
    """A node among probes, started, with its first attempt at risk."""

    def __init__(self, **fields: Any) -> None:
        super().__init__()
        self.risk, self.router = self.probe("risk"), self.probe("router")
        self.journal, self.trade = self.probe("journal"), self.probe("trade")
        self.graph = self.probe("graph")
        made = node(QTY, **fields)
        books = {"alpha": ([(PRICE - 10**10, QTY)], [(PRICE, QTY)])}
        block = market(books, now_ns=self.driver.now_ns)
        identity = NodeIdentity(
            "alice", Environment.SANDBOX, "g", 1, made, 0, Side.BUY, QTY, 1, None
        )
        place = node_place(block, self.risk, self.router, self.journal, {"alpha": self.trade})
        self.ref, self.actor = self.spawn(lambda: NodeActor(identity, place, self.graph, []))
        self.tell(self.ref, StartNode())
        (self.request,) = self.take(self.risk, RouteRequest)

    def plan(self, *children: ChildOrder, unplaced: int = 0, attempt: int = 1) -> None:
        reason = Reason.NO_LIQUIDITY if unplaced else Reason.NONE
        planned = ChildrenPlanned(attempt, 1, children, unplaced, reason, PRICE, PRICE, 1)
        self.tell(self.ref, planned)

    def report(self, kind: ReportKind, **fields: Any) -> None:
        name = fields.pop("name", "xg1-1-0-1-0")
        self.tell(self.ref, ChildReport(OrderReport(kind, name, "alpha", **fields)))

    def fill(self, qty: int, trade: str, **fields: Any) -> None:
        self.report(ReportKind.FILL, fill=VenueFill(trade, PRICE, qty), **fields)

    def ended(self) -> NodeEnded | None:
        found = self.take(self.graph, NodeEnded)
        assert len(found) <= 1
        return found[0] if found else None


def gtc() -> ChildOrder:
    return child(QTY, tif=TimeInForce.GTC)


def test_an_intent_carries_the_collar_and_the_whole_quantity() -> None:
    stage = NodeStage()
    intent = stage.request.intent
    assert intent.qty_1e8 == QTY and intent.attempt == 1
    mid = PRICE - 10**10 // 2
    assert intent.worst_price_1e9 == mid * 10_100 // 10_000 // 10**7 * 10**7


def test_a_fill_is_told_once_to_risk_router_trade_journal_and_graph() -> None:
    stage = NodeStage()
    stage.plan(child(QTY))
    stage.fill(QTY, "t1", exchange_ns=5)
    assert stage.take(stage.risk, ExposureChanged) == [ExposureChanged(1, QTY, PRICE, 0)]
    (settled,) = stage.take(stage.router, TakeSettled)
    assert (settled.filled_qty_1e8, settled.exchange_ns) == (QTY, 5)
    assert stage.take(stage.trade, ForgetChild) == [ForgetChild("xg1-1-0-1-0")]
    records = [record.payload for record in stage.take(stage.journal, Record)]
    assert [one.qty_1e8 for one in records if isinstance(one, FillRecord)] == [QTY]
    states = [one for one in records if isinstance(one, NodeChanged)]
    assert states[-1].status is NodeStatus.FILLED and states[-1].filled_qty_1e8 == QTY
    ended = stage.ended()
    assert ended is not None
    assert (ended.progress.status, ended.progress.filled_qty_1e8) == (NodeStatus.FILLED, QTY)
    assert (ended.reason, ended.progress.final) == ("", True)


def test_a_repeated_fill_counts_once() -> None:
    stage = NodeStage()
    stage.plan(child(QTY))
    stage.fill(QTY // 4, "t1")
    stage.fill(QTY // 4, "t1")
    assert len(stage.take(stage.risk, ExposureChanged)) == 1
    assert stage.actor.ledger.filled_qty_1e8 == QTY // 4


def test_a_report_that_overtakes_the_plan_is_kept() -> None:
    stage = NodeStage()
    stage.fill(QTY, "t1")
    assert stage.ended() is None
    stage.plan(child(QTY))
    ended = stage.ended()
    assert ended is not None and ended.progress.status is NodeStatus.FILLED


def test_a_cancelled_order_waits_for_the_fills_that_the_venue_claims() -> None:
    stage = NodeStage(policy=Policy.IOC_SWEEP)
    stage.plan(child(QTY))
    stage.report(ReportKind.EXPIRED, cum_qty_1e8=QTY // 2)
    assert stage.ended() is None
    assert len(stage.take(stage.trade, QueryChild)) == 1
    stage.fill(QTY // 2, "t1")
    ended = stage.ended()
    assert ended is not None
    assert (ended.progress.status, ended.progress.filled_qty_1e8) == (
        NodeStatus.PARTIAL_FILL,
        QTY // 2,
    )
    released = [one.released_qty_1e8 for one in stage.take(stage.risk, ExposureChanged)]
    assert released == [0, QTY // 2]


def test_silence_is_asked_for_until_there_is_proof() -> None:
    stage = NodeStage(policy=Policy.IOC_SWEEP)
    stage.plan(child(QTY))
    stage.run(60 * S)
    assert len(stage.take(stage.trade, QueryChild)) >= 3
    assert stage.actor.ledger.unknown_qty_1e8 == QTY
    assert stage.ended() is None
    stage.report(ReportKind.NOT_FOUND, cum_qty_1e8=0)
    ended = stage.ended()
    assert ended is not None and ended.progress.filled_qty_1e8 == 0
    assert stage.take(stage.risk, ExposureChanged) == [ExposureChanged(1, 0, 0, QTY)]


def test_a_lost_cancel_is_repeated() -> None:
    stage = NodeStage(limit_1e9=PRICE)
    stage.plan(gtc())
    stage.report(ReportKind.ACCEPTED)
    stage.tell(stage.ref, CancelNode("enough"))
    assert len(stage.take(stage.trade, CancelChild)) == 1
    stage.run(4 * S)
    assert len(stage.take(stage.trade, CancelChild)) == 1
    stage.report(ReportKind.STATUS, working=True, cum_qty_1e8=0)
    stage.run(40 * S)
    assert len(stage.take(stage.trade, CancelChild)) >= 1
    stage.report(ReportKind.CANCELLED, cum_qty_1e8=0)
    ended = stage.ended()
    assert ended is not None
    assert (ended.progress.status, ended.reason) == (NodeStatus.CANCELLED, "CANCELLED: enough")


def test_an_order_that_rests_in_peace_is_not_asked_for() -> None:
    stage = NodeStage(limit_1e9=PRICE)
    stage.plan(gtc())
    stage.report(ReportKind.ACCEPTED)
    stage.run(60 * S)
    assert not stage.take(stage.trade, QueryChild)


def test_a_resting_order_with_a_missing_fill_is_asked_for() -> None:
    stage = NodeStage(limit_1e9=PRICE)
    stage.plan(gtc())
    stage.fill(QTY // 4, "t2", cum_qty_1e8=QTY // 2)
    stage.run(60 * S)
    assert stage.take(stage.trade, QueryChild)


def test_an_unknown_state_is_asked_for_at_once() -> None:
    stage = NodeStage(limit_1e9=PRICE)
    stage.plan(gtc())
    stage.report(ReportKind.ACCEPTED)
    stage.report(ReportKind.UNKNOWN)
    assert len(stage.take(stage.trade, QueryChild)) == 1


def test_a_cancel_while_the_attempt_is_at_risk_pulls_what_is_planned_later() -> None:
    stage = NodeStage(limit_1e9=PRICE)
    stage.tell(stage.ref, CancelNode("enough"))
    assert stage.ended() is None
    stage.plan(gtc())
    assert len(stage.take(stage.trade, CancelChild)) == 1
    stage.report(ReportKind.CANCELLED, cum_qty_1e8=0)
    ended = stage.ended()
    assert ended is not None and ended.progress.status is NodeStatus.CANCELLED


def test_a_cancel_that_races_with_a_fill_keeps_the_fill() -> None:
    stage = NodeStage(limit_1e9=PRICE)
    stage.plan(gtc())
    stage.tell(stage.ref, CancelNode("enough"))
    stage.report(ReportKind.CANCEL_REJECTED, cum_qty_1e8=QTY)
    assert stage.ended() is None
    stage.fill(QTY, "t1")
    ended = stage.ended()
    assert ended is not None and ended.progress.status is NodeStatus.FILLED


def test_a_denied_sweep_ends_with_its_reason() -> None:
    stage = NodeStage(policy=Policy.IOC_SWEEP)
    stage.tell(stage.ref, RouteDenied(1, QTY, Reason.NOTIONAL_LIMIT, "too much"))
    ended = stage.ended()
    assert ended is not None
    assert ended.progress.status is NodeStatus.REJECTED
    assert ended.reason == "NOTIONAL_LIMIT: too much"


def test_what_could_not_be_placed_is_released_and_waited_for() -> None:
    stage = NodeStage()
    stage.plan(unplaced=QTY)
    assert stage.take(stage.risk, ExposureChanged) == [ExposureChanged(1, 0, 0, QTY)]
    (watch,) = stage.take(stage.router, WatchLiquidity)
    assert (watch.side, watch.price_1e9) == (Side.BUY, stage.request.intent.worst_price_1e9)
    stage.tell(stage.ref, LiquidityAppeared(PRICE))
    stage.run(S)
    (again,) = stage.take(stage.risk, RouteRequest)
    assert again.intent.attempt == 2


def test_a_node_that_stops_no_longer_watches() -> None:
    stage = NodeStage()
    stage.plan(unplaced=QTY)
    stage.tell(stage.ref, CancelNode("enough"))
    assert len(stage.take(stage.router, UnwatchLiquidity)) == 1


def test_the_horizon_ends_a_market_order() -> None:
    stage = NodeStage(horizon_ms=500)
    stage.plan(unplaced=QTY)
    stage.run(S)
    ended = stage.ended()
    assert ended is not None and ended.progress.status is NodeStatus.CANCELLED


def test_what_its_parts_leave_to_the_whole_is_there() -> None:
    assert {"decide", "turned_down", "try_later"} <= hooks_of(NodeActor)
    assert hooks_left(NodeActor) == set()
    assert "decide" in hooks_left(NodeOrders), "the part alone leaves it open"
