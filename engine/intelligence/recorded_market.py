"""The market as a routing decision recorded it, and nothing that was seen of it later.

Books are the levels that the decision looked at, on the side that it took, and a touch on the other
side that gives the recorded mid. What each venue cost beyond price and fee is recorded too, as
w sigma sqrt(L) of urgency weight, volatility and one-way latency (routing version 1): with the
listings' own latencies its median gives the volatility, and then each venue's constant its latency,
so that the terms come out as they were. Later versions put more into their constants, for which the
volatility stays the prior's; so do the chance of a fade and, without a tape, how much trades.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from engine.decisions.cost_model import Coefficients, RoutingVersion
from engine.decisions.market import MarketBlock
from engine.decisions.market_tape import MarketTape
from engine.decisions.venue_observations import VenueObservations
from engine.intelligence.audit import Inputs
from engine.intelligence.picture import MarketPicture
from engine.kernels import landed
from engine.kernels.delta_ring import DeltaRing
from engine.model.instruments import Listing
from engine.model.records import DecisionRecord

__all__ = ["held_1e8", "picture_at"]

NS: Final = 1_000_000_000
CENT_1E9: Final = 10_000_000
BP: Final = 1e-4
DEPTH_MIN: Final = 16


def picture_at(
    record: DecisionRecord,
    listings: Sequence[Listing],
    rank: int,
    *,
    coefficients: Coefficients | None = None,
    worst_1e9: int | None = None,
) -> MarketPicture | None:
    """The market of a decision that was made at urgency `rank`, inside a cap, at its own time.

    None where a venue of the record is no longer listed or no mid was there. Two calls on the same
    record and listings give the same market.
    """
    inputs = Inputs(record)
    if tuple(one.venue for one in listings) != record.venues or not inputs.mid_x2:
        return None
    usable = inside(record, inputs, worst_1e9)
    tops = [levels[0][0] for levels in usable if levels]
    if not tops:
        return None
    best = max(tops) if inputs.side else min(tops)
    opposite = inputs.mid_x2 - best
    deepest = max(DEPTH_MIN, *(len(levels) for levels in usable))
    market = MarketBlock(listings[0].instrument, listings, deepest)
    taken = 1 - inputs.side
    for v, levels in enumerate(usable):
        if levels:
            far = [(opposite, levels[0][1])] if levels[0][0] == best and opposite > 0 else []
            fill(market, v, taken, levels, far, inputs.now_ns)
    known = coefficients or Coefficients()
    seen = observed_then(record, inputs, listings, known.latency_weight[rank])
    made = MarketPicture(market, seen, MarketTape(seen.event), known)
    made.now_ns = inputs.now_ns
    return made


def held_1e8(record: DecisionRecord, worst_1e9: int | None = None) -> int:
    """How much the levels that a decision recorded hold inside a cap, of venues it could use."""
    found = inside(record, Inputs(record), worst_1e9)
    return sum(qty for levels in found for _, qty in levels)


def inside(
    record: DecisionRecord, inputs: Inputs, worst_1e9: int | None
) -> list[Sequence[tuple[int, int]]]:
    """Of each venue the levels that the order was allowed to take."""
    found: list[Sequence[tuple[int, int]]] = []
    for levels, reason in zip(inputs.levels, record.eligibility, strict=True):
        if reason:
            found.append([])
        elif not worst_1e9:
            found.append(levels)
        else:
            sign = inputs.sign
            found.append([one for one in levels if sign * one[0] <= sign * worst_1e9])
    return found


def observed_then(
    record: DecisionRecord, inputs: Inputs, listings: Sequence[Listing], weight: float
) -> VenueObservations:
    """Volatility and latencies that give the recorded constants; all else at its prior."""
    seen = VenueObservations(listings)
    constants = [inputs.field(landed.CONSTANT, v) for v in range(len(listings))]
    unit = weight * inputs.mid_x2 / 2 * BP
    if seen.event:
        unit = weight * seen.sigma_at(inputs.mid_x2, inputs.now_ns) * CENT_1E9
    else:
        told = sorted(
            constant / (unit * root)
            for constant, root, reason in zip(
                constants, seen.latency_root, record.eligibility, strict=True
            )
            if unit * root > 0.0 and constant > 0 and not reason
        )
        if told and record.routing_version == RoutingVersion.V1:
            seen.sigma = told[len(told) // 2]
            seen.variance = seen.sigma * seen.sigma
        unit *= seen.sigma
    for v, constant in enumerate(constants):
        root = max(0, constant) / unit if unit > 0.0 else seen.latency_root[v]
        seen.latency_root[v] = root
        seen.latency_ns[v] = round(root * root * NS)
    return seen


def fill(
    market: MarketBlock,
    venue: int,
    taken: int,
    levels: Sequence[tuple[int, int]],
    far: Sequence[tuple[int, int]],
    now_ns: int,
) -> None:
    """Put one book into the market, through its slot as a book actor does."""
    count = len(levels) + len(far)
    ring = DeltaRing(count)
    row = start = ring.reserve(count)
    for side, rows in ((taken, levels), (1 - taken, far)):
        for price, qty in rows:
            ring.put(row, side, price, qty)
            row += 1
    ring.commit(start, count)
    slot = market.slot(venue)
    slot.replace(ring, start, count)
    slot.mark_healthy(now_ns, now_ns, 1)
