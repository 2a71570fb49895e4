"""Native amendments at a simulated venue: checks, balance, queue; each number is decided once.

A smaller total at the same price keeps the place in the queue; a new price or a larger total
joins the back of its level and may trade at once.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Protocol

from engine.decisions.matching import Placed, PlaceOutcome
from engine.model.instruments import check_order
from engine.model.units import PRICE_DECIMALS, QTY_DECIMALS, Side, parse_decimal
from venues.simulated.account import Account
from venues.simulated.amend_frames import Amend, Amended, AmendReject
from venues.simulated.door import Door, ExchangeConfig
from venues.simulated.market_data import PublishedBook
from venues.simulated.order_checks import CODES, NOT_REDUCING, REFUSALS, SERVER_ERROR, Refusal
from venues.simulated.orders import ClientOrder, OrderMemory
from venues.simulated.protocol import (
    Frame,
    OrderState,
    RejectCode,
    fixed_price,
    fixed_qty,
)

__all__ = ["Venue", "amend"]

ACCOUNT_OWNER = 1


class Venue(Protocol):
    """What an amendment needs of its exchange."""

    config: ExchangeConfig
    memory: OrderMemory
    account: Account
    door: Door
    books: Mapping[str, PublishedBook]
    muted: bool

    def answer(self, session: int, frame: Frame) -> None: ...

    def absorb(self, book: PublishedBook, placed: Placed, aggressor: Side, now_ns: int) -> None: ...


def amend(venue: Venue, session: int, request: Amend, now_ns: int, rng: random.Random) -> None:
    """Process one amendment; after a breakdown it was carried out every other time."""
    order = venue.memory.get(request.id)
    if order is None:
        code, text = RejectCode.UNKNOWN_ORDER, "no such order"
        frame = AmendReject(id=request.id, rev=request.rev, code=code, text=text, ts=now_ns)
        venue.answer(session, frame)
        return
    if request.rev <= order.rev:
        # A copy, or one that a query has voided: how the order stands says it all.
        venue.answer(session, order.status(now_ns))
        return
    if venue.door.fails(now_ns):
        if rng.randrange(2):
            venue.muted = True
            decide(venue, session, order, request, now_ns)
            venue.muted = False
        error = AmendReject(
            id=request.id,
            rev=request.rev,
            code=SERVER_ERROR.code,
            text=SERVER_ERROR.text,
            ts=now_ns,
        )
        venue.answer(session, error)
        return
    decide(venue, session, order, request, now_ns)


def decide(venue: Venue, session: int, order: ClientOrder, request: Amend, now_ns: int) -> None:
    """Take it or refuse it, for good."""
    order.rev = request.rev
    refusal = venue.door.shut_to(request.sent, now_ns)
    wish = read(order, request)
    if refusal is None and isinstance(wish, tuple):
        refusal = refuses(venue, order, *wish)
    if isinstance(wish, Refusal):
        refusal = refusal or wish
    if refusal is not None or isinstance(wish, Refusal):
        assert refusal is not None, "what cannot be read is refused"
        venue.answer(session, rejected(order, refusal, now_ns))
        return
    carry_out(venue, session, order, *wish, now_ns)


def read(order: ClientOrder, request: Amend) -> tuple[int, int] | Refusal:
    """New total and price in integers, or what the listing's rules say against them."""
    try:
        qty = parse_decimal(request.qty, QTY_DECIMALS)
        limit = parse_decimal(request.px, PRICE_DECIMALS)
    except ValueError:
        return Refusal(RejectCode.MALFORMED, "total or price cannot be read")
    fault = check_order(order.listing, qty, limit)
    if fault is not None:
        return Refusal(CODES.get(fault.reason, RejectCode.MALFORMED), fault.message)
    return qty, limit


def refuses(venue: Venue, order: ClientOrder, qty_1e8: int, limit_1e9: int) -> Refusal | None:
    """Why this order may not have this total and price now."""
    if order.state is not OrderState.OPEN:
        return Refusal(RejectCode.NOT_OPEN, f"order is {order.state}")
    native = venue.config.native
    decrease = limit_1e9 == order.limit_1e9 and qty_1e8 < order.qty_1e8
    if not (native.amend or (native.decrease and decrease)):
        return Refusal(RejectCode.NOT_SUPPORTED, "this venue does not amend orders that way")
    if qty_1e8 <= order.cum_qty_1e8:
        filled = fixed_qty(order.cum_qty_1e8)
        text = f"{filled} is filled already; the new total must be above it"
        return Refusal(RejectCode.BELOW_FILLED, text)
    book = venue.books[order.listing.venue_symbol]
    if not book.open:
        return Refusal(RejectCode.MARKET_CLOSED, f"{book.symbol} is closed")
    if order.reduce and qty_1e8 > order.qty_1e8:
        return NOT_REDUCING
    if order.post and book.book.crosses(order.side, limit_1e9):
        return REFUSALS[PlaceOutcome.WOULD_CROSS]
    return None


def carry_out(
    venue: Venue, session: int, order: ClientOrder, qty_1e8: int, limit_1e9: int, now_ns: int
) -> None:
    """Balance, queue, answer; then what the new price met."""
    left = qty_1e8 - order.cum_qty_1e8
    shrinks = limit_1e9 == order.limit_1e9 and qty_1e8 <= order.qty_1e8
    lacking = hold_anew(venue.account, order, left, limit_1e9, shrinks=shrinks)
    if lacking is not None:
        venue.answer(session, rejected(order, lacking, now_ns))
        return
    order.qty_1e8, order.limit_1e9, order.changed_ns = qty_1e8, limit_1e9, now_ns
    frame = Amended(
        id=order.client_id,
        vid=order.vid,
        rev=order.rev,
        qty=fixed_qty(qty_1e8),
        px=fixed_price(limit_1e9),
        cum=fixed_qty(order.cum_qty_1e8),
        ts=now_ns,
    )
    venue.answer(session, frame)
    book = venue.books[order.listing.venue_symbol]
    matching = book.book
    if shrinks:
        placed = matching.replace(order.number, left, limit_1e9)
        assert placed is not None, "an open order rests"
    else:
        cancelled = matching.cancel(order.number)
        assert cancelled is not None, "an open order rests"
        book.note((cancelled[1],), (), order.side)
        placed = matching.place(
            order.number, ACCOUNT_OWNER, order.side, left, limit_1e9, prevent_self_trade=True
        )
    venue.absorb(book, placed, order.side, now_ns)


def hold_anew(
    account: Account, order: ClientOrder, left_1e8: int, limit_1e9: int, *, shrinks: bool
) -> Refusal | None:
    """The balance that the changed order needs; on a lack of it the old hold stays."""
    held = order.held
    if held is None:
        return None
    asset, amount = held
    if shrinks:
        kept = amount * left_1e8 // order.left_1e8
        account.release(asset, amount - kept)
        order.held = (asset, kept)
        return None
    account.release(asset, amount)
    wanted = account.required(order.listing, order.side, left_1e8, limit_1e9)
    if account.hold(wanted):
        order.held = wanted
        return None
    assert account.hold(held), "what was held a moment ago is available"
    text = f"Insufficient {wanted[0]}: {fixed_price(wanted[1])} needed"
    return Refusal(RejectCode.INSUFFICIENT_BALANCE, text)


def rejected(order: ClientOrder, refusal: Refusal, now_ns: int) -> AmendReject:
    """The order stays as it is."""
    return AmendReject(
        id=order.client_id,
        rev=order.rev,
        code=refusal.code,
        text=refusal.text,
        ts=now_ns,
        qty=fixed_qty(order.qty_1e8),
        px=fixed_price(order.limit_1e9),
        cum=fixed_qty(order.cum_qty_1e8),
    )
