"""The distribution of an order's cost: a median, a spread above and below it, quantiles.

Until forecasts have been scored the spread is a stated normal prior around the median; scored
residuals replace it behind the same two calls.
"""

from __future__ import annotations

from math import erf, sqrt
from statistics import NormalDist
from typing import Final

import msgspec

__all__ = ["LEVELS", "CostDistribution", "cold_spread_bps"]

LEVELS: Final = (0.10, 0.25, 0.50, 0.75, 0.90, 0.95, 0.99)
P90: Final = 1.28
ROOT_TWO: Final = sqrt(2.0)
_Z: Final = {level: NormalDist().inv_cdf(level) for level in LEVELS}
# The design rounds the quantile of P90; the others keep to the same curve.
_Z[0.90] = P90
_SCORES: Final = tuple(_Z.values())


class CostDistribution(msgspec.Struct, frozen=True, gc=False):
    """Normal around `median_bps` with standard deviation `spread_bps`, both in bps of notional.

    `samples` is how many scored forecasts stand behind it, 0 for the prior.
    """

    median_bps: float
    spread_bps: float
    samples: int = 0

    @property
    def mean_bps(self) -> float:
        """The mean, which is the median of a normal."""
        return self.median_bps

    def quantile(self, level: float) -> float:
        """Cost that is not passed with probability `level`, one of LEVELS."""
        return self.median_bps + _Z[level] * self.spread_bps

    def quantiles(self) -> list[float]:
        """The cost at each of LEVELS."""
        median, spread = self.median_bps, self.spread_bps
        return [median + z * spread for z in _SCORES]

    def probability(self, cost_bps: float) -> float:
        """Probability of a cost of at most `cost_bps`."""
        if self.spread_bps <= 0.0:
            return 1.0 if cost_bps >= self.median_bps else 0.0
        return 0.5 * (1.0 + erf((cost_bps - self.median_bps) / (self.spread_bps * ROOT_TWO)))


def cold_spread_bps(
    sigma_bps: float, latency_s: float, horizon_s: float, walk_bps: float, refill: float
) -> float:
    """Standard deviation of the prior: sqrt(sigma^2 (L + T/3) + (refill w)^2).

    `sigma_bps` is per square root of a second, `walk_bps` what the order pays beyond the touch.
    """
    moved = sigma_bps * sigma_bps * (latency_s + horizon_s / 3.0)
    return sqrt(moved + (refill * walk_bps) ** 2)
