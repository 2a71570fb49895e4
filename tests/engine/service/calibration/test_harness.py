"""The harness on a small sample: honest forecasts pass, a planted bias fails.

Of 240 orders the exact band that a true coverage of 0.90 leaves in 0.5 % of cases is 202 to 228
inside (0.842 to 0.95); forecasts whose P90 is a median cover about half and are far outside.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from engine.errors import ConfigError
from engine.intelligence.calibration import Calibrated, Calibration, Estimate
from engine.service.calibration.harness import (
    held_out,
    present_families,
    recorded_sample,
    simulated_sample,
)
from engine.service.calibration.recorded_market import EVENTS, Family
from engine.service.calibration.verdict import coverage_band
from tests.support.scored_rows import honest_rows

ORDERS = 240
GOLD = Family(
    "gold",
    EVENTS,
    (("kalshi", "KXGOLD15M-26AUG101900-00", "kalshi_gold15m/events/KXGOLD15M-26AUG101900-00"),),
)


def test_forecasts_of_the_simulated_market_hold_what_they_say() -> None:
    assert coverage_band(ORDERS) == (202 / 240, 228 / 240)
    steps: list[tuple[int, int]] = []
    found = simulated_sample(ORDERS, 1, lambda *step: steps.append(step))
    assert found.misses == ()
    assert (found.whole.orders, found.fitted) == (ORDERS, ORDERS // 3)
    (losses,) = found.losses
    assert losses.loss < losses.walk
    # Two more: those of the other symbols that may be under way as the fitted ones end.
    assert steps[-1] == (ORDERS + ORDERS // 3 + 2, ORDERS + ORDERS // 3 + 2)


def test_a_planted_bias_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Calibration.calibrated

    def biased(self: Calibration, estimate: Estimate) -> Calibrated:
        shown = honest(self, estimate)
        return Calibrated(
            shown.median_bps,
            shown.mean_bps,
            shown.median_bps,
            shown.samples,
            shown.coverage,
            shown.level,
            shown.kind,
        )

    monkeypatch.setattr(Calibration, "calibrated", biased)
    found = simulated_sample(120, 1)
    assert any(miss.startswith("coverage") for miss in found.misses)


def test_recordings_are_judged_in_their_own_unit(shared_data: Path) -> None:
    found = recorded_sample(shared_data, 1, (GOLD,))
    low, high = found.criteria.coverage
    assert low <= found.whole.coverage <= high
    assert [one.unit for one in found.losses] == ["cents"]
    assert found.fitted == pytest.approx(found.whole.orders / 3, abs=1)


def test_what_is_scored_was_forecast_after_the_fitted_had_ended() -> None:
    times = [(0, 4), (1, 3), (2, 9), (3, 8), (9, 11), (10, 12)]
    rows = [
        msgspec.structs.replace(row, made_ns=made_ns, ended_ns=ended_ns)
        for row, (made_ns, ended_ns) in zip(honest_rows(1, len(times)), times, strict=True)
    ]
    before, after = held_out(rows, 4)
    assert [(row.made_ns, row.ended_ns) for row in before] == [(1, 3), (0, 4), (3, 8), (2, 9)]
    assert [(row.made_ns, row.ended_ns) for row in after] == [(9, 11), (10, 12)]
    before, after = held_out(rows, 3)
    # What was under way as the third ended is neither.
    assert (len(before), [row.made_ns for row in after]) == (3, [9, 10])
    assert held_out(rows, 0) == ((), rows)


def test_only_recordings_that_are_there_are_played(tmp_path: Path) -> None:
    assert present_families(tmp_path) == ()
    with pytest.raises(ConfigError, match="--data"):
        recorded_sample(tmp_path, 1)
