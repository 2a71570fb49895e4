"""Amounts are exact: no float arithmetic, no rounding, no silent nonsense."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.client.amounts import exact_1e8, exact_1e9, json_number, plain_text


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        (0.29, 29_000_000),
        (1e-8, 1),
        ("0.00000001", 1),
        (3, 300_000_000),
        (Decimal("1.50"), 150_000_000),
        (1e10, 10**18),
    ],
)
def test_amounts_mean_what_is_written(amount: float | str | Decimal, expected: int) -> None:
    assert exact_1e8(amount) == expected


@given(st.integers(min_value=1, max_value=10_000_000))
def test_every_two_decimal_float_is_exact(cents: int) -> None:
    assert exact_1e8(cents / 100) == cents * 1_000_000
    assert exact_1e9(f"{cents / 100:.2f}") == cents * 10_000_000


@pytest.mark.parametrize(
    "amount", [1e-9, "0.000000001", "abc", float("nan"), float("inf"), True, 1e22]
)
def test_what_is_no_amount_is_refused_by_name(amount: float | str) -> None:
    with pytest.raises(ValueError, match="new_qty: "):
        exact_1e8(amount, "new_qty")


def test_text_and_json_keep_every_digit() -> None:
    assert plain_text(1e-7) == "0.0000001"
    assert plain_text(Decimal("1E+3")) == "1000"
    assert msgspec.json.encode({"qty": json_number("123456789.12345678")}) == (
        b'{"qty":123456789.12345678}'
    )
    with pytest.raises(ValueError, match="not a finite number"):
        plain_text(Decimal("NaN"))
