"""Short ways to write a graph's nodes and edges; whatever they cannot say goes in as a dict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypedDict, Unpack

from engine.client.amounts import Amount, exact_1e8, exact_1e9
from engine.client.request import JsonObject

__all__ = ["ExecutionWords", "edge", "graph_body", "node"]


class ExecutionWords(TypedDict, total=False):
    """How a node is worked, in the wire's words; the server's defaults where absent."""

    policy: str | None
    urgency: str | None
    max_slippage_bps: int | None
    horizon_ms: int | None
    tif: str | None
    pacing: Mapping[str, object] | None
    display_qty_1e8: int | None


def node(
    node_id: str,
    symbol: str,
    side: str,
    qty: Amount | None,
    *,
    venue: str | None = None,
    limit_price: Amount | None = None,
    instrument_type: str | None = None,
    reduce_only: bool = False,
    join: str | None = None,
    **execution: Unpack[ExecutionWords],
) -> JsonObject:
    """One order of a graph; `qty` None derives it from the edges that lead here.

    `execution` takes the wire's words: policy, urgency, max_slippage_bps, horizon_ms, tif, pacing,
    display_qty_1e8. The type is told from the symbol: `-PERP` is a perp, the server recognises
    prediction markets.
    """
    if instrument_type is None:
        instrument_type = "perp" if symbol.endswith("-PERP") else "spot"
    body: JsonObject = {
        "node_id": node_id,
        "instrument": {"symbol": symbol, "type": instrument_type, "venue": venue},
        "side": side,
        "order_type": "market"
        if limit_price is None
        else {"limit": {"price_1e9": exact_1e9(limit_price, "limit_price")}},
        "quantity": "derived" if qty is None else {"fixed": {"qty_1e8": exact_1e8(qty)}},
        "execution": {name: value for name, value in execution.items() if value is not None},
    }
    if reduce_only:
        body["reduce_only"] = True
    if join is not None:
        body["join"] = join
    return body


def edge(
    from_node: str,
    to_node: str,
    trigger: str | Mapping[str, object] = "on_fill",
    *,
    edge_id: str | None = None,
    fill_ratio_gte: Amount | None = None,
    action: str | None = None,
    sizing: Mapping[str, object] | None = None,
) -> JsonObject:
    """A dependency: when `trigger` holds for `from_node`, `action` (activate) is done to the other.

    The server numbers edges without an id, so two edges between the same nodes do not collide.
    """
    body: JsonObject = {"from_node": from_node, "to_node": to_node, "trigger": trigger}
    if edge_id is not None:
        body["edge_id"] = edge_id
    if fill_ratio_gte is not None:
        body["condition"] = {"fill_ratio_gte": str(fill_ratio_gte)}
    if action is not None:
        body["action"] = action
    if sizing is not None:
        body["sizing"] = sizing
    return body


def graph_body(
    nodes: Sequence[Mapping[str, object]],
    edges: Sequence[Mapping[str, object]],
    *,
    graph_id: str | None,
    risk: Mapping[str, object] | None,
    metadata: Mapping[str, str] | None,
    sandbox: bool,
) -> JsonObject:
    """The body of `POST /v1/orders`; absent parts are not sent."""
    body: JsonObject = {"nodes": nodes, "edges": edges, "is_sandbox": sandbox}
    optional = {"graph_id": graph_id, "risk": risk, "metadata": metadata}
    return body | {name: value for name, value in optional.items() if value is not None}
