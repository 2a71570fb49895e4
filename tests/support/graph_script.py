"""Graphs as the wire writes them, and one-line steps that a table may play on a graph's world."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.messages import GraphCommandKind
from engine.model.units import PRICE_SCALE, format_qty, qty_1e8
from engine.model.units import price_1e9 as to_price
from engine.service.graph_view import NodeState
from tests.support.graph_world import EVENT, KALSHI, GraphWorld

__all__ = ["PERP", "SPOT", "below_entry", "edge", "graph", "node", "play", "shown"]

SPOT, PERP = "ETH-USD", "ETH-USD-PERP"


def play(world: GraphWorld, graph_id: str, step: str) -> None:
    """One step: `wait 500` (ms), `fill 2` (of what rests to buy spot at 2324.00), `mid 2200`
    (the spot market's), `cancel spot` (a node), `pause`, `resume` or `cancel` (the graph)."""
    verb, _, word = step.partition(" ")
    if verb == "wait":
        world.run(int(word))
    elif verb == "fill":
        world.trade("binance", SPOT, "sell", word, "2324.00")
        world.run(500)
    elif verb == "mid":
        middle = int(word)
        world.quote("binance", SPOT, f"{middle - 1}.50", f"{middle}.50")
        world.run(500)
    elif verb == "cancel" and word:
        world.command(
            graph_id, GraphCommandKind.CANCEL_NODE, word, reason="cancelled by the client"
        )
        world.run(500)
    else:
        world.command(graph_id, GraphCommandKind[verb.upper()], reason=word)
        world.run(500)


def shown(state: NodeState) -> str:
    """A node in short: `executing 2/5` for two filled of five."""
    filled, target = format_qty(state.filled_qty_1e8), format_qty(state.target_qty_1e8)
    return f"{state.status} {filled}/{target}"


def below_entry(pct: float = -5.0, **fields: Any) -> dict[str, Any]:
    """The reference's own price trigger."""
    price = {
        "symbol": SPOT,
        "direction": "below",
        "reference": "graph_entry_price",
        "offset_pct": pct,
    }
    return {"on_price": price | fields}


def node(
    node_id: str,
    side: str = "buy",
    qty: str | None = "1",
    *,
    symbol: str = "ETH-USD",
    price: str | None = None,
    activation: str | None = "root",
    venue: str | None = None,
    kind: str = "",
    usd: int = 0,
    **fields: Any,
) -> dict[str, Any]:
    """A node as the wire writes it; `qty` None is derived; `policy` etc. go to its execution."""
    execution = {
        key: fields.pop(key)
        for key in ("policy", "urgency", "max_slippage_bps", "horizon_ms", "tif", "pacing")
        if key in fields
    }
    if "display_qty_1e8" in fields:
        execution["display_qty_1e8"] = fields.pop("display_qty_1e8")
    plain: dict[str, Any] = {
        "node_id": node_id,
        "instrument": {"symbol": symbol, "type": kind or type_of(symbol), "venue": venue},
        "side": side,
        "order_type": "market" if price is None else limit(price),
        "quantity": "derived" if qty is None else {"fixed": {"qty_1e8": qty_1e8(qty)}},
        "execution": execution,
    }
    if usd:
        plain["quantity"] = {"notional": {"usd_1e9": usd * PRICE_SCALE}}
    if activation is not None:
        plain["activation"] = activation
    return plain | fields


def limit(price: str) -> dict[str, Any]:
    """A limit order type of the wire."""
    return {"limit": {"price_1e9": to_price(price)}}


def type_of(symbol: str) -> str:
    """Which kind of instrument a symbol of these worlds is."""
    if symbol in (EVENT, KALSHI):
        return "prediction"
    return "perp" if symbol.endswith("-PERP") else "spot"


def edge(
    edge_id: str, source: str, target: str, trigger: str | dict[str, Any], **fields: Any
) -> dict[str, Any]:
    """An edge as the wire writes it."""
    plain = {"edge_id": edge_id, "from_node": source, "to_node": target, "trigger": trigger}
    return plain | fields


def graph(
    nodes: Sequence[dict[str, Any]], edges: Sequence[dict[str, Any]] = (), **fields: Any
) -> dict[str, Any]:
    """A whole graph as the wire writes it."""
    return {"nodes": list(nodes), "edges": list(edges), "is_sandbox": False} | fields
