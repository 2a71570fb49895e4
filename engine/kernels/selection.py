"""Deep sweeps: find the one marginal level by running sums and bisection instead of merging.

Starts from the heads that the merge left in the arena. Running sums of quantity are extended in
doubling chunks until the levels that certainly come first hold enough; then pivots halve the open
range of the widest venue until one level is left. The order is the merge's own, to the last tie.
"""

from __future__ import annotations

import numpy as np

from engine.kernels.landed import (
    COUNTED,
    HIGH,
    KEY,
    LEFT,
    LOW,
    MIDDLE,
    ROW,
    SUMS,
    TAKEN,
    UNREACHABLE,
    apart,
    helper,
    landed_key,
    level_price,
    level_qty,
)

__all__ = ["select"]

CHUNK_FIRST = 16


@helper
def select(block, arena, venues, side, sign, bound, qty, chunk):
    """Place `qty` beyond the merge by finding its marginal level; returns what found no level.

    `chunk` is a guess of how many levels of each venue that takes.
    """
    stride = block.shape[2] + 1
    for v in range(venues):
        arena[np.uint64(COUNTED + v)] = 0
        arena[np.uint64(SUMS + v * stride)] = 0
    chunk = max(chunk, CHUNK_FIRST)
    while True:
        total = np.int64(0)
        more = False
        for v in range(venues):
            if count_levels(block, arena, v, side, sign, bound, stride, chunk):
                more = True
            arena[np.uint64(LOW + v)] = 0
            arena[np.uint64(HIGH + v)] = arena[np.uint64(COUNTED + v)]
            total += arena[np.uint64(SUMS + v * stride + arena[np.uint64(COUNTED + v)])]
        if not more:
            break
        if total >= qty and covered(block, arena, venues, side, sign, bound, stride, qty):
            break
        chunk *= 2
    if total <= qty:
        for v in range(venues):
            advance(block, arena, v, side, stride, arena[np.uint64(COUNTED + v)], np.int64(0))
        return qty - total
    bisect(block, arena, venues, side, sign, stride, qty)
    return np.int64(0)


@apart
def count_levels(block, arena, v, side, sign, bound, stride, count):
    """Extend a venue's running sums to `count` levels from its head; True if more follow."""
    head = arena[np.uint64(ROW + v)]
    if head == 0 or arena[np.uint64(KEY + v)] == UNREACHABLE:
        return False
    i = arena[np.uint64(COUNTED + v)]
    total = arena[np.uint64(SUMS + v * stride + i)]
    while i < count:
        row = head - i
        if row == 0 or sign * level_price(block, v, side, row) > bound:
            break
        total += arena[np.uint64(LEFT + v)] if i == 0 else level_qty(block, arena, v, side, row)
        i += 1
        arena[np.uint64(SUMS + v * stride + i)] = total
    arena[np.uint64(COUNTED + v)] = i
    row = head - i
    return row > 0 and sign * level_price(block, v, side, row) <= bound


@helper
def key_at(block, arena, v, side, sign, stride, i):
    """Key and signed price of the i-th level from a venue's head."""
    price = level_price(block, v, side, arena[np.uint64(ROW + v)] - i)
    before = arena[np.uint64(TAKEN + v)] + arena[np.uint64(SUMS + v * stride + i)]
    key, rest = landed_key(arena, v, sign, price, before)
    return key, rest, sign * price


@helper
def covered(block, arena, venues, side, sign, bound, stride, qty):
    """Whether the counted levels that certainly come first hold `qty`; HIGH is set to them."""
    edge = UNREACHABLE
    for v in range(venues):
        i = arena[np.uint64(COUNTED + v)]
        row = arena[np.uint64(ROW + v)] - i
        if i > 0 and row > 0 and sign * level_price(block, v, side, row) <= bound:
            key, _, _ = key_at(block, arena, v, side, sign, stride, i)
            edge = min(edge, key)
    total = np.int64(0)
    for v in range(venues):
        low = np.int64(0)
        high = arena[np.uint64(COUNTED + v)]
        while low < high:
            middle = (low + high) >> 1
            key, _, _ = key_at(block, arena, v, side, sign, stride, middle)
            if key < edge:
                low = middle + 1
            else:
                high = middle
        arena[np.uint64(HIGH + v)] = low
        total += arena[np.uint64(SUMS + v * stride + low)]
    return total >= qty


@helper
def bisect(block, arena, venues, side, sign, stride, qty):
    """Find the marginal level by pivots in the widest venue's open range.

    Pivots are guessed from the quantities at both ends, and every other time the middle.
    """
    under = np.int64(0)
    over = np.int64(0)
    for v in range(venues):
        over += arena[np.uint64(SUMS + v * stride + arena[np.uint64(HIGH + v)])]
    guess = True
    while True:
        widest = np.int64(-1)
        width = np.int64(0)
        for v in range(venues):
            span = arena[np.uint64(HIGH + v)] - arena[np.uint64(LOW + v)]
            if span > width:
                width = span
                widest = v
        assert widest >= 0
        step = width >> 1
        if guess:
            share = np.float64(qty - under) / np.float64(over - under)
            step = min(width - 1, np.int64(np.float64(width) * share))
        guess = not guess
        pivot = arena[np.uint64(LOW + widest)] + step
        key, rest, price = key_at(block, arena, widest, side, sign, stride, pivot)
        total = np.int64(0)
        for v in range(venues):
            if v == widest:
                low = pivot
            else:
                low = count_before(
                    block, arena, v, side, sign, stride, key, rest, price, v < widest
                )
            arena[np.uint64(MIDDLE + v)] = low
            total += arena[np.uint64(SUMS + v * stride + low)]
        cell = SUMS + widest * stride + pivot
        own = arena[np.uint64(cell + 1)] - arena[np.uint64(cell)]
        if total >= qty:
            over = total
            for v in range(venues):
                arena[np.uint64(HIGH + v)] = arena[np.uint64(MIDDLE + v)]
        elif total + own >= qty:
            for v in range(venues):
                part = qty - total if v == widest else np.int64(0)
                advance(block, arena, v, side, stride, arena[np.uint64(MIDDLE + v)], part)
            return
        else:
            under = total + own
            for v in range(venues):
                arena[np.uint64(LOW + v)] = arena[np.uint64(MIDDLE + v)]
            arena[np.uint64(LOW + widest)] = pivot + 1


@helper
def count_before(block, arena, v, side, sign, stride, key, rest, price, wins_tie):
    """How many levels of a venue come before the pivot, between its LOW and HIGH."""
    low = arena[np.uint64(LOW + v)]
    high = arena[np.uint64(HIGH + v)]
    while low < high:
        middle = (low + high) >> 1
        k, r, p = key_at(block, arena, v, side, sign, stride, middle)
        before = k < key
        if k == key:
            before = r < rest or (r == rest and (p < price or (p == price and wins_tie)))
        if before:
            low = middle + 1
        else:
            high = middle
    return low


@helper
def advance(block, arena, v, side, stride, count, part):
    """Take `count` whole levels and `part` of the next from a venue's head."""
    if arena[np.uint64(COUNTED + v)] == 0:
        return
    arena[np.uint64(TAKEN + v)] += arena[np.uint64(SUMS + v * stride + count)] + part
    row = arena[np.uint64(ROW + v)] - count
    arena[np.uint64(ROW + v)] = row
    if count > 0 and row > 0:
        arena[np.uint64(LEFT + v)] = level_qty(block, arena, v, side, row)
    arena[np.uint64(LEFT + v)] -= part
