"""The landed price of a level as an exact pair of integers, and the split's working memory.

Ranking rule. With s = +1 for a buy and -1 for a sell, the key of a level is s times what one unit
costs once it has arrived, in 1e-9:

    key = s*p + p*rate/1e9 + shape*shape_rate/1e9 + constant + slope*before

`rate` (1e-9) is s*(x - 1) + x*fee for a flat fee and a quote rate x, so 1000*fee_ppm where x is 1;
`shape` is (p(1-p))^exponent in 1e-9 for the quadratic fee of event contracts, floored to 1e-9
(exact for ticks of 0.0001 and coarser); `constant` is rounded once by the caller; the slope's term
is floored once a level (`before`: quantity of this venue planned above the level). The key is kept
as (quotient, rest in 1e-9 of a 1e-9): nothing of fee and constant is lost, so levels compare
exactly. Lower is better. Equal keys go to the better raw price, then to the lower venue index.

Working memory is one int64 array, the arena: `VENUES_MAX` cells for each field (`FIELD + v`), then
own resting orders to leave out, then the output. Prices must stay below 4e18 (4 billion USD).
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from engine.kernels.lent import helper_of

VENUES_MAX: Final = 32
OWN_MAX: Final = 16
UNREACHABLE: Final = 2**63 - 1
PRICE_BOUND: Final = 4 * 10**18

# what a decision sets: its terms, in one run of cells
ACTIVE: Final = 0 * VENUES_MAX
CONSTANT: Final = 1 * VENUES_MAX
SLOPE: Final = 2 * VENUES_MAX
CONTEXT: Final = 3 * VENUES_MAX
MID_X2: Final = CONTEXT
NOW_NS: Final = CONTEXT + 1
ROUTING_VERSION: Final = CONTEXT + 2
COEFFICIENTS_ID: Final = CONTEXT + 3
TERMS_END: Final = CONTEXT + 4
ASKED_SIDE: Final = CONTEXT + 4
ASKED_QTY: Final = CONTEXT + 5
ASKED_WORST: Final = CONTEXT + 6
ASKED_SLACK: Final = CONTEXT + 7
CONTEXT_CELLS: Final = 8

# what changes rarely: fees, venue rules, takes in flight, own orders
RATE_BUY: Final = 4 * VENUES_MAX
RATE_SELL: Final = 5 * VENUES_MAX
SHAPE_RATE: Final = 6 * VENUES_MAX
EXPONENT: Final = 7 * VENUES_MAX
FLIGHT_BUY: Final = 8 * VENUES_MAX
FLIGHT_SELL: Final = 9 * VENUES_MAX
LOT: Final = 10 * VENUES_MAX
QTY_MIN: Final = 11 * VENUES_MAX
NOTIONAL_MIN: Final = 12 * VENUES_MAX
TICK: Final = 13 * VENUES_MAX
PRICE_MAX: Final = 14 * VENUES_MAX
OWN_COUNT: Final = 15 * VENUES_MAX
INPUT_FIELDS: Final = 16

# state and results, one cell a venue
RATE: Final = 16 * VENUES_MAX
START_ROW: Final = 17 * VENUES_MAX
START_QTY: Final = 18 * VENUES_MAX
ROW: Final = 19 * VENUES_MAX
LEFT: Final = 20 * VENUES_MAX
KEY: Final = 21 * VENUES_MAX
REST: Final = 22 * VENUES_MAX
TAKEN: Final = 23 * VENUES_MAX
WORST: Final = 24 * VENUES_MAX
COST_HIGH: Final = 25 * VENUES_MAX
COST_LOW: Final = 26 * VENUES_MAX
SHAPE_SUM: Final = 27 * VENUES_MAX
EXAMINED: Final = 28 * VENUES_MAX
COUNTED: Final = 29 * VENUES_MAX
LOW: Final = 30 * VENUES_MAX
HIGH: Final = 31 * VENUES_MAX
MIDDLE: Final = 32 * VENUES_MAX
ORDER: Final = 33 * VENUES_MAX
OWN: Final = 34 * VENUES_MAX
OUT: Final = OWN + VENUES_MAX * OWN_MAX * 2
OUT_HEAD: Final = 2
LEG_WIDTH: Final = 6
SUMS: Final = OUT + 8 + VENUES_MAX * LEG_WIDTH

helper: Any = helper_of(error_model="numpy")
apart: Any = helper_of(apart=True, error_model="numpy")

SLOPE_UNIT: Final = 2.0**-44
NANO = np.uint64(10**9)
MASK_62 = np.uint64(2**62 - 1)


def arena_size(venues: int, depth: int) -> int:
    """Cells of an arena: the fields, and one running sum of quantity a level."""
    return SUMS + venues * (depth + 2)


@intrinsic
def multiply_high(context: Any, a: Any, b: Any) -> Any:
    """Upper 64 bits of the 128-bit product of two uint64: one machine instruction."""
    del context, a, b

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        wide = ir.IntType(128)
        left = builder.zext(arguments[0], wide)
        right = builder.zext(arguments[1], wide)
        product = builder.lshr(builder.mul(left, right), ir.Constant(wide, 64))
        return builder.trunc(product, ir.IntType(64))

    return types.uint64(types.uint64, types.uint64), generate


@helper
def landed_key(arena, v, sign, price, before):
    """(quotient, rest) of a level's key; see the module's ranking rule."""
    shifted = np.uint64(arena[np.uint64(RATE + v)] + 1_000_000_000)
    unsigned = np.uint64(price)
    whole = unsigned // NANO
    product = (unsigned - whole * NANO) * shifted
    key = (sign - 1) * price + np.int64(whole * shifted) + arena[np.uint64(CONSTANT + v)]
    exponent = arena[np.uint64(EXPONENT + v)]
    if exponent != 0:
        product += fee_shape(unsigned, exponent) * np.uint64(arena[np.uint64(SHAPE_RATE + v)])
    quotient = product // NANO
    key += np.int64(quotient)
    slope = arena[np.uint64(SLOPE + v)]
    if slope != 0:
        key += np.int64(np.float64(slope) * SLOPE_UNIT * np.float64(before))
    return key, np.int64(product - quotient * NANO)


@helper
def fee_shape(price, exponent):
    """(p(1-p))^exponent in 1e-9, floored, for a price between 0 and 1; 0 outside."""
    if price >= NANO:
        return np.uint64(0)
    shape = price * (NANO - price) // NANO
    if exponent == 2:
        return shape * shape // NANO
    return shape


@helper
def without_own(arena, v, price, qty):
    """`qty` of a level at `price` less our own orders resting there.

    Callers test OWN_COUNT first: a call with arrays costs more than the rest of a level.
    """
    for i in range(arena[np.uint64(OWN_COUNT + v)]):
        cell = OWN + (v * OWN_MAX + i) * 2
        if arena[np.uint64(cell)] == price:
            qty -= arena[np.uint64(cell + 1)]
    return max(qty, 0)


@helper
def level_qty(block, arena, v, side, row):
    """Quantity of a level without our own orders resting there."""
    qty = block[np.uint64(v), np.uint64(side), np.uint64(row), np.uint64(1)]
    if arena[np.uint64(OWN_COUNT + v)] != 0:
        price = block[np.uint64(v), np.uint64(side), np.uint64(row), np.uint64(0)]
        qty = without_own(arena, v, price, qty)
    return qty


@helper
def level_price(block, v, side, row):
    """Price of a level."""
    return block[np.uint64(v), np.uint64(side), np.uint64(row), np.uint64(0)]
