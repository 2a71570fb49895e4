"""The two ends of a capacity curve: sizes to ask for, and what was found as a table to show.

Between them stands `capacity_curve`. float64 throughout, one expression in one order: a run
repeats to the bit.
"""

from __future__ import annotations

from math import sqrt
from typing import Final

import numpy as np

from engine.kernels.registry import kernel

__all__ = ["COST", "QTY", "TABLE_ROWS", "USD", "curve_sizes", "curve_table"]

QTY: Final = 0
USD: Final = 1
COST: Final = 2
TABLE_ROWS: Final = 3


@kernel("int64(int64, int64, int64, int64[::1])")
def curve_sizes(low, high, held, sizes):
    """Fill `sizes` with rising sizes, log-spaced from `low` to `high`, and `held` among them.

    Returns the index of `held`, which comes after equal ones.
    """
    points = len(sizes) - 1
    ratio = np.float64(high) / np.float64(low)
    place = -1
    at = 0
    for i in range(points):
        size = np.int64(np.rint(low * ratio ** (i / (points - 1))))
        if place < 0 and size > held:
            sizes[np.uint64(at)] = held
            place = at
            at += 1
        sizes[np.uint64(at)] = size
        at += 1
    if place < 0:
        sizes[np.uint64(points)] = held
        place = points
    return place


@kernel(
    "int64(Array(int64, 1, 'C', readonly=True), float64[::1], int64, int64, float64, float64, "
    "float64, float64, float64, float64, float64[:, ::1])"
)
def curve_table(sizes, costs, reached, place, unit, base, last, floor, law, usd, out):
    """Write QTY (units), USD and COST (bps) of every size but that at `place`, which is held.

    `costs` of the first `reached` sizes are money as `capacity_curve` gives it: cost / size * unit
    - base bps. Beyond, a size costs what is held and then `last` bps a unit, at least `floor` +
    `law` * sqrt(size) where `law` is above 0, and never less than a smaller size. `usd` is USD a
    1e-8 unit. Returns how many sizes are within what is held.
    """
    held = np.float64(sizes[np.uint64(place)])
    whole = costs[np.uint64(place)] / held * unit - base
    before = -np.inf
    column = 0
    for i in range(len(sizes)):
        if i == place:
            if column == 0:
                before = whole
            continue
        size = np.float64(sizes[np.uint64(i)])
        if i < reached:
            cost = costs[np.uint64(i)] / size * unit - base
            before = cost
        else:
            cost = (held * whole + (size - held) * last) / size
            if law > 0.0:
                cost = max(cost, floor + law * sqrt(size))
            cost = max(cost, before)
            before = cost
        out[np.uint64(QTY), np.uint64(column)] = size * 1e-8
        out[np.uint64(USD), np.uint64(column)] = size * usd
        out[np.uint64(COST), np.uint64(column)] = cost
        column += 1
    return place
