"""The live monitor: how far an order is, what it costs, which venue lags, what to do about it.

Books of now say what the rest costs and whether a limit price holds the order back, never whether
it is late (`order_pace`).
"""

from __future__ import annotations

from typing import Final

import msgspec

from engine.intelligence.learned.forgetting import DecayedRate
from engine.intelligence.picture import MarketPicture
from engine.intelligence.venue_health import deteriorating, venue_health
from engine.model.instruments import InstrumentType
from engine.model.units import PRICE_SCALE, QTY_SCALE
from engine.service.intelligence.advice import advise, held_back
from engine.service.intelligence.facts import OrderFacts
from engine.service.intelligence.order_forecast import Said, order_forecast
from engine.service.intelligence.order_pace import AtStart, order_pace
from engine.service.intelligence.other_side import facts_of_no, mirror_x2, ratio, scaled_bps
from engine.service.intelligence.pictures import Pictures
from engine.service.intelligence.rest_cost import RestCost, rest_cost
from engine.service.intelligence.views import FillView, InFlightCost, LiveView
from engine.store.rows import FillRow

__all__ = ["fill_views", "live_view"]

CENTS_PER_PRICE: Final = 1e-7


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
    held = held_back(facts, seen)
    pace = order_pace(pictures, facts, began, seen, held)
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
        advice=advise(facts, pace, tca, health, held),
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
