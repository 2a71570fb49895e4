"""Strategies in closed form: each is its own formula, and limits hold."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

import pytest

from engine.decisions.policies.parameters import DEFAULT_PARAMETERS
from engine.intelligence.fill_chance import fill_chance
from engine.intelligence.picture import MarketPicture
from engine.intelligence.priors import DEFAULT_PRIORS
from engine.intelligence.rest_plan import rest_plan
from engine.intelligence.strategies import STANDARD, STRATEGIES, estimate
from engine.model.graph import Policy
from tests.support.markets import NOW_NS, TICK
from tests.support.pictures import CENT, event_picture, picture_of, random_picture, visible

QTY = 3 * 10**9
LOT = 10**8
S = 10**9
PLAIN = [
    (
        [((99_990 - k) * TICK, 100 * LOT) for k in range(20)],
        [((99_992 + k) * TICK, 100 * LOT) for k in range(20)],
    )
]


def test_every_policy_has_an_estimate() -> None:
    assert {policy.value for policy in Policy} <= set(STRATEGIES)
    picture = random_picture(1)
    assert picture.look(0, NOW_NS)
    for name in STRATEGIES:
        for rank in range(3):
            one = estimate(picture, QTY, name, rank)
            assert one.reason == "" and one.method == "closed_form"
            assert one.est_cost_bps is not None and one.p90_cost_bps is not None
            assert one.p90_cost_bps >= one.est_cost_bps == one.p50_cost_bps
            assert one.fill_rate is not None and 0.0 <= one.fill_rate <= 1.0
            assert one.venue_count == len(one.venues) > 0
            assert one.time_to_complete_ms is not None and one.time_to_complete_ms >= 0


def test_aggressive_is_the_sweep() -> None:
    picture = random_picture(2)
    assert picture.look(1, NOW_NS)
    one = estimate(picture, QTY, "aggressive")
    swept = picture.sweep(QTY)
    assert one.est_cost_bps == pytest.approx(swept.cost_bps)
    assert one.venue_count == len(swept.legs)
    slowest = max(picture.observations.latency_ns[leg[0]] for leg in swept.legs)
    assert one.time_to_complete_ms == 2 * slowest // 1_000_000
    wave = estimate(picture, QTY, "ioc_sweep")
    assert wave.fill_rate is not None and one.fill_rate is not None
    assert wave.fill_rate < one.fill_rate, "a wave is not repeated"


def test_passive_prices_what_it_misses() -> None:
    picture = picture_of(
        [([(99 * TICK, LOT)], [(101 * TICK, 500 * LOT), (103 * TICK, 5_000 * LOT)])]
    )
    assert picture.look(0, NOW_NS)
    one = estimate(picture, 1_000 * LOT, "passive", 2)
    horizon = 30.0
    rest = rest_plan(picture, 1_000 * LOT, 2, DEFAULT_PARAMETERS, DEFAULT_PRIORS)
    f = fill_chance(rest.odds, 1_000 * LOT, horizon)
    left = max(1, round(1_000 * LOT * (1 - f)))
    sweep = picture.sweep(left).cost_bps + 0.4 * picture.sigma_bps * sqrt(horizon)
    # Without a maker fee; one tick ahead of the touch, as high urgency posts.
    resting = -0.5 * picture.half_bps + 1e4 * TICK / picture.mid
    assert one.est_cost_bps == pytest.approx(f * resting + (1 - f) * sweep, abs=1e-3)
    assert one.fill_rate == pytest.approx(f, abs=1e-9)
    assert one.posts_only and not estimate(picture, 1_000 * LOT, "passive_ladder", 2).posts_only


def test_a_split_takes_part_and_is_no_worse_than_its_other_shares() -> None:
    picture = random_picture(5)
    assert picture.look(0, NOW_NS)
    one = estimate(picture, QTY, "split", 1)
    assert one.taken_share is not None and 0.1 <= one.taken_share <= 0.9
    assert not one.posts_only


def test_no_size_is_posted_more_surely_and_no_longer_horizon_less() -> None:
    for seed in range(4):
        picture = random_picture(seed)
        assert picture.look(seed % 2, NOW_NS)
        total = visible(picture)
        for name in ("passive", "iceberg"):
            sizes = [total // 1_000, total // 100, total // 10, total // 2]
            table = [
                [
                    estimate(picture, size, name, 1, horizon_ms=ms).fill_rate or 0.0
                    for ms in (1_000, 10_000, 100_000)
                ]
                for size in sizes
            ]
            for row in table:
                assert row == sorted(row)
            for shorter in zip(*table, strict=True):
                assert list(shorter) == sorted(shorter, reverse=True)


def with_tape(
    picture: MarketPicture, a_second: int, prints: int, spreads: Sequence[int] = ()
) -> MarketPicture:
    """The picture of a market that has traded for a minute."""
    tape = picture.tape
    tape.observe_time(NOW_NS - 50 * S)
    ring = tape.ring_of(0, 64)
    for _ in range(prints):
        tape.observe_trade(NOW_NS - 10 * S, 60 * a_second // prints)
        ring.put(NOW_NS - 10 * S, TICK, 60 * a_second // prints, 0, 0)
    for spread in spreads:
        tape.observe_spread(spread)
    return picture


def test_a_wide_event_book_that_trades_is_joined_at_its_own_price() -> None:
    # 16 cents against 14, as an election that few care for: sold at 16, and not at 15 or 14.
    asks, bids = [((16 + k) * CENT, 400 * LOT) for k in range(5)], [(14 * CENT, 500 * LOT)]
    picture = event_picture(asks, bids)
    assert with_tape(picture, 40 * LOT, 6).look(0, NOW_NS)
    one = estimate(picture, 100 * LOT, "passive")
    half = 1e4 / 15
    assert picture.half_bps == pytest.approx(half)
    assert one.est_cost_bps is not None and one.p90_cost_bps is not None
    assert -half <= one.est_cost_bps < -0.85 * half
    # A little less than all of it fills: the worst tenth is not at that price.
    assert one.fill_rate is not None and one.fill_rate > 0.8
    silent = event_picture(asks, bids)
    assert silent.look(0, NOW_NS)
    thin = estimate(silent, 100 * LOT, "passive")
    assert thin.est_cost_bps is not None and thin.est_cost_bps > 0.0


def test_where_it_may_not_fill_the_worst_tenth_is_that_of_sweeping() -> None:
    asks, bids = [((16 + k) * CENT, 400 * LOT) for k in range(5)], [(14 * CENT, 500 * LOT)]
    picture = event_picture(asks, bids)
    assert with_tape(picture, 8 * LOT, 2).look(0, NOW_NS)
    one = estimate(picture, 300 * LOT, "passive")
    swept = estimate(picture, 300 * LOT, "aggressive")
    assert one.est_cost_bps is not None and swept.est_cost_bps is not None
    assert one.fill_rate is not None and 0.3 < one.fill_rate < 0.9
    assert one.p90_cost_bps is not None and one.p90_cost_bps > swept.est_cost_bps


def test_the_time_of_a_resting_order_is_that_of_the_trades_it_waits_for() -> None:
    picture = with_tape(picture_of(PLAIN), 10 * LOT, 600)
    assert picture.look(0, NOW_NS)
    times = []
    for qty in (10 * LOT, 50 * LOT, 500 * LOT):
        one = estimate(picture, qty, "passive", 1)
        rest = rest_plan(picture, qty, 1, DEFAULT_PARAMETERS, DEFAULT_PRIORS)
        assert one.time_to_complete_ms is not None
        # Half of all trades are against our side; ahead of us the queue goes as a book refills.
        wait = (rest.odds.ahead_1e8 + qty) / rest.odds.rate_1e8
        assert one.time_to_complete_ms <= 1_250 * wait
        times.append(one.time_to_complete_ms)
    assert times == sorted(times)
    assert times[1] < 20_000, "no constant hazard that has the horizon of two minutes for a scale"


@pytest.mark.parametrize("rank", [0, 1, 2])
def test_a_drip_crosses_as_often_as_its_policy_does(rank: int) -> None:
    usual = 2 * TICK
    costs = []
    for spreads in ([], [usual] * 60, [usual] * 31 + [3 * usual] * 29):
        picture = with_tape(picture_of(PLAIN), 400 * LOT, 600, spreads)
        assert picture.look(0, NOW_NS, rank)
        one = estimate(picture, 60 * LOT, "time_drip", rank)
        assert one.est_cost_bps is not None
        costs.append(one.est_cost_bps)
    never, always, half = costs
    cross = estimate(picture, 60 * LOT, "aggressive", rank).est_cost_bps
    assert cross is not None
    if rank == 2:
        # Behind by anything is behind: it crosses whatever the spread.
        assert never == always == half == pytest.approx(cross, abs=1.0)
    elif rank == 1:
        # The usual spread is narrow enough; of the half that is not, what rests fills.
        assert never < half < always
        assert always == pytest.approx(cross, abs=1.0)
        assert half == pytest.approx((31 * always + 29 * never) / 60, rel=0.05, abs=0.5)
    else:
        # Half of the usual spread is never there.
        assert never == always == half < cross


def test_a_drip_that_fills_nowhere_at_rest_is_crossed_once_it_is_late() -> None:
    picture = picture_of(PLAIN)
    assert picture.look(0, NOW_NS)
    assert picture.sigma_bps > 0.0
    one, cross = (estimate(picture, 60 * LOT, name, 0) for name in ("time_drip", "aggressive"))
    assert one.est_cost_bps is not None and cross.est_cost_bps is not None
    seen = with_tape(picture_of(PLAIN), 400 * LOT, 600)
    assert seen.look(0, NOW_NS)
    rests = estimate(seen, 60 * LOT, "time_drip", 0)
    assert rests.est_cost_bps is not None and rests.est_cost_bps <= one.est_cost_bps
    # The last tenth is a chase that ends as soon as it has all of it.
    table = DEFAULT_PARAMETERS.drip_horizon_ms[0]
    assert one.time_to_complete_ms is not None
    assert 0.9 * table <= one.time_to_complete_ms < table


def test_going_on_in_parts_moves_books_no_more_than_all_at_once() -> None:
    picture = with_tape(picture_of(PLAIN), 400 * LOT, 600, [2 * TICK] * 60)
    assert picture.look(0, NOW_NS)
    # So little volume a day that the square-root law would have tens of bps for it.
    picture.day_volume_1e8 = 10_000 * LOT
    drip, cross = (estimate(picture, 300 * LOT, name, 1) for name in ("time_drip", "aggressive"))
    assert drip.est_cost_bps is not None and cross.est_cost_bps is not None
    assert drip.est_cost_bps <= cross.est_cost_bps + 0.01


def test_what_cannot_be_estimated_says_why() -> None:
    picture = random_picture(1)
    picture.look(0, NOW_NS)
    total = visible(picture)
    one = estimate(picture, 2 * total, "aggressive")
    assert one.est_cost_bps is None and "books show only" in one.reason
    empty = picture_of([([], [])])
    empty.look(0, NOW_NS)
    for name in STANDARD:
        none = estimate(empty, 10, name)
        assert none.est_cost_bps is None and none.reason


def test_a_chase_steps_in_ticks_where_prices_are_odds() -> None:
    asks = [((40 + k) * CENT, 10 * 10**8) for k in range(5)]
    picture = event_picture(asks, [(38 * CENT, 10**8)])
    assert picture.look(0, NOW_NS)
    low, high = (estimate(picture, 50 * 10**8, "aggressive_chase", rank) for rank in (0, 2))
    # Four cents from the touch to the worst level: four steps of one tick, or two of two.
    round_trip = 2 * 100
    assert low.time_to_complete_ms == 4 * 2_000 + round_trip
    assert high.time_to_complete_ms == 2 * 250 + round_trip
