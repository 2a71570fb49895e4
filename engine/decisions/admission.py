"""What a submitted graph means on the instruments we list: sizes, grids, worst-case money."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from engine.decisions.market import MarketBlock
from engine.decisions.market_facts import taken_touch_1e9
from engine.decisions.placeable import best_price_1e9, off_lot_text, price_bound_fault
from engine.decisions.risk import Denial
from engine.errors import Reason
from engine.model.graph import Graph, Node
from engine.model.instruments import Listing
from engine.model.risk import AccountLimits
from engine.model.units import (
    PRICE_SCALE,
    Side,
    ceil_to,
    floor_to,
    format_price,
    notional_1e9,
    parse_side,
    snap,
)

__all__ = [
    "InstrumentHandle",
    "ResolvedNode",
    "admission_denial",
    "resolve_node",
    "worst_notional_1e9",
]


class InstrumentHandle(msgspec.Struct, frozen=True):
    """One traded instrument as the engine knows it."""

    symbol: str
    listings: tuple[Listing, ...]
    market: MarketBlock
    router_id: int


class ResolvedNode(msgspec.Struct, frozen=True):
    """A node bound to its instrument, with its quantity on the lot; 0 where it is not fixed."""

    node: Node
    handle: InstrumentHandle
    side: Side
    qty_1e8: int


Fault = tuple[str, str]


def resolve_node(
    node: Node, path: str, instruments: Mapping[str, InstrumentHandle]
) -> ResolvedNode | Sequence[Fault]:
    """The node on its instrument, or every fault that the listings know of.

    Quantities within one unit of a lot are snapped, as clients truncate floats; anything else
    off the grid is refused with the nearest values that fit.
    """
    handle = instruments.get(node.instrument.symbol)
    if handle is None:
        known = ", ".join(sorted(instruments)[:8])
        text = f"symbol {node.instrument.symbol!r} is not listed; known are {known}"
        return ((f"{path}.instrument.symbol", text),)
    listings = handle.listings
    pinned = node.instrument.venue
    if pinned is not None:
        listings = tuple(one for one in listings if one.venue == pinned)
        if not listings:
            venues = ", ".join(one.venue for one in handle.listings)
            text = f"{handle.symbol} is not listed on {pinned!r}; it is on {venues}"
            return ((f"{path}.instrument.venue", text),)
    faults: list[Fault] = []
    qty = node.fixed_qty_1e8
    # From a list: a generator costs twice as much, on the way of every order.
    lot = min([one.lot_1e8 for one in listings])
    snapped = 0 if qty is None else snap(qty, lot)
    if qty is not None and (snapped is None or snapped <= 0):
        at = best_price_1e9(handle.market, parse_side(node.side), node.limit_price_1e9)
        text = off_lot_text(listings, qty, at)
        faults.append((f"{path}.quantity.fixed.qty_1e8", text))
    price = node.limit_price_1e9
    if price is not None:
        tick = min(one.tick_1e9 for one in listings)
        if price % tick:
            near = f"{format_price(floor_to(price, tick))} or {format_price(ceil_to(price, tick))}"
            text = (
                f"{format_price(price)} is off the tick of {format_price(tick)}; nearest are {near}"
            )
            faults.append((f"{path}.order_type.limit.price_1e9", text))
        elif text := price_bound_fault(listings, price):
            faults.append((f"{path}.order_type.limit.price_1e9", text))
    if faults:
        return faults
    assert snapped is not None
    return ResolvedNode(node, handle, parse_side(node.side), snapped)


def worst_notional_1e9(nodes: Sequence[ResolvedNode], collar_bps: int | None) -> int:
    """Money of the larger side, every node at its limit, or at touch plus cap for a market one.

    Offsetting legs do not add up: all buys or all sells, whichever is more.
    """
    sides = [0, 0]
    for one in nodes:
        price = one.node.limit_price_1e9
        if price is None:
            touch = taken_touch_1e9(one.handle.market, one.side)
            cap = one.node.execution.max_slippage_bps
            bps = cap if cap is not None else collar_bps or 0
            price = touch * (10_000 + (bps if one.side is Side.BUY else 0)) // 10_000
        sides[one.side] += notional_1e9(price, one.qty_1e8)
    return max(sides)


def admission_denial(
    graph: Graph, worst_notional_1e9: int, account_limits: AccountLimits
) -> Denial | None:
    """The admission layer: limits of the account and of the graph itself, checked at submit."""
    cap = account_limits.graph_notional_max_usd
    if cap is not None and worst_notional_1e9 > cap * PRICE_SCALE:
        return Denial(Reason.NOTIONAL_LIMIT, f"the graph's notional is above {cap} USD")
    own = graph.risk.admission if graph.risk is not None else None
    if own is None:
        return None
    if own.max_nodes is not None and len(graph.nodes) > own.max_nodes:
        return Denial(Reason.INVALID_GRAPH, f"the graph has more than {own.max_nodes} nodes")
    if own.allowed_venues is not None:
        for node in graph.nodes:
            pinned = node.instrument.venue
            if pinned is not None and pinned not in own.allowed_venues:
                return Denial(Reason.BAD_VENUE, f"venue {pinned!r} is not allowed by the graph")
    if own.max_notional_usd is not None:
        if worst_notional_1e9 > own.max_notional_usd * PRICE_SCALE:
            text = f"the graph's notional is above {own.max_notional_usd} USD"
            return Denial(Reason.NOTIONAL_LIMIT, text)
    return None
