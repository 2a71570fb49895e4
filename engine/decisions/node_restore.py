"""A node's last recorded state as recovery puts it together, from its row, fills and children."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from engine.decisions.node_ledger import Child, NodeLedger
from engine.decisions.node_memory import NodeMemory
from engine.model.orders import ChildOrder, ChildState, OrderReport

__all__ = ["PastChild", "PastFill", "RestoredNode", "restored_node"]


class PastFill(msgspec.Struct, frozen=True, gc=False):
    """One recorded execution of a node; `base_fee_1e9` is the fee if it was in the base asset."""

    client_order_id: str
    trade_id: str
    price_1e9: int
    qty_1e8: int
    fee_1e9: int
    base_fee_1e9: int


class PastChild(msgspec.Struct, frozen=True, gc=False):
    """A child that is not known to have ended: it may live at its venue, or never have left.

    `mid_1e9` and `touch_1e9` are those of its plan, 0 where the record does not have them.
    """

    order: ChildOrder
    attempt: int
    mid_1e9: int = 0
    touch_1e9: int = 0


class RestoredNode(msgspec.Struct, frozen=True):
    """What a node actor starts from after a restart; no ledger means that it had not started.

    `pristine` says that its policy's state is from before the first attempt. Of the last wish
    `unsent_1e8` never got to a venue; where its plan is not recorded, all did not but
    `sent_of_wish_1e8`.
    """

    memory: NodeMemory
    ledger: NodeLedger | None
    attempt: int
    accepted: bool
    started_ns: int
    baseline_x2: int | None
    reports: tuple[OrderReport, ...] = ()
    pristine: bool = False
    unsent_1e8: int = 0
    sent_of_wish_1e8: int | None = None


def restored_node(
    memory: NodeMemory,
    target_1e8: int,
    attempt: int,
    fills: Iterable[PastFill],
    children: Sequence[PastChild],
    *,
    arrival_x2: int | None,
    created_ns: int,
    now_ns: int,
) -> RestoredNode:
    """The node's ledger from its fills, which are recorded one by one, not from its last totals.

    `arrival_x2` and `created_ns` stand in for a root whose first state was not yet recorded; they
    are None and 0 for a node that waited, which began at a time that nobody knows.
    Children go on as unknown until their venue proves where they are.
    """
    fills = list(fills)
    accepted = memory.accepted or bool(children) or bool(fills)
    if not memory.started_ns and not accepted:
        return RestoredNode(memory, None, attempt, False, 0, None)
    ledger = NodeLedger(target_1e8)
    for past in children:
        child = Child(past.order, now_ns, past.mid_1e9, past.touch_1e9)
        child.state = ChildState.UNKNOWN
        ledger.children[past.order.client_order_id] = child
    for fill in fills:
        ledger.filled_qty_1e8 += fill.qty_1e8
        ledger.price_times_qty += fill.price_1e9 * fill.qty_1e8
        ledger.fees_1e9 += fill.fee_1e9
        ledger.base_fee_1e9 += fill.base_fee_1e9
        ledger.fill_count += 1
        known = ledger.children.get(fill.client_order_id)
        if known is not None:
            known.trade_ids.add(fill.trade_id)
            known.filled_qty_1e8 += fill.qty_1e8
            known.claimed_qty_1e8 += fill.qty_1e8
    highest = max((past.attempt for past in children), default=0)
    baseline = memory.baseline_x2 if memory.started_ns else arrival_x2
    return RestoredNode(
        memory,
        ledger,
        max(attempt, highest),
        accepted,
        memory.started_ns or created_ns or now_ns,
        baseline,
    )
