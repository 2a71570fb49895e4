"""Market data of HitBTC's API v2, arbitrated between parallel lines of the same feed.

Rules: https://github.com/hitbtc-com/hitbtc-api (socket market data): `snapshotOrderbook`, then
`updateOrderbook` whose `sequence` grows by one a message, the same number on every connection.
The first line to deliver a sequence wins. A frame ahead of its turn is held until the missing one
comes on another line; once every line has passed the missing number, or too much or too long is
held, the gap is real.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from engine.errors import DecodeError
from engine.kernels.delta_ring import DeltaRing
from engine.messages import (
    BookDelta,
    BookSnapshot,
    BookStale,
    FeedEvent,
    SnapshotNeeded,
    StaleReason,
    TradePrint,
)
from engine.model.instruments import Listing
from engine.model.units import Side, parse_side
from venues.level_rows import (
    Layout,
    decode_json,
    exact_price_1e9,
    exact_qty_1e8,
    write_levels,
)
from venues.venue_time import nanoseconds

__all__ = ["HitbtcFeedCodec"]

LINES_MAX: Final = 16
HELD_FRAMES_MAX: Final = 256
HELD_NS_MAX: Final = 2_000_000_000
NOTHING: Final[tuple[FeedEvent, ...]] = ()


class Params(msgspec.Struct, gc=False):
    """Parameters of the notifications read here."""

    symbol: str = ""
    sequence: int = -1
    ask: msgspec.Raw = msgspec.Raw()
    bid: msgspec.Raw = msgspec.Raw()
    data: msgspec.Raw = msgspec.Raw()
    timestamp: datetime | None = None


class Frame(msgspec.Struct, gc=False):
    """A JSON-RPC notification or answer."""

    method: str = ""
    params: Params | None = None
    error: msgspec.Raw = msgspec.Raw()


class Trade(msgspec.Struct, gc=False):
    """One public trade; `side` is the aggressor's."""

    id: int
    price: str
    quantity: str
    side: str
    timestamp: datetime | None = None


class Held(msgspec.Struct, frozen=True, gc=False):
    """An update ahead of its turn."""

    params: Params
    recv_ns: int


class BookState:
    """One symbol: the last sequence applied, what is ahead of it, and how far each line is."""

    __slots__ = ("held", "last", "line_last", "listing_id", "live", "ring", "symbol", "trade_id")

    def __init__(self, listing_id: int, symbol: str, ring: DeltaRing, lines: int) -> None:
        self.listing_id = listing_id
        self.symbol = symbol
        self.ring = ring
        self.held: dict[int, Held] = {}
        self.line_last = [-1] * lines
        self.last = -1
        self.live = False
        self.trade_id = -1

    def forget(self) -> None:
        """No book until the next snapshot."""
        self.live = False
        self.last = -1
        self.held.clear()


FRAME = msgspec.json.Decoder(Frame)
TRADES = msgspec.json.Decoder(list[Trade])


class HitbtcFeedCodec:
    """Feed codec of HitBTC over `lines` parallel connections (frames say which: `line`)."""

    def __init__(
        self, listings: Sequence[Listing], rings: Sequence[DeltaRing], lines: int = 1
    ) -> None:
        assert len(listings) == len(rings)
        assert 0 < lines <= LINES_MAX
        self.lines = lines
        self.books = [
            BookState(number, listing.venue_symbol, ring, lines)
            for number, (listing, ring) in enumerate(zip(listings, rings, strict=True))
        ]
        self.book_of = {book.symbol: book for book in self.books}

    @property
    def sequenced(self) -> bool:
        """Every update is numbered."""
        return True

    @property
    def checksum_depth(self) -> int:
        """HitBTC has no book checksum."""
        return 0

    def subscribe(self) -> Sequence[bytes]:
        """Book and trades of every symbol, to be sent on each line; forgets all state."""
        for book in self.books:
            book.forget()
            book.line_last = [-1] * self.lines
        return tuple(
            request(method, book.symbol)
            for book in self.books
            for method in ("subscribeOrderbook", "subscribeTrades")
        )

    def decode(self, payload: bytes, recv_ns: int, line: int = 0) -> Sequence[FeedEvent]:
        """Events of a frame of one line; what another line already brought gives none."""
        if not 0 <= line < self.lines:
            raise DecodeError(f"line {line} is none of the {self.lines} of this codec")
        frame = decode_json(FRAME, payload)
        if frame.params is None:
            return self.on_error() if frame.error else NOTHING
        book = self.book_of.get(frame.params.symbol)
        if book is None:
            return NOTHING
        method = frame.method
        if method == "updateOrderbook":
            return self.on_update(book, frame.params, recv_ns, line)
        if method == "snapshotOrderbook":
            return self.on_snapshot(book, frame.params, recv_ns, line)
        if method in ("updateTrades", "snapshotTrades"):
            return trade_events(book, frame.params, recv_ns, history=method == "snapshotTrades")
        return NOTHING

    def decode_reply(self, tag: str, payload: bytes, recv_ns: int) -> Sequence[FeedEvent]:
        """Snapshots come on the stream; nothing is ever requested."""
        return NOTHING

    def resynchronise(self, listing_id: int) -> Sequence[FeedEvent]:
        """Subscribe again: the venue sends a new snapshot."""
        book = self.books[listing_id]
        book.forget()
        return (ask(book),)

    def checksum(
        self,
        listing_id: int,
        bids: Sequence[tuple[int, int]],
        asks: Sequence[tuple[int, int]],
    ) -> int:
        """Never asked for; -1."""
        return -1

    # ------------------------------------------------------------ arbitration

    def on_update(
        self, book: BookState, params: Params, recv_ns: int, line: int
    ) -> Sequence[FeedEvent]:
        """In turn: apply, then what was held behind it. Behind: drop. Ahead: hold."""
        sequence = self.note_line(book, params, line)
        if not book.live or sequence <= book.last:
            return self.gap_events(book, recv_ns)
        if sequence == book.last + 1:
            events = self.apply(book, params, recv_ns)
            if book.live and book.held:
                events.extend(self.release_held(book))
        else:
            events = []
            if sequence not in book.held:
                book.held[sequence] = Held(params, recv_ns)
        if book.held:
            events.extend(self.gap_events(book, recv_ns))
        return events

    def on_snapshot(
        self, book: BookState, params: Params, recv_ns: int, line: int
    ) -> Sequence[FeedEvent]:
        """Adopt a snapshot that is newer than the book; other lines' older ones are dropped."""
        sequence = self.note_line(book, params, line)
        if book.live and sequence <= book.last:
            return self.gap_events(book, recv_ns)
        start, count = write_levels(book.ring, Layout.PRICE_SIZE, params.bid, params.ask)
        if start < 0:
            return self.start_over(book)
        book.live = True
        book.last = sequence
        exchange_ns = nanoseconds(params.timestamp)
        events: list[FeedEvent] = [
            BookSnapshot(book.listing_id, start, count, recv_ns, exchange_ns, sequence)
        ]
        for older in [held for held in book.held if held <= sequence]:
            del book.held[older]
        events.extend(self.release_held(book))
        events.extend(self.gap_events(book, recv_ns))
        return events

    def note_line(self, book: BookState, params: Params, line: int) -> int:
        """Remember how far the line is; the frame's sequence."""
        sequence = params.sequence
        if sequence < 0 or not (params.ask and params.bid):
            raise DecodeError("a HitBTC book message lacks its sequence or a side")
        book.line_last[line] = max(book.line_last[line], sequence)
        return sequence

    def apply(self, book: BookState, params: Params, recv_ns: int) -> list[FeedEvent]:
        """The update whose turn it is."""
        start, count = write_levels(book.ring, Layout.PRICE_SIZE, params.bid, params.ask)
        if start < 0:
            return self.start_over(book)
        book.last = params.sequence
        exchange_ns = nanoseconds(params.timestamp)
        sequence = params.sequence
        return [BookDelta(book.listing_id, start, count, recv_ns, exchange_ns, sequence)]

    def release_held(self, book: BookState) -> list[FeedEvent]:
        """Held updates whose turn has come; a broken one is told by event, as others went out."""
        events: list[FeedEvent] = []
        while (held := book.held.pop(book.last + 1, None)) is not None:
            try:
                events.extend(self.apply(book, held.params, held.recv_ns))
            except DecodeError:
                events.extend(self.start_over(book, StaleReason.BROKEN_FRAME))
        return events

    def gap_events(self, book: BookState, recv_ns: int) -> list[FeedEvent]:
        """Give up waiting for a missing sequence that no line can bring any more."""
        if not book.held:
            return []
        oldest_ns = min(held.recv_ns for held in book.held.values())
        passed = min(book.line_last) > book.last
        if passed or len(book.held) > HELD_FRAMES_MAX or recv_ns - oldest_ns > HELD_NS_MAX:
            return self.start_over(book)
        return []

    def start_over(self, book: BookState, reason: StaleReason = StaleReason.GAP) -> list[FeedEvent]:
        """Stale, and a new snapshot is needed."""
        book.forget()
        return [BookStale(book.listing_id, reason), ask(book)]

    def on_error(self) -> Sequence[FeedEvent]:
        """A refused request: books that wait for a snapshot will not get one."""
        return tuple(
            BookStale(book.listing_id, StaleReason.VENUE) for book in self.books if not book.live
        )


def request(method: str, symbol: str) -> bytes:
    """A subscription of one symbol."""
    return msgspec.json.encode({"method": method, "params": {"symbol": symbol}, "id": method})


def ask(book: BookState) -> SnapshotNeeded:
    """Unsubscribe and subscribe again."""
    methods = ("unsubscribeOrderbook", "subscribeOrderbook")
    return SnapshotNeeded(
        book.listing_id, None, tuple(request(method, book.symbol) for method in methods)
    )


def trade_events(
    book: BookState, params: Params, recv_ns: int, *, history: bool
) -> Sequence[FeedEvent]:
    """Trades not seen on another line; those of a snapshot are history and only remembered."""
    events: list[FeedEvent] = []
    for trade in decode_json(TRADES, params.data):
        if trade.id <= book.trade_id:
            continue
        if not history:
            try:
                side: Side = parse_side(trade.side)
            except ValueError as error:
                raise DecodeError(f"a HitBTC trade names no side: {error}") from None
            price, qty = exact_price_1e9(trade.price), exact_qty_1e8(trade.quantity)
            time_ns = nanoseconds(trade.timestamp)
            events.append(TradePrint(book.listing_id, price, qty, side, recv_ns, time_ns))
        book.trade_id = trade.id
    return events
