"""The calibration of forecasts measured: orders through the engine, fitted before, scored after.

Held out in time: a forecast knows only outcomes that had ended when it was made, by the clock of
its market; recordings of one time are played together for that, see `recorded_market.py`. Of the
orders of one unit, bps or cents, the first quarter is fitted and not scored, nor is what was under
way as that ended. Simulated and recorded markets are judged apart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from engine.errors import ConfigError
from engine.intelligence.calibration import Calibration
from engine.kernels.warm_up import warm_up
from engine.service.calibration.recorded_market import FAMILIES, Family, recorded_orders
from engine.service.calibration.simulated_market import SYMBOLS, simulated_orders
from engine.service.calibration.verdict import Verdict, is_event, judge
from engine.service.intelligence.forecast_log import ForecastLog, ScoredRow

__all__ = [
    "FITTED_SHARE",
    "held_out",
    "present_families",
    "recorded_sample",
    "simulated_sample",
]

FITTED_SHARE: Final = 0.25
Progress = Callable[[int, int], None]


def simulated_sample(orders: int, seed: int, progress: Progress | None = None) -> Verdict:
    """`orders` scored orders of the simulated market, a third as many fitted before them."""
    warm_up()
    fitted = max(1, round(orders * FITTED_SHARE / (1.0 - FITTED_SHARE)))
    log, calibration = ForecastLog(), Calibration()
    # Of each other symbol an order may be under way as the fitted ones end.
    count = fitted + orders + len(SYMBOLS) - 1
    before, after = held_out(
        list(simulated_orders(count, seed, log, calibration, progress)), fitted
    )
    verdict = judge("simulated", seed, before, after[:orders], not_counted(log))
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
    rows = list(recorded_orders(found, data, seed, log, calibration, progress))
    fitted: list[ScoredRow] = []
    scored: list[ScoredRow] = []
    for event in (False, True):
        unit = [row for row in rows if is_event(row) is event]
        before, after = held_out(unit, round(len(unit) * FITTED_SHARE))
        fitted += before
        scored += after
    scored.sort(key=lambda row: row.ended_ns)
    verdict = judge("recorded", seed, fitted, scored, not_counted(log))
    log.close()
    return verdict


def held_out(
    rows: Sequence[ScoredRow], first: int
) -> tuple[Sequence[ScoredRow], Sequence[ScoredRow]]:
    """The `first` rows to end, and those whose forecasts were made when these had ended."""
    if not first:
        return (), rows
    rows = sorted(rows, key=lambda row: row.ended_ns)
    until_ns = rows[first - 1].ended_ns
    return rows[:first], [row for row in rows[first:] if row.made_ns >= until_ns]


def present_families(data: Path, families: tuple[Family, ...] = FAMILIES) -> tuple[Family, ...]:
    """Those of which every recording is there."""
    return tuple(one for one in families if all((data / path).exists() for _, _, path in one.files))


def not_counted(log: ForecastLog) -> dict[str, int]:
    """How many outcomes do not count, by reason."""
    return dict(Counter(why for _, why in log.voids()))
