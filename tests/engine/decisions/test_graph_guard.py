"""The guard of a graph: who moved, what is still held, and which legs close it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from engine.decisions.graph_guard import GraphGuard, Leg
from engine.errors import Reason
from engine.model.graph import NodeStatus
from engine.model.risk import FailureRisk, GraphRisk, RuntimeRisk
from engine.model.units import Side
from tests.support.builders import fill_slot, market
from tests.support.node_stage import progress

QTY = 10**8
PRICE = 64_000 * 10**9
S = 10**9
BLOCK = market({"alpha": ([(PRICE - 10**10, QTY)], [(PRICE, QTY)])})
OTHER = market({"alpha": ([(PRICE, QTY)], [(PRICE + 10**10, QTY)])})
BUY, SELL = Leg(Side.BUY, "BTC", QTY, BLOCK), Leg(Side.SELL, "BTC", QTY, BLOCK)
PERP = Leg(Side.SELL, "BTC", QTY, OTHER)


def limited(**limits: object) -> GraphRisk:
    return GraphRisk(runtime=RuntimeRisk(**limits))  # type: ignore[arg-type]  # a table of keywords


def test_without_runtime_limits_nothing_is_watched_but_facts_are_kept() -> None:
    guard = GraphGuard([BUY, SELL], GraphRisk(on_failure=FailureRisk(action="pause")))
    assert (guard.watches, guard.marks, guard.action) == (False, False, "pause")
    assert guard.moved(progress(0, 1, 10 * QTY), 0, 0, 0, 0, S) is None
    assert guard.mark(S) is None
    assert guard.started(0) and not guard.started(1)
    guard.forgive()
    assert GraphGuard([BUY], None).action is None


def test_only_what_lowers_the_position_in_its_underlying_may_go_on() -> None:
    guard = GraphGuard([BUY, PERP], None)
    assert guard.increases(0) and guard.increases(1), "from flat, both do"
    guard.hear(progress(0, 1, QTY))
    assert guard.increases(0) and not guard.increases(1)
    guard.hear(progress(1, 1, 3 * QTY))
    assert not guard.increases(0) and guard.increases(1)


@pytest.mark.parametrize(
    ("bought", "sold", "wanted"),
    [(5, 2, {2: 3}), (2, 5, {3: 3}), (4, 4, {}), (0, 0, {})],
)
def test_a_flatten_starts_the_leg_that_stands_against_the_position(
    bought: int, sold: int, wanted: dict[int, int]
) -> None:
    guard = GraphGuard([BUY, SELL, SELL, BUY], None)
    guard.hear(progress(0, 1, bought))
    guard.hear(progress(1, 1, sold))
    assert guard.flatten((2, 3)) == wanted


def test_a_flatten_closes_each_market_by_itself_and_counts_what_legs_did() -> None:
    guard = GraphGuard([BUY, PERP, SELL, Leg(Side.BUY, "BTC", QTY, OTHER)], None)
    guard.hear(progress(0, 1, 7))
    guard.hear(progress(1, 1, 7))
    assert guard.flatten((2, 3)) == {2: 7, 3: 7}, "a hedge elsewhere does not close this one"
    guard.hear(progress(2, 1, 7, status=NodeStatus.FILLED))
    assert guard.flatten((2, 3)) == {3: 7}


def test_an_unhedged_quantity_is_told_once_until_it_is_forgiven() -> None:
    guard = GraphGuard([BUY, PERP], limited(max_unhedged_qty=Decimal(1)))
    assert guard.watches
    assert guard.moved(progress(0, 1, QTY), 0, 0, PRICE * QTY, 0, S) is None
    breach = guard.moved(progress(0, 2, QTY), 1, 0, PRICE * QTY, 0, S)
    assert breach is not None and breach.reason is Reason.UNHEDGED_LIMIT
    assert guard.moved(progress(0, 3, QTY), 2, 0, PRICE * QTY, 0, S) is None
    guard.forgive()
    assert guard.moved(progress(0, 4, QTY), 2, 0, PRICE * QTY, 0, S) is not None
    assert guard.moved(progress(1, 1, QTY), 0, 0, PRICE * QTY, 0, S) is None


def test_a_loss_is_marked_where_the_position_can_be_left() -> None:
    guard = GraphGuard([BUY], limited(max_loss_usd=Decimal(15)))
    guard.moved(progress(0, 1, QTY), 0, 0, PRICE * QTY, 0, S)
    assert guard.mark(S) is None, "ten dollars down at the bid"
    fill_slot(BLOCK.slots[0], [(PRICE - 2 * 10**10, QTY)], [(PRICE, QTY)])
    try:
        assert guard.mark(2 * S) is None, "one look is none"
        breach = guard.mark(3 * S)
        assert breach is not None and breach.reason is Reason.LOSS_LIMIT
    finally:
        fill_slot(BLOCK.slots[0], [(PRICE - 10**10, QTY)], [(PRICE, QTY)])


def test_a_position_without_a_price_is_told_after_a_while() -> None:
    guard = GraphGuard([BUY], limited(max_loss_usd=Decimal(15)))
    guard.moved(progress(0, 1, QTY), 0, 0, PRICE * QTY, 0, S)
    fill_slot(BLOCK.slots[0], [], [(PRICE, QTY)])
    try:
        assert guard.mark(S) is None
        breach = guard.mark(60 * S)
        assert breach is not None and breach.reason is Reason.UNMARKABLE
    finally:
        fill_slot(BLOCK.slots[0], [(PRICE - 10**10, QTY)], [(PRICE, QTY)])
