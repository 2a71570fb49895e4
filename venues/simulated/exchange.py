"""One simulated venue as a pure state machine: requests in, frames out, books that publish.

It knows no engine, clock or socket and outlives both: sessions come and go, orders stay. Frames
of fills go to every connected private session; with none connected they are lost, and only a
query tells of them. Closed orders are remembered up to a bound (see `OrderMemory`).
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from engine.decisions.matching import Placed, PlaceOutcome
from engine.model.instruments import Listing
from engine.model.orders import TimeInForce
from engine.model.units import Side
from venues.simulated.account import Account
from venues.simulated.amending import amend
from venues.simulated.door import PPM, Door, ExchangeConfig
from venues.simulated.market_data import PublishedBook, SessionFrame
from venues.simulated.order_checks import (
    NO_LIQUIDITY,
    NOT_REDUCING,
    REFUSALS,
    SERVER_ERROR,
    TOO_LARGE,
    Order,
    Refusal,
    no_market,
    read_order,
    reduces,
)
from venues.simulated.orders import ClientOrder, OrderMemory, fill_order, no_cancel
from venues.simulated.protocol import (
    Ack,
    Amend,
    Batch,
    Cancel,
    Cancelled,
    Expired,
    Heartbeat,
    ListOrders,
    NotFound,
    OpenOrders,
    OpenOrdersAnswer,
    OrderList,
    OrderState,
    Place,
    Query,
    Reject,
    RejectCode,
    Subscribe,
    decode_request,
    encode,
    fixed_price,
    fixed_qty,
)
from venues.simulated.reducing import Reducing
from venues.simulated.sessions import Sessions

__all__ = ["ExchangeConfig", "SimulatedExchange"]

# Looking an enum member up by its class costs a tenth of a microsecond each time.
FILLED, EXPIRED, ORDER_FILLED = PlaceOutcome.FILLED, PlaceOutcome.EXPIRED, OrderState.FILLED
FLOW_OWNER = 0
ACCOUNT_OWNER = 1


class SimulatedExchange(Sessions):
    """Several instruments, one account. `rng` is the venue's own seeded generator.

    A reduce-only order that is larger than the position, less the reduce-only orders that already
    rest, is refused whole and never clipped; one whose position shrinks under it is cancelled.
    """

    def __init__(
        self,
        venue: str,
        listings: Sequence[Listing],
        rng: random.Random,
        config: ExchangeConfig | None = None,
    ) -> None:
        self.venue = venue
        self.rng = rng
        self.config = config or ExchangeConfig()
        self.listings = {listing.venue_symbol: listing for listing in listings}
        super().__init__(
            {one.venue_symbol: PublishedBook(one, self.config.orders_max) for one in listings}
        )
        self.account = Account(short_allowed=self.config.short_allowed)
        self.account.seed(self.listings)
        self.memory = OrderMemory(self.config.closed_max)
        self.door = Door(self.config, rng, self.memory, self)
        self.reducing = Reducing()
        self.by_number: dict[int, ClientOrder] = {}
        self.last_number = 0

    def on_request(self, session: int, payload: bytes, now_ns: int) -> list[SessionFrame]:
        """Process one request; the frames it caused, in order."""
        if self.weather is not None:
            now_ns = self.clock(now_ns)
        request = decode_request(payload)
        if isinstance(request, Batch):
            self.batch(session, request, now_ns)
        elif isinstance(request, Place | Cancel):
            self.trade(session, request, now_ns)
        elif isinstance(request, Amend):
            amend(self, session, request, now_ns, self.rng)
        elif isinstance(request, Query):
            self.query(session, request, now_ns)
        elif isinstance(request, OpenOrders):
            self.answer(session, OpenOrdersAnswer(ts=now_ns, orders=self.memory.open_rows()))
        elif isinstance(request, ListOrders):
            rows = self.memory.listed_rows(request, now_ns)
            self.answer(session, OrderList(ts=now_ns, orders=rows))
        elif isinstance(request, Subscribe):
            self.subscribe(session, request, now_ns)
        else:
            text = "the request cannot be read"
            self.answer(session, Reject(id="", code=RejectCode.MALFORMED, text=text, ts=now_ns))
        return self.take_outbox()

    def publish(self, now_ns: int) -> list[SessionFrame]:
        """Private frames that order flow caused, then one batch of market data a symbol."""
        now_ns = self.clock(now_ns)
        frames = self.take_outbox()
        for book in self.books.values():
            frames.extend(book.publish(now_ns))
        return frames

    def heartbeat(self, now_ns: int) -> list[SessionFrame]:
        """One heartbeat a session, with the numbers of its symbols as last published."""
        now_ns = self.clock(now_ns)
        seqs: dict[int, dict[str, int]] = {session: {} for session in self.sessions}
        for book in self.books.values():
            for session in book.subscribers:
                seqs.setdefault(session, {})[book.symbol] = book.sequence
        return [(s, encode(Heartbeat(ts=now_ns, seqs=found))) for s, found in seqs.items()]

    # ------------------------------------------------------------- requests

    def trade(self, session: int, request: Place | Cancel, now_ns: int) -> None:
        """One place or cancel; the venue may break down over a place."""
        if isinstance(request, Cancel):
            self.cancel(session, request, now_ns)
        elif self.door.fails(now_ns):
            self.break_down(session, request, now_ns)
        else:
            self.place(session, request, now_ns)

    def batch(self, session: int, request: Batch, now_ns: int) -> None:
        """Each request for itself; of a batch that is too large no place is taken."""
        fits = len(request.requests) <= self.config.native.batch_max
        for one in request.requests:
            if fits or isinstance(one, Cancel):
                self.trade(session, one, now_ns)
            else:
                self.refuse(session, one, TOO_LARGE, now_ns)

    def place(self, session: int, request: Place, now_ns: int) -> None:
        """A new order: every check, then matching."""
        book = self.books.get(request.sym)
        refusal = self.refuse_at_door(request, now_ns)
        if refusal is not None or book is None:
            self.refuse(session, request, refusal or no_market(request.sym), now_ns)
            return
        order = read_order(request, book.listing)
        if isinstance(order, Refusal):
            self.refuse(session, request, order, now_ns)
            return
        limit, tif = order.limit_1e9, order.tif
        if limit is None:
            limit = book.book.protected_limit(order.side, self.config.protection_ppm)
            tif = TimeInForce.FOK if tif is TimeInForce.FOK else TimeInForce.IOC
        if limit is None:
            self.refuse(session, request, NO_LIQUIDITY, now_ns)
            return
        self.enter(session, request, book, order, limit, tif, now_ns)

    def enter(
        self,
        session: int,
        request: Place,
        book: PublishedBook,
        order: Order,
        limit_1e9: int,
        tif: TimeInForce,
        now_ns: int,
    ) -> None:
        """Hold the balance, match, answer."""
        listing, side, qty = book.listing, order.side, order.qty_1e8
        hold = self.account.required(listing, side, qty, limit_1e9)
        if not request.reduce and not self.account.hold(hold):
            text = f"Insufficient {hold[0]}: {fixed_price(hold[1])} needed"
            refusal = Refusal(RejectCode.INSUFFICIENT_BALANCE, text)
            self.refuse(session, request, refusal, now_ns)
            return
        self.last_number += 1
        mine = ClientOrder(
            request.id,
            self.last_number,
            listing,
            side,
            qty,
            limit_1e9,
            tif,
            now_ns,
            reduce=request.reduce,
            post=request.post,
        )
        mine.held = None if request.reduce else hold
        placed = book.book.place(
            mine.number,
            ACCOUNT_OWNER,
            side,
            qty,
            limit_1e9,
            tif,
            post_only=request.post,
            prevent_self_trade=True,
        )
        outcome = placed.outcome
        refused = None if outcome is FILLED else REFUSALS.get(outcome)
        if refused is not None:
            self.release_all(mine)
            self.refuse(session, request, refused, now_ns)
            return
        self.memory.add(mine)
        self.by_number[mine.number] = mine
        self.reducing.add(mine)
        self.answer(session, Ack(mine.client_id, mine.vid, now_ns))
        self.absorb(book, placed, side, now_ns)
        if outcome is EXPIRED:
            self.close(mine, OrderState.EXPIRED, now_ns)
            cum = fixed_qty(mine.cum_qty_1e8)
            self.tell(Expired(id=mine.client_id, vid=mine.vid, cum=cum, ts=now_ns))

    def cancel(self, session: int, request: Cancel, now_ns: int) -> None:
        """Cancel, unless a fill (or an earlier cancel) came first."""
        order = self.memory.get(request.id)
        if order is None or order.state is not OrderState.OPEN:
            self.answer(session, no_cancel(request.id, order, now_ns))
            return
        self.withdraw(order, "", now_ns)

    def query(self, session: int, request: Query, now_ns: int) -> None:
        """State and fills of an order; an unknown id becomes void."""
        order = self.memory.get(request.id)
        if order is None:
            self.memory.make_void(request.id)
            self.answer(session, NotFound(id=request.id, ts=now_ns))
            return
        order.rev = max(order.rev, request.rev)
        self.answer(session, order.status(now_ns))

    def refuse_at_door(self, request: Place, now_ns: int) -> Refusal | None:
        """Checks that need no limit: the door's own, then the market's state and the position."""
        refusal = self.door.refuses(request, now_ns)
        book = self.books.get(request.sym)
        if refusal is not None or book is None:
            return refusal
        if not book.open:
            return Refusal(RejectCode.MARKET_CLOSED, f"{request.sym} is closed")
        if request.reduce:
            held = self.account.position(request.sym).qty_1e8
            resting = self.reducing.resting_1e8(request.sym)
            if not reduces(request, book.listing, held, resting):
                return NOT_REDUCING
        return None

    def break_down(self, session: int, request: Place, now_ns: int) -> None:
        """An error for an answer; every other time the order was taken all the same."""
        if self.rng.randrange(2):
            # What the account does is told on the stream as ever; the answer itself is lost.
            self.muted = True
            self.place(session, request, now_ns)
            self.muted = False
        code, text = SERVER_ERROR.code, SERVER_ERROR.text
        self.answer(session, Reject(id=request.id, code=code, text=text, ts=now_ns))

    # ------------------------------------------------------------ order flow

    def flow_place(
        self,
        symbol: str,
        side: Side,
        qty_1e8: int,
        limit_1e9: int,
        now_ns: int,
        tif: TimeInForce = TimeInForce.GTC,
        *,
        post_only: bool = False,
    ) -> tuple[int, Placed]:
        """An order of the other participants: (its number, outcome)."""
        now_ns = self.clock(now_ns)
        book = self.books[symbol]
        self.last_number += 1
        number = self.last_number
        placed = book.book.place(
            number, FLOW_OWNER, side, qty_1e8, limit_1e9, tif, post_only=post_only
        )
        self.absorb(book, placed, side, now_ns)
        return number, placed

    def flow_cancel(self, symbol: str, number: int) -> None:
        """Cancel an order of the other participants; nothing when it is gone."""
        book = self.books[symbol]
        answer = book.book.cancel(number)
        if answer is not None:
            book.note((answer[1],), (), Side.BUY)

    def fund(self, symbol: str, rate_ppm: int) -> int:
        """One funding payment at the book's mid; what the account paid, in 1e-9 of the quote."""
        mid = self.books[symbol].mid_1e9()
        return self.account.fund(self.listings[symbol], mid, rate_ppm) if mid else 0

    # --------------------------------------------------------------- effects

    def absorb(self, book: PublishedBook, placed: Placed, aggressor: Side, now_ns: int) -> None:
        """Book every consequence of a placed order on the account's orders and the tape."""
        book.note(placed.changes, placed.fills, aggressor)
        by_number = self.by_number
        for cancelled in placed.own_cancelled:
            self.end_cancelled(by_number[cancelled.order_id], "self_trade_prevention", now_ns)
        for fill in placed.fills:
            trade_id = f"{book.symbol}-{fill.trade_id}"
            for number, maker in ((fill.taker_id, False), (fill.maker_id, True)):
                order = by_number.get(number)
                if order is not None:
                    self.fill(order, trade_id, fill.price_1e9, fill.qty_1e8, maker, now_ns)
        if self.reducing.orders and placed.fills:
            held = self.account.position(book.symbol).qty_1e8
            for order in self.reducing.excess(book.symbol, held):
                self.withdraw(order, "reduce_only", now_ns)

    def fill(
        self, order: ClientOrder, trade_id: str, price: int, qty: int, maker: bool, now_ns: int
    ) -> None:
        """One execution of an account's order: balances, hold, frame."""
        share = self.config.unclassified_ppm
        classified = not share or self.rng.randrange(PPM) >= share
        before = order.qty_1e8 - order.cum_qty_1e8
        frame, fee, asset = fill_order(
            order,
            trade_id=trade_id,
            price_1e9=price,
            qty_1e8=qty,
            maker=maker,
            classified=classified,
            now_ns=now_ns,
        )
        left = before - qty
        if order.held is not None and left:
            # Of a filled order the rest of the hold is given back when it is closed.
            held_asset, amount = order.held
            kept = amount * left // before
            self.account.release(held_asset, amount - kept)
            order.held = (held_asset, kept)
        self.account.fill(order.listing, order.side, qty, price, fee, asset)
        if not left:
            self.close(order, ORDER_FILLED, now_ns)
        self.tell(frame)

    def withdraw(self, order: ClientOrder, reason: str, now_ns: int) -> None:
        """Take a resting order out of its book."""
        book = self.books[order.listing.venue_symbol]
        answer = book.book.cancel(order.number)
        assert answer is not None, "an open order rests"
        book.note((answer[1],), (), order.side)
        self.end_cancelled(order, reason, now_ns)

    def end_cancelled(self, order: ClientOrder, reason: str, now_ns: int) -> None:
        """The rest of an order is gone by a cancel."""
        self.close(order, OrderState.CANCELLED, now_ns)
        cum = fixed_qty(order.cum_qty_1e8)
        frame = Cancelled(id=order.client_id, vid=order.vid, cum=cum, ts=now_ns, reason=reason)
        self.tell(frame)

    def close(self, order: ClientOrder, state: OrderState, now_ns: int) -> None:
        """Out of the open orders, with what is left of its hold."""
        self.release_all(order)
        del self.by_number[order.number]
        self.reducing.drop(order)
        self.memory.close(order, state, now_ns)

    def release_all(self, order: ClientOrder) -> None:
        """Give the whole hold back."""
        if order.held is not None:
            self.account.release(*order.held)
            order.held = None

    def refuse(self, session: int, request: Place, refusal: Refusal, now_ns: int) -> None:
        """Reject an order. Its id becomes void, so that no copy of the request can be accepted."""
        if refusal.code is not RejectCode.DUPLICATE_ID:
            self.memory.make_void(request.id)
        frame = Reject(id=request.id, code=refusal.code, text=refusal.text, ts=now_ns)
        self.answer(session, frame)
