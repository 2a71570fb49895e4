"""Policy regret: what an order cost from its arrival, less the best strategy's estimate then.

The estimates are the closed forms of `strategies.py` on the books that the order's first routing
decision recorded: the levels that it looked at on the side it took and inside its own limit or
slippage cap, and a touch on the other side that gives the recorded mid. The order's own horizon
holds for each. Volatility and fill chances are those observed when the regret is asked for. It is
a model's number, so that it comes with the interval of the best estimate.
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
from engine.intelligence.audit import Inputs, audit
from engine.intelligence.picture import MarketPicture
from engine.intelligence.rest_plan import Hazards
from engine.intelligence.strategies import Strategy, estimate
from engine.kernels.delta_ring import DeltaRing
from engine.model.instruments import Listing
from engine.model.records import DecisionRecord
from engine.model.units import format_qty

__all__ = [
    "COMPARED",
    "METHOD",
    "Judged",
    "PolicyRegret",
    "estimates_at",
    "judged_of",
    "picture_at",
    "regret",
]

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
    "of the market now; the interval is the model's own, from the 0.1- to the 0.9-quantile of the "
    "best estimate"
)
LIMITED: Final = "inside its limit the books of its first decision held less than its quantity"
DEPTH_MIN: Final = 16


class Judged(msgspec.Struct, frozen=True):
    """What strategies were to cost at an order's first decision; `why` where none was estimated.

    `plan_bps` is the landed cost of what was decided then, `optimum_bps` that of the cheapest walk
    over the same levels; null where the decision was not for the whole quantity.
    """

    estimates: tuple[Strategy, ...] = ()
    plan_bps: float | None = None
    optimum_bps: float | None = None
    why: str = ""


class PolicyRegret(msgspec.Struct, frozen=True, gc=False):
    """`regret_bps` is realised less the best estimate, + means that another would have cost less.

    `realised_bps` counts from the arrival mid, + is a cost: the client's own delay is no policy's.
    `low_bps` and `high_bps` are the regret at the 0.9- and 0.1-quantile of that estimate, + means
    the same. The last three are its parts, where the first decision was for the whole quantity:
    what came after the plan (fade, latency, drift), the plan above the optimum, and the optimum
    above the best strategy. `after_plan_bps`, `selection_bps` and `policy_bps` are these parts, +
    is a cost; null where it was for a part. `best_policy` and `best_estimate_bps` are the cheapest
    strategy and its estimate, + is a cost; `chosen_policy` and `chosen_estimate_bps` are those of
    the order itself, + is a cost. `method` says how it was estimated.
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
    after_plan_bps: float | None = None
    selection_bps: float | None = None
    policy_bps: float | None = None


def regret(judged: Judged, chosen: str, realised_bps: float) -> PolicyRegret | None:
    """The regret against the cheapest estimate; None when none has a cost."""
    estimates, plan, optimum = judged.estimates, judged.plan_bps, judged.optimum_bps
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
        None if plan is None else realised_bps - plan,
        None if plan is None or optimum is None else plan - optimum,
        None if optimum is None else optimum - cost,
    )


def judged_of(
    record: DecisionRecord,
    qty_1e8: int,
    estimates: Sequence[Strategy],
    worst_1e9: int | None = None,
) -> Judged:
    """`estimates_at` of a first decision with its own plan and optimum, or why there is none."""
    made = tuple(estimates)
    if not made:
        return Judged(why="its first decision recorded no books of venues that are still listed")
    if all(one.est_cost_bps is None for one in made):
        why = LIMITED if worst_1e9 else _unpriced(record, qty_1e8, made[0].reason)
        return Judged(made, why=why)
    if record.planned_qty_1e8 != qty_1e8:
        return Judged(made)
    seen = audit(record)
    return Judged(made, seen.plan_cost_bps, seen.bound_cost_bps)


def _unpriced(record: DecisionRecord, qty_1e8: int, reason: str) -> str:
    """Why a quantity has no estimate: the books held more than what a decision keeps of them."""
    held = sum(qty for levels in Inputs(record).levels for _, qty in levels)
    if held >= qty_1e8:
        return reason
    return (
        f"its first decision, which keeps the levels that it needed, recorded {format_qty(held)} "
        f"of its {format_qty(qty_1e8)}"
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
    horizon_ms: int | None = None,
    worst_1e9: int | None = None,
    hazards: Hazards | None = None,
) -> tuple[Strategy, ...]:
    """Every compared strategy, and the one that was chosen, on the market of a decision.

    `worst_1e9` is the order's own cap: what lies beyond it is in nobody's books.
    Empty where a venue of the record is no longer listed or no mid was there.
    """
    seen = picture_at(record, listings, observations, tape or MarketTape(), coefficients, worst_1e9)
    if seen is None or not qty_1e8:
        return ()
    seen.hazards = hazards
    seen.look(int(record.side), seen.now_ns, rank)
    names = dict.fromkeys((*COMPARED, chosen))
    return tuple(
        estimate(seen, qty_1e8, name, rank, parameters=parameters, horizon_ms=horizon_ms)
        for name in names
        if name in COMPARED or name == chosen
    )


def picture_at(
    record: DecisionRecord,
    listings: Sequence[Listing],
    observations: VenueObservations,
    tape: MarketTape,
    coefficients: Coefficients | None = None,
    worst_1e9: int | None = None,
) -> MarketPicture | None:
    """The market as a decision recorded it, inside a cap; its time is that of the decision."""
    inputs = Inputs(record)
    if tuple(one.venue for one in listings) != record.venues or not inputs.mid_x2:
        return None
    usable = [
        _inside(inputs.sign, levels, worst_1e9) if not reason else []
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


def _inside(
    sign: int, levels: Sequence[tuple[int, int]], worst_1e9: int | None
) -> Sequence[tuple[int, int]]:
    """The levels that the order was allowed to take."""
    if not worst_1e9:
        return levels
    return [one for one in levels if sign * one[0] <= sign * worst_1e9]


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
