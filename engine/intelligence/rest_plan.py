"""Where a resting order would stand by the router's own choice, what it earns, when it fills.

The price is that of the peg, the venues those of `Posts`: the same two functions that orders are
posted by, on the terms of a picture.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import sqrt
from typing import TYPE_CHECKING, Final

import msgspec

from engine.decisions.market import NO_ASK, NO_BID
from engine.decisions.policies.parameters import PolicyParameters
from engine.decisions.policies.pegging import inside_spread
from engine.errors import Reason
from engine.intelligence.fill_chance import FillOdds, Lane
from engine.intelligence.learned.fill_hazard import FillHazard
from engine.intelligence.priors import Priors
from engine.model.units import Side, round_passive

if TYPE_CHECKING:
    from engine.intelligence.picture import MarketPicture

__all__ = ["Hazards", "RestPlan", "rest_plan", "trade_rate_1e8"]

Hazards = Callable[[int, int], tuple[FillHazard, float] | None]
"""(venue index, side) -> what was learned of resting there, and what a second takes in 1e-8."""

DAY_S: Final = 86_400.0
NS: Final = 1e-9
SIDES: Final = (Side.BUY, Side.SELL)
# The far side's levels that count as near its touch.
NEAR_LEVELS: Final = 10
DEEPEST: Final = 2 * NEAR_LEVELS - 2
# A tape counts as if it had begun with so many quiet seconds: few seconds say little.
TAPE_SHRINK_S: Final = 10.0
# Our orders rest on one side, half of all trades are against it.
OUR_HALF: Final = 0.5
NOWHERE: Final = FillOdds(0.0, 0.0, 0.0, 0.0, 0.0, 1.0)


class RestPlan(msgspec.Struct, frozen=True, gc=False):
    """A resting order: venue indices (none where nothing can rest, `reason`), its cost, its odds.

    `filled_bps` is what it costs in bps of the mid once it has filled: its venues' maker fee, less
    the distance of its price from the mid, plus the adverse selection, a share of the half-spread
    but no more than the price moves while a book refills: where ticks are wide the spread is that
    of the grid, and no fill tells so much.
    What a price is worse than the best touch is not counted as gained: it only fills once the
    market has moved there.
    """

    venues: tuple[int, ...]
    maker_bps: float
    filled_bps: float
    odds: FillOdds
    reason: Reason = Reason.NONE


def rest_plan(
    picture: MarketPicture, qty_1e8: int, rank: int, parameters: PolicyParameters, priors: Priors
) -> RestPlan:
    """The plan of posting `qty_1e8` now at urgency `rank`, on a picture that has a mid."""
    side, sign, tick = SIDES[picture.side], picture.sign, picture.tick_1e9
    own, far = touches(picture)
    if own is None:
        return RestPlan((), 0.0, 0.0, NOWHERE, Reason.NO_LIQUIDITY)
    price = own
    if far is not None:
        if parameters.post_inside[rank]:
            price = inside_spread(side, own, far, tick)
        if sign * (far - price) < tick:
            price = far - sign * tick
    price = round_passive(price, tick, side)
    most, reasons = parameters.post_venues_max[rank], picture.terms.reasons
    choice = picture.posts.spread(side, qty_1e8, price, most, reasons)
    places = choice.places
    if not places:
        return RestPlan((), 0.0, 0.0, NOWHERE, choice.reason)
    return placed(picture, places, qty_1e8 - choice.unplaced_qty_1e8, far, priors)


def placed(
    picture: MarketPicture,
    places: Sequence[tuple[int, int, int]],
    posted_1e8: int,
    far: int | None,
    priors: Priors,
) -> RestPlan:
    """What resting at these places (venue, quantity, price) earns, and its odds."""
    market, books, hazards, side = picture.market, picture.books, picture.hazards, picture.side
    owns, fars, none = market.best_bid, market.best_ask, NO_ASK
    if side:
        owns, fars, none = fars, owns, NO_BID
    maker = gained = reach = 0.0
    ahead = depth = 0
    half, mid, unit = picture.half_bps, picture.mid, 1e4 * picture.sign / picture.mid
    lanes: list[Lane] | None = None
    # Books are read from their cells: a list of levels costs more than all the rest.
    cells, others, step = market.cells, books.cells, 2 * (market.depth + 1)
    for v, qty, at in places:
        share, other = qty / posted_1e8, fars[v]
        if other == none:
            other = at if far is None else far
        maker += share * picture.venue_fee_bps(v, at, maker=True)
        gain, way = unit * (mid - at), unit * (other - at)
        gained += share * min(gain, half)
        if way > 0.0:
            reach += share * way
        queue = 0
        if unit * (owns[v] - at) >= 0.0:
            base = (2 * v + side) * step
            queue = cells[base + 2 * cells[base] + 1]
        ahead += queue
        # Levels stand worst first, price and quantity in turn, after the row that counts them.
        base = (2 * v + 1 - side) * step
        last = base + 2 * others[base] + 1
        depth += sum(others[max(last - DEEPEST, base + 3) : last + 1 : 2])
        seen = None if hazards is None else hazards(v, side)
        if seen is not None and seen[1] > 0.0:
            lanes = lanes or []
            lanes.append(lane(picture, v, at, share, queue, seen))
    rate, sigma = trade_rate_1e8(picture), picture.sigma_bps
    learned = () if lanes is None else tuple(lanes)
    lump = mean_trade_1e8(picture)
    odds = FillOdds(reach, sigma, ahead, depth, rate, priors.slice_s, learned, lump)
    venues = tuple([place[0] for place in places])
    told = priors.cleanup_drift * sigma * sqrt(priors.slice_s)
    adverse = min(priors.adverse_share * half, told)
    return RestPlan(venues, maker, maker - gained + adverse, odds)


def touches(picture: MarketPicture) -> tuple[int | None, int | None]:
    """Own and far touch as the policy sees them: of all venues, or of the one it is bound to."""
    market, side = picture.market, picture.side
    if picture.only is None:
        return market.best(side), market.best(1 - side)
    v = picture.only
    if not market.usable(v):
        return None, None
    bid, ask = market.best_bid[v], market.best_ask[v]
    pair = None if bid == NO_BID else bid, None if ask == NO_ASK else ask
    return (pair[1], pair[0]) if side else pair


def trade_rate_1e8(picture: MarketPicture) -> float:
    """What trades against our side in a second: by the day's volume, else by the tape so far."""
    volume, tape = picture.day_volume_1e8, picture.tape
    if volume:
        return OUR_HALF * volume / DAY_S
    seconds = (picture.now_ns - tape.began_ns) * NS
    if not tape.began_ns or seconds <= 0.0:
        return 0.0
    return OUR_HALF * tape.traded_by(picture.now_ns) / (seconds + TAPE_SHRINK_S)


def mean_trade_1e8(picture: MarketPicture) -> float:
    """Mean quantity of a public print; 0 where none was seen."""
    tape = picture.tape
    prints = 0
    for ring in tape.rings.values():
        prints += ring.count
    return tape.traded_1e8 / prints if prints else 0.0


def lane(
    picture: MarketPicture,
    venue: int,
    at: int,
    share: float,
    queue: int,
    seen: tuple[FillHazard, float],
) -> Lane:
    """The circumstances of resting at a price on a venue, as its hazard learned them."""
    market, side, unit = picture.market, picture.side, 1e4 / picture.mid
    cells, step = market.cells, 2 * (market.depth + 1)
    base, other = (2 * venue + side) * step, (2 * venue + 1 - side) * step
    # The best level is the last one; without one its cells are those of the count.
    best, far = base + 2 * cells[base], other + 2 * cells[other]
    size, far_size = (cells[best + 1] if best > base else 0), (cells[far + 1] if far > other else 0)
    away = spread = 0.0
    if best > base:
        away = picture.sign * (cells[best] - at) * unit
    if far > other:
        # In front of the venue's touch ours is the touch.
        front = cells[best] if best > base and away > 0.0 else at
        spread = abs(cells[far] - front) * unit
    total = size + far_size
    imbalance = (size - far_size) / total if total else 0.0
    return Lane(share, queue, seen[1], spread, imbalance, max(away, 0.0), seen[0])
