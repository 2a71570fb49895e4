"""Builders of graph shapes for crash tests: books, nodes, and what others do."""

from __future__ import annotations

from typing import Any

import msgspec

from engine.model.fees import FeeSchedule
from engine.model.graph import Edge, Graph, Node
from engine.model.instruments import Instrument, InstrumentType, Listing
from engine.model.native import NO_NATIVE_VERBS, NativeVerbs
from engine.model.risk import GraphRisk
from engine.model.units import Side
from tests.support.crash_world import Act, Press, Quote, Site
from tests.support.graphs import leg

__all__ = [
    "DOLLAR",
    "ONE",
    "PERP",
    "SPOT",
    "Shape",
    "drop_market",
    "eth",
    "pacing",
    "press",
    "price",
    "prints",
    "single",
    "timeout",
]

MS = 1_000_000
ONE = 10**8
DOLLAR = 10**9
SPOT, PERP = "ETH-USD", "ETH-USD-PERP"
LATENCY_NS = {"north": 5 * MS, "south": 8 * MS, "west": 12 * MS}


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """One case. `static` books are moved by nobody but us, so that every fill must be the same."""

    name: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...] = ()
    venues: tuple[str, ...] = ("north", "south")
    others: tuple[Quote | Press, ...] = ()
    acts: tuple[Act, ...] = ()
    static: bool = True

    on_failure: str = ""
    native: NativeVerbs = NO_NATIVE_VERBS

    @property
    def graph(self) -> Graph:
        risk = {"on_failure": {"action": self.on_failure}} if self.on_failure else None
        return Graph(
            nodes=self.nodes,
            edges=self.edges,
            graph_id=f"g_{self.name}",
            risk=msgspec.convert(risk, GraphRisk | None),
        )

    def sites(self) -> list[Site]:
        """Fresh venues: every life of one engine goes over the same ones."""
        plan = [quote for venue in self.venues for quote in ladder(venue)]
        return [
            Site(
                venue,
                [listing(venue, index)],
                LATENCY_NS[venue],
                [*plan, *self.others],
                self.native,
            )
            for index, venue in enumerate(self.venues)
        ]


def listing(venue: str, index: int) -> Listing:
    """ETH, a spot at north and south, a perp at west."""
    perp = venue == "west"
    symbol = PERP if perp else SPOT
    kind = InstrumentType.PERP if perp else InstrumentType.SPOT
    return Listing(
        venue=venue,
        venue_symbol=symbol,
        instrument=Instrument(symbol=symbol, type=kind, base="ETH", quote="USD"),
        venue_index=0 if perp else index,
        tick_1e9=DOLLAR // 10,
        lot_1e8=ONE // 1_000,
        qty_min_1e8=ONE // 1_000,
        notional_min_1e9=DOLLAR,
        fees=FeeSchedule(taker_ppm=1_000, maker_ppm=500),
        latency_prior_ns=LATENCY_NS[venue],
    )


def ladder(venue: str) -> list[Quote]:
    """Five rungs a side around 2,000, 0.5 each, and a floor far away."""
    symbol = PERP if venue == "west" else SPOT
    shift = {"north": 0, "south": 2, "west": 5}[venue] * DOLLAR // 10
    quotes = []
    for rung in range(5):
        away = DOLLAR + rung * DOLLAR // 2 + shift
        quotes.append(Quote(venue, symbol, Side.BUY, 2_000 * DOLLAR - away, ONE // 2))
        quotes.append(Quote(venue, symbol, Side.SELL, 2_000 * DOLLAR + away, ONE // 2))
    quotes.append(Quote(venue, symbol, Side.BUY, 1_985 * DOLLAR, 50 * ONE))
    quotes.append(Quote(venue, symbol, Side.SELL, 2_015 * DOLLAR, 50 * ONE))
    return quotes


def press(most: float, *, venue: str = "north", at_ms: int = 1_000, each: float = 0.4) -> Press:
    """Others take from what we have resting."""
    symbol = PERP if venue == "west" else SPOT
    return Press(venue, symbol, int(each * ONE), int(most * ONE), at_ms)


def eth(name: str, side: str = "buy", qty: float | None = 1.0, **fields: Any) -> Node:
    """A node of ETH; None derives the quantity."""
    symbol = fields.pop("symbol", SPOT)
    policy = fields.pop("policy", None)
    execution = fields.pop("execution", {})
    if policy is not None:
        execution = {"policy": policy, **execution}
    if qty is None:
        fields["quantity"] = "derived"
    elif "quantity" not in fields:
        fields["qty_1e8"] = int(qty * ONE)
    if symbol == PERP:
        fields["symbol"] = PERP
        node = leg(name, side, execution=execution, **fields)
        kind = msgspec.structs.replace(node.instrument, type=InstrumentType.PERP)
        return msgspec.structs.replace(node, instrument=kind)
    return leg(name, side, symbol=symbol, execution=execution, **fields)


def timeout(ms: int) -> dict[str, Any]:
    return {"on_timeout": {"ms": ms}}


def price(direction: str, dollars: float, source: str = "mid") -> dict[str, Any]:
    at = int(dollars * DOLLAR)
    return {"on_price": {"direction": direction, "price_1e9": at, "source": source}}


def drop_market(at_ms: int) -> tuple[Quote, ...]:
    """Somebody sells all bids down to the floor, at both venues, and offers lower."""
    return tuple(
        Quote(venue, SPOT, Side.SELL, 1_985 * DOLLAR + DOLLAR // 10, 40 * ONE, at_ms)
        for venue in ("north", "south")
    )


def single(name: str, *, static: bool = True, **fields: Any) -> Shape:
    """A graph of one node."""
    own = ("others", "acts", "venues", "native")
    extra = {key: fields.pop(key) for key in own if key in fields}
    return Shape(name=name, nodes=(eth("a", **fields),), static=static, **extra)


def pacing(**kind: Any) -> dict[str, Any]:
    return {"pacing": kind}


def prints() -> tuple[Quote, ...]:
    """Trades of others at south every 200 ms for some seconds, for paces that follow volume."""
    buys = []
    for step in range(100):
        at_ms = 300 + 200 * step
        ask = Quote("south", SPOT, Side.SELL, 2_000 * DOLLAR, 2 * ONE, at_ms)
        buys += [ask, msgspec.structs.replace(ask, side=Side.BUY)]
    return tuple(buys)
