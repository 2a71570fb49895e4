"""Split one quantity over every venue's book by landed price: a galloping k-way merge.

`sweep` takes levels in the order of `engine/kernels/landed.py` from all active venues, not past
the worst price, until the quantity is placed. Quantity in flight is first taken off each venue's
best levels. After `MERGE_MAX` levels (or earlier, when the first ones show that many more are
needed) the rest is found by selection: running sums of quantity, and bisection for the one
marginal level. Both give the same split to the last unit.

Cost of one level: a handful of integer operations; no allocation, no float in the ranking.
"""

from __future__ import annotations

import numpy as np

from engine.kernels.landed import (
    ACTIVE,
    ASKED_QTY,
    ASKED_SIDE,
    ASKED_SLACK,
    ASKED_WORST,
    EXAMINED,
    FLIGHT_BUY,
    KEY,
    LEFT,
    ORDER,
    PRICE_BOUND,
    RATE,
    RATE_BUY,
    REST,
    ROW,
    START_QTY,
    START_ROW,
    TAKEN,
    UNREACHABLE,
    VENUES_MAX,
    apart,
    helper,
    landed_key,
    level_price,
    level_qty,
)
from engine.kernels.legs import finish, write_legs
from engine.kernels.registry import kernel
from engine.kernels.selection import select

__all__ = ["NEEDS_MINIMUMS", "sweep"]

MERGE_MAX = 128
MERGE_TRIAL = 24
NEEDS_MINIMUMS = -1


@kernel("int64(Array(int64, 4, 'C', readonly=True), int64[::1], int64, int64, int64, int64)")
def sweep(block, arena, side, qty, worst, slack):
    """Split `qty` (1e-8) of a buy (`side` 0) or sell (1); returns the number of legs.

    `worst` is the last allowed raw price, 0 for none; `slack` 1 widens each leg's limit by
    max(tick, 1 bp) up to `worst`. Legs are written to the arena from OUT on (see `write_legs`).
    NEEDS_MINIMUMS is returned instead when lots or minimums are not met, for
    `engine/kernels/minimums.py` to go on from the state left in the arena.
    """
    return split(block, arena, side, qty, worst, slack)


@helper
def split(block, arena, side, qty, worst, slack):
    """The sweep itself, apart from the entry so that no reference is counted."""
    venues = np.int64(block.shape[0])
    arena[np.uint64(ASKED_SIDE)] = side
    arena[np.uint64(ASKED_QTY)] = qty
    arena[np.uint64(ASKED_WORST)] = worst
    arena[np.uint64(ASKED_SLACK)] = slack
    taken_side = 1 - side
    sign = 1 - 2 * side
    bound = price_bound(sign, worst)
    begin(block, arena, venues, taken_side, sign, bound)
    left = merge(block, arena, venues, taken_side, sign, bound, qty)
    if left > 0:
        chunk = MERGE_TRIAL * left // (max(qty - left, 1) * venues) + MERGE_TRIAL
        left = select(block, arena, venues, taken_side, sign, bound, left, chunk)
    fits = finish(block, arena, np.int64(0), venues, taken_side)
    if not fits:
        return NEEDS_MINIMUMS
    return write_legs(arena, venues, sign, worst, slack)


@helper
def price_bound(sign, worst):
    """Largest allowed sign*price."""
    if worst > 0:
        return sign * worst
    return PRICE_BOUND if sign > 0 else 0


@helper
def begin(block, arena, venues, side, sign, bound):
    """Put every active venue's head behind what is in flight, with its key."""
    rate = RATE_BUY if sign > 0 else RATE_BUY + VENUES_MAX
    flight = FLIGHT_BUY if sign > 0 else FLIGHT_BUY + VENUES_MAX
    for v in range(venues):
        count = level_price(block, v, side, np.int64(0))
        arena[np.uint64(TAKEN + v)] = 0
        arena[np.uint64(KEY + v)] = UNREACHABLE
        arena[np.uint64(ROW + v)] = 0
        arena[np.uint64(START_ROW + v)] = 0
        arena[np.uint64(EXAMINED + v)] = min(count, 1)
        if arena[np.uint64(ACTIVE + v)] == 0:
            continue
        arena[np.uint64(RATE + v)] = arena[np.uint64(rate + v)]
        row = count
        if row == 0:
            continue
        qty = level_qty(block, arena, v, side, row)
        away = arena[np.uint64(flight + v)]
        while away > 0 and qty <= away:
            away -= qty
            row -= 1
            if row == 0:
                break
            qty = level_qty(block, arena, v, side, row)
        arena[np.uint64(EXAMINED + v)] = min(count, count - row + 1)
        if row == 0:
            continue
        price = level_price(block, v, side, row)
        if sign * price > bound:
            continue
        arena[np.uint64(START_ROW + v)] = row
        arena[np.uint64(START_QTY + v)] = qty - away
        arena[np.uint64(ROW + v)] = row
        arena[np.uint64(LEFT + v)] = qty - away
        key, rest = landed_key(arena, v, sign, price, np.int64(0))
        arena[np.uint64(KEY + v)] = key
        arena[np.uint64(REST + v)] = rest


@helper
def merge(block, arena, venues, side, sign, bound, qty):
    """Take levels in order until `qty` is placed or enough levels are used; returns the rest.

    Enough is `MERGE_MAX`, or `MERGE_TRIAL` if these hold less than a quarter of `qty`. Heads are
    kept in order: the venue in front goes on alone while it stays strictly below the runner-up,
    then moves back to its place.
    """
    steps = np.int64(0)
    steps_max = MERGE_TRIAL
    wanted = qty
    heads = sort_heads(block, arena, venues, side, sign)
    while qty > 0 and heads > 0:
        if steps >= steps_max:
            if steps_max == MERGE_MAX or (wanted - qty) * 4 < wanted:
                break
            steps_max = MERGE_MAX
        v = arena[np.uint64(ORDER)]
        second = UNREACHABLE
        if heads > 1:
            second = arena[np.uint64(KEY + arena[np.uint64(ORDER + 1)])]
        row = arena[np.uint64(ROW + v)]
        left = arena[np.uint64(LEFT + v)]
        taken = arena[np.uint64(TAKEN + v)]
        best = arena[np.uint64(KEY + v)]
        rest = arena[np.uint64(REST + v)]
        while True:
            part = min(left, qty)
            taken += part
            qty -= part
            left -= part
            steps += 1
            if qty == 0:
                break
            row -= 1
            best = UNREACHABLE
            if row == 0:
                break
            price = level_price(block, v, side, row)
            if sign * price > bound:
                row = np.int64(0)
                break
            left = level_qty(block, arena, v, side, row)
            best, rest = landed_key(arena, v, sign, price, taken)
            if best >= second:
                break
        arena[np.uint64(ROW + v)] = row
        arena[np.uint64(LEFT + v)] = left
        arena[np.uint64(TAKEN + v)] = taken
        arena[np.uint64(KEY + v)] = best
        arena[np.uint64(REST + v)] = rest
        place = settle(block, arena, heads, side, sign, v, best)
        if best == UNREACHABLE:
            heads -= 1
        else:
            arena[np.uint64(ORDER + place)] = v
    return qty


@helper
def settle(block, arena, heads, side, sign, v, key):
    """Move the venues that are now ahead of `v` one place forward; returns the place of `v`."""
    place = np.int64(0)
    while place + 1 < heads:
        other = arena[np.uint64(ORDER + place + 1)]
        other_key = arena[np.uint64(KEY + other)]
        if other_key > key:
            break
        if other_key == key and not ahead(block, arena, side, sign, other, v):
            break
        arena[np.uint64(ORDER + place)] = other
        place += 1
    return place


@apart
def sort_heads(block, arena, venues, side, sign):
    """Put the venues that offer anything in order of their heads; returns their number."""
    heads = np.int64(0)
    for v in range(venues):
        key = arena[np.uint64(KEY + v)]
        if key == UNREACHABLE:
            continue
        place = heads
        while place > 0:
            other = arena[np.uint64(ORDER + place - 1)]
            other_key = arena[np.uint64(KEY + other)]
            if other_key < key:
                break
            if other_key == key and ahead(block, arena, side, sign, other, v):
                break
            arena[np.uint64(ORDER + place)] = other
            place -= 1
        arena[np.uint64(ORDER + place)] = v
        heads += 1
    return heads


@helper
def ahead(block, arena, side, sign, a, b):
    """Whether a comes before b where their quotients are equal: rest, raw price, venue order."""
    rest_a = arena[np.uint64(REST + a)]
    rest_b = arena[np.uint64(REST + b)]
    if rest_a != rest_b:
        return rest_a < rest_b
    price_a = sign * level_price(block, a, side, arena[np.uint64(ROW + a)])
    price_b = sign * level_price(block, b, side, arena[np.uint64(ROW + b)])
    return price_a < price_b or (price_a == price_b and a < b)
