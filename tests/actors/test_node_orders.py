"""A node's orders: answers to attempts, reports in any order, proof, retries, giving back."""

from __future__ import annotations

import random
from typing import Any

import pytest

from engine.errors import Reason
from engine.messages import (
    CancelChild,
    CancelNode,
    ChildReport,
    ExposureChanged,
    ForgetChild,
    KillNode,
    QueryChild,
    Record,
    ReserveOpen,
    RestingChanged,
    RouteDenied,
    RouteRequest,
    StartNode,
    TakeSettled,
)
from engine.model.graph import NodeStatus, Policy
from engine.model.orders import OrderReport, ReportKind, TimeInForce, VenueFill
from engine.model.records import FillRecord, ReportRecorded
from tests.support.builders import child, fill_slot, node
from tests.support.node_stage import PRICE, QTY, NodeStage

MS = 10**6
S = 10**9
BUSY: dict[str, Any] = {"code": "EXCHANGE_BUSY", "text": "try again"}


def started(**fields: object) -> NodeStage:
    """A node on its own with its first attempt at risk, and that attempt taken away."""
    stage = NodeStage([node(QTY, **fields)])  # type: ignore[arg-type]  # a table of keywords
    stage.tell(stage.ref, StartNode())
    request = stage.request()
    assert request is not None and request.intent.attempt == 1
    return stage


def filled(stage: NodeStage) -> int:
    assert stage.actor.ledger is not None
    return stage.actor.ledger.filled_qty_1e8


def test_a_denial_gives_back_the_whole_attempt() -> None:
    stage = started(policy=Policy.IOC_SWEEP)
    stage.tell(stage.ref, RouteDenied(1, QTY, Reason.NOTIONAL_LIMIT, "too much"))
    ended = stage.ended()
    assert ended is not None and ended.reason == "NOTIONAL_LIMIT: too much"
    assert not ended.progress.accepted
    assert stage.take(stage.risk, ExposureChanged) == [], "risk knows what it denied"


def test_a_transient_refusal_is_tried_again_after_a_pause_that_grows() -> None:
    stage = started(limit_1e9=PRICE)
    pauses = []
    for number in range(4):
        stage.plan(child(QTY, number=number, tif=TimeInForce.GTC))
        stage.report(ReportKind.REJECTED, number, cum_qty_1e8=0, **BUSY)
        before = stage.driver.now_ns
        assert stage.request() is None, "not at once"
        while (request := stage.request()) is None:
            stage.run(10 * MS)
            assert stage.driver.now_ns - before < 60 * S
        pauses.append(stage.driver.now_ns - before)
        assert (request.intent.qty_1e8, request.intent.attempt) == (QTY, number + 2)
    assert pauses[3] > pauses[0]


def test_an_answer_that_was_never_proven_is_not_tried_again_before_it_is() -> None:
    stage = started(limit_1e9=PRICE)
    stage.plan(child(QTY, tif=TimeInForce.GTC))
    stage.report(ReportKind.UNKNOWN)
    stage.run(60 * S)
    assert stage.request() is None
    stage.report(ReportKind.NOT_FOUND, cum_qty_1e8=0)
    stage.run(5 * S)
    assert stage.request() is not None


def test_a_cancel_ends_the_waiting_for_a_retry() -> None:
    stage = started(limit_1e9=PRICE)
    stage.plan(child(QTY, tif=TimeInForce.GTC))
    stage.report(ReportKind.REJECTED, cum_qty_1e8=0, **BUSY)
    stage.tell(stage.ref, CancelNode("enough"))
    ended = stage.ended()
    assert ended is not None and ended.progress.status is NodeStatus.CANCELLED
    stage.run(60 * S)
    assert stage.request() is None


def test_reports_before_their_plan_are_kept_up_to_a_bound() -> None:
    stage = started()
    many = [
        ChildReport(
            OrderReport(
                ReportKind.FILL, "xg1-1-0-1-0", "alpha", fill=VenueFill(f"t{i}", PRICE, 1_000)
            )
        )
        for i in range(300)
    ]
    stage.tell(stage.ref, *many)
    assert filled(stage) == 0
    stage.plan(child(QTY))
    assert filled(stage) == 256 * 1_000
    stage.tell(stage.ref, *many)
    assert filled(stage) == 300 * 1_000, "asked again, the venue tells the rest"


def test_what_ends_is_given_back_to_risk_router_and_trade() -> None:
    stage = started(policy=Policy.IOC_SWEEP)
    stage.plan(child(QTY))
    stage.fill(QTY // 4, "t1", exchange_ns=9)
    stage.report(ReportKind.EXPIRED, cum_qty_1e8=QTY // 4)
    money = PRICE * (QTY // 4) // 10**8
    assert stage.take(stage.risk, ExposureChanged) == [
        ExposureChanged(1, QTY // 4, money, 0),
        ExposureChanged(1, 0, 0, QTY * 3 // 4),
    ]
    (settled,) = stage.take(stage.router, TakeSettled)
    assert (settled.qty_1e8, settled.filled_qty_1e8, settled.exchange_ns) == (QTY, QTY // 4, 9)
    assert stage.take(stage.trade, ForgetChild) == [ForgetChild("xg1-1-0-1-0")]


def test_a_resting_order_is_no_take_of_the_router() -> None:
    stage = started(limit_1e9=PRICE)
    stage.rest(QTY)
    stage.fill(QTY, "t1")
    assert stage.take(stage.router, TakeSettled) == []
    assert stage.ended() is not None


def test_a_fill_after_the_proven_cancel_counts_and_risk_holds_it_again_first() -> None:
    stage = started(limit_1e9=PRICE)
    stage.rest(QTY)
    stage.tell(stage.ref, CancelNode("enough"))
    stage.report(ReportKind.CANCELLED, cum_qty_1e8=0)
    ended = stage.ended()
    assert ended is not None and ended.lingers
    stage.take(stage.risk, ExposureChanged)
    stage.fill(QTY // 4, "late")
    (held,) = stage.take(stage.risk, ReserveOpen)
    (moved,) = stage.take(stage.risk, ExposureChanged)
    assert held.grant_id == moved.grant_id
    assert held.qty_1e8 == moved.filled_qty_1e8 == QTY // 4
    assert held.price_1e9 == PRICE
    again = stage.ended()
    assert again is not None
    assert (again.progress.status, again.progress.filled_qty_1e8) == (
        NodeStatus.PARTIAL_FILL,
        QTY // 4,
    )
    assert again.progress.version > ended.progress.version


def test_a_node_that_goes_forgets_the_children_it_still_waited_for() -> None:
    stage = started(limit_1e9=PRICE)
    stage.rest(QTY)
    stage.tell(stage.ref, CancelNode("enough"))
    stage.report(ReportKind.CANCELLED, cum_qty_1e8=0)
    assert stage.take(stage.trade, ForgetChild) == []
    stage.actor.on_stop()
    stage.run()
    assert stage.take(stage.trade, ForgetChild) == [ForgetChild("xg1-1-0-1-0")]


def test_a_kill_of_a_venue_pulls_what_rests_there_only() -> None:
    stage = started(limit_1e9=PRICE)
    stage.rest(QTY)
    stage.tell(stage.ref, KillNode("beta", "", True, "kill"))
    assert stage.take(stage.trade, CancelChild) == []
    stage.tell(stage.ref, KillNode("alpha", "", True, "kill"))
    assert len(stage.take(stage.trade, CancelChild)) == 1
    stage.tell(stage.ref, KillNode("alpha", "", True, "kill"))
    assert stage.take(stage.trade, CancelChild) == [], "once"
    assert stage.ended() is None, "the node may go on elsewhere"


def test_silence_is_asked_about_ever_more_rarely_and_recorded_as_unknown() -> None:
    stage = started(policy=Policy.IOC_SWEEP)
    stage.plan(child(QTY))
    counts = []
    for _ in range(4):
        stage.run(45 * S)
        counts.append(len(stage.take(stage.trade, QueryChild)))
    assert counts[0] > counts[3] >= 1
    assert stage.states()[-1].unknown_qty_1e8 == QTY


def test_a_refusal_is_recorded_and_an_acceptance_is_not() -> None:
    stage = started(limit_1e9=PRICE)
    stage.rest(QTY)
    stage.report(ReportKind.CANCEL_REJECTED, cum_qty_1e8=0)
    stage.report(ReportKind.UNKNOWN)
    records = [one.payload for one in stage.take(stage.journal, Record)]
    kinds = [one.report.kind for one in records if isinstance(one, ReportRecorded)]
    assert ReportKind.UNKNOWN in kinds and ReportKind.ACCEPTED not in kinds


def marks_of(stage: NodeStage) -> list[tuple[int, int]]:
    """Mid and touch of the fills that were recorded since the last time."""
    found = [one.payload for one in stage.take(stage.journal, Record)]
    return [(one.mid_1e9, one.touch_1e9) for one in found if isinstance(one, FillRecord)]


def executed(stage: NodeStage, number: int, trade: str, *, maker: bool) -> None:
    """A small fill, as a venue with a clock tells it at once."""
    fill = VenueFill(trade, PRICE, QTY // 8, is_maker=maker)
    stage.report(ReportKind.FILL, number, fill=fill, exchange_ns=stage.driver.now_ns)


def test_a_late_fill_is_measured_at_its_own_plan_not_at_the_next_one() -> None:
    stage = started(limit_1e9=PRICE)
    stage.plan(child(QTY, tif=TimeInForce.GTC), marks=(PRICE - 5, PRICE))
    executed(stage, 0, "t1", maker=False)
    stage.report(ReportKind.CANCELLED, cum_qty_1e8=QTY // 8)
    stage.run(5 * S)
    assert stage.request() is not None
    stage.plan(child(QTY * 7 // 8, number=1, tif=TimeInForce.GTC), marks=(PRICE + 70, PRICE + 90))
    executed(stage, 1, "t2", maker=False)
    executed(stage, 0, "t3", maker=False)
    old, new = (PRICE - 5, PRICE), (PRICE + 70, PRICE + 90)
    assert marks_of(stage) == [old, new, old]


def test_a_fill_before_its_plan_arrives_is_measured_at_that_plan() -> None:
    stage = started()
    executed(stage, 0, "t1", maker=False)
    stage.plan(child(QTY), marks=(PRICE - 5, PRICE))
    assert marks_of(stage) == [(PRICE - 5, PRICE)]


def test_a_makers_fill_is_measured_at_the_market_of_its_own_moment() -> None:
    stage = started(limit_1e9=PRICE)
    stage.plan(child(QTY, tif=TimeInForce.GTC), marks=(1, 2))
    stage.run(600 * S)
    fill_slot(stage.block.slots[0], [(PRICE, QTY)], [(PRICE + 4 * S, QTY)])
    executed(stage, 0, "t1", maker=True)
    fill_slot(stage.block.slots[0], [(PRICE, QTY)], [(PRICE + 6 * S, QTY)])
    executed(stage, 0, "t2", maker=True)
    late = VenueFill("t3", PRICE, QTY // 8, is_maker=True)
    stage.report(ReportKind.FILL, fill=late, exchange_ns=stage.driver.now_ns - 10 * S)
    assert marks_of(stage) == [(PRICE + 2 * S, PRICE), (PRICE + 3 * S, PRICE), (0, 0)]


@pytest.mark.parametrize("seed", range(12))
def test_reports_twice_and_in_any_order_lead_to_the_same_books(seed: int) -> None:
    rng = random.Random(seed)
    stage = started(policy=Policy.IOC_SWEEP)
    name, part = "xg1-1-0-1-0", QTY // 8
    reports = [
        OrderReport(ReportKind.FILL, name, "alpha", fill=VenueFill(f"t{i}", PRICE + i, part))
        for i in range(6)
    ]
    reports.append(OrderReport(ReportKind.EXPIRED, name, "alpha", cum_qty_1e8=6 * part))
    reports.append(OrderReport(ReportKind.ACCEPTED, name, "alpha"))
    mixed = reports + rng.sample(reports, 4)
    rng.shuffle(mixed)
    early = rng.randrange(len(mixed))
    stage.tell(stage.ref, *[ChildReport(one) for one in mixed[:early]])
    stage.plan(child(QTY))
    stage.tell(stage.ref, *[ChildReport(one) for one in mixed[early:]])
    ended = stage.ended()
    assert ended is not None and ended.progress.filled_qty_1e8 == 6 * part
    told = stage.take(stage.risk, ExposureChanged)
    assert sum(one.filled_qty_1e8 for one in told) == 6 * part
    assert sum(one.released_qty_1e8 for one in told) == 2 * part
    assert sum(one.notional_1e9 for one in told) == sum((PRICE + i) * part // QTY for i in range(6))
    fills = [one.payload for one in stage.take(stage.journal, Record)]
    assert len({one.fill_id for one in fills if isinstance(one, FillRecord)}) == 6
    assert stage.take(stage.risk, RouteRequest) == []


def left_resting(stage: NodeStage) -> list[tuple[str, int, int]]:
    """What the router was told of resting orders since the last time."""
    found = stage.take(stage.router, RestingChanged)
    return [(one.client_order_id, one.price_1e9, one.open_qty_1e8) for one in found]


def test_the_router_hears_what_is_left_of_a_resting_order_until_its_end() -> None:
    stage = started(limit_1e9=PRICE)
    order = stage.rest(QTY)
    name = order.client_order_id
    assert left_resting(stage)[-1:] == [(name, order.limit_price_1e9, QTY)]
    stage.fill(QTY // 4, "t1")
    stage.fill(QTY // 4, "t1")
    assert left_resting(stage) == [(name, order.limit_price_1e9, QTY * 3 // 4)]
    stage.tell(stage.ref, CancelNode("enough"))
    assert left_resting(stage) == [], "it may fill until its end is proven"
    stage.report(ReportKind.CANCELLED, cum_qty_1e8=QTY // 4)
    assert left_resting(stage) == [(name, order.limit_price_1e9, 0)]


def test_a_resting_order_that_never_was_is_told_to_have_ended() -> None:
    stage = started(limit_1e9=PRICE)
    stage.plan(child(QTY, tif=TimeInForce.GTC))
    stage.report(ReportKind.REJECTED, cum_qty_1e8=0, **BUSY)
    assert [left for *_, left in left_resting(stage)] == [0]


def test_an_immediate_order_is_a_take_and_rests_nowhere() -> None:
    stage = started(policy=Policy.IOC_SWEEP)
    stage.plan(child(QTY))
    stage.fill(QTY, "t1")
    assert left_resting(stage) == []
