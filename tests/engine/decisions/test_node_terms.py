"""Amendments: what is refused and why, and the node as it stands afterwards."""

from __future__ import annotations

import pytest

from engine.decisions.node_ledger import NodeLedger
from engine.decisions.node_terms import amended, refusal_of
from engine.errors import Reason
from engine.model.graph import LimitOrder, LimitPrice, Node, NodeStatus, Urgency
from engine.model.orders import TimeInForce
from engine.model.terms import Terms
from tests.support.builders import node

QTY = 10**8
PRICE = 64_000 * 10**9
LOT = 1_000
LIMIT = node(QTY, limit_1e9=PRICE)


def refused(terms: Terms, of: Node = LIMIT, filled: int = 0) -> Reason | None:
    ledger = NodeLedger(QTY)
    ledger.filled_qty_1e8 = filled
    found = refusal_of(terms, of, NodeStatus.EXECUTING, None, ledger, QTY, LOT)
    return None if found is None else found.reason


def test_what_has_ended_or_is_ending_is_not_amended() -> None:
    terms = Terms(limit_1e9=PRICE)
    for status, stopping in ((NodeStatus.FILLED, None), (NodeStatus.EXECUTING, Reason.CANCELLED)):
        found = refusal_of(terms, LIMIT, status, stopping, None, QTY, LOT)
        assert found is not None and found.reason is Reason.ALREADY_ENDED
    assert refusal_of(terms, LIMIT, NodeStatus.PENDING, None, None, QTY, LOT) is None


@pytest.mark.parametrize("tif", [TimeInForce.IOC, TimeInForce.FOK])
def test_an_immediate_order_is_not_amended(tif: TimeInForce) -> None:
    assert refused(Terms(qty_1e8=2 * QTY), node(QTY, tif=tif)) is Reason.NOT_AMENDABLE


def test_a_market_order_takes_no_limit_but_a_new_total() -> None:
    assert refused(Terms(limit_1e9=PRICE), node(QTY)) is Reason.NOT_AMENDABLE
    assert refused(Terms(qty_1e8=2 * QTY), node(QTY)) is None


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        (Terms(qty_1e8=QTY, reduce_by_1e8=1_000), Reason.BAD_QUANTITY),
        (Terms(qty_1e8=QTY + 500), Reason.OFF_LOT),
        (Terms(qty_1e8=0), Reason.BAD_QUANTITY),
        (Terms(qty_1e8=2**63), Reason.BAD_QUANTITY),
        (Terms(reduce_by_1e8=QTY), Reason.BAD_QUANTITY),
        (Terms(reduce_by_1e8=-QTY), Reason.BAD_QUANTITY),
        (Terms(qty_1e8=QTY // 2), Reason.BELOW_FILLED),
        (Terms(reduce_by_1e8=QTY // 2), Reason.BELOW_FILLED),
        (Terms(qty_1e8=QTY // 2 + LOT), None),
        (Terms(reduce_by_1e8=QTY // 2 - LOT), None),
        (Terms(qty_1e8=2 * QTY + 1), None),
    ],
)
def test_a_total_is_on_the_lot_and_above_what_is_filled(
    terms: Terms, reason: Reason | None
) -> None:
    assert refused(terms, filled=QTY // 2) is reason


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        (Terms(limit_1e9=0), Reason.BAD_PRICE),
        (Terms(limit_1e9=2**63), Reason.BAD_PRICE),
        (Terms(max_slippage_bps=-1), Reason.INVALID_GRAPH),
        (Terms(max_slippage_bps=10_001), Reason.INVALID_GRAPH),
        (Terms(max_slippage_bps=10_000), None),
        (Terms(horizon_ms=0), Reason.INVALID_GRAPH),
        (Terms(horizon_ms=30 * 86_400_000 + 1), Reason.INVALID_GRAPH),
        (Terms(horizon_ms=30 * 86_400_000), None),
    ],
)
def test_numbers_are_held_to_the_same_ranges_as_a_graphs(
    terms: Terms, reason: Reason | None
) -> None:
    assert refused(terms) is reason


def test_only_what_is_given_changes() -> None:
    terms = Terms(urgency=Urgency.HIGH, max_slippage_bps=7)
    changed = amended(terms, LIMIT, QTY, LOT)
    assert (changed.execution.urgency, changed.execution.max_slippage_bps) == (Urgency.HIGH, 7)
    assert changed.execution.horizon_ms == LIMIT.execution.horizon_ms
    assert (changed.order_type, changed.quantity) == (LIMIT.order_type, LIMIT.quantity)
    assert amended(Terms(), LIMIT, QTY, LOT) == LIMIT


def test_new_limits_and_totals_are_taken_exactly() -> None:
    changed = amended(Terms(limit_1e9=PRICE + 1, qty_1e8=3 * QTY - 1), LIMIT, QTY, LOT)
    assert changed.order_type == LimitOrder(limit=LimitPrice(price_1e9=PRICE + 1))
    assert changed.fixed_qty_1e8 == 3 * QTY, "a truncated float snaps to its lot"
    less = amended(Terms(reduce_by_1e8=QTY // 4), LIMIT, QTY, LOT)
    assert less.fixed_qty_1e8 == QTY * 3 // 4


def test_a_limit_off_the_tick_is_refused() -> None:
    of = NodeStatus.EXECUTING, None, None, QTY, LOT
    found = refusal_of(Terms(limit_1e9=1_005), LIMIT, *of, 10)
    assert found is not None and found.reason is Reason.OFF_TICK
    assert refusal_of(Terms(limit_1e9=1_010), LIMIT, *of, 10) is None
