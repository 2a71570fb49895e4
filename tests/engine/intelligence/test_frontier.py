"""The urgency trade-off: its ends, its choices, and the formula redone by hand."""

from __future__ import annotations

from math import sqrt

import msgspec
import pytest

from engine.decisions.policies.parameters import DEFAULT_PARAMETERS
from engine.intelligence.fill_chance import fill_shares
from engine.intelligence.frontier import FrontierPoint, frontier, tradeoff
from engine.intelligence.picture import MarketPicture
from engine.intelligence.priors import DEFAULT_PRIORS, HORIZONS_S
from engine.intelligence.rest_plan import RestPlan, rest_plan
from tests.support.markets import NOW_NS
from tests.support.pictures import random_picture, visible

QTY = 3 * 10**9


def rest(picture: MarketPicture, qty: int = QTY) -> RestPlan:
    return rest_plan(picture, qty, 1, DEFAULT_PARAMETERS, DEFAULT_PRIORS)


def test_each_point_is_the_formula() -> None:
    picture = random_picture(3)
    assert picture.look(0, NOW_NS)
    plan = rest(picture)
    made = frontier(picture, QTY, 1.5, plan, DEFAULT_PRIORS)
    assert made is not None
    points, source = made
    assert source == "book"
    assert [one.horizon_ms for one in points] == [1_000 * t for t in HORIZONS_S]
    now = picture.sweep(QTY).cost_bps
    assert points[0].cost_bps == pytest.approx(now, abs=1e-4)
    assert points[0].risk_bps == 0.0
    sigma = picture.sigma_bps
    for one in points:
        t = one.horizon_ms / 1_000
        f, n = one.passive_share, 1 + int(t / 5)
        assert f == pytest.approx(fill_shares(plan.odds, QTY, t).mean, abs=0.02)
        walk = picture.sweep(max(1, round(QTY * (1 - f) / n))).cost_bps
        impact = 2 / 3 * (now - picture.touch_bps - 1.5) * (1 - 1 / n)
        wanted = f * plan.filled_bps + (1 - f) * walk + impact
        assert one.cost_bps == pytest.approx(wanted, abs=1e-4)
        assert one.risk_bps == pytest.approx(sigma * sqrt(t / 3))


def test_more_urgent_is_sooner_and_savings_are_against_high() -> None:
    for seed in range(8):
        picture = random_picture(seed)
        assert picture.look(seed % 2, NOW_NS)
        made = frontier(picture, QTY, 1.5, rest(picture), DEFAULT_PRIORS)
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
    assert frontier(picture, total + 1, 1.5, rest(picture, total + 1), DEFAULT_PRIORS) is None


@pytest.mark.parametrize("seed", range(4))
def test_a_large_order_is_not_filled_at_rest_within_a_second(seed: int) -> None:
    picture = random_picture(seed)
    assert picture.look(seed % 2, NOW_NS)
    total = visible(picture)
    before = [1.0] * len(HORIZONS_S)
    points: tuple[FrontierPoint, ...] = ()
    for share in (0.001, 0.01, 0.1, 0.5, 1.0):
        qty = int(share * total)
        plan = rest(picture, qty)
        made = frontier(picture, qty, 1.5, plan, DEFAULT_PRIORS)
        assert made is not None
        points = made[0]
        shares = [one.passive_share for one in points]
        assert shares == sorted(shares), "more time fills no less"
        assert all(b <= a for a, b in zip(before, shares, strict=True)), "more fills no surer"
        before = shares
        # What rests and fills comes out of what the far side shows, once and a fifth more.
        assert shares[1] * qty <= 1.2 * plan.odds.depth_1e8
    now, second = points[0].cost_bps, points[1].cost_bps
    assert second > 0.8 * now, "of all that there is nearly nothing fills in a second"


def test_what_can_rest_nowhere_is_only_swept() -> None:
    picture = random_picture(3)
    assert picture.look(0, NOW_NS)
    nowhere = msgspec.structs.replace(rest(picture), venues=())
    made = frontier(picture, QTY, 1.5, nowhere, DEFAULT_PRIORS)
    assert made is not None
    assert {one.passive_share for one in made[0]} == {0.0}
