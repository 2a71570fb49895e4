"""Exact units: text to integers and back, rounding, grids."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.model.units import (
    QTY_SCALE,
    Side,
    average_price_1e9,
    ceil_to,
    divide_half_even,
    divide_up,
    floor_to,
    format_price,
    format_qty,
    is_plain_decimal,
    notional_1e9,
    parse_decimal,
    parse_side,
    price_1e9,
    qty_1e8,
    round_passive,
    snap,
)

INT64 = st.integers(0, 2**63 - 1)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("64123.45", 64_123_450_000_000),
        ("0.000000001", 1),
        ("1e-3", 1_000_000),
        (Decimal("2.50"), 2_500_000_000),
        (7, 7_000_000_000),
    ],
)
def test_price_text_becomes_an_exact_integer(text: str | Decimal | int, value: int) -> None:
    assert price_1e9(text) == value


@pytest.mark.parametrize(
    "text", ["0.0000000001", "abc", "", "NaN", "Infinity", "1e30", "1e-40", "99999999999999999999"]
)
def test_text_that_has_no_exact_integer_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"decimal|finite|range|number"):
        price_1e9(text)


@pytest.mark.parametrize("text", ["1_000", " 1", "1 ", "\u0663", "\uff11", "0x1", "--1", "."])
def test_only_ascii_digits_are_numbers(text: str) -> None:
    assert not is_plain_decimal(text)
    with pytest.raises(ValueError, match="decimal number"):
        qty_1e8(text)


def test_floats_and_booleans_are_refused() -> None:
    for value in (0.1, True):
        with pytest.raises(ValueError, match="decimal string"):
            parse_decimal(value, 8)  # type: ignore[arg-type]  # the wrong type is the point


@given(
    st.from_regex(r"[0-9]{0,20}(\.[0-9]{0,12})?", fullmatch=True)
    | st.text("0123456789.+-e_ \u0663", max_size=22),
    st.integers(0, 12),
)
def test_plain_digits_are_read_as_any_decimal_is(text: str, decimals: int) -> None:
    assert outcome(text, decimals) == outcome(general(text), decimals)


def general(text: str) -> Decimal | str:
    """The same number in a form that is no plain text; a word where the text is no number.

    What Python reads beyond ASCII digits, such as `1_0`, is none either.
    """
    if not set(text) <= set("0123456789.+-e"):
        return "none"
    try:
        return Decimal(text)
    except InvalidOperation:
        return text


def outcome(number: Decimal | str, decimals: int) -> int | None:
    """What it is parsed to, None where it is refused."""
    try:
        return parse_decimal(number, decimals)
    except ValueError:
        return None


@given(INT64)
def test_formatting_is_the_inverse_of_parsing(value: int) -> None:
    assert price_1e9(format_price(value)) == value
    assert qty_1e8(format_qty(value)) == value


@given(st.integers(-(10**30), 10**30), st.integers(1, 10**20))
def test_half_even_division_agrees_with_fractions(numerator: int, denominator: int) -> None:
    assert divide_half_even(numerator, denominator) == round(Fraction(numerator, denominator))


@given(st.integers(-(10**20), 10**20), st.integers(1, 10**10))
def test_division_up_is_the_smallest_integer_not_below(numerator: int, denominator: int) -> None:
    result = divide_up(numerator, denominator)
    assert (result - 1) * denominator < numerator <= result * denominator


@given(INT64, st.integers(1, 10**12))
def test_grids_enclose_the_value(value: int, step: int) -> None:
    low, high = floor_to(value, step), ceil_to(value, step)
    assert low <= value <= high
    assert low % step == high % step == 0
    assert high - low in (0, step)


@given(INT64, st.integers(1, 10**12))
def test_passive_rounding_never_pays_more(price: int, tick: int) -> None:
    assert round_passive(price, tick, Side.BUY) <= price <= round_passive(price, tick, Side.SELL)


def test_snap_mends_one_unit_and_no_more() -> None:
    assert snap(28_999_999, 100_000) == 29_000_000
    assert snap(29_000_001, 100_000) == 29_000_000
    assert snap(29_000_000, 100_000) == 29_000_000
    assert snap(29_000_002, 100_000) is None


def test_notional_and_average_round_half_to_even() -> None:
    assert notional_1e9(64_000 * 10**9, QTY_SCALE) == 64_000 * 10**9
    assert notional_1e9(1, QTY_SCALE // 2) == 0
    assert notional_1e9(3, QTY_SCALE // 2) == 2
    assert average_price_1e9(7 * 2, 2) == 7
    assert average_price_1e9(0, 0) == 0


def test_sides() -> None:
    assert parse_side("BUY") is Side.BUY
    assert (Side.BUY.sign, Side.SELL.sign) == (1, -1)
    assert Side.SELL.opposite is Side.BUY
    assert Side.SELL.text == "sell"
    with pytest.raises(ValueError, match="side must be"):
        parse_side("hold")
