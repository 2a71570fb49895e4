"""Move what breaks a venue's lot to venues with finer lots: the common, quick repair."""

from __future__ import annotations

import numpy as np

from engine.kernels.landed import (
    LOT,
    START_QTY,
    START_ROW,
    TAKEN,
    UNREACHABLE,
    helper,
    landed_key,
    level_price,
    level_qty,
)
from engine.kernels.legs import finish

__all__ = ["FITS", "TOO_DEAR", "repair"]

FITS = -1
TOO_DEAR = -2
GAP_ALLOWED = 1e-9


@helper
def repair(block, arena, venues, side, sign, bound, qty, forced):
    """Round every take down to its lot and place the residue on the next levels in use.

    Returns FITS, or the venue with the least quantity among those whose minimums now fail, or
    TOO_DEAR when the residue finds no room or costs more than `GAP_ALLOWED` of the notional
    (never when `forced`: the residue is then left over). The loss is bounded from above against
    the plain sweep.
    """
    residue = np.int64(0)
    paid = 0.0
    base = np.int64(UNREACHABLE)
    price = np.int64(0)
    for v in range(venues):
        taken = arena[np.uint64(TAKEN + v)]
        if taken == 0:
            continue
        off = taken % arena[np.uint64(LOT + v)]
        if off == 0:
            continue
        arena[np.uint64(TAKEN + v)] = taken - off
        row, _ = boundary(block, arena, v, side, sign, bound)
        price = level_price(block, v, side, row)
        key, _ = landed_key(arena, v, sign, price, taken - off)
        base = min(base, key)
        residue += off
        paid -= np.float64(key - base) * np.float64(off)
    moved, added = place_residue(block, arena, venues, side, sign, bound, residue, base)
    gap = added + paid
    if not forced and (moved < residue or gap > GAP_ALLOWED * np.float64(qty) * np.float64(price)):
        return TOO_DEAR
    failing = FITS
    least = np.int64(0)
    for v in range(venues):
        taken = arena[np.uint64(TAKEN + v)]
        if taken == 0:
            continue
        fits = finish(block, arena, v, v + 1, side)
        if not fits and (failing == FITS or taken < least):
            failing = v
            least = taken
    return failing


@helper
def boundary(block, arena, v, side, sign, bound):
    """Row that holds the first unit not taken of a venue, and what is left there; row 0: none."""
    row = arena[np.uint64(START_ROW + v)]
    left = arena[np.uint64(START_QTY + v)]
    taken = arena[np.uint64(TAKEN + v)]
    while row > 0 and taken >= left:
        taken -= left
        row -= 1
        if row > 0:
            if sign * level_price(block, v, side, row) > bound:
                row = np.int64(0)
            else:
                left = level_qty(block, arena, v, side, row)
    return row, left - taken


@helper
def place_residue(block, arena, venues, side, sign, bound, residue, base):
    """Give the residue to venues in use, cheapest next level first; (quantity moved, its cost)."""
    moved = np.int64(0)
    added = 0.0
    done = np.int64(0)
    while moved < residue:
        best = UNREACHABLE
        room = np.int64(0)
        found = np.int64(-1)
        for v in range(venues):
            taken = arena[np.uint64(TAKEN + v)]
            if taken == 0 or (done >> v) & 1 or arena[np.uint64(LOT + v)] > residue - moved:
                continue
            row, left = boundary(block, arena, v, side, sign, bound)
            if row == 0:
                continue
            key, _ = landed_key(arena, v, sign, level_price(block, v, side, row), taken)
            if key < best:
                best = key
                room = left
                found = v
        if found < 0:
            break
        done |= np.int64(1) << found
        part = min(room, residue - moved)
        part -= part % arena[np.uint64(LOT + found)]
        arena[np.uint64(TAKEN + found)] += part
        moved += part
        added += np.float64(best - base) * np.float64(part)
    return moved, added
