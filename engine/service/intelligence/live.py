"""The live monitor: how far an order is, what it costs, which venue lags, what to do about it.

Pace is judged against what was expected at the start: the schedule, the forecast that was stored
as the order became active, or the books that its first decision recorded. Books of later on say
what the rest costs, never whether the order is late.
"""

from __future__ import annotations

from typing import Final

import msgspec

from engine.decisions.policies.paced import slices_of
from engine.intelligence.learned.forgetting import DecayedRate
from engine.intelligence.pace import Expected, Pace, as_forecast, by_schedule, pace_of
from engine.intelligence.picture import MarketPicture
from engine.intelligence.policy_regret import picture_at
from engine.intelligence.strategies import STRATEGIES, estimate
from engine.intelligence.venue_health import SLOW, VenueHealth, deteriorating, venue_health
from engine.model.graph import Policy
from engine.model.instruments import InstrumentType
from engine.model.records import DecisionRecord
from engine.model.units import PRICE_SCALE, QTY_SCALE
from engine.service.intelligence.facts import OrderFacts
from engine.service.intelligence.forecast_log import EndedRow, ForecastRow
from engine.service.intelligence.order_forecast import Said, order_forecast
from engine.service.intelligence.other_side import facts_of_no, mirror_x2, ratio, scaled_bps
from engine.service.intelligence.pictures import RANKS, Pictures
from engine.service.intelligence.rest_cost import RestCost, rest_cost
from engine.service.intelligence.views import Advice, FillView, InFlightCost, LiveView
from engine.store.rows import FillRow

__all__ = ["AtStart", "fill_views", "live_view"]

CENTS_PER_PRICE: Final = 1e-7
NO_FORECAST: Final = "it was not forecast as it started, and no decision recorded its books then"


class AtStart(msgspec.Struct, frozen=True):
    """What is known of an order's start: its stored forecast and its first decision.

    `forecast` is of one that works, `ended` of one that does not any more.
    """

    forecast: ForecastRow | None = None
    first: DecisionRecord | None = None
    ended: EndedRow | None = None


def live_view(
    pictures: Pictures, facts: OrderFacts, mirrored: bool = False, began: AtStart | None = None
) -> LiveView:
    """The monitor of one order now; a finished one is told as it ended.

    `mirrored` tells it from the NO side, on which it was given.
    """
    began = began or AtStart()
    row, node = facts.row, facts.node
    urgency = node.execution.urgency.value
    filled, target = facts.filled_1e8, row.qty_1e8
    left = 0 if facts.terminal else max(0, target - filled)
    missing: list[str] = []
    if not target:
        missing.append("the quantity is derived from another node and not known yet")
    seen = pictures.look(row.symbol, row.side, urgency, _barred(pictures, facts))
    rest = rest_cost(pictures, facts, seen)
    rest_bps = rest.bps
    missing += rest.missing
    if left and rest_bps is None:
        missing.append(f"tca.remaining_cost_bps, tca.projected_cost_bps: {rest.basis}")
    told, mid_x2 = facts, seen.mid_x2
    if mirrored:
        factor = ratio(None if not mid_x2 else mid_x2 / 2 / PRICE_SCALE)
        told, mid_x2 = facts_of_no(facts), mirror_x2(mid_x2)
        rest_bps = None if rest_bps is None else rest_bps * factor
    tca = _in_flight(told, mid_x2, left, msgspec.structs.replace(rest, bps=rest_bps))
    said = Said(began.forecast, began.ended)
    forecast = order_forecast(facts, said, missing, mirrored=mirrored)
    if forecast is not None:
        tca = msgspec.structs.replace(
            tca,
            forecast_cost_bps=forecast.p50_cost_bps,
            forecast_downside_bps=forecast.p90_cost_bps,
        )
    if tca.arrival_mid is None:
        missing.append("no mid was there when the order became active")
    health = venue_health(seen.market, seen.observations, seen.now_ns, _fades(pictures, seen))
    if mirrored:
        health = scaled_bps(health, factor)
    worst = deteriorating(health)
    pace = _pace(pictures, facts, began, seen)
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


def _in_flight(facts: OrderFacts, mid_x2: int | None, left: int, rest: RestCost) -> InFlightCost:
    """Cost so far, and with the rest as its policy would go on; all in bps of the arrival mid."""
    rest_bps = rest.bps
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
        ahead = drift + rest_bps * (mid_x2 / 2) / arrival
        projected = ((so_far or 0.0) * filled + ahead * left) / (filled + left)
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
        remaining_basis=rest.basis,
    )


def _barred(pictures: Pictures, facts: OrderFacts) -> frozenset[str]:
    """The venues that an order bound to one may not use."""
    pinned = facts.node.instrument.venue
    if pinned is None:
        return frozenset()
    listings = pictures.handle(facts.row.symbol).listings
    return frozenset(one.venue for one in listings) - {pinned}


def _fades(pictures: Pictures, seen: MarketPicture) -> list[DecayedRate]:
    """What was learned of fades at each venue; none where nobody learns."""
    observer, symbol = pictures.observer, seen.market.instrument.symbol
    if observer is None:
        return []
    return [observer.venue(one.venue, symbol).fades for one in seen.listings]


def _pace(pictures: Pictures, facts: OrderFacts, began: AtStart, seen: MarketPicture) -> Pace:
    row, execution = facts.row, facts.node.execution
    share = facts.filled_1e8 / row.qty_1e8 if row.qty_1e8 else 0.0
    if not facts.memory.started_ns:
        return Pace("unknown", None, share, 0, "it waits for its trigger")
    elapsed = max(0, (facts.ended_ns or seen.now_ns) - facts.started_ns)
    if not row.qty_1e8:
        expected = Expected(None, None, "its quantity is not known yet")
    elif execution.pacing is not None:
        expected = by_schedule(
            execution,
            row.qty_1e8,
            elapsed,
            started_ns=facts.started_ns,
            slices=slices_of(facts.memory.policy),
            round_trip_ns=2 * max(seen.observations.latency_ns, default=0),
            lot_1e8=seen.lot_1e8,
        )
    elif execution.policy is Policy.SOR and facts.node.limit_price_1e9 is not None:
        expected = Expected(None, None, "a limit order waits for its price")
    else:
        expected = _as_forecast(pictures, facts, began, elapsed)
    return pace_of(share, expected, elapsed)


def _as_forecast(
    pictures: Pictures, facts: OrderFacts, began: AtStart, elapsed_ns: int
) -> Expected:
    """What was to be done by now, as it was expected when the order started."""
    stored, qty = began.forecast, facts.row.qty_1e8
    execution = facts.node.execution
    policy = execution.policy
    if stored is not None and stored.time_ms is not None and stored.qty_1e8 == qty:
        return as_forecast(policy, elapsed_ns, stored.time_ms, stored.fill_rate)
    if began.first is None or policy.value not in STRATEGIES:
        return Expected(None, None, NO_FORECAST)
    now = pictures.picture(facts.row.symbol)
    then = picture_at(began.first, now.listings, now.observations, now.tape)
    rank = RANKS[execution.urgency.value]
    if then is None or not then.look(int(facts.row.side), then.now_ns, rank):
        return Expected(None, None, NO_FORECAST)
    made = estimate(
        then,
        qty,
        policy.value,
        rank,
        parameters=pictures.engine.config.policies,
        horizon_ms=execution.horizon_ms,
    )
    if made.time_to_complete_ms is None:
        return Expected(None, None, made.reason)
    redone = as_forecast(policy, elapsed_ns, made.time_to_complete_ms, made.fill_rate)
    return msgspec.structs.replace(redone, rule=f"{redone.rule}, redone from its first decision")


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
    if worst is not None and worst.severity >= SLOW:
        others = [one.venue for one in health if one.routable and one.venue != worst.venue]
        if worst.venue in resting and others:
            text = f"{worst.venue} holds part of this order and {worst.concern}; {others[0]} is up"
            value, unit = worst.concern_value, worst.concern_unit
            found.append(Advice(action="reroute", reason=text, value=value, unit=unit))
    if pace.status == "behind" and pace.expected_share is not None:
        gap = pace.expected_share - pace.filled_share
        if facts.node.execution.urgency.value != "high":
            text = f"it is {100 * gap:.0f} % of its quantity behind ({pace.reason})"
            found.append(Advice(action="more_aggressive", reason=text, value=100 * gap, unit="%"))
        else:
            text = f"it is {100 * gap:.0f} % behind and already as urgent as it can be"
            found.append(Advice(action="wait", reason=text, value=100 * gap, unit="%"))
    elif tca.drift_bps is not None and pace.filled_share < 1.0 and tca.remaining_cost_bps:
        if tca.drift_bps > tca.remaining_cost_bps > 0:
            text = (
                f"the mid has moved {tca.drift_bps:.2f} bps against it, more than the rest costs "
                f"from now on ({tca.remaining_cost_bps:.2f} bps)"
            )
            value = tca.drift_bps
            found.append(Advice(action="more_aggressive", reason=text, value=value, unit="bps"))
    if not found:
        text = "it goes as expected" if pace.status != "unknown" else pace.reason
        found.append(Advice(action="none", reason=text, value=None))
    return tuple(found)
