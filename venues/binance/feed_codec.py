"""Market data of Binance: depth diffs synchronised to a REST snapshot, and trades.

One codec for spot, USD-M and COIN-M futures, which differ in their sequence rules and paths. The
rules are the venue's own, "How to manage a local order book correctly": for spot on
https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams, for futures on
https://developers.binance.com/docs/derivatives/usds-margined-futures/websocket-market-streams/
(and `coin-margined-futures`). Diffs are held, as bytes, until the snapshot is there.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, IntEnum
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine.errors import DecodeError
from engine.kernels.delta_ring import DeltaRing
from engine.kernels.depth_update import FIELDS, parse_depth_update
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
from engine.model.units import Side
from venues.level_rows import (
    BYTES_PER_LEVEL_MIN,
    Layout,
    decode_json,
    exact_price_1e9,
    exact_qty_1e8,
    write_levels,
)
from venues.venue_time import NS_PER_MS

__all__ = ["BinanceFeedCodec", "BinanceMarket"]

MARKET_TRADE: Final = "MARKET"
HELD_FRAMES_MAX: Final = 2_000
HELD_BYTES_MAX: Final = 768 * 1024
SNAPSHOT_LEVELS: Final = 1_000
SYMBOL_WITHIN: Final = 256
NOTHING: Final[tuple[FeedEvent, ...]] = ()


class BinanceMarket(Enum):
    """The venue's three matching engines; the value is (venue name, depth path)."""

    SPOT = ("binance", "/api/v3/depth")
    USDM = ("binance-usdm", "/fapi/v1/depth")
    COINM = ("binance-coinm", "/dapi/v1/depth")


class Phase(IntEnum):
    """How far a listing is synchronised."""

    HOLDING = 0
    """No snapshot: diffs are held."""
    FIRST = 1
    """Snapshot applied; the next diff must straddle it."""
    LIVE = 2
    """Each diff must follow the one before."""


class Body(msgspec.Struct, gc=False):
    """Fields of all the messages read here; level arrays and prices stay bytes."""

    kind: str = msgspec.field(name="e", default="")
    symbol: str = msgspec.field(name="s", default="")
    event_ms: int = msgspec.field(name="E", default=0)
    engine_ms: int = msgspec.field(name="T", default=0)
    first_id: int = msgspec.field(name="U", default=-1)
    last_id: int = msgspec.field(name="u", default=-1)
    previous_id: int = msgspec.field(name="pu", default=-1)
    bids: msgspec.Raw = msgspec.field(name="b", default=msgspec.Raw())
    asks: msgspec.Raw = msgspec.field(name="a", default=msgspec.Raw())
    price: str = msgspec.field(name="p", default="")
    qty: str = msgspec.field(name="q", default="")
    buyer_is_maker: bool = msgspec.field(name="m", default=False)
    trade_type: str = msgspec.field(name="X", default=MARKET_TRADE)

    @property
    def exchange_ns(self) -> int:
        """The matching engine's time where the market gives it (futures), else the event's."""
        return (self.engine_ms or self.event_ms) * NS_PER_MS


class Frame(Body, gc=False):
    """A message of the combined stream (`stream`, `data`), or a bare one, or a snapshot."""

    data: Body | None = None
    error: msgspec.Raw = msgspec.Raw()
    snapshot_symbol: str = msgspec.field(name="symbol", default="")
    snapshot_id: int = msgspec.field(name="lastUpdateId", default=-1)
    all_bids: msgspec.Raw = msgspec.field(name="bids", default=msgspec.Raw())
    all_asks: msgspec.Raw = msgspec.field(name="asks", default=msgspec.Raw())


class Held(msgspec.Struct, frozen=True, gc=False):
    """A diff that waits for the snapshot."""

    first_id: int
    last_id: int
    payload: bytes
    recv_ns: int


class BookState:
    """Synchronisation of one listing."""

    __slots__ = ("asked", "held", "held_bytes", "last_id", "listing_id", "phase", "ring", "symbol")

    def __init__(self, listing_id: int, symbol: str, ring: DeltaRing) -> None:
        self.listing_id = listing_id
        self.symbol = symbol
        self.ring = ring
        self.held: list[Held] = []
        self.restart()

    def restart(self) -> None:
        """Forget everything; the next diff asks for a snapshot."""
        self.phase = Phase.HOLDING
        self.last_id = -1
        self.asked = False
        self.drop_held()

    def drop_held(self) -> None:
        """Free the held diffs."""
        self.held.clear()
        self.held_bytes = 0


DECODER = msgspec.json.Decoder(Frame)


class BinanceFeedCodec:
    """Feed codec of one Binance market. A capture without a snapshot never gives a book."""

    def __init__(
        self,
        listings: Sequence[Listing],
        rings: Sequence[DeltaRing],
        market: BinanceMarket = BinanceMarket.SPOT,
    ) -> None:
        assert len(listings) == len(rings)
        self.market = market
        self.futures = market is not BinanceMarket.SPOT
        self.books = [
            BookState(number, listing.venue_symbol, ring)
            for number, (listing, ring) in enumerate(zip(listings, rings, strict=True))
        ]
        self.book_of = {book.symbol: book for book in self.books}
        self.book_of_bytes = {book.symbol.encode(): book for book in self.books}
        self.fields: NDArray[np.int64] = np.zeros(FIELDS, np.int64)

    @property
    def sequenced(self) -> bool:
        """Every diff names the one before it."""
        return True

    @property
    def checksum_depth(self) -> int:
        """Binance has no book checksum."""
        return 0

    def subscribe(self) -> Sequence[bytes]:
        """One SUBSCRIBE frame for depth and trades of every listing; forgets all state."""
        for book in self.books:
            book.restart()
        trades = "aggTrade" if self.futures else "trade"
        streams = [
            f"{book.symbol.lower()}@{kind}"
            for book in self.books
            for kind in ("depth@100ms", trades)
        ]
        return (msgspec.json.encode({"method": "SUBSCRIBE", "params": streams, "id": 1}),)

    def decode(self, payload: bytes, recv_ns: int, line: int = 0) -> Sequence[FeedEvent]:
        """Events of a frame: depthUpdate, trade, aggTrade, or a bare snapshot in a capture."""
        if payload.find(b'"depthUpdate"', 0, SYMBOL_WITHIN) >= 0:
            delta = self.decode_live(payload, recv_ns)
            if delta is not None:
                return (delta,)
        frame = decode_json(DECODER, payload)
        body = frame.data if frame.data is not None else frame
        kind = body.kind
        if kind == "depthUpdate":
            book = self.book_of.get(body.symbol)
            return NOTHING if book is None else self.on_diff(book, body, payload, recv_ns)
        if kind in ("trade", "aggTrade"):
            book = self.book_of.get(body.symbol)
            return NOTHING if book is None else trade_events(book.listing_id, body, recv_ns)
        if body is frame and frame.snapshot_id >= 0:
            return self.on_snapshot(self.book_of_bare_snapshot(frame), frame, recv_ns)
        if frame.error:
            return self.on_refused()
        return NOTHING

    def decode_live(self, payload: bytes, recv_ns: int) -> BookDelta | None:
        """The usual diff of a live book by one kernel call; None leaves it to the general way."""
        begin = payload.find(b'"s":"', 0, SYMBOL_WITHIN) + 5
        book = self.book_of_bytes.get(payload[begin : payload.find(b'"', begin)])
        if book is None or book.phase is not Phase.LIVE:
            return None
        ring = book.ring
        bound = len(payload) // BYTES_PER_LEVEL_MIN
        start = ring.reserve(bound)
        if start < 0:
            return None
        count = parse_depth_update(payload, ring.rows, start, start + bound, self.fields)
        if count < 0:
            return None
        fields: list[int] = self.fields.tolist()
        event_ms, engine_ms, first_id, last_id, previous_id, symbol_begin, _ = fields
        follows = previous_id == book.last_id if self.futures else first_id <= book.last_id + 1
        in_order = follows and book.last_id < last_id and first_id <= last_id
        if not in_order or symbol_begin != begin:
            return None
        ring.commit(start, count)
        book.last_id = last_id
        exchange_ns = (engine_ms or event_ms) * NS_PER_MS
        return BookDelta(book.listing_id, start, count, recv_ns, exchange_ns, last_id)

    def decode_reply(self, tag: str, payload: bytes, recv_ns: int) -> Sequence[FeedEvent]:
        """Events of a depth snapshot; the symbol is read from the tag's query."""
        symbol = tag.partition("symbol=")[2].partition("&")[0]
        book = self.book_of.get(symbol)
        if book is None:
            return NOTHING
        frame = decode_json(DECODER, payload)
        if frame.snapshot_id < 0:
            raise DecodeError(f"the depth answer for {symbol} holds no snapshot")
        return self.on_snapshot(book, frame, recv_ns)

    def resynchronise(self, listing_id: int) -> Sequence[FeedEvent]:
        """Start over with a new snapshot; diffs are held from now on."""
        book = self.books[listing_id]
        book.restart()
        return (self.ask(book),)

    def checksum(
        self,
        listing_id: int,
        bids: Sequence[tuple[int, int]],
        asks: Sequence[tuple[int, int]],
    ) -> int:
        """Never asked for; -1."""
        return -1

    # ------------------------------------------------------------ the venue's procedure

    def on_diff(
        self, book: BookState, body: Body, payload: bytes, recv_ns: int
    ) -> Sequence[FeedEvent]:
        """Hold, drop, apply, or find a gap."""
        lacking = body.first_id < 0 or (self.futures and body.previous_id < 0)
        if lacking or body.last_id < body.first_id:
            raise DecodeError("a depth update lacks its update ids")
        phase = book.phase
        if phase is Phase.HOLDING:
            return self.hold(book, body, payload, recv_ns)
        last_id = book.last_id
        first = phase is Phase.FIRST
        if body.last_id < last_id or (body.last_id == last_id and not (first and self.futures)):
            return NOTHING
        if not self.futures:
            follows = body.first_id <= last_id + 1
        elif first:
            follows = body.first_id <= last_id
        else:
            follows = body.previous_id == last_id
        if not follows:
            return self.on_gap(book, body, payload, recv_ns)
        start, count = write_levels(book.ring, Layout.PAIR, body.bids, body.asks)
        if start < 0:
            return self.on_gap(book, body, payload, recv_ns)
        book.phase = Phase.LIVE
        book.last_id = body.last_id
        exchange_ns = body.exchange_ns
        return (BookDelta(book.listing_id, start, count, recv_ns, exchange_ns, body.last_id),)

    def on_gap(
        self, book: BookState, body: Body, payload: bytes, recv_ns: int
    ) -> Sequence[FeedEvent]:
        """Something is missing: stale, and from the beginning, this diff being the first held."""
        book.restart()
        stale = BookStale(book.listing_id, StaleReason.GAP)
        return (stale, *self.hold(book, body, payload, recv_ns))

    def hold(
        self, book: BookState, body: Body, payload: bytes, recv_ns: int
    ) -> Sequence[FeedEvent]:
        """Keep a diff for the snapshot; too many, and holding begins anew with this one."""
        size = len(payload)
        if len(book.held) >= HELD_FRAMES_MAX or book.held_bytes + size > HELD_BYTES_MAX:
            book.restart()
        if size <= HELD_BYTES_MAX:
            book.held.append(Held(body.first_id, body.last_id, payload, recv_ns))
            book.held_bytes += size
        if book.asked:
            return NOTHING
        return (self.ask(book),)

    def on_snapshot(self, book: BookState, frame: Frame, recv_ns: int) -> Sequence[FeedEvent]:
        """Apply a snapshot and what was held, unless it is older than the first held diff.

        Rows already committed need their events, so a broken held diff is told as one.
        """
        if book.phase is not Phase.HOLDING:
            return NOTHING
        last_id = frame.snapshot_id
        lowest_id = last_id if self.futures else last_id + 1
        held = [diff for diff in book.held if diff.last_id >= lowest_id]
        if held and held[0].first_id > lowest_id:
            return (self.ask(book),)
        if not (frame.all_bids and frame.all_asks):
            raise DecodeError(f"the depth snapshot of {book.symbol} lacks a side")
        start, count = write_levels(book.ring, Layout.PAIR, frame.all_bids, frame.all_asks)
        if start < 0:
            book.restart()
            return (BookStale(book.listing_id, StaleReason.GAP), self.ask(book))
        book.drop_held()
        book.phase = Phase.FIRST
        book.last_id = last_id
        exchange_ns = frame.exchange_ns
        events: list[FeedEvent] = [
            BookSnapshot(book.listing_id, start, count, recv_ns, exchange_ns, last_id)
        ]
        for diff in held:
            try:
                events.extend(self.decode(diff.payload, diff.recv_ns))
            except DecodeError:
                book.restart()
                stale = BookStale(book.listing_id, StaleReason.BROKEN_FRAME)
                return (*events, stale, self.ask(book))
        return events

    def book_of_bare_snapshot(self, frame: Frame) -> BookState:
        """Whose snapshot it is: COIN-M names the symbol, elsewhere there must be one listing."""
        if len(self.books) == 1:
            return self.books[0]
        book = self.book_of.get(frame.snapshot_symbol)
        if book is None:
            raise DecodeError("a snapshot without a symbol needs a codec of one listing")
        return book

    def ask(self, book: BookState) -> SnapshotNeeded:
        """The REST request for a snapshot of one listing."""
        book.asked = True
        path = self.market.value[1]
        query = f"{path}?symbol={book.symbol}&limit={SNAPSHOT_LEVELS}"
        return SnapshotNeeded(book.listing_id, query)

    def on_refused(self) -> Sequence[FeedEvent]:
        """The venue refused a request on the stream: books that are not live stay stale for it."""
        return tuple(
            BookStale(book.listing_id, StaleReason.VENUE)
            for book in self.books
            if book.phase is Phase.HOLDING
        )


def trade_events(listing_id: int, body: Body, recv_ns: int) -> Sequence[FeedEvent]:
    """A public trade; `m` says that the buyer was the maker.

    Futures also print what the insurance fund took and deleveraging (`X`): nobody traded there.
    """
    if body.trade_type != MARKET_TRADE:
        return NOTHING
    side = Side.SELL if body.buyer_is_maker else Side.BUY
    exchange_ns = body.exchange_ns
    price = exact_price_1e9(body.price)
    qty = exact_qty_1e8(body.qty)
    return (TradePrint(listing_id, price, qty, side, recv_ns, exchange_ns),)
