"""What the rest of an order would cost, worked from now on as its own policy works it.

A limit order rests for a price that nobody knows to come, so that there is no cost of it to tell;
a paced order takes a slice at a time, each on the books of its own moment, of which those of now
are the best guess.
"""

from __future__ import annotations

from typing import Final

import msgspec

from engine.intelligence.picture import MarketPicture
from engine.intelligence.strategies import STRATEGIES, estimate
from engine.model.graph import Execution
from engine.service.intelligence.facts import OrderFacts
from engine.service.intelligence.learned_costs import learned_strategy
from engine.service.intelligence.pictures import RANKS, Pictures
from engine.service.intelligence.regret import bound_of

__all__ = ["RestCost", "rest_cost"]

MS: Final = 1_000_000
AT_LIMIT: Final = (
    "it works inside its limit, and nobody knows whether the market comes there; taking the rest "
    "now is not what it does"
)
AT_ONCE: Final = frozenset({"sor", "ioc_sweep"})
ENDED: Final = "nothing is left to do"
SHARE: Final = "it follows the market's volume in parts that are not known beforehand"


class RestCost(msgspec.Struct, frozen=True):
    """Median all-in cost in bps of the mid of now, + is a cost; None where `basis` says why.

    `missing` is what else is to be said, such as the venues that may not be used now.
    """

    bps: float | None
    basis: str
    missing: tuple[str, ...] = ()


def rest_cost(pictures: Pictures, facts: OrderFacts, seen: MarketPicture) -> RestCost:
    """The cost of what is left of an order; `seen` has just looked at its side of the market."""
    node, how = facts.node, facts.node.execution
    left = 0 if facts.terminal else max(0, facts.row.qty_1e8 - facts.filled_1e8)
    if not left:
        return RestCost(None, ENDED)
    if node.limit_price_1e9 is not None:
        return RestCost(None, AT_LIMIT)
    if how.policy.value not in STRATEGIES:
        return RestCost(None, f"there is no closed form of {how.policy.value}")
    if how.policy.value in AT_ONCE and how.pacing is None and node.instrument.venue is None:
        return _swept(pictures, facts, seen, left)
    qty, basis = left, f"the closed form of {how.policy.value} on the books of now"
    if how.pacing is not None:
        parts = _slices_left(facts, how, seen.now_ns)
        if parts is None:
            return RestCost(None, SHARE)
        qty = max(1, left // parts)
        basis = f"the cost of the next of {parts} slices, by {basis}"
    rank = RANKS[how.urgency.value]
    made = estimate(
        seen,
        qty,
        how.policy.value,
        rank,
        parameters=pictures.engine.config.policies,
        horizon_ms=_horizon_ms(facts, how, seen.now_ns),
    )
    made = learned_strategy(seen, made, qty, pictures.calibration)
    if made.est_cost_bps is None:
        return RestCost(None, made.reason)
    if not made.posts_only and _capped(facts, seen, qty):
        return RestCost(None, passes(facts))
    return RestCost(made.est_cost_bps, basis)


def _swept(pictures: Pictures, facts: OrderFacts, seen: MarketPicture, left: int) -> RestCost:
    """Of what takes at once, as the forecast has it: beyond the books a bound, which it says."""
    row, urgency = facts.row, facts.node.execution.urgency.value
    made = pictures.forecast(row.symbol, row.side, left, urgency)
    missing = made.missing
    if made.expected_cost_bps is None:
        why = missing[0] if missing else "no venue that may be used shows a price"
        return RestCost(None, why, missing)
    if made.at_least:
        # Not the books that its decisions saw.
        missing = f"of what is left, now: {missing[0]}", *missing[1:]
    if _capped(facts, seen, left):
        return RestCost(None, passes(facts), missing)
    return RestCost(made.expected_cost_bps, "the forecast of taking it at once", missing)


def _capped(facts: OrderFacts, seen: MarketPicture, qty_1e8: int) -> bool:
    """Whether a sweep of that much would go beyond the worst price that the order allows."""
    worst = facts.memory.worst_price_1e9
    if not worst:
        return False
    return any(seen.sign * (price - worst) > 0 for *_, price in seen.sweep(qty_1e8).legs)


def passes(facts: OrderFacts) -> str:
    """That its worst price is in the way, and what that comes from."""
    return f"taking the rest now would pass {bound_of(facts)}"


def _slices_left(facts: OrderFacts, how: Execution, now_ns: int) -> int | None:
    """How many slices are still to come, at least one; None for a share of the volume."""
    assert how.pacing is not None, "only what is paced has slices"
    plan = how.pacing.uniform or how.pacing.vwap
    if plan is None:
        return None
    begun = 0
    if facts.memory.started_ns:
        begun = max(0, now_ns - facts.started_ns) // (plan.interval_ms * MS)
    return max(1, plan.num_slices - begun)


def _horizon_ms(facts: OrderFacts, how: Execution, now_ns: int) -> int | None:
    """What is left of its own horizon; None where it has the policy's."""
    if how.horizon_ms is None or not facts.memory.started_ns:
        return how.horizon_ms
    return max(1, how.horizon_ms - max(0, now_ns - facts.started_ns) // MS)
