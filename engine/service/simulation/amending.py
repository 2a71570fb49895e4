"""A workload of its own for native amendments: orders that rest, and clients that amend them."""

from __future__ import annotations

import random

import msgspec

from engine.messages import GraphCommandKind
from engine.model.graph import FixedAmount, Graph, LimitOrder, LimitPrice, Node, Quantity
from engine.model.instruments import Listing
from engine.model.native import NO_NATIVE_VERBS, NativeVerbs
from engine.model.units import floor_to
from engine.service.simulation.node_shapes import (
    DOLLAR_1E9,
    SIDES,
    instrument_of,
    start_1e9,
    touch_qty,
)
from engine.service.simulation.swarm import (
    CLIENTS,
    MS,
    SAFETY_NS,
    Meddling,
    Submission,
    Swarm,
)
from venues.simulated.catalogue import native_of

__all__ = ["with_amendments"]

BPS = 10_000
EDITS = NativeVerbs(decrease=True, amend=True)
# Factor of the total in ppm, move of the price in bps, share to take off in ppm.
TERMS = (
    (300_000, None, 0),
    (900_000, None, 0),
    (1_500_000, None, 0),
    (0, -5, 0),
    (0, 5, 0),
    (0, 15, 0),
    (1_100_000, -5, 0),
    (900_000, 5, 0),
    (0, None, 100_000),
    (0, None, 400_000),
)


def with_amendments(rng: random.Random, swarm: Swarm) -> Swarm:
    """The swarm, and in half of the seeds some venues that amend, and who makes use of them."""
    if rng.random() < 0.5:
        return swarm
    venues, submissions = [], list(swarm.submissions)
    for venue in swarm.venues:
        native = rng.choice((NO_NATIVE_VERBS, native_of(venue.name), EDITS, EDITS))
        config = msgspec.structs.replace(venue.config, native=native)
        venues.append(msgspec.structs.replace(venue, config=config))
    found: list[Meddling] = list(swarm.meddlings)
    for _ in range(rng.choice((2, 4, 6))):
        listing = rng.choice(rng.choice(venues).listings)
        at_ns = rng.randrange(1_000 * MS, SAFETY_NS)
        number = len(submissions)
        cancel = at_ns + rng.randrange(4_000 * MS) if rng.random() < 0.3 else None
        graph = Graph(nodes=(resting_node(rng, listing),), graph_id=f"amended{number}")
        submissions.append(Submission(at_ns, rng.choice(CLIENTS), graph, cancel))
        for _ in range(rng.choice((1, 1, 2, 4))):
            factor, limit, shrink = rng.choice(TERMS)
            found.append(
                Meddling(
                    at_ns + rng.randrange(100 * MS, 3_000 * MS),
                    number,
                    GraphCommandKind.AMEND_NODE,
                    0,
                    factor,
                    limit_bps=limit,
                    shrink_ppm=shrink,
                )
            )
    order = sorted(range(len(submissions)), key=lambda number: submissions[number].at_ns)
    place = {number: index for index, number in enumerate(order)}
    moved = [msgspec.structs.replace(one, submission=place[one.submission]) for one in found]
    return msgspec.structs.replace(
        swarm,
        venues=tuple(venues),
        submissions=tuple(submissions[number] for number in order),
        meddlings=tuple(sorted(moved, key=lambda one: one.at_ns)),
    )


def resting_node(rng: random.Random, listing: Listing) -> Node:
    """A plain limit order a little behind the market, where others may still reach it."""
    side = rng.choice(SIDES)
    away = rng.choice((-60, -30, -10, -5)) * (1 if side == "buy" else -1)
    price = floor_to(start_1e9(listing) * (BPS + away) // BPS, DOLLAR_1E9)
    lots = max(
        touch_qty(listing) * rng.randrange(20, 300) // 100 // listing.lot_1e8,
        10 * listing.qty_min_1e8 // listing.lot_1e8,
        10,
    )
    return Node(
        node_id="rests",
        instrument=instrument_of(listing, pinned=rng.random() < 0.8),
        side=side,
        order_type=LimitOrder(limit=LimitPrice(price_1e9=price)),
        quantity=Quantity(fixed=FixedAmount(qty_1e8=lots * listing.lot_1e8)),
    )
