"""Cost against risk by how long an order may take: the urgency trade-off.

For a horizon T the order goes in N = 1 + floor(T / 5 s) slices, a share f of it passively:

    E(T) = f (-h + AS + maker) + (1-f)(h + taker) + w(Q(1-f)/N) + impact (1 - 1/N)
    SD(T) = sigma sqrt(T / 3)

with h the half-spread, AS the adverse selection, w the walk beyond the touch, impact two thirds of
Y sigma_D sqrt(Q / V_D). Each urgency takes the horizon that minimises E + lambda SD.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import sqrt

import msgspec

from engine.intelligence.fill_chance import fill_chances
from engine.intelligence.picture import MarketPicture
from engine.intelligence.priors import HORIZONS_S, Priors

__all__ = [
    "FrontierPoint",
    "UrgencyChoice",
    "UrgencyTradeoff",
    "frontier",
    "impact_bps",
    "tradeoff",
]

DAY_ROOT = sqrt(86_400.0)
MS = 1_000
ROOTS = tuple(sqrt(t / 3.0) for t in HORIZONS_S)
HORIZONS_MS = tuple(t * MS for t in HORIZONS_S)
TWICE_ROOTS = tuple(sqrt(2.0 * t) for t in HORIZONS_S)


class FrontierPoint(msgspec.Struct, frozen=True, gc=False):
    """What a horizon costs and risks, in bps."""

    horizon_ms: int
    cost_bps: float
    risk_bps: float
    passive_share: float
    slices: int


class UrgencyChoice(msgspec.Struct, frozen=True, gc=False):
    """The horizon of one urgency; `saving_bps` against high, which may be negative."""

    cost_bps: float
    horizon_ms: int
    risk_bps: float
    saving_bps: float


class UrgencyTradeoff(msgspec.Struct, frozen=True, gc=False):
    """The three urgencies, and the frontier they lie on.

    `impact_source` is `volume` where the tape knows a daily volume for the square-root law, and
    `book` where the visible walk stands in for it.
    """

    low: UrgencyChoice
    medium: UrgencyChoice
    high: UrgencyChoice
    frontier: tuple[FrontierPoint, ...]
    impact_source: str


def impact_bps(picture: MarketPicture, qty_1e8: float, priors: Priors) -> float | None:
    """Average cost of the square-root law: 2/3 Y sigma_D sqrt(Q / V_D); None without a V_D."""
    volume = picture.day_volume_1e8
    if volume is None:
        return None
    day = picture.sigma_bps * DAY_ROOT
    return priors.impact_average * priors.impact * day * sqrt(qty_1e8 / volume)


def frontier(
    picture: MarketPicture, qty_1e8: int, taker_bps: float, maker_bps: float, priors: Priors
) -> tuple[tuple[FrontierPoint, ...], str] | None:
    """A point for each horizon; None when the books do not show what is to be taken at once."""
    h, sigma, volume = picture.half_bps, picture.sigma_bps, picture.day_volume_1e8
    slices, later = slices_of(priors.slice_s)
    shares = fill_chances(h, sigma, HORIZONS_S, TWICE_ROOTS, qty_1e8, volume)
    # Slices only get smaller with time, so that one pass from the end has rising sizes.
    sizes = [int(qty_1e8 * (1.0 - f) / n + 0.5) or 1 for f, n in zip(shares, slices, strict=True)]
    walks = picture.averages(sizes[::-1])[::-1]
    first = walks[0]
    if first is None:
        return None
    base = picture.touch_bps + taker_bps
    law = impact_bps(picture, qty_1e8, priors)
    impact = priors.impact_average * (first - base) if law is None else law
    resting = maker_bps + priors.adverse_share * h - h
    points = []
    columns = zip(HORIZONS_MS, ROOTS, shares, slices, later, walks, strict=True)
    for ms, root, f, n, after, walk in columns:
        assert walk is not None, "a smaller slice is visible as well"
        # The walk's average holds its touch, fee and latency, so it stands for h + taker + w.
        cost = f * resting + (1.0 - f) * walk + impact * after
        points.append(FrontierPoint(ms, cost, sigma * root, f, n))
    return tuple(points), "book" if law is None else "volume"


@lru_cache(maxsize=8)
def slices_of(slice_s: float) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """How many slices go out by each horizon, and the share of them after the first."""
    slices = tuple(1 + int(t / slice_s) for t in HORIZONS_S)
    return slices, tuple(1.0 - 1.0 / n for n in slices)


def tradeoff(points: Sequence[FrontierPoint], source: str, priors: Priors) -> UrgencyTradeoff:
    """The choice of each urgency on a frontier."""
    picked: list[FrontierPoint] = []
    pairs = [(one.cost_bps, one.risk_bps) for one in points]
    for weight in priors.risk_aversion:
        totals = [cost + weight * risk for cost, risk in pairs]
        picked.append(points[totals.index(min(totals))])
    high = picked[-1].cost_bps
    low, medium, urgent = (
        UrgencyChoice(one.cost_bps, one.horizon_ms, one.risk_bps, high - one.cost_bps)
        for one in picked
    )
    return UrgencyTradeoff(low, medium, urgent, tuple(points), source)
