"""What a quantity would cost, for many quantities at once: one merged walk over all books.

With s = +1 for a buy and -1 for a sell, a level's landed unit cost on venue v is

    price * (1 + s * fee_rate[v]) + s * penalty[v]      (in 1e-9, float64)

and levels are walked by rising s * landed, equal ones by the lower venue index. A curve informs and
ranks nothing, so it is float64 throughout, one expression in one order: a run repeats to the bit.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from engine.kernels.registry import kernel

__all__ = ["ELIGIBLE", "FEE_RATE", "PENALTY", "TERM_WIDTH", "UNREACHED", "capacity_curve"]

ELIGIBLE: Final = 0
FEE_RATE: Final = 1
PENALTY: Final = 2
TERM_WIDTH: Final = 3
UNREACHED: Final = -1.0


@kernel(
    "int64(Array(int64, 4, 'C', readonly=True), int64, Array(float64, 2, 'C', readonly=True), "
    "Array(int64, 1, 'C', readonly=True), float64[::1])"
)
def capacity_curve(block, side, terms, sizes, costs):
    """Landed money of taking each of `sizes` at once; returns how many of them the books hold.

    `side` 0 buys, 1 sells. `terms[v]` is (ELIGIBLE, FEE_RATE, PENALTY): a venue with ELIGIBLE 0 is
    left out, the rate is below 1, the penalty in 1e-9 a unit. `sizes` (1e-8) rise. `costs[m]`
    becomes the sum of landed * quantity (1e-17), or UNREACHED where the books end before.
    """
    venues = np.uint64(block.shape[0])
    taken = np.uint64(1 - side)
    sign = 1.0 - 2.0 * side
    points = len(sizes)
    rows = np.empty(venues, np.int64)
    keys = np.empty(venues, np.float64)
    for v in range(venues):
        count = block[v, taken, np.uint64(0), np.uint64(0)]
        rows[v] = count if terms[v, np.uint64(ELIGIBLE)] != 0.0 else 0
        keys[v] = np.inf
        if rows[v] > 0:
            price = block[v, taken, np.uint64(count), np.uint64(0)]
            factor = 1.0 + sign * terms[v, np.uint64(FEE_RATE)]
            keys[v] = sign * (price * factor + sign * terms[v, np.uint64(PENALTY)])
    point = 0
    filled = 0
    cost = 0.0
    while point < points:
        best = np.uint64(0)
        key = np.inf
        following = np.inf
        for v in range(venues):
            if keys[v] < key:
                following = key
                key = keys[v]
                best = v
            elif keys[v] < following:
                following = keys[v]
        if key == np.inf:
            break
        factor = 1.0 + sign * terms[best, np.uint64(FEE_RATE)]
        extra = sign * terms[best, np.uint64(PENALTY)]
        row = rows[best]
        # Stay on this venue for as long as it is cheaper than the runner-up.
        while True:
            qty = block[best, taken, np.uint64(row), np.uint64(1)]
            landed = sign * key
            while point < points and sizes[np.uint64(point)] - filled <= qty:
                rest = sizes[np.uint64(point)] - filled
                costs[np.uint64(point)] = cost + landed * rest
                point += 1
            cost += landed * qty
            filled += qty
            row -= 1
            key = np.inf
            if row > 0:
                price = block[best, taken, np.uint64(row), np.uint64(0)]
                key = sign * (price * factor + extra)
            if key >= following or point >= points:
                break
        rows[best] = row
        keys[best] = key
    for m in range(point, points):
        costs[np.uint64(m)] = UNREACHED
    return point
