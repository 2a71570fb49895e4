"""Orders against recorded books: the trading side of a replay, in the simulated venues' protocol.

Takes consume displayed quantity; what was consumed of a level comes back when the recording
changes that level. Nothing here moves the recording: it trades as a small participant would.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence

from engine.decisions.matching import PlaceOutcome
from engine.model.instruments import Listing
from engine.model.orders import TimeInForce
from engine.model.units import PPM, Side
from venues.simulated.market_data import SessionFrame
from venues.simulated.order_checks import REFUSALS, Order, Refusal, read_order
from venues.simulated.orders import CLOSED_MAX, ClientOrder, OrderMemory, fill_order
from venues.simulated.protocol import (
    Ack,
    Cancel,
    Cancelled,
    CancelReject,
    Expired,
    Frame,
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
    decode_request,
    encode,
    fixed_qty,
)

__all__ = ["OVERLAY_MAX", "LevelQty", "Levels", "ReplayExchange"]

Levels = Callable[[str, Side], Sequence[tuple[int, int]]]
"""(venue symbol, BUY for bids or SELL for asks) -> recorded (price_1e9, qty_1e8), best first."""

LevelQty = Callable[[str, Side, int], int]
"""(venue symbol, side, price_1e9) -> recorded quantity now, 0 where there is no level."""

OVERLAY_MAX = 4_096
PROTECTION_PPM = 50_000


class Overlay:
    """What we took of recorded levels: (symbol, side, price) -> (consumed, recorded then).

    Past `size_max` entries the oldest is forgotten, which gives its level back early.
    """

    def __init__(self, level_qty: LevelQty, size_max: int = OVERLAY_MAX) -> None:
        assert size_max > 0
        self.level_qty = level_qty
        self.size_max = size_max
        self.taken: OrderedDict[tuple[str, Side, int], tuple[int, int]] = OrderedDict()

    def left(self, symbol: str, side: Side, price_1e9: int, recorded_1e8: int) -> int:
        """What is still there to take of a level whose recorded quantity is given."""
        entry = self.taken.get((symbol, side, price_1e9))
        if entry is None:
            return recorded_1e8
        consumed, seen = entry
        if seen != recorded_1e8:
            del self.taken[symbol, side, price_1e9]
            return recorded_1e8
        return recorded_1e8 - consumed

    def take(self, symbol: str, side: Side, price_1e9: int, qty_1e8: int) -> None:
        """Consume quantity that `left` said is there."""
        recorded = self.level_qty(symbol, side, price_1e9)
        left = self.left(symbol, side, price_1e9, recorded)
        assert qty_1e8 <= left, "no more is taken than is displayed"
        key = (symbol, side, price_1e9)
        self.taken[key] = (recorded - left + qty_1e8, recorded)
        self.taken.move_to_end(key)
        if len(self.taken) > self.size_max:
            self.taken.popitem(last=False)

    def forget_changed(self) -> None:
        """Drop entries of levels that the recording has changed since."""
        for key, (_, seen) in list(self.taken.items()):
            if self.level_qty(*key) != seen:
                del self.taken[key]


class ReplayExchange:
    """Orders of one replayed venue. Latency and sessions belong to the actor that hosts it.

    Balances are not kept. A resting order fills, as maker at its own limit, once the recorded
    opposite best reaches the limit, up to what is displayed there; `publish` looks at that.
    """

    def __init__(
        self,
        venue: str,
        listings: Sequence[Listing],
        levels: Levels,
        level_qty: LevelQty,
        *,
        closed_max: int = CLOSED_MAX,
        overlay_max: int = OVERLAY_MAX,
        open_max: int = 4_096,
    ) -> None:
        self.venue = venue
        self.listings: Mapping[str, Listing] = {one.venue_symbol: one for one in listings}
        self.levels = levels
        self.overlay = Overlay(level_qty, overlay_max)
        self.memory = OrderMemory(closed_max)
        self.open_max = open_max
        self.last_number = 0
        self.last_trade = 0
        self.private: dict[int, None] = {}
        self.outbox: list[SessionFrame] = []

    def connect(self, session: int, *, private: bool) -> None:
        """A session is there; a private one hears of fills."""
        if private:
            self.private[session] = None

    def disconnect(self, session: int) -> None:
        """The session is gone; its orders stay."""
        self.private.pop(session, None)

    def disconnect_all(self) -> None:
        """Every session is gone."""
        self.private.clear()
        self.outbox.clear()

    def heartbeat(self, now_ns: int) -> list[SessionFrame]:
        """Proof of life to each session."""
        return [(session, encode(Heartbeat(ts=now_ns))) for session in self.private]

    def on_request(self, session: int, payload: bytes, now_ns: int) -> list[SessionFrame]:
        """Process one request; the frames it caused, in order."""
        request = decode_request(payload)
        if isinstance(request, Place):
            self.place(session, request, now_ns)
        elif isinstance(request, Cancel):
            self.cancel(session, request, now_ns)
        elif isinstance(request, Query):
            order = self.memory.get(request.id)
            if order is None:
                self.memory.make_void(request.id)
                self.answer(session, NotFound(id=request.id, ts=now_ns))
            else:
                self.answer(session, order.status(now_ns))
        elif isinstance(request, OpenOrders):
            self.answer(session, OpenOrdersAnswer(ts=now_ns, orders=self.memory.open_rows()))
        elif isinstance(request, ListOrders):
            rows = self.memory.listed_rows(request, now_ns)
            self.answer(session, OrderList(ts=now_ns, orders=rows))
        else:
            text = "market data of a replay comes from its recording"
            self.answer(session, Reject(id="", code=RejectCode.MALFORMED, text=text, ts=now_ns))
        return self.take_outbox()

    def publish(self, now_ns: int) -> list[SessionFrame]:
        """Fill what the recording has reached meanwhile; the frames of it."""
        self.overlay.forget_changed()
        for order in list(self.memory.open.values()):
            self.match(order, now_ns, maker=True)
        return self.take_outbox()

    def place(self, session: int, request: Place, now_ns: int) -> None:
        """A new order: the listing's rules, then the recorded book."""
        listing = self.listings.get(request.sym)
        order = self.check(request, listing)
        if isinstance(order, Refusal) or listing is None:
            assert isinstance(order, Refusal)
            if order.code is not RejectCode.DUPLICATE_ID:
                self.memory.make_void(request.id)
            frame = Reject(id=request.id, code=order.code, text=order.text, ts=now_ns)
            self.answer(session, frame)
            return
        assert order.limit_1e9 is not None
        self.last_number += 1
        mine = ClientOrder(
            request.id,
            self.last_number,
            listing,
            order.side,
            order.qty_1e8,
            order.limit_1e9,
            order.tif,
            now_ns,
        )
        self.memory.add(mine)
        self.answer(session, Ack(id=mine.client_id, vid=mine.vid, ts=now_ns))
        enough = order.tif is not TimeInForce.FOK or self.takeable(mine) >= mine.qty_1e8
        if enough:
            self.match(mine, now_ns, maker=False)
        if mine.state is OrderState.OPEN and order.tif is not TimeInForce.GTC:
            self.memory.close(mine, OrderState.EXPIRED, now_ns)
            cum = fixed_qty(mine.cum_qty_1e8)
            self.tell(Expired(id=mine.client_id, vid=mine.vid, cum=cum, ts=now_ns))

    def check(self, request: Place, listing: Listing | None) -> Order | Refusal:
        """The order with its limit (a market order's is protective), or why not."""
        if self.memory.get(request.id) is not None:
            return Refusal(RejectCode.DUPLICATE_ID, "client order id is in use")
        if request.id in self.memory.void:
            return Refusal(RejectCode.VOID_ID, "client order id was refused or not found before")
        if listing is None:
            return Refusal(RejectCode.UNKNOWN_SYMBOL, f"no market {request.sym!r}")
        order = read_order(request, listing)
        if isinstance(order, Refusal):
            return order
        book = self.available(request.sym, order.side.opposite)
        if order.limit_1e9 is None:
            if not book:
                return Refusal(RejectCode.NO_LIQUIDITY, "nothing to trade against")
            best = book[0][0]
            limit = best + order.side.sign * (best * PROTECTION_PPM // PPM)
            tif = order.tif if order.tif is TimeInForce.FOK else TimeInForce.IOC
            return Order(order.side, order.qty_1e8, limit, tif)
        if request.post and book and reaches(order.side, order.limit_1e9, book[0][0]):
            return REFUSALS[PlaceOutcome.WOULD_CROSS]
        if order.tif is TimeInForce.GTC and len(self.memory.open) >= self.open_max:
            return Refusal(RejectCode.BUSY, "too many resting orders")
        return order

    def cancel(self, session: int, request: Cancel, now_ns: int) -> None:
        """Cancel, unless a fill came first."""
        order = self.memory.get(request.id)
        if order is None or order.state is not OrderState.OPEN:
            code = RejectCode.UNKNOWN_ORDER if order is None else RejectCode.NOT_OPEN
            text = "no such order" if order is None else f"order is {order.state}"
            cum = None if order is None else fixed_qty(order.cum_qty_1e8)
            frame = CancelReject(id=request.id, code=code, text=text, ts=now_ns, cum=cum)
            self.answer(session, frame)
            return
        self.memory.close(order, OrderState.CANCELLED, now_ns)
        cum = fixed_qty(order.cum_qty_1e8)
        self.tell(Cancelled(id=order.client_id, vid=order.vid, cum=cum, ts=now_ns))

    def match(self, order: ClientOrder, now_ns: int, *, maker: bool) -> None:
        """Take displayed quantity within the limit: at its price, or at the limit as maker."""
        symbol, side = order.listing.venue_symbol, order.side.opposite
        for price, qty in self.available(symbol, side):
            if not order.left_1e8 or not reaches(order.side, order.limit_1e9, price):
                break
            taken = min(qty, order.left_1e8)
            self.overlay.take(symbol, side, price, taken)
            self.last_trade += 1
            frame, _, _ = fill_order(
                order,
                trade_id=f"{symbol}-{self.last_trade}",
                price_1e9=order.limit_1e9 if maker else price,
                qty_1e8=taken,
                maker=maker,
                classified=True,
                now_ns=now_ns,
            )
            if not order.left_1e8:
                self.memory.close(order, OrderState.FILLED, now_ns)
            self.tell(frame)

    def takeable(self, order: ClientOrder) -> int:
        """Displayed quantity within the order's limit."""
        book = self.available(order.listing.venue_symbol, order.side.opposite)
        return sum(qty for price, qty in book if reaches(order.side, order.limit_1e9, price))

    def available(self, symbol: str, side: Side) -> list[tuple[int, int]]:
        """Recorded levels less what was taken, best first, empty ones left out."""
        left = (
            (price, self.overlay.left(symbol, side, price, qty))
            for price, qty in self.levels(symbol, side)
        )
        return [(price, qty) for price, qty in left if qty > 0]

    def answer(self, session: int, frame: Frame) -> None:
        """To the session that asked."""
        self.outbox.append((session, encode(frame)))

    def tell(self, frame: Frame) -> None:
        """To every private session."""
        payload = encode(frame)
        self.outbox.extend((session, payload) for session in self.private)

    def take_outbox(self) -> list[SessionFrame]:
        """What was not sent yet."""
        frames, self.outbox = self.outbox, []
        return frames


def reaches(side: Side, limit_1e9: int, opposite_1e9: int) -> bool:
    """Whether a limit of `side` meets a price of the other side."""
    return opposite_1e9 <= limit_1e9 if side is Side.BUY else opposite_1e9 >= limit_1e9
