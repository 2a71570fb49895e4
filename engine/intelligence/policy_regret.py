"""Policy regret: what an order cost, less what the best strategy was estimated to cost at submit.

The estimates are the closed forms of `strategies.py` on the books that the order's first routing
decision recorded: the levels that it looked at on the side it took, and a touch on the other side
that gives the recorded mid. Volatility and fill chances are those observed when the regret is
asked for. It is a model's number, so that it comes with the interval of the best estimate.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from engine.decisions.cost_model import Coefficients
from engine.decisions.market import MarketBlock
from engine.decisions.market_tape import MarketTape
from engine.decisions.policies.parameters import DEFAULT_PARAMETERS, PolicyParameters
from engine.decisions.venue_observations import VenueObservations
from engine.intelligence.audit import Inputs
from engine.intelligence.picture import MarketPicture
from engine.intelligence.strategies import Strategy, estimate
from engine.kernels.delta_ring import DeltaRing
from engine.model.instruments import Listing
from engine.model.records import DecisionRecord

__all__ = ["COMPARED", "METHOD", "PolicyRegret", "estimates_at", "picture_at", "regret"]

COMPARED: Final = (
    "sor",
    "passive_limit",
    "split",
    "aggressive_chase",
    "passive_ladder",
    "time_drip",
)
METHOD: Final = (
    "closed form redone from the books that the first decision recorded, with what is observed "
    "of the market now"
)
P90: Final = 1.28
DEPTH_MIN: Final = 16


class PolicyRegret(msgspec.Struct, frozen=True, gc=False):
    """`regret_bps` is realised less the best estimate, + means that another would have cost less.

    `low_bps` and `high_bps` are the regret at the 0.9- and 0.1-quantile of that estimate.
    """

    regret_bps: float
    low_bps: float
    high_bps: float
    realised_bps: float
    best_policy: str
    best_estimate_bps: float
    chosen_policy: str
    chosen_estimate_bps: float | None
    method: str


def regret(estimates: Sequence[Strategy], chosen: str, realised_bps: float) -> PolicyRegret | None:
    """The regret against the cheapest of `estimates`; None when none of them has a cost."""
    costs = [(one.est_cost_bps, index) for index, one in enumerate(estimates)]
    known = [(cost, index) for cost, index in costs if cost is not None]
    if not known:
        return None
    cost, index = min(known)
    best = estimates[index]
    p90 = cost if best.p90_cost_bps is None else best.p90_cost_bps
    own = next((one.est_cost_bps for one in estimates if one.name == chosen), None)
    return PolicyRegret(
        realised_bps - cost,
        realised_bps - p90,
        realised_bps - (2 * cost - p90),
        realised_bps,
        best.name,
        cost,
        chosen,
        own,
        METHOD,
    )


def estimates_at(
    record: DecisionRecord,
    listings: Sequence[Listing],
    observations: VenueObservations,
    qty_1e8: int,
    chosen: str,
    rank: int,
    *,
    tape: MarketTape | None = None,
    coefficients: Coefficients | None = None,
    parameters: PolicyParameters = DEFAULT_PARAMETERS,
) -> tuple[Strategy, ...]:
    """Every compared strategy, and the one that was chosen, on the market of a decision.

    Empty where a venue of the record is no longer listed or no mid was there.
    """
    seen = picture_at(record, listings, observations, tape or MarketTape(), coefficients)
    if seen is None or not qty_1e8:
        return ()
    seen.look(int(record.side), seen.now_ns, rank)
    names = dict.fromkeys((*COMPARED, chosen))
    return tuple(
        estimate(seen, qty_1e8, name, rank, parameters=parameters)
        for name in names
        if name in COMPARED or name == chosen
    )


def picture_at(
    record: DecisionRecord,
    listings: Sequence[Listing],
    observations: VenueObservations,
    tape: MarketTape,
    coefficients: Coefficients | None = None,
) -> MarketPicture | None:
    """The market as a decision recorded it; its time is that of the decision."""
    inputs = Inputs(record)
    if tuple(one.venue for one in listings) != record.venues or not inputs.mid_x2:
        return None
    usable = [
        levels if not reason else []
        for levels, reason in zip(inputs.levels, record.eligibility, strict=True)
    ]
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
            _fill(market, v, taken, levels, far, inputs.now_ns)
    made = MarketPicture(market, observations, tape, coefficients)
    made.now_ns = inputs.now_ns
    return made


def _fill(
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
