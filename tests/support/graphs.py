"""Short ways to write graphs of several nodes for tests."""

from __future__ import annotations

from typing import Any

import msgspec

from engine.model.graph import Edge, Graph, Node
from engine.model.intake import with_decimals

__all__ = ["edge", "graph_of_edges", "leg"]


def leg(node_id: str, side: str = "buy", **fields: Any) -> Node:
    """A node of BTC-USD for 1.0, as the wire would write it."""
    plain: dict[str, Any] = {
        "node_id": node_id,
        "instrument": {"symbol": fields.pop("symbol", "BTC-USD")},
        "side": side,
        "quantity": {"fixed": {"qty_1e8": 10**8}},
    }
    if "limit_1e9" in fields:
        plain["order_type"] = {"limit": {"price_1e9": fields.pop("limit_1e9")}}
    if "venue" in fields:
        plain["instrument"]["venue"] = fields.pop("venue")
    if "qty_1e8" in fields:
        plain["quantity"] = {"fixed": {"qty_1e8": fields.pop("qty_1e8")}}
    return msgspec.convert(with_decimals(plain | fields), Node)


def edge(source: str, target: str, **fields: Any) -> Edge:
    """An edge, on a full fill unless it says otherwise."""
    plain = {"from_node": source, "to_node": target, "trigger": "on_full_fill"}
    return msgspec.convert(with_decimals(plain | fields), Edge)


def graph_of_edges(*edges: Edge, **fields: Any) -> Graph:
    """The graph that these edges span: sources trade fixed amounts, all others derived ones."""
    names = sorted({name for one in edges for name in (one.from_node, one.to_node)})
    targets = {one.to_node for one in edges}
    nodes = tuple(
        leg(name, "sell", quantity="derived") if name in targets else leg(name) for name in names
    )
    return Graph(nodes=nodes, edges=edges, **fields)
