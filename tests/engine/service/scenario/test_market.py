"""The real policies in a made-up market: exact where nothing moves, the same for the same seed."""

from __future__ import annotations

import pytest

from engine.model.graph import Policy, Urgency
from engine.service.scenario.market import run_plan
from tests.support.scenarios import COIN, plan, setting


def test_a_sweep_of_a_still_market_costs_what_a_walk_costs() -> None:
    found = run_plan(setting(), plan(), 0, 1)
    # Two coins at one cent above the mid, one at two cents: 4 cents of 300 USD, and 10 bps of fee.
    paid = 2 * 100.01 + 100.02
    assert found.fault == ""
    assert found.fill_rate == 1.0
    assert found.cost_bps == pytest.approx(1e4 * (paid * 1.001 - 300) / 300, abs=1e-6)
    assert found.venues == ("alpha", "beta")
    assert 20 <= found.time_ms <= 50


def test_a_sale_mirrors_a_purchase() -> None:
    bought = run_plan(setting(taker_ppm=0), plan(), 0, 1)
    sold = run_plan(setting(taker_ppm=0, side=1), plan(), 0, 1)
    assert sold.cost_bps == pytest.approx(bought.cost_bps)


def test_what_a_resting_order_misses_is_swept_at_the_end() -> None:
    swept = run_plan(setting(), plan(), 0, 1)
    rested = run_plan(setting(), plan(Policy.PASSIVE_LIMIT, horizon_ms=300), 0, 1)
    assert rested.fill_rate == 0.0
    assert rested.venues == ()
    assert rested.cost_bps == pytest.approx(swept.cost_bps, abs=1e-6)
    assert rested.time_ms >= 300


def test_others_fill_a_resting_order_which_then_costs_less() -> None:
    market = setting(trades_per_s=30.0, qty_1e8=COIN)
    rested = run_plan(market, plan(Policy.PASSIVE_LIMIT, COIN, horizon_ms=10_000), 0, 2)
    swept = run_plan(market, plan(qty_1e8=COIN), 0, 2)
    assert rested.fill_rate == 1.0
    assert rested.cost_bps < swept.cost_bps


def test_a_run_repeats_bit_for_bit_and_seeds_differ() -> None:
    market = setting(sigma_bps=5.0, trades_per_s=5.0)
    wish = plan(Policy.PASSIVE_LIMIT, urgency=Urgency.MEDIUM, horizon_ms=2_000)
    first, again, other = (run_plan(market, wish, 0, seed) for seed in (3, 3, 4))
    assert first == again
    assert first.cost_bps != other.cost_bps


def test_a_volatile_market_spreads_the_cost_around_the_still_one() -> None:
    still = run_plan(setting(), plan(), 0, 1).cost_bps
    costs = [run_plan(setting(sigma_bps=20.0), plan(), 0, seed).cost_bps for seed in range(20)]
    assert min(costs) < still < max(costs)


@pytest.mark.parametrize("horizon_ms", [1_000, 120_000, 600_000])
def test_books_stand_however_coarse_the_look(horizon_ms: int) -> None:
    market = setting(sigma_bps=1.0, trades_per_s=20.0, qty_1e8=COIN)
    wish = plan(Policy.PASSIVE_LIMIT, COIN, Urgency.LOW, horizon_ms=horizon_ms)
    found = run_plan(market, wish, 0, 1)
    assert found.fault == ""
    assert found.time_ms <= horizon_ms + 5_000


def test_an_order_that_is_refused_says_why() -> None:
    found = run_plan(setting(qty_1e8=1), plan(qty_1e8=1), 0, 1)
    assert found.fill_rate == 0.0
    assert found.fault or found.venues == ()
