"""The merged walk for bent fees: exact fees at each level, and the kernel's curve for flat ones."""

from __future__ import annotations

import pytest

from engine.intelligence.merged import UNREACHED, merged_costs
from tests.support.markets import NOW_NS
from tests.support.pictures import CENT, event_picture, random_picture, visible


@pytest.mark.parametrize("seed", range(4))
def test_it_agrees_with_the_kernel_where_fees_are_flat(seed: int) -> None:
    picture = random_picture(seed)
    side = seed % 2
    assert picture.look(side, NOW_NS)
    total = visible(picture)
    sizes = [1, total // 1_000, total // 3, total // 2, total, total + 1]
    found = merged_costs(picture.market, side, picture.terms, sizes)
    assert found[-1] == UNREACHED
    for size, cost, average in zip(sizes, found, picture.averages(sizes), strict=False):
        if average is not None:
            landed = picture.sign * (cost / (size * picture.mid) - 1.0) * 1e4
            assert landed == pytest.approx(average, abs=1e-6)


def test_each_level_is_charged_at_its_own_price() -> None:
    picture = event_picture(
        [(40 * CENT, 100 * 10**8), (50 * CENT, 100 * 10**8)], [(38 * CENT, 10**8)]
    )
    assert picture.look(0, NOW_NS)
    size = 150 * 10**8
    (cost,) = merged_costs(picture.market, 0, picture.terms, [size])
    fees = 0.07 * (100 * 0.4 * 0.6 + 50 * 0.5 * 0.5)
    late = picture.terms.constants[0] * 1e-9 * 150
    assert cost / 1e17 == pytest.approx(100 * 0.40 + 50 * 0.50 + fees + late, rel=1e-9)
    swept = picture.sweep(size)
    assert swept.fees_1e9 == pytest.approx(fees * 1e9, abs=2)
    assert swept.cost_bps == pytest.approx(picture.averages([size])[0])
    cents = picture.cents_per_bp()
    assert cents is not None
    assert swept.fee_bps * cents == pytest.approx(100 * fees / 150)
