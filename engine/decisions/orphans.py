"""Orders and fills of ours that belong to no graph that anybody knows."""

from __future__ import annotations

import msgspec

from engine.decisions.fills import fill_record
from engine.model.instruments import Listing
from engine.model.listed import ListedOrder
from engine.model.orders import ChildOrder, OrderReport
from engine.model.records import FillRecord

__all__ = ["StrayOrder", "orphan_fill", "orphan_order"]


class StrayOrder(msgspec.Struct, frozen=True, gc=False):
    """An order of a node that has gone, as the store knows it; `recorded` are its fill ids."""

    client_id: str
    graph_id: str
    node_id: str
    node_order_id: str
    router_id: int
    child: ChildOrder
    recorded: frozenset[str] = frozenset()
    # Nobody works it any more, so nobody else will book what it still fills.
    ended: bool = True


def orphan_order(order: ListedOrder, listing: Listing) -> ChildOrder:
    """The listed order as a child that can be cancelled; it has neither grant nor owner."""
    return ChildOrder(
        order.client_order_id,
        0,
        0,
        0,
        listing,
        order.side,
        order.qty_1e8,
        order.limit_price_1e9,
        order.tif,
    )


def orphan_fill(child: ChildOrder, report: OrderReport) -> FillRecord:
    """The record of a fill that no node owns; its order id says so."""
    assert report.fill is not None, "only a fill becomes a fill record"
    return fill_record("orphan", child, report.fill, report, 0, 0)
