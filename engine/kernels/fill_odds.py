"""Chances that a resting order fills within each of several horizons, and a frontier off them.

The formulas are told in `engine/intelligence/fill_chance.py` and `frontier.py`. float64 throughout,
one expression in one order: a run repeats to the bit.
"""

from __future__ import annotations

from math import erfc, exp, sqrt
from typing import Final

import numpy as np

from engine.kernels.capacity import capacity_curve
from engine.kernels.registry import kernel

__all__ = [
    "COST",
    "FRONTIER_ROWS",
    "RISK",
    "SHARE",
    "frontier_costs",
    "frontier_sizes",
    "frontier_table",
    "odds_table",
    "parts_table",
]

SHARE: Final = 0
COST: Final = 1
RISK: Final = 2
FRONTIER_ROWS: Final = 3
# A quantity counts as at most so many trades of others; with more than SURELY it is done.
LUMPS_MAX: Final = 8.0
SURELY: Final = 100.0
TERMS: Final = 48
# Nodes of the share of an order that fills: a Gauss rule of two on its parts.
NEAR_PART: Final = 0.5 - 0.5 / 3.0**0.5
FAR_PART: Final = 0.5 + 0.5 / 3.0**0.5


@kernel("float64(float64, float64, float64)")
def traded_through(qty, volume, lump):
    """Chance that others trade `qty` or more while `volume` is what is to be expected of them.

    They come one by one (Poisson) with sizes that are exponential around `lump`: so many as
    volume / lump are expected, and so many as Poisson of qty / lump stand before `qty` is done.
    A `lump` below the eighth part of `qty` (or unknown, 0) counts as that: trades come in bursts,
    and a rate is never known well.
    """
    if volume <= 0.0:
        return 0.0
    least = max(qty, 1.0) / LUMPS_MAX
    each = max(lump, least)
    before, come = max(qty, 1.0) / each, volume / each
    if come > SURELY:
        return 1.0
    stood, term = exp(-before), exp(-come)
    below, chance = term, stood * (1.0 - term)
    for k in range(1, TERMS):
        stood *= before / k
        term *= come / k
        below += term
        chance += stood * max(0.0, 1.0 - below)
    return min(1.0, chance)


@kernel(
    "float64(float64, float64, float64, float64, float64, float64, float64, float64, float64, "
    "float64, float64, float64)"
)
def filled_by(part, qty, reach, sigma, ahead, depth, rate, lump, refill, hazard, weight, horizon):
    """The chance that the first `part` of `qty` has filled by `horizon` (terms of `odds_table`).

    Trades fill a part before the rest. Of a price that comes nobody knows what comes with it: it is
    bounded by the whole order, so that a large one is not said to fill in part for nothing.
    """
    if horizon <= 0.0:
        return 0.0
    chance = sized = traded = 0.0
    renewed = 1.0 + horizon / refill
    come = depth * renewed
    if come > 0.0:
        sized = exp(-qty / come)
    moved = sigma * sqrt(2.0 * horizon)
    if moved > 0.0:
        chance = erfc(reach / moved) * sized
    if rate > 0.0:
        traded = traded_through(ahead / renewed + part, rate * horizon, lump)
    chance = max(chance, traded)
    if weight > 0.0:
        learned = (1.0 - (1.0 - hazard) ** horizon) * max(sized, traded)
        chance += weight * (learned - chance)
    return chance


@kernel(
    "int64(float64, float64, float64, float64, float64, float64, float64, float64, float64, "
    "float64, Array(float64, 1, 'C', readonly=True), float64[::1])"
)
def odds_table(qty, reach, sigma, ahead, depth, rate, lump, refill, hazard, weight, horizons, out):
    """Write into `out` the chance that all of `qty` fills by each of `horizons` (seconds).

    Quantities in 1e-8, `rate` a second, `lump` a trade, `reach` in bps, `sigma` in bps per square
    root of a second; `hazard` is the learned one of a second, `weight` its weight from 0 to 1.
    Without sigma, depth or rate that way to a fill is shut. Returns how many were written.
    """
    count = len(horizons)
    for k in range(count):
        at = np.uint64(k)
        out[at] = filled_by(
            qty, qty, reach, sigma, ahead, depth, rate, lump, refill, hazard, weight, horizons[at]
        )
    return count


@kernel(
    "int64(float64, float64, float64, float64, float64, float64, float64, float64, float64, "
    "float64, float64, float64[::1])"
)
def parts_table(qty, reach, sigma, ahead, depth, rate, lump, refill, hazard, weight, horizon, out):
    """Write the chance that each part of `qty` fills by `horizon`, the first to fill first.

    The order is cut in as many parts as `out` has room; a part has filled once all until its
    middle has. Their mean is the expected share of the order. Returns how many there are.
    """
    count = len(out)
    for k in range(count):
        until = qty * (k + 0.5) / count
        out[np.uint64(k)] = filled_by(
            until, qty, reach, sigma, ahead, depth, rate, lump, refill, hazard, weight, horizon
        )
    return count


@kernel(
    "int64(int64, float64, float64, float64, float64, float64, float64, float64, float64, float64, "
    "float64, Array(float64, 1, 'C', readonly=True), int64[::1], float64[:, ::1])"
)
def frontier_sizes(
    qty,
    reach,
    sigma,
    ahead,
    depth,
    rate,
    lump,
    refill,
    hazard,
    weight,
    slice_s,
    horizons,
    sizes,
    out,
):
    """SHARE of each horizon into `out`, and what one slice of the rest takes into `sizes`.

    The odds are those of `odds_table`, none where `depth` is negative; SHARE is the mean chance of
    the order's parts. A horizon T leaves qty (1 - SHARE) to N = 1 + floor(T / `slice_s`) slices.
    They only get smaller with time: `sizes` begin with the last horizon, so that they rise. Returns
    how many there are.
    """
    count = len(horizons)
    shares = out[np.uint64(SHARE)]
    shares[:] = 0.0
    if depth >= 0.0:
        whole = float(qty)
        odds = (reach, sigma, ahead, depth, rate, lump, refill, hazard, weight)
        for k in range(count):
            at = np.uint64(k)
            near = filled_by(whole * NEAR_PART, whole, *odds, horizons[at])
            far = filled_by(whole * FAR_PART, whole, *odds, horizons[at])
            shares[at] = 0.5 * (near + far)
    for k in range(count):
        n = 1.0 + np.floor(horizons[np.uint64(k)] / slice_s)
        left = np.int64(qty * (1.0 - shares[np.uint64(k)]) / n + 0.5)
        sizes[np.uint64(count - 1 - k)] = max(left, 1)
    return count


@kernel(
    "int64(Array(int64, 1, 'C', readonly=True), Array(float64, 1, 'C', readonly=True), float64, "
    "float64, float64, float64, float64, float64, float64, float64, "
    "Array(float64, 1, 'C', readonly=True), float64[:, ::1])"
)
def frontier_costs(
    sizes, costs, sigma, resting, base, law, average, slice_s, unit, shift, horizons, out
):
    """COST and RISK of each horizon into `out`, whose SHARE is known; `sizes` as they were made.

    A slice costs money / size * `unit` - `shift` bps, `costs` being money. COST = SHARE `resting` +
    (1 - SHARE) slice + impact (1 - 1/N), the impact `law` bps or, where that is negative, `average`
    of what the first slice, the whole at once, costs above `base`. RISK = sigma sqrt(T/3).
    """
    count = len(horizons)
    last = np.uint64(count - 1)
    impact = law
    if law < 0.0:
        impact = average * (costs[last] / sizes[last] * unit - shift - base)
    for k in range(count):
        at = np.uint64(count - 1 - k)
        horizon = horizons[np.uint64(k)]
        n = 1.0 + np.floor(horizon / slice_s)
        walk = costs[at] / sizes[at] * unit - shift
        share = out[np.uint64(SHARE), np.uint64(k)]
        cost = share * resting + (1.0 - share) * walk + impact * (1.0 - 1.0 / n)
        out[np.uint64(COST), np.uint64(k)] = cost
        out[np.uint64(RISK), np.uint64(k)] = sigma * sqrt(horizon / 3.0)
    return count


@kernel(
    "int64(Array(int64, 4, 'C', readonly=True), int64, Array(float64, 2, 'C', readonly=True), "
    "int64, float64, float64, float64, float64, float64, float64, float64, float64, "
    "float64, float64, float64, float64, float64, float64, float64, float64, "
    "Array(float64, 1, 'C', readonly=True), int64[::1], float64[::1], float64[:, ::1])"
)
def frontier_table(
    block,
    side,
    terms,
    qty,
    reach,
    sigma,
    ahead,
    depth,
    rate,
    lump,
    refill,
    hazard,
    weight,
    slice_s,
    resting,
    base,
    law,
    average,
    unit,
    shift,
    horizons,
    sizes,
    costs,
    out,
):
    """`frontier_sizes`, the walk of the books, `frontier_costs`; 0 where the books end before.

    `block`, `side` and `terms` are those of `capacity_curve`.
    """
    count = frontier_sizes(
        qty,
        reach,
        sigma,
        ahead,
        depth,
        rate,
        lump,
        refill,
        hazard,
        weight,
        slice_s,
        horizons,
        sizes,
        out,
    )
    if capacity_curve(block, side, terms, sizes, costs) < count:
        return 0
    return frontier_costs(
        sizes, costs, sigma, resting, base, law, average, slice_s, unit, shift, horizons, out
    )
