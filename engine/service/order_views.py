"""Orders and fills as the wire shows them: upper-case words, exact scaled integers."""

from __future__ import annotations

from typing import Final, Self

import msgspec

from engine.model.graph import NodeStatus
from engine.model.units import Side
from engine.store.rows import FillRow, NodeRow

__all__ = ["ORDER_STATUS", "FeeBreakdown", "FillView", "OrderView"]

# The published map from a node's state to its order's word; `partial_fill` has stopped short.
ORDER_STATUS: Final = {
    NodeStatus.PENDING: "ACCEPTED",
    NodeStatus.EXECUTING: "RUNNING",
    NodeStatus.FILLED: "COMPLETED",
    NodeStatus.PARTIAL_FILL: "CANCELLED",
    NodeStatus.CANCELLED: "CANCELLED",
    NodeStatus.REJECTED: "REJECTED",
    NodeStatus.FAILED: "FAILED",
}
PAUSED: Final = "PAUSED"
SIDES: Final = {Side.BUY: "BUY", Side.SELL: "SELL"}


class OrderView(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `/v1/orders`. Quantities in 1e-8, prices and fees in 1e-9, stamps in ns.

    `qty_1e8` is 0 while a derived target is not known; `unknown_qty_1e8` is what was sent and is
    neither confirmed nor denied; `seq` orders rows and only grows.
    """

    node_order_id: str
    client_id: str
    graph_id: str
    node_id: str
    side: str
    symbol: str
    qty_1e8: int
    filled_qty_1e8: int
    working_qty_1e8: int
    unknown_qty_1e8: int
    avg_fill_price_1e9: int
    fill_count: int
    fees_1e9: int
    status: str
    node_status: str
    created_unix_ns: int
    updated_unix_ns: int
    failure_reason: str | None
    seq: int

    @classmethod
    def of(cls, row: NodeRow, client_id: str, *, paused: bool = False) -> Self:
        """From the store's row; `paused` where its graph is."""
        status = ORDER_STATUS[row.status]
        if paused and not row.status.terminal:
            status = PAUSED
        graph_id = row.node_order_id.removeprefix("graph:").partition(":")[0]
        return cls(
            node_order_id=row.node_order_id,
            client_id=client_id,
            graph_id=graph_id,
            node_id=row.node_id,
            side=SIDES[row.side],
            symbol=row.symbol,
            qty_1e8=row.qty_1e8,
            filled_qty_1e8=row.filled_qty_1e8,
            working_qty_1e8=row.working_qty_1e8,
            unknown_qty_1e8=row.unknown_qty_1e8,
            avg_fill_price_1e9=row.avg_fill_price_1e9,
            fill_count=row.fill_count,
            fees_1e9=row.fees_1e9,
            status=status,
            node_status=row.status.value,
            created_unix_ns=row.created_ns,
            updated_unix_ns=row.updated_ns,
            failure_reason=row.failure_reason or None,
            seq=row.order_number,
        )


class FeeBreakdown(msgspec.Struct, frozen=True):
    """What the venue said of its commission, in its own asset."""

    commission_1e9: int
    commission_asset: str | None


class FillView(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `/v1/fills`. `fee_1e9` is realised, in USD, and authoritative over any estimate.

    `is_maker` is null where the venue did not classify; `seq` is the journal's.
    """

    fill_id: str
    node_order_id: str
    graph_id: str
    node_id: str
    client_order_id: str
    venue: str
    symbol: str
    side: str
    qty_1e8: int
    price_1e9: int
    ts_unix_ns: int
    fee_1e9: int
    is_maker: bool | None
    fee_breakdown: FeeBreakdown | None
    taker_fee_bps_applied: float | None
    maker_fee_bps_applied: float | None
    commission_asset: str | None
    venue_reported_cum_fee_1e9: int | None
    seq: int

    @classmethod
    def of(cls, row: FillRow) -> Self:
        """From the store's row."""
        breakdown = None
        if row.commission_1e9 is not None:
            breakdown = FeeBreakdown(row.commission_1e9, row.commission_asset)
        return cls(
            fill_id=row.fill_id,
            node_order_id=row.node_order_id,
            graph_id=row.graph_id,
            node_id=row.node_id,
            client_order_id=row.client_order_id,
            venue=row.venue,
            symbol=row.symbol,
            side=SIDES[row.side],
            qty_1e8=row.qty_1e8,
            price_1e9=row.price_1e9,
            ts_unix_ns=row.ts_unix_ns,
            fee_1e9=row.fee_1e9,
            is_maker=row.is_maker,
            fee_breakdown=breakdown,
            taker_fee_bps_applied=row.taker_fee_bps_applied,
            maker_fee_bps_applied=row.maker_fee_bps_applied,
            commission_asset=row.commission_asset,
            venue_reported_cum_fee_1e9=row.venue_reported_cum_fee_1e9,
            seq=row.seq,
        )
