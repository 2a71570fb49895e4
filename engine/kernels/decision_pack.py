"""Pack a split's inputs for the decision record, and cost the best single venue beside it."""

from __future__ import annotations

import numpy as np

from engine.kernels.landed import (
    ACTIVE,
    CONSTANT,
    EXAMINED,
    INPUT_FIELDS,
    OWN,
    OWN_COUNT,
    OWN_MAX,
    START_QTY,
    START_ROW,
    VENUES_MAX,
    landed_key,
    level_price,
    level_qty,
)
from engine.kernels.registry import kernel
from engine.kernels.sweep import price_bound

__all__ = ["SINGLE_KEY", "SINGLE_VENUE", "pack_inputs", "single_venue"]

SINGLE_VENUE = 0
SINGLE_KEY = 1


@kernel("int64(Array(int64, 4, 'C', readonly=True), int64[::1], int64, int64[::1])")
def pack_inputs(block, arena, side, out):
    """Copy the arena's inputs and the examined levels to `out`; returns the cells used, or -1.

    Each input field's V cells, the V counts of examined levels, each venue's own orders
    (price, quantity), then its levels (price, quantity), best first. -1: `out` is too short.
    """
    venues = np.int64(block.shape[0])
    book_side = 1 - side
    need = np.int64(venues * (INPUT_FIELDS + 1))
    for v in range(venues):
        need += 2 * (arena[np.uint64(EXAMINED + v)] + arena[np.uint64(OWN_COUNT + v)])
    if need > out.shape[0]:
        return np.int64(-1)
    cell = np.int64(0)
    for field in range(INPUT_FIELDS):
        for v in range(venues):
            out[np.uint64(cell)] = arena[np.uint64(field * VENUES_MAX + v)]
            cell += 1
    for v in range(venues):
        out[np.uint64(cell)] = arena[np.uint64(EXAMINED + v)]
        cell += 1
    for v in range(venues):
        first = OWN + v * OWN_MAX * 2
        for i in range(2 * arena[np.uint64(OWN_COUNT + v)]):
            out[np.uint64(cell)] = arena[np.uint64(first + i)]
            cell += 1
    for v in range(venues):
        top = level_price(block, v, book_side, 0)
        for i in range(arena[np.uint64(EXAMINED + v)]):
            out[np.uint64(cell)] = level_price(block, v, book_side, top - i)
            out[np.uint64(cell + 1)] = block[
                np.uint64(v), np.uint64(book_side), np.uint64(top - i), np.uint64(1)
            ]
            cell += 2
    return cell


@kernel(
    "int64(Array(int64, 4, 'C', readonly=True), int64[::1], int64, int64, int64, int64[::1])"
)
def single_venue(block, arena, side, qty, worst, out):
    """The cheapest venue for all of `qty` by price and fee; its index, or -1 when none can.

    `out[SINGLE_KEY]` becomes the average key without constant and slope (1e-9, rounded).
    """
    venues = np.int64(block.shape[0])
    book_side = 1 - side
    sign = 1 - 2 * side
    bound = price_bound(sign, worst)
    found = np.int64(-1)
    best = 0.0
    for v in range(venues):
        row = arena[np.uint64(START_ROW + v)]
        if arena[np.uint64(ACTIVE + v)] == 0 or row == 0:
            continue
        left = arena[np.uint64(START_QTY + v)]
        open_qty = qty
        first, _ = landed_key(arena, v, sign, level_price(block, v, book_side, row), 0)
        over = 0.0
        while open_qty > 0 and row > 0:
            price = level_price(block, v, book_side, row)
            if sign * price > bound:
                break
            part = min(left, open_qty)
            key, _ = landed_key(arena, v, sign, price, 0)
            over += np.float64(key - first) * np.float64(part)
            open_qty -= part
            row -= 1
            if row > 0:
                left = level_qty(block, arena, v, book_side, row)
        if open_qty > 0:
            continue
        average = np.float64(first - arena[np.uint64(CONSTANT + v)]) + over / np.float64(qty)
        if found < 0 or average < best:
            found = np.int64(v)
            best = average
    out[np.uint64(SINGLE_VENUE)] = found
    out[np.uint64(SINGLE_KEY)] = np.int64(np.rint(best))
    return found
