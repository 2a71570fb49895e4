"""Short ways to make listings, markets, graphs and children for tests."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from actors.node_place import NodePlace
from engine.decisions.market import BookSlot, MarketBlock
from engine.decisions.market_tape import MarketTape
from engine.decisions.node_market import NodeMarket
from engine.decisions.policies.parameters import make_policy
from engine.kernels.delta_ring import DeltaRing
from engine.model.fees import FeeSchedule
from engine.model.graph import (
    Execution,
    FixedAmount,
    Graph,
    LimitOrder,
    LimitPrice,
    Node,
    NodeInstrument,
    Policy,
    Quantity,
)
from engine.model.instruments import Environment, Instrument, InstrumentType, Listing
from engine.model.native import NativeVerbs
from engine.model.orders import ChildOrder, RouteIntent, TimeInForce
from engine.model.risk import PreTradeRisk
from engine.model.units import Side
from engine.runtime.actor import ActorRef

BTC = Instrument(symbol="BTC-USD", type=InstrumentType.SPOT, base="BTC", quote="USD")
Level = tuple[int, int]
Books = dict[str, tuple[list[tuple[int, int]], list[tuple[int, int]]]]


def listing(venue: str = "alpha", index: int = 0, **changes: object) -> Listing:
    """A listing of BTC-USD with a fee of 10 bps, unless changed."""
    fields: dict[str, object] = {
        "venue": venue,
        "venue_symbol": "BTCUSD",
        "instrument": BTC,
        "venue_index": index,
        "tick_1e9": 10_000_000,
        "lot_1e8": 1_000,
        "qty_min_1e8": 1_000,
        "fees": FeeSchedule(taker_ppm=1_000),
    }
    return Listing(**(fields | changes))  # type: ignore[arg-type]  # a table of keywords


def market(books: Books, *, now_ns: int = 0, **changes: object) -> MarketBlock:
    """A healthy market: venue -> (bids, asks), levels as (price_1e9, qty_1e8)."""
    listings = [listing(venue, index, **changes) for index, venue in enumerate(books)]
    block = MarketBlock(BTC, listings, depth=64)
    for index, (bids, asks) in enumerate(books.values()):
        slot = block.slot(index)
        fill_slot(slot, bids, asks, now_ns)
    return block


def fill_slot(
    slot: BookSlot | None, bids: Sequence[Level], asks: Sequence[Level], now_ns: int = 0
) -> None:
    """Replace a slot's book and mark it healthy."""
    assert slot is not None
    ring = DeltaRing(4_096)
    rows = [(0, *level) for level in bids] + [(1, *level) for level in asks]
    start = ring.reserve(len(rows))
    if rows:
        ring.rows[start : start + len(rows)] = np.array(rows, np.int64)
    ring.commit(start, len(rows))
    moved = slot.replace(ring, start, len(rows))
    assert moved >= 0
    slot.mark_healthy(now_ns, now_ns, 1)


def node(
    qty_1e8: int = 10**8,
    *,
    side: str = "buy",
    limit_1e9: int | None = None,
    venue: str | None = None,
    symbol: str = "BTC-USD",
    policy: Policy = Policy.SOR,
    tif: TimeInForce = TimeInForce.GTC,
    **execution: object,
) -> Node:
    """A fixed-quantity node called `order`."""
    order_type = (
        "market" if limit_1e9 is None else LimitOrder(limit=LimitPrice(price_1e9=limit_1e9))
    )
    return Node(
        node_id="order",
        instrument=NodeInstrument(symbol=symbol, venue=venue),
        side=side,  # type: ignore[arg-type]  # tests pass wrong sides on purpose
        order_type=order_type,  # type: ignore[arg-type]  # a literal or a struct
        quantity=Quantity(fixed=FixedAmount(qty_1e8=qty_1e8)),
        execution=Execution(policy=policy, tif=tif, **execution),  # type: ignore[arg-type]  # keywords
    )


def graph(*nodes: Node, graph_id: str | None = None) -> Graph:
    """A graph without edges."""
    return Graph(nodes=nodes or (node(),), graph_id=graph_id)


def intent(**changes: object) -> RouteIntent:
    """A buy of 1 BTC for the router 1."""
    fields: dict[str, object] = {
        "owner_id": 7,
        "client_id": "alice",
        "environment": Environment.SANDBOX,
        "graph_id": "g",
        "graph_number": 1,
        "node_id": "order",
        "node_index": 0,
        "attempt": 1,
        "router_id": 1,
        "side": Side.BUY,
        "qty_1e8": 10**8,
        "limit_price_1e9": None,
        "worst_price_1e9": None,
        "tif": TimeInForce.IOC,
        "venue": None,
        "rest": False,
        "limits": None,
    }
    return RouteIntent(**(fields | changes))  # type: ignore[arg-type]  # a table of keywords


def child(
    qty_1e8: int = 10**8,
    *,
    number: int = 0,
    tif: TimeInForce = TimeInForce.IOC,
    side: Side = Side.BUY,
    price_1e9: int = 64_000 * 10**9,
    grant_id: int = 1,
) -> ChildOrder:
    """A child order at venue alpha."""
    name = f"xg1-1-0-1-{number}"
    return ChildOrder(name, grant_id, 7, number, listing(), side, qty_1e8, price_1e9, tif)


def pretrade(**limits: object) -> PreTradeRisk:
    """A graph's own pre-trade limits."""
    return PreTradeRisk(**limits)  # type: ignore[arg-type]  # a table of keywords


def node_place(
    block: MarketBlock,
    risk: ActorRef,
    router: ActorRef,
    journal: ActorRef,
    trades: dict[str, ActorRef],
    prices: dict[str, ActorRef] | None = None,
    native: dict[str, NativeVerbs] | None = None,
) -> NodePlace:
    """A place on this market between the given actors."""
    lot = min(listing.lot_1e8 for listing in block.listings)
    return NodePlace(
        block,
        NodeMarket(block, MarketTape(event=False), None),
        lot,
        block.instrument.multiplier_1e8,
        100,
        risk,
        router,
        journal,
        trades,
        prices or {},
        lambda node: make_policy(node.execution, limit=node.limit_price_1e9 is not None),
        native or {},
    )
