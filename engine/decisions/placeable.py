"""Whether any venue could ever take an order of this size and price, and the least that one would.

Submissions and amendments ask before anything happens: an order below every minimum would work
for good and never reach a book.
"""

from __future__ import annotations

from collections.abc import Sequence

from engine.decisions.market import MarketBlock
from engine.decisions.market_facts import taken_touch_1e9
from engine.decisions.risk import Denial
from engine.errors import Reason
from engine.model.instruments import Listing
from engine.model.units import (
    QTY_SCALE,
    Side,
    ceil_to,
    divide_up,
    floor_to,
    format_price,
    format_qty,
    notional_1e9,
    snap,
)

__all__ = [
    "best_price_1e9",
    "finest_lot_1e8",
    "least_qty_1e8",
    "off_lot_text",
    "on_lot_1e8",
    "price_bound_fault",
    "size_denial",
]


def size_denial(listings: Sequence[Listing], qty_1e8: int, price_1e9: int) -> Denial | None:
    """BELOW_MINIMUM with the least that would do, None where one of the venues takes the order.

    `price_1e9` is the best price that the order can be worth; 0 (unknown) leaves money out.
    """
    for one in listings:
        on_lot = qty_1e8 - qty_1e8 % one.lot_1e8
        if on_lot >= one.qty_min_1e8:
            least = one.notional_min_1e9
            if not price_1e9 or not least or notional_1e9(price_1e9, on_lot) >= least:
                return None
    least_qty = least_qty_1e8(listings, price_1e9)
    text = f"{format_qty(qty_1e8)} is below the minimum of every venue that it may go to"
    text = f"{text}; the least is {format_qty(least_qty)}"
    if price_1e9:
        text = f"{text} at {format_price(price_1e9)}"
    return Denial(Reason.BELOW_MINIMUM, text)


def least_qty_1e8(listings: Sequence[Listing], price_1e9: int) -> int:
    """The smallest quantity that one of the venues takes at this price (0: whatever the price)."""
    found = []
    for one in listings:
        least = ceil_to(one.qty_min_1e8, one.lot_1e8)
        if price_1e9 and one.notional_min_1e9:
            money = divide_up(one.notional_min_1e9 * QTY_SCALE, price_1e9)
            least = max(least, ceil_to(money, one.lot_1e8))
        found.append(least)
    return min(found)


def finest_lot_1e8(listings: Sequence[Listing]) -> int:
    """The step of an instrument's quantities: the finest of its venues."""
    return min([one.lot_1e8 for one in listings])


def on_lot_1e8(listings: Sequence[Listing], qty_1e8: int) -> int:
    """The most of a quantity that a submission would be taken for; 0 for less than a lot.

    One unit beside the lot is mended, as it is when orders are submitted; the rest is rounded down.
    """
    lot = finest_lot_1e8(listings)
    snapped = snap(qty_1e8, lot)
    return floor_to(qty_1e8, lot) if snapped is None else snapped


def off_lot_text(listings: Sequence[Listing], qty_1e8: int, price_1e9: int) -> str:
    """What is wrong with a quantity off the lot, and the nearest that orders can have.

    Where one of these is too small to be an order it is the smallest order at this price
    (0: unknown) instead.
    """
    lot = finest_lot_1e8(listings)
    low, high = floor_to(qty_1e8, lot), ceil_to(qty_1e8, lot)
    least = least_qty_1e8(listings, price_1e9)
    text = f"{format_qty(qty_1e8)} is off the lot of {format_qty(lot)}"
    if low >= least:
        return f"{text}; nearest are {format_qty(low)} or {format_qty(high)}"
    text = f"{text}; the smallest order is {format_qty(least)}"
    return f"{text} at {format_price(price_1e9)}" if price_1e9 else text


def best_price_1e9(
    market: MarketBlock, side: Side, limit_1e9: int | None, collar_bps: int | None = None
) -> int:
    """The highest price that an order can be worth now, so that no minimum is taken too strictly.

    A buy's limit; a sell's limit or what is bid, if that is more. Without a limit the touch, for
    a buy with the collar on top; 0 where there is no book.
    """
    if limit_1e9 is not None and side is Side.BUY:
        return limit_1e9
    touch = taken_touch_1e9(market, side)
    if limit_1e9 is not None:
        return max(limit_1e9, touch)
    return touch * (10_000 + (collar_bps or 0)) // 10_000 if side is Side.BUY else touch


def price_bound_fault(listings: Sequence[Listing], price_1e9: int) -> str:
    """What is wrong with a price at or beyond the payoff of an event contract; else nothing."""
    bounds = [one.price_max_1e9 for one in listings if one.price_max_1e9 is not None]
    if len(bounds) != len(listings) or price_1e9 < max(bounds):
        return ""
    bound, tick = max(bounds), min(one.tick_1e9 for one in listings)
    highest = format_price(floor_to(bound - 1, tick))
    return (
        f"{format_price(price_1e9)} is no price of an event contract: it lies between 0 and "
        f"{format_price(bound)}; the highest is {highest}"
    )
