"""What a simulated venue refuses at its door, with the code and text that it answers.

Shared by the simulated exchange and by the replayed one, which speak the same protocol.
"""

from __future__ import annotations

import msgspec

from engine.decisions.matching import PlaceOutcome
from engine.errors import Reason
from engine.model.instruments import Listing, check_order
from engine.model.orders import TimeInForce
from engine.model.units import PRICE_DECIMALS, QTY_DECIMALS, Side, parse_decimal, parse_side
from venues.simulated.protocol import Place, RejectCode, fixed_qty

__all__ = [
    "BAD_SIGNATURE",
    "BUSY",
    "CODES",
    "DUPLICATE_ID",
    "NOT_INDEXED",
    "NOT_REDUCING",
    "NO_LIQUIDITY",
    "RATE_LIMITED",
    "REFUSALS",
    "SERVER_ERROR",
    "STALE_REQUEST",
    "TOO_LARGE",
    "VOID_ID",
    "Order",
    "Refusal",
    "no_market",
    "read_order",
    "reduces",
]


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


DUPLICATE_ID = Refusal(RejectCode.DUPLICATE_ID, "client order id is in use")
VOID_ID = Refusal(RejectCode.VOID_ID, "client order id was refused or not found before")
STALE_REQUEST = Refusal(RejectCode.STALE_REQUEST, "request is older than the receive window")
RATE_LIMITED = Refusal(RejectCode.RATE_LIMITED, "too many requests (code: 429)")
SERVER_ERROR = Refusal(RejectCode.SERVER_ERROR, "service unavailable (code: 503)")
BUSY = Refusal(RejectCode.BUSY, "matching engine is busy, try again")
NOT_INDEXED = Refusal(RejectCode.NOT_INDEXED, "market metadata not yet indexed (gamma)")
BAD_SIGNATURE = Refusal(RejectCode.BAD_SIGNATURE, "invalid signature")
TOO_LARGE = Refusal(RejectCode.NOT_SUPPORTED, "the batch has more requests than are taken at once")
NOT_REDUCING = Refusal(RejectCode.REDUCE_ONLY, "order would not reduce the position")
NO_LIQUIDITY = Refusal(RejectCode.NO_LIQUIDITY, "nothing to trade against")
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
        side, qty = parse_side(request.side), parse_decimal(request.qty, QTY_DECIMALS)
    except ValueError:
        return Refusal(RejectCode.BAD_QUANTITY, "side or quantity cannot be read")
    try:
        limit = parse_decimal(request.px, PRICE_DECIMALS) if request.px is not None else None
    except ValueError:
        return Refusal(RejectCode.BAD_PRICE, "price cannot be read")
    fault = check_order(listing, qty, limit)
    if fault is None:
        return Order(side, qty, limit, request.tif)
    code = CODES.get(fault.reason, RejectCode.MALFORMED)
    least = fault.upper
    if code is RejectCode.OFF_LOT and 0 < qty < listing.qty_min_1e8 <= listing.lot_1e8:
        # Less than one contract, where a contract is the least: too small, rather than off the lot.
        code, least = RejectCode.BELOW_MINIMUM, listing.lot_1e8
    if code is RejectCode.BELOW_MINIMUM and least is not None:
        text = f"Size ({fixed_qty(qty)}) lower than the minimum: {fixed_qty(least)}"
        return Refusal(code, text)
    return Refusal(code, fault.message)


def no_market(symbol: str) -> Refusal:
    """The venue does not list that symbol."""
    return Refusal(RejectCode.UNKNOWN_SYMBOL, f"no market {symbol!r}")


def reduces(request: Place, listing: Listing, held_1e8: int, resting_1e8: int = 0) -> bool:
    """Whether an order, with `resting_1e8` of reducing ones before it, stays within the opposite
    position; an unreadable one is not judged."""
    order = read_order(request, listing)
    if isinstance(order, Refusal):
        return True
    return held_1e8 * order.side.sign < 0 and order.qty_1e8 + resting_1e8 <= abs(held_1e8)
