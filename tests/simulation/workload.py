"""What one seed draws: venues, faults, mailbox sizes, and who submits and cancels what, when.

A swarm: each seed switches on its own few kinds of trouble, so that no two seeds search the same
corner, and none is so broken that nothing trades.
"""

from __future__ import annotations

import random
from typing import Literal

import msgspec

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
    Urgency,
)
from engine.model.instruments import InstrumentType, Listing
from engine.model.orders import TimeInForce
from engine.model.units import floor_to
from venues.simulated.catalogue import STARTS_1E9, VENUE_PROFILES, depth_of, sandbox_listings
from venues.simulated.exchange import ExchangeConfig
from venues.simulated.faults import FaultRates

__all__ = ["DiskDraw", "Submission", "Swarm", "VenueDraw", "draw_swarm"]

MS = 1_000_000
S = 1_000_000_000
SAFETY_NS = 6 * S
SPOT = ("BTC-USD", "ETH-USD", "SOL-USD")


class VenueDraw(msgspec.Struct, frozen=True):
    """One venue of a swarm; `listings` carry the venue indices of this swarm."""

    name: str
    latency_ns: int
    config: ExchangeConfig
    listings: tuple[Listing, ...]
    rates: FaultRates


class DiskDraw(msgspec.Struct, frozen=True):
    """How the journal's disk behaves; `fails_ns` is from when to when it is full."""

    commit_ns: int
    groups_max: int
    fails_ns: tuple[int, int]


class Submission(msgspec.Struct, frozen=True):
    """A graph, when it is submitted, and when (if ever) its client cancels it."""

    at_ns: int
    client_id: str
    graph: Graph
    cancel_at_ns: int | None


class Swarm(msgspec.Struct, frozen=True):
    """Everything that one seed decides. Times count from the start of the run.

    `capacities` bounds mailboxes by actor name; `faults_at_ns` is when the lines turn bad.
    """

    seed: int
    venues: tuple[VenueDraw, ...]
    submissions: tuple[Submission, ...]
    capacities: dict[str, int]
    faults_at_ns: int
    flow_stops: bool
    disk: DiskDraw

    def describe(self) -> str:
        """The configuration, for a failure's report."""
        lines = [
            f"{len(self.submissions)} graphs, faults from {self.faults_at_ns / S:.1f} s",
            f"  mailboxes {self.capacities}, flow stops {self.flow_stops}, {self.disk}",
        ]
        for venue in self.venues:
            symbols = " ".join(one.venue_symbol for one in venue.listings)
            lines.append(f"  {venue.name} {venue.latency_ns / MS:.0f} ms [{symbols}]")
            lines.append(f"    {venue.config}")
            lines.append(f"    {venue.rates}")
        return "\n".join(lines)


def draw_swarm(seed: int) -> Swarm:
    """The swarm of a seed, the same in every process."""
    rng = random.Random(f"swarm {seed}")
    symbols = rng.sample(SPOT, rng.choice((1, 1, 2, 3)))
    if rng.random() < 0.15:
        symbols[0] = symbols[0] + "-PERP"
    names = rng.sample([one.name for one in VENUE_PROFILES[:3]], rng.choice((1, 2, 2, 3)))
    names = sorted({"hyperliquid", *names} if symbols[0].endswith("-PERP") else set(names))
    kinds = [kind for kind in FAULTS if rng.random() < 0.4]
    venues = []
    counts: dict[str, int] = {}
    for name in names:
        listings = []
        for one in sandbox_listings(events=False):
            symbol = one.instrument.symbol
            if one.venue == name and symbol in symbols:
                index = counts.get(symbol, 0)
                counts[symbol] = index + 1
                listings.append(msgspec.structs.replace(one, venue_index=index))
        if listings:
            rates, config = draw_rates(rng, kinds), draw_config(rng)
            latency = rng.choice((1, 5, 20, 80, 300)) * MS
            venues.append(VenueDraw(name, latency, config, tuple(listings), rates))
    submissions = [draw_submission(rng, venues) for _ in range(rng.randrange(4, 40))]
    return Swarm(
        seed,
        tuple(venues),
        tuple(sorted(submissions, key=lambda one: one.at_ns)),
        draw_capacities(rng),
        0 if rng.random() < 0.3 else 1_500 * MS,
        rng.random() < 0.3,
        draw_disk(rng),
    )


FAULTS = (
    "loss_ppm",
    "delay_ppm",
    "duplicate_ppm",
    "reorder_ppm",
    "clog_ppm",
    "disconnect_ppm",
    "lost_answer_ppm",
)
RARE = {"clog_ppm", "disconnect_ppm"}


def draw_rates(rng: random.Random, kinds: list[str]) -> FaultRates:
    """Rates of the kinds that this seed has, drawn for each venue."""
    rates = {}
    for kind in kinds:
        top = 10_000 if kind in RARE else rng.choice((20_000, 150_000, 400_000))
        rates[kind] = rng.randrange(top)
    return FaultRates(
        **rates,
        delay_max_ns=rng.choice((50, 500, 4_000)) * MS,
        clog_ns=rng.choice((200, 2_000)) * MS,
        down_ns=rng.choice((50, 1_000, 5_000)) * MS,
    )


def draw_config(rng: random.Random) -> ExchangeConfig:
    """Habits of a venue: seldom busy, seldom strict about its rate."""
    return ExchangeConfig(
        unclassified_ppm=rng.choice((0, 100_000)),
        busy_ppm=rng.choice((0, 0, 0, 200_000)),
        places_max=rng.choice((0, 0, 5, 100)),
    )


def draw_capacities(rng: random.Random) -> dict[str, int]:
    """Small mailboxes for some classes of actors, so that commands are refused."""
    if rng.random() < 0.6:
        return {}
    names = ("risk", "registry", "router", "trade", "book", "feed", "venue")
    return {name: rng.choice((1, 2, 4)) for name in names if rng.random() < 0.4}


def draw_disk(rng: random.Random) -> DiskDraw:
    """Mostly quick; at times slow with little room; at times full for a while."""
    fails = (0, 0)
    if rng.random() < 0.25:
        start = rng.randrange(SAFETY_NS)
        fails = (start, start + rng.randrange(4 * S))
    return DiskDraw(rng.choice((0, 0, 3, 40)) * MS, rng.choice((1, 2, 64)), fails)


def draw_submission(rng: random.Random, venues: list[VenueDraw]) -> Submission:
    """One node of any supported kind."""
    venue = rng.choice(venues)
    listing = rng.choice(venue.listings)
    symbol = listing.instrument.symbol
    lot = min(
        one.lot_1e8 for other in venues for one in other.listings if one.instrument.symbol == symbol
    )
    pinned = venue.name if rng.random() < 0.25 else None
    if pinned is not None:
        lot = listing.lot_1e8
    touch = touch_qty(listing)
    small = listing.qty_min_1e8
    qty = rng.choice(
        (
            max(small // 2, 1),
            small * rng.randrange(1, 20),
            touch * rng.randrange(1, 300) // 100,
            touch * rng.randrange(3, 60),
            touch * 2_000,
        )
    )
    qty = max(lot, floor_to(qty, lot))
    side: Literal["buy", "sell"] = rng.choice(("buy", "sell"))
    order_type: Literal["market"] | LimitOrder = "market"
    if rng.random() < 0.5:
        start = STARTS_1E9[listing.instrument.base]
        price = start * (10_000 + rng.choice((-60, -10, -3, 0, 0, 3, 10, 60))) // 10_000
        order_type = LimitOrder(limit=LimitPrice(price_1e9=floor_to(price, 10**9)))
    node = Node(
        node_id="order",
        instrument=NodeInstrument(symbol=symbol, type=InstrumentType.SPOT, venue=pinned),
        side=side,
        order_type=order_type,
        quantity=Quantity(fixed=FixedAmount(qty_1e8=qty)),
        execution=draw_execution(rng),
    )
    at_ns = rng.randrange(1_000 * MS, SAFETY_NS)
    cancel = at_ns + rng.randrange(3_000 * MS) if rng.random() < 0.4 else None
    return Submission(at_ns, rng.choice(("alice", "bob")), Graph(nodes=(node,)), cancel)


def draw_execution(rng: random.Random) -> Execution:
    """Policy, tif, urgency, slippage and horizon."""
    return Execution(
        policy=rng.choice((Policy.SOR, Policy.SOR, Policy.IOC_SWEEP)),
        tif=rng.choice((TimeInForce.GTC, TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK)),
        urgency=rng.choice(tuple(Urgency)),
        max_slippage_bps=rng.choice((None, None, 5, 50)),
        horizon_ms=rng.choice((None, None, 200, 2_000, 8_000)),
    )


def touch_qty(listing: Listing) -> int:
    """Usual size at the touch of a listing's book."""
    (profile,) = (one for one in VENUE_PROFILES if one.name == listing.venue)
    return depth_of(profile, listing).qty_1e8
