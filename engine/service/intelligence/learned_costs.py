"""What scored forecasts make of a closed form: shown costs with their sample and coverage."""

from __future__ import annotations

from typing import Final

import msgspec

from engine.intelligence.calibration import Calibration, Estimate
from engine.intelligence.distribution import LEVELS, P90
from engine.intelligence.forecast import MODEL_VERSION, FillConfidence, Forecast
from engine.intelligence.picture import MarketPicture
from engine.intelligence.strategies import Strategy
from engine.model.graph import Policy
from engine.service.intelligence.estimates import bucket_of, unit_of

__all__ = [
    "CALIBRATED_VERSION",
    "Learned",
    "learned_forecast",
    "learned_strategy",
    "version_of",
]

CALIBRATED_VERSION: Final = "calibrated-1"
POLICIES: Final = frozenset(one.value for one in Policy)


class Learned(msgspec.Struct, frozen=True):
    """A forecast, and what stands behind its costs; `sample_size` 0 is the prior."""

    forecast: Forecast
    sample_size: int = 0
    observed_coverage: float | None = None
    model_version: str = MODEL_VERSION


def version_of(calibration: Calibration | None) -> str:
    """The model behind a forecast that this calibration makes: the prior's while it is empty."""
    if calibration is None or not calibration.levels.tallies:
        return MODEL_VERSION
    return CALIBRATED_VERSION


def learned_forecast(
    picture: MarketPicture,
    made: Forecast,
    qty_1e8: int,
    urgency: str,
    calibration: Calibration | None,
) -> Learned:
    """A sweep's forecast as it was learned; as it is while nothing was scored, or it is a bound."""
    expected, downside, complete = (
        made.expected_cost_bps,
        made.downside_cost_bps,
        made.completion_probability,
    )
    if calibration is None or not calibration.levels.tallies or made.book is None:
        return Learned(made)
    if expected is None or downside is None or complete is None:
        return Learned(made)
    bucket = bucket_of(picture, qty_1e8, Policy.SOR.value, urgency)
    sweep = made.book.book_cost_bps + made.book.fee_bps
    one = Estimate(expected, (downside - expected) / P90, sweep, bucket, unit_of(picture))
    shown = calibration.calibrated(one)
    costs = calibration.quantiles(one, LEVELS)
    pairs = zip(costs, LEVELS, strict=True)
    return Learned(
        msgspec.structs.replace(
            made,
            expected_cost_bps=shown.median_bps,
            mean_cost_bps=shown.mean_bps,
            downside_cost_bps=shown.p90_bps,
            fill_confidence=tuple(FillConfidence(cost, level * complete) for cost, level in pairs),
        ),
        shown.samples,
        shown.coverage,
        CALIBRATED_VERSION if shown.samples else MODEL_VERSION,
    )


def learned_strategy(
    picture: MarketPicture, one: Strategy, qty_1e8: int, calibration: Calibration | None
) -> Strategy:
    """A strategy's costs as they were learned; those of no policy (a split) stay as they are."""
    middle, high = one.p50_cost_bps, one.p90_cost_bps
    if calibration is None or not calibration.levels.tallies or one.policy not in POLICIES:
        return one
    if middle is None or high is None:
        return one
    swept = picture.sweep(qty_1e8)
    bucket = bucket_of(picture, qty_1e8, one.policy, one.urgency)
    sweep = swept.book_bps + swept.fee_bps
    made = Estimate(middle, (high - middle) / P90, sweep, bucket, unit_of(picture))
    shown = calibration.calibrated(made)
    return msgspec.structs.replace(
        one,
        est_cost_bps=shown.median_bps,
        p50_cost_bps=shown.median_bps,
        p90_cost_bps=shown.p90_bps,
    )
