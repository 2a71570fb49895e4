"""A venue's fill as a record: ids, times, and the fee in USD whoever names it."""

from __future__ import annotations

from typing import Any

import pytest

from engine.decisions.fills import fee_usd_1e9, fill_record
from engine.model.fees import FeeSchedule
from engine.model.orders import OrderReport, ReportKind, VenueFill
from engine.model.records import FillRecord
from tests.support.builders import child, listing

PRICE = 64_000 * 10**9
QTY = 10**8 // 2


def record(fill: VenueFill, **report: Any) -> FillRecord:
    said = OrderReport(ReportKind.FILL, "xg1-1-0-1-0", "alpha", fill=fill, **report)
    return fill_record("graph:g:n:1", child(), fill, said, 11, 22)


def test_what_the_venue_says_is_kept_as_it_is() -> None:
    fill = VenueFill("t9", PRICE, QTY, 5 * 10**9, "USD", True, None, 2.5, 7 * 10**9)
    made = record(fill, exchange_ns=77, recv_ns=88)
    assert made.fill_id == "alpha:BTCUSD:t9"
    assert (made.qty_1e8, made.price_1e9, made.ts_unix_ns) == (QTY, PRICE, 77)
    assert (made.fee_1e9, made.commission_1e9, made.commission_asset) == (
        5 * 10**9,
        5 * 10**9,
        "USD",
    )
    assert (made.is_maker, made.maker_fee_bps_applied) == (True, 2.5)
    assert made.venue_reported_cum_fee_1e9 == 7 * 10**9
    assert (made.mid_1e9, made.touch_1e9) == (11, 22)


def test_without_the_venues_clock_our_own_dates_it() -> None:
    assert record(VenueFill("t9", PRICE, QTY, 0), recv_ns=88).ts_unix_ns == 88


def test_a_fee_that_the_venue_does_not_report_comes_from_the_schedule() -> None:
    made = record(VenueFill("t9", PRICE, QTY), recv_ns=1)
    assert made.fee_1e9 == PRICE // 2 // 1_000
    assert made.commission_1e9 == made.fee_1e9


@pytest.mark.parametrize(
    ("asset", "commission", "expected"),
    [("BTC", 10**6, 64 * 10**9), ("USDT", 10**6, 10**6), (None, 10**6, 10**6), ("USD", None, 0)],
)
def test_fees_in_the_base_asset_are_worth_its_price(
    asset: str | None, commission: int | None, expected: int
) -> None:
    fill = VenueFill("t9", PRICE, QTY, commission, asset)
    made = listing(fees=FeeSchedule(taker_ppm=1_000))
    assert fee_usd_1e9(made, commission, fill) == expected
