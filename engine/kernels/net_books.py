"""Books without our own resting orders: what of a side is really there to be taken.

The rule of a level is that of the split (`level_qty`), so that a forecast and a sweep never
differ over what is ours.
"""

from __future__ import annotations

import numpy as np

from engine.kernels.landed import level_price, level_qty
from engine.kernels.registry import kernel

__all__ = ["net_books"]


@kernel("int64(Array(int64, 4, 'C', readonly=True), int64[::1], int64, int64[:, :, :, ::1])")
def net_books(block, arena, side, out):
    """Copy `side` of every book to `out`, of the same shape, less the arena's own orders.

    Levels that are all ours are left out; their number is returned.
    """
    gone = 0
    row_price = np.uint64(0)
    row_qty = np.uint64(1)
    taken = np.uint64(side)
    for v in range(block.shape[0]):
        venue = np.uint64(v)
        count = level_price(block, v, side, np.int64(0))
        kept = 0
        for row in range(1, count + 1):
            qty = level_qty(block, arena, v, side, row)
            if qty > 0:
                kept += 1
                price = level_price(block, v, side, row)
                out[venue, taken, np.uint64(kept), row_price] = price
                out[venue, taken, np.uint64(kept), row_qty] = qty
        out[venue, taken, np.uint64(0), row_price] = kept
        out[venue, taken, np.uint64(0), row_qty] = block[venue, taken, np.uint64(0), row_qty]
        gone += count - kept
    return gone
