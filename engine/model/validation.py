"""Faults of a graph that its types cannot express: all in one answer, each with its path."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from engine.model.graph import Condition, Edge, Graph, Node, PriceTrigger, Trigger
from engine.model.graph_analysis import Shape, analyse, edge_id_of
from engine.model.risk import GraphRisk, Limits
from engine.model.units import INT64_MAX, parse_decimal

__all__ = ["Fault", "entry_price_node", "graph_faults", "is_identifier"]

Fault = tuple[str, str]

_IDENTIFIER = re.compile(r"[A-Za-z0-9_-]{1,64}")
# A published client cuts ids at the first colon and would then cancel a graph of this name.
_RESERVED_GRAPH_IDS = frozenset({"graph"})
_NOT_IDENTIFIER = "must be 1 to 64 letters, digits, '_' or '-'"
_POSITIVE = "must be positive and fit 64 bits"
_SYMBOL = "must be 1 to 256 characters"
HORIZON_MS_MAX = 86_400_000 * 30
_RATIO_MAX = 1_000
_METADATA_MAX = 65_536
_OFFSET_PCT_MIN, _OFFSET_PCT_MAX = -100, 1_000
# A decimal of the wire becomes an integer in 1e-9; more digits would be lost.
_DECIMALS_MAX = 9
_MONEY_MAX = INT64_MAX // 10**_DECIMALS_MAX


def is_identifier(text: str) -> bool:
    """Whether `text` may be a graph, node or edge id: 1 to 64 of letters, digits, `_`, `-`."""
    return _IDENTIFIER.fullmatch(text) is not None


def graph_faults(graph: Graph, limits: Limits) -> list[Fault]:
    """Every fault of the graph as (path, sentence); empty when it is well formed.

    What only the shape of the whole graph shows (a cycle that nothing starts) is looked for once
    nothing else is wrong.
    """
    faults: list[Fault] = []
    if graph.graph_id is not None:
        if not is_identifier(graph.graph_id):
            faults.append(("graph_id", _NOT_IDENTIFIER))
        elif graph.graph_id in _RESERVED_GRAPH_IDS:
            faults.append(("graph_id", f"{graph.graph_id!r} is reserved; choose another id"))
    faults.extend(_metadata_faults(graph.metadata or {}))
    if not graph.nodes:
        faults.append(("nodes", "a graph needs at least one node"))
    if len(graph.nodes) > limits.nodes_per_graph_max:
        faults.append(("nodes", f"at most {limits.nodes_per_graph_max} nodes are allowed"))
        return faults
    if len(graph.edges) > limits.edges_per_graph_max:
        faults.append(("edges", f"at most {limits.edges_per_graph_max} edges are allowed"))
        return faults
    shape = Shape(graph)
    for index, node in enumerate(graph.nodes):
        faults.extend(_node_faults(node, index, shape))
    faults.extend(_edge_id_faults(graph))
    for number, edge in enumerate(graph.edges):
        faults.extend(_edge_faults(edge, f"edges[{number}]", shape))
    if graph.risk is not None:
        faults.extend(_risk_faults(graph.risk))
    if graph.edges and not faults:
        faults.extend((one.path, one.text) for one in analyse(graph).errors)
    return faults


def entry_price_node(graph: Graph, edge: Edge, shape: Shape | None = None) -> int | None:
    """The node whose average price is the edge's `graph_entry_price`, None where none is.

    The source if it trades the trigger's symbol (or the trigger names none), else the one root
    that does. `shape` saves work where many edges of one graph are asked for.
    """
    trigger = edge.trigger
    if isinstance(trigger, str) or trigger.on_price is None:
        return None
    if trigger.on_price.reference != "graph_entry_price":
        return None
    symbol = trigger.on_price.symbol
    shape = shape or Shape(graph)
    source = shape.places.get(edge.from_node)
    if source is None:
        return None
    if symbol is None or graph.nodes[source].instrument.symbol == symbol:
        return source
    trading = [
        index
        for index, root in enumerate(shape.roots)
        if root and graph.nodes[index].instrument.symbol == symbol
    ]
    return trading[0] if len(trading) == 1 else None


def _metadata_faults(metadata: dict[str, str]) -> Iterator[Fault]:
    """Words of the client that could not be recorded: half a character, or far too many."""
    if sum(len(key) + len(text) for key, text in metadata.items()) > _METADATA_MAX:
        yield "metadata", f"at most {_METADATA_MAX} characters are allowed"
        return
    try:
        "".join([*metadata, *metadata.values()]).encode()
    except UnicodeEncodeError:
        yield "metadata", "holds what is no Unicode text"


def _node_faults(node: Node, index: int, shape: Shape) -> Iterator[Fault]:
    path = f"nodes[{index}]"
    if not is_identifier(node.node_id):
        yield f"{path}.node_id", _NOT_IDENTIFIER
    elif shape.places[node.node_id] != index:
        yield f"{path}.node_id", f"{node.node_id!r} is used twice"
    if not 1 <= len(node.instrument.symbol) <= 256:
        yield f"{path}.instrument.symbol", _SYMBOL
    activated = bool(shape.activating[shape.places[node.node_id]])
    if node.activation == "wait" and not activated:
        yield f"{path}.activation", "'wait' needs an activating edge that leads to the node"
    quantity = node.quantity
    if isinstance(quantity, str):
        if not activated:
            text = "'derived' needs an activating edge that leads to the node and sizes it"
            yield f"{path}.quantity", text
    else:
        if (quantity.fixed is None) == (quantity.notional is None):
            yield f"{path}.quantity", "needs exactly one of 'fixed' and 'notional'"
        if quantity.fixed is not None and not 0 < quantity.fixed.qty_1e8 <= INT64_MAX:
            yield f"{path}.quantity.fixed.qty_1e8", _POSITIVE
        if quantity.notional is not None and not 0 < quantity.notional.usd_1e9 <= INT64_MAX:
            yield f"{path}.quantity.notional.usd_1e9", _POSITIVE
    price = node.limit_price_1e9
    if price is not None and not 0 < price <= INT64_MAX:
        yield f"{path}.order_type.limit.price_1e9", _POSITIVE
    slippage = node.execution.max_slippage_bps
    if slippage is not None and not 0 <= slippage <= 10_000:
        yield f"{path}.execution.max_slippage_bps", "must be between 0 and 10000"
    horizon = node.execution.horizon_ms
    if horizon is not None and not 0 < horizon <= HORIZON_MS_MAX:
        yield f"{path}.execution.horizon_ms", "must be between 1 ms and 30 days"


def _edge_id_faults(graph: Graph) -> Iterator[Fault]:
    """Ids that are none, or that two edges would share; an absent one is made by `edge_id_of`."""
    made = {
        edge_id_of(graph, number): number
        for number, edge in enumerate(graph.edges)
        if edge.edge_id is None
    }
    seen: set[str] = set()
    for number, edge in enumerate(graph.edges):
        name = edge.edge_id
        if name is None:
            continue
        path = f"edges[{number}].edge_id"
        if not is_identifier(name):
            yield path, _NOT_IDENTIFIER
        elif name in seen:
            yield path, f"{name!r} is used twice"
        elif name in made:
            yield path, f"{name!r} is what edges[{made[name]}] without an id is called"
        seen.add(name)


def _edge_faults(edge: Edge, path: str, shape: Shape) -> Iterator[Fault]:
    for field, name in (("from_node", edge.from_node), ("to_node", edge.to_node)):
        if name not in shape.places:
            yield f"{path}.{field}", f"there is no node {name!r} in the graph"
    if edge.from_node == edge.to_node:
        yield f"{path}.to_node", "an edge leads from one node to another"
    gate = edge.condition or Condition()
    gte, lt = gate.fill_ratio_gte, gate.fill_ratio_lt
    if gte is not None and (text := _decimal_fault(gte, 0, 1, above=True)):
        yield f"{path}.condition.fill_ratio_gte", text
    if lt is not None and (text := _decimal_fault(lt, 0, 1)):
        yield f"{path}.condition.fill_ratio_lt", text
    if edge.trigger == "on_fill_ratio" and gte is None:
        text = "'on_fill_ratio' needs the ratio that it waits for"
        yield f"{path}.condition.fill_ratio_gte", text
    if edge.sizing is not None:
        if text := _decimal_fault(edge.sizing.ratio, 0, _RATIO_MAX, above=True):
            yield f"{path}.sizing.ratio", text
    if isinstance(edge.trigger, Trigger):
        yield from _trigger_faults(edge.trigger, edge, f"{path}.trigger", shape)


def _trigger_faults(trigger: Trigger, edge: Edge, path: str, shape: Shape) -> Iterator[Fault]:
    timeout, price = trigger.on_timeout, trigger.on_price
    if (timeout is None) == (price is None):
        yield path, "needs exactly one of 'on_timeout' and 'on_price'"
    if timeout is not None and not 0 <= timeout.ms <= HORIZON_MS_MAX:
        yield f"{path}.on_timeout.ms", "must be between 0 ms and 30 days"
    if price is None:
        return
    path = f"{path}.on_price"
    yield from _price_faults(price, path)
    known = edge.from_node in shape.places
    if price.reference is not None and known and entry_price_node(shape.graph, edge, shape) is None:
        text = (
            f"no entry price: {edge.from_node!r} does not trade {price.symbol!r}, "
            "and not exactly one root does; name the price with 'price_1e9'"
        )
        yield f"{path}.reference", text


def _price_faults(price: PriceTrigger, path: str) -> Iterator[Fault]:
    if price.symbol is not None and not 1 <= len(price.symbol) <= 256:
        yield f"{path}.symbol", _SYMBOL
    if (price.reference is None) == (price.price_1e9 is None):
        yield path, "needs exactly one of 'reference' and 'price_1e9'"
    if price.price_1e9 is not None and not 0 < price.price_1e9 <= INT64_MAX:
        yield f"{path}.price_1e9", _POSITIVE
    offset = price.offset_pct
    if offset is not None:
        if price.reference is None:
            yield f"{path}.offset_pct", "an offset is counted from a 'reference'"
        if text := _decimal_fault(offset, _OFFSET_PCT_MIN, _OFFSET_PCT_MAX, above=True):
            yield f"{path}.offset_pct", text
    if not 0 <= price.hold_ms <= HORIZON_MS_MAX:
        yield f"{path}.hold_ms", "must be between 0 ms and 30 days"


def _risk_faults(risk: GraphRisk) -> Iterator[Fault]:
    """Limits that are no numbers, or below zero; zero means that nothing is allowed."""
    for layer in ("admission", "pretrade", "runtime"):
        limits = getattr(risk, layer)
        for field in () if limits is None else limits.__struct_fields__:
            value, path = getattr(limits, field), f"risk.{layer}.{field}"
            if isinstance(value, Decimal):
                if text := _decimal_fault(value, 0, _MONEY_MAX):
                    yield path, text
            elif isinstance(value, int) and not 0 <= value <= INT64_MAX:
                yield path, "must not be negative and fit 64 bits"


def _decimal_fault(value: Decimal, low: int, high: int, *, above: bool = False) -> str:
    """What is wrong with a decimal between `low` and `high`; `above` leaves `low` itself out."""
    if not value.is_finite():
        return f"{value} is not a number"
    if not low <= value <= high or (above and value == low):
        return f"must be {'above' if above else 'at least'} {low} and at most {high}"
    try:
        parse_decimal(value, _DECIMALS_MAX)
    except ValueError as error:
        return str(error)
    return ""
