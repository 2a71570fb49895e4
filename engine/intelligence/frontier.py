"""Cost against risk by how long an order may take: the urgency trade-off.

For a horizon T the order goes in N = 1 + floor(T / 5 s) slices, a share f of it passively:

    E(T) = f (-h + AS + maker) + (1-f)(h + taker) + w(Q(1-f)/N) + impact (1 - 1/N)
    SD(T) = sigma sqrt(T / 3)

with h the half-spread, AS the adverse selection, w the walk beyond the touch, impact two thirds of
Y sigma_D sqrt(Q / V_D), maker the fee of the venues where the order would rest. Each urgency takes
the horizon that minimises E + lambda SD. T = 0 is the sweep at once: N is 1 until the first slice
after it, so that no impact of going on is charged before then.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import sqrt

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine.intelligence.picture import MarketPicture
from engine.intelligence.priors import HORIZONS_S, Priors
from engine.intelligence.rest_plan import RestPlan
from engine.kernels.fill_odds import (
    COST,
    RISK,
    SHARE,
    frontier_costs,
    frontier_sizes,
    frontier_table,
)

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
HORIZONS_MS = tuple(t * MS for t in HORIZONS_S)
INFINITE = float("inf")
TIMES = np.array(HORIZONS_S, np.float64)
TIMES.flags.writeable = False
# What the kernels take for no depth to rest before, and for no law.
NOWHERE = -1.0
BY_BOOK = -1.0


class FrontierPoint(msgspec.Struct, frozen=True, gc=False):
    """What a horizon costs and risks, in bps.

    `cost_bps` is expected within `horizon_ms`, + is a cost; `risk_bps` is its standard deviation,
    never negative. `passive_share` is the share that resting orders are expected to fill in time;
    `slices` is in how many parts the rest is taken. The first point, of no time
    at all, is the sweep at once. Latency is weighed as the urgency that was asked for weighs it in
    routing, so that the same sweep looks cheaper at low urgency.
    """

    horizon_ms: int
    cost_bps: float
    risk_bps: float
    passive_share: float
    slices: int


class UrgencyChoice(msgspec.Struct, frozen=True, gc=False):
    """The horizon of one urgency; `saving_bps` against high, which may be negative.

    `saving_bps` is the cost of high less its own, + means cheaper: not against the sweep at once.
    `cost_bps` is expected within `horizon_ms`, + is a cost; `risk_bps` is its standard deviation,
    never negative.
    """

    cost_bps: float
    horizon_ms: int
    risk_bps: float
    saving_bps: float


class UrgencyTradeoff(msgspec.Struct, frozen=True, gc=False):
    """The three urgencies, and the frontier they lie on.

    All are of the one urgency that was asked for in how they weigh latency; they differ in lambda
    alone. `impact_source` is `volume` where the tape knows a daily volume for the square-root law,
    and `book` where the visible walk stands in for it.
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
    picture: MarketPicture, qty_1e8: int, taker_bps: float, rest: RestPlan, priors: Priors
) -> tuple[tuple[FrontierPoint, ...], str] | None:
    """A point for each horizon; None when the books do not show what is to be taken at once.

    `rest` is where the quantity would rest; without a place for it nothing is passive.
    """
    law = impact_bps(picture, qty_1e8, priors)
    odds = rest.odds.terms(qty_1e8)
    if not rest.venues:
        odds = (0.0, picture.sigma_bps, 0.0, NOWHERE, 0.0, 0.0, 1.0, 0.0, 0.0)
    priced = (
        rest.filled_bps,
        picture.touch_bps + taker_bps,
        BY_BOOK if law is None else law,
        priors.impact_average,
    )
    unit = 1e4 * picture.sign
    sizes, costs, out = picture.room
    if picture.flat:
        view, terms, slice_s = picture.books.view, picture.level_terms, priors.slice_s
        scale = unit / picture.mid, unit
        where = view, picture.side, terms, qty_1e8
        if not frontier_table(*where, *odds, slice_s, *priced, *scale, TIMES, sizes, costs, out):
            return None
    elif not _bent(picture, qty_1e8, odds, priced, priors, (sizes, costs, out)):
        return None
    rows: list[list[float]] = out.tolist()
    counts = slices_of(priors.slice_s)
    points = tuple(map(FrontierPoint, HORIZONS_MS, rows[COST], rows[RISK], rows[SHARE], counts))
    return points, "book" if law is None else "volume"


def _bent(
    picture: MarketPicture,
    qty_1e8: int,
    odds: tuple[float, ...],
    priced: tuple[float, ...],
    priors: Priors,
    room: tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]],
) -> bool:
    """The same where fees bend with the price, which the kernel's walk does not know."""
    sizes, costs, out = room
    frontier_sizes(qty_1e8, *odds, priors.slice_s, TIMES, sizes, out)
    walks = picture.averages(sizes.tolist())
    if None in walks:
        return False
    # Averages in bps: money of a size at one bp a unit.
    costs[:] = walks
    costs *= sizes
    resting, base, law, average = priced
    sigma, slice_s = picture.sigma_bps, priors.slice_s
    frontier_costs(sizes, costs, sigma, resting, base, law, average, slice_s, 1.0, 0.0, TIMES, out)
    return True


@lru_cache(maxsize=8)
def slices_of(slice_s: float) -> tuple[int, ...]:
    """How many slices go out by each horizon."""
    return tuple(1 + int(t / slice_s) for t in HORIZONS_S)


def tradeoff(points: Sequence[FrontierPoint], source: str, priors: Priors) -> UrgencyTradeoff:
    """The choice of each urgency on a frontier."""
    picked: list[FrontierPoint] = []
    for weight in priors.risk_aversion:
        best, least = points[0], INFINITE
        for one in points:
            total = one.cost_bps + weight * one.risk_bps
            if total < least:
                best, least = one, total
        picked.append(best)
    high = picked[-1].cost_bps
    low, medium, urgent = [
        UrgencyChoice(one.cost_bps, one.horizon_ms, one.risk_bps, high - one.cost_bps)
        for one in picked
    ]
    return UrgencyTradeoff(low, medium, urgent, tuple(points), source)
