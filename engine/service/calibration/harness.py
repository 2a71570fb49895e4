"""The calibration of forecasts measured: orders through the engine, fitted before, scored after.

Held out in time: every forecast knows only outcomes before it, and of each market the first
quarter is fitted and not scored. Simulated and recorded markets are judged apart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Final

from engine.errors import ConfigError
from engine.intelligence.calibration import Calibration
from engine.kernels.warm_up import warm_up
from engine.service.calibration.recorded_market import FAMILIES, Family, recorded_orders
from engine.service.calibration.simulated_market import simulated_orders
from engine.service.calibration.verdict import Verdict, judge
from engine.service.intelligence.forecast_log import ForecastLog, ScoredRow

__all__ = ["FITTED_SHARE", "present_families", "recorded_sample", "simulated_sample"]

FITTED_SHARE: Final = 0.25
Progress = Callable[[int, int], None]


def simulated_sample(orders: int, seed: int, progress: Progress | None = None) -> Verdict:
    """`orders` scored orders of the simulated market, a third as many fitted before them."""
    warm_up()
    fitted = max(1, round(orders * FITTED_SHARE / (1.0 - FITTED_SHARE)))
    log, calibration = ForecastLog(), Calibration()
    rows = list(simulated_orders(orders + fitted, seed, log, calibration, progress))
    verdict = judge("simulated", seed, rows[:fitted], rows[fitted:], not_counted(log))
    log.close()
    return verdict


def recorded_sample(
    data: Path,
    seed: int,
    families: tuple[Family, ...] = FAMILIES,
    progress: Progress | None = None,
) -> Verdict:
    """All orders that fit into the recordings below `data`, one pass over each.

    ConfigError where none of them is there.
    """
    warm_up()
    found = present_families(data, families)
    if not found:
        raise ConfigError(f"{data} holds none of the recordings; give their folder with --data")
    log, calibration = ForecastLog(), Calibration()
    fitted: list[ScoredRow] = []
    scored: list[ScoredRow] = []
    for number, family in enumerate(found):
        rows = list(recorded_orders(family, data, seed, log, calibration))
        first = round(len(rows) * FITTED_SHARE)
        fitted += rows[:first]
        scored += rows[first:]
        if progress is not None:
            progress(number + 1, len(found))
    verdict = judge("recorded", seed, fitted, scored, not_counted(log))
    log.close()
    return verdict


def present_families(data: Path, families: tuple[Family, ...] = FAMILIES) -> tuple[Family, ...]:
    """Those of which every recording is there."""
    return tuple(one for one in families if all((data / path).exists() for _, _, path in one.files))


def not_counted(log: ForecastLog) -> dict[str, int]:
    """How many outcomes do not count, by reason."""
    return dict(Counter(why for _, why in log.voids()))
