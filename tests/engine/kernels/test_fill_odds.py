"""The odds of a resting order and the frontier off them, against the plain formulas."""

from __future__ import annotations

from math import erfc, exp, sqrt
from random import Random
from typing import Any

import numpy as np
import pytest
from scipy.stats import poisson

from engine.kernels.capacity import capacity_curve
from engine.kernels.fill_odds import (
    COST,
    FRONTIER_ROWS,
    RISK,
    SHARE,
    frontier_costs,
    frontier_sizes,
    frontier_table,
    odds_table,
    parts_table,
    traded_through,
)
from tests.support.markets import NOW_NS
from tests.support.pictures import random_picture, visible

TIMES = np.array([0.0, 1.0, 5.0, 60.0, 3_600.0])
SLICE_S = 5.0
# reach, sigma, ahead, depth, rate, lump, refill, hazard, weight
WAYS = {
    "price": (2.0, 1.5, 0.0, 3e9, 0.0, 0.0, 5.0, 0.0, 0.0),
    "trades": (2.0, 0.0, 4e9, 3e9, 1e8, 5e8, 5.0, 0.0, 0.0),
    "bursts": (2.0, 0.0, 4e9, 3e9, 1e8, 7e9, 5.0, 0.0, 0.0),
    "learned": (2.0, 1.5, 4e9, 3e9, 1e8, 0.0, 5.0, 0.2, 0.75),
    "nothing": (2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 5.0, 0.5, 1.0),
}


def through(qty: float, volume: float, lump: float) -> float:
    """Poisson of volume / lump trades against Poisson of qty / lump before them, by scipy."""
    each = max(lump, qty / 8)
    stood = np.arange(400)
    return float(np.sum(poisson.pmf(stood, qty / each) * poisson.sf(stood, volume / each)))


def twin(qty: float, odds: tuple[float, ...], horizon: float, part: float | None = None) -> float:
    """The chance of one horizon, as its formula is told."""
    reach, sigma, ahead, depth, rate, lump, refill, hazard, weight = odds
    if not horizon:
        return 0.0
    renewed = 1 + horizon / refill
    sized = exp(-qty / (depth * renewed)) if depth else 0.0
    first = qty if part is None else part
    traded = through(ahead / renewed + first, rate * horizon, lump) if rate else 0.0
    price = erfc(reach / (sigma * sqrt(2 * horizon))) * sized if sigma else 0.0
    prior = max(price, traded)
    learned = (1 - (1 - hazard) ** horizon) * max(sized, traded)
    return float((1 - weight) * prior + weight * learned)


@pytest.mark.parametrize("name", list(WAYS))
def test_each_chance_is_the_formula(name: str) -> None:
    odds, out = WAYS[name], np.full(len(TIMES), -1.0)
    assert odds_table(2e9, *odds, TIMES, out) == len(TIMES)
    assert out.tolist() == pytest.approx([twin(2e9, odds, t) for t in TIMES.tolist()])


@pytest.mark.parametrize("name", list(WAYS))
def test_parts_are_smaller_orders_and_their_mean_is_the_share_of_a_frontier(name: str) -> None:
    odds, parts, qty = WAYS[name], np.zeros(64), 9e9
    for horizon in (5.0, 60.0):
        assert parts_table(qty, *odds, horizon, parts) == 64
        wanted = [twin(qty, odds, horizon, qty * (k + 0.5) / 64) for k in range(64)]
        assert parts.tolist() == pytest.approx(wanted, abs=1e-9)
        sizes, _, out = room()
        frontier_sizes(int(qty), *odds, SLICE_S, TIMES, sizes, out)
        share = out[SHARE, TIMES.tolist().index(horizon)]
        # Two nodes know a kink in the chances (which way is the likelier) only so well.
        assert share == pytest.approx(float(np.mean(parts)), abs=0.04)


def test_trades_come_as_often_as_drawn_ones() -> None:
    random = Random(7)
    qty, volume, lump, draws = 900.0, 1_200.0, 300.0, 4_000
    done = 0
    for _ in range(draws):
        traded, at = 0.0, random.expovariate(1.0)
        while at < volume / lump:
            traded += random.expovariate(1.0 / lump)
            at += random.expovariate(1.0)
        done += traded >= qty
    assert traded_through(qty, volume, lump) == pytest.approx(done / draws, abs=0.025)
    assert traded_through(qty, 0.0, lump) == 0.0
    assert traded_through(qty, 1e9, lump) == 1.0


def room() -> tuple[Any, Any, Any]:
    count = len(TIMES)
    return np.zeros(count, np.int64), np.zeros(count), np.zeros((FRONTIER_ROWS, count))


def test_slices_are_of_what_the_odds_leave() -> None:
    sizes, _, out = room()
    qty, odds = 7_000_000_001, WAYS["learned"]
    frontier_sizes(qty, *odds, SLICE_S, TIMES, sizes, out)
    for k, t in enumerate(TIMES.tolist()):
        nodes = (0.5 - 12**-0.5, 0.5 + 12**-0.5)
        share = sum(twin(float(qty), odds, t, qty * node) for node in nodes) / 2
        assert out[SHARE, k] == pytest.approx(share)
        left = qty * (1 - share) / (1 + int(t / SLICE_S))
        assert sizes[len(TIMES) - 1 - k] == pytest.approx(max(1, left), abs=1)
    rising = sizes.tolist()
    assert rising == sorted(rising)
    nowhere = (2.0, 1.5, 4e9, -1.0, 1e8, 0.0, 5.0, 0.2, 0.75)
    frontier_sizes(qty, *nowhere, SLICE_S, TIMES, sizes, out)
    assert out[SHARE].tolist() == [0.0] * len(TIMES)


@pytest.mark.parametrize("law", [-1.0, 0.0, 12.5])
def test_costs_are_the_mix_and_the_impact_of_going_on(law: float) -> None:
    sizes, costs, out = room()
    random = Random(3)
    sizes[:] = [10, 20, 30, 40, 50]
    costs[:] = [size * random.uniform(5.0, 9.0) for size in sizes.tolist()]
    out[SHARE] = [0.0, 0.2, 0.5, 0.7, 1.0]
    frontier_costs(sizes, costs, 1.5, -2.0, 3.0, law, 0.6, SLICE_S, 2.0, 4.0, TIMES, out)
    walks = (costs / sizes * 2.0 - 4.0).tolist()[::-1]
    impact = law if law >= 0 else 0.6 * (walks[0] - 3.0)
    for k, t in enumerate(TIMES.tolist()):
        f, n = out[SHARE, k], 1 + int(t / SLICE_S)
        wanted = f * -2.0 + (1 - f) * walks[k] + impact * (1 - 1 / n)
        assert out[COST, k] == pytest.approx(wanted)
        assert out[RISK, k] == pytest.approx(1.5 * sqrt(t / 3))


def test_the_table_is_its_three_steps_and_ends_with_the_books() -> None:
    picture = random_picture(4)
    assert picture.look(0, NOW_NS)
    total, odds = visible(picture), WAYS["trades"]
    where = picture.books.view, 0, picture.level_terms
    priced = (-2.0, 3.0, -1.0, 0.6)
    scale = 1e4 / picture.mid, 1e4
    sizes, costs, out = room()
    made = frontier_table(
        *where, total // 2, *odds, SLICE_S, *priced, *scale, TIMES, sizes, costs, out
    )
    assert made > 0
    sizes_2, costs_2, out_2 = room()
    frontier_sizes(total // 2, *odds, SLICE_S, TIMES, sizes_2, out_2)
    assert capacity_curve(*where, sizes_2, costs_2) == len(TIMES)
    frontier_costs(sizes_2, costs_2, odds[1], *priced, SLICE_S, *scale, TIMES, out_2)
    assert out.tolist() == out_2.tolist()
    beyond = frontier_table(
        *where, total + 1, *odds, SLICE_S, *priced, *scale, TIMES, sizes, costs, out
    )
    assert beyond == 0
