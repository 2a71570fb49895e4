"""Exact decimal text of prices and quantities."""

from __future__ import annotations

import random

import pytest

from engine.model.units import price_1e9, qty_1e8
from venues.simulated.decimal_text import fixed_price, fixed_qty


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (1, "0.000000001"), (-1_500_000_000, "-1.5"), (2_000_000_000, "2")],
)
def test_prices(value: int, text: str) -> None:
    assert fixed_price(value) == text


@pytest.mark.parametrize(("value", "text"), [(0, "0"), (1, "0.00000001"), (150_000_000, "1.5")])
def test_quantities(value: int, text: str) -> None:
    assert fixed_qty(value) == text


def test_every_number_comes_back() -> None:
    rng = random.Random(1)
    for _ in range(200):
        number = rng.randrange(10 ** rng.randrange(1, 17))
        assert price_1e9(fixed_price(number)) == number
        assert qty_1e8(fixed_qty(number)) == number
