"""The search over venue subsets for splits under lots and minimums (see `minimums.py`).

Works on candidates 0..K-1 (at most 8) with tables of their levels: `sums[c, i]` quantity of the
first i levels, `keys[c, i]` key of level i less the best key, `costs[c, i]` cost of the first i
levels in those units (its last row holds the subsets' bounds and gains), `merged[m, c]` levels of
c among the first m of all. Rows of `small` are facts and quantities of each candidate.
"""

from __future__ import annotations

import numpy as np

from engine.kernels.landed import helper

__all__ = ["SUBSET_VENUES", "best_subset"]

SUBSET_VENUES = 8
VENUE = np.int64(0)
MINIMUM = np.int64(1)
CAP = np.int64(2)
LOTS = np.int64(3)
COUNT = np.int64(4)
BEST = np.int64(5)
TRIAL = np.int64(6)
SPARE = np.int64(7)
KEPT = np.int64(8)
ROWS = 9
NOBODY = np.int64(-1)
GAINS = 256
POLISH_MAX = 64
LOTS_TRIED = 5
MULTIPLIERS = 3


@helper
def best_subset(sums, keys, costs, merged, small, venues, levels, qty):
    """Fill row BEST of `small` with each candidate's quantity; returns the quantity placed."""
    for c in range(venues):
        small[BEST, c] = 0
    goal = reachable(small, venues, qty)
    if goal == 0:
        return goal
    subsets = 1 << venues
    lower_bounds(sums, keys, costs, merged, small, venues, levels, goal)
    best_placed = np.int64(0)
    best_cost = np.inf
    for _ in range(1, subsets):
        chosen = np.int64(0)
        lowest = np.inf
        for s in range(1, subsets):
            if costs[SUBSET_VENUES, s] < lowest:
                lowest = costs[SUBSET_VENUES, s]
                chosen = s
        if chosen == 0 or (best_placed == goal and lowest >= best_cost):
            break
        costs[SUBSET_VENUES, chosen] = np.inf
        if best_placed > 0 and most(small, venues, chosen, goal) < best_placed:
            continue
        placed = fill(sums, keys, costs, merged, small, venues, levels, chosen, goal)
        if placed == 0 or placed < best_placed:
            continue
        cost = total_cost(sums, keys, costs, small, TRIAL, venues)
        if placed > best_placed or cost < best_cost:
            cost = polish(sums, keys, costs, small, venues, chosen, cost)
            best_placed = placed
            best_cost = cost
            for c in range(venues):
                small[BEST, c] = small[TRIAL, c]
    return best_placed


@helper
def reachable(small, venues, qty):
    """The most that could be placed: on the common lot grid and within what is there."""
    step = np.int64(0)
    total = np.int64(0)
    for c in range(venues):
        a = small[LOTS, c]
        while a != 0:
            step, a = a, step % a
        total += small[CAP, c]
    if step == 0:
        return np.int64(0)
    goal = min(qty, total)
    return goal - goal % step


@helper
def most(small, venues, chosen, goal):
    """The most that a subset can hold of the goal."""
    total = np.int64(0)
    for c in range(venues):
        if chosen >> c & 1:
            total += small[CAP, c]
    return min(total, goal)


@helper
def levels_below(sums, small, c, qty):
    """Whole levels of c within `qty`: largest i with sums[c, i] <= qty."""
    low = np.int64(0)
    high = small[COUNT, c]
    while low < high:
        middle = (low + high + 1) >> 1
        if sums[c, middle] <= qty:
            low = middle
        else:
            high = middle - 1
    return low


@helper
def cost_of(sums, keys, costs, small, c, qty):
    """Cost of the first `qty` of c."""
    i = levels_below(sums, small, c, qty)
    return costs[c, i] + np.float64(qty - sums[c, i]) * np.float64(keys[c, i])


@helper
def total_cost(sums, keys, costs, small, row, venues):
    """Cost of a row of quantities."""
    total = 0.0
    for c in range(venues):
        if small[row, c] > 0:
            total += cost_of(sums, keys, costs, small, c, small[row, c])
    return total


@helper
def lower_bounds(sums, keys, costs, merged, small, venues, levels, goal):
    """A bound on every subset's cost: sum over it of min(f(x) - k x) + k goal, for three k.

    Subsets whose minimums pass the goal are out (infinite).
    """
    for s in range(1 << venues):
        costs[SUBSET_VENUES, s] = -np.inf
    wanted = goal
    for _ in range(MULTIPLIERS):
        m = merged_levels(sums, merged, small, venues, levels, (1 << venues) - 1, wanted)
        k = np.int64(0)
        for c in range(venues):
            i = merged[m, c]
            if i > 0:
                k = max(k, keys[c, i - 1])
        for c in range(venues):
            x = max(small[MINIMUM, c], sums[c, merged[m, c]])
            f = cost_of(sums, keys, costs, small, c, x)
            costs[SUBSET_VENUES, GAINS + c] = f - np.float64(k) * np.float64(x)
        for s in range(1, 1 << venues):
            bound = np.float64(k) * np.float64(goal)
            for c in range(venues):
                if s >> c & 1:
                    bound += costs[SUBSET_VENUES, GAINS + c]
            costs[SUBSET_VENUES, s] = max(costs[SUBSET_VENUES, s], bound)
        wanted *= 2
    for s in range(1, 1 << venues):
        least = np.int64(0)
        for c in range(venues):
            if s >> c & 1:
                least += small[MINIMUM, c]
        if least > goal:
            costs[SUBSET_VENUES, s] = np.inf


@helper
def merged_levels(sums, merged, small, venues, levels, chosen, goal):
    """Fewest merged levels whose quantity in the subset, minimums forced, reaches the goal."""
    low = np.int64(0)
    high = levels
    while low < high:
        middle = (low + high) >> 1
        total = np.int64(0)
        for c in range(venues):
            if chosen >> c & 1:
                total += max(small[MINIMUM, c], sums[c, merged[middle, c]])
        if total >= goal:
            high = middle
        else:
            low = middle + 1
    return low


@helper
def fill(sums, keys, costs, merged, small, venues, levels, chosen, goal):
    """Fill row TRIAL for one subset; returns the quantity placed (0: not possible)."""
    m = merged_levels(sums, merged, small, venues, levels, chosen, goal)
    if m > 0:
        m -= 1
    open_qty = goal
    for c in range(venues):
        small[TRIAL, c] = 0
        if chosen >> c & 1:
            whole = sums[c, merged[m, c]]
            whole -= whole % small[LOTS, c]
            small[TRIAL, c] = max(small[MINIMUM, c], whole)
            open_qty -= small[TRIAL, c]
    if open_qty < 0:
        return np.int64(0)
    open_qty = add(sums, keys, costs, small, TRIAL, venues, chosen, NOBODY, open_qty)
    if open_qty > 0:
        open_qty = exchange(sums, keys, costs, small, venues, chosen, open_qty)
    return goal - open_qty


@helper
def add(sums, keys, costs, small, row, venues, chosen, but, qty):
    """Add `qty` in whole lots, cheapest next lot first; returns what did not fit."""
    while qty > 0:
        best = np.inf
        found = np.int64(-1)
        for c in range(venues):
            lot = small[LOTS, c]
            held = small[row, c]
            if c == but or not chosen >> c & 1 or lot > qty or held + lot > small[CAP, c]:
                continue
            i = levels_below(sums, small, c, held)
            unit = np.float64(keys[c, i])
            if sums[c, i + 1] - held < lot:
                after = cost_of(sums, keys, costs, small, c, held + lot)
                unit = (after - cost_of(sums, keys, costs, small, c, held)) / np.float64(lot)
            if unit < best:
                best = unit
                found = c
        if found < 0:
            break
        lot = small[LOTS, found]
        held = small[row, found]
        i = levels_below(sums, small, found, held)
        room = min(sums[found, i + 1], small[CAP, found]) - held
        part = max(lot, min(room, qty) // lot * lot)
        small[row, found] = held + part
        qty -= part
    return qty


@helper
def remove(sums, keys, costs, small, row, venues, chosen, but, qty):
    """Take `qty` away in whole lots, dearest last lot first; returns what could not be taken."""
    while qty > 0:
        worst = -np.inf
        found = np.int64(-1)
        for c in range(venues):
            lot = small[LOTS, c]
            held = small[row, c]
            if c == but or not chosen >> c & 1 or lot > qty or held - lot < small[MINIMUM, c]:
                continue
            after = cost_of(sums, keys, costs, small, c, held - lot)
            unit = (cost_of(sums, keys, costs, small, c, held) - after) / np.float64(lot)
            if unit > worst:
                worst = unit
                found = c
        if found < 0:
            break
        lot = small[LOTS, found]
        held = small[row, found]
        i = levels_below(sums, small, found, held - 1)
        room = held - max(sums[found, i], small[MINIMUM, found])
        part = max(lot, min(room, qty) // lot * lot)
        small[row, found] = held - part
        qty -= part
    return qty


@helper
def exchange(sums, keys, costs, small, venues, chosen, qty):
    """Place a residue smaller than any lot that fits: one venue takes too much, others give back.

    With lots that do not divide each other up to `LOTS_TRIED` lots too many are tried.
    """
    best = np.inf
    for v in range(venues):
        lot = small[LOTS, v]
        more = (qty + lot - 1) // lot * lot
        if not chosen >> v & 1:
            continue
        for _ in range(LOTS_TRIED):
            copy_row(small, TRIAL, SPARE, venues)
            small[SPARE, v] += more
            if small[SPARE, v] > small[CAP, v]:
                break
            if remove(sums, keys, costs, small, SPARE, venues, chosen, v, more - qty) == 0:
                cost = total_cost(sums, keys, costs, small, SPARE, venues)
                if cost < best:
                    best = cost
                    copy_row(small, SPARE, KEPT, venues)
                break
            more += lot
    if best == np.inf:
        return qty
    copy_row(small, KEPT, TRIAL, venues)
    return np.int64(0)


@helper
def copy_row(small, source, target, venues):
    """Copy a row of quantities."""
    for c in range(venues):
        small[target, c] = small[source, c]


@helper
def polish(sums, keys, costs, small, venues, chosen, cost):
    """Moves of whole lots up or down, the others making up for it, while the cost falls."""
    for _ in range(POLISH_MAX):
        before = cost
        for v in range(venues):
            if chosen >> v & 1:
                for sign in (1, -1):
                    for lots in range(1, LOTS_TRIED + 1):
                        moved = move(sums, keys, costs, small, venues, chosen, v, sign * lots)
                        if moved < cost - 1e-12 * abs(cost):
                            cost = moved
                            copy_row(small, SPARE, TRIAL, venues)
                        if moved < np.inf:
                            break
        if cost == before:
            break
    return cost


@helper
def move(sums, keys, costs, small, venues, chosen, v, lots):
    """Cost of TRIAL with `lots` more (or fewer) of v, made up for elsewhere; infinite if it fails.

    The moved quantities are in row SPARE.
    """
    qty = lots * small[LOTS, v]
    copy_row(small, TRIAL, SPARE, venues)
    small[SPARE, v] += qty
    if small[SPARE, v] > small[CAP, v] or small[SPARE, v] < small[MINIMUM, v]:
        return np.inf
    if qty > 0:
        left = remove(sums, keys, costs, small, SPARE, venues, chosen, v, qty)
    else:
        left = add(sums, keys, costs, small, SPARE, venues, chosen, v, -qty)
    if left > 0:
        return np.inf
    return total_cost(sums, keys, costs, small, SPARE, venues)
