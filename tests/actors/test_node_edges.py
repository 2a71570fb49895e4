"""A node's edges: what wakes, sizes, shrinks and ends it, and what it tells the nodes after it."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

import pytest

from engine.decisions.node_memory import unpack_memory
from engine.errors import Reason
from engine.messages import (
    ArmPrice,
    CancelChild,
    CancelNode,
    DisarmPrice,
    NodeMoved,
    PauseNode,
    PriceReached,
    PriceRefused,
    PriceSource,
    ResumeNode,
    StartNode,
    UpstreamChanged,
)
from engine.model.graph import (
    Condition,
    Edge,
    EdgeAction,
    Node,
    NodeStatus,
    Policy,
    PriceTrigger,
    Sizing,
    TimeoutTrigger,
    Trigger,
)
from engine.model.orders import ReportKind
from tests.support.builders import child, node
from tests.support.node_stage import PRICE, QTY, NodeStage, named, progress

MS = 10**6
ENTRY = named(node(QTY), "entry")
HEDGE = named(node(QTY, side="sell"), "hedge", quantity="derived")
EXIT = named(node(QTY, side="sell", limit_1e9=PRICE + 10**10), "exit")
FILLED, PARTIAL, CANCELLED = NodeStatus.FILLED, NodeStatus.PARTIAL_FILL, NodeStatus.CANCELLED


def edge(trigger: Any = "on_fill", **fields: Any) -> Edge:
    return Edge(**({"from_node": "entry", "to_node": "hedge", "trigger": trigger} | fields))


def hedge(trigger: Any = "on_fill", subject: Node = HEDGE, **fields: Any) -> NodeStage:
    """An entry and the node after it, joined by one edge."""
    return NodeStage([ENTRY, subject], [edge(trigger, to_node=subject.node_id, **fields)])


def price(
    above: bool = True, at: int | None = PRICE, offset: str | None = None, **fields: Any
) -> Trigger:
    direction = "above" if above else "below"
    pct = None if offset is None else Decimal(offset)
    entry = None if at is not None else "graph_entry_price"
    return Trigger(
        on_price=PriceTrigger(
            direction=direction,  # type: ignore[arg-type]  # one of the literals
            price_1e9=at,
            offset_pct=pct,
            reference=entry,  # type: ignore[arg-type]  # one of the literals
            **fields,
        )
    )


def sent(stage: NodeStage) -> int:
    request = stage.request()
    return 0 if request is None else request.intent.qty_1e8


# -- activation and target


def test_a_hedge_waits_for_the_first_fill_and_follows_the_next() -> None:
    stage = hedge()
    stage.hear(progress(0, 1))
    assert sent(stage) == 0 and stage.states() == []
    stage.hear(progress(0, 2, QTY // 4))
    assert sent(stage) == QTY // 4
    stage.plan(child(QTY // 4))
    stage.hear(progress(0, 3, QTY // 2))
    assert sent(stage) == 0, "one attempt is out at a time"
    stage.fill(QTY // 4, "t1")
    assert sent(stage) == QTY // 4


def test_words_that_come_twice_late_or_out_of_order_ask_for_nothing_more() -> None:
    stage = hedge()
    stage.hear(progress(0, 5, QTY // 2), progress(0, 2, QTY // 4), progress(0, 5, QTY // 2))
    assert sent(stage) == QTY // 2
    stage.hear(progress(0, 4, QTY // 3), progress(0, 1))
    assert stage.actor.ledger is not None and stage.actor.ledger.target_qty_1e8 == QTY // 2


def test_dust_below_the_lot_waits_for_more() -> None:
    stage = hedge(sizing=Sizing(ratio=Decimal("0.5")))
    stage.hear(progress(0, 1, 1_998))
    assert sent(stage) == 0
    stage.hear(progress(0, 2, 4_100))
    assert sent(stage) == 2_000


@pytest.mark.parametrize("seed", range(8))
def test_any_order_of_words_ends_at_the_same_target(seed: int) -> None:
    rng = random.Random(seed)
    stage = hedge()
    words = [progress(0, v, v * QTY // 10) for v in range(1, 10)]
    words.append(progress(0, 10, QTY, status=FILLED))
    for word in rng.sample(words + rng.sample(words, 5), 15):
        stage.hear(word)
        request = stage.request()
        if request is not None:
            stage.plan(child(request.intent.qty_1e8, number=stage.actor.attempt))
            stage.fill(request.intent.qty_1e8, "t1", number=stage.actor.attempt)
    while (request := stage.request()) is not None:
        stage.plan(child(request.intent.qty_1e8, number=stage.actor.attempt))
        stage.fill(request.intent.qty_1e8, "t1", number=stage.actor.attempt)
    ended = stage.ended()
    assert ended is not None and ended.progress.status is FILLED
    assert ended.progress.filled_qty_1e8 == QTY


def test_join_all_waits_for_every_edge() -> None:
    other = named(node(QTY), "other")
    both = named(EXIT, "hedge", join="all")
    edges = [edge("on_full_fill"), edge("on_full_fill", from_node="other")]
    stage = NodeStage([ENTRY, other, both], edges)
    stage.hear(progress(0, 1, QTY, status=FILLED))
    assert sent(stage) == 0
    stage.hear(progress(1, 1, QTY, status=FILLED))
    assert sent(stage) == QTY
    lost = NodeStage([ENTRY, other, both], edges)
    lost.hear(progress(1, 1, status=CANCELLED, by_cancel=True))
    ended = lost.ended()
    assert ended is not None and ended.progress.unreachable and ended.progress.final


def test_a_node_that_can_never_start_ends_as_unreachable_and_says_so() -> None:
    stage = hedge("on_full_fill")
    stage.hear(progress(0, 1, QTY // 2, status=PARTIAL, by_cancel=True))
    ended = stage.ended()
    assert ended is not None
    assert (ended.progress.status, ended.progress.unreachable) == (CANCELLED, True)
    assert sent(stage) == 0


def test_a_start_from_outside_gives_a_waiting_leg_its_quantity() -> None:
    stage = NodeStage([ENTRY, named(HEDGE, "hedge", activation="wait")])
    stage.tell(stage.ref, StartNode(3 * QTY))
    assert sent(stage) == 3 * QTY
    stage.tell(stage.ref, StartNode(5 * QTY))
    assert sent(stage) == 0
    (state, *_) = stage.states()
    assert unpack_memory(state.policy_state).amended is not None, "recovery has to know"


# -- ends and takeovers


def test_a_cancel_edge_ends_a_node_that_works_and_one_that_waits() -> None:
    cancels = edge("on_full_fill", action=EdgeAction.CANCEL, from_node="other")
    nodes = [ENTRY, named(node(QTY), "other"), HEDGE]
    stage = NodeStage(nodes, [edge(), cancels])
    stage.hear(progress(0, 1, QTY // 2))
    stage.rest(QTY // 2)
    stage.hear(progress(1, 1, QTY, status=FILLED))
    assert len(stage.take(stage.trade, CancelChild)) == 1
    stage.report(ReportKind.CANCELLED, cum_qty_1e8=0)
    ended = stage.ended()
    assert ended is not None and ended.progress.status is CANCELLED and "by edge" in ended.reason
    waits = NodeStage(nodes, [edge(), cancels])
    waits.hear(progress(1, 1, QTY, status=FILLED))
    ended = waits.ended()
    assert ended is not None and ended.progress.by_cancel


def test_the_rest_of_a_source_is_taken_over_once_it_is_proven() -> None:
    after = Trigger(on_timeout=TimeoutTrigger(ms=50))
    stage = hedge(after, sizing=Sizing(of="unfilled"))
    stage.hear(progress(0, 1, QTY // 4, started_ns=stage.driver.now_ns))
    stage.run(49 * MS)
    assert stage.take(stage.peers[0], CancelNode) == []
    stage.run(1 * MS)
    (cancel,) = stage.take(stage.peers[0], CancelNode)
    assert "its rest goes on" in cancel.reason
    assert sent(stage) == 0, "its fills may still come"
    stage.hear(progress(0, 2, QTY // 2, status=PARTIAL, by_cancel=True))
    assert sent(stage) == QTY // 2


def test_a_timeout_of_a_source_that_filled_before_does_not_fire() -> None:
    after = Trigger(on_timeout=TimeoutTrigger(ms=50))
    stage = hedge(after, EXIT, condition=Condition(fill_ratio_lt=Decimal(1)))
    stage.hear(progress(0, 1, started_ns=stage.driver.now_ns))
    stage.run(20 * MS)
    stage.hear(progress(0, 2, QTY, status=FILLED))
    ended = stage.ended()
    assert ended is not None and ended.progress.unreachable
    stage.run(100 * MS)
    assert sent(stage) == 0


# -- prices


def test_a_price_is_waited_for_from_the_sources_start_to_the_touch() -> None:
    stage = hedge(price(), EXIT)
    assert stage.take(stage.prices, ArmPrice) == []
    stage.hear(progress(0, 1))
    (arm,) = stage.take(stage.prices, ArmPrice)
    assert arm == ArmPrice(stage.ref.actor_id, 0, True, 2 * PRICE, PriceSource.MID, 0)
    stage.hear(progress(0, 2, QTY, status=FILLED))
    assert stage.got(stage.prices) == [], "armed once"
    stage.tell(stage.ref, PriceReached(0, 2 * PRICE))
    assert sent(stage) == QTY
    stage.tell(stage.ref, PriceReached(0, 2 * PRICE))
    assert sent(stage) == 0


def test_a_price_that_was_not_waited_for_is_not_heard() -> None:
    stage = hedge(price(), EXIT)
    stage.tell(stage.ref, PriceReached(0, 2 * PRICE))
    stage.hear(progress(0, 1, QTY, status=FILLED))
    assert sent(stage) == 0
    assert len(stage.take(stage.prices, ArmPrice)) == 1


def test_a_node_whose_price_nobody_will_tell_ends_as_rejected() -> None:
    stage = hedge(price(), EXIT)
    stage.tell(stage.ref, PriceRefused(0))
    assert stage.ended() is None, "it had asked for nothing yet"
    stage.hear(progress(0, 1))
    stage.tell(stage.ref, PriceRefused(0))
    ended = stage.ended()
    assert ended is not None and ended.progress.status is NodeStatus.REJECTED
    assert ended.reason.startswith(f"{Reason.ENGINE_BUSY.value}: ")


def test_an_offset_follows_the_entry_price_and_is_rounded_away_from_it() -> None:
    stage = hedge(price(at=None, offset="1.5", source="bid", hold_ms=7), EXIT)
    stage.hear(progress(0, 1))
    assert stage.take(stage.prices, ArmPrice) == [], "there is no entry price yet"
    stage.hear(progress(0, 2, QTY // 2, avg=PRICE + 1))
    (arm,) = stage.take(stage.prices, ArmPrice)
    exact = 2 * (PRICE + 1) * 1_015
    assert arm.price_x2_1e9 == -(-exact // 1_000)
    assert (arm.source, arm.hold_ns) == (PriceSource.BID, 7 * MS)
    stage.hear(progress(0, 3, QTY, avg=PRICE, status=FILLED))
    (again,) = stage.take(stage.prices, ArmPrice)
    assert again.price_x2_1e9 == 2 * PRICE * 1_015 // 1_000


def test_a_gate_that_closes_and_an_end_stop_the_waiting() -> None:
    stage = hedge(price(), EXIT, condition=Condition(fill_ratio_lt=Decimal("0.5")))
    stage.hear(progress(0, 1))
    assert len(stage.take(stage.prices, ArmPrice)) == 1
    stage.hear(progress(0, 2, QTY // 2))
    assert stage.take(stage.prices, DisarmPrice) == [DisarmPrice(stage.ref.actor_id, 0)]
    other = hedge(price(), EXIT)
    other.hear(progress(0, 1))
    other.tell(other.ref, CancelNode("enough"))
    assert len(other.take(other.prices, DisarmPrice)) == 1
    assert other.ended() is not None


def test_a_paused_node_waits_for_nothing_and_arms_anew() -> None:
    stage = hedge(price(), EXIT)
    stage.hear(progress(0, 1))
    stage.tell(stage.ref, PauseNode())
    assert len(stage.take(stage.prices, DisarmPrice)) == 1
    stage.tell(stage.ref, PriceReached(0, 2 * PRICE))
    assert sent(stage) == 0, "touched while paused does not count"
    stage.take(stage.prices, ArmPrice)
    stage.tell(stage.ref, ResumeNode())
    assert len(stage.take(stage.prices, ArmPrice)) == 1


# -- what goes out


def test_a_drain_is_recorded_once_and_told_to_the_nodes_after_it() -> None:
    stage = NodeStage([ENTRY, named(node(QTY), "later")], subject=0, after=(1,))
    stage.tell(stage.ref, StartNode())
    assert len(stage.states()) == 1
    order = child(QTY)
    stage.plan(order)
    stage.take(stage.peers[1], UpstreamChanged)
    stage.states()
    stage.fill(QTY // 2, "t1")
    stage.fill(QTY // 2, "t2")
    words = [one.progress for one in stage.take(stage.peers[1], UpstreamChanged)]
    states = stage.states()
    assert [one.filled_qty_1e8 for one in words] == [QTY // 2, QTY]
    assert [one.filled_qty_1e8 for one in states] == [QTY // 2, QTY]
    assert words[0].version < words[1].version and words[1].final
    assert unpack_memory(states[1].policy_state).version == words[1].version


def test_only_a_watched_node_tells_every_move() -> None:
    for watched in (False, True):
        stage = NodeStage([ENTRY], watched=watched)
        stage.tell(stage.ref, StartNode())
        stage.plan(child(QTY))
        stage.fill(QTY // 4, "t1")
        moves = stage.take(stage.graph, NodeMoved)
        assert bool(moves) is watched
        if watched:
            assert moves[-1].open_qty_1e8 == QTY * 3 // 4
            assert moves[-1].price_times_qty == PRICE * (QTY // 4)


def test_a_hedge_that_falls_short_says_by_how_much() -> None:
    short = named(node(QTY, side="sell", policy=Policy.IOC_SWEEP), "hedge", quantity="derived")
    stage = hedge("on_full_fill", short)
    stage.hear(progress(0, 1, QTY, status=FILLED))
    stage.plan(child(QTY))
    stage.fill(QTY // 4, "t1")
    stage.report(ReportKind.EXPIRED, cum_qty_1e8=QTY // 4)
    ended = stage.ended()
    assert ended is not None and ended.shortfall_1e8 == QTY * 3 // 4
