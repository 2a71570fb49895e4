"""Draws a swarm from a seed: its venues, its troubles, and its clients' graphs.

A swarm: each seed switches on its own few kinds of trouble, so that no two seeds search the same
corner, and none is so broken that nothing trades. The level only softens what was drawn, so that
a seed submits the same graphs at every level.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator

import msgspec

from engine.model.instruments import Listing
from engine.service.simulation.amending import with_amendments
from engine.service.simulation.meddling import (
    draw_meddlings,
    draw_switchings,
)
from engine.service.simulation.shapes import draw_graph, draw_single
from engine.service.simulation.swarm import (
    CLIENTS,
    MS,
    SAFETY_NS,
    Crash,
    DiskDraw,
    FaultLevel,
    S,
    Shapes,
    Submission,
    Swarm,
    VenueDraw,
)
from venues.simulated.catalogue import VENUE_PROFILES, sandbox_listings
from venues.simulated.exchange import ExchangeConfig
from venues.simulated.faults import NO_FAULTS, FaultRates

__all__ = ["SHAPES", "draw_swarm"]

SHAPES: Shapes = "graphs"
SPOT = ("BTC-USD", "ETH-USD", "SOL-USD")
LISTINGS = tuple(sandbox_listings(events=False))
LIGHT_SHARE = 20
# Mostly calm: a busy book is half the cost of a run and seldom finds more.
FLOWS_PER_S = (4, 8, 8, 30)
QUIET_DISK = DiskDraw(0, 64, (0, 0))


def draw_swarm(
    seed: int, level: FaultLevel = FaultLevel.FULL, shapes: Shapes | None = None
) -> Swarm:
    """The swarm of a seed, the same in every process; `shapes` None is the tree's default."""
    rng = random.Random(f"swarm {seed}")
    shapes = shapes or SHAPES
    venues = draw_venues(rng)
    count = rng.randrange(4, 40) if shapes == "single" else rng.randrange(3, 16)
    submissions = sorted(
        (draw_submission(rng, venues, shapes) for _ in range(count)), key=lambda one: one.at_ns
    )
    swarm = Swarm(
        seed,
        FaultLevel.FULL,
        shapes,
        tuple(venues),
        tuple(submissions),
        tuple(draw_meddlings(rng, submissions)),
        tuple(draw_switchings(rng, venues)),
        draw_capacities(rng),
        0 if rng.random() < 0.3 else 1_500 * MS,
        rng.random() < 0.3,
        rng.choice(FLOWS_PER_S),
        draw_disk(rng),
        tuple(draw_crashes(rng)),
    )
    if swarm.crashes:
        # Who may have to ask again names the graph.
        swarm = msgspec.structs.replace(swarm, submissions=tuple(named(submissions)))
    # Drawn last, so that seeds from before these were drawn stay what they were.
    return softened(with_amendments(rng, swarm), level)


def softened(swarm: Swarm, level: FaultLevel) -> Swarm:
    """The same workload in a kinder world."""
    if level is FaultLevel.FULL:
        return swarm
    replace = msgspec.structs.replace
    venues = []
    for venue in swarm.venues:
        rates, config = NO_FAULTS, ExchangeConfig(native=venue.config.native)
        if level is FaultLevel.LIGHT:
            rates = light(venue.rates)
            share = venue.config.unclassified_ppm
            config = ExchangeConfig(unclassified_ppm=share, native=venue.config.native)
        venues.append(replace(venue, rates=rates, config=config))
    disk = QUIET_DISK
    if level is FaultLevel.LIGHT:
        disk = DiskDraw(swarm.disk.commit_ns, max(swarm.disk.groups_max, 2), (0, 0))
    meddlings = swarm.meddlings if level is FaultLevel.LIGHT else ()
    return replace(
        swarm,
        level=level,
        venues=tuple(venues),
        meddlings=meddlings,
        switchings=(),
        crashes=(),
        capacities={},
        disk=disk,
    )


def light(rates: FaultRates) -> FaultRates:
    """A twentieth of each kind, with short pauses."""
    found = msgspec.structs.asdict(rates)
    for name in FAULTS:
        found[name] //= LIGHT_SHARE
    found["delay_max_ns"] = min(rates.delay_max_ns, 500 * MS)
    found["clog_ns"] = found["down_ns"] = 200 * MS
    found["silence_max_ns"] = found["late_cancel_max_ns"] = 300 * MS
    found["clock_jump_max_ns"] = 100 * MS
    found["rate_storm_ns"] = found["error_storm_ns"] = 200 * MS
    return FaultRates(**found)


def draw_crashes(rng: random.Random) -> list[Crash]:
    """In some seeds the engine is dropped and started again, once or a few times."""
    if rng.random() >= 0.25:
        return []
    crashes, at_ns = [], 0
    for _ in range(rng.choice((1, 1, 2, 3))):
        at_ns += rng.randrange(1_000 * MS, 3_500 * MS)
        outage_ns = rng.choice((0, 20, 500, 5_000)) * MS
        crashes.append(Crash(at_ns, rng.randrange(60), outage_ns, rng.random() < 0.4))
        at_ns += outage_ns
    return crashes


def named(submissions: Iterable[Submission]) -> Iterator[Submission]:
    """The same submissions with ids of the clients' own."""
    replace = msgspec.structs.replace
    for number, one in enumerate(submissions):
        yield replace(one, graph=replace(one.graph, graph_id=f"g{number}"))


def draw_venues(rng: random.Random) -> list[VenueDraw]:
    """One to four venues with one to three coins, at times with perps, and their troubles."""
    symbols = rng.sample(SPOT, rng.choice((1, 1, 2, 3)))
    if rng.random() < 0.25:
        # A perp, at times beside its own spot, so that one can hedge the other.
        perp = symbols[0] + "-PERP"
        symbols = [*symbols, perp] if rng.random() < 0.5 else [perp, *symbols[1:]]
    perps = any(symbol.endswith("-PERP") for symbol in symbols)
    names = rng.sample([one.name for one in VENUE_PROFILES[:3]], rng.choice((1, 2, 2, 3)))
    names = sorted({"hyperliquid", *names} if perps else set(names))
    kinds = [kind for kind in FAULTS if rng.random() < 0.4]
    kinds += [kind for kind in WEATHER if rng.random() < 0.2]
    venues = []
    counts: dict[str, int] = {}
    for name in names:
        listings: list[Listing] = []
        for one in LISTINGS:
            symbol = one.instrument.symbol
            if one.venue == name and symbol in symbols:
                index = counts.get(symbol, 0)
                counts[symbol] = index + 1
                listings.append(msgspec.structs.replace(one, venue_index=index))
        if listings:
            rates, config = draw_rates(rng, kinds), draw_config(rng)
            latency = rng.choice((1, 5, 20, 80, 300)) * MS
            venues.append(VenueDraw(name, latency, config, tuple(listings), rates))
    return venues


FAULTS = (
    "loss_ppm",
    "delay_ppm",
    "duplicate_ppm",
    "reorder_ppm",
    "clog_ppm",
    "disconnect_ppm",
    "lost_answer_ppm",
    "silence_ppm",
    "late_cancel_ppm",
)
RARE = {"clog_ppm", "disconnect_ppm", "silence_ppm"}
# What comes over a venue as a whole, once in a drawn period.
WEATHER = ("rate_storm", "error_storm", "clock_jump")


def draw_rates(rng: random.Random, kinds: list[str]) -> FaultRates:
    """Rates of the kinds that this seed has, drawn for each venue."""
    rates = {}
    for kind in kinds:
        if kind in WEATHER:
            every_ns = rng.choice((2, 4, 6)) * S
            rates[f"{kind}_every_ns"] = every_ns
            rates[f"{kind}_ns"] = every_ns // rng.choice((2, 4, 10))
            continue
        top = 10_000 if kind in RARE else rng.choice((20_000, 150_000, 400_000))
        rates[kind] = rng.randrange(top)
    return FaultRates(
        **rates,
        delay_max_ns=rng.choice((50, 500, 4_000)) * MS,
        clog_ns=rng.choice((200, 2_000)) * MS,
        down_ns=rng.choice((50, 1_000, 5_000)) * MS,
        silence_max_ns=rng.choice((500, 3_000, 10_000)) * MS,
        late_cancel_max_ns=rng.choice((100, 1_000, 3_000)) * MS,
        clock_jump_max_ns=rng.choice((50, 1_000, 10_000)) * MS,
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


def draw_submission(rng: random.Random, venues: list[VenueDraw], shapes: Shapes) -> Submission:
    """A graph of a client, and whether and when the client loses interest in it."""
    listings = [listing for venue in venues for listing in venue.listings]
    graph = draw_single(rng, listings) if shapes == "single" else draw_graph(rng, listings)
    at_ns = rng.randrange(1_000 * MS, SAFETY_NS)
    cancel = at_ns + rng.randrange(3_000 * MS) if rng.random() < 0.4 else None
    return Submission(at_ns, rng.choice(CLIENTS), graph, cancel)
