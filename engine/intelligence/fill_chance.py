"""How likely a resting order fills within a time: a stated prior until hazards are observed.

Two ways lead to a fill. The far touch comes to our price, whatever the queue: the mid moves by a
whole spread, by the reflection principle P = erfc(2h / (sigma sqrt(2T))). Or others trade through
the queue: exponential outflow at the tape's own rate, half of it on our side,
P = exp(-x / E[outflow in T]).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import erfc, exp, sqrt

__all__ = ["fill_chance", "fill_chances"]

DAY_S = 86_400.0


def fill_chance(
    half_bps: float,
    sigma_bps: float,
    horizon_s: float,
    qty_1e8: int,
    day_volume_1e8: int | None,
) -> float:
    """Probability that all of an order resting at its own touch is filled by `horizon_s`.

    `sigma_bps` is per square root of a second. The greater of the two ways; with no volume known
    the first alone.
    """
    if horizon_s <= 0.0:
        return 0.0
    reach = sigma_bps * sqrt(2.0 * horizon_s)
    chance = erfc(2.0 * half_bps / reach) if reach > 0.0 else 0.0
    if day_volume_1e8:
        outflow = 0.5 * day_volume_1e8 * horizon_s / DAY_S
        chance = max(chance, exp(-qty_1e8 / outflow))
    return chance


def fill_chances(
    half_bps: float,
    sigma_bps: float,
    horizons_s: Sequence[float],
    roots: Sequence[float],
    qty_1e8: int,
    day_volume_1e8: int | None,
) -> list[float]:
    """`fill_chance` for many horizons at once; `roots` are sqrt(2 T) of each, made beforehand."""
    if sigma_bps <= 0.0 or day_volume_1e8:
        return [
            fill_chance(half_bps, sigma_bps, horizon, qty_1e8, day_volume_1e8)
            for horizon in horizons_s
        ]
    reach = 2.0 * half_bps / sigma_bps
    return [erfc(reach / root) if root else 0.0 for root in roots]
