"""The capacity curve: exact inside the books, bounded from below beyond, never falling."""

from __future__ import annotations

from itertools import pairwise

import pytest

from engine.decisions.market_tape import MarketTape
from engine.intelligence.capacity import (
    COST_LEVELS_BPS,
    COST_LEVELS_CENTS,
    POINTS,
    beyond_bps,
    capacity,
    largest,
)
from engine.intelligence.priors import DEFAULT_PRIORS
from tests.support.markets import NOW_NS, TICK
from tests.support.pictures import CENT, event_picture, picture_of, random_picture, visible


@pytest.mark.parametrize("seed", range(6))
def test_the_curve_is_the_sweep_and_never_falls(seed: int) -> None:
    picture = random_picture(seed)
    assert picture.look(seed % 2, NOW_NS)
    total = visible(picture)
    curve, _ = capacity(picture, total // 20, total, 1.0, DEFAULT_PRIORS)
    assert len(curve) == POINTS >= 32
    costs = [one.cost_bps for one in curve]
    assert all(b >= a for a, b in pairwise(costs))
    for one in curve:
        size = round(one.qty * 10**8)
        assert one.at_least == (size > total)
        if not one.at_least:
            # A sweep rounds the fee of each leg up to 1e-9 USD.
            rounding = 1e4 * 4e-9 / one.notional_usd
            swept = picture.sweep(size).cost_bps
            assert one.cost_bps == pytest.approx(swept, abs=1e-6 + rounding)
    assert curve[-1].qty * 1e8 == pytest.approx(2 * total)
    assert any(one.at_least for one in curve)


def test_beyond_the_books_is_what_they_hold_and_their_last_price() -> None:
    picture = picture_of([([(99 * TICK, 5)], [(101 * TICK, 100), (111 * TICK, 100)])], fee_ppm=0)
    assert picture.look(0, NOW_NS)
    late = picture.latency_bps(0)
    whole = picture.averages([200])[0]
    assert whole is not None
    assert whole == pytest.approx(600 + late)
    held = 200, whole, picture.worst_bps()
    found = beyond_bps(picture, 400, held, 0.0, 0.0, DEFAULT_PRIORS)
    assert found == pytest.approx((200 * 600 + 200 * 1100) / 400 + late)
    assert beyond_bps(picture, 400, held, 5_000.0, 0.0, DEFAULT_PRIORS) == 5_000.0


def test_with_a_known_volume_the_square_root_law_counts() -> None:
    tape = MarketTape()
    minute = 60 * 10**9
    for k in range(4):
        tape.observe_trade(NOW_NS - (4 - k) * minute, 10)
    tape.observe_time(NOW_NS)
    picture = picture_of([([(99 * TICK, 5)], [(101 * TICK, 100)])], tape=tape, fee_ppm=0)
    assert picture.look(0, NOW_NS)
    assert picture.day_volume_1e8 is not None
    size = 100 * picture.day_volume_1e8
    found = beyond_bps(picture, size, (100, 100.0, 100.0), 0.0, 0.0, DEFAULT_PRIORS)
    law = 2 / 3 * picture.sigma_bps * 86_400**0.5 * 10
    assert found == pytest.approx(picture.half_bps + law)


def test_the_largest_size_at_a_cost_costs_no_more() -> None:
    for seed in range(6):
        picture = random_picture(seed)
        assert picture.look(0, NOW_NS)
        total = visible(picture)
        _, sizes = capacity(picture, total // 20, total, 1.0, DEFAULT_PRIORS)
        assert [one.cost_bps for one in sizes] == list(COST_LEVELS_BPS)
        for one in sizes:
            assert one.qty is not None and one.cost_bps is not None
            size = int(one.qty * 10**8)
            if size <= total:
                assert picture.sweep(size).cost_bps <= one.cost_bps + 1e-4
    dear = picture_of([([(99 * TICK, 50)], [(101 * TICK, 100)])])
    assert dear.look(0, NOW_NS)
    _, sizes = capacity(dear, 10, 100, 1.0, DEFAULT_PRIORS)
    assert {one.qty for one in sizes} == {None}, "the first unit costs more than 50 bps"
    assert all("smallest order costs 1" in one.reason for one in sizes)


@pytest.mark.parametrize("seed", range(4))
def test_sizes_that_are_offered_can_be_ordered(seed: int) -> None:
    asks = [((1_000 + k) * TICK, 7_000 + 13 * seed) for k in range(40)]
    bids = [((998 - k) * TICK, 7_000) for k in range(40)]
    picture = picture_of([(bids, asks)] * 2, lot_1e8=1_000, qty_min_1e8=2_500)
    assert picture.look(seed % 2, NOW_NS)
    total = visible(picture)
    points, sizes = capacity(picture, total // 20, total, 1.0, DEFAULT_PRIORS)
    assert round(points[0].qty * 1e8) == 3_000, "the smallest order is on the lot too"
    offered = [round(one.qty * 1e8) for one in sizes if one.qty is not None]
    assert offered and all(qty % 1_000 == 0 and qty >= 3_000 for qty in offered)
    ends, costs, levels = [3_000, 9_999], [1.0, 3.0], [0.5, 2.5, 50.0]
    loose, tight = largest(ends, costs, levels), largest(ends, costs, levels, 1_000)
    assert [one if one is None else round(one * 1e8) for one in tight] == [
        one if one is None else round(one * 1e8) // 1_000 * 1_000 for one in loose
    ]
    assert tight != loose and tight[0] is None


def test_the_smallest_size_is_that_of_money_too() -> None:
    books = [([(99 * 10**9, 10**10)], [(100 * 10**9, 10**10)])]
    picture = picture_of(books, lot_1e8=10_000, notional_min_1e9=10 * 10**9)
    assert picture.look(0, NOW_NS)
    points, sizes = capacity(picture, 10**9, 10**10, 1.0, DEFAULT_PRIORS)
    assert points[0].qty == 0.1
    assert all(one.qty is None or one.qty >= 0.1 for one in sizes)


def test_equal_prices_cost_equally_to_the_last_digit() -> None:
    # One price however much: the averages differ by rounding alone, and may not fall by it.
    for price in (101, 103, 107, 6_399_983):
        asks = [((price + 1) * TICK, 10**13)]
        flat = picture_of([([((price - 1) * TICK, 10**13)], asks)], fee_ppm=333)
        assert flat.look(0, NOW_NS)
        curve, _ = capacity(flat, 10**12, 10**13, 1.0, DEFAULT_PRIORS)
        costs = [one.cost_bps for one in curve]
        assert costs == sorted(costs)


def test_an_event_contract_has_levels_in_cents_too() -> None:
    asks = [((40 + k) * CENT, 100 * 10**8) for k in range(12)]
    event = event_picture(asks, [(38 * CENT, 10**8)])
    assert event.look(0, NOW_NS)
    total = visible(event)
    _, sizes = capacity(event, total // 10, total, 1.0, DEFAULT_PRIORS)
    bps = [one for one in sizes if one.cost_cents is None]
    cents = [one for one in sizes if one.cost_bps is None]
    assert [one.cost_bps for one in bps] == list(COST_LEVELS_BPS)
    assert {one.qty for one in bps} == {None}
    assert all("bps" in one.reason for one in bps)
    assert [one.cost_cents for one in cents] == list(COST_LEVELS_CENTS)
    # One cent to the touch and 1.68 of fee are more than two cents.
    assert [one.qty is None for one in cents] == [True, True, True, False]
    assert "cents" in cents[0].reason and cents[3].reason == ""
    unit = event.cents_per_bp()
    assert unit is not None and cents[3].qty is not None
    (cost,) = event.averages([int(cents[3].qty * 10**8)])
    assert cost is not None
    assert 4.5 < cost * unit <= 5.0 + 1e-6
    plain = random_picture(1)
    assert plain.look(0, NOW_NS)
    _, sizes = capacity(plain, 10**9, visible(plain), 1.0, DEFAULT_PRIORS)
    assert {one.cost_cents for one in sizes} == {None}


@pytest.mark.parametrize("volume", [None, 10**10, 10**14])
@pytest.mark.parametrize("seed", range(3))
def test_beyond_the_books_each_size_costs_what_it_would_alone(
    seed: int, volume: int | None
) -> None:
    picture = random_picture(seed, 4, 20)
    picture.look(seed % 2, NOW_NS)
    picture.day_volume_1e8 = volume
    total = visible(picture)
    whole = picture.averages([total])[0]
    assert whole is not None
    points, _ = capacity(picture, total // 3, total, 7.0, DEFAULT_PRIORS)
    held = total, whole, picture.worst_bps()
    before, seen = 0.0, 0
    for one in points:
        size = round(one.qty * 1e8)
        assert one.at_least == (size > total)
        if not one.at_least:
            (alone,) = picture.averages([size])
        else:
            seen += 1
            alone = beyond_bps(picture, size, held, before, 7.0, DEFAULT_PRIORS)
        assert one.cost_bps == pytest.approx(alone, rel=1e-9)
        before = one.cost_bps
    assert seen > 0
