"""When the resting order itself is changed, and what it becomes."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from engine.decisions.native_amend import native_wish
from engine.decisions.node_ledger import NodeLedger
from engine.model.graph import FixedAmount, Node, Policy, Quantity
from engine.model.native import NativeVerbs
from engine.model.orders import ChildOrder, OrderReport, ReportKind, TimeInForce, VenueFill
from tests.support.builders import child, node

QTY = 10**8
PRICE = 64_000 * 10**9
EDITS = NativeVerbs(decrease=True, amend=True)


def ledger(filled: int = 0, *, tif: TimeInForce = TimeInForce.GTC, **fields: Any) -> NodeLedger:
    """One order of 1 that rests, `filled` of it."""
    made = NodeLedger(QTY)
    order = msgspec.structs.replace(child(QTY, tif=tif), **fields)
    made.add(order, 0)
    made.apply(OrderReport(ReportKind.ACCEPTED, order.client_order_id, "alpha", recv_ns=1))
    if filled:
        fill = VenueFill("t", PRICE, filled)
        made.apply(OrderReport(ReportKind.FILL, order.client_order_id, "alpha", fill=fill))
    return made


def terms(qty: int = QTY, price: int = PRICE, **fields: Any) -> Node:
    return node(qty, limit_1e9=price, **fields)


def wish(
    changed: Node,
    made: NodeLedger | None = None,
    *,
    before: Node | None = None,
    verbs: NativeVerbs = EDITS,
    worst: int | None = None,
    touch: int | None = None,
) -> ChildOrder | None:
    assert isinstance(changed.quantity, Quantity)
    assert isinstance(changed.quantity.fixed, FixedAmount)
    target = changed.quantity.fixed.qty_1e8
    native = {"alpha": verbs}
    return native_wish(before or terms(), changed, made or ledger(), target, worst, touch, native)


def test_total_and_price_are_those_of_the_new_terms_and_the_number_goes_on() -> None:
    found = wish(terms(QTY // 2, PRICE - 10**10), ledger(QTY // 4, amendment=3))
    assert found is not None
    assert (found.qty_1e8, found.limit_price_1e9) == (QTY // 2, PRICE - 10**10)
    assert found.amendment == 4


def test_a_venue_that_only_decreases_gets_decreases_only() -> None:
    only = NativeVerbs(decrease=True)
    assert wish(terms(QTY // 2), verbs=only) is not None
    assert wish(terms(QTY * 2), verbs=only) is None
    assert wish(terms(QTY // 2, PRICE - 10**10), verbs=only) is None
    assert wish(terms(QTY // 2), verbs=NativeVerbs()) is None


@pytest.mark.parametrize(
    ("changed", "fields"),
    [
        (terms(), {}),
        (terms(QTY, PRICE + 10**10), {"touch": PRICE + 10**10}),
        (terms(QTY, PRICE + 10**10), {"worst": PRICE}),
        (terms(QTY // 4), {"made": ledger(QTY // 4)}),
        (terms(QTY // 2), {"made": ledger(tif=TimeInForce.IOC)}),
        (terms(QTY // 2 + 1), {}),
        (terms(QTY * 2), {"made": ledger(reduce_only=True)}),
        (terms(QTY // 2, policy=Policy.ICEBERG), {"before": terms(policy=Policy.ICEBERG)}),
        (terms(QTY, PRICE - 10**10), {"made": ledger(limit_price_1e9=PRICE - 10**9)}),
        (
            terms(QTY, PRICE - 10**10, policy=Policy.PASSIVE_LIMIT),
            {"before": terms(policy=Policy.PASSIVE_LIMIT)},
        ),
    ],
    ids=[
        "nothing changes",
        "it would take",
        "beyond the cap",
        "all is filled",
        "it does not rest",
        "off the lot",
        "more than it may reduce",
        "another policy",
        "it rests elsewhere",
        "a peg has its own price",
    ],
)
def test_what_is_replaced_instead(changed: Node, fields: dict[str, Any]) -> None:
    assert wish(changed, **fields) is None


def test_an_order_that_is_on_its_way_anywhere_is_left_alone() -> None:
    busy = ledger()
    (one,) = busy.children.values()
    one.cancelling = True
    assert wish(terms(QTY // 2), busy) is None
    routing = ledger()
    routing.routing_qty_1e8 = 1
    assert wish(terms(QTY // 2), routing) is None
    two = ledger()
    two.target_qty_1e8 = 2 * QTY
    assert wish(terms(QTY // 2), two) is None, "something is still to be sent"
