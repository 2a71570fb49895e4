"""The picture: sweeps equal an independent walk exactly, curves and venues agree with it."""

from __future__ import annotations

from random import Random

import pytest

from engine.errors import Reason
from tests.support.markets import NOW_NS, TICK
from tests.support.pictures import picture_of, random_picture, visible, walk


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("side", [0, 1])
def test_a_sweep_pays_what_an_independent_walk_pays(seed: int, side: int) -> None:
    picture = random_picture(seed)
    assert picture.look(side, NOW_NS)
    total = visible(picture)
    for share in (0.0001, 0.05, 0.4, 0.95, 1.0):
        qty = max(1, int(total * share))
        swept = picture.sweep(qty)
        paid, fees, latency = walk(picture, qty)
        assert (swept.qty_1e8, swept.price_times_qty) == (qty, paid)
        unit = picture.mid * qty
        assert swept.fee_bps == pytest.approx(float(1e4 * fees / unit), rel=1e-6)
        assert swept.latency_bps == pytest.approx(float(1e4 * latency / unit), rel=1e-12)
        book = 1e4 * picture.sign * float(paid - (picture.mid_x2 or 0) * qty / 2) / unit
        assert swept.book_bps == pytest.approx(book, abs=1e-6)
        assert abs(swept.fees_1e9 - fees / 10**8) <= len(swept.legs)


@pytest.mark.parametrize("seed", range(5))
def test_averages_are_sweeps_of_each_size(seed: int) -> None:
    picture = random_picture(seed)
    random = Random(seed)
    side = seed % 2
    assert picture.look(side, NOW_NS)
    total = visible(picture)
    sizes = sorted(random.randrange(1, total) for _ in range(20))
    for size, cost in zip(sizes, picture.averages(sizes), strict=True):
        assert cost == pytest.approx(picture.sweep(size).cost_bps, abs=1e-4)
    assert picture.averages([total, total + 1])[1] is None


def test_one_venue_alone_costs_its_own_levels() -> None:
    asks = [[(101 * TICK, 10), (103 * TICK, 10)], [(102 * TICK, 40)]]
    picture = picture_of([([(99 * TICK, 5)], side) for side in asks])
    assert picture.look(0, NOW_NS)
    mid = 100
    first, second = 1e4 * (101 - mid) / mid, 1e4 * (102 - mid) / mid
    assert picture.venues_alone(10) == [(20, pytest.approx(first)), (40, pytest.approx(second))]
    assert picture.venues_alone(20) == [(20, pytest.approx(second)), (40, pytest.approx(second))]
    assert picture.venues_alone(30)[0] == (20, pytest.approx(second)), "as much as it shows"
    assert picture.venue_fee_bps(1, 102 * TICK) == pytest.approx(1.5 * 102 / 100)
    worst = 1e4 * 3 / 100 + 1.03 + picture.latency_bps(0)
    assert picture.worst_bps() == pytest.approx(worst)


def test_excluded_venues_are_left_out() -> None:
    picture = random_picture(1)
    assert picture.look(0, NOW_NS, 1, frozenset({"v0", "v2"}))
    legs = picture.sweep(10**9).legs
    assert {leg[0] for leg in legs} <= {1, 3}
    assert not picture.look(0, NOW_NS, 1, frozenset({"v0", "v1", "v2", "v3"}))
    assert picture.look(0, NOW_NS), "the next look is a new one"


def test_markets_without_a_mid_or_a_usable_venue_are_no_picture() -> None:
    one_sided = picture_of([([], [(101 * TICK, 10)])])
    assert not one_sided.look(0, NOW_NS)
    stale = random_picture(2)
    assert not stale.look(0, NOW_NS + 100 * 10**9), "nobody was heard of for too long"
    assert stale.terms.reasons == [Reason.STALE_VENUE] * 4


def test_volatility_and_spread_are_in_bps() -> None:
    picture = picture_of([([(99 * TICK, 5)], [(101 * TICK, 5)])])
    assert picture.look(1, NOW_NS)
    assert picture.half_bps == pytest.approx(100.0)
    assert picture.touch_bps == pytest.approx(100.0)
    assert picture.sigma_bps == picture.observations.sigma
    assert picture.day_volume_1e8 is None
    assert picture.cents_per_bp() is None
