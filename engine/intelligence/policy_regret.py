"""Policy regret: what an order cost from its arrival, less the best strategy's estimate then.

The estimates are the closed forms of `strategies.py` on the books that the order's first routing
decision recorded: the levels that it looked at on the side it took and inside its own limit or
slippage cap, and a touch on the other side that gives the recorded mid. The order's own horizon
holds for each. Nothing that was observed later counts (`recorded_market`), so that the regret of an
order that has ended stays what it is. It is a model's number, so that it comes with the interval of
the best estimate.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from engine.decisions.cost_model import Coefficients
from engine.decisions.policies.parameters import DEFAULT_PARAMETERS, PolicyParameters
from engine.intelligence.audit import audit
from engine.intelligence.recorded_market import held_1e8, picture_at
from engine.intelligence.strategies import Strategy, estimate
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
    "regret",
    "unpriced",
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
    "closed form redone from the books and latency costs that the first decision recorded, with "
    "prior chances of resting fills and nothing observed since; the interval is the model's own, "
    "from the 0.1- to the 0.9-quantile of the best estimate"
)


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
    bound: str = "",
) -> Judged:
    """`estimates_at` of a first decision with its own plan and optimum, or why there is none.

    `bound` says what `worst_1e9` comes from.
    """
    made = tuple(estimates)
    if not made:
        return Judged(why="its first decision recorded no books of venues that are still listed")
    if all(one.est_cost_bps is None for one in made):
        return Judged(made, why=unpriced(record, qty_1e8, made[0].reason, worst_1e9, bound))
    if record.planned_qty_1e8 != qty_1e8:
        return Judged(made)
    seen = audit(record)
    return Judged(made, seen.plan_cost_bps, seen.bound_cost_bps)


def unpriced(
    record: DecisionRecord,
    qty_1e8: int,
    reason: str,
    worst_1e9: int | None = None,
    bound: str = "",
) -> str:
    """Why a quantity has no estimate on a decision's record; `reason` where that holds enough."""
    held = held_1e8(record, worst_1e9)
    if held >= qty_1e8:
        return reason
    text = (
        f"its first decision, which keeps the levels that it needed, recorded {format_qty(held)} "
        f"of its {format_qty(qty_1e8)}"
    )
    return f"{text} inside {bound}" if worst_1e9 and bound else text


def estimates_at(
    record: DecisionRecord,
    listings: Sequence[Listing],
    qty_1e8: int,
    chosen: str,
    rank: int,
    *,
    coefficients: Coefficients | None = None,
    parameters: PolicyParameters = DEFAULT_PARAMETERS,
    horizon_ms: int | None = None,
    worst_1e9: int | None = None,
) -> tuple[Strategy, ...]:
    """Every compared strategy, and the one that was chosen, on the market of a decision.

    `worst_1e9` is the order's own cap: what lies beyond it is in nobody's books.
    Empty where a venue of the record is no longer listed or no mid was there.
    """
    seen = picture_at(record, listings, rank, coefficients=coefficients, worst_1e9=worst_1e9)
    if seen is None or not qty_1e8:
        return ()
    seen.look(int(record.side), seen.now_ns, rank)
    names = dict.fromkeys((*COMPARED, chosen))
    return tuple(
        estimate(seen, qty_1e8, name, rank, parameters=parameters, horizon_ms=horizon_ms)
        for name in names
        if name in COMPARED or name == chosen
    )
