"""The capacity curve: what sizes cost at once, exact to the end of the books, bounded beyond."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Final, cast

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine.intelligence.frontier import impact_bps
from engine.intelligence.picture import CURVE_POINTS, MarketPicture
from engine.intelligence.priors import Priors
from engine.model.units import PRICE_SCALE, QTY_SCALE

__all__ = [
    "COST_LEVELS_BPS",
    "POINTS",
    "CapacityPoint",
    "SizeAtCost",
    "beyond_bps",
    "capacity",
    "sizes_at",
]

POINTS: Final = CURVE_POINTS
COST_LEVELS_BPS: Final = (5, 10, 25, 50)
STEPS: Final[NDArray[np.float64]] = np.arange(POINTS) / (POINTS - 1)


class CapacityPoint(msgspec.Struct, frozen=True, gc=False):
    """All-in average cost of sweeping `qty` at once.

    `at_least` marks sizes beyond the visible books: a lower bound where no volume is known, the
    square-root law's estimate where it is.
    """

    qty: float
    notional_usd: float
    cost_bps: float
    at_least: bool


class SizeAtCost(msgspec.Struct, frozen=True, gc=False):
    """The largest size whose average cost stays within `cost_bps`, None when none does.

    Read between two points of the curve on the chord of their money, which errs on the small side.
    """

    cost_bps: int
    qty: float | None


def capacity(
    picture: MarketPicture, qty_1e8: int, visible_1e8: int, fee_bps: float, priors: Priors
) -> tuple[tuple[CapacityPoint, ...], tuple[SizeAtCost, ...]]:
    """32 sizes, log-spaced from the smallest order to ten times `qty_1e8` or twice the books."""
    low = picture.lot_1e8
    high = max(10 * qty_1e8, 2 * visible_1e8, 2 * low)
    if picture.flat:
        law = impact_bps(picture, 1, priors) or 0.0
        last, floor = picture.worst_bps(), fee_bps + picture.half_bps
        sizes, (qtys, usds, filled), place = picture.curve(low, high, visible_1e8, last, floor, law)
        beyond = [False] * place + [True] * (POINTS - place)
        return tuple(map(CapacityPoint, qtys, usds, filled, beyond)), sizes_at(sizes, filled)
    return _bent(picture, low, high, visible_1e8, fee_bps, priors)


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
    filled = cast("list[float]", costs[:known])
    if known < POINTS:
        held = visible_1e8, whole, picture.worst_bps()
        filled += _beyond(picture, sizes[known:], filled, held, fee_bps, priors)
    to_qty, to_usd = 1.0 / QTY_SCALE, picture.mid / PRICE_SCALE / QTY_SCALE
    beyond = [False] * place + [True] * (POINTS - place)
    qtys, usds = (grid * to_qty).tolist(), (grid * to_usd).tolist()
    points = tuple(map(CapacityPoint, qtys, usds, filled, beyond))
    return points, sizes_at(sizes, filled)


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


def sizes_at(sizes: Sequence[int], costs: Sequence[float]) -> tuple[SizeAtCost, ...]:
    """The largest sizes (1e-8) at each of COST_LEVELS_BPS, read off rising sizes and costs."""
    answers = []
    for level in COST_LEVELS_BPS:
        # The average never falls with size, but for the noise of its last digits.
        above = bisect_right(costs, level)
        if above == 0:
            answers.append(SizeAtCost(level, None))
        elif above == len(costs):
            answers.append(SizeAtCost(level, sizes[-1] / QTY_SCALE))
        else:
            q1, q2 = sizes[above - 1], sizes[above]
            m1, m2 = costs[above - 1] * q1, costs[above] * q2
            # m1 + slope (q - q1) = level q
            slope = (m2 - m1) / (q2 - q1) if q2 > q1 else float(level + 1)
            qty = (m1 - slope * q1) / (level - slope) if slope > level else float(q2)
            answers.append(SizeAtCost(level, min(max(qty, q1), q2) / QTY_SCALE))
    return tuple(answers)
