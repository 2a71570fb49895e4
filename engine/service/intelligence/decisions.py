"""Routing decisions as answers: read from the durable store and redone from their records.

A decision's fills are held against what its record estimated for just those: the best levels of
each leg's venue, as many as came. What a leg missed is part of neither side.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, Final

from engine.intelligence.audit import DecisionAudit, Inputs, audit
from engine.model.instruments import Environment
from engine.model.mirror import PAYOFF_1E9
from engine.model.order_ids import node_order_id
from engine.model.orders import TimeInForce
from engine.model.records import DecisionRecord, PostRecord
from engine.model.units import PRICE_SCALE, QTY_SCALE
from engine.service.api_error import ApiError, ErrorCode
from engine.service.intelligence.post_views import post_view
from engine.service.intelligence.views import DecisionLeg, DecisionView
from engine.store.chain import decode_entry
from engine.store.queries import choice_record
from engine.store.rows import ChildRow, DecisionRow, FillRow

if TYPE_CHECKING:
    from engine.store.queries import Queries

__all__ = [
    "LAST_N_MAX",
    "decision_log",
    "decision_view",
    "decision_views",
    "fills_by_choice",
    "first_choice",
    "first_decision",
]

LAST_N_MAX: Final = 1_000
TURN_ROWS: Final = 25
FIRST: Final = "SELECT record FROM decisions WHERE order_number = ? ORDER BY seq LIMIT 1"
FIRST_CHOICE: Final = (
    "SELECT seq, record FROM decisions WHERE order_number = ? UNION ALL "
    "SELECT seq, record FROM posts WHERE order_number = ? ORDER BY seq LIMIT 1"
)
NOT_ASKED: Final = "its order is not known, and so are its fills"
NO_FILLS: Final = "it has no fills"
NO_MID: Final = "no mid was there when it was made"
BEYOND: Final = "more was filled than its record has levels for"

# By the attempt of their child, and whether it was to rest.
Fills = Mapping[tuple[int, bool], Sequence[FillRow]]


async def decision_views(
    rows: Sequence[DecisionRow], fills: Fills | None = None
) -> tuple[DecisionView, ...]:
    """Many decisions; the event loop has a turn every few milliseconds."""
    views = []
    for index, row in enumerate(rows):
        views.append(decision_view(row, fills))
        if index % TURN_ROWS == TURN_ROWS - 1:
            await asyncio.sleep(0)
    return tuple(views)


async def decision_log(
    queries: Queries,
    client: tuple[str, Environment],
    last_n: int,
    node_order_id: str | None = None,
    decision_id: int | None = None,
) -> tuple[list[DecisionView], int]:
    """A client's last decisions, newest first, with what each came to; `last_n` as applied.

    With `decision_id` that one. ApiError for `last_n` below 1, and 404 for a decision that is not
    the client's.
    """
    if last_n < 1:
        text = "last_n is at least 1"
        raise ApiError(ErrorCode.INVALID_PARAMS, text, [("last_n", text)])
    last_n = min(last_n, LAST_N_MAX)
    rows = queries.decisions(
        *client, last_n=last_n, node_order_id=node_order_id, decision_id=decision_id, posts=True
    )
    if decision_id is not None and not rows:
        text = f"there is no decision {decision_id} of this client; check the id"
        raise ApiError(ErrorCode.NOT_FOUND, text)
    views: list[DecisionView] = []
    found: dict[int, Fills] = {}
    for index, row in enumerate(rows):
        number = row.order_number
        if number is not None and number not in found:
            found[number] = fills_by_choice(queries.fills_of(number), queries.children_of(number))
        views.append(decision_view(row, None if number is None else found[number]))
        if index % TURN_ROWS == TURN_ROWS - 1:
            await asyncio.sleep(0)
    return views, last_n


def decision_view(row: DecisionRow, fills: Fills | None = None) -> DecisionView:
    """One decision; with the `fills` of its order also what it came to."""
    record = choice_record(row)
    posted = isinstance(record, PostRecord)
    mine = None if fills is None else fills.get((record.attempt, posted), ())
    realised = None if not mine else _realised_bps(record, mine)
    if isinstance(record, PostRecord):
        why = NOT_ASKED if mine is None else NO_MID if mine else NO_FILLS
        return post_view(row, record, mine, realised, why)
    seen = audit(record)
    meant = None if not mine else _estimated_bps(record, seen, mine)
    error = None if realised is None or meant is None else realised - meant
    reason = ""
    if error is None and fills is None:
        reason = NOT_ASKED
    elif error is None:
        reason = NO_FILLS if not mine else NO_MID if realised is None else BEYOND
    return DecisionView(
        decision_id=row.seq,
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
        filled_qty_1e8=None if fills is None else sum(one.qty_1e8 for one in mine or ()),
        est_filled_cost_bps=meant,
        forecast_error_reason=reason,
    )


def first_decision(queries: Queries, order_number: int) -> DecisionRecord | None:
    """The first routing decision of an order, however many came after it."""
    with nullcontext() if queries.shared is None else queries.shared.guard:
        rows: list[Any] = queries.connection.execute(FIRST, (order_number,)).fetchall()
    if not rows:
        return None
    record = decode_entry(rows[0][0]).payload
    assert isinstance(record, DecisionRecord), "a decision row keeps its own entry"
    return record


def first_choice(queries: Queries, order_number: int) -> DecisionRecord | PostRecord | None:
    """The first decision of an order, to take or to rest."""
    with nullcontext() if queries.shared is None else queries.shared.guard:
        found = queries.connection.execute(FIRST_CHOICE, (order_number, order_number))
        rows: list[Any] = found.fetchall()
    if not rows:
        return None
    record = decode_entry(rows[0][1]).payload
    assert isinstance(record, DecisionRecord | PostRecord), "a decision row keeps its own entry"
    return record


def fills_by_choice(
    fills: Sequence[FillRow], children: Iterable[ChildRow]
) -> dict[tuple[int, bool], list[FillRow]]:
    """Fills by what decided their child: its routing attempt, and whether it was to rest."""
    of = {one.client_order_id: (one.attempt, one.tif is TimeInForce.GTC) for one in children}
    found: dict[tuple[int, bool], list[FillRow]] = {}
    for fill in fills:
        choice = of.get(fill.client_order_id)
        if choice is not None:
            found.setdefault(choice, []).append(fill)
    return found


def _realised_bps(record: DecisionRecord | PostRecord, fills: Sequence[FillRow]) -> float | None:
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


def _estimated_bps(
    record: DecisionRecord, seen: DecisionAudit, fills: Sequence[FillRow]
) -> float | None:
    """Price and fee that the decision expected of what was filled, in bps of its mid.

    None where a venue filled more than the record has levels for.
    """
    filled: dict[str, int] = {}
    for one in fills:
        filled[one.venue] = filled.get(one.venue, 0) + one.qty_1e8
    planned = {record.venues[v]: qty for v, qty, _ in record.legs}
    if filled == planned:
        return seen.est_cost_bps
    inputs, cost = Inputs(record), 0.0
    if not inputs.mid_x2:
        return None
    for venue, qty in filled.items():
        if venue not in planned:
            return None
        v, left = record.venues.index(venue), qty
        for price, size in inputs.levels[v]:
            part = min(size, left)
            cost += (inputs.sign * price + inputs.fee(v, price)) * part
            left -= part
            if not left:
                break
        if left:
            return None
    return inputs.bps(cost / sum(filled.values()))
