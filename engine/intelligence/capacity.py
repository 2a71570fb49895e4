"""The capacity curve: what sizes cost at once, exact to the end of the books, bounded beyond."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate, compress
from typing import Final, cast

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine.decisions.placeable import least_qty_1e8
from engine.intelligence.frontier import impact_bps
from engine.intelligence.picture import CURVE_POINTS, MarketPicture
from engine.intelligence.priors import Priors
from engine.model.units import PRICE_SCALE, QTY_SCALE

__all__ = [
    "COST_LEVELS_BPS",
    "COST_LEVELS_CENTS",
    "POINTS",
    "CapacityPoint",
    "SizeAtCost",
    "beyond_bps",
    "capacity",
    "least_order_1e8",
    "sizes_at",
]

POINTS: Final = CURVE_POINTS
COST_LEVELS_BPS: Final = (5, 10, 25, 50)
COST_LEVELS_CENTS: Final = (0.5, 1.0, 2.0, 5.0)
STEPS: Final[NDArray[np.float64]] = np.arange(POINTS) / (POINTS - 1)


class CapacityPoint(msgspec.Struct, frozen=True, gc=False):
    """All-in average cost of sweeping `qty` at once; no point costs less than the one before.

    `at_least` marks sizes beyond the visible books. They are what the books hold and then their
    last price, or the square-root law where a day's volume is known and it is more. Without a
    volume that is a lower bound, which flattens towards the last price shown although a larger
    size would push further. Either way it is of taking all at once: an order that waits for the
    books to refill can cost less.
    """

    qty: float
    notional_usd: float
    cost_bps: float
    at_least: bool


class SizeAtCost(msgspec.Struct, frozen=True, gc=False):
    """The largest size whose average cost stays within a level, None where `reason` says why.

    The level is `cost_bps` or, for event contracts also, `cost_cents` of the 1 USD payoff; the
    other is null. Read between two points of the curve on the chord of their money, which errs on
    the small side.
    """

    cost_bps: int | None
    qty: float | None
    cost_cents: float | None = None
    reason: str = ""


def capacity(
    picture: MarketPicture, qty_1e8: int, visible_1e8: int, fee_bps: float, priors: Priors
) -> tuple[tuple[CapacityPoint, ...], tuple[SizeAtCost, ...]]:
    """32 sizes, log-spaced from the smallest order to ten times `qty_1e8` or twice the books."""
    low, cents = least_order_1e8(picture), picture.cents_per_bp()
    high = max(10 * qty_1e8, 2 * visible_1e8, 2 * low)
    if picture.flat:
        law = impact_bps(picture, 1, priors) or 0.0
        floor = fee_bps + picture.half_bps
        sizes, (qtys, usds, filled), place = picture.curve(low, high, visible_1e8, floor, law)
        beyond = [False] * place + [True] * (POINTS - place)
        points = tuple(map(CapacityPoint, qtys, usds, filled, beyond))
        return points, sizes_at(sizes, filled, cents, picture.finest_1e8)
    return _bent(picture, low, high, visible_1e8, fee_bps, priors)


def least_order_1e8(picture: MarketPicture) -> int:
    """The smallest order that a venue which may be used takes at the price looked at."""
    active = picture.terms.active.tolist()
    usable = list(compress(picture.listings, active))
    touch = round(picture.mid * (1.0 + 1e-4 * picture.sign * picture.touch_bps))
    return least_qty_1e8(usable or picture.listings, touch)


def _bent(
    picture: MarketPicture, low: int, high: int, visible_1e8: int, fee_bps: float, priors: Priors
) -> tuple[tuple[CapacityPoint, ...], tuple[SizeAtCost, ...]]:
    """The curve where fees bend with the price, as those of event contracts do."""
    grid = np.rint(low * (high / low) ** STEPS).astype(np.int64)
    sizes: list[int] = grid.tolist()
    # What the books hold goes along in the same pass: all beyond it is reckoned from there.
    place = bisect_right(sizes, visible_1e8)
    sizes.insert(place, visible_1e8)
    costs = picture.averages(sizes)
    del sizes[place]
    whole = costs.pop(place)
    assert whole is not None, "the books hold what they show"
    known = costs.index(None) if None in costs else POINTS
    # An average never falls; its last digits, which would, are not shown.
    filled = list(accumulate(cast("list[float]", costs[:known]), max))
    if known < POINTS:
        held = visible_1e8, whole, picture.worst_bps()
        filled += _beyond(picture, sizes[known:], filled, held, fee_bps, priors)
    to_qty, to_usd = 1.0 / QTY_SCALE, picture.mid / PRICE_SCALE / QTY_SCALE
    beyond = [False] * place + [True] * (POINTS - place)
    qtys, usds = (grid * to_qty).tolist(), (grid * to_usd).tolist()
    points = tuple(map(CapacityPoint, qtys, usds, filled, beyond))
    return points, sizes_at(sizes, filled, picture.cents_per_bp(), picture.finest_1e8)


def beyond_bps(
    picture: MarketPicture,
    qty_1e8: int,
    visible: tuple[int, float, float],
    before: float,
    fee_bps: float,
    priors: Priors,
) -> float:
    """Cost of more than the books hold: what they hold, then their last price, or the law.

    `visible` is (all quantity, its average cost, cost of its last unit); `before` the cost of a
    smaller size, below which a larger one never is.
    """
    held, average, last = visible
    walked = (held * average + (qty_1e8 - held) * last) / qty_1e8
    law = impact_bps(picture, qty_1e8, priors)
    if law is not None:
        walked = max(walked, fee_bps + picture.half_bps + law)
    return max(before, walked)


def _beyond(
    picture: MarketPicture,
    sizes: Sequence[int],
    filled: Sequence[float],
    held: tuple[int, float, float],
    fee_bps: float,
    priors: Priors,
) -> list[float]:
    before = filled[-1] if filled else held[1]
    found: list[float] = []
    for size in sizes:
        before = beyond_bps(picture, size, held, before, fee_bps, priors)
        found.append(before)
    return found


def sizes_at(
    sizes: Sequence[int],
    costs: Sequence[float],
    cents_per_bp: float | None = None,
    lot_1e8: int = 1,
) -> tuple[SizeAtCost, ...]:
    """The largest sizes (1e-8) at each of COST_LEVELS_BPS, read off rising sizes and costs.

    With `cents_per_bp`, that of event contracts, also at each of COST_LEVELS_CENTS. All are
    multiples of `lot_1e8`, as the first of `sizes` is.
    """
    answers = []
    found = largest(sizes, costs, COST_LEVELS_BPS, lot_1e8)
    for level, qty in zip(COST_LEVELS_BPS, found, strict=True):
        if qty is not None:
            answers.append(SizeAtCost(level, qty))
        else:
            why = f"the smallest order costs {costs[0]:.1f} bps"
            answers.append(SizeAtCost(level, None, None, why))
    if cents_per_bp:
        levels = [cents / cents_per_bp for cents in COST_LEVELS_CENTS]
        found = largest(sizes, costs, levels, lot_1e8)
        for cents, qty in zip(COST_LEVELS_CENTS, found, strict=True):
            least = costs[0] * cents_per_bp
            why = "" if qty is not None else f"the smallest order costs {least:.2f} cents"
            answers.append(SizeAtCost(None, qty, cents, why))
    return tuple(answers)


def largest(
    sizes: Sequence[int], costs: Sequence[float], levels: Sequence[float], lot_1e8: int = 1
) -> list[float | None]:
    """The largest quantity on the lot whose average cost is at most each level in bps.

    None where no size's is.
    """
    found: list[float | None] = []
    count, end = len(costs), sizes[-1]
    for level in levels:
        above = bisect_right(costs, level)
        if above == 0:
            found.append(None)
        elif above == count:
            found.append((end - end % lot_1e8) / QTY_SCALE)
        else:
            q1, q2 = sizes[above - 1], sizes[above]
            m1 = costs[above - 1] * q1
            # m1 + slope (q - q1) = level q
            slope = (costs[above] * q2 - m1) / (q2 - q1) if q2 > q1 else level
            qty = (m1 - slope * q1) / (level - slope) if slope > level else float(q2)
            # Rounding alone leads out of the chord.
            inside = q1 if qty < q1 else q2
            within = int(qty if q1 <= qty <= q2 else inside)
            found.append((within - within % lot_1e8) / QTY_SCALE)
    return found
