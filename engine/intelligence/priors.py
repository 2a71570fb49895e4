"""The stated priors of every estimate, as data: what is used until observations replace it."""

from __future__ import annotations

from typing import Final

import msgspec

__all__ = ["DEFAULT_PRIORS", "HORIZONS_S", "Priors"]

HORIZONS_S: Final = (0, 1, 5, 15, 60, 300, 900, 3600)


class Priors(msgspec.Struct, frozen=True, gc=False, kw_only=True, forbid_unknown_fields=True):
    """Coefficients by desk convention; `id` names the set in every answer.

    `impact` is Y of the square-root law, `adverse_share` the part of the half-spread that a
    filled resting order gives back, `cleanup_drift` how much of sigma sqrt(T) an unfilled one pays
    on top (its price ran away), `refill` the uncertainty of a walk as a share of it. `slice_s` is
    how long a book needs to refill; `risk_aversion` is bps of cost per bps of risk for low,
    medium, high urgency. Source of the numbers: the design's forecast definitions.
    """

    id: int = 1
    impact: float = 1.0
    impact_average: float = 2 / 3
    adverse_share: float = 0.5
    cleanup_drift: float = 0.4
    refill: float = 0.25
    slice_s: float = 5.0
    risk_aversion: tuple[float, float, float] = (0.1, 0.3, 1.0)


DEFAULT_PRIORS: Final = Priors()
