"""A venue's fill as a record: ids, times, the fee in USD whoever names it, and its two marks."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from engine.decisions.fills import (
    MARKS_AGE_MAX_NS,
    fee_usd_1e9,
    fill_marks,
    fill_record,
    rested,
)
from engine.decisions.market import MarketBlock
from engine.decisions.node_ledger import Child
from engine.model.fees import FeeSchedule, fee_1e9
from engine.model.orders import OrderReport, ReportKind, TimeInForce, VenueFill
from engine.model.records import FillRecord
from engine.model.units import Side
from tests.support.builders import Books, child, fill_slot, listing, market

PRICE = 64_000 * 10**9
QTY = 10**8 // 2
TICK = 10_000_000
USD = 10**9
NOW_NS = 1_700_000_000 * USD
SIDES = [Side.BUY, Side.SELL]


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


def book(own: int | None, far: int | None, side: Side) -> Books:
    """One venue's book; `own` and `far` are prices as seen from an order of this side."""
    bid, ask = (own, far) if side is Side.BUY else (far, own)
    bids = [] if bid is None else [(bid, QTY)]
    return {"alpha": (bids, [] if ask is None else [(ask, QTY)])}


def marks(
    books: Books | MarketBlock,
    *,
    side: Side = Side.BUY,
    price: int = PRICE,
    limit: int = PRICE,
    maker: bool | None = True,
    tif: TimeInForce = TimeInForce.GTC,
    age_ns: int = 0,
    planned: tuple[int, int] = (11, 22),
) -> tuple[int, int]:
    """The marks of a fill of a child that was planned at other ones."""
    made = Child(child(QTY, side=side, price_1e9=limit, tif=tif), 1, *planned)
    fill = VenueFill("t9", price, QTY, is_maker=maker)
    said = OrderReport(
        ReportKind.FILL, "xg1-1-0-1-0", "alpha", exchange_ns=NOW_NS - age_ns, fill=fill
    )
    block = books if isinstance(books, MarketBlock) else market(books)
    return fill_marks(made, fill, said, block, NOW_NS)


@pytest.mark.parametrize("age_ns", [0, MARKS_AGE_MAX_NS + 1])
@pytest.mark.parametrize("tif", list(TimeInForce))
def test_a_taker_has_the_marks_of_its_own_plan_however_late_it_is(
    tif: TimeInForce, age_ns: int
) -> None:
    books = book(PRICE, PRICE + USD, Side.BUY)
    assert marks(books, maker=False, tif=tif, age_ns=age_ns) == (11, 22)
    assert marks(books, maker=False, tif=tif, planned=(0, 22)) == (0, 0)
    assert marks(books, maker=False, tif=tif, planned=(11, 0)) == (0, 0)


@pytest.mark.parametrize("side", SIDES)
def test_a_maker_has_the_mid_and_its_own_touch_while_its_level_is_still_shown(side: Side) -> None:
    sign = side.sign
    books = book(PRICE, PRICE + 2 * sign * USD, side)
    assert marks(books, side=side) == (PRICE + sign * USD, PRICE)


@pytest.mark.parametrize("side", SIDES)
def test_a_touch_before_ours_is_the_one_that_counts(side: Side) -> None:
    sign = side.sign
    books = book(PRICE, PRICE + 2 * sign * USD, side)
    deep = PRICE - 5 * sign * USD
    assert marks(books, side=side, price=deep, limit=deep) == (PRICE + sign * USD, PRICE)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("left", [-1, None])
def test_a_level_that_the_fill_has_eaten_is_put_back(side: Side, left: int | None) -> None:
    sign = side.sign
    own = None if left is None else PRICE + left * sign * USD
    books = book(own, PRICE + 2 * sign * USD, side)
    assert marks(books, side=side) == (PRICE + sign * USD, PRICE)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("far", [0, -1, -40])
def test_a_far_side_that_came_through_our_price_was_beyond_it_before(side: Side, far: int) -> None:
    sign = side.sign
    books = book(PRICE - 50 * sign * USD, PRICE + far * sign * USD, side)
    assert marks(books, side=side) == (PRICE + sign * TICK // 2, PRICE)


@pytest.mark.parametrize("side", SIDES)
def test_a_book_that_shows_the_fill_is_taken_as_it_was_before_it(side: Side) -> None:
    sign = side.sign
    # Others stood a dollar before us; all that is swept, and the far side follows with it.
    block = market(book(PRICE + sign * USD, PRICE + 3 * sign * USD, side))
    after = book(PRICE - 4 * sign * USD, PRICE - sign * USD, side)["alpha"]
    fill_slot(block.slots[0], *after)
    expected = PRICE + 2 * sign * USD, PRICE + sign * USD
    assert marks(block, side=side) == expected
    # Once it has moved again nothing is known but what our order itself proves.
    fill_slot(block.slots[0], *book(PRICE - 5 * sign * USD, PRICE - sign * USD, side)["alpha"])
    assert marks(block, side=side) == (PRICE + sign * TICK // 2, PRICE)


@pytest.mark.parametrize("side", SIDES)
def test_a_book_that_still_reaches_our_price_is_of_now_whatever_it_was(side: Side) -> None:
    sign = side.sign
    block = market(book(PRICE + sign * USD, PRICE + 3 * sign * USD, side))
    fill_slot(block.slots[0], *book(PRICE, PRICE + 2 * sign * USD, side)["alpha"])
    assert marks(block, side=side) == (PRICE + sign * USD, PRICE)


def test_the_touch_is_that_of_all_venues() -> None:
    books: Books = {
        "alpha": ([(PRICE, QTY)], [(PRICE + 4 * USD, QTY)]),
        "beta": ([(PRICE + USD, QTY)], [(PRICE + 3 * USD, QTY)]),
    }
    assert marks(books) == (PRICE + 2 * USD, PRICE + USD)


def test_what_the_market_was_is_not_made_up() -> None:
    assert marks(book(PRICE, None, Side.BUY)) == (0, 0), "no far side"
    assert marks(book(None, None, Side.BUY)) == (0, 0), "no book"
    whole = book(PRICE, PRICE + 2 * USD, Side.BUY)
    assert marks(whole, age_ns=MARKS_AGE_MAX_NS) == (PRICE + USD, PRICE)
    assert marks(whole, age_ns=MARKS_AGE_MAX_NS + 1) == (0, 0), "told too late"


@pytest.mark.parametrize("side", SIDES)
def test_without_the_venues_word_only_a_price_better_than_the_limit_proves_a_take(
    side: Side,
) -> None:
    sign = side.sign
    books = book(PRICE, PRICE + 2 * sign * USD, side)
    better = PRICE - sign * USD
    assert marks(books, side=side, maker=None) == (PRICE + sign * USD, PRICE)
    assert marks(books, side=side, maker=None, price=better) == (11, 22)
    for tif in (TimeInForce.IOC, TimeInForce.FOK):
        assert marks(books, side=side, maker=None, tif=tif) == (11, 22)


@pytest.mark.parametrize("side", SIDES)
def test_what_the_order_proves_is_filled_in_where_the_venue_is_silent(side: Side) -> None:
    sign = side.sign
    fill = VenueFill("t9", PRICE, QTY)
    for tif in (TimeInForce.IOC, TimeInForce.FOK):
        assert rested(child(QTY, side=side, price_1e9=PRICE, tif=tif), fill) is False
    plain = child(QTY, side=side, price_1e9=PRICE, tif=TimeInForce.GTC)
    assert rested(plain, fill) is None, "it may have taken at its own limit"
    better = VenueFill("t9", PRICE - sign * USD, QTY)
    assert rested(plain, better) is False
    posted = structs.replace(plain, post_only=True)
    assert rested(posted, fill) is True
    assert rested(posted, VenueFill("t9", PRICE, QTY, is_maker=False)) is False, "its own word"
    said = OrderReport(ReportKind.FILL, "xg1-1-0-1-0", "alpha", fill=fill)
    assert fill_record("graph:g:n:1", posted, fill, said, 11, 22).is_maker is True


def test_a_fee_that_nobody_reports_is_the_makers_where_the_order_was_post_only() -> None:
    fees = FeeSchedule(taker_ppm=1_000, maker_ppm=200)
    order = child(QTY, price_1e9=PRICE, tif=TimeInForce.GTC)
    posted = structs.replace(order, post_only=True, listing=listing(fees=fees))
    fill = VenueFill("t9", PRICE, QTY)
    said = OrderReport(ReportKind.FILL, "xg1-1-0-1-0", "alpha", fill=fill)
    made = fill_record("graph:g:n:1", posted, fill, said, 0, 0)
    assert made.fee_1e9 == fee_1e9(fees, PRICE, QTY, maker=True)
