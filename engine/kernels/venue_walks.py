"""Every venue on its own: what it shows in all, and what a quantity costs there alone.

A forecast ranks venues by this. Money is float64, in one order: a run repeats to the bit.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from engine.kernels.registry import kernel

__all__ = ["MONEY", "VISIBLE", "WALK_WIDTH", "venue_walks"]

VISIBLE: Final = 0
MONEY: Final = 1
WALK_WIDTH: Final = 2


@kernel("int64(Array(int64, 4, 'C', readonly=True), int64, int64, float64[:, ::1])")
def venue_walks(block, side, qty, out):
    """For each venue `out[v]` becomes (VISIBLE, MONEY): all quantity (1e-8) on the side that
    `side` takes, and the sum of price * quantity (1e-17) of taking `qty`, or all of it, there.

    Returns the number of venues that show `qty`. Whole numbers up to 2^53 are exact.
    """
    taken = np.uint64(1 - side)
    enough = 0
    for v in range(np.uint64(block.shape[0])):
        row = block[v, taken, np.uint64(0), np.uint64(0)]
        visible = 0
        money = 0.0
        while row > 0:
            level = block[v, taken, np.uint64(row), np.uint64(1)]
            part = min(level, qty - visible)
            if part > 0:
                money += np.float64(block[v, taken, np.uint64(row), np.uint64(0)]) * part
            visible += level
            row -= 1
        out[v, np.uint64(VISIBLE)] = visible
        out[v, np.uint64(MONEY)] = money
        if visible >= qty:
            enough += 1
    return enough
