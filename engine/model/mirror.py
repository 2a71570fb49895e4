"""The NO side of an event contract, defined once: NO at p is the other side of YES at 1 - p.

Only the YES side is an instrument of the engine. A graph that names a NO side is rewritten before
it is submitted: sides flip, prices become 1 - p, and price triggers look the other way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

import msgspec

from engine.model.graph import (
    Edge,
    Graph,
    LimitOrder,
    LimitPrice,
    Node,
    NodeInstrument,
    PriceTrigger,
    Trigger,
)
from engine.model.instruments import InstrumentType

__all__ = [
    "PAYOFF_1E9",
    "Resolved",
    "display_side_price",
    "mirror_faults",
    "mirror_graph",
    "mirror_price",
]

PAYOFF_1E9 = 1_000_000_000
Source = Literal["mid", "bid", "ask", "last", "mark"]
SideText = Literal["buy", "sell"]
OTHER_SOURCE: dict[Source, Source] = {"bid": "ask", "ask": "bid"}
Fault = tuple[str, str]


class Resolved(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What a symbol that somebody gave means here.

    `symbol` is the engine's, `outcome` the side of an event contract, `mirrored` says that it is
    NO. `venue` and `token_id` are those of an event contract, None for anything else.
    """

    given: str
    symbol: str
    type: InstrumentType
    outcome: Literal["yes", "no"] | None = None
    mirrored: bool = False
    venue: str | None = None
    token_id: str | None = None


def mirror_price(price_1e9: int) -> int:
    """The price of the other side; its own inverse."""
    return PAYOFF_1E9 - price_1e9


def display_side_price(
    side: SideText, price_1e9: int | None, mirrored: bool
) -> tuple[SideText, int | None]:
    """Side and price as the client gave them, of an order or fill in YES terms; its own inverse.

    0 stays 0: it is the average price of what has no fill yet.
    """
    if not mirrored:
        return side, price_1e9
    return _other(side), mirror_price(price_1e9) if price_1e9 else price_1e9


def mirror_graph(graph: Graph, resolutions: Mapping[str, Resolved]) -> Graph:
    """The graph in symbols of the engine; the same object where nothing changes.

    `resolutions` by given symbol; a symbol that is not among them stays. What `mirror_faults`
    names cannot be mirrored and must have been refused.
    """
    nodes = [_node(node, resolutions) for node in graph.nodes]
    by_id = {node.node_id: node.instrument.symbol for node in graph.nodes}
    edges = [_edge(edge, by_id, resolutions) for edge in graph.edges]
    same_nodes = all(a is b for a, b in zip(nodes, graph.nodes, strict=True))
    same_edges = all(a is b for a, b in zip(edges, graph.edges, strict=True))
    if same_nodes and same_edges:
        return graph
    return msgspec.structs.replace(
        graph,
        nodes=graph.nodes if same_nodes else tuple(nodes),
        edges=graph.edges if same_edges else tuple(edges),
    )


def mirror_faults(graph: Graph, resolutions: Mapping[str, Resolved]) -> Iterator[Fault]:
    """What a NO side cannot say exactly in YES terms, as (path, sentence).

    A price beyond the payoff has no other side; USD of NO contracts are no fixed number of YES
    contracts; a percentage of a NO price is no percentage of the YES price.
    """
    for index, node in enumerate(graph.nodes):
        found = resolutions.get(node.instrument.symbol)
        if found is None or not found.mirrored:
            continue
        price = node.limit_price_1e9
        if price is not None and not 0 < price < PAYOFF_1E9:
            path = f"nodes[{index}].order_type.limit.price_1e9"
            yield path, "the price of an event contract lies between 0 and 1"
        if not isinstance(node.quantity, str) and node.quantity.notional is not None:
            text = "a NO order needs its size in contracts: use 'fixed'"
            yield f"nodes[{index}].quantity.notional", text
    by_id = {node.node_id: node.instrument.symbol for node in graph.nodes}
    for index, edge in enumerate(graph.edges):
        price_trigger = _on_price(edge)
        if price_trigger is None or not _is_mirrored(edge, price_trigger, by_id, resolutions):
            continue
        path = f"edges[{index}].trigger.on_price"
        level = price_trigger.price_1e9
        if level is not None and not 0 < level < PAYOFF_1E9:
            yield f"{path}.price_1e9", "the price of an event contract lies between 0 and 1"
        if price_trigger.offset_pct:
            text = "an offset from the entry price of a NO side is not supported; use 'price_1e9'"
            yield f"{path}.offset_pct", text


def _node(node: Node, resolutions: Mapping[str, Resolved]) -> Node:
    instrument = node.instrument
    found = resolutions.get(instrument.symbol)
    if found is None:
        return node
    if found.symbol != instrument.symbol or found.type is not instrument.type:
        meant = NodeInstrument(symbol=found.symbol, type=found.type, venue=instrument.venue)
        node = msgspec.structs.replace(node, instrument=meant)
    if not found.mirrored:
        return node
    order_type = node.order_type
    if isinstance(order_type, LimitOrder):
        mirrored = LimitPrice(price_1e9=mirror_price(order_type.limit.price_1e9))
        order_type = LimitOrder(limit=mirrored)
    return msgspec.structs.replace(node, side=_other(node.side), order_type=order_type)


def _edge(edge: Edge, by_id: Mapping[str, str], resolutions: Mapping[str, Resolved]) -> Edge:
    price = _on_price(edge)
    if price is None:
        return edge
    given = price.symbol
    found = resolutions.get(given) if given is not None else None
    symbol = given if found is None else found.symbol
    if not _is_mirrored(edge, price, by_id, resolutions):
        if symbol == given:
            return edge
        price = msgspec.structs.replace(price, symbol=symbol)
    else:
        level = price.price_1e9
        price = msgspec.structs.replace(
            price,
            symbol=symbol,
            direction="below" if price.direction == "above" else "above",
            price_1e9=None if level is None else mirror_price(level),
            source=OTHER_SOURCE.get(price.source, price.source),
        )
    trigger = edge.trigger
    assert isinstance(trigger, Trigger)
    trigger = msgspec.structs.replace(trigger, on_price=price)
    return msgspec.structs.replace(edge, trigger=trigger)


def _is_mirrored(
    edge: Edge, price: PriceTrigger, by_id: Mapping[str, str], resolutions: Mapping[str, Resolved]
) -> bool:
    """A trigger without a symbol watches the market of its reference, else of its target."""
    default = edge.to_node if price.reference is None else edge.from_node
    symbol = price.symbol if price.symbol is not None else by_id.get(default, "")
    found = resolutions.get(symbol)
    return found is not None and found.mirrored


def _on_price(edge: Edge) -> PriceTrigger | None:
    trigger = edge.trigger
    return None if isinstance(trigger, str) else trigger.on_price


def _other(side: SideText) -> SideText:
    return "sell" if side == "buy" else "buy"
