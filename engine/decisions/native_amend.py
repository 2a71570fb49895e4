"""Whether new terms of a node can be given to its one resting order, instead of a new order."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from engine.decisions.node_ledger import NodeLedger
from engine.model.graph import Node, Policy
from engine.model.instruments import check_order
from engine.model.native import NO_NATIVE_VERBS, NativeVerbs
from engine.model.orders import ChildOrder, ChildState

__all__ = ["native_wish"]

PLAIN = frozenset({Policy.SOR, Policy.PASSIVE_LIMIT})
"""Policies that leave all of a node's quantity resting as one plain limit order."""


def native_wish(
    before: Node,
    changed: Node,
    ledger: NodeLedger,
    target_1e8: int,
    worst_price_1e9: int | None,
    touch_1e9: int | None,
    native: Mapping[str, NativeVerbs],
) -> ChildOrder | None:
    """The order as its venue is to have it, or None: what rests is to be replaced.

    `target_1e8` and `worst_price_1e9` are the node's under its new terms, `touch_1e9` is the best
    price of the other side anywhere: an order that could trade there is to be routed anew.
    """
    if before.execution.pacing is not None or before.execution.policy not in PLAIN:
        return None
    if ledger.routing_qty_1e8 or ledger.remaining_qty_1e8 or len(ledger.children) != 1:
        return None
    (child,) = ledger.children.values()
    order = child.order
    if child.state is not ChildState.WORKING or child.owes or target_1e8 <= ledger.filled_qty_1e8:
        return None
    total, price = child.filled_qty_1e8 + target_1e8 - ledger.filled_qty_1e8, order.limit_price_1e9
    if changed.limit_price_1e9 != before.limit_price_1e9:
        if before.execution.policy is not Policy.SOR or price != before.limit_price_1e9:
            return None
        price = changed.limit_price_1e9 or price
    sign = order.side.sign
    if worst_price_1e9 is not None and (price - worst_price_1e9) * sign > 0:
        return None
    moved = price != order.limit_price_1e9
    if moved and touch_1e9 and (price - touch_1e9) * sign >= 0:
        return None
    if not moved and total == order.qty_1e8:
        return None
    verbs = native.get(order.listing.venue, NO_NATIVE_VERBS)
    if not (verbs.amend or (verbs.decrease and not moved and total < order.qty_1e8)):
        return None
    if order.reduce_only and total > order.qty_1e8:
        return None
    if check_order(order.listing, total, price) is not None:
        return None
    number = order.amendment + 1
    return msgspec.structs.replace(order, qty_1e8=total, limit_price_1e9=price, amendment=number)
