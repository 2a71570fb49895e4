"""A node at work: begin, cap, policy episodes, amendments, pauses, and its one end."""

from __future__ import annotations

from typing import Any

from engine.decisions.node_memory import unpack_memory
from engine.errors import Reason
from engine.messages import (
    AmendNode,
    CancelChild,
    CancelNode,
    CommandAnswer,
    LiquidityAppeared,
    PauseNode,
    PolicyWake,
    ResumeNode,
    RouteRequest,
    StartNode,
    UnwatchLiquidity,
    WatchLiquidity,
)
from engine.model.graph import (
    Edge,
    NodeStatus,
    NotionalAmount,
    Policy,
    Quantity,
    Urgency,
)
from engine.model.orders import ReportKind, TimeInForce
from engine.model.terms import Terms
from tests.support.builders import child, fill_slot, node
from tests.support.node_stage import PRICE, QTY, NodeStage, named, progress

S = 10**9
FILLED = NodeStatus.FILLED


def started(**fields: Any) -> tuple[NodeStage, RouteRequest]:
    stage = NodeStage([node(QTY, **fields)])
    stage.tell(stage.ref, StartNode())
    request = stage.request()
    assert request is not None
    return stage, request


def amend(stage: NodeStage, **terms: Any) -> CommandAnswer:
    box = stage.driver.ask(stage.ref, lambda reply_to: AmendNode(reply_to, Terms(**terms)))
    stage.run()
    assert isinstance(box.value, CommandAnswer)
    return box.value


# -- begin and end


def test_money_becomes_a_quantity_at_the_touch_on_the_lot() -> None:
    made = named(node(QTY), "order", quantity=Quantity(notional=NotionalAmount(usd_1e9=10**12)))
    stage = NodeStage([made])
    stage.tell(stage.ref, StartNode())
    request = stage.request()
    assert request is not None
    exact = 10**12 * 10**8 // PRICE
    assert request.intent.qty_1e8 == exact // 1_000 * 1_000 < exact + 1_000


def test_money_without_a_price_buys_nothing() -> None:
    made = named(node(QTY), "order", quantity=Quantity(notional=NotionalAmount(usd_1e9=10**12)))
    stage = NodeStage([made])
    fill_slot(stage.block.slots[0], [(PRICE, QTY)], [])
    stage.tell(stage.ref, StartNode())
    ended = stage.ended()
    assert ended is not None and "no price" in ended.reason
    assert stage.request() is None


def test_the_cap_is_kept_from_the_start_while_the_market_runs_away() -> None:
    stage, first = started(max_slippage_bps=50)
    assert first.intent.worst_price_1e9 is not None
    stage.plan(unplaced=QTY)
    fill_slot(stage.block.slots[0], [(2 * PRICE, QTY)], [(2 * PRICE + 10**10, QTY)])
    stage.tell(stage.ref, LiquidityAppeared(PRICE))
    stage.run(S)
    again = stage.request()
    assert again is not None and again.intent.worst_price_1e9 == first.intent.worst_price_1e9


def test_a_node_ends_only_when_every_child_is_proven_ended() -> None:
    stage, _ = started(policy=Policy.IOC_SWEEP)
    stage.plan(child(QTY // 2), child(QTY // 2, number=1))
    stage.report(ReportKind.EXPIRED, 0, cum_qty_1e8=0)
    stage.tell(stage.ref, CancelNode("enough"))
    assert stage.ended() is None
    stage.report(ReportKind.EXPIRED, 1, cum_qty_1e8=0)
    assert stage.ended() is not None


def test_a_second_start_or_cancel_changes_nothing() -> None:
    stage, _ = started()
    stage.tell(stage.ref, StartNode(), StartNode())
    assert stage.request() is None
    stage.plan(child(QTY))
    stage.fill(QTY, "t1")
    assert stage.ended() is not None
    stage.tell(stage.ref, CancelNode("too late"), StartNode())
    assert stage.ended() is None and stage.request() is None


# -- the policy's timers and watches


def test_a_wake_that_was_set_anew_is_not_heard_twice() -> None:
    stage, _ = started(horizon_ms=500)
    stage.plan(unplaced=QTY)
    stage.tell(stage.ref, PolicyWake(0), PolicyWake(10_000))
    assert stage.ended() is None
    stage.run(S)
    assert stage.ended() is not None


def test_liquidity_that_nobody_watches_for_is_not_heard() -> None:
    stage, _ = started()
    stage.plan(child(QTY))
    stage.tell(stage.ref, LiquidityAppeared(PRICE))
    stage.run(S)
    assert stage.request() is None


def test_a_watch_is_given_up_with_the_node() -> None:
    stage, _ = started()
    stage.plan(unplaced=QTY)
    assert len(stage.take(stage.router, WatchLiquidity)) == 1
    stage.tell(stage.ref, CancelNode("enough"))
    assert len(stage.take(stage.router, UnwatchLiquidity)) == 1
    stage.tell(stage.ref, LiquidityAppeared(PRICE))
    stage.run(S)
    assert stage.request() is None


def test_a_hedge_outlives_its_policy_while_its_target_may_grow() -> None:
    sweep = named(node(QTY, side="sell", policy=Policy.IOC_SWEEP), "hedge", quantity="derived")
    edge = Edge(from_node="entry", to_node="hedge", trigger="on_fill")
    stage = NodeStage([named(node(QTY), "entry"), sweep], [edge])
    stage.hear(progress(0, 1, QTY // 2))
    assert stage.request() is not None
    stage.plan(child(QTY // 2))
    stage.report(ReportKind.EXPIRED, cum_qty_1e8=0)
    assert stage.ended() is None
    memory = unpack_memory(stage.states()[-1].policy_state)
    assert memory.idle is not None
    stage.hear(progress(0, 2, QTY))
    request = stage.request()
    assert request is not None and request.intent.qty_1e8 == QTY
    stage.plan(child(QTY, number=1))
    stage.report(ReportKind.EXPIRED, 1, cum_qty_1e8=0)
    assert stage.ended() is None
    stage.hear(progress(0, 3, QTY, status=FILLED))
    ended = stage.ended()
    assert ended is not None and ended.shortfall_1e8 == QTY


# -- amendments


def test_new_terms_wait_for_the_proof_that_the_old_order_is_gone() -> None:
    stage, _ = started(limit_1e9=PRICE)
    stage.rest(QTY)
    answer = amend(stage, limit_1e9=PRICE - 10**10, qty_1e8=2 * QTY)
    assert (answer.reason, answer.mode) == (Reason.NONE, "cancel_replace")
    assert answer.node_order_id == "graph:g:order:2"
    assert len(stage.take(stage.trade, CancelChild)) == 1
    assert stage.request() is None
    stage.fill(QTY // 4, "t1")
    stage.report(ReportKind.CANCELLED, cum_qty_1e8=QTY // 4)
    request = stage.request()
    assert request is not None
    assert request.intent.qty_1e8 == 2 * QTY - QTY // 4
    assert request.intent.limit_price_1e9 == PRICE - 10**10


def test_a_reduction_keeps_the_price_and_a_refusal_keeps_everything() -> None:
    stage, _ = started(limit_1e9=PRICE)
    stage.rest(QTY)
    refused = amend(stage, qty_1e8=QTY + 1_500)
    assert refused.reason is Reason.OFF_LOT and refused.node_order_id == ""
    assert stage.take(stage.trade, CancelChild) == []
    answer = amend(stage, reduce_by_1e8=QTY // 4)
    assert answer.mode == "cancel_replace_shrink"
    stage.report(ReportKind.CANCELLED, cum_qty_1e8=0)
    request = stage.request()
    assert request is not None
    assert (request.intent.qty_1e8, request.intent.limit_price_1e9) == (QTY * 3 // 4, PRICE)


def test_terms_of_a_node_that_waits_count_when_it_starts() -> None:
    stage = NodeStage([node(QTY, limit_1e9=PRICE)])
    assert amend(stage, qty_1e8=3 * QTY, urgency=Urgency.HIGH).reason is Reason.NONE
    stage.tell(stage.ref, StartNode())
    request = stage.request()
    assert request is not None
    assert (request.intent.qty_1e8, request.intent.urgency) == (3 * QTY, 2)
    memory = unpack_memory(stage.states()[-1].policy_state)
    assert memory.amended is not None and memory.seq == 2


def test_what_has_ended_answers_so() -> None:
    stage, _ = started()
    stage.plan(child(QTY))
    stage.fill(QTY, "t1")
    assert amend(stage, qty_1e8=2 * QTY).reason is Reason.ALREADY_ENDED


# -- pauses


def test_a_paused_node_pulls_what_rests_and_goes_on_with_the_rest() -> None:
    stage, _ = started(limit_1e9=PRICE)
    stage.rest(QTY)
    stage.tell(stage.ref, PauseNode())
    assert len(stage.take(stage.trade, CancelChild)) == 1
    stage.fill(QTY // 2, "t1")
    stage.report(ReportKind.CANCELLED, cum_qty_1e8=QTY // 2)
    stage.run(60 * S)
    assert stage.request() is None
    stage.tell(stage.ref, ResumeNode())
    stage.run(S)
    request = stage.request()
    assert request is not None and request.intent.qty_1e8 == QTY // 2


def test_a_pause_may_leave_what_rests_and_a_fill_still_ends_it() -> None:
    stage, _ = started(limit_1e9=PRICE)
    stage.rest(QTY)
    stage.tell(stage.ref, PauseNode(leave_working=True))
    assert stage.take(stage.trade, CancelChild) == []
    stage.fill(QTY, "t1")
    ended = stage.ended()
    assert ended is not None and ended.progress.status is FILLED


def test_a_root_that_is_paused_before_its_start_does_not_start() -> None:
    stage = NodeStage([node(QTY)])
    stage.tell(stage.ref, PauseNode(), StartNode())
    assert stage.request() is None
    stage.tell(stage.ref, CancelNode("enough"))
    assert stage.ended() is not None


def test_what_is_planned_while_paused_is_pulled_at_once() -> None:
    stage, _ = started(limit_1e9=PRICE)
    stage.tell(stage.ref, PauseNode())
    stage.plan(child(QTY, tif=TimeInForce.GTC))
    assert len(stage.take(stage.trade, CancelChild)) == 1
