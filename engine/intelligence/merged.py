"""What quantities cost over all books, level by level in Python: for fees that bend with price.

The kernel's curve knows flat fees only; event contracts are charged rate x (p(1-p))^exponent.
Their books are short, so that a merged walk in Python is quick enough.
"""

from __future__ import annotations

from typing import Final

from engine.decisions.cost_model import RoutingTerms
from engine.decisions.market import MarketBlock
from engine.model.fees import FeeSchedule
from engine.model.units import PPM, PRICE_SCALE

__all__ = ["UNREACHED", "merged_costs"]

UNREACHED: Final = -1.0


def merged_costs(
    market: MarketBlock, side: int, terms: RoutingTerms, sizes: list[int]
) -> list[float]:
    """Landed money (1e-17) of each of the rising `sizes`, UNREACHED where the books end before."""
    sign = 1 - 2 * side
    levels: list[tuple[float, int, int]] = []
    for v, on in enumerate(terms.active.tolist()):
        fees = market.listings[v].fees
        if on and fees is not None:
            constant = terms.constants[v]
            for price, qty in market.levels(v, 1 - side, market.depth):
                levels.append((sign * price + unit_fee(fees, price) + constant, v, qty))
    # Fees may bend, yet levels of one venue are taken in price order: the keys are monotone there.
    levels.sort()
    costs: list[float] = []
    filled, paid, at = 0, 0.0, 0
    for size in sizes:
        while at < len(levels) and filled + levels[at][2] < size:
            paid += sign * levels[at][0] * levels[at][2]
            filled += levels[at][2]
            at += 1
        if at == len(levels):
            costs.append(UNREACHED)
        else:
            costs.append(paid + sign * levels[at][0] * (size - filled))
    return costs


def unit_fee(fees: FeeSchedule, price_1e9: int) -> float:
    """Taker fee in 1e-9 of one unit at a price."""
    rate = fees.taker_ppm / PPM
    if not fees.quadratic:
        return rate * price_1e9
    p = price_1e9 / PRICE_SCALE
    return float(rate * (p * (1.0 - p)) ** fees.exponent * PRICE_SCALE)
