"""What clients and the desk do to running graphs: pause, resume, cancel a node, amend, kill."""

from __future__ import annotations

import random
from collections.abc import Sequence

from engine.messages import GraphCommandKind
from engine.model.graph import Node, Urgency
from engine.model.risk import KillScope
from engine.model.terms import Terms
from engine.model.units import floor_to
from engine.service.simulation.node_shapes import DOLLAR_1E9
from engine.service.simulation.swarm import (
    CLIENTS,
    MS,
    SAFETY_NS,
    Meddling,
    Submission,
    Switching,
    VenueDraw,
)

__all__ = ["draw_meddlings", "draw_switchings", "terms_of"]

PPM = 1_000_000
BPS = 10_000
KINDS = (
    GraphCommandKind.PAUSE,
    GraphCommandKind.CANCEL_NODE,
    GraphCommandKind.AMEND_NODE,
    GraphCommandKind.AMEND_NODE,
)
FACTORS_PPM = (0, 1, 300_000, 900_000, 1_100_000, 3_000_000)


def draw_meddlings(rng: random.Random, submissions: Sequence[Submission]) -> list[Meddling]:
    """Commands on some graphs of some seeds; most pauses are followed by a resume."""
    found: list[Meddling] = []
    eager = rng.choice((0.0, 0.0, 0.15, 0.5))
    for number, one in enumerate(submissions):
        if rng.random() >= eager:
            continue
        for _ in range(rng.choice((1, 1, 2, 3))):
            kind = rng.choice(KINDS)
            at_ns = one.at_ns + rng.randrange(3_000 * MS)
            index = rng.randrange(len(one.graph.nodes))
            found.append(draw_meddling(rng, at_ns, number, kind, index))
            if kind is GraphCommandKind.PAUSE and rng.random() < 0.8:
                again = at_ns + rng.randrange(2_000 * MS)
                found.append(Meddling(again, number, GraphCommandKind.RESUME))
    return sorted(found, key=lambda one: one.at_ns)


def draw_meddling(
    rng: random.Random, at_ns: int, number: int, kind: GraphCommandKind, index: int
) -> Meddling:
    """One command; an amendment changes one thing or several."""
    if kind is not GraphCommandKind.AMEND_NODE:
        return Meddling(at_ns, number, kind, index)
    return Meddling(
        at_ns,
        number,
        kind,
        index,
        rng.choice(FACTORS_PPM),
        rng.choice((None, *Urgency)),
        rng.choice((None, None, -60, -5, 0, 5, 60)),
        rng.choice((None, None, 0, 5, 100)),
        rng.choice((None, None, 1, 500, 5_000)),
    )


def draw_switchings(rng: random.Random, venues: Sequence[VenueDraw]) -> list[Switching]:
    """In some seeds the kill switch is thrown, and mostly cleared a while later."""
    if rng.random() >= 0.2:
        return []
    found = []
    for _ in range(rng.choice((1, 1, 2))):
        at_ns = rng.randrange(1_500 * MS, SAFETY_NS)
        venue = rng.choice(venues)
        scope, key = rng.choice(
            (
                (KillScope.DESK, ""),
                (KillScope.DESK, ""),
                (KillScope.CLIENT, rng.choice(CLIENTS)),
                (KillScope.VENUE, venue.name),
                (KillScope.SYMBOL, rng.choice(venue.listings).instrument.symbol),
            )
        )
        found.append(Switching(at_ns, True, rng.random() < 0.5, scope, key))
        if rng.random() < 0.8:
            cleared = at_ns + rng.randrange(2_000 * MS)
            found.append(Switching(cleared, False, False, scope, key))
    return sorted(found, key=lambda one: one.at_ns)


def terms_of(meddling: Meddling, node: Node, lot_1e8: int) -> Terms:
    """The new terms of an amended node; the quantity stays on the lot and above zero."""
    qty = None
    fixed = node.fixed_qty_1e8
    if meddling.factor_ppm and fixed is not None:
        lots = fixed * meddling.factor_ppm // PPM // lot_1e8
        qty = max(1, lots) * lot_1e8
    limit, price = None, node.limit_price_1e9
    if meddling.limit_bps is not None and price is not None:
        limit = floor_to(price * (BPS + meddling.limit_bps) // BPS, DOLLAR_1E9)
    reduce_by = None
    if meddling.shrink_ppm and fixed is not None:
        reduce_by = max(1, fixed * meddling.shrink_ppm // PPM // lot_1e8) * lot_1e8
    terms = Terms(
        qty_1e8=qty,
        limit_1e9=limit,
        urgency=meddling.urgency,
        max_slippage_bps=meddling.slippage_bps,
        horizon_ms=meddling.horizon_ms,
        reduce_by_1e8=reduce_by,
    )
    return terms if terms != Terms() else Terms(urgency=Urgency.HIGH)
