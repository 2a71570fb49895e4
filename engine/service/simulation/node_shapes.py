"""Random nodes and risk layers: every quantity, price, policy, pacing, tif, horizon and venue."""

from __future__ import annotations

import random
from collections.abc import Sequence
from decimal import Decimal
from typing import Literal

from engine.model.graph import (
    Execution,
    FixedAmount,
    Graph,
    LimitOrder,
    LimitPrice,
    Node,
    NodeInstrument,
    NotionalAmount,
    Pacing,
    ParticipationPacing,
    Policy,
    Quantity,
    UniformPacing,
    Urgency,
    VolumePacing,
)
from engine.model.instruments import InstrumentType, Listing
from engine.model.orders import TimeInForce
from engine.model.risk import (
    AdmissionRisk,
    FailureRisk,
    GraphRisk,
    PreTradeRisk,
    RuntimeRisk,
)
from engine.model.units import QTY_SCALE, floor_to, notional_1e9
from venues.simulated.catalogue import STARTS_1E9, VENUE_PROFILES, depth_of

__all__ = [
    "DOLLAR_1E9",
    "draw_derived",
    "draw_execution",
    "draw_node",
    "draw_risk",
    "draw_simple_execution",
    "start_1e9",
    "venues_of",
]

Side = Literal["buy", "sell"]

BPS = 10_000
# A whole dollar is on every tick of the sandbox.
DOLLAR_1E9 = 10**9
SIDES: tuple[Side, ...] = ("buy", "sell")
AWAY_BPS = (-60, -10, -3, 0, 0, 3, 10, 60)
PATIENT = (
    Policy.PASSIVE_LIMIT,
    Policy.AGGRESSIVE_CHASE,
    Policy.PASSIVE_LADDER,
    Policy.TIME_DRIP,
    Policy.ICEBERG,
)
TIFS = (TimeInForce.GTC, TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK)


def draw_node(
    rng: random.Random,
    listing: Listing,
    listings: Sequence[Listing],
    name: str,
    *,
    simple: bool = False,
) -> Node:
    """A node with a quantity of its own; `simple` keeps it to the immediate policies."""
    pinned = rng.random() < 0.25
    lot = listing.lot_1e8 if pinned else finest_lot(listing, listings)
    qty = draw_qty(rng, listing, lot)
    quantity = Quantity(fixed=FixedAmount(qty_1e8=qty))
    if not simple and rng.random() < 0.12:
        usd = max(DOLLAR_1E9, notional_1e9(start_1e9(listing), qty))
        quantity = Quantity(notional=NotionalAmount(usd_1e9=usd))
    execution = draw_simple_execution(rng) if simple else draw_execution(rng, qty, lot)
    order_type = draw_order_type(rng, listing)
    if execution.policy is Policy.ICEBERG and order_type == "market":
        order_type = limit_at(listing, rng.choice(AWAY_BPS))
    return Node(
        node_id=name,
        instrument=instrument_of(listing, pinned=pinned),
        side=rng.choice(SIDES),
        order_type=order_type,
        quantity=quantity,
        execution=execution,
    )


def draw_derived(
    rng: random.Random, listing: Listing, listings: Sequence[Listing], name: str, side: Side
) -> Node:
    """A node whose quantity comes over its edges."""
    lot = finest_lot(listing, listings)
    execution = draw_simple_execution(rng)
    if rng.random() < 0.3:
        execution = draw_execution(rng, touch_qty(listing), lot, paced=False)
    order_type = draw_order_type(rng, listing)
    if execution.policy is Policy.ICEBERG and order_type == "market":
        order_type = limit_at(listing, rng.choice(AWAY_BPS))
    return Node(
        node_id=name,
        instrument=instrument_of(listing, pinned=rng.random() < 0.15),
        side=side,
        order_type=order_type,
        quantity="derived",
        execution=execution,
        reduce_only=rng.random() < 0.05 and listing.instrument.type is InstrumentType.PERP,
    )


BELOW_MINIMUM_SHARE = 0.1


def instrument_of(listing: Listing, *, pinned: bool) -> NodeInstrument:
    """The instrument of a listing, at its venue alone if pinned."""
    instrument = listing.instrument
    venue = listing.venue if pinned else None
    return NodeInstrument(symbol=instrument.symbol, type=instrument.type, venue=venue)


def draw_qty(rng: random.Random, listing: Listing, lot_1e8: int) -> int:
    """From about the minimum, rarely below it, to more than all books hold; on the lot.

    A graph with an order below every minimum is refused as a whole, so that few have one.
    """
    touch, money = touch_qty(listing), listing.notional_min_1e9
    small = max(listing.qty_min_1e8, 2 * money * QTY_SCALE // start_1e9(listing))
    qty = rng.choice(
        (
            small // 2 if rng.random() < BELOW_MINIMUM_SHARE else small,
            small * rng.randrange(1, 20),
            touch * rng.randrange(1, 300) // 100,
            touch * rng.randrange(3, 60),
            touch * 2_000,
        )
    )
    return max(lot_1e8, floor_to(qty, lot_1e8))


def draw_order_type(rng: random.Random, listing: Listing) -> Literal["market"] | LimitOrder:
    """Market, or a limit from far behind to far beyond the market."""
    return "market" if rng.random() < 0.5 else limit_at(listing, rng.choice(AWAY_BPS))


def limit_at(listing: Listing, away_bps: int) -> LimitOrder:
    """A limit so far from where the coin starts."""
    price = floor_to(start_1e9(listing) * (BPS + away_bps) // BPS, DOLLAR_1E9)
    return LimitOrder(limit=LimitPrice(price_1e9=price))


def draw_simple_execution(rng: random.Random) -> Execution:
    """An immediate policy with any tif, urgency, slippage and horizon."""
    return Execution(
        policy=rng.choice((Policy.SOR, Policy.SOR, Policy.IOC_SWEEP)),
        tif=rng.choice(TIFS),
        urgency=rng.choice(tuple(Urgency)),
        max_slippage_bps=rng.choice((None, None, 5, 50)),
        horizon_ms=rng.choice((None, None, 200, 2_000, 8_000)),
    )


def draw_execution(
    rng: random.Random, qty_1e8: int, lot_1e8: int, *, paced: bool = True
) -> Execution:
    """Any policy; a fifth of those that may be are paced."""
    if rng.random() < 0.4:
        return draw_simple_execution(rng)
    urgency = rng.choice(tuple(Urgency))
    slippage = rng.choice((None, None, 5, 50))
    horizon = rng.choice((None, 1_000, 2_000, 8_000))
    if paced and rng.random() < 0.35:
        return Execution(
            policy=rng.choice((Policy.SOR, Policy.IOC_SWEEP)),
            urgency=urgency,
            max_slippage_bps=slippage,
            pacing=draw_pacing(rng),
        )
    policy = rng.choice(PATIENT)
    display = None
    if policy is Policy.ICEBERG:
        display = max(lot_1e8, floor_to(qty_1e8 // rng.choice((2, 5, 10)), lot_1e8))
    return Execution(
        policy=policy,
        urgency=urgency,
        max_slippage_bps=slippage,
        horizon_ms=horizon,
        display_qty_1e8=display,
    )


def draw_pacing(rng: random.Random) -> Pacing:
    """One of the three pacings, short enough for a run."""
    slices, interval_ms = rng.randrange(2, 6), rng.choice((200, 500, 1_000))
    kind = rng.randrange(3)
    if kind == 0:
        return Pacing(uniform=UniformPacing(num_slices=slices, interval_ms=interval_ms))
    if kind == 1:
        return Pacing(vwap=VolumePacing(num_slices=slices, interval_ms=interval_ms))
    share = rng.choice((100, 1_000, 5_000))
    return Pacing(pov=ParticipationPacing(participation_bps=share, interval_ms=interval_ms))


def draw_risk(rng: random.Random, graph: Graph, listings: Sequence[Listing]) -> GraphRisk:
    """Some of the four layers; now and then so tight that they refuse or stop the graph."""
    admission = pretrade = runtime = failure = None
    if rng.random() < 0.5:
        admission = AdmissionRisk(
            max_notional_usd=rng.choice((None, Decimal(1_000_000_000), Decimal(50_000))),
            max_nodes=rng.choice((None, len(graph.nodes), 64)),
            allowed_venues=rng.choice((None, venues_of(listings))),
        )
    if rng.random() < 0.4:
        pretrade = PreTradeRisk(
            max_order_notional_usd=rng.choice((None, Decimal(10_000_000), Decimal(20_000))),
            max_price_deviation_bps=rng.choice((None, 20, 1_000)),
            max_quote_age_ms=rng.choice((None, 500, 10_000)),
        )
    if rng.random() < 0.6:
        runtime = RuntimeRisk(
            max_loss_usd=rng.choice((None, Decimal(5), Decimal(100_000))),
            max_unhedged_qty=rng.choice((None, Decimal("0.5"), Decimal(1_000_000))),
            max_unhedged_ms=rng.choice((None, 200, 5_000)),
        )
    if rng.random() < 0.7:
        failure = FailureRisk(action=rng.choice(("cancel_all", "pause", "continue", "flatten")))
    return GraphRisk(admission=admission, pretrade=pretrade, runtime=runtime, on_failure=failure)


def venues_of(listings: Sequence[Listing]) -> tuple[str, ...]:
    """The venues that list anything, sorted."""
    return tuple(sorted({one.venue for one in listings}))


def finest_lot(listing: Listing, listings: Sequence[Listing]) -> int:
    """The smallest lot of an instrument over its venues."""
    symbol = listing.instrument.symbol
    return min(one.lot_1e8 for one in listings if one.instrument.symbol == symbol)


def start_1e9(listing: Listing) -> int:
    """Where the coin of a listing starts."""
    return STARTS_1E9[listing.instrument.base]


def touch_qty(listing: Listing) -> int:
    """Usual size at the touch of a listing's book."""
    (profile,) = (one for one in VENUE_PROFILES if one.name == listing.venue)
    return depth_of(profile, listing).qty_1e8
