"""The chance of a resting fill, against a simulated random walk and its own limits."""

from __future__ import annotations

from itertools import pairwise
from math import exp
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.intelligence.fill_chance import (
    FILLS_SHRINK,
    FillOdds,
    Lane,
    fill_chance,
    fill_chances,
    fill_shares,
    mean_time_s,
)
from engine.intelligence.learned.fill_hazard import FillHazard

ONE = 10**8
DEEP = 10**18


def odds(**changes: float) -> FillOdds:
    """Two bps away, with so much depth that size is no matter, and no tape."""
    values = {
        "reach_bps": 2.0,
        "sigma_bps": 1.0,
        "ahead_1e8": 0.0,
        "depth_1e8": DEEP,
        "rate_1e8": 0.0,
        "refill_s": 5.0,
        "lump_1e8": 0.0,
    }
    return FillOdds(**(values | changes), lanes=())


def learned(prior: FillOdds, fills: int, *weights: float, share: float = 1.0) -> FillOdds:
    """The same odds where a hazard was learned from so many fills."""
    hazard = FillHazard(fills=fills)
    if weights:
        hazard.weights = list(weights)
    one = Lane(share, 5.0 * ONE, 2.0 * ONE, 1.0, 0.1, 0.0, hazard)
    return FillOdds(
        prior.reach_bps,
        prior.sigma_bps,
        prior.ahead_1e8,
        prior.depth_1e8,
        prior.rate_1e8,
        prior.refill_s,
        (one,),
        prior.lump_1e8,
    )


def test_the_price_comes_as_often_as_a_random_walk_reaches_it() -> None:
    random = Random(5)
    sigma, horizon, steps = 1.0, 4.0, 400
    reached = 0
    walks = 1_500
    for _ in range(walks):
        at = 0.0
        for _ in range(steps):
            at += random.gauss(0.0, sigma * (horizon / steps) ** 0.5)
            if at <= -1.0:
                reached += 1
                break
    # A walk looked at in steps reaches a little less often than one that is always looked at.
    found = fill_chance(odds(reach_bps=1.0), ONE, horizon)
    assert found == pytest.approx(reached / walks, abs=0.05)


def test_trades_fill_when_the_price_stands_still() -> None:
    still = odds(sigma_bps=0.0, rate_1e8=ONE, lump_1e8=10**6 * ONE)
    # One trade is more than enough: it has come by then, or has not.
    assert fill_chance(still, 10 * ONE, 10**6) == pytest.approx(1 - exp(-1.0), abs=1e-4)
    steady, queued = (odds(sigma_bps=0.0, rate_1e8=ONE, ahead_1e8=a * ONE) for a in (0, 30))
    chances = fill_chances(steady, 10 * ONE, (1.0, 10.0, 30.0))
    assert chances[0] < 0.02 and 0.3 < chances[1] < 0.6 and chances[2] > 0.98
    # A third of the queue of 30 is still ahead by then.
    behind = odds(sigma_bps=0.0, rate_1e8=ONE)
    assert fill_chance(queued, 10 * ONE, 10.0) == fill_chance(behind, 20 * ONE, 10.0)
    assert fill_chance(odds(sigma_bps=0.0), ONE, 10.0) == 0.0


def test_a_price_that_comes_brings_no_more_than_there_is() -> None:
    # 53 of 60 within a second was forecast, of a market that showed 20 and traded 2.
    thin = odds(reach_bps=0.2, depth_1e8=20 * ONE, rate_1e8=2 * ONE)
    small, large = fill_chance(thin, ONE // 10, 1.0), fill_chance(thin, 60 * ONE, 1.0)
    assert small > 0.8
    assert 60 * large < 20, "what fills is less than all that the far side shows"
    assert fill_chance(thin, 60 * ONE, 3_600.0) > 0.9


@settings(max_examples=200, deadline=None)
@given(
    reach=st.floats(0.0, 50.0),
    sigma=st.floats(0.0, 20.0),
    ahead=st.floats(0.0, 1e12),
    depth=st.floats(0.0, 1e13),
    rate=st.floats(0.0, 1e11),
    lump=st.floats(0.0, 1e11),
    fills=st.integers(0, 2_000),
    weights=st.lists(st.floats(-3.0, 3.0), min_size=5, max_size=5),
    share=st.floats(0.05, 1.0),
)
def test_no_size_fills_more_surely_than_a_smaller_one_and_no_time_less(
    reach: float,
    sigma: float,
    ahead: float,
    depth: float,
    rate: float,
    lump: float,
    fills: int,
    weights: list[float],
    share: float,
) -> None:
    plain = odds(
        reach_bps=reach,
        sigma_bps=sigma,
        ahead_1e8=ahead,
        depth_1e8=depth,
        rate_1e8=rate,
        lump_1e8=lump,
    )
    sizes = [1, 10**6, ONE, 10 * ONE, 1_000 * ONE, 10**15]
    times = [0.0, 0.5, 1.0, 5.0, 60.0, 900.0, 3_600.0]
    for one in (plain, learned(plain, fills, *weights, share=share)):
        table = [[fill_chance(one, size, t) for t in times] for size in sizes]
        for row in table:
            assert row[0] == 0.0
            assert all(0.0 <= a <= b + 1e-12 <= 1.0 + 1e-9 for a, b in pairwise(row))
        for smaller, larger in pairwise(table):
            assert all(b <= a + 1e-12 for a, b in zip(smaller, larger, strict=True))


def test_what_was_learned_weighs_by_the_fills_that_were_seen() -> None:
    plain = odds(rate_1e8=ONE)
    prior = fill_chance(plain, ONE, 1.0)
    assert fill_chance(learned(plain, 0), ONE, 1.0) == prior
    few, many = learned(plain, FILLS_SHRINK), learned(plain, 10**9)
    (lane,) = many.lanes
    taught = lane.chance(ONE)
    through = exp(-ONE / (DEEP * 1.2))
    assert fill_chance(many, ONE, 1.0) == pytest.approx(taught * through, rel=1e-6)
    assert fill_chance(few, ONE, 1.0) == pytest.approx((taught * through + prior) / 2)


def test_a_hazard_that_likes_long_queues_is_not_believed() -> None:
    queues = learned(odds(), 10**9, 0.0, 2.0, 0.0, 0.0, 0.0)
    (lane,) = queues.lanes
    assert lane.chance(100 * ONE) == lane.chance(0)


@pytest.mark.parametrize("rate", [0.0, 3.0 * ONE])
@pytest.mark.parametrize("sigma", [0.0, 0.7])
def test_many_horizons_are_each_its_own(rate: float, sigma: float) -> None:
    times = (0.0, 1.0, 5.0, 900.0)
    one = odds(sigma_bps=sigma, rate_1e8=rate, depth_1e8=7 * ONE)
    found = fill_chances(one, 10 * ONE, times)
    assert found == pytest.approx([fill_chance(one, 10 * ONE, t) for t in times])


@pytest.mark.parametrize("lump", [0.0, 4.0 * ONE, 300.0 * ONE])
def test_shares_and_time_are_those_of_drawn_trades(lump: float) -> None:
    random, runs, qty, rate, horizon = Random(3), 3_000, 20.0, 2.0, 15.0
    size = lump / ONE if lump else qty / 8
    shares, times = [], []
    for _ in range(runs):
        at = done = 0.0
        while done < qty:
            at += random.expovariate(rate / size)
            if at >= horizon:
                break
            done += random.expovariate(1.0 / size)
        shares.append(min(1.0, done / qty))
        times.append(min(at, horizon))
    one = odds(sigma_bps=0.0, rate_1e8=rate * ONE, lump_1e8=lump)
    found = fill_shares(one, qty * ONE, horizon)
    assert found.mean == pytest.approx(sum(shares) / runs, abs=0.03)
    shares.sort()
    assert found.least == pytest.approx(shares[runs // 10], abs=0.12)
    assert mean_time_s(one, qty * ONE, horizon) == pytest.approx(sum(times) / runs, rel=0.06)


def test_what_cannot_fill_takes_the_whole_time_and_has_no_share() -> None:
    shut = odds(sigma_bps=0.0)
    assert mean_time_s(shut, ONE, 30.0) == pytest.approx(30.0)
    found = fill_shares(shut, ONE, 30.0)
    assert (found.mean, found.least) == (0.0, 0.0)
