"""What a simulated venue refuses at its door, with the code and text that it answers.

Shared by the simulated exchange and by the replayed one, which speak the same protocol.
"""

from __future__ import annotations

import msgspec

from engine.decisions.matching import PlaceOutcome
from engine.errors import Reason
from engine.model.instruments import Listing, check_order
from engine.model.orders import TimeInForce
from engine.model.units import Side, parse_side, price_1e9, qty_1e8
from venues.simulated.protocol import Place, RejectCode, fixed_qty

__all__ = ["REFUSALS", "Order", "Refusal", "read_order", "reduces"]


class Order(msgspec.Struct, frozen=True, gc=False):
    """A place request in integers; `limit_1e9` None is a market order."""

    side: Side
    qty_1e8: int
    limit_1e9: int | None
    tif: TimeInForce


class Refusal(msgspec.Struct, frozen=True, gc=False):
    """Why an order is refused."""

    code: RejectCode
    text: str


REFUSALS = {
    PlaceOutcome.WOULD_CROSS: Refusal(RejectCode.POST_ONLY, "post-only order would take"),
    PlaceOutcome.BOOK_FULL: Refusal(RejectCode.BUSY, "the book takes no more resting orders"),
}
CODES = {
    Reason.OFF_LOT: RejectCode.OFF_LOT,
    Reason.OFF_TICK: RejectCode.OFF_TICK,
    Reason.BELOW_MINIMUM: RejectCode.BELOW_MINIMUM,
    Reason.BAD_PRICE: RejectCode.BAD_PRICE,
    Reason.BAD_QUANTITY: RejectCode.BAD_QUANTITY,
}


def read_order(request: Place, listing: Listing) -> Order | Refusal:
    """The request in integers, or what the listing's rules say against it."""
    try:
        side, qty = parse_side(request.side), qty_1e8(request.qty)
    except ValueError:
        return Refusal(RejectCode.BAD_QUANTITY, "side or quantity cannot be read")
    try:
        limit = price_1e9(request.px) if request.px is not None else None
    except ValueError:
        return Refusal(RejectCode.BAD_PRICE, "price cannot be read")
    fault = check_order(listing, qty, limit)
    if fault is None:
        return Order(side, qty, limit, request.tif)
    code = CODES.get(fault.reason, RejectCode.MALFORMED)
    text = fault.message
    if code is RejectCode.BELOW_MINIMUM:
        least = fixed_qty(fault.upper) if fault.upper is not None else "?"
        text = f"Size ({request.qty}) lower than the minimum: {least}"
    return Refusal(code, text)


def reduces(request: Place, listing: Listing, held_1e8: int) -> bool:
    """Whether an order stays within the opposite position; an unreadable one is not judged."""
    order = read_order(request, listing)
    if isinstance(order, Refusal):
        return True
    return held_1e8 * order.side.sign < 0 and order.qty_1e8 <= abs(held_1e8)
