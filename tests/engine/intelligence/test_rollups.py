"""Roll-ups: quantiles within their stated error, totals that add up in any order."""

from __future__ import annotations

from math import ceil
from random import Random

import pytest

from engine.intelligence.rollups import RELATIVE_ERROR, SMALLEST_BPS, Totals, cell_of, value_of


def filled(values: list[float]) -> Totals:
    totals = Totals()
    for value in values:
        totals.add(10**9, 10**5, value > 0, value)
    return totals


def true_quantile(values: list[float], level: float) -> float:
    return sorted(values)[max(1, ceil(level * len(values))) - 1]


@pytest.mark.parametrize("seed", range(5))
def test_quantiles_are_within_their_error(seed: int) -> None:
    random = Random(seed)
    values = [random.choice([-1, 1]) * random.lognormvariate(0, 3) for _ in range(2_000)]
    totals = filled(values)
    for level in (0.01, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0):
        (found,) = totals.quantiles([level])
        true = true_quantile(values, level)
        assert found is not None
        assert abs(found - true) <= max(RELATIVE_ERROR * abs(true) * 1.0001, SMALLEST_BPS)


def test_cells_keep_order_and_sign() -> None:
    values = [-5e4, -3.0, -0.5, -0.0001, 0.0, 0.0002, 0.4, 0.41, 900.0]
    cells = [cell_of(value) for value in values]
    assert cells == sorted(cells)
    assert cell_of(0.0) == cell_of(0.0002) == 0
    assert [value_of(cell_of(v)) > 0 for v in (-3.0, 0.4)] == [False, True]


def test_merging_is_the_same_as_counting_together() -> None:
    random = Random(9)
    values = [random.gauss(1, 4) for _ in range(500)]
    whole, first, second = filled(values), filled(values[:123]), filled(values[123:])
    first.merge(second)
    for name in Totals.__slots__:
        assert getattr(first, name) == getattr(whole, name), name


def test_what_has_no_benchmark_is_counted_but_not_measured() -> None:
    totals = Totals()
    totals.add(5 * 10**9, 3, False, None)
    assert (totals.fills, totals.notional_1e9, totals.mean_bps) == (1, 5 * 10**9, None)
    assert totals.quantiles([0.5]) == [None]
    totals.add(10**9, 3, True, 7.0)
    assert totals.mean_bps == pytest.approx(7.0)
    assert totals.maker_fills == 1


def test_contracts_have_their_fees_and_slippage_in_cents() -> None:
    totals = Totals()
    assert (totals.fee_cents, totals.mean_cents) == (None, None)
    # Ten contracts a cent above a mid of 40 cents, two cents of fees each; five at an unknown one.
    totals.add(4_100_000_000, 200_000_000, False, 250.0, 10 * 10**8, 10_000_000.0)
    totals.add(2_000_000_000, 25_000_000, True, None, 5 * 10**8)
    assert totals.mean_cents == pytest.approx(1.0)
    assert totals.fee_cents == pytest.approx(22.5 / 15)
    twice = Totals.unpacked(totals.packed())
    twice.merge(totals)
    assert twice.mean_cents == pytest.approx(1.0)
    with pytest.raises(ValueError, match="no packed totals"):
        # As they were before quantities were counted: the file is then read anew.
        Totals.unpacked(b'[["1","2","3","4","5","6"],[]]')


def test_packed_totals_come_back_and_anything_else_is_refused() -> None:
    totals = Totals()
    totals.add(10**25, -5, True, -3.25)
    totals.add(10**25, 10**22, False, None)
    totals.add(7, 1, False, 250.0)
    again = Totals.unpacked(totals.packed())
    for name in Totals.__slots__:
        assert getattr(again, name) == getattr(totals, name), name
    for wrong in (b"", b"[]", b"[[],[]]", b'[["1","2","3","4","5","x"],[]]', b'[["1"],[1]]'):
        with pytest.raises(ValueError, match=r"packed|xpected|nput|nvalid|JSON"):
            Totals.unpacked(wrong)
