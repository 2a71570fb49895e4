"""Typed answers about orders, graphs, fills and halts; exact integers, unknown fields tolerated.

Fields that the first version of the API has are required; what a later version added has a
default, so that an older server's answer still reads.
"""

from __future__ import annotations

import msgspec

__all__ = [
    "Answer",
    "Batch",
    "BatchItem",
    "Cancelled",
    "Changed",
    "DryRun",
    "EdgeState",
    "Fill",
    "FillPage",
    "GraphState",
    "KillState",
    "NodeAmended",
    "NodeState",
    "Order",
    "OrderPage",
    "Redeemed",
    "Submitted",
    "Trace",
    "Traces",
    "VenueCancelled",
]


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """Base of answers: immutable, and fields of a newer server are passed over."""


class DryRun(Answer, frozen=True, kw_only=True):
    """What a graph would do at most, found without submitting it; money in 1e-9 USD."""

    findings: tuple[dict[str, object], ...]
    larger_side_1e9: int
    long_1e9: int
    short_1e9: int
    gross_1e9: int
    one_sided: tuple[dict[str, object], ...]


class Submitted(Answer, frozen=True, kw_only=True):
    """A graph that was accepted; `dry_run` is there when it was only looked at."""

    graph_id: str
    status: str
    node_count: int
    edge_count: int
    dry_run: DryRun | None = None

    def node_order_id(self, node_id: str = "order") -> str:
        """The id of a node's first order; the one node of a simple order is called `order`."""
        return f"graph:{self.graph_id}:{node_id}:1"


class Order(Answer, frozen=True, kw_only=True):
    """One node of a graph as an order; `side` and `status` in upper case.

    `unknown_qty_1e8` was sent and is neither confirmed nor denied: it may still fill.
    """

    node_order_id: str
    client_id: str
    side: str
    symbol: str
    qty_1e8: int
    filled_qty_1e8: int
    status: str
    created_unix_ns: int
    updated_unix_ns: int
    failure_reason: str | None = None
    graph_id: str | None = None
    node_id: str | None = None
    working_qty_1e8: int | None = None
    unknown_qty_1e8: int | None = None
    avg_fill_price_1e9: int | None = None
    fill_count: int | None = None
    fees_1e9: int | None = None
    node_status: str | None = None
    seq: int | None = None


class OrderPage(Answer, frozen=True, kw_only=True):
    """Orders, newest first. `next_cursor` continues without a gap under inserts."""

    orders: tuple[Order, ...]
    total: int
    limit: int
    offset: int
    has_more: bool
    next_cursor: str | None = None


class NodeState(Answer, frozen=True, kw_only=True):
    """How far a node has come; `node_order_id` is its current order.

    A slice is part of the node that `slice_of` names; None is what only that node knows.
    """

    status: str
    target_qty_1e8: int
    filled_qty_1e8: int
    avg_fill_price_1e9: int | None
    fill_count: int | None
    fees_1e9: int | None = None
    working_qty_1e8: int | None = None
    unknown_qty_1e8: int | None = None
    reason: str | None = None
    node_order_id: str | None = None
    slice_of: str | None = None


class NodeAmended(Answer, frozen=True, kw_only=True):
    """A node after its amendment; `mode` says how its resting part is changed."""

    graph_id: str
    node_id: str
    mode: str
    node: NodeState


class EdgeState(Answer, frozen=True, kw_only=True):
    """Whether an edge has fired."""

    status: str
    fired: bool


class GraphState(Answer, frozen=True, kw_only=True):
    """A graph with its nodes and edges by id."""

    graph_id: str
    client_id: str
    status: str
    nodes: dict[str, NodeState]
    edges: dict[str, EdgeState]
    reason: str | None = None
    residual_exposure_1e8: dict[str, int] = {}


class Fill(Answer, frozen=True, kw_only=True):
    """One execution. `fee_1e9` is USD and authoritative; None is what the venue did not say."""

    fill_id: str
    node_order_id: str
    venue: str
    symbol: str
    side: str
    qty_1e8: int
    price_1e9: int
    ts_unix_ns: int
    fee_1e9: int
    is_maker: bool | None = None
    fee_breakdown: dict[str, object] | None = None
    taker_fee_bps_applied: float | None = None
    maker_fee_bps_applied: float | None = None
    commission_asset: str | None = None
    venue_reported_cum_fee_1e9: int | None = None
    graph_id: str | None = None
    node_id: str | None = None
    client_order_id: str | None = None
    seq: int | None = None


class FillPage(Answer, frozen=True, kw_only=True):
    """Fills, newest first."""

    fills: tuple[Fill, ...]
    total: int
    limit: int
    offset: int
    has_more: bool
    next_cursor: str | None = None


class Changed(Answer, frozen=True, kw_only=True):
    """An amend or decrease that was taken. `mode` says truthfully how the venue does it."""

    node_order_id: str
    status: str
    mode: str | None = None


class Cancelled(Answer, frozen=True, kw_only=True):
    """A cancel that was taken; what had filled stays filled."""

    status: str
    graph_id: str | None = None
    node_order_id: str | None = None


class BatchItem(Answer, frozen=True, kw_only=True):
    """One submit or cancel of a batch: its order, or why it was refused."""

    node_order_id: str
    status: str
    reason: str | None = None
    message: str | None = None


class Batch(Answer, frozen=True, kw_only=True):
    """Results in the order asked. `mode` is `native_batch` where the venue took it as one."""

    mode: str
    submits: tuple[BatchItem, ...]
    cancels: tuple[BatchItem, ...]
    venue: str | None = None


class KillState(Answer, frozen=True, kw_only=True):
    """The receipt of a kill switch change: what ended, what is still open or unknown.

    `orders` are the node order ids of the child orders that the other fields name.
    """

    active: bool
    reason: str | None = None
    scope: str | None = None
    key: str | None = None
    cancelled_orders: tuple[str, ...] = ()
    open_orders: tuple[str, ...] = ()
    unknown_orders: tuple[str, ...] = ()
    residual_exposure_1e8: dict[str, int] = {}
    quiet_ms: int | None = None
    warning: str | None = None
    orders: tuple[str, ...] = ()
    recovering_graphs: int = 0


class VenueCancelled(Answer, frozen=True, kw_only=True):
    """What cancelling on a venue did; `pending` while something is left."""

    venue: str
    status: str
    cancelled_orders: tuple[str, ...] = ()
    open_orders: tuple[str, ...] = ()


class Redeemed(Answer, frozen=True, kw_only=True):
    """How winnings were or are claimed: `auto_settled`, `relayer_submitted` or `noop`."""

    mode: str
    venue: str
    slug: str
    note: str = ""
    condition_id: str | None = None
    token_ids: tuple[str, ...] | None = None


class Trace(Answer, frozen=True, kw_only=True):
    """One step in an order's life; `text` has a venue's own words."""

    event: str
    ts_ns: int
    graph_id: str = ""
    node_id: str = ""
    node_order_id: str = ""
    code: str = ""
    classification: str = ""
    venue: str = ""
    client_order_id: str = ""
    text: str = ""


class Traces(Answer, frozen=True, kw_only=True):
    """Steps of an order's life, oldest first; there may be older ones than these."""

    traces: tuple[Trace, ...]
    has_more: bool = False
