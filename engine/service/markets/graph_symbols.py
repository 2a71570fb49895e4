"""A graph before it is submitted: symbols resolved, NO sides mirrored, truncated floats mended.

What the client gave is kept beside it, under one key of the graph's metadata, so that answers can
show an order on a NO side the way it was placed.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from engine.decisions.admission import InstrumentHandle
from engine.model.graph import FixedAmount, Graph, LimitOrder, LimitPrice, Node, Quantity
from engine.model.instruments import InstrumentType
from engine.model.mirror import Resolved, mirror_faults, mirror_graph
from engine.model.units import snap
from engine.service.api_error import ApiError, ErrorCode
from engine.service.markets.resolve import Resolver

__all__ = [
    "GIVEN_KEY",
    "METADATA_MAX",
    "Given",
    "GraphSymbols",
    "given_symbols",
    "grids_of",
    "snap_graph",
]

GIVEN_KEY = "execgraph.given"
METADATA_MAX = 65_536
LOOKUPS_MAX = 64
Grids = Mapping[tuple[str, str | None], tuple[int, int]]
"""Lot (1e-8) and tick (1e-9) by symbol and pinned venue; None is the finest of all venues."""


class Given(msgspec.Struct, frozen=True, gc=False):
    """The symbol of a node as the client gave it; `mirrored` says that it is a NO side."""

    symbol: str
    mirrored: bool = False


class GraphSymbols:
    """Resolution of whole graphs. A graph of plain engine symbols passes untouched."""

    __slots__ = ("_grids", "_resolver", "_types")

    def __init__(self, resolver: Resolver, symbols: Mapping[str, InstrumentHandle]) -> None:
        self._resolver = resolver
        self._types = {name: one.type for name, one in resolver.plain.items() if name == one.symbol}
        self._grids = grids_of(symbols)

    async def prepare(self, graph: Graph) -> Graph:
        """`canonical`, then `snap`: what a door does before it submits."""
        return snap_graph(await self.canonical(graph), self._grids)

    async def canonical(self, graph: Graph) -> Graph:
        """The graph in the engine's own symbols and types; the same object where it is so already.

        A symbol that nobody lists is left as it is: validation names it together with all other
        faults. ApiError VALIDATION_ERROR with every fault that only resolution can see.
        """
        types = self._types
        for node in graph.nodes:
            instrument = node.instrument
            if types.get(instrument.symbol) is not instrument.type:
                return await self._resolved(graph)
        for edge in graph.edges:
            trigger = edge.trigger
            if isinstance(trigger, str) or trigger.on_price is None:
                continue
            symbol = trigger.on_price.symbol
            if symbol is not None and symbol not in types:
                return await self._resolved(graph)
        if graph.metadata is not None and GIVEN_KEY in graph.metadata:
            return await self._resolved(graph)
        return graph

    def snap(self, graph: Graph) -> Graph:
        """`snap_graph` on the grids of this engine."""
        return snap_graph(graph, self._grids)

    async def _resolved(self, graph: Graph) -> Graph:
        found: dict[str, Resolved] = {}
        faults: list[tuple[str, str]] = []
        tried: set[str] = set()
        lookups = 0
        for path, symbol, venue in _symbols_of(graph):
            if symbol in tried:
                continue
            tried.add(symbol)
            lookups += symbol not in self._resolver.plain
            if lookups > LOOKUPS_MAX:
                # Each may cost calls to a venue's catalogue; a graph must not cause thousands.
                text = f"a graph names at most {LOOKUPS_MAX} symbols that must be looked up"
                faults.append((path, text))
                break
            try:
                found[symbol] = await self._resolver.resolve(symbol, venue)
            except ApiError as error:
                if error.code is ErrorCode.VALIDATION_ERROR:
                    faults.extend([(path, text) for _, text in error.details])
                elif error.code is not ErrorCode.NOT_FOUND:
                    raise
        faults.extend(_type_faults(graph, found))
        faults.extend(mirror_faults(graph, found))
        if GIVEN_KEY in (graph.metadata or {}):
            faults.append((f"metadata.{GIVEN_KEY}", "this key is the engine's own; use another"))
        if faults:
            raise ApiError(ErrorCode.VALIDATION_ERROR, faults[0][1], faults)
        return _with_given(mirror_graph(graph, found), graph, found)


def snap_graph(graph: Graph, lots_ticks: Grids) -> Graph:
    """The graph with quantities and limit prices that are one unit beside the grid put onto it.

    Clients that truncate floats send 28999999 for 0.29. Whatever is further off stays, for
    validation to refuse; so does what has no grid. The same object where nothing changes.
    """
    changed: dict[int, Node] = {}
    for index, node in enumerate(graph.nodes):
        grid = lots_ticks.get((node.instrument.symbol, node.instrument.venue))
        if grid is None:
            continue
        lot, tick = grid
        qty, price = node.fixed_qty_1e8, node.limit_price_1e9
        if qty is not None and qty % lot:
            fits = snap(qty, lot)
            if fits:
                size = Quantity(fixed=FixedAmount(qty_1e8=fits))
                changed[index] = node = msgspec.structs.replace(node, quantity=size)
        if price is not None and price % tick:
            fits = snap(price, tick)
            if fits:
                limit = LimitOrder(limit=LimitPrice(price_1e9=fits))
                changed[index] = msgspec.structs.replace(node, order_type=limit)
    if not changed:
        return graph
    nodes = tuple(changed.get(index, node) for index, node in enumerate(graph.nodes))
    return msgspec.structs.replace(graph, nodes=nodes)


def grids_of(
    symbols: Mapping[str, InstrumentHandle],
) -> dict[tuple[str, str | None], tuple[int, int]]:
    """The grid of every symbol, on each of its venues and over all of them.

    Over all it is the coarsest lot and the finest tick: nobody means one unit less than a lot
    that all venues trade, though one of them would take it.
    """
    grids: dict[tuple[str, str | None], tuple[int, int]] = {}
    for name, handle in symbols.items():
        lots = [one.lot_1e8 for one in handle.listings]
        ticks = [one.tick_1e9 for one in handle.listings]
        grids[name, None] = max(lots), min(ticks)
        for one in handle.listings:
            grids[name, one.venue] = one.lot_1e8, one.tick_1e9
    return grids


def given_symbols(metadata: Mapping[str, str] | None) -> dict[str, Given]:
    """By node id, the symbols that were given otherwise than the engine calls them."""
    text = (metadata or {}).get(GIVEN_KEY)
    if text is None:
        return {}
    try:
        return msgspec.json.decode(text, type=dict[str, Given])
    except msgspec.DecodeError:
        # A host that submits by itself may have put anything there.
        return {}


def _symbols_of(graph: Graph) -> list[tuple[str, str, str | None]]:
    """Path, symbol and pinned venue of everything in the graph that names a symbol."""
    named: list[tuple[str, str, str | None]] = []
    for index, node in enumerate(graph.nodes):
        instrument = node.instrument
        named.append((f"nodes[{index}].instrument.symbol", instrument.symbol, instrument.venue))
    for index, edge in enumerate(graph.edges):
        trigger = edge.trigger
        if isinstance(trigger, str) or trigger.on_price is None:
            continue
        symbol = trigger.on_price.symbol
        if symbol is not None:
            named.append((f"edges[{index}].trigger.on_price.symbol", symbol, None))
    return named


def _type_faults(graph: Graph, found: Mapping[str, Resolved]) -> list[tuple[str, str]]:
    """Types that contradict the symbol. `spot` is what clients send when they do not know, and
    an event contract is one whatever it was called."""
    faults: list[tuple[str, str]] = []
    for index, node in enumerate(graph.nodes):
        stated, meant = node.instrument.type, found.get(node.instrument.symbol)
        if meant is None or meant.type in (stated, InstrumentType.PREDICTION):
            continue
        if stated is not InstrumentType.SPOT:
            text = f"{node.instrument.symbol} is {meant.type.value}, not {stated.value}"
            faults.append((f"nodes[{index}].instrument.type", text))
    return faults


def _with_given(graph: Graph, original: Graph, found: Mapping[str, Resolved]) -> Graph:
    """The graph with the given symbols in its metadata, where they differ.

    Without them a NO order would be shown, and amended, as the opposite one: a graph whose own
    metadata leaves them no room is refused.
    """
    given: dict[str, Given] = {}
    for node in original.nodes:
        meant = found.get(node.instrument.symbol)
        if meant is not None and meant.symbol != node.instrument.symbol:
            given[node.node_id] = Given(node.instrument.symbol, meant.mirrored)
    if not given:
        return graph
    metadata = {**(original.metadata or {}), GIVEN_KEY: msgspec.json.encode(given).decode()}
    over = sum(len(key) + len(text) for key, text in metadata.items()) - METADATA_MAX
    if over > 0:
        text = (
            "the engine keeps how its symbols were given in the metadata too; "
            f"make yours {over} characters shorter, or split the graph"
        )
        raise ApiError(ErrorCode.VALIDATION_ERROR, text, [("metadata", text)])
    return msgspec.structs.replace(graph, metadata=metadata)
