"""Answers about the NO side of an event contract, made from those about YES.

NO at p is the other side of YES at 1 - p, so money is the same on both sides, and so are cents of
the payoff. What differs are prices, which are mirrored, and bps, which are of another mid: a cost
of c bps of m is c m / (1 - m) bps of 1 - m.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Protocol, TypeVar

import msgspec

from engine.intelligence.benchmarks import Print
from engine.intelligence.capacity import CapacityPoint, SizeAtCost, sizes_at
from engine.intelligence.forecast import BookCost
from engine.model.mirror import PAYOFF_1E9, mirror_price
from engine.model.units import PRICE_SCALE, QTY_SCALE, Side, parse_side
from engine.service.api_error import ApiError, ErrorCode
from engine.service.intelligence.facts import OrderFacts
from engine.service.intelligence.views import (
    DecisionView,
    ForecastView,
    LiveView,
    Review,
    SimulationView,
)
from engine.service.scenario.views import SimulationJob

__all__ = [
    "OtherSideHistory",
    "PriceHistory",
    "checked_side",
    "decision_of_no",
    "facts_of_no",
    "forecast_of_no",
    "job_of_no",
    "mirror_mid",
    "mirror_x2",
    "named",
    "other",
    "ratio",
    "review_of_no",
    "scaled_bps",
    "simulation_of_no",
]

V = TypeVar("V")
W = TypeVar("W", DecisionView, LiveView, Review)
PAYOFF_X2: Final = 2 * PAYOFF_1E9
# Prices have nine decimals and a mid one more.
DIGITS: Final = 10
OTHER_LEVELS: Final = {"shows asks": "shows bids", "shows bids": "shows asks"}


class PriceHistory(Protocol):
    """What was seen of prices over time."""

    def mid_x2_at(self, symbol: str, when_ns: int) -> int | None:
        """Twice the mid at a time."""
        ...

    def mean_x2(self, symbol: str, from_ns: int, to_ns: int) -> float | None:
        """Time average of twice the mid."""
        ...

    def prints(self, symbol: str, from_ns: int, to_ns: int) -> tuple[list[Print], str]:
        """Public trades from a time on, or why those until `to_ns` are not all known."""
        ...


class OtherSideHistory:
    """A history as the NO side sees it."""

    def __init__(self, of: PriceHistory) -> None:
        self._of = of

    def mid_x2_at(self, symbol: str, when_ns: int) -> int | None:
        """Twice the mid at a time."""
        found = self._of.mid_x2_at(symbol, when_ns)
        return None if found is None else PAYOFF_X2 - found

    def mean_x2(self, symbol: str, from_ns: int, to_ns: int) -> float | None:
        """Time average of twice the mid."""
        found = self._of.mean_x2(symbol, from_ns, to_ns)
        return None if found is None else PAYOFF_X2 - found

    def prints(self, symbol: str, from_ns: int, to_ns: int) -> tuple[list[Print], str]:
        """Public trades at the other side's prices."""
        found, why = self._of.prints(symbol, from_ns, to_ns)
        return [Print(one.at_ns, mirror_price(one.price_1e9), one.qty_1e8) for one in found], why


def checked_side(side: Side | str) -> Side:
    """The side; ApiError for what is none."""
    if isinstance(side, Side):
        return side
    try:
        return parse_side(side)
    except ValueError as error:
        raise ApiError(ErrorCode.INVALID_PARAMS, str(error), [("side", str(error))]) from None


def other(side: Side) -> Side:
    """The other side."""
    return Side.SELL if side is Side.BUY else Side.BUY


def mirror_x2(mid_x2: int | None) -> int:
    """Twice a mid as the other side has it; 0 stays unknown."""
    return PAYOFF_X2 - mid_x2 if mid_x2 else 0


def mirror_mid(mid: float | None) -> float | None:
    """A mid in USD as the other side has it."""
    return None if mid is None else round(1.0 - mid, DIGITS)


def ratio(mid: float | None) -> float:
    """By what bps of a mid in USD become bps of the other side's; 1 where there is no mid."""
    return mid / (1.0 - mid) if mid is not None and 0.0 < mid < 1.0 else 1.0


def scaled_bps(value: V, factor: float) -> V:
    """A struct, and all inside it, with every number whose name ends on `_bps` scaled."""
    found: Any = value
    if isinstance(found, tuple):
        found = tuple(scaled_bps(one, factor) for one in found)
    elif isinstance(found, msgspec.Struct) and not isinstance(found, SizeAtCost):
        changed: dict[str, Any] = {}
        for name in found.__struct_fields__:
            held = getattr(found, name)
            if isinstance(held, float) and name.endswith("_bps"):
                changed[name] = held * factor
            elif isinstance(held, tuple | msgspec.Struct):
                changed[name] = scaled_bps(held, factor)
        found = msgspec.structs.replace(found, **changed)
    result: V = found
    return result


def forecast_of_no(view: ForecastView, given: str, side: Side, lot_1e8: int = 1) -> ForecastView:
    """The forecast of `side` of NO, from that of the other side of YES."""
    mid = view.mid
    made = scaled_bps(view, ratio(mid))
    curve = made.capacity_curve
    if mid is not None:
        rest = 1.0 - mid
        curve = tuple(
            CapacityPoint(one.qty, one.qty * rest, one.cost_bps, one.at_least) for one in curve
        )
    return msgspec.structs.replace(
        made,
        symbol=given,
        side=side.text,
        mid=mirror_mid(mid),
        capacity_curve=curve,
        # Largest sizes at so many bps of this side's mid are other sizes.
        size_at_cost=_sizes(curve, mirror_mid(mid), lot_1e8) if curve else (),
        book=None if made.book is None else _book(made.book),
        missing=tuple(_swapped(text) for text in made.missing),
    )


def simulation_of_no(
    view: SimulationView, given: str, side: Side, max_cost_bps: float | None = None
) -> SimulationView:
    """The simulation of `side` of NO; the cost filter is in bps of its own mid."""
    made = scaled_bps(view, ratio(view.mid))
    kept, dropped = [], dict(made.dropped)
    for one in made.strategies:
        if max_cost_bps is not None and one.est_cost_bps is None:
            dropped[one.name] = f"max_cost_bps: {one.reason}"
        elif max_cost_bps is not None and (one.est_cost_bps or 0.0) > max_cost_bps:
            dropped[one.name] = f"max_cost_bps: it costs {one.est_cost_bps:.3f}"
        else:
            kept.append(one)
    gone = {one.reason for one in made.strategies} - {one.reason for one in kept}
    return msgspec.structs.replace(
        made,
        symbol=given,
        side=side.text,
        mid=mirror_mid(view.mid),
        strategies=tuple(kept),
        dropped=dropped,
        missing=tuple(text for text in view.missing if text not in gone),
    )


def job_of_no(view: SimulationJob, given: str) -> SimulationJob:
    """A simulation in seeded markets of YES, as the client who asked for NO is told of it.

    Who buys YES there sells NO, so that the others' trades change sides too.
    """
    factor = ratio(view.mid)
    made = scaled_bps(view, factor)
    strategies = tuple(
        msgspec.structs.replace(
            one,
            p50=None if one.p50 is None else one.p50 * factor,
            p90=None if one.p90 is None else one.p90 * factor,
            reason=_swapped(one.reason),
        )
        for one in made.strategies
    )
    flow = tuple(
        msgspec.structs.replace(one, buys_per_s=one.sells_per_s, sells_per_s=one.buys_per_s)
        for one in view.flow
    )
    return msgspec.structs.replace(
        made,
        symbol=given,
        side=other(parse_side(view.side)).text,
        mid=mirror_mid(view.mid),
        strategies=strategies,
        flow=flow,
        reason=_swapped(view.reason),
    )


def facts_of_no(facts: OrderFacts) -> OrderFacts:
    """What is recorded of an order as its client gave it; the symbol stays the engine's."""
    fee = facts.expected_fee_bps
    arrival = facts.arrival_x2
    return msgspec.structs.replace(
        facts,
        row=msgspec.structs.replace(facts.row, side=other(facts.row.side)),
        fills=[
            msgspec.structs.replace(
                one,
                side=other(one.side),
                price_1e9=mirror_price(one.price_1e9),
                mid_1e9=mirror_price(one.mid_1e9) if one.mid_1e9 else 0,
                touch_1e9=mirror_price(one.touch_1e9) if one.touch_1e9 else 0,
            )
            for one in facts.fills
        ],
        children=[
            msgspec.structs.replace(
                one, side=other(one.side), limit_price_1e9=mirror_price(one.limit_price_1e9)
            )
            for one in facts.children
        ],
        arrival_x2=mirror_x2(arrival),
        expected_fee_bps=None if fee is None else fee * ratio(arrival / 2 / PRICE_SCALE),
    )


def decision_of_no(view: DecisionView) -> DecisionView:
    """A decision in the terms of the order as it was given."""
    made = scaled_bps(view, ratio(view.mid))
    legs = tuple(
        msgspec.structs.replace(one, limit_price_1e9=mirror_price(one.limit_price_1e9))
        for one in made.legs
    )
    side = "sell" if view.side == "buy" else "buy"
    # The sentence quotes the first unit's cost.
    why = view.why
    taken = [
        (before.score_bps, after.score_bps)
        for before, after in zip(view.candidates, made.candidates, strict=True)
        if before.taken_qty_1e8 and before.score_bps is not None and after.score_bps is not None
    ]
    if taken:
        before, after = min(taken)
        why = why.replace(f"{before:.2f} bps", f"{after:.2f} bps")
    return msgspec.structs.replace(made, side=side, mid=mirror_mid(view.mid), legs=legs, why=why)


def review_of_no(review: Review) -> Review:
    """The last that is not mirrored yet of a review whose facts were."""
    limit = review.order.limit_price_1e9
    order = msgspec.structs.replace(
        review.order, limit_price_1e9=None if limit is None else mirror_price(limit)
    )
    decisions = tuple(decision_of_no(one) for one in review.decisions)
    return msgspec.structs.replace(review, order=order, decisions=decisions)


def named(view: W, symbol: str) -> W:
    """The answer with the symbol as its client wrote it."""
    if isinstance(view, Review):
        order = msgspec.structs.replace(view.order, symbol=symbol)
        decisions = tuple(named(one, symbol) for one in view.decisions)
        return msgspec.structs.replace(view, order=order, decisions=decisions)
    return msgspec.structs.replace(view, symbol=symbol)


def _sizes(
    curve: Sequence[CapacityPoint], mid: float | None, lot_1e8: int
) -> tuple[SizeAtCost, ...]:
    sizes = [round(one.qty * QTY_SCALE) for one in curve]
    # A bp of a mid in USD is so many cents of the payoff.
    cents = None if mid is None else 1e-2 * mid
    return sizes_at(sizes, [one.cost_bps for one in curve], cents, lot_1e8)


def _book(book: BookCost) -> BookCost:
    money = PAYOFF_1E9 * book.qty_1e8 - int(book.price_times_qty)
    return msgspec.structs.replace(
        book, avg_price_1e9=round(money / book.qty_1e8), price_times_qty=str(money)
    )


def _swapped(text: str) -> str:
    """Bids of YES are asks of NO."""
    for ours, theirs in OTHER_LEVELS.items():
        if text.endswith(ours):
            return text.removesuffix(ours) + theirs
    return text
