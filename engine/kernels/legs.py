"""From quantities taken to legs: exact cost, worst planned price, order limit, venue rules."""

from __future__ import annotations

import numpy as np

from engine.kernels.landed import (
    COST_HIGH,
    COST_LOW,
    EXAMINED,
    EXPONENT,
    LEG_WIDTH,
    LOT,
    MASK_62,
    MID_X2,
    NOTIONAL_MIN,
    OUT,
    OUT_HEAD,
    PRICE_MAX,
    QTY_MIN,
    RATE,
    SHAPE_RATE,
    SHAPE_SUM,
    START_QTY,
    START_ROW,
    TAKEN,
    TICK,
    WORST,
    apart,
    fee_shape,
    helper,
    level_price,
    level_qty,
    multiply_high,
)

__all__ = ["finish", "leg_fits", "nano_bps", "write_legs"]

BP = 10_000
WIDE = 2.0**62
QTY_UNIT = np.uint64(10**8)


@helper
def finish(block, arena, first, last, side):
    """Walk the taken quantity of venues `first` to `last` - 1: worst price and exact cost.

    The sum of price x quantity is kept in 128 bits. EXAMINED becomes the levels looked at from
    the top: those taken and one more. Returns whether every one keeps its lot and minimums.
    """
    fits = True
    for v in range(first, last):
        open_qty = arena[np.uint64(TAKEN + v)]
        if open_qty == 0:
            continue
        row = arena[np.uint64(START_ROW + v)]
        left = arena[np.uint64(START_QTY + v)]
        high = np.uint64(0)
        low = np.uint64(0)
        price = np.int64(0)
        while True:
            part = min(left, open_qty)
            if part > 0:
                price = level_price(block, v, side, row)
                product = np.uint64(price) * np.uint64(part)
                low += product
                high += multiply_high(np.uint64(price), np.uint64(part))
                if low < product:
                    high += np.uint64(1)
            open_qty -= part
            if open_qty == 0:
                break
            row -= 1
            left = level_qty(block, arena, v, side, row)
        arena[np.uint64(WORST + v)] = price
        arena[np.uint64(COST_HIGH + v)] = np.int64((high << np.uint64(2)) | (low >> np.uint64(62)))
        arena[np.uint64(COST_LOW + v)] = np.int64(low & MASK_62)
        count = level_price(block, v, side, np.int64(0))
        examined = max(arena[np.uint64(EXAMINED + v)], count - row + 2)
        arena[np.uint64(EXAMINED + v)] = min(count, examined)
        arena[np.uint64(SHAPE_SUM + v)] = 0
        if arena[np.uint64(EXPONENT + v)] != 0:
            sum_shapes(block, arena, v, side)
        fits &= leg_fits(arena, v)
    return fits


@apart
def sum_shapes(block, arena, v, side):
    """Sum of fee shape x contracts over a venue's taken quantity, in 1e-9 (floored a level)."""
    row = arena[np.uint64(START_ROW + v)]
    left = arena[np.uint64(START_QTY + v)]
    open_qty = arena[np.uint64(TAKEN + v)]
    exponent = arena[np.uint64(EXPONENT + v)]
    total = np.uint64(0)
    while True:
        part = min(left, open_qty)
        shape = fee_shape(np.uint64(level_price(block, v, side, row)), exponent)
        whole = np.uint64(part) // QTY_UNIT
        total += shape * whole + shape * (np.uint64(part) - whole * QTY_UNIT) // QTY_UNIT
        open_qty -= part
        if open_qty == 0:
            break
        row -= 1
        left = level_qty(block, arena, v, side, row)
    arena[np.uint64(SHAPE_SUM + v)] = np.int64(total)


@helper
def notional_reached(cost_high, cost_low, minimum):
    """Whether a cost (base 2^62, 1e-17 money) is at least `minimum` (1e-9 money), exactly."""
    wanted = np.uint64(minimum)
    low = wanted * QTY_UNIT
    high = multiply_high(wanted, QTY_UNIT)
    top = np.int64((high << np.uint64(2)) | (low >> np.uint64(62)))
    return cost_high > top or (cost_high == top and cost_low >= np.int64(low & MASK_62))


@helper
def leg_fits(arena, v):
    """Whether a venue's taken quantity keeps its lot and minimums."""
    taken = arena[np.uint64(TAKEN + v)]
    if taken % arena[np.uint64(LOT + v)] != 0 or taken < arena[np.uint64(QTY_MIN + v)]:
        return False
    minimum = arena[np.uint64(NOTIONAL_MIN + v)]
    if minimum == 0:
        return True
    return notional_reached(
        arena[np.uint64(COST_HIGH + v)], arena[np.uint64(COST_LOW + v)], minimum
    )


@helper
def write_legs(arena, venues, sign, worst, slack):
    """Write the legs; returns their number.

    OUT: quantity placed, its average price and fee against the mid in 1e-9 bps (0 without a mid);
    then for each leg: venue, quantity, limit, worst planned price, cost (base 2^62: high, low).
    """
    cell = OUT + OUT_HEAD
    placed = np.int64(0)
    legs = np.int64(0)
    paid = 0.0
    for v in range(venues):
        taken = arena[np.uint64(TAKEN + v)]
        if taken == 0:
            continue
        placed += taken
        legs += 1
        high = arena[np.uint64(COST_HIGH + v)]
        low = arena[np.uint64(COST_LOW + v)]
        rate = np.float64(arena[np.uint64(RATE + v)]) * 1e-9
        paid += (np.float64(high) * WIDE + np.float64(low)) * (np.float64(sign) + rate)
        shapes = np.float64(arena[np.uint64(SHAPE_SUM + v)])
        paid += shapes * np.float64(arena[np.uint64(SHAPE_RATE + v)]) * 0.1
        arena[np.uint64(cell)] = v
        arena[np.uint64(cell + 1)] = taken
        planned = arena[np.uint64(WORST + v)]
        limit = planned
        if slack != 0:
            tick = arena[np.uint64(TICK + v)]
            top = arena[np.uint64(PRICE_MAX + v)]
            minimum = arena[np.uint64(NOTIONAL_MIN + v)]
            limit = leg_limit(planned, taken, tick, top, minimum, sign, worst)
        arena[np.uint64(cell + 2)] = limit
        arena[np.uint64(cell + 3)] = planned
        arena[np.uint64(cell + 4)] = high
        arena[np.uint64(cell + 5)] = low
        cell += LEG_WIDTH
    arena[np.uint64(OUT)] = placed
    arena[np.uint64(OUT + 1)] = 0
    if placed > 0:
        arena[np.uint64(OUT + 1)] = nano_bps(arena, venues, sign, paid / np.float64(placed))
    return legs


@apart
def nano_bps(arena, venues, sign, key):
    """An average key against the mid, in 1e-9 bps: of the mid, for events of the 1 USD payoff."""
    mid = np.float64(arena[np.uint64(MID_X2)]) * 0.5
    if mid == 0.0:
        return np.int64(0)
    unit = mid
    for v in range(venues):
        if arena[np.uint64(EXPONENT + v)] != 0 or arena[np.uint64(PRICE_MAX + v)] != 0:
            unit = 1e9
    return np.int64(np.rint((key - np.float64(sign) * mid) / unit * 1e13))


@apart
def leg_limit(planned, taken, tick, top, minimum, sign, worst):
    """Limit of a leg: its worst planned price, widened by max(tick, 1 bp), never past `worst`.

    Rounded on tick to the passive side and kept inside the listing's price range (below `top`).
    A sell whose notional at the widened limit fell below the venue's minimum keeps a tighter one.
    """
    limit = planned + sign * max(tick, planned // BP)
    if sign > 0:
        if worst > 0:
            limit = min(limit, worst)
        if top > 0:
            limit = min(limit, top - 1)
        return max(limit - limit % tick, planned)
    limit = max(limit, max(worst, tick))
    if minimum > 0:
        needed = np.float64(minimum) * 1e8 / np.float64(taken) * (1.0 + 1e-12)
        if np.float64(limit) < needed:
            limit = min(np.int64(needed) + 1, planned)
    up = limit % tick
    if up != 0:
        limit += tick - up
    return min(limit, planned)
