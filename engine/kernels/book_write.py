"""Writing books: runs of absolute level changes into one venue's side arrays, best last.

A write never raises: what does not fit is a negative code, and the owner then stops trusting the
book, which is still well-formed. Most changes are near the top, so the place is looked for from
there, and a shift moves little.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit

from engine.kernels.layout import LEVEL_BYTES, PRICE_BOUND
from engine.kernels.machine import address_of, move_levels
from engine.kernels.registry import kernel

__all__ = [
    "ASK_MOVED",
    "BAD_VALUE",
    "BID_MOVED",
    "OVERFLOW",
    "apply_deltas",
    "apply_snapshot",
    "clear",
]

BID_MOVED: Final = 1
ASK_MOVED: Final = 2
OVERFLOW: Final = -1
BAD_VALUE: Final = -2

SCAN_MAX: Final = 16

# How the rows of a snapshot's side have stood so far.
UNDECIDED: Final = 0
WORST_FIRST: Final = 1
BEST_FIRST: Final = -1
MIXED: Final = 2

BLOCK: Final = "int64[:,:,:,::1]"
ROWS: Final = "int64[:,::1]"

# Helpers do not count references to the arrays they are lent.
helper: Final = njit(_nrt=False)


@kernel(f"int64({BLOCK}, int64, {ROWS}, int64, int64)")
def apply_deltas(block, venue, rows, start, count):
    """Apply `count` rows (side, price_1e9, qty_1e8) from `start`; quantity 0 deletes.

    Returns BID_MOVED | ASK_MOVED bits for the sides whose best price or quantity is another than
    before, or OVERFLOW or BAD_VALUE, after which the book is not to be trusted.
    """
    return write_rows(block, np.uint64(venue), rows, start, count)


@kernel(f"int64({BLOCK}, int64, {ROWS}, int64, int64)")
def apply_snapshot(block, venue, rows, start, count):
    """Empty the book, then apply rows in any order; sorted either way they are merely copied.

    Returns both bits, or an error as `apply_deltas`.
    """
    v = np.uint64(venue)
    empty(block, v)
    result = fill_side(block, v, 0, rows, start, count)
    if result == 0:
        result = fill_side(block, v, 1, rows, start, count)
    return result if result < 0 else BID_MOVED | ASK_MOVED


@kernel(f"int64({BLOCK}, int64)")
def clear(block, venue):
    """Empty both sides of one venue's book; returns both bits."""
    empty(block, np.uint64(venue))
    return BID_MOVED | ASK_MOVED


@helper
def write_rows(block, v, rows, start, count):
    """Apply the rows in order; the moved bits, or the first error."""
    bid = best_level(block, v, 0)
    ask = best_level(block, v, 1)
    touched = 0
    result = 0
    for i in range(start, start + count):
        row = np.uint64(i)
        side = rows[row, np.uint64(0)]
        price = rows[row, np.uint64(1)]
        qty = rows[row, np.uint64(2)]
        if side < 0 or side > 1 or price <= 0 or price >= PRICE_BOUND or qty < 0:
            result = BAD_VALUE
            break
        touched |= 1 << side
        result = write_level(block, v, side, price, qty)
        if result < 0:
            break
    for side in range(2):
        block[v, np.uint64(side), np.uint64(0), np.uint64(1)] += (touched >> side) & 1
    if result < 0:
        return result
    moved = BID_MOVED if best_level(block, v, 0) != bid else 0
    return moved | (ASK_MOVED if best_level(block, v, 1) != ask else 0)


@helper
def best_level(block, v, side):
    """(price, quantity) of the last row, (0, 0) of an empty side."""
    s = np.uint64(side)
    count = np.uint64(block[v, s, np.uint64(0), np.uint64(0)])
    if count == 0:
        return np.int64(0), np.int64(0)
    return block[v, s, count, np.uint64(0)], block[v, s, count, np.uint64(1)]


@helper
def write_level(block, v, side, price, qty):
    """Set, insert or delete one level; 0, or OVERFLOW."""
    s = np.uint64(side)
    count = block[v, s, np.uint64(0), np.uint64(0)]
    sign = 1 - 2 * side
    row = find_row(block, v, s, count, sign * price, sign)
    after = count - row
    found = row > 0 and block[v, s, np.uint64(row), np.uint64(0)] == price
    if found and qty > 0:
        block[v, s, np.uint64(row), np.uint64(1)] = qty
    elif found:
        if after > 0:
            place = level_address(block, v, s, row)
            move_levels(place, place + LEVEL_BYTES, after)
        block[v, s, np.uint64(0), np.uint64(0)] = count - 1
    elif qty > 0:
        if count + 1 >= block.shape[2]:
            return OVERFLOW
        if after > 0:
            place = level_address(block, v, s, row + 1)
            move_levels(place + LEVEL_BYTES, place, after)
        block[v, s, np.uint64(row + 1), np.uint64(0)] = price
        block[v, s, np.uint64(row + 1), np.uint64(1)] = qty
        block[v, s, np.uint64(0), np.uint64(0)] = count + 1
    return 0


@helper
def find_row(block, v, s, count, key, sign):
    """The last row whose signed price is at or below `key`, 0 when none is."""
    row = count
    stop = max(count - SCAN_MAX, 0)
    while row > stop:
        if sign * block[v, s, np.uint64(row), np.uint64(0)] <= key:
            return row
        row -= 1
    low = 0
    while low < row:
        middle = (low + row + 1) >> 1
        if sign * block[v, s, np.uint64(middle), np.uint64(0)] <= key:
            low = middle
        else:
            row = middle - 1
    return low


@helper
def level_address(block, v, s, row):
    """Where a level stands in memory."""
    rows = np.int64(block.shape[2])
    side = np.int64(v) * 2 + np.int64(s)
    return address_of(block) + (side * rows + row) * LEVEL_BYTES


@helper
def empty(block, v):
    """No levels on either side, and new versions."""
    for side in range(2):
        block[v, np.uint64(side), np.uint64(0), np.uint64(0)] = 0
        block[v, np.uint64(side), np.uint64(0), np.uint64(1)] += 1


@helper
def fill_side(block, v, side, rows, start, count):
    """Rows of one side into its empty array: appended while they are sorted, else inserted."""
    s = np.uint64(side)
    sign = 1 - 2 * side
    order = UNDECIDED
    last = np.int64(0)
    result = 0
    for i in range(start, start + count):
        row = np.uint64(i)
        price = rows[row, np.uint64(1)]
        qty = rows[row, np.uint64(2)]
        given = rows[row, np.uint64(0)]
        if given < 0 or given > 1 or price <= 0 or price >= PRICE_BOUND or qty < 0:
            result = BAD_VALUE
            break
        if given != side:
            continue
        filled = block[v, s, np.uint64(0), np.uint64(0)]
        if order != MIXED:
            step = next_order(order, filled, sign * (price - last))
            if step == MIXED and order == BEST_FIRST:
                turn_around(block, v, s, filled)
            order = step
        if order == MIXED:
            result = write_level(block, v, side, price, qty)
        elif qty > 0:
            result = append(block, v, s, filled, price, qty)
            last = price
        if result < 0:
            break
    if order == BEST_FIRST:
        turn_around(block, v, s, block[v, s, np.uint64(0), np.uint64(0)])
    return result


@helper
def next_order(order, filled, difference):
    """What the order of the rows is once one more has come, `difference` nearer the best."""
    if filled == 0:
        return order
    if difference == 0:
        return MIXED
    step = WORST_FIRST if difference > 0 else BEST_FIRST
    return step if order in (UNDECIDED, step) else MIXED


@helper
def append(block, v, s, filled, price, qty):
    """One level behind all others; 0, or OVERFLOW."""
    if filled + 1 >= block.shape[2]:
        return OVERFLOW
    block[v, s, np.uint64(filled + 1), np.uint64(0)] = price
    block[v, s, np.uint64(filled + 1), np.uint64(1)] = qty
    block[v, s, np.uint64(0), np.uint64(0)] = filled + 1
    return 0


@helper
def turn_around(block, v, s, count):
    """Levels 1 to `count` in reverse order."""
    low = 1
    high = count
    while low < high:
        for cell in range(2):
            c = np.uint64(cell)
            held = block[v, s, np.uint64(low), c]
            block[v, s, np.uint64(low), c] = block[v, s, np.uint64(high), c]
            block[v, s, np.uint64(high), c] = held
        low += 1
        high -= 1
