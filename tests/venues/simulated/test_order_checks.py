"""The door of a simulated venue: each rule of a listing with its code and text."""

from __future__ import annotations

import pytest

from engine.model.orders import TimeInForce
from engine.model.units import Side, price_1e9, qty_1e8
from tests.support.simulated_venues import place, spot
from venues.simulated.order_checks import Order, Refusal, no_market, read_order, reduces
from venues.simulated.protocol import RejectCode


@pytest.mark.parametrize(
    ("side", "qty", "px", "code"),
    [
        ("buy", "0.0015", "2000", RejectCode.OFF_LOT),
        ("buy", "0.005", "2000", RejectCode.BELOW_MINIMUM),
        ("buy", "0.01", "500", RejectCode.BELOW_MINIMUM),
        ("buy", "1", "2000.001", RejectCode.OFF_TICK),
        ("buy", "1", "0", RejectCode.BAD_PRICE),
        ("buy", "1", "free", RejectCode.BAD_PRICE),
        ("buy", "0", "2000", RejectCode.BAD_QUANTITY),
        ("hold", "1", "2000", RejectCode.BAD_QUANTITY),
        ("buy", "0.000000001", "2000", RejectCode.BAD_QUANTITY),
    ],
)
def test_refusals(side: str, qty: str, px: str, code: RejectCode) -> None:
    refusal = read_order(place("a", side, qty, px), spot())
    assert isinstance(refusal, Refusal)
    assert refusal.code is code


def test_the_minimum_is_named() -> None:
    refusal = read_order(place("a", "buy", "0.005", "2000"), spot())
    assert isinstance(refusal, Refusal)
    assert refusal.text == "Size (0.005) lower than the minimum: 0.01"


def test_numbers_of_the_minimum_are_not_padded() -> None:
    refusal = read_order(place("a", "buy", "0.0050", "2000"), spot())
    assert isinstance(refusal, Refusal)
    assert refusal.text == "Size (0.005) lower than the minimum: 0.01"


def test_less_than_one_contract_is_too_small() -> None:
    contract = spot(lot_1e8=10**8, qty_min_1e8=10**8)
    refusal = read_order(place("a", "buy", "0.5", "2000"), contract)
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.text) == (
        RejectCode.BELOW_MINIMUM,
        "Size (0.5) lower than the minimum: 1",
    )
    odd = read_order(place("a", "buy", "1.5", "2000"), contract)
    assert isinstance(odd, Refusal)
    assert odd.code is RejectCode.OFF_LOT


def test_unknown_markets_are_named() -> None:
    assert no_market("XRP").code is RejectCode.UNKNOWN_SYMBOL
    assert "XRP" in no_market("XRP").text


def test_a_good_order_is_read() -> None:
    order = read_order(place("a", "sell", "1.5", None, tif=TimeInForce.IOC), spot())
    assert order == Order(Side.SELL, qty_1e8("1.5"), None, TimeInForce.IOC)
    limited = read_order(place("a", "sell", "1.5", "2000.01"), spot())
    assert isinstance(limited, Order)
    assert limited.limit_1e9 == price_1e9("2000.01")


def test_reduce_only() -> None:
    held = qty_1e8("1")
    assert reduces(place("a", "sell", "1", "2000"), spot(), held)
    assert not reduces(place("a", "sell", "1.5", "2000"), spot(), held)
    assert not reduces(place("a", "buy", "1", "2000"), spot(), held)
    assert reduces(place("a", "buy", "1", "2000"), spot(), -held)
    assert not reduces(place("a", "buy", "1", "2000"), spot(), -held, 1)
