"""Graph shapes for crash tests, each with its books, its clients' commands and what others do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from engine.messages import GraphCommandKind
from engine.model.fees import FeeSchedule
from engine.model.graph import Edge, Graph, Node
from engine.model.instruments import Instrument, InstrumentType, Listing
from engine.model.risk import GraphRisk
from engine.model.terms import Terms
from engine.model.units import Side
from tests.support.crash_world import Act, Press, Quote, Site
from tests.support.graphs import edge, leg

__all__ = ["SHAPES", "Shape"]

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
            Site(venue, [listing(venue, index)], LATENCY_NS[venue], [*plan, *self.others])
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
    extra = {key: fields.pop(key) for key in ("others", "acts", "venues") if key in fields}
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


LIMIT_LOW = 1_999 * DOLLAR + DOLLAR // 2
RESTS = {"venue": "north"}


def singles() -> list[Shape]:
    """One node, every policy and pacing."""
    uniform = {"num_slices": 4, "interval_ms": 300}
    return [
        single("market", qty=2.2),
        single("market_small", qty=0.1, venue="south"),
        single("notional", quantity={"notional": {"usd_1e9": 1_500 * DOLLAR}}),
        single("sweep", qty=2.0, policy="ioc_sweep"),
        single("sweep_too_much", qty=4.0, policy="ioc_sweep", limit_1e9=2_002 * DOLLAR),
        single("fok", qty=1.5, execution={"tif": "FOK"}),
        single("ioc_limit", qty=3.0, limit_1e9=2_001_500_000_000, execution={"tif": "IOC"}),
        single("limit", limit_1e9=LIMIT_LOW, static=False, others=(press(1.0),), **RESTS),
        single(
            "limit_crossing",
            qty=1.4,
            limit_1e9=2_001_500_000_000,
            static=False,
            others=(press(9.0),),
            **RESTS,
        ),
        single("passive", policy="passive_limit", static=False, others=(press(9.0),), **RESTS),
        single("chase", policy="aggressive_chase", static=False, others=(press(0.5),)),
        single("ladder", policy="passive_ladder", static=False, others=(press(9.0),), **RESTS),
        single(
            "drip",
            policy="time_drip",
            static=False,
            others=(press(9.0),),
            execution={"horizon_ms": 40_000},
            **RESTS,
        ),
        single(
            "iceberg",
            policy="iceberg",
            limit_1e9=LIMIT_LOW,
            static=False,
            others=(press(9.0),),
            execution={"display_qty_1e8": ONE // 5},
            **RESTS,
        ),
        single("twap", qty=1.2, execution=pacing(uniform=uniform)),
        single("vwap", qty=1.2, static=False, others=prints(), execution=pacing(vwap=uniform)),
        single(
            "pov",
            qty=0.6,
            static=False,
            others=prints(),
            execution=pacing(pov={"participation_bps": 1_000, "interval_ms": 300}),
        ),
    ]


def graphs() -> list[Shape]:
    """Several nodes: every trigger, gate, sizing and action."""
    three = ("north", "south", "west")
    hedge = eth("b", "sell", None, symbol=PERP)
    crossing = press(1.0, at_ms=800, each=0.3)
    rest = eth("a", limit_1e9=LIMIT_LOW, **RESTS)
    stops = (
        eth("a", qty=0.8),
        eth("tp", "sell", 0.8, limit_1e9=2_020 * DOLLAR),
        eth("sl", "sell", 0.8),
    )
    bracket = (
        edge("a", "tp", trigger="on_first_fill"),
        edge("a", "sl", trigger=price("below", 1_995)),
        edge("tp", "sl", trigger="on_fill", action="reduce"),
        edge("sl", "tp", trigger="on_fill", action="reduce"),
    )
    return [
        Shape(
            name="hedge_half",
            nodes=(rest, eth("b", "sell", 0.5, symbol=PERP)),
            edges=(edge("a", "b", trigger="on_fill_ratio", condition={"fill_ratio_gte": "0.5"}),),
            venues=three,
            others=(crossing,),
            static=False,
        ),
        Shape(
            name="hedge_streaming",
            nodes=(rest, hedge),
            edges=(edge("a", "b", trigger="on_fill"),),
            venues=three,
            others=(crossing,),
            static=False,
        ),
        Shape(
            name="hedge_of_takes",
            nodes=(eth("a", qty=2.2), hedge),
            edges=(edge("a", "b", trigger="on_fill"),),
            venues=three,
        ),
        Shape(
            name="snapshot",
            nodes=(eth("a", qty=0.4, **RESTS), hedge),
            edges=(edge("a", "b", trigger="on_first_fill", sizing={"of": "snapshot"}),),
            venues=three,
        ),
        Shape(
            name="chain",
            nodes=(eth("a"), eth("b", "sell", None), eth("c", "buy", 0.3)),
            edges=(edge("a", "b"), edge("b", "c")),
        ),
        Shape(
            name="join_all",
            nodes=(
                eth("a", qty=0.7, venue="north"),
                eth("b", qty=0.6, venue="south"),
                eth("c", "sell", None, join="all"),
            ),
            edges=(edge("a", "c"), edge("b", "c")),
        ),
        Shape(
            name="escalate",
            nodes=(rest, eth("b", "buy", None)),
            edges=(
                edge(
                    "a",
                    "b",
                    trigger=timeout(3_000),
                    condition={"fill_ratio_lt": "1"},
                    sizing={"of": "unfilled"},
                ),
            ),
            others=(press(0.4, each=0.2),),
            static=False,
        ),
        Shape(
            name="stop",
            nodes=(eth("a", qty=0.8), eth("b", "sell", 0.8)),
            edges=(edge("a", "b", trigger=price("below", 1_995)),),
            others=drop_market(2_500),
            static=False,
        ),
        Shape(
            name="bracket_stopped",
            nodes=stops,
            edges=bracket,
            others=drop_market(2_500),
            static=False,
        ),
        Shape(
            name="bracket_taken",
            nodes=(stops[0], eth("tp", "sell", 0.8, limit_1e9=2_003 * DOLLAR, **RESTS), stops[2]),
            edges=bracket,
            others=(press(0.8, at_ms=2_000, each=0.3),),
            static=False,
        ),
        Shape(
            name="on_cancel",
            nodes=(rest, eth("b", qty=0.4)),
            edges=(edge("a", "b", trigger="on_cancel"),),
            acts=(Act(1_500, GraphCommandKind.CANCEL_NODE, "a"),),
        ),
        Shape(
            name="cancels_another",
            nodes=(eth("a", qty=0.4), eth("b", limit_1e9=1_990 * DOLLAR, **RESTS)),
            edges=(edge("a", "b", action="cancel"),),
        ),
        Shape(
            name="done_after_refusal",
            nodes=(
                eth("a", qty=0.4, limit_1e9=1_900 * DOLLAR, execution={"tif": "FOK"}),
                eth("b", qty=0.3),
            ),
            edges=(edge("a", "b", trigger="on_done"),),
        ),
        Shape(
            name="flattened",
            nodes=(
                eth("a", qty=0.4),
                eth("b", limit_1e9=1_990 * DOLLAR, **RESTS),
                # More than the account has: the venue refuses it for good.
                eth("c", qty=1_000_000.0, limit_1e9=1_990 * DOLLAR, **RESTS),
            ),
            edges=(edge("a", "c"),),
            venues=three,
            on_failure="flatten",
        ),
        Shape(
            name="cancelled_graph",
            nodes=(
                eth("a", qty=0.4),
                eth("b", limit_1e9=1_990 * DOLLAR, **RESTS),
                eth("c", qty=0.3),
            ),
            edges=(edge("a", "b"), edge("b", "c", trigger="on_cancel")),
            acts=(Act(3_000, GraphCommandKind.CANCEL),),
        ),
        Shape(
            name="accepted",
            nodes=(rest, eth("b", "sell", 0.4, symbol=PERP)),
            edges=(edge("a", "b", trigger="on_accepted"),),
            venues=three,
            others=(press(1.0, at_ms=1_000),),
            static=False,
        ),
    ]


def meddled() -> list[Shape]:
    """Graphs that their client pauses, cancels or amends."""
    rest = {"limit_1e9": LIMIT_LOW, **RESTS}
    pause, resume = GraphCommandKind.PAUSE, GraphCommandKind.RESUME
    larger = Terms(qty_1e8=ONE * 3 // 2)
    paced = pacing(uniform={"num_slices": 4, "interval_ms": 400})
    return [
        single(
            "paused",
            acts=(Act(1_000, pause), Act(2_000, resume)),
            static=False,
            others=(press(1.0, at_ms=3_000),),
            **rest,
        ),
        single("paused_twap", qty=1.2, acts=(Act(600, pause), Act(2_000, resume)), execution=paced),
        single(
            "cancelled",
            acts=(Act(6_000, GraphCommandKind.CANCEL),),
            static=False,
            others=(press(0.4, at_ms=800, each=0.2),),
            **rest,
        ),
        single(
            "amended",
            acts=(Act(1_000, GraphCommandKind.AMEND_NODE, "a", larger),),
            static=False,
            others=(press(9.0, at_ms=1_600),),
            **rest,
        ),
    ]


SHAPES: Sequence[Shape] = (*singles(), *graphs(), *meddled())
