"""Routing decisions as answers: read from the durable store and redone from their records."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

from engine.intelligence.audit import audit
from engine.model.mirror import PAYOFF_1E9
from engine.model.order_ids import node_order_id
from engine.model.records import DecisionRecord
from engine.model.units import PRICE_SCALE, QTY_SCALE
from engine.service.intelligence.views import DecisionLeg, DecisionView
from engine.store.queries import decision_record
from engine.store.rows import DecisionRow, FillRow

__all__ = ["LAST_N_MAX", "decision_view", "decision_views", "fills_by_attempt"]

LAST_N_MAX: Final = 1_000
TURN_ROWS: Final = 25


async def decision_views(
    rows: Sequence[DecisionRow], fills: Mapping[int, Sequence[FillRow]] | None = None
) -> tuple[DecisionView, ...]:
    """Many decisions; the event loop has a turn every few milliseconds."""
    views = []
    for index, row in enumerate(rows):
        views.append(decision_view(row, fills))
        if index % TURN_ROWS == TURN_ROWS - 1:
            await asyncio.sleep(0)
    return tuple(views)


def decision_view(
    row: DecisionRow, fills: Mapping[int, Sequence[FillRow]] | None = None
) -> DecisionView:
    """One decision; with the `fills` of its order by attempt also what it came to."""
    record = decision_record(row)
    mine = None if fills is None else fills.get(record.attempt)
    seen = audit(record)
    realised = None if not mine else _realised_bps(record, mine)
    error = None
    if realised is not None and seen.est_cost_bps is not None:
        error = realised - seen.est_cost_bps
    return DecisionView(
        decision_id=record.decision_id,
        node_order_id=node_order_id(row.graph_id, row.node_id, 1),
        graph_id=row.graph_id,
        node_id=row.node_id,
        symbol=record.symbol,
        side=record.side.text,
        ts_unix_ns=row.ts_ns,
        attempt=record.attempt,
        routing_version=record.routing_version,
        coefficients_id=record.coefficients_id,
        qty_1e8=record.qty_1e8,
        planned_qty_1e8=record.planned_qty_1e8,
        mid=record.mid_1e9 / PRICE_SCALE if record.mid_1e9 else None,
        chosen=seen.chosen,
        legs=tuple(
            DecisionLeg(venue=record.venues[v], qty_1e8=qty, limit_price_1e9=limit)
            for v, qty, limit in record.legs
        ),
        candidates=seen.candidates,
        est_cost_bps=seen.est_cost_bps,
        best_single_venue=seen.best_single_venue,
        best_single_cost_bps=seen.best_single_cost_bps,
        saving_vs_single_bps=seen.saving_vs_single_bps,
        selection_error_bps=seen.optimality_gap_bps,
        realised_cost_bps=realised,
        forecast_error_bps=error,
        redone=seen.redone,
        why=seen.why,
    )


def fills_by_attempt(
    fills: Sequence[FillRow], attempts: Mapping[str, int]
) -> dict[int, list[FillRow]]:
    """Fills by the routing attempt of their child."""
    found: dict[int, list[FillRow]] = {}
    for fill in fills:
        attempt = attempts.get(fill.client_order_id)
        if attempt is not None:
            found.setdefault(attempt, []).append(fill)
    return found


def _realised_bps(record: DecisionRecord, fills: Sequence[FillRow]) -> float | None:
    """Price and fee of the decision's fills against the mid that it saw.

    Fills that were turned to the other side of an event contract are turned back: what a decision
    recorded is of YES.
    """
    qty = sum(one.qty_1e8 for one in fills)
    if not record.mid_1e9 or not qty:
        return None
    paid = sum(one.price_1e9 * one.qty_1e8 for one in fills)
    if fills[0].side is not record.side:
        paid = PAYOFF_1E9 * qty - paid
    fees = sum(one.fee_1e9 for one in fills) * QTY_SCALE
    unit = record.mid_1e9 * qty
    sign = int(record.side.sign)
    return float(1e4 * (sign * (paid - unit) + fees) / unit)
