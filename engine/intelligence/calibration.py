"""Forecasts that learn from what orders came to: pooled residual quantiles in a conformal layer.

The closed form of a strategy gives a base and a spread, both in bps of the mid, and the books give
the cost of sweeping at once. With q the pooled quantiles of past (realised - sweep),

    median = sweep + q(0.5)        P90 = sweep + q(level), never below the median

where `level` starts at 0.9 and moves by adaptive conformal inference (step 0.02). Before anything
was scored it is the prior's own quantile: P90 = base + 1.28 spread; as outcomes come, that spread
is scaled by how wide they turn out, so that a prior of the wrong volatility fades sooner.
Residuals count from the sweep, not from the base, since what a resting order leaves is swept in
the end: the closed form's chance of a fill moves its base much and its downside little.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist
from typing import Final

import msgspec

from engine.intelligence.conformal import STEP, AdaptiveLevels
from engine.intelligence.distribution import P90
from engine.intelligence.residuals import SHRINK, WINDOW, Bucket, ResidualTree
from engine.intelligence.scoring import inside

__all__ = ["COVERAGE_MIN", "WANTED", "Calibrated", "Calibration", "Estimate"]

WANTED: Final = 0.9
COVERAGE_MIN: Final = 50
SCALE_MIN, SCALE_MAX = 0.02, 5.0
_NORMAL: Final = NormalDist()


class Estimate(msgspec.Struct, frozen=True, gc=False):
    """A closed form's answer for one order, in bps: base (its median), spread, sweep; its kind.

    `unit_bps` is what residuals are counted in: 1 for coins, a cent in bps for event contracts.
    """

    base_bps: float
    spread_bps: float
    sweep_bps: float
    bucket: Bucket
    unit_bps: float = 1.0

    def residual(self, realised_bps: float) -> float:
        """By how many units an outcome was dearer than sweeping at once."""
        return (realised_bps - self.sweep_bps) / self.unit_bps


class Calibrated(msgspec.Struct, frozen=True, gc=False):
    """A forecast as it is shown, in bps.

    `kind` is the nearest one with at least 50 outcomes, else the root of its tree; `samples` is how
    many it has and `coverage` what they have shown, null below 50. `level` is what the layer asks
    for now.
    """

    median_bps: float
    mean_bps: float
    p90_bps: float
    samples: int
    coverage: float | None
    level: float
    kind: str


class Calibration:
    """The state of it all: windows of residuals and levels. Bounded by the kinds there can be."""

    __slots__ = ("levels", "spreads", "tree")

    def __init__(self, step: float = STEP, window: int = WINDOW, shrink: int = SHRINK) -> None:
        self.tree = ResidualTree(window, shrink)
        self.spreads = ResidualTree(window, shrink)
        self.levels = AdaptiveLevels(WANTED, step)

    def calibrated(self, estimate: Estimate) -> Calibrated:
        """The forecast of one order from what is known now."""
        bucket = estimate.bucket
        level = self.levels.level(bucket.groups())
        median, p90 = self._cost(estimate, 0.5), self._cost(estimate, level)
        sweep, unit = estimate.sweep_bps, estimate.unit_bps
        mean = self.tree.mean(bucket.path(), (estimate.base_bps - sweep) / unit)
        kind, samples, coverage = self._shown(bucket)
        return Calibrated(
            median,
            sweep + unit * mean,
            max(median, p90),
            samples,
            coverage,
            level,
            kind,
        )

    def quantiles(self, estimate: Estimate, levels: Sequence[float]) -> tuple[float, ...]:
        """Costs in bps at rising `levels`, rising themselves; that of 0.9 is the layer's."""
        shown = self.calibrated(estimate)
        found: list[float] = []
        for level in levels:
            cost = shown.p90_bps
            if level != WANTED:
                cost = self._cost(estimate, level)
                cost = min(cost, shown.p90_bps) if level < WANTED else max(cost, shown.p90_bps)
            found.append(max(cost, found[-1]) if found else cost)
        return tuple(found)

    def learn(self, estimate: Estimate, p90_bps: float, realised_bps: float, draw: float) -> bool:
        """One outcome against the P90 that was said of it; whether it lay within.

        `draw` is uniform over [0, 1) and decides an exact tie (see `scoring.inside`).
        """
        within = inside(realised_bps, p90_bps, draw, WANTED)
        bucket = estimate.bucket
        self.note(estimate, realised_bps)
        self.levels.observe(bucket.shares(), within, bucket.path()[1:])
        return within

    def note(self, estimate: Estimate, realised_bps: float) -> None:
        """One outcome for the windows alone."""
        bucket = estimate.bucket
        self.tree.add(bucket.path(), estimate.residual(realised_bps))
        if estimate.spread_bps > 0.0:
            missed = (realised_bps - estimate.base_bps) / estimate.spread_bps
            self.spreads.add((bucket.root,), missed)

    def scale(self, bucket: Bucket) -> float:
        """How far outcomes spread for each unit that the prior said, 1 before the first."""
        tree, wide = (bucket.root,), self.spreads.quantile
        seen = (wide(tree, WANTED, P90) - wide(tree, 0.5, 0.0)) / P90
        return min(SCALE_MAX, max(SCALE_MIN, seen))

    def _cost(self, estimate: Estimate, level: float) -> float:
        """The pooled quantile as a cost in bps; the prior's share is around the base."""
        spread = estimate.spread_bps * self.scale(estimate.bucket)
        said = estimate.base_bps + _score(level) * spread
        prior = (said - estimate.sweep_bps) / estimate.unit_bps
        found = self.tree.quantile(estimate.bucket.path(), level, prior)
        return estimate.sweep_bps + estimate.unit_bps * found

    def _shown(self, bucket: Bucket) -> tuple[str, int, float | None]:
        """The nearest kind with enough outcomes, how many, and its coverage."""
        for name in reversed(bucket.path()):
            tally = self.levels.tallies.get(name)
            if tally is not None and tally.scored >= COVERAGE_MIN:
                return name, tally.scored, tally.coverage
        first = self.levels.tallies.get(bucket.root)
        return bucket.root, 0 if first is None else first.scored, None


def _score(level: float) -> float:
    """The normal's; at 0.9 as the design rounds it."""
    return P90 if level == WANTED else _NORMAL.inv_cdf(level)
