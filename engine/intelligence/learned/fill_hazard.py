"""How likely a resting order fills in the next second: a logistic hazard that learns as it goes.

    h = 1 / (1 + exp(-(w . x))),  P(filled by T) = 1 - (1 - h)^T

with x = (1, log(1 + queue ahead / outflow of a second), log(1 + spread in bps), imbalance of the
touch towards our side, log(1 + distance from the touch in bps)). Discrete-time survival with
censoring: each second that an order rests is one observation, an order that goes unfilled just
ends. Weights start at a stated prior and move by AdaGrad, whose memory fades, so that old days are
forgotten. Source: methods 5.6 (logistic hazard on queue, outflow, spread, imbalance).
"""

from __future__ import annotations

from math import exp, log, log1p, sqrt
from typing import Final

import msgspec

__all__ = ["FEATURES", "FillHazard", "features_of"]

FEATURES: Final = ("always", "queue_per_outflow", "spread_bps", "imbalance", "distance_bps")
# About one in three a second at the front of the queue, one in twenty behind ten seconds' worth.
PRIOR: Final = (-0.7, -0.95, 0.0, -0.5, -1.0)
STEP: Final = 0.05
MEMORY: Final = 0.9999
LOSS_MEMORY: Final = 0.999
BOUND: Final = 12.0
CLIP: Final = 10.0
CERTAIN: Final = 1e-6


def features_of(
    queue_1e8: float, outflow_1e8: float, spread_bps: float, imbalance: float, away_bps: float
) -> tuple[float, ...]:
    """The inputs of one second.

    `outflow_1e8` is what trades take of our side in a second, `imbalance` (own - other) / (own +
    other) of the touch sizes, `away_bps` how far behind the touch the order stands.
    """
    # Written out: every forecast asks for it, and calls of min and max take twice as long.
    wait = queue_1e8 / outflow_1e8 if outflow_1e8 > 1.0 else queue_1e8
    queue = log1p(wait) if wait > 0.0 else 0.0
    spread = log1p(spread_bps) if spread_bps > 0.0 else 0.0
    away = log1p(away_bps) if away_bps > 0.0 else 0.0
    return (
        1.0,
        min(CLIP, queue),
        min(CLIP, spread),
        imbalance if -1.0 <= imbalance <= 1.0 else (1.0 if imbalance > 0.0 else -1.0),
        min(CLIP, away),
    )


class FillHazard(msgspec.Struct, array_like=True):
    """Weights and how good they are. `loss` and `base_loss` are fading mean log losses.

    `base_loss` is that of always saying the mean rate so far; the model earns its keep while its
    own is smaller.
    """

    weights: list[float] = msgspec.field(default_factory=lambda: list(PRIOR))
    grown: list[float] = msgspec.field(default_factory=lambda: [1.0] * len(PRIOR))
    seconds: int = 0
    fills: int = 0
    rate: float = 0.05
    loss: float = 0.0
    base_loss: float = 0.0

    def hazard(self, x: tuple[float, ...]) -> float:
        """Chance of a fill within the next second."""
        # Written out: every forecast asks for it, and a generator takes three times as long.
        (a, b, c, d, e), (always, queue, spread, imbalance, away) = self.weights, x
        total = a * always + b * queue + c * spread + d * imbalance + e * away
        if total > BOUND:
            total = BOUND
        elif total < -BOUND:
            total = -BOUND
        return 1.0 / (1.0 + exp(-total))

    def chance(self, x: tuple[float, ...], horizon_s: float) -> float:
        """Chance of a fill by `horizon_s` if circumstances stay as they are."""
        if horizon_s <= 0.0:
            return 0.0
        return float(1.0 - (1.0 - self.hazard(x)) ** horizon_s)

    def observe(self, x: tuple[float, ...], filled: bool) -> None:
        """One second of a resting order, and whether it filled in it."""
        h = self.hazard(x)
        # A plain mean at first, fading later.
        keep = min(LOSS_MEMORY, self.seconds / (self.seconds + 1))
        self.loss = keep * self.loss + (1.0 - keep) * log_loss(h, filled)
        self.base_loss = keep * self.base_loss + (1.0 - keep) * log_loss(self.rate, filled)
        self.rate += (1.0 - min(LOSS_MEMORY, (self.seconds + 20) / (self.seconds + 21))) * (
            filled - self.rate
        )
        self.seconds += 1
        self.fills += filled
        slope = h - filled
        for i, value in enumerate(x):
            push = slope * value
            self.grown[i] = MEMORY * self.grown[i] + push * push
            self.weights[i] -= STEP * push / sqrt(self.grown[i])


def log_loss(chance: float, happened: bool) -> float:
    """Minus the log of the probability that was given to what came."""
    p = min(1.0 - CERTAIN, max(CERTAIN, chance))
    return -log(p if happened else 1.0 - p)
