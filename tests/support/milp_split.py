"""The split under lots and minimums as a mixed-integer program, solved exactly by HiGHS.

Variables: quantity taken of each level, whole lots of each venue, and whether the venue is used.
The answer is rounded to whole lots, checked, and costed in exact fractions like the engine's.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import lil_matrix

from engine.model.instruments import Listing
from engine.model.units import QTY_SCALE
from tests.support.slow_split import Levels, landed

GAP_ALLOWED = 1e-9


def walk(levels: Levels, qty: int) -> tuple[int, int]:
    """(sum of price x quantity, quantity missing) of taking `qty` from the best level on."""
    money = 0
    for price, level_qty in levels:
        part = min(level_qty, qty)
        money += price * part
        qty -= part
    return money, qty


def allowed(listing: Listing, levels: Levels, qty: int) -> bool:
    """Whether a venue may take `qty`: lot, minimums, and enough is there."""
    if qty == 0:
        return True
    money, missing = walk(levels, qty)
    whole = qty % listing.lot_1e8 == 0 and qty >= listing.qty_min_1e8
    return whole and not missing and money >= listing.notional_min_1e9 * QTY_SCALE


def exact_cost(
    listings: Sequence[Listing],
    books: Sequence[Levels],
    side: int,
    quantities: Sequence[int],
    constants: Sequence[int],
) -> Fraction:
    """Sum of landed price x quantity of an allocation."""
    total = Fraction(0)
    for listing, levels, constant, wanted in zip(
        listings, books, constants, quantities, strict=True
    ):
        qty = wanted
        for price, level_qty in levels:
            part = min(level_qty, qty)
            if part:
                total += landed(listing, side, price, constant) * part
            qty -= part
        assert qty == 0, "the allocation is inside the book"
    return total


def milp_split(
    listings: Sequence[Listing],
    books: Sequence[Levels],
    side: int,
    target: int,
    constants: Sequence[int],
    unit: int = 1_000,
) -> list[int] | None:
    """The cheapest quantity on each venue for exactly `target`, or None when there is none.

    `unit` divides every lot, level and the target; it only scales the program.
    """
    count = len(listings)
    sizes = [len(levels) for levels in books]
    total = sum(sizes)
    keys = [
        landed(listings[v], side, price, constants[v])
        for v, levels in enumerate(books)
        for price, _ in levels
    ]
    base = min(keys)
    scale = max(float(max(keys) - base), 1.0)
    cost = np.zeros(total + 2 * count)
    cost[:total] = [float(key - base) / scale for key in keys]
    upper = np.ones(total + 2 * count)
    rows = lil_matrix((1 + 4 * count, total + 2 * count))
    low = np.full(1 + 4 * count, -np.inf)
    high = np.full(1 + 4 * count, np.inf)
    rows[0, :total] = 1.0
    low[0] = high[0] = target / unit
    at = 0
    for v, levels in enumerate(books):
        listing, lots, used = listings[v], total + v, total + count + v
        visible = sum(qty for _, qty in levels)
        first = 1 + 4 * v
        for price, qty in levels:
            upper[at] = qty / unit
            rows[first, at] = rows[first + 1, at] = rows[first + 2, at] = 1.0
            rows[first + 3, at] = price / levels[0][0]
            at += 1
        rows[first, lots] = -listing.lot_1e8 / unit
        low[first] = high[first] = 0.0
        rows[first + 1, used] = -min(visible, target) / unit
        high[first + 1] = 0.0
        rows[first + 2, used] = -listing.qty_min_1e8 / unit
        low[first + 2] = 0.0
        rows[first + 3, used] = -listing.notional_min_1e9 * QTY_SCALE / levels[0][0] / unit
        low[first + 3] = 0.0
        upper[lots] = visible // listing.lot_1e8
    whole = np.zeros(total + 2 * count)
    whole[total:] = 1
    solved = milp(
        cost,
        constraints=LinearConstraint(rows.tocsr(), low, high),
        bounds=Bounds(0, upper),
        integrality=whole,
        options={"time_limit": 20, "mip_rel_gap": 1e-9},
    )
    if solved.x is None:
        return None
    lots_taken = [round(value) for value in solved.x[total : total + count]]
    quantities = [n * listing.lot_1e8 for n, listing in zip(lots_taken, listings, strict=True)]
    feasible = sum(quantities) == target and all(
        allowed(listing, levels, qty)
        for listing, levels, qty in zip(listings, books, quantities, strict=True)
    )
    return quantities if feasible else None
