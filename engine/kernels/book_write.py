"""Writing books: runs of absolute level changes into one venue's side arrays, best last.

A write never raises: what does not fit is a negative code, and the owner then stops trusting the
book, which is still well-formed. Most changes are near the top, so the place is looked for from
there, and a shift moves little. A side is handed around as the address of its header.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numba import njit

from engine.kernels.layout import COUNT, LEVEL_BYTES, PRICE, PRICE_BOUND, QTY, VERSION
from engine.kernels.machine import CELL_BYTES, address_of, load_cell, move_bytes, store_cell
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
ROW_CELLS: Final = 3
ROW_BYTES: Final = ROW_CELLS * CELL_BYTES

# How a side's rows of a snapshot have stood so far.
UNDECIDED: Final = 0
WORST_FIRST: Final = 1
BEST_FIRST: Final = -1
MIXED: Final = 2

BLOCK: Final = "int64[:,:,:,::1]"
ROWS: Final = "int64[:,::1]"

# Helpers do not count references to the arrays they are lent.
helper: Any = njit(_nrt=False)  # type: ignore[call-overload]  # a flag numba does not declare


@kernel(f"int64({BLOCK}, int64, {ROWS}, int64, int64)")
def apply_deltas(block, venue, rows, start, count):
    """Apply `count` rows (side, price_1e9, qty_1e8) from `start`; quantity 0 deletes.

    Returns BID_MOVED | ASK_MOVED bits for the sides whose best price or quantity is another than
    before, OVERFLOW when a side is full, or BAD_VALUE for a row or an argument out of range.
    After an error the book is not to be trusted; its versions tell that it was written.
    """
    if not is_run(block, venue, rows, start, count):
        return BAD_VALUE
    bids, depth = bids_of(block, venue)
    return write_rows(bids, bids + depth * LEVEL_BYTES, depth, address_of(rows), start, count)


@kernel(f"int64({BLOCK}, int64, {ROWS}, int64, int64)")
def apply_snapshot(block, venue, rows, start, count):
    """Empty the book, then apply rows in any order; sorted either way they are merely copied.

    Returns both bits, or an error as `apply_deltas`.
    """
    if not is_run(block, venue, rows, start, count):
        return BAD_VALUE
    bids, depth = bids_of(block, venue)
    asks = bids + depth * LEVEL_BYTES
    empty(bids)
    empty(asks)
    result = fill_side(bids, 0, depth, address_of(rows), start, count)
    if result == 0:
        result = fill_side(asks, 1, depth, address_of(rows), start, count)
    return result if result < 0 else BID_MOVED | ASK_MOVED


@kernel(f"int64({BLOCK}, int64)")
def clear(block, venue):
    """Empty both sides of one venue's book; returns both bits, or BAD_VALUE."""
    if venue < 0 or venue >= np.int64(block.shape[0]):
        return BAD_VALUE
    bids, depth = bids_of(block, venue)
    empty(bids)
    empty(bids + depth * LEVEL_BYTES)
    return BID_MOVED | ASK_MOVED


@helper
def is_run(block, venue, rows, start, count):
    """Whether there are such a venue and such rows: nothing below looks at bounds again."""
    if venue < 0 or venue >= np.int64(block.shape[0]) or np.int64(rows.shape[1]) != ROW_CELLS:
        return False
    return 0 <= start and 0 <= count and start <= np.int64(rows.shape[0]) - count


@helper
def bids_of(block, venue):
    """(header of a venue's bids, rows of a side with its header); the asks follow the bids."""
    depth = np.int64(block.shape[2])
    return address_of(block) + 2 * venue * depth * LEVEL_BYTES, depth


@helper
def write_rows(bids, asks, depth, rows, start, count):
    """Apply the rows in order; the moved bits, or the first error."""
    bid = best_level(bids)
    ask = best_level(asks)
    touched = np.int64(0)
    result = np.int64(0)
    row = rows + start * ROW_BYTES
    end = row + count * ROW_BYTES
    while row < end:
        side = load_cell(row, 0)
        price = load_cell(row, 1)
        qty = load_cell(row, 2)
        if side == 1 and price >= PRICE_BOUND and qty >= 0:
            # Venues do show such asks; no order ever reaches one.
            row += ROW_BYTES
            continue
        if side < 0 or side > 1 or price <= 0 or price >= PRICE_BOUND or qty < 0:
            result = np.int64(BAD_VALUE)
            break
        touched |= 1 << side
        result = write_level(bids + (asks - bids) * side, 1 - 2 * side, depth, price, qty)
        if result < 0:
            break
        row += ROW_BYTES
    store_cell(bids, VERSION, load_cell(bids, VERSION) + (touched & 1))
    store_cell(asks, VERSION, load_cell(asks, VERSION) + (touched >> 1))
    if result < 0:
        return result
    moved = BID_MOVED if best_level(bids) != bid else 0
    return np.int64(moved | (ASK_MOVED if best_level(asks) != ask else 0))


@helper
def best_level(side):
    """(price, quantity) of the last level, (0, 0) of an empty side."""
    count = load_cell(side, COUNT)
    if count == 0:
        return np.int64(0), np.int64(0)
    return load_cell(side, 2 * count + PRICE), load_cell(side, 2 * count + QTY)


@helper
def write_level(side, sign, depth, price, qty):
    """Set, insert or delete one level; 0, or OVERFLOW. `sign` is +1 for bids, -1 for asks."""
    count = load_cell(side, COUNT)
    row = find_row(side, count, sign * price, sign)
    place = side + row * LEVEL_BYTES
    after = (count - row) * LEVEL_BYTES
    if row > 0 and load_cell(place, PRICE) == price:
        if qty > 0:
            store_cell(place, QTY, qty)
        else:
            if after > 0:
                move_bytes(place, place + LEVEL_BYTES, after)
            store_cell(side, COUNT, count - 1)
    elif qty > 0:
        if count + 1 >= depth:
            return np.int64(OVERFLOW)
        place += LEVEL_BYTES
        if after > 0:
            move_bytes(place + LEVEL_BYTES, place, after)
        store_cell(place, PRICE, price)
        store_cell(place, QTY, qty)
        store_cell(side, COUNT, count + 1)
    return np.int64(0)


@helper
def find_row(side, count, key, sign):
    """The last row whose signed price is at or below `key`, 0 when none is."""
    row = count
    stop = max(count - SCAN_MAX, 0)
    while row > stop:
        if sign * load_cell(side, 2 * row + PRICE) <= key:
            return row
        row -= 1
    low = np.int64(0)
    while low < row:
        middle = (low + row + 1) >> 1
        if sign * load_cell(side, 2 * middle + PRICE) <= key:
            low = middle
        else:
            row = middle - 1
    return low


@helper
def empty(side):
    """No levels, and a new version."""
    store_cell(side, COUNT, 0)
    store_cell(side, VERSION, load_cell(side, VERSION) + 1)


@helper
def fill_side(header, side, depth, rows, start, count):
    """Rows of one side into its empty array: appended while they are sorted, else inserted."""
    sign = 1 - 2 * side
    order = np.int64(UNDECIDED)
    last = np.int64(0)
    result = np.int64(0)
    row = rows + start * ROW_BYTES
    end = row + count * ROW_BYTES
    while row < end:
        given = load_cell(row, 0)
        price = load_cell(row, 1)
        qty = load_cell(row, 2)
        row += ROW_BYTES
        if given == 1 and price >= PRICE_BOUND and qty >= 0:
            continue
        if given < 0 or given > 1 or price <= 0 or price >= PRICE_BOUND or qty < 0:
            result = np.int64(BAD_VALUE)
            break
        if given != side:
            continue
        filled = load_cell(header, COUNT)
        if order != MIXED:
            step = next_order(order, filled, sign * (price - last))
            if step == MIXED and order == BEST_FIRST:
                turn_around(header, filled)
            order = step
        if order == MIXED:
            result = write_level(header, sign, depth, price, qty)
        elif qty > 0:
            result = append(header, depth, filled, price, qty)
            last = price
        if result < 0:
            break
    if order == BEST_FIRST:
        turn_around(header, load_cell(header, COUNT))
    return result


@helper
def next_order(order, filled, difference):
    """The order with one more row, which stands `difference` nearer the best than the last."""
    if filled == 0:
        return order
    step = np.int64(WORST_FIRST if difference > 0 else BEST_FIRST)
    if difference == 0 or (order != UNDECIDED and order != step):
        return np.int64(MIXED)
    return step


@helper
def append(side, depth, filled, price, qty):
    """One level behind all others; 0, or OVERFLOW."""
    if filled + 1 >= depth:
        return np.int64(OVERFLOW)
    store_cell(side, 2 * filled + 2 + PRICE, price)
    store_cell(side, 2 * filled + 2 + QTY, qty)
    store_cell(side, COUNT, filled + 1)
    return np.int64(0)


@helper
def turn_around(side, count):
    """Levels 1 to `count` in reverse order."""
    low = side + LEVEL_BYTES
    high = side + count * LEVEL_BYTES
    while low < high:
        for cell in range(2):
            held = load_cell(low, cell)
            store_cell(low, cell, load_cell(high, cell))
            store_cell(high, cell, held)
        low += LEVEL_BYTES
        high -= LEVEL_BYTES
