"""How forecasts are judged: coverage with its interval, exact bands, Kupiec's test, pinball loss.

Sources: Wilson (1927) for the interval; Kupiec (1995) for the test of a coverage; Koenker and
Bassett (1978) for the loss; blocks of neighbours (Kuensch 1989) where outcomes share a market.
Everything is exact or has its error stated; whatever is drawn comes from a generator handed in.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import erfc, exp, lgamma, log, sqrt
from random import Random
from statistics import NormalDist

__all__ = [
    "binomial_band",
    "block_interval",
    "inside",
    "kupiec",
    "mean_pinball",
    "pinball",
    "randomised_pit",
    "wilson",
]


def wilson(hits: int, count: int, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's interval of a share; (0, 1) of nothing. ValueError for more hits than trials."""
    if not 0 <= hits <= count:
        raise ValueError(f"hits are from 0 to {count}, not {hits}")
    if not count:
        return 0.0, 1.0
    z = NormalDist().inv_cdf(0.5 + confidence / 2.0)
    share = hits / count
    stretch = 1.0 + z * z / count
    middle = (share + z * z / (2 * count)) / stretch
    half = z * sqrt(share * (1.0 - share) / count + z * z / (4.0 * count * count)) / stretch
    return max(0.0, middle - half), min(1.0, middle + half)


def binomial_band(count: int, share: float, confidence: float) -> tuple[int, int]:
    """Fewest and most hits of `count` trials that leave at most half the rest in either tail.

    By exact summation. A count of hits inside the band is one that trials of this `share` show
    with at least the given confidence.
    """
    if count < 0 or not 0.0 < share < 1.0:
        raise ValueError("a band needs a count from 0 on and a share strictly between 0 and 1")
    tail = (1.0 - confidence) / 2.0
    masses = [_mass(hits, count, share) for hits in range(count + 1)]
    low, below = 0, 0.0
    while below + masses[low] <= tail:
        below += masses[low]
        low += 1
    high, above = count, 0.0
    while above + masses[high] <= tail:
        above += masses[high]
        high -= 1
    return low, high


def kupiec(misses: int, count: int, rate: float) -> tuple[float, float]:
    """Likelihood ratio of `misses` against a miss rate, and its p-value (chi-square, 1 degree).

    LR = -2 ln[(1-a)^(n-k) a^k / ((1-k/n)^(n-k) (k/n)^k)]; (0, 1) of nothing.
    """
    if not 0 <= misses <= count:
        raise ValueError(f"misses are from 0 to {count}, not {misses}")
    if not count:
        return 0.0, 1.0
    hits = count - misses
    claimed = hits * log(1.0 - rate) + misses * log(rate)
    seen = _xlogx(hits, count) + _xlogx(misses, count)
    ratio = max(0.0, 2.0 * (seen - claimed))
    return ratio, erfc(sqrt(ratio / 2.0))


def pinball(realised: float, quantile: float, level: float = 0.9) -> float:
    """The loss whose mean the true quantile minimises: max(t u, (t - 1) u), u the error."""
    error = realised - quantile
    return max(level * error, (level - 1.0) * error)


def mean_pinball(pairs: Sequence[tuple[float, float]], level: float = 0.9) -> float:
    """Mean loss over (realised, quantile) pairs; ValueError for none."""
    if not pairs:
        raise ValueError("there is nothing to score")
    return sum(pinball(realised, quantile, level) for realised, quantile in pairs) / len(pairs)


def inside(realised: float, quantile: float, draw: float, level: float = 0.9) -> bool:
    """Whether an outcome is within its quantile; where they are equal (an atom), by `draw`.

    `draw` is uniform over [0, 1): an outcome that always equals its forecast counts as within
    in a share `level` of the cases, so that a certain thing neither helps nor hurts a coverage.
    """
    if realised == quantile:
        return draw < level
    return realised < quantile


def randomised_pit(realised: float, samples: Sequence[float], draw: float) -> float:
    """Where an outcome stands among `samples`: F(y-) + u (F(y) - F(y-)), uniform if one of them.

    With n samples the outcome itself counts as one more, so that the answer is exact for
    exchangeable ones.
    """
    below = sum(one < realised for one in samples)
    ties = sum(one == realised for one in samples)
    return (below + draw * (ties + 1)) / (len(samples) + 1)


def block_interval(
    hits: Sequence[bool], block: int, rng: Random, draws: int = 400, confidence: float = 0.95
) -> tuple[float, float]:
    """Bootstrap interval of a share whose neighbours go together: blocks drawn, in a circle."""
    count = len(hits)
    if not count:
        return 0.0, 1.0
    width = max(1, min(block, count))
    blocks = -(-count // width)
    doubled = [*hits, *hits]
    sums = [0]
    for hit in doubled:
        sums.append(sums[-1] + hit)
    shares = []
    for _ in range(draws):
        starts = [rng.randrange(count) for _ in range(blocks)]
        total = sum(sums[start + width] - sums[start] for start in starts)
        shares.append(total / (blocks * width))
    shares.sort()
    cut = (1.0 - confidence) / 2.0
    return shares[int(cut * draws)], shares[min(draws - 1, int((1.0 - cut) * draws))]


def _mass(hits: int, count: int, share: float) -> float:
    ways = lgamma(count + 1) - lgamma(hits + 1) - lgamma(count - hits + 1)
    return exp(ways + hits * log(share) + (count - hits) * log(1.0 - share))


def _xlogx(part: int, count: int) -> float:
    return part * log(part / count) if part else 0.0
