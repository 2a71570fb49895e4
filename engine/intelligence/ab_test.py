"""Two samples of costs compared: means, standard errors, Welch's interval of their difference.

Welch (1947): the variances need not be equal; the degrees of freedom are those of Satterthwaite.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, lgamma, log, sqrt
from typing import Final

import msgspec

__all__ = ["LEAST_ORDERS", "Comparison", "Sample", "compare", "sample_of", "t_quantile"]

# Below so many orders the mean of such skewed costs is not near normal.
LEAST_ORDERS: Final = 30
CONFIDENCE: Final = 0.95
STEPS: Final = 200
TINY: Final = 1e-300


class Sample(msgspec.Struct, frozen=True, gc=False):
    """Size and mean; the standard error of the mean is None below two values."""

    count: int
    mean: float | None
    standard_error: float | None

    @property
    def enough(self) -> bool:
        """Whether an interval may be built on it."""
        return self.count >= LEAST_ORDERS


class Comparison(msgspec.Struct, frozen=True, gc=False):
    """Second mean less the first; None where `reason` says that there is not enough."""

    difference: float | None
    standard_error: float | None
    degrees_of_freedom: float | None
    low: float | None
    high: float | None
    confidence: float
    reason: str


def sample_of(values: Sequence[float]) -> Sample:
    """Mean and its standard error with n - 1."""
    count = len(values)
    if not count:
        return Sample(0, None, None)
    mean = sum(values) / count
    if count < 2:
        return Sample(count, mean, None)
    spread = sum((value - mean) ** 2 for value in values) / (count - 1)
    return Sample(count, mean, sqrt(spread / count))


def compare(first: Sample, second: Sample, confidence: float = CONFIDENCE) -> Comparison:
    """The difference of two means with its interval, once both samples are large enough."""
    if not (first.enough and second.enough):
        least = min(first.count, second.count)
        why = f"not enough: the smaller side has {least} filled orders of {LEAST_ORDERS} needed"
        return Comparison(None, None, None, None, None, confidence, why)
    assert first.mean is not None, "there are values"
    assert second.mean is not None, "there are values"
    a, b = (first.standard_error or 0.0) ** 2, (second.standard_error or 0.0) ** 2
    difference, error = second.mean - first.mean, sqrt(a + b)
    if error == 0.0:
        why = "not enough: no cost differs from another, so that chance cannot be told"
        return Comparison(difference, 0.0, None, None, None, confidence, why)
    freedom = (a + b) ** 2 / (a * a / (first.count - 1) + b * b / (second.count - 1))
    reach = t_quantile(0.5 + confidence / 2, freedom) * error
    low, high = difference - reach, difference + reach
    return Comparison(difference, error, freedom, low, high, confidence, "")


def t_quantile(level: float, freedom: float) -> float:
    """Quantile of Student's t for a level of at least one half, by bisection of its tail."""
    assert 0.5 <= level < 1.0, "an upper quantile"
    tail = 2.0 * (1.0 - level)
    low, high = 0.0, 1.0
    while two_sided(high, freedom) > tail:
        high *= 2.0
    for _ in range(STEPS):
        middle = 0.5 * (low + high)
        if two_sided(middle, freedom) > tail:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


def two_sided(t: float, freedom: float) -> float:
    """P(|T| > t) = I(nu / (nu + t^2); nu/2, 1/2)."""
    return incomplete_beta(0.5 * freedom, 0.5, freedom / (freedom + t * t))


def incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function by its continued fraction (Abramowitz 26.5.8)."""
    if x <= 0.0:
        return 0.0
    if x >= 1.0:
        return 1.0
    if x > (a + 1.0) / (a + b + 2.0):
        return 1.0 - incomplete_beta(b, a, 1.0 - x)
    # Lentz's way through the fraction, even and odd terms in turn.
    c, d = 1.0, 1.0 / nonzero(1.0 - (a + b) * x / (a + 1.0))
    value = d
    for m in range(1, STEPS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1.0 / nonzero(1.0 + term * d)
            c = nonzero(1.0 + term / c)
            value *= c * d
        if abs(c * d - 1.0) < 1e-15:
            break
    front = lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log(1.0 - x)
    return exp(front) * value / a


def nonzero(value: float) -> float:
    """The value, kept off zero."""
    return value if abs(value) > TINY else TINY
