"""Verbs that trade: orders, graphs, fills, and the ways to stop.

Each function builds one request; `Client` and `AsyncClient` carry them as methods under the same
names. Quantities and prices are human amounts, exact (see `amounts.Amount`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Unpack

from engine.client.amounts import Amount, exact_1e8, exact_1e9
from engine.client.graphs import ExecutionWords, graph_body, node
from engine.client.request import JsonObject, QueryValue, Request, path_of
from engine.client.results import (
    Batch,
    Cancelled,
    Changed,
    FillPage,
    GraphState,
    KillState,
    NodeAmended,
    Order,
    OrderPage,
    Redeemed,
    Submitted,
    Traces,
    VenueCancelled,
)

__all__ = [
    "amend",
    "amend_node",
    "batch",
    "buy",
    "cancel",
    "cancel_all_on_venue",
    "decrease",
    "dry_run",
    "fills",
    "graph",
    "graph_status",
    "kill_switch_clear",
    "kill_switch_engage",
    "order",
    "orders",
    "pause",
    "redeem",
    "resume",
    "sell",
    "trace",
]


def buy(
    symbol: str,
    qty: Amount,
    *,
    limit_price: Amount | None = None,
    venue: str | None = None,
    graph_id: str | None = None,
    sandbox: bool = False,
    **execution: Unpack[ExecutionWords],
) -> Request[Submitted]:
    """Buy as a one-node graph; `execution` as in `graphs.node`."""
    body = single(symbol, "buy", qty, limit_price=limit_price, venue=venue, **execution)
    return graph([body], graph_id=graph_id, sandbox=sandbox)


def sell(
    symbol: str,
    qty: Amount,
    *,
    limit_price: Amount | None = None,
    venue: str | None = None,
    graph_id: str | None = None,
    sandbox: bool = False,
    **execution: Unpack[ExecutionWords],
) -> Request[Submitted]:
    """Sell as a one-node graph; `execution` as in `graphs.node`."""
    body = single(symbol, "sell", qty, limit_price=limit_price, venue=venue, **execution)
    return graph([body], graph_id=graph_id, sandbox=sandbox)


def single(
    symbol: str,
    side: str,
    qty: Amount,
    *,
    limit_price: Amount | None = None,
    venue: str | None = None,
    **execution: Unpack[ExecutionWords],
) -> JsonObject:
    """The node of a simple order, for a batch."""
    return node("order", symbol, side, qty, limit_price=limit_price, venue=venue, **execution)


def graph(
    nodes: Sequence[Mapping[str, object]],
    edges: Sequence[Mapping[str, object]] = (),
    *,
    graph_id: str | None = None,
    risk: Mapping[str, object] | None = None,
    metadata: Mapping[str, str] | None = None,
    sandbox: bool = False,
) -> Request[Submitted]:
    """Submit an execution graph. A `graph_id` of your own makes it findable after a crash."""
    body = graph_body(
        nodes, edges, graph_id=graph_id, risk=risk, metadata=metadata, sandbox=sandbox
    )
    return Request("POST", "/v1/orders", Submitted, body=body)


def dry_run(
    nodes: Sequence[Mapping[str, object]],
    edges: Sequence[Mapping[str, object]] = (),
    *,
    risk: Mapping[str, object] | None = None,
) -> Request[Submitted]:
    """Validate a graph, run admission risk and static analysis on it; nothing is submitted."""
    body = graph_body(nodes, edges, graph_id=None, risk=risk, metadata=None, sandbox=False)
    return Request("POST", "/v1/orders", Submitted, query={"dry_run": True}, body=body)


def order(node_order_id: str) -> Request[Order]:
    """One order by its id, in either form."""
    return Request("GET", path_of("/v1/orders/{}", node_order_id), Order)


def orders(
    limit: int = 50,
    offset: int | None = None,
    symbol: str | None = None,
    *,
    node_order_id: str | None = None,
    cursor: str | None = None,
) -> Request[OrderPage]:
    """Orders, newest first; `cursor` is the `next_cursor` of the page before."""
    query = page_query(limit, offset, symbol, node_order_id, cursor)
    return Request("GET", "/v1/orders", OrderPage, query=query)


def cancel(graph_or_order_id: str) -> Request[Cancelled]:
    """Cancel one order (`[graph:]{graph_id}:{node_id}:{seq}`) or a whole graph (its id)."""
    if ":" in graph_or_order_id:
        return Request("DELETE", path_of("/v1/orders/{}", graph_or_order_id), Cancelled)
    return Request("DELETE", path_of("/v1/execution_graphs/{}", graph_or_order_id), Cancelled)


def amend(
    node_order_id: str, *, new_price: Amount | None = None, new_qty: Amount | None = None
) -> Request[Changed]:
    """Change a resting order's limit price and or its total quantity (not a difference)."""
    if new_price is None and new_qty is None:
        raise ValueError("amend needs a new_price, a new_qty or both")
    body: JsonObject = {}
    if new_qty is not None:
        body["new_qty_1e8"] = exact_1e8(new_qty, "new_qty")
    if new_price is not None:
        body["new_constraints"] = {"max_price_1e9": exact_1e9(new_price, "new_price")}
    return Request("PATCH", path_of("/v1/orders/{}", node_order_id), Changed, body=body)


def decrease(node_order_id: str, reduce_by: Amount) -> Request[Changed]:
    """Take `reduce_by` off what remains of a resting order; one step, nothing is read before."""
    less = exact_1e8(reduce_by, "reduce_by")
    if less <= 0:
        raise ValueError("reduce_by is more than 0; to end the order, cancel it")
    path = path_of("/v1/orders/{}/decrease", node_order_id)
    return Request("POST", path, Changed, body={"reduce_by_1e8": less})


def batch(
    venue: str,
    submits: Sequence[Mapping[str, object]] = (),
    cancels: Sequence[str] = (),
) -> Request[Batch]:
    """Submits (bodies of `POST /v1/orders`) and cancels (order ids) of one venue in one request."""
    body = {"venue": venue, "submits": submits, "cancels": cancels}
    return Request("POST", "/v1/orders/batch", Batch, body=body)


def fills(
    limit: int = 50,
    offset: int | None = None,
    symbol: str | None = None,
    *,
    node_order_id: str | None = None,
    cursor: str | None = None,
) -> Request[FillPage]:
    """Fills, newest first; `cursor` is the `next_cursor` of the page before."""
    query = page_query(limit, offset, symbol, node_order_id, cursor)
    return Request("GET", "/v1/fills", FillPage, query=query)


def graph_status(graph_id: str) -> Request[GraphState]:
    """A graph with its nodes and edges."""
    return Request("GET", path_of("/v1/execution_graphs/{}", graph_id), GraphState)


def pause(graph_id: str) -> Request[GraphState]:
    """Stop a graph from sending more; what rests on venues is cancelled, nothing is given up."""
    return Request("POST", path_of("/v1/execution_graphs/{}/pause", graph_id), GraphState)


def resume(graph_id: str) -> Request[GraphState]:
    """Let a paused graph go on: pending nodes look at their triggers again."""
    return Request("POST", path_of("/v1/execution_graphs/{}/resume", graph_id), GraphState)


def amend_node(
    graph_id: str,
    node_id: str,
    *,
    qty: Amount | None = None,
    limit_price: Amount | None = None,
    urgency: str | None = None,
    max_slippage_bps: int | None = None,
    horizon_ms: int | None = None,
) -> Request[NodeAmended]:
    """Change how a running node is worked; what is not given stays."""
    given = {"urgency": urgency, "max_slippage_bps": max_slippage_bps, "horizon_ms": horizon_ms}
    body: JsonObject = {name: value for name, value in given.items() if value is not None}
    if qty is not None:
        body["qty_1e8"] = exact_1e8(qty)
    if limit_price is not None:
        body["limit_price_1e9"] = exact_1e9(limit_price, "limit_price")
    path = path_of("/v1/execution_graphs/{}/nodes/{}", graph_id, node_id)
    return Request("PATCH", path, NodeAmended, body=body)


def trace(node_order_id: str, limit: int = 100) -> Request[Traces]:
    """The steps of an order's life."""
    query = page_query(limit, None, None, node_order_id, None)
    return Request("GET", "/v1/traces", Traces, query=query)


def kill_switch_engage(
    reason: str | None = None,
    *,
    cancel_open_orders: bool = True,
    scope: str | None = None,
    key: str | None = None,
) -> Request[KillState]:
    """Stop trading and, unless told otherwise, cancel what is open; the answer is a receipt."""
    body = {"active": True, "reason": reason, "cancel_open_orders": cancel_open_orders}
    where = {"scope": scope, "key": key}
    body |= {name: value for name, value in where.items() if value is not None}
    return Request("POST", "/v1/kill_switch", KillState, body=body)


def kill_switch_clear(*, scope: str | None = None, key: str | None = None) -> Request[KillState]:
    """Let trading go on; graphs that were frozen stay paused until they are resumed."""
    where = {"scope": scope, "key": key}
    body: JsonObject = {"active": False}
    body |= {name: value for name, value in where.items() if value is not None}
    return Request("POST", "/v1/kill_switch/clear", KillState, body=body)


def cancel_all_on_venue(venue: str) -> Request[VenueCancelled]:
    """Cancel every open order on one venue."""
    return Request("POST", path_of("/v1/venue_cancel_all/{}", venue), VenueCancelled)


def redeem(slug: str, venue: str) -> Request[Redeemed]:
    """Claim the winnings of a resolved prediction market."""
    path = path_of("/v1/markets/{}/redeem", slug)
    return Request("POST", path, Redeemed, query={"venue": venue})


def page_query(
    limit: int,
    offset: int | None,
    symbol: str | None,
    node_order_id: str | None,
    cursor: str | None,
) -> dict[str, QueryValue]:
    """The query of a list; what is None is left out."""
    return {
        "limit": limit,
        "offset": offset,
        "symbol": symbol,
        "node_order_id": node_order_id,
        "cursor": cursor,
    }
