"""The forecast: what an order would cost now, how bad it may get, where, and what waiting saves.

The scored variable is the all-in cost in bps of the whole quantity against the mid, fees in. The
book part is the router's own split, exact in integers; the spread around it is the stated prior
until forecasts have been scored (`sample_size` 0, `observed_coverage` null).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from engine.decisions.placeable import on_lot_1e8
from engine.decisions.policies.parameters import DEFAULT_PARAMETERS, PolicyParameters
from engine.errors import Reason
from engine.intelligence.capacity import (
    CapacityPoint,
    SizeAtCost,
    beyond_bps,
    capacity,
    least_order_1e8,
)
from engine.intelligence.distribution import LEVELS, CostDistribution, cold_spread_bps
from engine.intelligence.frontier import UrgencyTradeoff, frontier, tradeoff
from engine.intelligence.picture import MarketPicture, Sweep, VenueWalk
from engine.intelligence.priors import DEFAULT_PRIORS, Priors
from engine.intelligence.rest_plan import rest_plan
from engine.model.units import PRICE_SCALE, QTY_SCALE, format_qty

__all__ = [
    "MODEL_VERSION",
    "BookCost",
    "FillConfidence",
    "Forecast",
    "VenueCost",
    "forecast",
    "off_lot",
    "unplaced",
]

MODEL_VERSION: Final = "prior-2"
AT_ONCE: Final = (
    "taken at once, that and its P90 are a bound from below; an order that waits for books to "
    "refill can cost less"
)
NO_VOLUME: Final = (
    "no day's volume is known yet: beyond the books the curve is their last price and flattens, "
    "without the square-root law"
)
NO_TRADEOFF: Final = (
    "urgency_tradeoff: the books do not show all of it, so that there is no cost of taking it at "
    "once to hold more time against"
)
# Asked for once: a member of an enum takes as long as all the rest of a row.
NONE, SHORT, SMALL = Reason.NONE, Reason.NO_LIQUIDITY, Reason.BELOW_MINIMUM
# Why a venue that could fill all of it gets nothing.
ELSEWHERE: Final = "each part of the split is cheaper elsewhere"


class BookCost(msgspec.Struct, frozen=True, gc=False):
    """The sweep behind a forecast: quantity, exact money, and the parts of its cost in bps.

    `price_times_qty` is sum(price_1e9 x qty_1e8) as text, since it passes 64 bits. `avg_price_1e9`
    is the average price of the sweep. `book_cost_bps`, `fee_bps` and `latency_cost_bps` are the
    parts of its cost, + is a cost: price against the mid, fees, and what waiting for the wire
    costs. `half_spread_bps` and `walk_bps` are the way from mid to touch and from there on, never
    negative. `visible_qty_1e8` is all that the usable books show.
    """

    qty_1e8: int
    avg_price_1e9: int
    price_times_qty: str
    book_cost_bps: float
    fee_bps: float
    latency_cost_bps: float
    half_spread_bps: float
    walk_bps: float
    visible_qty_1e8: int


class FillConfidence(msgspec.Struct, frozen=True, gc=False):
    """Probability that all is filled at no more than `cost_bps`.

    `probability` is that, from 0 to 1.
    """

    cost_bps: float
    probability: float


class VenueCost(msgspec.Struct, frozen=True, gc=False):
    """The whole quantity on one venue alone, landed: book + fee + latency.

    Costs are null where the venue may not be used (`reason`) or shows nothing; where it shows less
    than the quantity they are those of `fillable_qty_1e8`. `share` is its part of the split.
    `landed_cost_bps` is the sum of the three; `book_cost_bps` is price against the mid;
    `latency_cost_bps` is the price of the way there and of a silent book. `fillable_qty_1e8` is
    what it shows of the quantity. Where `share` is 0, `reason` says why: even the cheapest venue
    for the whole gets nothing if each part of it is cheaper on some other.
    """

    venue: str
    landed_cost_bps: float | None
    book_cost_bps: float | None
    fee_bps: float | None
    latency_cost_bps: float | None
    fillable_qty_1e8: int
    share: float
    reason: str


class Forecast(msgspec.Struct, frozen=True, gc=False):
    """See the module; every number is null when `missing` says why it cannot be known.

    `expected_cost_bps` is the median, `downside_cost_bps` the 0.9-quantile. While nothing is
    learned the first is book + fee + latency of `book`, but where `at_least`: then median, mean
    and downside alike are bounds of taking it all at once, and an order that waits for books to
    refill can cost less. What is too small to be placed makes no bound: costs are then of the
    rest, as `missing` says. Latency is weighed as the urgency weighs it for routing. `beyond_books`
    is what the curve says past the visible books: `square_root_law`, or `lower_bound` while no
    day's volume is known.
    """

    mid: float | None
    expected_cost_bps: float | None
    mean_cost_bps: float | None
    downside_cost_bps: float | None
    at_least: bool
    completion_probability: float | None
    fill_confidence: tuple[FillConfidence, ...]
    capacity_curve: tuple[CapacityPoint, ...]
    size_at_cost: tuple[SizeAtCost, ...]
    venue_ranking: tuple[VenueCost, ...]
    urgency_tradeoff: UrgencyTradeoff | None
    expected_horizon_ms: int | None
    sigma_bps: float | None
    day_volume_1e8: int | None
    book: BookCost | None
    missing: tuple[str, ...]
    beyond_books: str = ""


def forecast(
    picture: MarketPicture,
    qty_1e8: int,
    priors: Priors = DEFAULT_PRIORS,
    parameters: PolicyParameters = DEFAULT_PARAMETERS,
) -> Forecast:
    """The forecast of an immediate order (policy sor) on the market that `picture` looked at.

    What is off the lot is left out, as no order may have it, and `missing` says so. `parameters`
    say where its passive part would rest on the frontier.
    """
    asked = qty_1e8
    if asked % picture.finest_1e8:
        qty_1e8 = on_lot_1e8(picture.listings, asked) or asked
    alone = picture.venues_alone(qty_1e8)
    total = 0
    for (shown, _), on in zip(alone, picture.terms.active.tolist(), strict=True):
        total += shown if on else 0
    if picture.mid_x2 is None or not total:
        return _nothing(picture)
    swept = picture.sweep(qty_1e8)
    ranking = rank_venues(picture, qty_1e8, alone, swept)
    if not swept.qty_1e8:
        return _nothing(picture, ranking, unplaced(picture, asked, swept))
    curve, sizes = capacity(picture, qty_1e8, total, swept.fee_bps, priors)
    walk = max(0.0, swept.book_bps - picture.touch_bps)
    missing = left_out(ranking)
    if asked != qty_1e8:
        missing = (*off_lot(picture, asked), *missing)
    expected, short = swept.cost_bps, swept.qty_1e8 < qty_1e8
    at_least = short and not too_small(picture, qty_1e8, swept)
    if short:
        missing = (*why_short(picture, qty_1e8, total, swept), *missing)
    if at_least and qty_1e8 > total:
        held = total, swept.cost_bps, picture.worst_bps()
        expected = beyond_bps(picture, qty_1e8, held, expected, swept.fee_bps, priors)
    spread = cold_spread_bps(picture.sigma_bps, swept.latency_s, 0.0, walk, priors.refill)
    costs = CostDistribution(expected, spread)
    complete = None if short else completion(picture, swept)
    rest = rest_plan(picture, qty_1e8, picture.urgency, parameters, priors)
    made = frontier(picture, qty_1e8, swept.fee_bps, rest, priors)
    return Forecast(
        picture.mid / PRICE_SCALE,
        expected,
        costs.mean_bps,
        costs.quantile(0.90),
        at_least,
        complete,
        () if complete is None else confidence(costs, complete),
        curve,
        sizes,
        ranking,
        None if made is None else tradeoff(*made, priors),
        round_trip_ms(picture, swept),
        picture.sigma_bps,
        picture.day_volume_1e8,
        BookCost(
            swept.qty_1e8,
            round(swept.price_times_qty / swept.qty_1e8),
            str(swept.price_times_qty),
            swept.book_bps,
            swept.fee_bps,
            swept.latency_bps,
            picture.half_bps,
            walk,
            total,
        ),
        missing if made is not None else (*missing, NO_TRADEOFF),
        "square_root_law" if picture.day_volume_1e8 else "lower_bound",
    )


def confidence(costs: CostDistribution, complete: float) -> tuple[FillConfidence, ...]:
    """P(all filled and cost at most c) at each quantile of the cost; its ceiling is P(filled)."""
    chances = [level * complete for level in LEVELS]
    return tuple(map(FillConfidence, costs.quantiles(), chances))


def completion(picture: MarketPicture, swept: Sweep) -> float:
    """Probability that a sweep fills whole: each leg gets a second try within the horizon."""
    complete = 1.0
    for leg in swept.legs:
        complete *= 1.0 - picture.observations.miss_rate(leg[0]) ** 2
    return complete


def round_trip_ms(picture: MarketPicture, swept: Sweep) -> int:
    """How long until the slowest leg has answered: there and back."""
    latency = picture.observations.latency_ns
    return max(2 * latency[leg[0]] for leg in swept.legs) // 1_000_000


def rank_venues(
    picture: MarketPicture, qty_1e8: int, alone: Sequence[VenueWalk], swept: Sweep
) -> tuple[VenueCost, ...]:
    """Every venue for the whole quantity alone, cheapest first; who cannot fill it comes after."""
    shares = {leg[0]: leg[1] / swept.qty_1e8 for leg in swept.legs}
    reasons, active = picture.terms.reasons, picture.terms.active.tolist()
    constants, mid = picture.terms.constants, picture.mid
    rows: list[tuple[int, float, int, VenueCost]] = []
    for v, one in enumerate(picture.listings):
        visible, book = alone[v]
        if book is None or not active[v]:
            reason = reasons[v] if reasons[v] is not NONE else SHORT
            empty = VenueCost(one.venue, None, None, None, None, 0, 0.0, reason)
            rows.append((2, 0.0, v, empty))
            continue
        qty = min(qty_1e8, visible)
        average = mid * (1.0 + picture.sign * book * 1e-4)
        fee, late = picture.venue_fee_bps(v, average), 1e4 * constants[v] / mid
        landed = book + fee + late
        short = qty < qty_1e8
        why: str = SHORT if short else NONE
        share = shares.get(v, 0.0)
        if not share and not short:
            small = qty < one.qty_min_1e8 or qty * average < one.notional_min_1e9 * QTY_SCALE
            why = SMALL if small else ELSEWHERE
        cost = VenueCost(one.venue, landed, book, fee, late, qty, share, why)
        rows.append((1 if short else 0, landed, v, cost))
    rows.sort()
    return tuple([row[3] for row in rows])


def left_out(ranking: Sequence[VenueCost]) -> tuple[str, ...]:
    """The venues that an answer is without, each with its reason."""
    if not ranking or ranking[-1].landed_cost_bps is not None:
        return ()
    return tuple([f"{one.venue}: {one.reason}" for one in ranking if one.landed_cost_bps is None])


def unplaced(picture: MarketPicture, qty_1e8: int, swept: Sweep) -> str:
    """Why not all of a quantity can be priced."""
    if too_small(picture, qty_1e8, swept):
        left = format_qty(qty_1e8 - swept.qty_1e8)
        least = format_qty(least_order_1e8(picture))
        return f"{left} is below the smallest order of every venue ({least}) and cannot be placed"
    return f"the books show only {format_qty(swept.qty_1e8)} of {format_qty(qty_1e8)}"


def why_short(
    picture: MarketPicture, qty_1e8: int, visible_1e8: int, swept: Sweep
) -> tuple[str, ...]:
    """Why a sweep does not place all, and what its costs are then worth."""
    why = unplaced(picture, qty_1e8, swept)
    if too_small(picture, qty_1e8, swept):
        return (f"{why}: costs are of the other {format_qty(swept.qty_1e8)}",)
    why = f"{why}: {AT_ONCE}"
    unknown = qty_1e8 > visible_1e8 and not picture.day_volume_1e8
    return (why, NO_VOLUME) if unknown else (why,)


def too_small(picture: MarketPicture, qty_1e8: int, swept: Sweep) -> bool:
    """Whether what a sweep leaves over is no order, rather than more than the books show."""
    left = qty_1e8 - swept.qty_1e8
    return swept.reason is Reason.BELOW_MINIMUM or left < picture.finest_1e8


def off_lot(picture: MarketPicture, asked_1e8: int) -> tuple[str, ...]:
    """That a part of what was asked for is off the lot and left out; nothing where none is."""
    usable = on_lot_1e8(picture.listings, asked_1e8)
    if not 0 < usable < asked_1e8:
        return ()
    left, lot = format_qty(asked_1e8 - usable), format_qty(picture.finest_1e8)
    return (f"{left} is off the lot of {lot} and is left out: an order must be a multiple of it",)


def _nothing(
    picture: MarketPicture,
    ranking: tuple[VenueCost, ...] | None = None,
    why: str = "",
) -> Forecast:
    """A forecast without numbers, which says what is missing."""
    mid = None if not picture.mid_x2 else picture.mid_x2 / 2 / PRICE_SCALE
    if ranking is None:
        nobody = Sweep(1, 0, 0, 0.0, 0.0, 0.0, 0.0, (), Reason.NONE)
        ranking = rank_venues(picture, 1, [(0, None)] * len(picture.listings), nobody)
    side = "bids" if picture.side else "asks"
    if not why:
        if mid is None:
            why = "no healthy venue shows both a bid and an ask, so that there is no mid"
        else:
            why = f"no venue that may be used shows {side}"
    missing = (why, *left_out(ranking))
    return Forecast(
        mid,
        None,
        None,
        None,
        False,
        None,
        (),
        (),
        (),
        ranking,
        None,
        None,
        None,
        None,
        None,
        missing,
    )
