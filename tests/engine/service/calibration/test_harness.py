"""The harness on a small sample: honest forecasts pass, a planted bias fails.

Of 240 orders the exact band that a true coverage of 0.90 leaves in 0.5 % of cases is 202 to 228
inside (0.842 to 0.95); forecasts whose P90 is a median cover about half and are far outside.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import ConfigError
from engine.intelligence.calibration import Calibrated, Calibration, Estimate
from engine.service.calibration.harness import (
    present_families,
    recorded_sample,
    simulated_sample,
)
from engine.service.calibration.recorded_market import EVENTS, Family
from engine.service.calibration.verdict import coverage_band

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
    assert steps[-1] == (ORDERS + ORDERS // 3, ORDERS + ORDERS // 3)


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


def test_only_recordings_that_are_there_are_played(tmp_path: Path) -> None:
    assert present_families(tmp_path) == ()
    with pytest.raises(ConfigError, match="--data"):
        recorded_sample(tmp_path, 1)
