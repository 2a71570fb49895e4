"""How likely a resting order fills within a time: a stated prior, blended with observed hazards.

Two ways lead to a fill. The far touch comes to our price: the mid moves by the distance between
the two, by the reflection principle P = erfc(d / (sigma sqrt(2T))), and then only what comes with
it can fill us: the depth D near the far touch, once at once and once more each time that a book
refills, so that a quantity Q finds enough with the chance exp(-Q / (D (1 + T / refill))). Or others
trade through the queue ahead of us and through us, at the tape's own rate R against our side and in
lumps of its mean trade s: with Poisson of R T / s trades where Poisson of (A + Q) / s have to come
first (a compound Poisson flow of exponential sizes). Of the queue A only A / (1 + T / refill) is
left by then: quotes ahead are renewed as a book refills, and come back behind us. The prior is the
greater of the two.

Once fills have been observed, a hazard h a second on queue, outflow, spread and imbalance says
1 - (1 - h)^T of an order behind A + Q; it is bounded by size in the same way, and weighs n / (n +
50) after n observed fills. No size fills more surely than a smaller one, no time less than a
shorter one.

An order also fills in part: its parts fill one after the other, each with the chance of a smaller
order. Their mean chance is the share that fills (`Shares`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from engine.intelligence.learned.fill_hazard import FEATURES, FillHazard, features_of
from engine.kernels.fill_odds import odds_table, parts_table

__all__ = [
    "FILLS_SHRINK",
    "FillOdds",
    "Lane",
    "Shares",
    "fill_chance",
    "fill_chances",
    "fill_shares",
    "mean_time_s",
]

FILLS_SHRINK: Final = 50
# The feature that the order's own size is part of.
QUEUE: Final = FEATURES.index("queue_per_outflow")
PARTS: Final = 16
# Times at which a fill is looked for, as shares of the horizon: closer where they are short.
STEPS: Final = (np.arange(33) / 32.0) ** 3
# Of each step in an integral by trapezoids.
WEIGHTS: Final = np.convolve(np.diff(STEPS), (0.5, 0.5))


class Lane(msgspec.Struct, frozen=True, gc=False):
    """One venue's learned hazard and what it looks at; `share` is the venue's part of the order.

    `queue_1e8` stands ahead of us at our price, `outflow_1e8` is what a second takes there,
    `away_bps` how far behind the venue's touch we would stand.
    """

    share: float
    queue_1e8: float
    outflow_1e8: float
    spread_bps: float
    imbalance: float
    away_bps: float
    hazard: FillHazard

    def chance(self, qty_1e8: float) -> float:
        """Chance of the next second that this venue's part of `qty_1e8` fills whole."""
        hazard, behind = self.hazard, self.queue_1e8
        # Few fills may teach that a longer queue is better. It is not believed.
        if hazard.weights[QUEUE] < 0.0:
            behind += self.share * qty_1e8
        x = features_of(behind, self.outflow_1e8, self.spread_bps, self.imbalance, self.away_bps)
        return hazard.hazard(x)


class FillOdds(msgspec.Struct, frozen=True, gc=False):
    """What stands between a resting order and its fill; quantities in 1e-8.

    `reach_bps` is how far the far touch is away from our price, `sigma_bps` per square root of a
    second, `ahead_1e8` the queue before us, `depth_1e8` what the far side shows near its touch,
    `rate_1e8` what trades against our side in a second (0: not known), `refill_s` how long a book
    takes to refill. `lanes` are the venues of which something was learned. `lump_1e8` is what
    others trade at once (0: not known).
    """

    reach_bps: float
    sigma_bps: float
    ahead_1e8: float
    depth_1e8: float
    rate_1e8: float
    refill_s: float
    lanes: tuple[Lane, ...] = ()
    lump_1e8: float = 0.0

    def terms(self, qty_1e8: float) -> tuple[float, ...]:
        """What the kernels of `fill_odds` take, in their order."""
        hazard, weight = self.learned(qty_1e8) if self.lanes else (0.0, 0.0)
        return (
            self.reach_bps,
            self.sigma_bps,
            self.ahead_1e8,
            self.depth_1e8,
            self.rate_1e8,
            self.lump_1e8,
            self.refill_s,
            hazard,
            weight,
        )

    def learned(self, qty_1e8: float) -> tuple[float, float]:
        """The hazard of a second that was learned for `qty_1e8`, and its weight of at most 1."""
        weight = hazard = 0.0
        for one in self.lanes:
            fills = one.hazard.fills
            part = one.share * fills / (fills + FILLS_SHRINK)
            weight += part
            hazard += part * one.chance(qty_1e8)
        return (hazard / weight if weight else 0.0), weight


class Shares(msgspec.Struct, frozen=True, gc=False):
    """What share of an order fills: expected, and at least but for the worst tenth of outcomes."""

    mean: float = 0.0
    least: float = 0.0


def fill_chance(odds: FillOdds, qty_1e8: float, horizon_s: float) -> float:
    """Probability that all of `qty_1e8` resting under these odds is filled by `horizon_s`."""
    return fill_chances(odds, qty_1e8, (horizon_s,))[0]


def fill_chances(odds: FillOdds, qty_1e8: float, horizons_s: Sequence[float]) -> list[float]:
    """`fill_chance` for many horizons at once."""
    found = np.empty(len(horizons_s))
    odds_table(float(qty_1e8), *odds.terms(qty_1e8), np.array(horizons_s, float), found)
    chances: list[float] = found.tolist()
    return chances


def fill_shares(odds: FillOdds, qty_1e8: float, horizon_s: float) -> Shares:
    """What share of `qty_1e8` resting under these odds is filled by `horizon_s`."""
    found = np.empty(PARTS)
    parts_table(float(qty_1e8), *odds.terms(qty_1e8), horizon_s, found)
    chances: list[float] = found.tolist()
    return Shares(sum(chances) / PARTS, reached(chances, 0.9))


def reached(chances: Sequence[float], level: float) -> float:
    """The share of the order that fills with the chance `level`, between parts in proportion."""
    past = sum(chance >= level for chance in chances)
    if past in (0, len(chances)):
        return past / len(chances)
    upper, lower = chances[past - 1], chances[past]
    return (past - 0.5 + (upper - level) / (upper - lower)) / len(chances)


def mean_time_s(odds: FillOdds, qty_1e8: float, horizon_s: float) -> float:
    """Expected time until all of `qty_1e8` has filled, the horizon where it does not by then.

    The integral of 1 - P(filled by t) until the horizon.
    """
    found = np.empty(len(STEPS))
    odds_table(float(qty_1e8), *odds.terms(qty_1e8), horizon_s * STEPS, found)
    return horizon_s * (1.0 - float(found @ WEIGHTS))
