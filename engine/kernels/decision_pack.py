"""Pack a split's inputs for the decision record, with the cost of the best single venue."""

from __future__ import annotations

from typing import Final

import numpy as np

from engine.kernels.landed import (
    ACTIVE,
    ASKED_SIDE,
    ASKED_WORST,
    CONSTANT,
    CONTEXT,
    CONTEXT_CELLS,
    EXAMINED,
    INPUT_FIELDS,
    OUT,
    OWN,
    OWN_COUNT,
    OWN_MAX,
    START_QTY,
    START_ROW,
    VENUES_MAX,
    helper,
    landed_key,
    level_price,
    level_qty,
)
from engine.kernels.legs import nano_bps
from engine.kernels.registry import kernel
from engine.kernels.sweep import price_bound

__all__ = ["CONTEXT_FIELD", "FORMAT", "PACK_HEAD", "pack_decision"]

FORMAT: Final = 1
PACK_HEAD: Final = 5 + CONTEXT_CELLS
CONTEXT_FIELD: Final = CONTEXT // VENUES_MAX


@kernel("int64(Array(int64, 4, 'C', readonly=True), int64[::1], int64[::1])")
def pack_decision(block, arena, out):
    """Write the last split's inputs to `out`; returns the cells used, or -1 if it is too short.

    FORMAT, V, cells in all, the best single venue (-1: none), its cost in 1e-9 bps, the context
    cells; each input field's V cells, the V counts of examined levels, each venue's own orders
    (price, quantity), each venue's levels (price, quantity), best first.
    """
    return pack(block, arena, out)


@helper
def pack(block, arena, out):
    """`pack_decision`, apart from the entry so that no reference is counted."""
    venues = np.int64(block.shape[0])
    need = np.int64(PACK_HEAD + venues * (INPUT_FIELDS + 1))
    for v in range(venues):
        need += 2 * (arena[np.uint64(EXAMINED + v)] + arena[np.uint64(OWN_COUNT + v)])
    if need > out.shape[0]:
        return np.int64(-1)
    out[np.uint64(0)] = FORMAT
    out[np.uint64(1)] = venues
    out[np.uint64(2)] = need
    single_venue(block, arena, venues, out)
    for i in range(CONTEXT_CELLS):
        out[np.uint64(5 + i)] = arena[np.uint64(CONTEXT + i)]
    cell = np.int64(PACK_HEAD)
    for field in range(INPUT_FIELDS):
        for v in range(venues):
            value = arena[np.uint64(field * VENUES_MAX + v)]
            out[np.uint64(cell)] = value if field != CONTEXT_FIELD else 0
            cell += 1
    for v in range(venues):
        out[np.uint64(cell)] = arena[np.uint64(EXAMINED + v)]
        cell += 1
    for v in range(venues):
        first = OWN + v * OWN_MAX * 2
        for i in range(2 * arena[np.uint64(OWN_COUNT + v)]):
            out[np.uint64(cell)] = arena[np.uint64(first + i)]
            cell += 1
    side = np.uint64(1 - arena[np.uint64(ASKED_SIDE)])
    for v in range(venues):
        top = block[np.uint64(v), side, np.uint64(0), np.uint64(0)]
        for i in range(arena[np.uint64(EXAMINED + v)]):
            row = np.uint64(top - i)
            out[np.uint64(cell)] = block[np.uint64(v), side, row, np.uint64(0)]
            out[np.uint64(cell + 1)] = block[np.uint64(v), side, row, np.uint64(1)]
            cell += 2
    return cell


@helper
def single_venue(block, arena, venues, out):
    """The cheapest venue by price and fee for all that was placed, and its cost in 1e-9 bps."""
    out[np.uint64(3)] = -1
    out[np.uint64(4)] = 0
    side = arena[np.uint64(ASKED_SIDE)]
    sign = 1 - 2 * side
    qty = arena[np.uint64(OUT)]
    if qty == 0:
        return
    bound = price_bound(sign, arena[np.uint64(ASKED_WORST)])
    best = np.inf
    for v in range(venues):
        row = arena[np.uint64(START_ROW + v)]
        if arena[np.uint64(ACTIVE + v)] == 0 or row == 0:
            continue
        left = arena[np.uint64(START_QTY + v)]
        open_qty = qty
        first, _ = landed_key(arena, v, sign, level_price(block, v, 1 - side, row), np.int64(0))
        over = 0.0
        while open_qty > 0 and row > 0:
            price = level_price(block, v, 1 - side, row)
            if sign * price > bound:
                break
            part = min(left, open_qty)
            key, _ = landed_key(arena, v, sign, price, np.int64(0))
            over += np.float64(key - first) * np.float64(part)
            open_qty -= part
            row -= 1
            if row > 0:
                left = level_qty(block, arena, v, 1 - side, row)
        average = np.float64(first - arena[np.uint64(CONSTANT + v)]) + over / np.float64(qty)
        if open_qty == 0 and average < best:
            best = average
            out[np.uint64(3)] = v
    if out[np.uint64(3)] >= 0:
        out[np.uint64(4)] = nano_bps(arena, venues, sign, best)
