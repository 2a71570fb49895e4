"""A capacity curve from its ends to the table that is shown: sizes, the walk of the books, costs.

One kernel does it all, since each call costs as much as its work. float64 throughout, one
expression in one order: a run repeats to the bit.
"""

from __future__ import annotations

from math import sqrt
from typing import Final

import numpy as np

from engine.kernels.capacity import ELIGIBLE, FEE_RATE, PENALTY, capacity_curve
from engine.kernels.registry import kernel

__all__ = ["COST", "QTY", "TABLE_ROWS", "USD", "curve_sizes", "curve_table", "whole_curve"]

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
            # An average never falls; its last digits, which would, are not shown.
            cost = max(costs[np.uint64(i)] / size * unit - base, before)
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


@kernel(
    "float64(Array(int64, 4, 'C', readonly=True), int64, Array(float64, 2, 'C', readonly=True), "
    "float64)"
)
def dearest(block, side, terms, mid):
    """All-in cost in bps of `mid` of the dearest unit shown, fees being flat; -inf without one."""
    taken = np.uint64(1 - side)
    sign = 1.0 - 2.0 * side
    worst = -np.inf
    for v in range(np.uint64(block.shape[0])):
        eligible = terms[v, np.uint64(ELIGIBLE)] != 0.0
        if eligible and block[v, taken, np.uint64(0), np.uint64(0)] > 0:
            # The worst level stands first, after the row that counts them.
            price = np.float64(block[v, taken, np.uint64(1), np.uint64(0)])
            late = sign * (price - mid) + terms[v, np.uint64(PENALTY)]
            worst = max(worst, 1e4 * (late + price * terms[v, np.uint64(FEE_RATE)]) / mid)
    return worst


@kernel(
    "int64(Array(int64, 4, 'C', readonly=True), int64, Array(float64, 2, 'C', readonly=True), "
    "int64, int64, int64, float64, float64, float64, float64, int64[::1], float64[::1], "
    "float64[:, ::1])"
)
def whole_curve(block, side, terms, low, high, held, mid, floor, law, usd, sizes, costs, out):
    """`curve_sizes`, `capacity_curve` and `curve_table` with costs in bps of `mid`; its place.

    `block`, `side` and `terms` are those of `capacity_curve`, `held` all that the books show,
    beyond which the dearest unit's cost goes on; `floor`, `law` and `usd` those of `curve_table`.
    """
    place = curve_sizes(low, high, held, sizes)
    reached = capacity_curve(block, side, terms, sizes, costs)
    base = 1e4 * (1.0 - 2.0 * side)
    last = dearest(block, side, terms, mid)
    curve_table(sizes, costs, reached, place, base / mid, base, last, floor, law, usd, out)
    return place
