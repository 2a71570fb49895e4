"""Average-cost accounting: the identities hold to the last unit, whatever is traded."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.model.instruments import Instrument, InstrumentType
from engine.model.units import QTY_SCALE, divide_half_even
from engine.service.portfolio.accounting import (
    Book,
    Holding,
    Kind,
    Redeem,
    Seed,
    Trade,
    Wipe,
    key_of,
)
from tests.support.portfolio import BALANCE, ONE, SLUG, USD, book_of, event
from tests.support.simulated_venues import perp, spot

ETH = ("test", Kind.CRYPTO, "ETH")
PERP = ("test", Kind.PERP, "ETH-USD-PERP")
EVENT = ("kalshi", Kind.EVENT_CONTRACT, SLUG)

FILLS = st.lists(
    st.tuples(
        st.integers(-(10**12), 10**12).filter(bool),
        st.integers(1, 10**14),
        st.integers(-(10**9), 10**10),
    ),
    max_size=25,
)


def traded(book: Book, venue: str, symbol: str, fills: list[tuple[int, int, int]]) -> None:
    for signed, price, fee in fills:
        book.book(Trade(venue, symbol, signed, price, fee, "USD"))


def worth(qty: int, mark: int) -> int:
    return divide_half_even(qty * mark, QTY_SCALE)


@given(FILLS, st.integers(1, 10**14))
def test_equity_changes_by_realised_plus_unrealised_less_fees(
    fills: list[tuple[int, int, int]], mark: int
) -> None:
    book = book_of(spot())
    traded(book, "test", "ETH-USD", fills)
    held = book.holding(ETH)
    value = worth(held.qty_1e8, mark)
    equity = book.cash["test", "USD"] + value
    unrealised = value - held.cost_1e9
    assert equity - BALANCE == held.realised_1e9 + unrealised - held.fees_1e9
    assert held.qty_1e8 == sum(signed for signed, _, _ in fills)
    assert held.fees_1e9 == sum(fee for _, _, fee in fills)


@given(FILLS, st.integers(1, 10**14))
def test_a_perp_moves_its_profit_only(fills: list[tuple[int, int, int]], mark: int) -> None:
    book = book_of(perp())
    traded(book, "test", "ETH-USD-PERP", fills)
    held = book.holding(PERP)
    assert book.cash["test", "USD"] - BALANCE == held.realised_1e9 - held.fees_1e9
    paid = sum((1 if signed > 0 else -1) * worth(abs(signed), price) for signed, price, _ in fills)
    unrealised = worth(held.qty_1e8, mark) - held.cost_1e9
    assert held.realised_1e9 + unrealised == worth(held.qty_1e8, mark) - paid


@given(FILLS)
def test_the_cost_has_the_sign_of_what_is_held_and_ends_with_it(
    fills: list[tuple[int, int, int]],
) -> None:
    holding = Holding()
    for signed, price, _ in fills:
        before = holding.qty_1e8
        holding.trade(signed, worth(abs(signed), price))
        if not holding.qty_1e8:
            assert holding.cost_1e9 == 0
            assert holding.short == (before < 0)
        else:
            assert holding.cost_1e9 == 0 or (holding.cost_1e9 > 0) == (holding.qty_1e8 > 0)
            assert holding.short == (holding.qty_1e8 < 0)


def test_average_cost_and_a_flip_through_zero_by_hand() -> None:
    book = book_of(spot())
    traded(book, "test", "ETH-USD", [(ONE, 100 * USD, 0), (ONE, 200 * USD, 0)])
    held = book.holding(ETH)
    assert (held.entry_1e9, held.realised_1e9) == (150 * USD, 0)
    traded(book, "test", "ETH-USD", [(-ONE // 2, 170 * USD, 0)])
    assert (held.entry_1e9, held.realised_1e9) == (150 * USD, 10 * USD)
    traded(book, "test", "ETH-USD", [(-3 * ONE, 160 * USD, 0)])
    assert (held.qty_1e8, held.entry_1e9) == (-ONE * 3 // 2, 160 * USD)
    assert held.realised_1e9 == 25 * USD
    assert held.cost_1e9 == -240 * USD


def test_rounding_is_half_even_once_a_fill() -> None:
    book = book_of(spot())
    # Half a unit of 1e-9 each: to even, so 0, then 1.5 becomes 2.
    traded(book, "test", "ETH-USD", [(QTY_SCALE // 2, 1, 0)])
    assert book.cash["test", "USD"] == BALANCE
    traded(book, "test", "ETH-USD", [(QTY_SCALE // 2, 3, 0)])
    assert book.cash["test", "USD"] == BALANCE - 2


@given(
    st.lists(
        st.tuples(st.integers(-50, 50).filter(bool), st.integers(1, 99)), min_size=1, max_size=25
    ),
    st.booleans(),
)
def test_events_are_paid_out_in_full_whichever_side_is_held(
    fills: list[tuple[int, int]], yes_wins: bool
) -> None:
    book = book_of(event())
    payoff = USD if yes_wins else 0
    for contracts, cents in fills:
        book.book(Trade("kalshi", SLUG, contracts * ONE, cents * USD // 100))
        # What is out of the cash is what the losing side may have to pay.
        short = max(0, -book.holding(EVENT).qty_1e8) * 10
        assert book.venue_cash()["kalshi", "USD"] == book.cash["kalshi", "USD"] + short
    book.apply(Redeem("kalshi", SLUG, payoff))
    spent = sum(contracts * cents * USD // 100 for contracts, cents in fills)
    won = sum(contracts for contracts, _ in fills) * payoff
    held = book.holding(EVENT)
    assert book.cash["kalshi", "USD"] == BALANCE - spent + won
    assert held.realised_1e9 == won - spent
    assert (held.qty_1e8, held.cost_1e9) == (0, 0)


def test_no_contracts_cost_what_they_cost() -> None:
    book = book_of(event())
    book.book(Trade("kalshi", SLUG, -10 * ONE, USD * 3 // 10))
    # Ten NO at 0.70, out of what can be spent.
    assert book.cash["kalshi", "USD"] == BALANCE - 7 * USD
    book.apply(Redeem("kalshi", SLUG, 0))
    assert book.cash["kalshi", "USD"] == BALANCE + 3 * USD
    assert book.holding(EVENT).redeemed
    book.book(Trade("kalshi", SLUG, ONE, USD // 2))
    assert not book.holding(EVENT).redeemed


def test_a_payout_of_nothing_is_nothing() -> None:
    book = book_of(event())
    book.apply(Redeem("kalshi", SLUG, USD))
    book.apply(Redeem("kalshi", "unknown", USD))
    assert book.cash["kalshi", "USD"] == BALANCE
    assert not book.holdings


def test_a_fee_in_the_base_is_sold_to_pay_it() -> None:
    book = book_of(spot())
    fee_usd = 2 * USD
    book.book(Trade("test", "ETH-USD", ONE, 2_000 * USD, fee_usd, "ETH", USD // 1_000))
    held = book.holding(ETH)
    assert held.qty_1e8 == ONE - ONE // 1_000
    assert book.cash["test", "USD"] == BALANCE - 2_000 * USD
    assert (held.fees_1e9, held.realised_1e9) == (fee_usd, 0)


def test_a_seed_moves_no_money_and_starts_the_row_anew() -> None:
    book = book_of()
    traded(book, "test", "ETH-USD", [(ONE, 100 * USD, USD), (-ONE, 120 * USD, USD)])
    cash = dict(book.cash)
    book.apply(Seed("test", Kind.CRYPTO, "ETH", 3 * ONE, 50 * USD))
    held = book.holding(ETH)
    assert (held.qty_1e8, held.cost_1e9) == (3 * ONE, 150 * USD)
    assert (held.realised_1e9, held.fees_1e9) == (0, 0)
    book.apply(Seed("kalshi", Kind.EVENT_CONTRACT, SLUG, -4 * ONE, USD // 4))
    assert book.cash == cash
    book.apply(Seed("test", Kind.FIAT, "USD", 7 * ONE, USD))
    assert book.cash == {**cash, ("test", "USD"): 7 * USD}


def test_a_wipe_leaves_the_balance_and_nothing_else() -> None:
    book = book_of()
    traded(book, "test", "ETH-USD", [(ONE, 100 * USD, USD)])
    book.apply(Wipe(5 * USD))
    assert book.cash == {("test", "USD"): 5 * USD, ("kalshi", "USD"): 5 * USD}
    assert not book.holdings


@pytest.mark.parametrize("symbol", ["ETH-BTC", "USDC-USD", "GONE-USD"])
def test_what_cannot_be_told_in_dollars_is_counted_and_not_booked(symbol: str) -> None:
    book = book_of(spot(), spot("ETH-BTC"), spot("USDC-USD"))
    cash = dict(book.cash)
    traded(book, "test", symbol, [(ONE, USD, 0)])
    assert book.unbooked == 1
    assert (book.cash, book.holdings) == (cash, {})


def test_contracts_count_by_their_multiplier() -> None:
    tenth = Instrument(
        symbol="ETH-USD-PERP",
        type=InstrumentType.PERP,
        base="ETH",
        quote="USD",
        multiplier_1e8=ONE // 10,
    )
    book = book_of(perp(instrument=tenth))
    traded(book, "test", "ETH-USD-PERP", [(10 * ONE, 2_000 * USD, 0)])
    assert book.holding(PERP).cost_1e9 == 2_000 * USD


def test_fees_leave_the_asset_they_were_charged_in() -> None:
    book = book_of(event(), spot("ETH-USDC", "kalshi"))
    book.book(Trade("kalshi", SLUG, ONE, USD // 2, USD, "USDC"))
    assert book.cash["kalshi", "USDC"] == BALANCE - USD
    book.book(Trade("kalshi", SLUG, ONE, USD // 2, USD, "BNB"))
    assert book.cash["kalshi", "USD"] == BALANCE - 2 * USD


def test_kinds_and_keys() -> None:
    assert [Kind.of_asset(asset) for asset in ("USD", "USDC", "BTC")] == [
        Kind.FIAT,
        Kind.CRYPTO,
        Kind.CRYPTO,
    ]
    assert [key_of(one) for one in (spot(), perp(), event())] == [ETH, PERP, EVENT]
