"""The sizes and the table of a capacity curve against the plain formulas."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest

from engine.kernels.capacity import capacity_curve
from engine.kernels.curve_table import (
    COST,
    QTY,
    TABLE_ROWS,
    USD,
    curve_sizes,
    curve_table,
    whole_curve,
)
from tests.support.markets import NOW_NS
from tests.support.pictures import random_picture, visible

POINTS = 32


@pytest.mark.parametrize("held", [1, 99, 100, 12_345, 10**9, 10**12])
def test_sizes_rise_from_low_to_high_with_what_is_held_among_them(held: int) -> None:
    sizes = np.zeros(POINTS + 1, np.int64)
    place = curve_sizes(100, 10**9, held, sizes)
    found = sizes.tolist()
    assert found == sorted(found)
    assert found[place] == held
    assert place == POINTS or found[place + 1] > held
    rest = found[:place] + found[place + 1 :]
    assert (rest[0], rest[-1]) == (100, 10**9)
    steps = [100 * (10**7) ** (k / (POINTS - 1)) for k in range(POINTS)]
    assert rest == pytest.approx(steps, abs=0.51)


@pytest.mark.parametrize("law", [0.0, 0.05])
@pytest.mark.parametrize("place", [0, 3, 5])
def test_the_table_is_that_of_the_formulas(place: int, law: float) -> None:
    sizes = np.array([10, 20, 40, 80, 160, 320], np.int64) * 10**8
    sizes[place:] = np.array([10, 20, 40, 80, 160, 320], np.int64)[place:] * 10**8
    held, reached = int(sizes[place]), place + 1
    unit, base, last, floor, usd = 2.0, 5.0, 30.0, 1.0, 3e-6
    costs = np.array([3.0, 3.5, 4.5, 6.0, 9.0, 14.0]) * sizes
    costs[reached:] = -1.0
    out = np.full((TABLE_ROWS, len(sizes) - 1), -7.0)
    assert (
        curve_table(sizes, costs, reached, place, unit, base, last, floor, law, usd, out) == place
    )
    whole = costs[place] / held * unit - base
    before, wanted = whole, []
    for index, size in enumerate(sizes.tolist()):
        if index == place:
            continue
        if index < reached:
            cost = float(costs[index]) / size * unit - base
        else:
            cost = (held * whole + (size - held) * last) / size
            cost = max(before, cost, floor + law * sqrt(size) if law else cost)
        before = cost
        wanted.append((size * 1e-8, size * usd, cost))
    for column, row in enumerate(wanted):
        assert out[QTY, column] == pytest.approx(row[0])
        assert out[USD, column] == pytest.approx(row[1])
        assert out[COST, column] == pytest.approx(row[2])
    tail = out[COST, place:].tolist()
    assert tail == sorted(tail)


def test_a_larger_size_is_never_shown_cheaper() -> None:
    sizes = np.array([10, 20, 40, 80, 160, 320], np.int64)
    # The third average is less than the second by a last digit.
    averages = np.array([3.0, 3.0 + 1e-12, 3.0, 3.0 + 2e-12, 4.0, 5.0])
    out = np.zeros((TABLE_ROWS, len(sizes) - 1))
    curve_table(sizes, averages * sizes, 6, 5, 1.0, 0.0, 9.0, 0.0, 0.0, 1.0, out)
    shown = out[COST].tolist()
    assert shown == sorted(shown)
    assert shown == pytest.approx(averages[:5].tolist())


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("law", [0.0, 1e-4])
def test_one_kernel_does_what_its_parts_do(side: int, law: float) -> None:
    picture = random_picture(3, 4, 20)
    assert picture.look(side, NOW_NS)
    held, mid, sign = visible(picture), picture.mid, picture.sign
    where = picture.books.view, side, picture.level_terms
    sizes, costs = np.zeros(POINTS + 1, np.int64), np.zeros(POINTS + 1)
    found = np.zeros((TABLE_ROWS, POINTS))
    place = whole_curve(*where, 10**4, 3 * held, held, mid, 2.0, law, 3e-6, sizes, costs, found)
    again, money, wanted = sizes * 0, costs * 0.0, found * 0.0
    assert curve_sizes(10**4, 3 * held, held, again) == place < POINTS
    reached = capacity_curve(*where, again, money)
    ends = picture.worst_bps(), 2.0, law, 3e-6
    curve_table(again, money, reached, place, 1e4 * sign / mid, 1e4 * sign, *ends, wanted)
    assert sizes.tolist() == again.tolist()
    assert found.ravel().tolist() == pytest.approx(wanted.ravel().tolist(), rel=1e-12)
