"""Means, rates and quantiles that forget: what is `half_life_s` old counts half as much as now.

All are of fixed size and msgspec structs, so that they are stored as they are. Time never goes
back: an observation from before the last one is taken to be of the same moment.
"""

from __future__ import annotations

from math import exp, log
from typing import Final

import msgspec

__all__ = ["BUCKETS", "FADE", "DecayedMean", "DecayedQuantiles", "DecayedRate"]

NS: Final = 1_000_000_000
LN2: Final = log(2.0)
# Buckets are 15 % wide, from a tenth of a millisecond to over two hours: any value within that is
# known to within 7.5 %.
BUCKETS: Final = 130
FIRST: Final = 1e-4
RATIO: Final = 1.15
LOG_RATIO: Final = log(RATIO)
DAY_S: Final = 86_400.0
FADE: Final = 3.0 * DAY_S


def kept(since_ns: int, now_ns: int, half_life_s: float) -> float:
    """How much of the weight is left after that time."""
    return exp(-LN2 * max(0, now_ns - since_ns) / NS / half_life_s)


class DecayedMean(msgspec.Struct, array_like=True):
    """Mean and variance. `weight` is the effective number of observations at `at_ns`."""

    weight: float = 0.0
    mean: float = 0.0
    spread: float = 0.0
    at_ns: int = 0
    half_life_s: float = FADE

    def add(self, value: float, now_ns: int, weight: float = 1.0) -> None:
        """One observation (West's weighted update)."""
        share = kept(self.at_ns, now_ns, self.half_life_s) if self.at_ns else 0.0
        self.weight *= share
        self.spread *= share
        self.at_ns = max(self.at_ns, now_ns)
        self.weight += weight
        step = value - self.mean
        self.mean += step * weight / self.weight
        self.spread += weight * step * (value - self.mean)

    @property
    def variance(self) -> float:
        return self.spread / self.weight if self.weight else 0.0

    def shrunk(self, prior: float, prior_weight: float) -> float:
        """The mean, pulled towards a prior that counts for `prior_weight` observations."""
        return (self.mean * self.weight + prior * prior_weight) / (self.weight + prior_weight)


class DecayedRate(msgspec.Struct, array_like=True):
    """How often something happens, out of how often it could."""

    happened: float = 0.0
    total: float = 0.0
    at_ns: int = 0
    half_life_s: float = FADE

    def add(self, happened: float, now_ns: int, weight: float = 1.0) -> None:
        """One chance; `happened` is from 0 to 1."""
        share = kept(self.at_ns, now_ns, self.half_life_s) if self.at_ns else 0.0
        self.happened = self.happened * share + happened * weight
        self.total = self.total * share + weight
        self.at_ns = max(self.at_ns, now_ns)

    def rate(self, prior: float = 0.0, prior_weight: float = 0.0) -> float | None:
        """The share, with a prior if any; None where nothing is known."""
        weight = self.total + prior_weight
        return (self.happened + prior * prior_weight) / weight if weight > 0.0 else None


class DecayedQuantiles(msgspec.Struct, array_like=True):
    """Quantiles of times in seconds, or of any positive numbers from 1e-4 to 7e3.

    Smaller and larger ones count as those. A quantile is exact to within 7.5 %.
    """

    cells: list[float] = msgspec.field(default_factory=lambda: [0.0] * BUCKETS)
    total: float = 0.0
    at_ns: int = 0
    half_life_s: float = FADE
    scale: float = 1.0

    def add(self, value: float, now_ns: int) -> None:
        """One observation."""
        if self.at_ns and now_ns > self.at_ns:
            # New ones grow instead of all old ones shrinking.
            self.scale /= kept(self.at_ns, now_ns, self.half_life_s)
            if self.scale > 1e12:
                self._rescale()
        self.at_ns = max(self.at_ns, now_ns)
        self.cells[cell_of(value)] += self.scale
        self.total += self.scale

    @property
    def weight(self) -> float:
        """Effective number of observations when the last one came."""
        return self.total / self.scale

    def quantile(self, level: float) -> float | None:
        """The value below which a share of `level` lies; None without an observation."""
        if self.total <= 0.0:
            return None
        wanted, reached = level * self.total, 0.0
        for index, cell in enumerate(self.cells):
            reached += cell
            if cell and reached >= wanted:
                return float(FIRST * RATIO ** (index + 0.5))
        return float(FIRST * RATIO**BUCKETS)

    def _rescale(self) -> None:
        self.cells = [cell / self.scale for cell in self.cells]
        self.total /= self.scale
        self.scale = 1.0


def cell_of(value: float) -> int:
    """The bucket of a value."""
    if value <= FIRST:
        return 0
    return min(BUCKETS - 1, int(log(value / FIRST) / LOG_RATIO))
