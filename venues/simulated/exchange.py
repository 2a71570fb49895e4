"""One simulated venue as a pure state machine: requests in, frames out, books that publish.

It knows no engine, clock or socket and outlives both: sessions come and go, orders stay. Frames
of fills go to every connected private session; with none connected they are lost, and only a
query tells of them. Closed orders are remembered up to a bound (see `OrderMemory`).
"""

from __future__ import annotations

import random
from collections.abc import Sequence

import msgspec

from engine.decisions.matching import Placed, PlaceOutcome
from engine.model.instruments import Listing
from engine.model.orders import TimeInForce
from engine.model.units import Side
from venues.simulated.account import Account
from venues.simulated.market_data import PublishedBook, SessionFrame
from venues.simulated.order_checks import REFUSALS, Order, Refusal, read_order, reduces
from venues.simulated.orders import CLOSED_MAX, ClientOrder, OrderMemory, fill_order
from venues.simulated.protocol import (
    Ack,
    Cancel,
    Cancelled,
    CancelReject,
    Expired,
    Frame,
    Heartbeat,
    NotFound,
    OpenOrders,
    OpenOrdersAnswer,
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

__all__ = ["ExchangeConfig", "SimulatedExchange"]

FLOW_OWNER = 0
ACCOUNT_OWNER = 1
PPM = 1_000_000


class ExchangeConfig(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Habits of a venue. Zero switches the rate limit, busy answers and so on off.

    `unclassified_ppm` of fills carry no maker flag; `busy_ppm` of places are refused as busy.
    """

    unclassified_ppm: int = 0
    busy_ppm: int = 0
    places_max: int = 0
    places_window_ns: int = 1_000_000_000
    recv_window_ns: int = 5_000_000_000
    protection_ppm: int = 50_000
    short_allowed: bool = True
    closed_max: int = CLOSED_MAX
    orders_max: int = 65_536


class SimulatedExchange:
    """Several instruments, one account. `rng` is the venue's own seeded generator."""

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
        self.books = {
            listing.venue_symbol: PublishedBook(listing, self.config.orders_max)
            for listing in listings
        }
        self.account = Account(short_allowed=self.config.short_allowed)
        self.account.seed(self.listings)
        self.memory = OrderMemory(self.config.closed_max)
        self.by_number: dict[int, ClientOrder] = {}
        self.last_number = 0
        self.sessions: dict[int, bool] = {}
        self.outbox: list[SessionFrame] = []
        self.window_start_ns = 0
        self.window_places = 0

    # ------------------------------------------------------------- sessions

    def connect(self, session: int, *, private: bool) -> None:
        """A session is there; a private one hears of the account's fills."""
        self.sessions[session] = private

    def disconnect(self, session: int) -> None:
        """The session is gone with its subscriptions; its orders stay."""
        self.sessions.pop(session, None)
        for book in self.books.values():
            book.subscribers.pop(session, None)

    def disconnect_all(self) -> None:
        """Every session is gone: the engine at the other end died."""
        self.sessions.clear()
        self.outbox.clear()
        for book in self.books.values():
            book.subscribers.clear()

    def on_request(self, session: int, payload: bytes, now_ns: int) -> list[SessionFrame]:
        """Process one request; the frames it caused, in order."""
        request = decode_request(payload)
        if isinstance(request, Place):
            self.place(session, request, now_ns)
        elif isinstance(request, Cancel):
            self.cancel(session, request, now_ns)
        elif isinstance(request, Query):
            self.query(session, request, now_ns)
        elif isinstance(request, OpenOrders):
            self.answer(session, OpenOrdersAnswer(ts=now_ns, orders=self.memory.open_rows()))
        elif isinstance(request, Subscribe):
            self.subscribe(session, request, now_ns)
        else:
            text = "the request cannot be read"
            self.answer(session, Reject(id="", code=RejectCode.MALFORMED, text=text, ts=now_ns))
        return self.take_outbox()

    def publish(self, now_ns: int) -> list[SessionFrame]:
        """Private frames that order flow caused, then one batch of market data a symbol."""
        frames = self.take_outbox()
        for book in self.books.values():
            frames.extend(book.publish(now_ns))
        return frames

    def heartbeat(self, now_ns: int) -> list[SessionFrame]:
        """One heartbeat a session, with the numbers of its symbols as last published."""
        seqs: dict[int, dict[str, int]] = {session: {} for session in self.sessions}
        for book in self.books.values():
            for session in book.subscribers:
                seqs.setdefault(session, {})[book.symbol] = book.sequence
        return [(s, encode(Heartbeat(ts=now_ns, seqs=found))) for s, found in seqs.items()]

    # ------------------------------------------------------------- requests

    def subscribe(self, session: int, request: Subscribe, now_ns: int) -> None:
        """Snapshot of every known symbol, then its deltas."""
        for symbol in request.syms:
            book = self.books.get(symbol)
            if book is None:
                text = f"no market {symbol!r}"
                refusal = Reject(id="", code=RejectCode.UNKNOWN_SYMBOL, text=text, ts=now_ns)
                self.answer(session, refusal)
                continue
            self.outbox.extend(book.publish(now_ns))
            book.subscribers[session] = None
            self.outbox.append((session, book.snapshot(now_ns)))

    def place(self, session: int, request: Place, now_ns: int) -> None:
        """A new order: every check, then matching."""
        book = self.books.get(request.sym)
        refusal = self.refuse_at_door(request, now_ns)
        if refusal is not None or book is None:
            refusal = refusal or Refusal(RejectCode.UNKNOWN_SYMBOL, f"no market {request.sym!r}")
            self.refuse(session, request, refusal, now_ns)
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
            refusal = Refusal(RejectCode.NO_LIQUIDITY, "nothing to trade against")
            self.refuse(session, request, refusal, now_ns)
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
        mine = ClientOrder(request.id, self.last_number, listing, side, qty, limit_1e9, tif)
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
        refused = REFUSALS.get(placed.outcome)
        if refused is not None:
            self.release_all(mine)
            self.refuse(session, request, refused, now_ns)
            return
        self.memory.add(mine)
        self.by_number[mine.number] = mine
        self.answer(session, Ack(id=mine.client_id, vid=mine.vid, ts=now_ns))
        self.absorb(book, placed, side, now_ns)
        if placed.outcome is PlaceOutcome.EXPIRED:
            self.close(mine, OrderState.EXPIRED)
            cum = fixed_qty(mine.cum_qty_1e8)
            self.tell(Expired(id=mine.client_id, vid=mine.vid, cum=cum, ts=now_ns))

    def cancel(self, session: int, request: Cancel, now_ns: int) -> None:
        """Cancel, unless a fill (or an earlier cancel) came first."""
        order = self.memory.get(request.id)
        if order is None or order.state is not OrderState.OPEN:
            known = order is not None
            code = RejectCode.NOT_OPEN if known else RejectCode.UNKNOWN_ORDER
            text = f"order is {order.state}" if order is not None else "no such order"
            cum = fixed_qty(order.cum_qty_1e8) if order is not None else None
            refusal = CancelReject(id=request.id, code=code, text=text, ts=now_ns, cum=cum)
            self.answer(session, refusal)
            return
        book = self.books[order.listing.venue_symbol]
        answer = book.book.cancel(order.number)
        assert answer is not None, "an open order rests"
        book.note((answer[1],), (), order.side)
        self.end_cancelled(order, "", now_ns)

    def query(self, session: int, request: Query, now_ns: int) -> None:
        """State and fills of an order; an unknown id becomes void."""
        order = self.memory.get(request.id)
        if order is None:
            self.memory.make_void(request.id)
            self.answer(session, NotFound(id=request.id, ts=now_ns))
        else:
            self.answer(session, order.status(now_ns))

    def refuse_at_door(self, request: Place, now_ns: int) -> Refusal | None:
        """Checks that need no book: the id, the age, the rate, the market's state."""
        config = self.config
        if self.memory.get(request.id) is not None:
            return Refusal(RejectCode.DUPLICATE_ID, "client order id is in use")
        if request.id in self.memory.void:
            return Refusal(RejectCode.VOID_ID, "client order id was refused or not found before")
        if request.sent and now_ns - request.sent > config.recv_window_ns:
            return Refusal(RejectCode.STALE_REQUEST, "request is older than the receive window")
        if config.places_max:
            if now_ns - self.window_start_ns >= config.places_window_ns:
                self.window_start_ns, self.window_places = now_ns, 0
            self.window_places += 1
            if self.window_places > config.places_max:
                return Refusal(RejectCode.RATE_LIMITED, "too many new orders: 429")
        if config.busy_ppm and self.rng.randrange(PPM) < config.busy_ppm:
            return Refusal(RejectCode.BUSY, "matching engine is busy, try again")
        book = self.books.get(request.sym)
        if book is not None and not book.open:
            return Refusal(RejectCode.MARKET_CLOSED, f"{request.sym} is closed")
        if book is not None and request.reduce:
            held = self.account.position(request.sym).qty_1e8
            if not reduces(request, book.listing, held):
                return Refusal(RejectCode.REDUCE_ONLY, "order would not reduce the position")
        return None

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

    def fill(
        self, order: ClientOrder, trade_id: str, price: int, qty: int, maker: bool, now_ns: int
    ) -> None:
        """One execution of an account's order: balances, hold, frame."""
        share = self.config.unclassified_ppm
        classified = not share or self.rng.randrange(PPM) >= share
        before = order.left_1e8
        frame, fee, asset = fill_order(
            order,
            trade_id=trade_id,
            price_1e9=price,
            qty_1e8=qty,
            maker=maker,
            classified=classified,
            now_ns=now_ns,
        )
        if order.held is not None:
            held_asset, amount = order.held
            kept = amount * order.left_1e8 // before
            self.account.release(held_asset, amount - kept)
            order.held = (held_asset, kept)
        self.account.fill(order.listing, order.side, qty, price, fee, asset)
        if not order.left_1e8:
            self.close(order, OrderState.FILLED)
        self.tell(frame)

    def end_cancelled(self, order: ClientOrder, reason: str, now_ns: int) -> None:
        """The rest of an order is gone by a cancel."""
        self.close(order, OrderState.CANCELLED)
        cum = fixed_qty(order.cum_qty_1e8)
        frame = Cancelled(id=order.client_id, vid=order.vid, cum=cum, ts=now_ns, reason=reason)
        self.tell(frame)

    def close(self, order: ClientOrder, state: OrderState) -> None:
        """Out of the open orders, with what is left of its hold."""
        self.release_all(order)
        del self.by_number[order.number]
        self.memory.close(order, state)

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

    def answer(self, session: int, frame: Frame) -> None:
        """To the session that asked."""
        self.outbox.append((session, encode(frame)))

    def tell(self, frame: Frame) -> None:
        """To every private session."""
        payload = encode(frame)
        self.outbox += [(one, payload) for one, private in self.sessions.items() if private]

    def take_outbox(self) -> list[SessionFrame]:
        """What was not sent yet."""
        frames, self.outbox = self.outbox, []
        return frames
