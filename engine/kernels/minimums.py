"""Lots and minimums: the cheapest set of venues that fills as much as can be filled.

Starts where `sweep` found lots or minimums broken. First the lot residue alone is moved to venues
with finer lots (`repair_lots`), accepted when at most 1e-9 of the notional is lost against the
plain sweep, which no split can beat. Else every subset of the (at most 8 best) venues is a
candidate: its minimums are forced, the rest is found by bisection on the merged levels, rounded to
lots, and the residue exchanged between venues. Subsets are taken by rising lower bound (a
Lagrangian of the relaxed problem) until the bound passes the best split found, which is then
polished by moves of one lot.

Bounds: 8 venues and 1,024 levels a venue take part in the search; beyond them venues are dropped
one by one (the one with the least quantity first). Costs are float64 differences to the best
level, quantities integers.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from engine.kernels.landed import (
    ACTIVE,
    EXAMINED,
    LOT,
    NOTIONAL_MIN,
    OUT,
    QTY_MIN,
    START_QTY,
    START_ROW,
    TAKEN,
    UNREACHABLE,
    helper,
    landed_key,
    level_price,
    level_qty,
)
from engine.kernels.legs import finish, write_legs
from engine.kernels.lots import FITS, repair
from engine.kernels.registry import kernel
from engine.kernels.subsets import (
    BEST,
    CAP,
    COUNT,
    LOTS,
    MINIMUM,
    ROWS,
    SUBSET_VENUES,
    VENUE,
    best_subset,
)
from engine.kernels.sweep import NEEDS_MINIMUMS, price_bound, sweep

__all__ = ["Scratch", "place_with_minimums", "repair_lots", "solve_minimums"]

LEVELS_MAX: Final = 1_024


class Scratch:
    """Working memory of the search, about one megabyte, touched only as far as it is used."""

    __slots__ = ("costs", "keys", "merged", "small", "sums")

    def __init__(self) -> None:
        self.sums: NDArray[np.int64] = np.zeros((SUBSET_VENUES, LEVELS_MAX + 1), np.int64)
        self.keys: NDArray[np.int64] = np.zeros((SUBSET_VENUES, LEVELS_MAX + 1), np.int64)
        shape = (SUBSET_VENUES + 1, LEVELS_MAX + 1)
        self.costs: NDArray[np.float64] = np.zeros(shape, np.float64)
        merged = SUBSET_VENUES * LEVELS_MAX + 1
        self.merged: NDArray[np.int64] = np.zeros((merged, SUBSET_VENUES), np.int64)
        self.small: NDArray[np.int64] = np.zeros((ROWS, SUBSET_VENUES), np.int64)


def place_with_minimums(
    block: NDArray[np.int64],
    arena: NDArray[np.int64],
    scratch: Scratch,
    side: int,
    qty: int,
    worst: int,
    slack: int,
) -> int:
    """Legs that keep every lot and minimum, after `sweep` said NEEDS_MINIMUMS; their number."""
    made = int(repair_lots(block, arena, side, qty, worst, slack, 0))
    if made != NEEDS_MINIMUMS:
        return made
    made = int(_solve(block, arena, scratch, side, qty, worst, slack))
    placed = int(arena[OUT])
    if placed == qty or not _beyond_search(arena, block.shape[0]):
        return made
    dropped = _drop_until_fit(block, arena, side, qty, worst, slack)
    if arena[OUT] > placed:
        return dropped
    sweep(block, arena, side, qty, worst, slack)
    return int(_solve(block, arena, scratch, side, qty, worst, slack))


def _solve(
    block: NDArray[np.int64],
    arena: NDArray[np.int64],
    scratch: Scratch,
    side: int,
    qty: int,
    worst: int,
    slack: int,
) -> Any:
    s = scratch
    return solve_minimums(
        block, arena, s.sums, s.keys, s.costs, s.merged, s.small, side, qty, worst, slack
    )


def _beyond_search(arena: NDArray[np.int64], venues: int) -> bool:
    """Whether more venues or levels exist than the search looks at."""
    active = int(np.count_nonzero(arena[ACTIVE : ACTIVE + venues]))
    return active > SUBSET_VENUES or int(arena[EXAMINED : EXAMINED + venues].max()) > LEVELS_MAX


def _drop_until_fit(
    block: NDArray[np.int64],
    arena: NDArray[np.int64],
    side: int,
    qty: int,
    worst: int,
    slack: int,
) -> int:
    """Drop the failing venue with the least quantity and sweep again, until all legs fit."""
    venues = block.shape[0]
    active = arena[ACTIVE : ACTIVE + venues].copy()
    examined = arena[EXAMINED : EXAMINED + venues].copy()
    while True:
        made = int(sweep(block, arena, side, qty, worst, slack))
        np.maximum(examined, arena[EXAMINED : EXAMINED + venues], out=examined)
        if made == NEEDS_MINIMUMS:
            made = int(repair_lots(block, arena, side, qty, worst, slack, 1))
        if made != NEEDS_MINIMUMS:
            break
        arena[ACTIVE + int(arena[OUT])] = 0
    arena[ACTIVE : ACTIVE + venues] = active
    arena[EXAMINED : EXAMINED + venues] = examined
    return made


@kernel("int64(Array(int64, 4, 'C', readonly=True), int64[::1], int64, int64, int64, int64, int64)")
def repair_lots(block, arena, side, qty, worst, slack, forced):
    """`repair` after a sweep: the legs written, or NEEDS_MINIMUMS and OUT the failing venue."""
    return run_repair(block, arena, side, qty, worst, slack, forced)


@helper
def run_repair(block, arena, side, qty, worst, slack, forced):
    """`repair_lots`, apart from the entry so that no reference is counted."""
    venues = np.int64(block.shape[0])
    sign = 1 - 2 * side
    bound = price_bound(sign, worst)
    failing = repair(block, arena, venues, 1 - side, sign, bound, qty, forced)
    if failing != FITS:
        arena[np.uint64(OUT)] = failing
        return NEEDS_MINIMUMS
    return write_legs(arena, venues, sign, worst, slack)


@kernel(
    "int64(Array(int64, 4, 'C', readonly=True), int64[::1], int64[:,::1], int64[:,::1],"
    " float64[:,::1], int64[:,::1], int64[:,::1], int64, int64, int64, int64)"
)
def solve_minimums(block, arena, sums, keys, costs, merged, small, side, qty, worst, slack):
    """Search the subsets and write the legs of the best split; returns their number."""
    return search(block, arena, sums, keys, costs, merged, small, side, qty, worst, slack)


@helper
def search(block, arena, sums, keys, costs, merged, small, side, qty, worst, slack):
    """`solve_minimums`, apart from the entry so that no reference is counted."""
    venues = np.int64(block.shape[0])
    sign = 1 - 2 * side
    bound = price_bound(sign, worst)
    count = candidates(block, arena, venues, 1 - side, sign, small)
    base = np.int64(UNREACHABLE)
    for c in range(count):
        base = min(base, head_key(block, arena, small[VENUE, c], 1 - side, sign))
    kept = np.int64(0)
    for c in range(count):
        small[VENUE, kept] = small[VENUE, c]
        if tabulate(block, arena, sums, keys, costs, small, kept, 1 - side, sign, bound, qty, base):
            kept += 1
    levels = merge_tables(keys, merged, small, kept)
    best_subset(sums, keys, costs, merged, small, kept, levels, qty)
    for v in range(venues):
        arena[np.uint64(TAKEN + v)] = 0
    for c in range(kept):
        v = small[VENUE, c]
        arena[np.uint64(TAKEN + v)] = small[BEST, c]
    finish(block, arena, np.int64(0), venues, 1 - side)
    return write_legs(arena, venues, sign, worst, slack)


@helper
def head_key(block, arena, v, side, sign):
    """Key of the first level that a venue offers."""
    row = arena[np.uint64(START_ROW + v)]
    key, _ = landed_key(arena, v, sign, level_price(block, v, side, row), np.int64(0))
    return key


@helper
def candidates(block, arena, venues, side, sign, small):
    """The venues that offer anything, the best `SUBSET_VENUES` first levels among them."""
    count = np.int64(0)
    used = np.int64(0)
    while count < SUBSET_VENUES:
        best = UNREACHABLE
        found = np.int64(-1)
        for v in range(venues):
            if (used >> v) & 1 or arena[np.uint64(START_ROW + v)] == 0:
                continue
            key = head_key(block, arena, v, side, sign)
            if key < best:
                best = key
                found = v
        if found < 0:
            break
        used |= np.int64(1) << found
        small[VENUE, count] = found
        count += 1
    return count


@helper
def tabulate(block, arena, sums, keys, costs, small, c, side, sign, bound, qty, base):
    """Tables of one candidate as deep as `qty` may need; False if its minimums cannot be met."""
    v = small[VENUE, c]
    lot = arena[np.uint64(LOT + v)]
    row = arena[np.uint64(START_ROW + v)]
    left = arena[np.uint64(START_QTY + v)]
    total = np.int64(0)
    cost = 0.0
    i = np.int64(0)
    sums[c, 0] = 0
    costs[c, 0] = 0.0
    while row > 0 and i < LEVELS_MAX and total < qty + lot:
        price = level_price(block, v, side, row)
        if sign * price > bound:
            break
        key, _ = landed_key(arena, v, sign, price, total)
        keys[c, i] = key - base
        total += left
        cost += np.float64(key - base) * np.float64(left)
        i += 1
        sums[c, i] = total
        costs[c, i] = cost
        row -= 1
        if row > 0:
            left = level_qty(block, arena, v, side, row)
    keys[c, i] = 0
    small[COUNT, c] = i
    small[LOTS, c] = lot
    small[CAP, c] = total - total % lot
    count = level_price(block, v, side, np.int64(0))
    arena[np.uint64(EXAMINED + v)] = max(
        arena[np.uint64(EXAMINED + v)], min(count, count - row + 1)
    )
    small[MINIMUM, c] = least_quantity(block, arena, v, side, lot, small[CAP, c])
    return small[MINIMUM, c] > 0


@helper
def least_quantity(block, arena, v, side, lot, cap):
    """Smallest quantity of whole lots that keeps a venue's minimums; 0 when there is none."""
    wanted = np.float64(arena[np.uint64(NOTIONAL_MIN + v)]) * 1e8
    row = arena[np.uint64(START_ROW + v)]
    left = arena[np.uint64(START_QTY + v)]
    qty = np.int64(0)
    money = 0.0
    while wanted > money and qty < cap:
        price = np.float64(level_price(block, v, side, row))
        if money + price * np.float64(left) >= wanted:
            qty += min(left, np.int64((wanted - money) / price))
            break
        qty += left
        money += price * np.float64(left)
        row -= 1
        if row == 0:
            break
        left = level_qty(block, arena, v, side, row)
    qty = max(qty, arena[np.uint64(QTY_MIN + v)])
    qty = max((qty + lot - 1) // lot * lot, lot)
    while qty <= cap:
        arena[np.uint64(TAKEN + v)] = qty
        examined = arena[np.uint64(EXAMINED + v)]
        fits = finish(block, arena, v, v + 1, side)
        arena[np.uint64(EXAMINED + v)] = examined
        if fits:
            return qty
        qty += lot
    return np.int64(0)


@helper
def merge_tables(keys, merged, small, count):
    """Row m of `merged`: how many of each candidate's levels are among the first m of all."""
    total = np.int64(0)
    for c in range(count):
        merged[0, c] = 0
        total += small[COUNT, c]
    for m in range(total):
        best = UNREACHABLE
        found = np.int64(0)
        for c in range(count):
            i = merged[m, c]
            merged[m + 1, c] = i
            if i < small[COUNT, c] and keys[c, i] < best:
                best = keys[c, i]
                found = c
        merged[m + 1, found] += 1
    return total
