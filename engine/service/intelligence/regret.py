"""Policy regret in the review: the order's first decision, its own terms, and what may be blamed.

No policy is to blame for the client's delay before the order came, nor for the times of a schedule
that the client asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from engine.intelligence.policy_regret import Judged, PolicyRegret, estimates_at, judged_of, regret
from engine.model.records import DecisionRecord
from engine.model.units import PRICE_SCALE
from engine.service.intelligence.facts import OrderFacts
from engine.service.intelligence.other_side import ratio, scaled_bps
from engine.service.intelligence.pictures import RANKS, Pictures

__all__ = ["Judge", "bound_of", "judge_of", "order_regret"]

Judge = Callable[[DecisionRecord], Judged]

PACED: Final = "a paced order keeps to its schedule, which another policy would not change"
NO_DECISION: Final = "no decision recorded books to estimate others on"


def judge_of(pictures: Pictures, facts: OrderFacts, *, mirrored: bool = False) -> Judge:
    """Estimates every strategy on the market of an order's first decision, under its own terms.

    `facts` are of YES; `mirrored` turns the estimates into bps of NO.
    """

    def judged(record: DecisionRecord) -> Judged:
        execution, qty = facts.node.execution, max(facts.row.qty_1e8, facts.filled_1e8)
        if execution.pacing is not None:
            return Judged(why=PACED)
        if facts.row.symbol not in pictures.engine.world.markets:
            return Judged(why="its instrument is no longer listed")
        worst = facts.memory.worst_price_1e9
        found = estimates_at(
            record,
            pictures.engine.world.markets[facts.row.symbol].listings,
            qty,
            execution.policy.value,
            RANKS[execution.urgency.value],
            parameters=pictures.engine.config.policies,
            horizon_ms=execution.horizon_ms,
            worst_1e9=worst,
        )
        made = judged_of(record, qty, found, worst, bound_of(facts))
        return scaled_bps(made, ratio(record.mid_1e9 / PRICE_SCALE or None)) if mirrored else made

    return judged


def bound_of(facts: OrderFacts) -> str:
    """What the worst price of an order comes from."""
    limited = facts.node.limit_price_1e9 is not None
    if facts.node.execution.max_slippage_bps is not None:
        return "its limit and slippage cap" if limited else "its slippage cap"
    return "its limit" if limited else "the price collar of this engine"


def order_regret(
    facts: OrderFacts,
    shares: Mapping[str, float | None] | None,
    judged: Judged | None,
    missing: list[str],
) -> PolicyRegret | None:
    """What another policy was estimated to save from the arrival on; else why it is not known.

    `shares` are the parts of the shortfall in bps; the delay is not among what is judged.
    """
    shortfall = None if shares is None else shares["shortfall"]
    if shares is None or shortfall is None:
        missing.append("policy_regret_bps: its whole cost is not known")
        return None
    if judged is None:
        missing.append(f"policy_regret_bps: {NO_DECISION}")
        return None
    realised = shortfall - (shares["delay"] or 0.0)
    made = regret(judged, facts.node.execution.policy.value, realised)
    if made is None:
        missing.append(f"policy_regret_bps: {judged.why}")
    return made
