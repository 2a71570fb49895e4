"""The account: assets are conserved, positions average, holds come back, shorts by rule."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.model.units import Side, price_1e9, qty_1e8
from tests.support.simulated_venues import perp, spot
from venues.simulated.account import SEED_BALANCE_1E9, Account, Position

ONE = qty_1e8("1")


def seeded(*, short_allowed: bool = True) -> Account:
    account = Account(short_allowed=short_allowed)
    account.seed({"ETH-USD": spot()})
    return account


def test_seeding_gives_a_billion_of_each_quote() -> None:
    assert seeded().balances == {"USD": SEED_BALANCE_1E9}
    assert price_1e9("1000000000") == SEED_BALANCE_1E9


def test_a_spot_buy_moves_both_assets_and_charges_the_fee() -> None:
    account = seeded()
    account.fill(spot(), Side.BUY, 2 * ONE, price_1e9("2000"), price_1e9("4"), "USD")
    assert account.balance("ETH") == price_1e9("2")
    assert account.balance("USD") == SEED_BALANCE_1E9 - price_1e9("4004")
    assert account.position("ETH-USD").fees_1e9 == price_1e9("4")


def test_a_perp_moves_profit_only() -> None:
    account = seeded()
    account.fill(perp(), Side.SELL, ONE, price_1e9("2000"), 0, "USD")
    assert account.balance("USD") == SEED_BALANCE_1E9
    account.fill(perp(), Side.BUY, ONE, price_1e9("1900"), 0, "USD")
    assert account.balance("USD") == SEED_BALANCE_1E9 + price_1e9("100")
    assert account.position("ETH-USD-PERP").qty_1e8 == 0


def test_position_average_and_flip() -> None:
    position = Position()
    position.apply(ONE, price_1e9("100"))
    position.apply(ONE, price_1e9("200"))
    assert position.entry_1e9 == price_1e9("150")
    assert position.apply(-3 * ONE, price_1e9("160")) == price_1e9("20")
    assert (position.qty_1e8, position.entry_1e9) == (-ONE, price_1e9("160"))


@given(st.lists(st.tuples(st.integers(-50, 50).filter(bool), st.integers(1, 500)), max_size=30))
def test_realised_plus_open_profit_is_the_cash_flow(fills: list[tuple[int, int]]) -> None:
    position, cash = Position(), 0
    for lots, price in fills:
        position.apply(lots * ONE, price * 10**9)
        cash -= lots * price * 10**9
    mark = 77 * 10**9
    held = position.qty_1e8 // ONE
    open_profit = held * (mark - position.entry_1e9)
    rounding = 200 * len(fills)
    assert abs(position.realised_1e9 + open_profit - cash - held * mark) <= rounding


def test_holds_limit_what_is_available() -> None:
    account = Account({"USD": price_1e9("100")})
    hold = account.required(spot(), Side.BUY, ONE, price_1e9("60"))
    assert hold == ("USD", price_1e9("60.06"))
    assert account.hold(hold)
    assert not account.hold(hold)
    account.release(*hold)
    assert account.available("USD") == price_1e9("100")
    with pytest.raises(AssertionError):
        account.release(*hold)


def test_selling_what_is_not_there() -> None:
    assert seeded(short_allowed=False).required(spot(), Side.SELL, ONE, 10**9)[0] == "ETH"
    assert seeded().required(spot(), Side.SELL, ONE, 10**9)[0] == "USD"
    assert not seeded(short_allowed=False).hold(("ETH", 1))


def test_event_collateral_is_what_can_be_lost() -> None:
    event = spot(price_max_1e9=10**9, fees=None)
    asset, amount = seeded().required(event, Side.SELL, 10 * ONE, price_1e9("0.3"))
    assert (asset, amount) == ("USD", price_1e9("7"))


def test_funding_is_paid_by_longs() -> None:
    account = seeded()
    account.fill(perp(), Side.BUY, 10 * ONE, price_1e9("2000"), 0, "USD")
    assert account.fund(perp(), price_1e9("2000"), 100) == price_1e9("2")
    assert account.balance("USD") == SEED_BALANCE_1E9 - price_1e9("2")


def test_positions_can_be_put_in_place() -> None:
    account = seeded(short_allowed=False)
    account.set_position(spot(), 3 * ONE, price_1e9("1500"))
    assert account.hold(account.required(spot(), Side.SELL, 3 * ONE, price_1e9("2000")))
    assert account.position("ETH-USD").entry_1e9 == price_1e9("1500")


def test_a_shift_from_outside_moves_what_is_held_and_no_money() -> None:
    account = seeded()
    account.shift(spot(), 3 * ONE, price_1e9("2000"))
    account.shift(spot(), -ONE, price_1e9("2500"))
    account.shift(perp(), -2 * ONE, price_1e9("2100"))
    account.shift(perp(), 0, price_1e9("1"))
    assert account.balances == {"USD": SEED_BALANCE_1E9, "ETH": price_1e9("2")}
    assert account.position("ETH-USD").qty_1e8 == 2 * ONE
    short = account.position("ETH-USD-PERP")
    assert (short.qty_1e8, short.entry_1e9, short.fees_1e9) == (-2 * ONE, price_1e9("2100"), 0)
