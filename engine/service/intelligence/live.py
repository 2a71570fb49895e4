"""The live monitor: how far an order is, what it costs, which venue lags, what to do about it."""

from __future__ import annotations

from typing import Final

from engine.intelligence.pace import Pace, expected_share, pace_of
from engine.intelligence.strategies import estimate
from engine.intelligence.venue_health import VenueHealth, deteriorating, venue_health
from engine.model.instruments import InstrumentType
from engine.model.units import PRICE_SCALE, QTY_SCALE
from engine.service.intelligence.facts import OrderFacts
from engine.service.intelligence.other_side import facts_of_no, mirror_x2, ratio, scaled_bps
from engine.service.intelligence.pictures import RANKS, Pictures
from engine.service.intelligence.views import Advice, FillView, InFlightCost, LiveView
from engine.store.rows import FillRow

__all__ = ["fill_views", "live_view"]

CENTS_PER_PRICE: Final = 1e-7
SEVERE: Final = 20.0


def live_view(pictures: Pictures, facts: OrderFacts, mirrored: bool = False) -> LiveView:
    """The monitor of one order now; a finished one is told as it ended.

    `mirrored` tells it from the NO side, on which it was given.
    """
    row, node = facts.row, facts.node
    urgency = node.execution.urgency.value
    seen = pictures.look(row.symbol, row.side, urgency)
    filled, target = facts.filled_1e8, row.qty_1e8
    left = 0 if facts.terminal else max(0, target - filled)
    missing: list[str] = []
    if not target:
        missing.append("the quantity is derived from another node and not known yet")
    remaining = pictures.forecast(row.symbol, row.side, left, urgency) if left else None
    rest_bps = None if remaining is None else remaining.expected_cost_bps
    if remaining is not None:
        missing += remaining.missing
    seen = pictures.look(row.symbol, row.side, urgency)
    told, mid_x2 = facts, seen.mid_x2
    if mirrored:
        factor = ratio(None if not mid_x2 else mid_x2 / 2 / PRICE_SCALE)
        told, mid_x2 = facts_of_no(facts), mirror_x2(mid_x2)
        rest_bps = None if rest_bps is None else rest_bps * factor
    tca = _in_flight(told, mid_x2, left, rest_bps)
    if tca.arrival_mid is None:
        missing.append("no mid was there when the order became active")
    health = venue_health(seen.market, seen.observations, seen.now_ns)
    if mirrored:
        health = scaled_bps(health, factor)
    worst = deteriorating(health)
    pace = _pace(pictures, facts, seen.now_ns)
    return LiveView(
        node_order_id=row.node_order_id,
        graph_id=facts.stored.row.graph_id,
        node_id=row.node_id,
        symbol=row.symbol,
        side=told.row.side.text,
        status=row.status.value,
        terminal=facts.terminal,
        policy=node.execution.policy.value,
        urgency=urgency,
        total_qty_1e8=target,
        filled_qty_1e8=filled,
        remaining_qty_1e8=max(0, target - filled),
        working_qty_1e8=row.working_qty_1e8,
        unknown_qty_1e8=row.unknown_qty_1e8,
        fill_pct=100.0 * filled / target if target else None,
        pace=pace,
        fills=fill_views(told),
        tca=tca,
        venue_health=health,
        deteriorating_venue=None if worst is None else worst.venue,
        advice=advise(facts, pace, tca, worst, health),
        as_of_ns=seen.now_ns,
        missing=tuple(dict.fromkeys(missing)),
    )


def fill_views(facts: OrderFacts) -> tuple[FillView, ...]:
    """The fills, oldest first, each against the arrival mid."""
    event = facts.node.instrument.type is InstrumentType.PREDICTION
    return tuple(_fill_view(one, facts.arrival_x2, event) for one in facts.fills)


def _fill_view(one: FillRow, arrival_x2: int, event: bool) -> FillView:
    away = one.side.sign * (2 * one.price_1e9 - arrival_x2)
    return FillView(
        fill_id=one.fill_id,
        venue=one.venue,
        client_order_id=one.client_order_id,
        qty_1e8=one.qty_1e8,
        price_1e9=one.price_1e9,
        ts_unix_ns=one.ts_unix_ns,
        fee_1e9=one.fee_1e9,
        is_maker=one.is_maker,
        slippage_bps=1e4 * away / arrival_x2 if arrival_x2 else None,
        slippage_cents=away / 2 * CENTS_PER_PRICE if arrival_x2 and event else None,
    )


def _in_flight(
    facts: OrderFacts, mid_x2: int | None, left: int, rest_bps: float | None
) -> InFlightCost:
    """Cost so far, and with the rest priced now; all in bps of the arrival mid."""
    arrival, sign = facts.arrival_x2 / 2, facts.row.side.sign
    filled = facts.filled_1e8
    paid = sum(one.price_1e9 * one.qty_1e8 for one in facts.fills)
    fees = sum(one.fee_1e9 for one in facts.fills)
    slip = fee_bps = so_far = drift = projected = None
    if arrival and filled:
        slip = 1e4 * sign * (paid - arrival * filled) / (arrival * filled)
        fee_bps = 1e4 * fees * QTY_SCALE / (arrival * filled)
        so_far = slip + fee_bps
    if arrival and mid_x2:
        drift = 1e4 * sign * (mid_x2 / 2 - arrival) / arrival
    if arrival and not left:
        projected = so_far
    elif drift is not None and rest_bps is not None and mid_x2:
        rest = drift + rest_bps * (mid_x2 / 2) / arrival
        projected = ((so_far or 0.0) * filled + rest * left) / (filled + left)
    return InFlightCost(
        arrival_mid=arrival / PRICE_SCALE or None,
        mid=None if not mid_x2 else mid_x2 / 2 / PRICE_SCALE,
        avg_fill_price_1e9=facts.average_1e9 if filled else None,
        slippage_bps=slip,
        fees_bps=fee_bps,
        cost_so_far_bps=so_far,
        drift_bps=drift,
        remaining_cost_bps=rest_bps if left else None,
        projected_cost_bps=projected,
    )


def _pace(pictures: Pictures, facts: OrderFacts, now_ns: int) -> Pace:
    row, execution = facts.row, facts.node.execution
    share = facts.filled_1e8 / row.qty_1e8 if row.qty_1e8 else 0.0
    if not facts.memory.started_ns:
        return Pace("unknown", None, share, 0, "it waits for its trigger")
    elapsed = max(0, (facts.ended_ns or now_ns) - facts.started_ns)
    limit = facts.node.limit_price_1e9 is not None
    usual = None
    if row.qty_1e8 and execution.pacing is None:
        urgency = execution.urgency.value
        seen = pictures.look(row.symbol, row.side, urgency)
        made = estimate(
            seen,
            row.qty_1e8,
            execution.policy.value,
            RANKS[urgency],
            parameters=pictures.engine.config.policies,
            horizon_ms=execution.horizon_ms,
        )
        usual = made.time_to_complete_ms
    expected, rule = expected_share(execution, elapsed, usual, limit)
    return pace_of(share, expected, elapsed, rule)


def advise(
    facts: OrderFacts,
    pace: Pace,
    tca: InFlightCost,
    worst: VenueHealth | None,
    health: tuple[VenueHealth, ...],
) -> tuple[Advice, ...]:
    """What to do, each with its reason and number; `none` when there is nothing."""
    if facts.terminal:
        return (Advice(action="none", reason="the order has ended", value=None),)
    found: list[Advice] = []
    resting = {one.venue for one in facts.children if not one.state.terminal}
    if worst is not None and worst.severity >= SEVERE:
        others = [one.venue for one in health if one.routable and one.venue != worst.venue]
        if worst.venue in resting and others:
            text = f"{worst.venue} holds part of this order and {worst.concern}; {others[0]} is up"
            found.append(Advice(action="reroute", reason=text, value=worst.severity))
    if pace.status == "behind" and pace.expected_share is not None:
        gap = pace.expected_share - pace.filled_share
        if facts.node.execution.urgency.value != "high":
            text = f"it is {100 * gap:.0f} % of its quantity behind ({pace.reason})"
            found.append(Advice(action="more_aggressive", reason=text, value=gap))
        else:
            text = f"it is {100 * gap:.0f} % behind and already as urgent as it can be"
            found.append(Advice(action="wait", reason=text, value=gap))
    elif tca.drift_bps is not None and pace.filled_share < 1.0 and tca.remaining_cost_bps:
        if tca.drift_bps > tca.remaining_cost_bps > 0:
            text = (
                f"the mid has moved {tca.drift_bps:.2f} bps against it, more than taking the rest "
                f"now costs ({tca.remaining_cost_bps:.2f} bps)"
            )
            found.append(Advice(action="more_aggressive", reason=text, value=tca.drift_bps))
    if not found:
        text = "it goes as expected" if pace.status != "unknown" else pace.reason
        found.append(Advice(action="none", reason=text, value=None))
    return tuple(found)
