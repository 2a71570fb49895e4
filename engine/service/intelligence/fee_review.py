"""Fees of an order: charged, expected by schedule, and by the venue's own running total.

One basis for all shares: the arrival mid times what filled, as the shortfall has it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from engine.model.fees import FeeSchedule, fee_1e9
from engine.model.instruments import InstrumentType
from engine.model.mirror import PAYOFF_1E9
from engine.model.units import PRICE_SCALE, QTY_SCALE, notional_1e9
from engine.service.intelligence.facts import OrderFacts
from engine.service.intelligence.views import FeeReview, VenueFees
from engine.store.rows import FillRow

__all__ = ["fee_review"]

BASIS: Final = "bps of the arrival mid times the quantity that filled"
CENTS_A_BP: Final = 1e-2


def fee_review(
    facts: OrderFacts,
    schedules: Mapping[str, FeeSchedule | None],
    missing: list[str],
    *,
    mirrored: bool = False,
) -> FeeReview:
    """`schedules` by venue; one that is missing or unknown has no expectation.

    `missing` gets a sentence for what is null. `mirrored`: the facts are those of a NO order, whose
    expected rate came from the price of YES.
    """
    fills, arrival, filled = facts.fills, facts.arrival_x2 / 2, facts.filled_1e8
    charged = sum(one.fee_1e9 for one in fills)
    realised = 1e4 * charged * QTY_SCALE / (arrival * filled) if arrival and filled else None
    if filled and not arrival:
        missing.append("fees.realised_bps: no mid was there when the order became active")
    expected = _expected(facts, mirrored)
    if facts.expected_fee_bps is None:
        missing.append(
            "fees.expected_bps: when it was accepted it was not known which fees it would pay"
        )
    drift = None if realised is None or expected is None else realised - expected
    venues = sorted({one.venue for one in fills})
    rows = tuple(
        _venue(name, [one for one in fills if one.venue == name], schedules.get(name), missing)
        for name in venues
    )
    event = facts.node.instrument.type is InstrumentType.PREDICTION
    unit = CENTS_A_BP * arrival / PRICE_SCALE if event and arrival else None

    def cents(value: float | None) -> float | None:
        return None if value is None or unit is None else value * unit

    return FeeReview(
        realised_1e9=charged,
        realised_bps=realised,
        expected_bps=expected,
        drift_bps=drift,
        realised_cents=cents(realised),
        expected_cents=cents(expected),
        drift_cents=cents(drift),
        basis=BASIS,
        role_unknown_fills=sum(one.is_maker is None for one in fills),
        per_venue=rows,
    )


def _expected(facts: OrderFacts, mirrored: bool) -> float | None:
    """The expected rate, which is of the price traded at, on the basis of the arrival mid."""
    rate, arrival, filled = facts.expected_fee_bps, facts.arrival_x2 / 2, facts.filled_1e8
    if rate is None or not arrival or not filled:
        return rate
    paid = sum(one.price_1e9 * one.qty_1e8 for one in facts.fills)
    if mirrored:
        paid, arrival = PAYOFF_1E9 * filled - paid, PAYOFF_1E9 - arrival
    return rate * paid / (arrival * filled) if arrival > 0 else None


def _venue(
    name: str, fills: Sequence[FillRow], schedule: FeeSchedule | None, missing: list[str]
) -> VenueFees:
    realised = sum(one.fee_1e9 for one in fills)
    expected = None
    silent = sum(one.is_maker is None for one in fills)
    if schedule is None:
        missing.append(f"fees.per_venue, {name}: expected_1e9 and drift_1e9: no schedule of it")
    elif silent:
        missing.append(
            f"fees.per_venue, {name}: expected_1e9 and drift_1e9: {silent} of {len(fills)} fills "
            "do not tell whether they rested, and makers pay other fees"
        )
    else:
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
