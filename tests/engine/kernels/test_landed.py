"""The landed key as exact integers, against fractions."""

from __future__ import annotations

from fractions import Fraction
from random import Random
from typing import Any

import numpy as np
import pytest
from numba import njit
from numpy.typing import NDArray

from engine.kernels.landed import (
    CONSTANT,
    EXPONENT,
    PRICE_BOUND,
    RATE,
    SHAPE_RATE,
    SLOPE,
    arena_size,
    landed_key,
    multiply_high,
)

NANO = 10**9


@pytest.fixture(scope="module")
def key() -> Any:
    @njit
    def call(arena, v, sign, price, before):  # type: ignore[no-untyped-def]  # numba infers
        return landed_key(arena, v, sign, price, before)

    return call


def arena() -> NDArray[np.int64]:
    return np.zeros(arena_size(4, 8), np.int64)


@pytest.mark.parametrize("sign", [1, -1])
def test_flat_fees_are_exact_over_the_whole_price_range(key: Any, sign: int) -> None:
    random, cells = Random(1), arena()
    for _ in range(2_000):
        price = random.randrange(1, 10 ** random.randrange(1, 19))
        rate = random.randrange(-300_000_000, 300_000_000)
        constant = random.randrange(-(10**12), 10**12)
        cells[RATE + 2], cells[CONSTANT + 2] = rate, constant
        whole, rest = key(cells, 2, sign, price, 0)
        assert 0 <= rest < NANO
        assert Fraction(rest, NANO) + whole == sign * price + constant + Fraction(
            price * rate, NANO
        )


@pytest.mark.parametrize("exponent", [1, 2])
def test_quadratic_fees_use_the_floored_shape(key: Any, exponent: int) -> None:
    random, cells = Random(2), arena()
    for _ in range(500):
        price, rate = random.randrange(1, NANO), random.randrange(200_000_000)
        cells[EXPONENT], cells[SHAPE_RATE] = exponent, rate
        shape = price * (NANO - price) // NANO
        if exponent == 2:
            shape = shape * shape // NANO
        whole, rest = key(cells, 0, -1, price, 0)
        assert Fraction(rest, NANO) + whole == -price + Fraction(shape * rate, NANO)


def test_the_slope_is_floored_once_a_level(key: Any) -> None:
    cells = arena()
    cells[SLOPE] = round(1.5 * 2**44)
    assert [key(cells, 0, 1, 100, before)[0] for before in (0, 1, 2, 3)] == [100, 101, 103, 104]


def test_the_price_bound_is_inside_the_arithmetic(key: Any) -> None:
    cells = arena()
    cells[RATE] = 300_000_000
    whole, _ = key(cells, 0, 1, PRICE_BOUND, 0)
    assert whole == PRICE_BOUND + PRICE_BOUND * 3 // 10


def test_wide_products() -> None:
    wide: Any = multiply_high

    @njit
    def high(a, b):  # type: ignore[no-untyped-def]  # numba infers
        return wide(np.uint64(a), np.uint64(b))

    random = Random(3)
    for _ in range(500):
        a, b = random.randrange(2**63), random.randrange(2**63)
        assert int(high(a, b)) == a * b >> 64
