"""Runs become an estimate: median, mean with its error, quantiles, and what failed."""

from __future__ import annotations

import pytest

from engine.service.scenario.result import quantile, strategy_runs
from engine.service.scenario.setting import Outcome


def outcome(cost: float, venues: tuple[str, ...] = ("a",), fault: str = "") -> Outcome:
    return Outcome(0, 0, cost, 0.5, 100, venues, fault)


def test_numbers_of_eleven_runs() -> None:
    runs = [outcome(float(cost)) for cost in range(11)]
    made = strategy_runs("aggressive", "sor", "high", runs, 4.5)
    assert (made.runs, made.est_cost_bps, made.p50, made.p90) == (11, 5.0, 5.0, 9.0)
    assert made.mean_cost_bps == 5.0
    assert made.stderr_bps == pytest.approx((11 / 11) ** 0.5)
    assert (made.fill_rate, made.time_to_complete_ms, made.closed_form_bps) == (0.5, 100, 4.5)


def test_failed_runs_are_counted_and_left_out() -> None:
    made = strategy_runs("x", "sor", "low", [outcome(1.0), outcome(0.0, (), "broken")])
    assert (made.runs, made.failed_runs, made.mean_cost_bps) == (1, 1, 1.0)
    assert made.reason == "broken"


def test_no_run_is_no_number() -> None:
    assert strategy_runs("x", "sor", "low", []).est_cost_bps is None
    assert strategy_runs("x", "sor", "low", [outcome(0.0, (), "broken")]).reason == "broken"


def test_a_venue_met_once_in_twenty_runs_does_not_count() -> None:
    runs = [outcome(1.0, ("a",))] * 19 + [outcome(1.0, ("a", "b"))]
    assert strategy_runs("x", "sor", "low", runs).venues == ("a",)


def test_quantiles_lie_between_neighbours() -> None:
    assert quantile([1.0, 2.0], 0.25) == 1.25
    assert quantile([7.0], 0.9) == 7.0
