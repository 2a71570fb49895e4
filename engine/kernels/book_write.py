"""Writing books: runs of absolute level changes into one venue's side arrays, best last.

A write never raises: what does not fit is a negative code, and the owner then stops trusting the
book. Most changes are near the top, so the place is looked for from there.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from engine.kernels.registry import kernel

__all__ = ["ASK_MOVED", "BAD_VALUE", "BID_MOVED", "OVERFLOW", "apply_deltas", "apply_snapshot", "clear"]

BID_MOVED = 1
ASK_MOVED = 2
OVERFLOW = -1
BAD_VALUE = -2
SCAN_MAX = 24
PRICE_MAX = 4 * 10**18

_BLOCK = "int64[:,:,:,::1]"
_ROWS = "int64[:,::1]"


@njit
def find_row(block, v, s, n, key, sign):
    """Last row whose signed price is at or below `key`, 0 when none is."""
    row = n
    steps = 0
    while row > 0:
        if sign * block[v, s, np.uint64(row), np.uint64(0)] <= key:
            return row
        row -= 1
        steps += 1
        if steps == SCAN_MAX:
            break
    low = 0
    high = row
    while low < high:
        middle = (low + high + 1) >> 1
        if sign * block[v, s, np.uint64(middle), np.uint64(0)] <= key:
            low = middle
        else:
            high = middle - 1
    return low


@njit
def write_level(block, v, s, side, price, qty):
    """Set one level; 1 when the best (price or quantity) moved, 0 when not, negative on error."""
    n = block[v, s, np.uint64(0), np.uint64(0)]
    sign = 1 - 2 * side
    key = sign * price
    row = find_row(block, v, s, n, key, sign)
    if row > 0 and block[v, s, np.uint64(row), np.uint64(0)] == price:
        if qty > 0:
            block[v, s, np.uint64(row), np.uint64(1)] = qty
            return 1 if row == n else 0
        for i in range(row, n):
            here = np.uint64(i)
            following = np.uint64(i + 1)
            block[v, s, here, np.uint64(0)] = block[v, s, following, np.uint64(0)]
            block[v, s, here, np.uint64(1)] = block[v, s, following, np.uint64(1)]
        block[v, s, np.uint64(0), np.uint64(0)] = n - 1
        return 1 if row == n else 0
    if qty == 0:
        return 0
    if n + 1 >= block.shape[2]:
        return OVERFLOW
    for i in range(n, row, -1):
        here = np.uint64(i)
        following = np.uint64(i + 1)
        block[v, s, following, np.uint64(0)] = block[v, s, here, np.uint64(0)]
        block[v, s, following, np.uint64(1)] = block[v, s, here, np.uint64(1)]
    block[v, s, np.uint64(row + 1), np.uint64(0)] = price
    block[v, s, np.uint64(row + 1), np.uint64(1)] = qty
    block[v, s, np.uint64(0), np.uint64(0)] = n + 1
    return 1 if row == n else 0


@njit
def write_rows(block, v, rows, start, count):
    """Apply `count` rows from `start`; the moved bits, or the first error."""
    moved = 0
    touched = 0
    for i in range(start, start + count):
        row = np.uint64(i)
        side = rows[row, np.uint64(0)]
        price = rows[row, np.uint64(1)]
        qty = rows[row, np.uint64(2)]
        if side < 0 or side > 1 or price <= 0 or price >= PRICE_MAX or qty < 0:
            return BAD_VALUE
        result = write_level(block, v, np.uint64(side), side, price, qty)
        if result < 0:
            return result
        touched |= 1 << side
        if result > 0:
            moved |= 1 << side
    for side in range(2):
        if touched & (1 << side):
            block[v, np.uint64(side), np.uint64(0), np.uint64(1)] += 1
    return moved


@kernel(f"int64({_BLOCK}, int64, {_ROWS}, int64, int64)")
def apply_deltas(block, venue, rows, start, count):
    """Apply `count` rows (side, price_1e9, qty_1e8) from `start`; quantity 0 deletes.

    Returns BID_MOVED | ASK_MOVED bits for the sides whose best price or quantity changed, or
    OVERFLOW or BAD_VALUE, after which the book is not to be trusted.
    """
    return write_rows(block, np.uint64(venue), rows, start, count)


@kernel(f"int64({_BLOCK}, int64, {_ROWS}, int64, int64)")
def apply_snapshot(block, venue, rows, start, count):
    """Empty the book, then apply rows in any order; best-first rows are written back to front."""
    v = np.uint64(venue)
    for side in range(2):
        block[v, np.uint64(side), np.uint64(0), np.uint64(0)] = 0
        block[v, np.uint64(side), np.uint64(0), np.uint64(1)] += 1
    # Back to front: venues mostly list the best first, and appending at the end shifts nothing.
    moved = np.int64(BID_MOVED | ASK_MOVED)
    for i in range(start + count - 1, start - 1, -1):
        result = write_rows(block, v, rows, i, 1)
        if result < 0:
            moved = result
            break
    return moved


@kernel(f"int64({_BLOCK}, int64)")
def clear(block, venue):
    """Empty both sides of one venue's book."""
    v = np.uint64(venue)
    for side in range(2):
        block[v, np.uint64(side), np.uint64(0), np.uint64(0)] = 0
        block[v, np.uint64(side), np.uint64(0), np.uint64(1)] += 1
    return BID_MOVED | ASK_MOVED
