"""Decisions where to rest as answers: why these venues, what was next best, what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from engine.intelligence.post_audit import audit_post, filled_cost_bps
from engine.model.order_ids import node_order_id
from engine.model.records import PostRecord
from engine.model.units import PRICE_SCALE
from engine.service.intelligence.views import DecisionLeg, DecisionView
from engine.store.rows import DecisionRow, FillRow

__all__ = ["POST", "post_view"]

POST: Final = "post"
CROSSED: Final = "it crossed as it was sent: what of it would take is not estimated"
# What of a decision has no meaning for one that takes no levels.
NOT_OF_A_POST: Final = (
    "best_single_venue and its costs: a post is held against next_venue and its fee",
    "selection_error_bps: a post takes no levels, of which there could be a better split",
    "coefficients_id: venues are ranked by maker fee alone, without coefficients",
)


def post_view(
    row: DecisionRow,
    record: PostRecord,
    mine: Sequence[FillRow] | None,
    realised_bps: float | None,
    reason: str,
) -> DecisionView:
    """One decision with the fills that came of it, None where they are not known.

    `realised_bps` is what those cost; without it `reason` says why there is none.
    """
    seen = audit_post(record)
    filled: dict[str, int] = {}
    for one in mine or ():
        filled[one.venue] = filled.get(one.venue, 0) + one.qty_1e8
    meant = filled_cost_bps(record, filled)
    error = None if realised_bps is None or meant is None else realised_bps - meant
    if error is None and realised_bps is not None:
        reason = CROSSED
    return DecisionView(
        decision_id=row.seq,
        kind=POST,
        node_order_id=node_order_id(row.graph_id, row.node_id, 1),
        graph_id=row.graph_id,
        node_id=row.node_id,
        symbol=record.symbol,
        side=record.side.text,
        ts_unix_ns=row.ts_ns,
        attempt=record.attempt,
        routing_version=record.routing_version,
        coefficients_id=None,
        qty_1e8=record.qty_1e8,
        planned_qty_1e8=record.qty_1e8 - record.unplaced_qty_1e8,
        mid=record.mid_1e9 / PRICE_SCALE if record.mid_1e9 else None,
        chosen=seen.chosen,
        legs=tuple(
            DecisionLeg(venue=record.rules[v].venue, qty_1e8=qty, limit_price_1e9=price)
            for v, qty, price in record.places
        ),
        candidates=seen.candidates,
        est_cost_bps=seen.est_cost_bps,
        best_single_venue=None,
        best_single_cost_bps=None,
        saving_vs_single_bps=None,
        selection_error_bps=None,
        realised_cost_bps=realised_bps,
        forecast_error_bps=error,
        redone=seen.redone,
        why=seen.why,
        filled_qty_1e8=None if mine is None else sum(filled.values()),
        est_filled_cost_bps=meant,
        forecast_error_reason="" if error is not None else reason,
        next_venue=seen.next_venue,
        next_fee_bps=seen.next_fee_bps,
        saving_vs_next_bps=seen.saving_bps,
        missing=NOT_OF_A_POST,
    )
