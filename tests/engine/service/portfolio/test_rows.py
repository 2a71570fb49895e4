"""Rows and totals of a book: outcomes, unknown prices, filters, the order of rows."""

from __future__ import annotations

from engine.service.portfolio.accounting import Kind, Redeem, Trade
from engine.service.portfolio.event_names import EventNames
from engine.service.portfolio.locks import Locks
from engine.service.portfolio.rows import View, is_gone, rows_of, totals_of
from tests.support.portfolio import BALANCE, ONE, SLUG, USD, book_of

MARKS = {"ETH": 2_500 * USD, "ETH-USD-PERP": 2_000 * USD, SLUG: USD // 4}


def view(*trades: tuple[str, str, int, int], without: str = "") -> View:
    book = book_of()
    for venue, symbol, signed, price in trades:
        book.book(Trade(venue, symbol, signed, price, USD, "USD"))
    marks = {name: mark for name, mark in MARKS.items() if name != without}
    return View(book, Locks(), EventNames(), lambda key: marks.get(key[2]))


TRADES = (
    ("test", "ETH-USD", 2 * ONE, 2_000 * USD),
    ("test", "ETH-USD-PERP", -ONE, 2_100 * USD),
    ("kalshi", SLUG, -10 * ONE, USD // 5),
)


def test_rows_by_hand() -> None:
    found = {row.id: row for row in rows_of(view(*TRADES))}
    assert list(found) == [
        "kalshi:fiat:USD",
        f"kalshi:event_contract:{SLUG}:NO",
        "test:fiat:USD",
        "test:crypto:ETH",
        "test:perp:ETH-USD-PERP",
    ]
    eth, perp = found["test:crypto:ETH"], found["test:perp:ETH-USD-PERP"]
    assert (eth.current_value_usd_1e9, eth.unrealized_pnl_usd_1e9) == (5_000 * USD, 1_000 * USD)
    assert (perp.qty_1e8, perp.entry_price_usd_1e9) == (-ONE, 2_100 * USD)
    assert (perp.current_value_usd_1e9, perp.unrealized_pnl_usd_1e9) == (-2_000 * USD, 100 * USD)
    no = found[f"kalshi:event_contract:{SLUG}:NO"]
    # Sold YES at 0.20 is NO bought at 0.80; YES at 0.25 makes it worth 0.75.
    assert (no.qty_1e8, no.entry_price_usd_1e9) == (10 * ONE, USD * 4 // 5)
    assert (no.current_price_usd_1e9, no.current_value_usd_1e9) == (USD * 3 // 4, 15 * USD // 2)
    assert no.unrealized_pnl_usd_1e9 == -USD // 2
    totals = totals_of(list(found.values()), 0)
    assert totals.nav_usd_1e9 == 2 * BALANCE + 1_000 * USD + 100 * USD - USD // 2 - 3 * USD
    assert totals.event_value_usd_1e9 == no.current_value_usd_1e9
    assert totals.perp_notional_usd_1e9 == -2_000 * USD


def test_an_unknown_price_is_null_and_counted() -> None:
    rows = rows_of(view(*TRADES, without="ETH"))
    eth = next(row for row in rows if row.instrument.symbol == "ETH")
    assert eth.current_price_usd_1e9 is None
    assert eth.current_value_usd_1e9 is None
    assert eth.unrealized_pnl_usd_1e9 is None
    assert totals_of(rows, 4).unpriced_positions == 1
    assert totals_of(rows, 4).unbooked_fills == 4
    assert totals_of(rows, 4).crypto_value_usd_1e9 == 0


def test_filters() -> None:
    shown = view(*TRADES)
    everything = {row.id for row in rows_of(shown)}
    by_venue = [{row.id for row in rows_of(shown, venues=(one,))} for one in ("test", "kalshi")]
    assert by_venue[0] | by_venue[1] == everything
    assert not by_venue[0] & by_venue[1]
    by_kind = [rows_of(shown, kinds=(kind,)) for kind in Kind]
    assert sum(len(rows) for rows in by_kind) == len(everything)
    assert rows_of(shown, venues=()) == []


def test_locked_amounts_are_not_available() -> None:
    shown = view(*TRADES)
    shown.locks.cash["test", "USD"] = 25
    shown.locks.held["test", Kind.CRYPTO, "ETH"] = ONE
    found = {row.id: row for row in rows_of(shown)}
    cash, eth = found["test:fiat:USD"], found["test:crypto:ETH"]
    # A part of a unit is locked as a whole one.
    assert cash.locked_qty_1e8 == 3
    assert cash.available_qty_1e8 == cash.qty_1e8 - 3
    assert (eth.locked_qty_1e8, eth.available_qty_1e8) == (ONE, ONE)
    assert totals_of(list(found.values()), 0).locked_cash_usd_1e9 == 30


def test_closed_and_redeemed_rows_keep_their_outcome() -> None:
    shown = view(("kalshi", SLUG, -ONE, USD // 5), ("test", "ETH-USD", ONE, USD))
    shown.book.apply(Redeem("kalshi", SLUG, 0))
    shown.book.book(Trade("test", "ETH-USD", -ONE, USD))
    found = {row.instrument.symbol: row for row in rows_of(shown)}
    states = {name: row.lifecycle.state for name, row in found.items()}
    assert states == {"USD": "active", f"{SLUG}:NO": "redeemed", "ETH": "closed"}
    gone = {name for name, row in found.items() if is_gone(row)}
    assert gone == {f"{SLUG}:NO", "ETH"}
    assert found[f"{SLUG}:NO"].realized_pnl_usd_1e9 == USD // 5
