"""The split done slowly and obviously: every level as an exact fraction, one sorted list."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from engine.decisions.split import SplitPlan
from engine.model.instruments import Listing
from engine.model.units import PPM, PRICE_SCALE

Levels = Sequence[tuple[int, int]]


def landed(listing: Listing, side: int, price: int, constant: int) -> Fraction:
    """Signed landed price in 1e-9, exact: lower is better for both sides."""
    assert listing.fees is not None
    sign = 1 - 2 * side
    rate = Fraction(listing.fees.taker_ppm, PPM)
    if listing.fees.quadratic:
        share = Fraction(price, PRICE_SCALE)
        fee: Fraction = rate * (share * (1 - share)) ** listing.fees.exponent * PRICE_SCALE
    else:
        fee = rate * price
    return Fraction(sign * price + constant) + fee


def slow_split(
    listings: Sequence[Listing],
    books: Sequence[Levels],
    side: int,
    qty: int,
    worst: int | None = None,
    constants: Sequence[int] = (),
    in_flight: Sequence[int] = (),
) -> dict[int, tuple[int, int, int]]:
    """Venue -> (quantity, worst price, sum of price x quantity). `books[v]`: levels, best first."""
    sign = 1 - 2 * side
    entries = []
    for v, levels in enumerate(books):
        away = in_flight[v] if in_flight else 0
        constant = constants[v] if constants else 0
        for price, level_qty in levels:
            gone = min(away, level_qty)
            away -= gone
            if worst is not None and sign * price > sign * worst:
                break
            if level_qty > gone:
                key = landed(listings[v], side, price, constant)
                entries.append((key, sign * price, v, level_qty - gone))
    legs: dict[int, tuple[int, int, int]] = {}
    for _, signed, v, level_qty in sorted(entries):
        part = min(level_qty, qty)
        if not part:
            break
        price = signed * sign
        held, _, money = legs.get(v, (0, 0, 0))
        legs[v] = (held + part, price, money + price * part)
        qty -= part
    return legs


def legs_of(plan: SplitPlan) -> dict[int, tuple[int, int, int]]:
    """A plan in the form that `slow_split` returns."""
    return {
        leg.venue_index: (leg.qty_1e8, leg.worst_planned_1e9, leg.price_times_qty)
        for leg in plan.legs
    }
