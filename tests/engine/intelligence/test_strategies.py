"""Strategies in closed form: each is its own formula, and limits hold."""

from __future__ import annotations

from math import log, sqrt

import pytest

from engine.decisions.policies.parameters import DEFAULT_PARAMETERS
from engine.intelligence.fill_chance import fill_chance
from engine.intelligence.priors import DEFAULT_PRIORS
from engine.intelligence.rest_plan import rest_plan
from engine.intelligence.strategies import STANDARD, STRATEGIES, estimate, mean_ms
from engine.model.graph import Policy
from tests.support.markets import NOW_NS, TICK
from tests.support.pictures import CENT, event_picture, picture_of, random_picture, visible

QTY = 3 * 10**9
LOT = 10**8


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
    assert one.fill_rate == f
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


def test_mean_time_is_that_of_a_constant_hazard() -> None:
    assert mean_ms(0.0, 500) == 500.0
    assert mean_ms(1.0, 500) == 0.0
    assert mean_ms(0.5, 1_000) == pytest.approx(500 / log(2))


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
