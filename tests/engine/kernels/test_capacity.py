"""The merged curve against every size walked on its own, to the last bit."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine.kernels.capacity import UNREACHED, capacity_curve
from engine.kernels.layout import new_block
from tests.support.slow_curve import Level, Term, slow_curve

DEPTH = 64


def fill(books: list[list[Level]], side: int) -> NDArray[np.int64]:
    """A read-only block whose books (best first) stand on the side that `side` takes from."""
    block = new_block(len(books), DEPTH)
    for v, levels in enumerate(books):
        block[v, 1 - side, 0, 0] = len(levels)
        for row, level in enumerate(reversed(levels), 1):
            block[v, 1 - side, row] = level
    block.flags.writeable = False
    return block


def curve(
    books: list[list[Level]], side: int, terms: list[Term], sizes: list[int]
) -> tuple[int, list[float]]:
    costs = np.full(len(sizes), 123.0)
    given_terms, given_sizes = np.array(terms, np.float64), np.array(sizes, np.int64)
    given_terms.flags.writeable = given_sizes.flags.writeable = False
    reached = capacity_curve(fill(books, side), side, given_terms, given_sizes, costs)
    return reached, costs.tolist()


@st.composite
def markets(draw: st.DrawFn) -> tuple[list[list[Level]], int, list[Term], list[int]]:
    side = draw(st.integers(0, 1))
    venues = draw(st.integers(1, 5))
    books, terms = [], []
    for _ in range(venues):
        prices = draw(st.lists(st.integers(90, 110), unique=True, max_size=12))
        prices.sort(reverse=side == 1)
        books.append([(p * 10**9, draw(st.integers(1, 500))) for p in prices])
        eligible = draw(st.sampled_from([1.0, 1.0, 1.0, 0.0]))
        fee = draw(st.sampled_from([0.0, 0.0002, 0.01, 0.3]))
        terms.append((eligible, fee, draw(st.sampled_from([0.0, 1e6, 2.5e9]))))
    sizes = sorted(draw(st.lists(st.integers(1, 8_000), min_size=1, max_size=12)))
    return books, side, terms, sizes


@given(markets())
def test_equals_every_size_on_its_own(
    market: tuple[list[list[Level]], int, list[Term], list[int]],
) -> None:
    books, side, terms, sizes = market
    wanted = slow_curve(books, side, terms, sizes)
    reached, costs = curve(books, side, terms, sizes)
    assert costs == wanted
    assert reached == sum(cost != UNREACHED for cost in wanted)


@pytest.mark.parametrize("seed", range(6))
def test_real_sized_prices_repeat_to_the_bit(seed: int) -> None:
    of = random.Random(seed)
    side = seed % 2
    step = 1 - 2 * side
    books = []
    for _ in range(8):
        price = 64_000 * 10**9 + of.randrange(100) * 10**7
        levels = []
        for _ in range(DEPTH):
            levels.append((price, of.randrange(1, 10**9)))
            price += step * of.randrange(1, 50) * 10**7
        books.append(levels)
    terms = [(1.0, of.randrange(1, 30) / 10_000, of.random() * 1e9) for _ in books]
    sizes = sorted(of.randrange(1, 300 * 10**9) for _ in range(32))
    assert curve(books, side, terms, sizes)[1] == slow_curve(books, side, terms, sizes)


def test_a_buy_by_hand() -> None:
    books = [[(100 * 10**9, 10), (101 * 10**9, 10)], [(100 * 10**9, 5)]]
    terms = [(1.0, 0.0, 0.0), (1.0, 0.005, 0.0)]
    reached, costs = curve(books, 0, terms, [10, 12, 25, 26])
    assert reached == 3
    dear = 100 * 10**9 * (1.0 + 0.005)
    assert costs[0] == 1_000 * 10**9
    assert costs[1] == 1_000 * 10**9 + 2 * dear
    assert costs[2] == pytest.approx(1_000 * 10**9 + 5 * dear + 1_010 * 10**9, rel=1e-15)
    assert costs[3] == UNREACHED


def test_a_sale_takes_fee_and_penalty_off() -> None:
    books = [[(100 * 10**9, 10)], [(99 * 10**9, 10)]]
    terms = [(1.0, 0.02, 0.0), (1.0, 0.0, 0.5e9)]
    _, costs = curve(books, 1, terms, [10, 20])
    assert costs[0] == 10 * (99 * 10**9 - 0.5e9), "98.5 left of 99 beats 98 left of 100"
    assert costs[1] == pytest.approx(costs[0] + 980 * 10**9, rel=1e-15)


def test_nobody_eligible_and_no_levels() -> None:
    assert curve([[(10**9, 5)]], 0, [(0.0, 0.0, 0.0)], [1, 2]) == (0, [UNREACHED, UNREACHED])
    assert curve([[]], 0, [(1.0, 0.0, 0.0)], [1]) == (0, [UNREACHED])
    assert curve([[(10**9, 5)]], 0, [(1.0, 0.0, 0.0)], []) == (0, [])


def test_quantities_near_the_end_of_64_bits_do_not_wrap() -> None:
    huge = 2**62
    books = [[(10**9, huge), (2 * 10**9, huge), (3 * 10**9, huge)]]
    reached, costs = curve(books, 0, [(1.0, 0.0, 0.0)], [huge, 2**63 - 1])
    assert reached == 2
    assert costs[1] == pytest.approx(10**9 * huge + 2 * 10**9 * (huge - 1), rel=1e-12)
