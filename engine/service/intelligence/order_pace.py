"""How far an order is against what was expected as it started.

That is its schedule, the forecast that was stored as it became active (also once it has ended), or
the books that its first decision recorded. Books of later on never say whether an order is late.
"""

from __future__ import annotations

from typing import Final

import msgspec

from engine.decisions.policies.paced import slices_of
from engine.intelligence.pace import Expected, Pace, as_forecast, by_schedule, pace_of
from engine.intelligence.picture import MarketPicture
from engine.intelligence.policy_regret import unpriced
from engine.intelligence.recorded_market import picture_at
from engine.intelligence.strategies import STRATEGIES, estimate
from engine.model.graph import Execution
from engine.model.records import DecisionRecord, PostRecord
from engine.service.intelligence.advice import HeldBack
from engine.service.intelligence.facts import OrderFacts
from engine.service.intelligence.forecast_log import EndedRow, ForecastRow
from engine.service.intelligence.pictures import RANKS, Pictures
from engine.service.intelligence.regret import bound_of

__all__ = ["AtStart", "order_pace"]

LIMITED: Final = (
    "a limit order waits for its price when that is not there, so that no time is forecast of it"
)
WAITS: Final = "a limit order waits for its price"
NO_FORECAST: Final = "it was not forecast as it started, and no decision recorded its books then"
POSTED: Final = (
    "it was not forecast as it started, and its first decision, to rest, recorded no depth to tell "
    "a time from"
)
CHANGED: Final = "its quantity was changed since it was forecast"
NOT_KEPT: Final = "the time that it was forecast to take is not kept"


class AtStart(msgspec.Struct, frozen=True):
    """What is known of an order's start: its stored forecast and its first decision.

    `forecast` is of one that works, `ended` of one that does not any more.
    """

    forecast: ForecastRow | None = None
    first: DecisionRecord | PostRecord | None = None
    ended: EndedRow | None = None


def order_pace(
    pictures: Pictures,
    facts: OrderFacts,
    began: AtStart,
    seen: MarketPicture,
    held: HeldBack | None,
) -> Pace:
    """The verdict now, or at its end. `held` is how far the market is beyond its limit price."""
    row, execution = facts.row, facts.node.execution
    share = facts.filled_1e8 / row.qty_1e8 if row.qty_1e8 else 0.0
    if not facts.memory.started_ns:
        why = "it ended before it began" if facts.terminal else "it waits for its trigger"
        return Pace("unknown", None, share, 0, why)
    elapsed = max(0, (facts.ended_ns or seen.now_ns) - facts.started_ns)
    if not row.qty_1e8:
        expected = Expected(None, None, "its quantity is not known yet")
    elif execution.pacing is not None:
        expected = _scheduled(facts, execution, elapsed, seen)
    elif facts.node.limit_price_1e9 is not None:
        expected = Expected(None, None, LIMITED if held is None else f"{WAITS}: {held.text}")
    else:
        expected = _as_forecast(pictures, facts, began, elapsed)
    return pace_of(share, expected, elapsed)


def _scheduled(
    facts: OrderFacts, execution: Execution, elapsed_ns: int, seen: MarketPicture
) -> Expected:
    """What was to be done by now of an order that follows a schedule."""
    return by_schedule(
        execution,
        facts.row.qty_1e8,
        elapsed_ns,
        started_ns=facts.started_ns,
        slices=slices_of(facts.memory.policy),
        round_trip_ns=2 * max(seen.observations.latency_ns, default=0),
        lot_1e8=seen.lot_1e8,
    )


def _as_forecast(
    pictures: Pictures, facts: OrderFacts, began: AtStart, elapsed_ns: int
) -> Expected:
    """What was to be done by now, as it was expected when the order started."""
    qty, policy = facts.row.qty_1e8, facts.node.execution.policy
    said = began.forecast if began.forecast is not None else began.ended
    if said is not None and said.time_ms is not None and said.qty_1e8 == qty:
        return as_forecast(policy, elapsed_ns, said.time_ms, said.fill_rate)
    if isinstance(began.first, DecisionRecord) and policy.value in STRATEGIES:
        redone = _redone(pictures, facts, began.first, elapsed_ns)
        if redone is not None:
            return redone
    return Expected(None, None, _unknown(began))


def _unknown(began: AtStart) -> str:
    """Why nothing is known of how long it was to take."""
    forecast, ended = began.forecast, began.ended
    if ended is not None and not ended.made_ns:
        return f"it was not forecast as it started: {ended.why}"
    said = forecast if forecast is not None else ended
    if said is not None:
        return NOT_KEPT if said.time_ms is None else CHANGED
    return POSTED if isinstance(began.first, PostRecord) else NO_FORECAST


def _redone(
    pictures: Pictures, facts: OrderFacts, first: DecisionRecord, elapsed_ns: int
) -> Expected | None:
    """The same from the books of the first decision; None where they cannot be made again."""
    execution, qty = facts.node.execution, facts.row.qty_1e8
    policy, rank = execution.policy, RANKS[execution.urgency.value]
    market = pictures.engine.world.markets[facts.row.symbol]
    worst = facts.memory.worst_price_1e9
    then = picture_at(first, market.listings, rank, worst_1e9=worst)
    if then is None or not then.look(int(facts.row.side), then.now_ns, rank):
        return None
    made = estimate(
        then,
        qty,
        policy.value,
        rank,
        parameters=pictures.engine.config.policies,
        horizon_ms=execution.horizon_ms,
    )
    if made.time_to_complete_ms is None:
        return Expected(None, None, unpriced(first, qty, made.reason, worst, bound_of(facts)))
    redone = as_forecast(policy, elapsed_ns, made.time_to_complete_ms, made.fill_rate)
    return msgspec.structs.replace(redone, rule=f"{redone.rule}, redone from its first decision")
