"""Fees of an order: charged, expected by schedule, and by the venue's own running total."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine.model.fees import FeeSchedule, fee_1e9
from engine.model.units import QTY_SCALE, notional_1e9
from engine.service.intelligence.facts import OrderFacts
from engine.service.intelligence.views import FeeReview, VenueFees
from engine.store.rows import FillRow

__all__ = ["fee_review"]


def fee_review(facts: OrderFacts, schedules: Mapping[str, FeeSchedule | None]) -> FeeReview:
    """`schedules` by venue; one that is missing or unknown has no expectation."""
    fills = facts.fills
    paid = sum(one.fee_1e9 for one in fills)
    money = sum(one.price_1e9 * one.qty_1e8 for one in fills)
    realised = 1e4 * paid * QTY_SCALE / money if money else None
    expected = facts.expected_fee_bps
    drift = None if realised is None or expected is None else realised - expected
    venues = sorted({one.venue for one in fills})
    rows = tuple(
        _venue(name, [one for one in fills if one.venue == name], schedules.get(name))
        for name in venues
    )
    return FeeReview(
        realised_1e9=paid,
        realised_bps=realised,
        expected_bps=expected,
        drift_bps=drift,
        per_venue=rows,
    )


def _venue(name: str, fills: Sequence[FillRow], schedule: FeeSchedule | None) -> VenueFees:
    realised = sum(one.fee_1e9 for one in fills)
    expected = None
    if schedule is not None and all(one.is_maker is not None for one in fills):
        expected = sum(
            fee_1e9(schedule, one.price_1e9, one.qty_1e8, maker=bool(one.is_maker)) for one in fills
        )
    reported = _reported(fills)
    return VenueFees(
        venue=name,
        fills=len(fills),
        notional_1e9=sum(notional_1e9(one.price_1e9, one.qty_1e8) for one in fills),
        realised_1e9=realised,
        expected_1e9=expected,
        drift_1e9=None if expected is None else realised - expected,
        venue_reported_1e9=reported,
        reported_drift_1e9=None if reported is None else realised - reported,
    )


def _reported(fills: Sequence[FillRow]) -> int | None:
    """The venue's cumulative figures of all children; None where one has none."""
    last: dict[str, int] = {}
    for one in fills:
        if one.venue_reported_cum_fee_1e9 is None:
            return None
        before = last.get(one.client_order_id, 0)
        last[one.client_order_id] = max(before, one.venue_reported_cum_fee_1e9)
    return sum(last.values()) if last else None
