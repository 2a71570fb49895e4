"""One row struct for each projection: its fields are the table's columns, in order."""

from __future__ import annotations

from typing import Self

import msgspec

from engine.model.graph import GraphStatus, NodeStatus
from engine.model.instruments import Environment
from engine.model.orders import ChildState, TimeInForce
from engine.model.records import FillRecord, GraphAccepted, JournalEntry
from engine.model.units import Side

__all__ = [
    "HALTED_CANCELS",
    "AccountRow",
    "BodyRow",
    "ChildRow",
    "DecisionRow",
    "FillRow",
    "GraphRow",
    "MetaRow",
    "NodeRow",
    "Row",
    "StoredGraph",
    "Value",
]

Value = int | float | str | bytes | None
# What `MetaRow.number` of a kill switch is whose open orders are to be cancelled.
HALTED_CANCELS = 2


class Row(msgspec.Struct, gc=False, array_like=True):
    """Base of rows. The first field is the key, unless the table says otherwise."""

    def values(self) -> tuple[Value, ...]:
        """The columns as SQLite takes them; enums as their plain values."""
        raise NotImplementedError


class AccountRow(Row, gc=False, array_like=True):
    """A client in an environment, with how much it has of each thing."""

    account: int
    client_id: str
    environment: Environment
    graph_count: int
    order_count: int
    fill_count: int

    def values(self) -> tuple[Value, ...]:
        return (
            self.account,
            self.client_id,
            self.environment.value,
            self.graph_count,
            self.order_count,
            self.fill_count,
        )


class GraphRow(Row, gc=False, array_like=True):
    """A graph, and where to find its nodes and history.

    Its nodes are the orders `first_order` to `first_order + node_count - 1`, in node order.
    Every entry of the graph lies in `first_seq` to `last_seq`.
    """

    graph_number: int
    account: int
    graph_id: str
    status: GraphStatus
    reason: str
    node_count: int
    edge_count: int
    first_order: int
    created_ns: int
    updated_ns: int
    first_seq: int
    last_seq: int

    def values(self) -> tuple[Value, ...]:
        return (
            self.graph_number,
            self.account,
            self.graph_id,
            self.status.value,
            self.reason,
            self.node_count,
            self.edge_count,
            self.first_order,
            self.created_ns,
            self.updated_ns,
            self.first_seq,
            self.last_seq,
        )


class BodyRow(Row, gc=False, array_like=True):
    """The encoded entry of a graph's `GraphAccepted`; apart, since its graph's row changes."""

    graph_number: int
    accepted: bytes

    def values(self) -> tuple[Value, ...]:
        return (self.graph_number, self.accepted)


class NodeRow(Row, gc=False, array_like=True):
    """A node, which is an order to its user; the row of `/v1/orders`.

    `order_number` counts orders in the sequence of their creation. `qty_1e8` is the target, 0
    while it is not known. `state_seq` is the entry of the last `NodeChanged`, 0 before the first.
    """

    order_number: int
    graph_number: int
    account: int
    node_id: str
    node_order_id: str
    symbol: str
    side: Side
    status: NodeStatus
    failure_reason: str
    qty_1e8: int
    filled_qty_1e8: int
    working_qty_1e8: int
    unknown_qty_1e8: int
    avg_fill_price_1e9: int
    price_times_qty: str
    fees_1e9: int
    fill_count: int
    attempt: int
    policy_state: bytes
    created_ns: int
    updated_ns: int
    first_seq: int
    last_seq: int
    state_seq: int

    def values(self) -> tuple[Value, ...]:
        return (
            self.order_number,
            self.graph_number,
            self.account,
            self.node_id,
            self.node_order_id,
            self.symbol,
            int(self.side),
            self.status.value,
            self.failure_reason,
            self.qty_1e8,
            self.filled_qty_1e8,
            self.working_qty_1e8,
            self.unknown_qty_1e8,
            self.avg_fill_price_1e9,
            self.price_times_qty,
            self.fees_1e9,
            self.fill_count,
            self.attempt,
            self.policy_state,
            self.created_ns,
            self.updated_ns,
            self.first_seq,
            self.last_seq,
            self.state_seq,
        )


class FillRow(Row, gc=False, array_like=True):
    """A fill; the row of `/v1/fills`. `order_number` None: of no order known here (an orphan)."""

    seq: int
    account: int
    order_number: int | None
    graph_id: str
    node_id: str
    fill_id: str
    node_order_id: str
    client_order_id: str
    venue: str
    symbol: str
    side: Side
    qty_1e8: int
    price_1e9: int
    ts_unix_ns: int
    fee_1e9: int
    is_maker: bool | None
    commission_1e9: int | None
    commission_asset: str | None
    taker_fee_bps_applied: float | None
    maker_fee_bps_applied: float | None
    venue_reported_cum_fee_1e9: int | None
    mid_1e9: int
    touch_1e9: int

    @classmethod
    def of(
        cls, entry: JournalEntry, fill: FillRecord, account: int, order_number: int | None
    ) -> Self:
        """The row that an entry's fill makes."""
        return cls(
            entry.seq,
            account,
            order_number,
            entry.graph_id,
            entry.node_id,
            fill.fill_id,
            fill.node_order_id,
            fill.client_order_id,
            fill.venue,
            fill.symbol,
            fill.side,
            fill.qty_1e8,
            fill.price_1e9,
            fill.ts_unix_ns,
            fill.fee_1e9,
            fill.is_maker,
            fill.commission_1e9,
            fill.commission_asset,
            fill.taker_fee_bps_applied,
            fill.maker_fee_bps_applied,
            fill.venue_reported_cum_fee_1e9,
            fill.mid_1e9,
            fill.touch_1e9,
        )

    def values(self) -> tuple[Value, ...]:
        maker = self.is_maker
        return (
            self.seq,
            self.account,
            self.order_number,
            self.graph_id,
            self.node_id,
            self.fill_id,
            self.node_order_id,
            self.client_order_id,
            self.venue,
            self.symbol,
            int(self.side),
            self.qty_1e8,
            self.price_1e9,
            self.ts_unix_ns,
            self.fee_1e9,
            None if maker is None else int(maker),
            self.commission_1e9,
            self.commission_asset,
            self.taker_fee_bps_applied,
            self.maker_fee_bps_applied,
            self.venue_reported_cum_fee_1e9,
            self.mid_1e9,
            self.touch_1e9,
        )


class DecisionRow(Row, gc=False, array_like=True):
    """A decision to take or to post; `record` is its encoded entry."""

    seq: int
    account: int
    order_number: int | None
    decision_id: int
    graph_id: str
    node_id: str
    symbol: str
    ts_ns: int
    record: bytes

    def values(self) -> tuple[Value, ...]:
        return (
            self.seq,
            self.account,
            self.order_number,
            self.decision_id,
            self.graph_id,
            self.node_id,
            self.symbol,
            self.ts_ns,
            self.record,
        )


class ChildRow(Row, gc=False, array_like=True):
    """A child order and the last that is known of it, for recovery."""

    client_order_id: str
    order_number: int
    venue: str
    side: Side
    qty_1e8: int
    limit_price_1e9: int
    tif: TimeInForce
    attempt: int
    grant_id: int
    filled_qty_1e8: int
    state: ChildState
    venue_order_id: str
    first_seq: int
    last_seq: int

    def values(self) -> tuple[Value, ...]:
        return (
            self.client_order_id,
            self.order_number,
            self.venue,
            int(self.side),
            self.qty_1e8,
            self.limit_price_1e9,
            self.tif.value,
            self.attempt,
            self.grant_id,
            self.filled_qty_1e8,
            int(self.state),
            self.venue_order_id,
            self.first_seq,
            self.last_seq,
        )


class MetaRow(Row, gc=False, array_like=True):
    """A fact of the whole engine: `engine`, or `halted:<environment>` (0 off, 1 on, 2 on and
    what is open is to be cancelled)."""

    name: str
    number: int
    text: str
    seq: int

    def values(self) -> tuple[Value, ...]:
        return (self.name, self.number, self.text, self.seq)


class StoredGraph(msgspec.Struct, frozen=True):
    """All that is stored of a graph; `children` are those not known to have ended."""

    client_id: str
    environment: Environment
    row: GraphRow
    accepted: GraphAccepted
    nodes: tuple[NodeRow, ...]
    children: tuple[ChildRow, ...]
