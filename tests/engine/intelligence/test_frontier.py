"""The urgency trade-off: its ends, its choices, and the formula redone by hand."""

from __future__ import annotations

from math import sqrt

import pytest

from engine.intelligence.fill_chance import fill_chance
from engine.intelligence.frontier import frontier, tradeoff
from engine.intelligence.priors import DEFAULT_PRIORS, HORIZONS_S
from tests.support.markets import NOW_NS
from tests.support.pictures import random_picture, visible

QTY = 3 * 10**9


def test_each_point_is_the_formula() -> None:
    picture = random_picture(3)
    assert picture.look(0, NOW_NS)
    made = frontier(picture, QTY, 1.5, 0.5, DEFAULT_PRIORS)
    assert made is not None
    points, source = made
    assert source == "book"
    assert [one.horizon_ms for one in points] == [1_000 * t for t in HORIZONS_S]
    now = picture.sweep(QTY).cost_bps
    assert points[0].cost_bps == pytest.approx(now, abs=1e-4)
    assert points[0].risk_bps == 0.0
    h, sigma = picture.half_bps, picture.sigma_bps
    for one in points:
        t = one.horizon_ms / 1_000
        f, n = fill_chance(h, sigma, t, QTY, None), 1 + int(t / 5)
        walk = picture.sweep(max(1, round(QTY * (1 - f) / n))).cost_bps
        impact = 2 / 3 * (now - picture.touch_bps - 1.5) * (1 - 1 / n)
        wanted = f * (0.5 - h + 0.5 * h) + (1 - f) * walk + impact
        assert one.cost_bps == pytest.approx(wanted, abs=1e-4)
        assert one.risk_bps == pytest.approx(sigma * sqrt(t / 3))


def test_more_urgent_is_sooner_and_savings_are_against_high() -> None:
    for seed in range(8):
        picture = random_picture(seed)
        assert picture.look(seed % 2, NOW_NS)
        made = frontier(picture, QTY, 1.5, 0.5, DEFAULT_PRIORS)
        assert made is not None
        trade = tradeoff(*made, DEFAULT_PRIORS)
        assert trade.high.horizon_ms <= trade.medium.horizon_ms <= trade.low.horizon_ms
        assert trade.high.saving_bps == 0.0
        assert trade.low.saving_bps == pytest.approx(trade.high.cost_bps - trade.low.cost_bps)
        for one, weight in zip(
            (trade.low, trade.medium, trade.high), DEFAULT_PRIORS.risk_aversion, strict=True
        ):
            best = min(point.cost_bps + weight * point.risk_bps for point in trade.frontier)
            assert one.cost_bps + weight * one.risk_bps == pytest.approx(best)


def test_more_than_the_books_show_has_no_frontier() -> None:
    picture = random_picture(3)
    assert picture.look(0, NOW_NS)
    total = visible(picture)
    assert frontier(picture, total + 1, 1.5, 0.5, DEFAULT_PRIORS) is None
