"""Changing a running node: what is refused, and the node as it stands afterwards."""

from __future__ import annotations

import msgspec

from engine.decisions.node_ledger import NodeLedger
from engine.errors import Reason
from engine.model.graph import (
    FixedAmount,
    LimitOrder,
    LimitPrice,
    Node,
    NodeStatus,
    Quantity,
)
from engine.model.orders import TimeInForce
from engine.model.terms import Terms
from engine.model.units import INT64_MAX, floor_to, format_price, format_qty, snap
from engine.model.validation import HORIZON_MS_MAX

__all__ = ["TermsRefused", "amended", "refusal_of"]


class TermsRefused(msgspec.Struct, frozen=True, gc=False):
    """Why terms cannot be taken."""

    reason: Reason
    text: str


def refusal_of(
    terms: Terms,
    node: Node,
    status: NodeStatus,
    stopping: Reason | None,
    ledger: NodeLedger | None,
    target_1e8: int,
    lot_1e8: int,
    tick_1e9: int = 1,
) -> TermsRefused | None:
    """Why these terms cannot be taken now, None when they can."""
    if status.terminal or stopping is not None:
        return TermsRefused(Reason.ALREADY_ENDED, "the order has ended or is ending")
    if node.execution.tif is not TimeInForce.GTC:
        return TermsRefused(Reason.NOT_AMENDABLE, "an immediate order cannot be amended")
    if terms.limit_1e9 is not None and node.order_type == "market":
        return TermsRefused(Reason.NOT_AMENDABLE, "a market order has no limit price to amend")
    if terms.qty_1e8 is not None and terms.reduce_by_1e8 is not None:
        return TermsRefused(Reason.BAD_QUANTITY, "give a new total or a reduction, not both")
    refused = range_refusal(terms)
    if refused is not None:
        return refused
    if terms.limit_1e9 is not None and terms.limit_1e9 % tick_1e9:
        text = f"{format_price(terms.limit_1e9)} is off the tick of {format_price(tick_1e9)}"
        return TermsRefused(Reason.OFF_TICK, text)
    total = new_total(terms, target_1e8)
    if total is None:
        return None
    if total <= 0 and terms.reduce_by_1e8 is not None:
        text = f"the order is for {format_qty(target_1e8)}; cancel it rather than take all of it"
        return TermsRefused(Reason.BAD_QUANTITY, text)
    snapped = snap(total, lot_1e8)
    if snapped is None or snapped <= 0:
        text = f"{format_qty(total)} is off the lot of {format_qty(lot_1e8)}"
        return TermsRefused(Reason.OFF_LOT, text)
    filled = 0 if ledger is None else ledger.filled_qty_1e8
    if snapped <= filled:
        text = f"{format_qty(filled)} is filled already; the new total must be above it"
        return TermsRefused(Reason.BELOW_FILLED, text)
    return None


def range_refusal(terms: Terms) -> TermsRefused | None:
    """Numbers that a graph could not have been submitted with."""
    for name in ("qty_1e8", "reduce_by_1e8"):
        value = getattr(terms, name)
        if value is not None and not 0 < value <= INT64_MAX:
            return TermsRefused(Reason.BAD_QUANTITY, f"{name}: must be positive and fit 64 bits")
    if terms.limit_1e9 is not None and not 0 < terms.limit_1e9 <= INT64_MAX:
        return TermsRefused(Reason.BAD_PRICE, "limit_1e9: must be positive and fit 64 bits")
    if terms.max_slippage_bps is not None and not 0 <= terms.max_slippage_bps <= 10_000:
        text = "max_slippage_bps: must be between 0 and 10000"
        return TermsRefused(Reason.INVALID_GRAPH, text)
    if terms.horizon_ms is not None and not 0 < terms.horizon_ms <= HORIZON_MS_MAX:
        text = "horizon_ms: must be between 1 ms and 30 days"
        return TermsRefused(Reason.INVALID_GRAPH, text)
    return None


def amended(terms: Terms, node: Node, target_1e8: int, lot_1e8: int) -> Node:
    """The node under its new terms; `refusal_of` has let them pass."""
    execution = node.execution
    changes: dict[str, object] = {}
    for name in ("urgency", "max_slippage_bps", "horizon_ms"):
        value = getattr(terms, name)
        if value is not None:
            changes[name] = value
    if changes:
        execution = msgspec.structs.replace(execution, **changes)
    order_type = node.order_type
    if terms.limit_1e9 is not None:
        order_type = LimitOrder(limit=LimitPrice(price_1e9=terms.limit_1e9))
    quantity = node.quantity
    total = new_total(terms, target_1e8)
    if total is not None:
        snapped = snap(total, lot_1e8) or floor_to(total, lot_1e8)
        quantity = Quantity(fixed=FixedAmount(qty_1e8=snapped))
    return msgspec.structs.replace(
        node, execution=execution, order_type=order_type, quantity=quantity
    )


def new_total(terms: Terms, target_1e8: int) -> int | None:
    """The total that the terms ask for, None to keep the present one."""
    if terms.reduce_by_1e8 is not None:
        return target_1e8 - terms.reduce_by_1e8
    return terms.qty_1e8
