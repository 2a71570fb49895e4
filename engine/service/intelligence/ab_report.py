"""The A/B report: what orders cost under each routing version, and whether that can be chance."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any, Final

import msgspec

from engine.intelligence.ab_test import LEAST_ORDERS, Sample, compare, sample_of
from engine.model.mirror import PAYOFF_1E9
from engine.model.units import PRICE_SCALE, QTY_SCALE
from engine.service.intelligence.desk import DAY_NS, arrival_of, version_of
from engine.service.intelligence.desk_views import (
    AbReport,
    CentsQuantiles,
    SlippageQuantiles,
    VersionDifference,
    VersionRow,
)
from engine.service.intelligence.optimality import at_level
from engine.service.intelligence.summary import day_text, fitting
from engine.store.queries import Queries

__all__ = ["ORDERS_MAX", "AbReports"]

ORDERS_MAX: Final = 20_000
KEPT_MAX: Final = 65_536
PAGE: Final = 100
BPS: Final = "bps"
CENTS: Final = "cents"
UNITS: Final = (BPS, CENTS)
CENTS_A_BP: Final = 1e-2
BASIS: Final = (
    "all-in cost of each order against its arrival mid (price and fee of what filled), one value "
    "an order, in bps of that mid, or in cents a contract for event contracts, which are told "
    "apart; orders that filled nothing have no cost and show in fill_rate"
)
ORDERS: Final = (
    "SELECT order_number, symbol, side, qty_1e8, filled_qty_1e8, price_times_qty, fees_1e9, "
    "updated_ns FROM nodes WHERE account = ? AND (? IS NULL OR symbol = ?) AND order_number < ? "
    "AND status NOT IN ('pending', 'executing') AND updated_ns >= ? AND updated_ns < ? "
    "ORDER BY order_number DESC LIMIT ?"
)


class Outcome(msgspec.Struct, frozen=True, gc=False):
    """What an order that has ended came to; costs None where it has no arrival mid or no fill.

    `slippage` and `cost` are in bps, or in cents a contract.
    """

    version: int
    unit: str
    ended_ns: int
    qty_1e8: int
    filled_1e8: int
    notional_1e9: int
    slippage: float | None
    cost: float | None


class AbReports:
    """Reports over the newest 20,000 orders of a window that have ended; 65,536 are remembered."""

    def __init__(self, queries: Queries, is_event: Callable[[str], bool]) -> None:
        """`is_event` says of a symbol whether it is an event contract."""
        self.queries = queries
        self.is_event = is_event
        self._kept: dict[int, Outcome] = {}

    async def report(self, account: int | None, days: range, symbol: str | None) -> AbReport:
        """Versions side by side, and each against the lowest one."""
        found, more = ([], False) if account is None else await self._read(account, days, symbol)
        missing, rows, differences = [], [], []
        if more:
            missing.append(f"older orders of the window: the newest {ORDERS_MAX} were looked at")
        for unit in UNITS:
            groups: dict[int, list[Outcome]] = {}
            for one in found:
                if one.unit == unit:
                    groups.setdefault(one.version, []).append(one)
            rows += [_row(version, unit, groups[version]) for version in sorted(groups)]
            routed = [version for version in sorted(groups) if version]
            if len(routed) < 2 and (groups or unit == BPS):
                text = "one routing version" if routed else "no routed order"
                missing.append(
                    f"differences in {unit}: there is {text} in the window, so nothing to compare"
                )
            differences += [_difference(routed[0], other, unit, groups) for other in routed[1:]]
        unrouted = sum(one.orders for one in rows if one.routing_version is None)
        if unrouted:
            missing.append(
                f"routing_version: null for orders that took nothing ({unrouted}), so that no "
                "version's costs chose their venues"
            )
        return AbReport(
            start_date=day_text(days[0]),
            end_date=day_text(days[-1]),
            symbol=symbol,
            versions=tuple(rows),
            differences=tuple(differences),
            least_orders=LEAST_ORDERS,
            cost_basis=BASIS,
            missing=tuple(missing),
        )

    async def _read(
        self, account: int, days: range, symbol: str | None
    ) -> tuple[list[Outcome], bool]:
        """Ended orders, newest first, and whether there are more than are looked at."""
        start, end = days[0] * DAY_NS, (days[-1] + 1) * DAY_NS
        found: list[Outcome] = []
        before = 2**62
        while True:
            values = (account, symbol, symbol, before, start, end, PAGE)
            page = self._fetch(ORDERS, values)
            for row in page:
                if len(found) >= ORDERS_MAX:
                    return found, True
                found.append(self._outcome(row))
                before = row[0]
            if len(page) < PAGE:
                return found, False
            await asyncio.sleep(0)

    def _outcome(self, row: Sequence[Any]) -> Outcome:
        number, symbol, side, qty, filled, money, fees, ended_ns = row
        known = self._kept.get(number)
        # A late fill changes an order that had ended.
        if known is not None and known.filled_1e8 == filled:
            return known
        if len(self._kept) >= KEPT_MAX:
            for oldest in list(self._kept)[: KEPT_MAX // 4]:
                del self._kept[oldest]
        began = arrival_of(self._fetch, number)
        arrival_x2 = began.mid_x2
        slip = cost = None
        paid = int(money)
        if began.mirrored:
            side, paid = 1 - side, PAYOFF_1E9 * filled - paid
        event = began.event or self.is_event(symbol)
        if arrival_x2 and filled:
            base = arrival_x2 * filled
            slip = 1e4 * (1 - 2 * side) * (2 * paid - base) / base
            cost = slip + 2e4 * fees * QTY_SCALE / base
            if event:
                cents = CENTS_A_BP * arrival_x2 / 2 / PRICE_SCALE
                slip, cost = slip * cents, cost * cents
        version, unit = version_of(self._fetch, number), CENTS if event else BPS
        made = Outcome(version, unit, ended_ns, qty, filled, paid // QTY_SCALE, slip, cost)
        self._kept[number] = made
        return made

    def _fetch(self, sql: str, values: Sequence[object]) -> list[Any]:
        queries = self.queries
        with nullcontext() if queries.shared is None else queries.shared.guard:
            return queries.connection.execute(sql, tuple(values)).fetchall()


def _row(version: int, unit: str, found: Sequence[Outcome]) -> VersionRow:
    slips = sorted(one.slippage for one in found if one.slippage is not None)
    sample = _sample(found)
    notional = sum(one.notional_1e9 for one in found)
    asked = [one for one in found if one.qty_1e8]
    share = sum(min(1.0, one.filled_1e8 / one.qty_1e8) for one in asked)
    reason = "" if sample.enough else f"not enough: {sample.count} of {LEAST_ORDERS} filled orders"
    told = {
        "p50": at_level(slips, 0.50),
        "p75": at_level(slips, 0.75),
        "p95": at_level(slips, 0.95),
        "p99": at_level(slips, 0.99),
        "mean": sum(slips) / len(slips) if slips else None,
    }
    cents = unit == CENTS
    return VersionRow(
        routing_version=version or None,
        unit=unit,
        orders=len(found),
        filled_orders=sum(bool(one.filled_1e8) for one in found),
        measured_orders=sample.count,
        fill_rate=share / len(asked) if asked else None,
        notional_usd=notional / PRICE_SCALE,
        notional_1e9=fitting(notional),
        slippage_bps=None if cents else SlippageQuantiles(**told),
        slippage_cents=CentsQuantiles(**told) if cents else None,
        mean_cost_bps=None if cents else sample.mean,
        mean_cost_cents=sample.mean if cents else None,
        standard_error_bps=None if cents else sample.standard_error,
        standard_error_cents=sample.standard_error if cents else None,
        reason=reason,
    )


def _sample(found: Sequence[Outcome]) -> Sample:
    return sample_of([one.cost for one in found if one.cost is not None])


def _difference(
    first: int, second: int, unit: str, groups: dict[int, list[Outcome]]
) -> VersionDifference:
    made = compare(_sample(groups[first]), _sample(groups[second]))
    spans = [
        (min(one.ended_ns for one in found), max(one.ended_ns for one in found))
        for found in (groups[first], groups[second])
    ]
    apart = spans[0][1] < spans[1][0] or spans[1][1] < spans[0][0]
    note = ""
    if apart:
        note = "the versions ran one after the other, so that the market may be the difference"
    cents = unit == CENTS
    return VersionDifference(
        baseline_version=first,
        candidate_version=second,
        unit=unit,
        difference_bps=None if cents else made.difference,
        difference_cents=made.difference if cents else None,
        standard_error_bps=None if cents else made.standard_error,
        standard_error_cents=made.standard_error if cents else None,
        degrees_of_freedom=made.degrees_of_freedom,
        interval_low_bps=None if cents else made.low,
        interval_high_bps=None if cents else made.high,
        interval_low_cents=made.low if cents else None,
        interval_high_cents=made.high if cents else None,
        confidence=made.confidence,
        verdict=_verdict(made.low, made.high, made.reason),
        note=note,
    )


def _verdict(low: float | None, high: float | None, reason: str) -> str:
    """What may be said, in one sentence."""
    if low is None or high is None:
        return reason
    if low > 0.0:
        return "the candidate costs more than the baseline"
    if high < 0.0:
        return "the candidate costs less than the baseline"
    return "no difference can be told from chance"
