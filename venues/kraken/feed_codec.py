"""Market data of Kraken's WebSocket v1: the `book` channel with its checksum, and trades.

Rules: https://docs.kraken.com/api/docs/guides/spot-ws-book-v1 (checksum, order of updates) and
https://docs.kraken.com/websockets/ (message `book`). The venue sends no delete for a level that
is pushed out of the subscribed depth, and would later send it again. So the codec keeps the
prices of each side, sorted, worst last, and appends delete rows for what falls off after a whole
message: a bisection and a short memory move a level, and the book needs to know nothing of it.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from typing import Final
from zlib import crc32

import msgspec

from engine.errors import DecodeError
from engine.kernels.delta_ring import DeltaRing
from engine.messages import (
    BookDelta,
    BookSnapshot,
    BookStale,
    FeedAlive,
    FeedEvent,
    SnapshotNeeded,
    StaleReason,
    TradePrint,
)
from engine.model.instruments import Listing
from engine.model.units import PRICE_DECIMALS, QTY_DECIMALS, Side
from venues.level_rows import (
    ASK_ROW,
    BID_ROW,
    Layout,
    decode_json,
    exact_price_1e9,
    exact_qty_1e8,
    parse_side_rows,
    row_bound,
)

__all__ = ["KrakenFeedCodec"]

DEFAULT_DEPTH: Final = 1_000
DEPTH_MAX: Final = 1_000
CHECKSUM_LEVELS: Final = 10
RESUBSCRIBE: Final = ("unsubscribe", "subscribe")
NOTHING: Final[tuple[FeedEvent, ...]] = ()
LEVEL_TEXT = re.compile(rb'\[\s*\[\s*"\d+(?:\.(\d+))?"\s*,\s*"\d+(?:\.(\d+))?"')
LEVEL_TIME = re.compile(rb'"(\d{10})\.(\d{6})"\s*(?:,\s*"r"\s*)?\]')
SIDE_OF_LETTER = {"b": Side.BUY, "s": Side.SELL}


class Changes(msgspec.Struct, gc=False):
    """One map of a book message: `as`, `bs` in a snapshot, `a`, `b`, `c` in an update."""

    all_asks: msgspec.Raw = msgspec.field(name="as", default=msgspec.Raw())
    all_bids: msgspec.Raw = msgspec.field(name="bs", default=msgspec.Raw())
    asks: msgspec.Raw = msgspec.field(name="a", default=msgspec.Raw())
    bids: msgspec.Raw = msgspec.field(name="b", default=msgspec.Raw())
    checksum: str = msgspec.field(name="c", default="")


class Notice(msgspec.Struct, gc=False):
    """A message that is an object: heartbeat, systemStatus, subscriptionStatus, pong, error."""

    event: str
    status: str = ""
    pair: str = ""


class BookState:
    """What the codec knows of one pair; a ladder holds at most the subscribed depth."""

    __slots__ = (
        "ask_keys",
        "bid_keys",
        "depth",
        "listing_id",
        "live",
        "pair",
        "price_decimals",
        "qty_decimals",
        "ring",
        "sequence",
    )

    def __init__(self, listing_id: int, pair: str, ring: DeltaRing) -> None:
        self.listing_id = listing_id
        self.pair = pair
        self.ring = ring
        self.bid_keys: list[int] = []
        self.ask_keys: list[int] = []
        self.depth = DEFAULT_DEPTH
        self.price_decimals = -1
        self.qty_decimals = -1
        self.sequence = 0
        self.live = False

    def forget(self) -> None:
        """No book until the next snapshot."""
        self.live = False
        self.bid_keys.clear()
        self.ask_keys.clear()


ARRAY = msgspec.json.Decoder(list[msgspec.Raw])
NOTICE = msgspec.json.Decoder(Notice)
CHANGES = msgspec.json.Decoder(Changes)
TEXT = msgspec.json.Decoder(str)
TRADES = msgspec.json.Decoder(list[list[str]])


class KrakenFeedCodec:
    """Feed codec of Kraken v1. The price decimals of the checksum are read off the snapshot."""

    def __init__(
        self,
        listings: Sequence[Listing],
        rings: Sequence[DeltaRing],
        depth: int = DEFAULT_DEPTH,
    ) -> None:
        assert len(listings) == len(rings)
        assert 0 < depth <= DEPTH_MAX
        self.depth = depth
        self.suspended = False
        self.books = [
            BookState(number, listing.venue_symbol, ring)
            for number, (listing, ring) in enumerate(zip(listings, rings, strict=True))
        ]
        self.book_of = {book.pair: book for book in self.books}

    @property
    def sequenced(self) -> bool:
        """Every update carries a checksum, which the next one fails after a loss."""
        return True

    @property
    def checksum_depth(self) -> int:
        """The CRC covers ten levels a side, whatever the subscribed depth."""
        return CHECKSUM_LEVELS

    def subscribe(self) -> Sequence[bytes]:
        """Book and trade subscriptions for all pairs; forgets all state."""
        self.suspended = False
        for book in self.books:
            book.forget()
        pairs = [book.pair for book in self.books]
        return (
            request("subscribe", pairs, {"name": "book", "depth": self.depth}),
            request("subscribe", pairs, {"name": "trade"}),
        )

    def decode(self, payload: bytes, recv_ns: int, line: int = 0) -> Sequence[FeedEvent]:
        """Events of a frame."""
        if payload[:1] != b"[":
            return self.on_notice(decode_json(NOTICE, payload), recv_ns)
        parts = decode_json(ARRAY, payload)
        if len(parts) < 4:
            raise DecodeError("a Kraken array message has at least four elements")
        channel = decode_json(TEXT, parts[-2])
        book = self.book_of.get(decode_json(TEXT, parts[-1]))
        if book is None:
            return NOTHING
        if channel.startswith("book-"):
            maps = [decode_json(CHANGES, part) for part in parts[1:-2] if bytes(part) != b"null"]
            if not maps:
                raise DecodeError("a Kraken book message holds no map")
            if maps[0].all_asks and maps[0].all_bids:
                return self.on_snapshot(book, maps[0], channel, recv_ns)
            return self.on_update(book, maps, recv_ns) if book.live else NOTHING
        if channel == "trade":
            return trade_events(book.listing_id, parts[1], recv_ns)
        return NOTHING

    def decode_reply(self, tag: str, payload: bytes, recv_ns: int) -> Sequence[FeedEvent]:
        """Kraken's snapshots come on the stream; nothing is ever requested."""
        return NOTHING

    def resynchronise(self, listing_id: int) -> Sequence[FeedEvent]:
        """Subscribe again: the venue sends a new snapshot."""
        book = self.books[listing_id]
        book.forget()
        return (self.ask(book),)

    def checksum(
        self,
        listing_id: int,
        bids: Sequence[tuple[int, int]],
        asks: Sequence[tuple[int, int]],
    ) -> int:
        """CRC32 over ten asks then ten bids: price and volume without point or leading zeros."""
        book = self.books[listing_id]
        assert book.price_decimals >= 0, "decimals are known from the first levels on"
        text = "".join(
            f"{rescale(price, PRICE_DECIMALS, book.price_decimals)}"
            f"{rescale(qty, QTY_DECIMALS, book.qty_decimals)}"
            for side in (asks, bids)
            for price, qty in side[:CHECKSUM_LEVELS]
        )
        return crc32(text.encode())

    # ------------------------------------------------------------ messages

    def on_snapshot(
        self, book: BookState, changes: Changes, channel: str, recv_ns: int
    ) -> Sequence[FeedEvent]:
        """A new book; its depth is the channel's."""
        depth = channel[len("book-") :]
        if not (depth.isascii() and depth.isdigit() and 0 < int(depth) <= DEPTH_MAX):
            raise DecodeError(f"the Kraken channel {channel!r} names no depth")
        book.forget()
        book.depth = int(depth)
        sides = [(ASK_ROW, changes.all_asks), (BID_ROW, changes.all_bids)]
        start, count = self.write(book, sides)
        if start < 0:
            return (BookStale(book.listing_id, StaleReason.GAP), self.ask(book))
        book.live = True
        book.sequence += 1
        exchange_ns = latest_ns(sides)
        return (BookSnapshot(book.listing_id, start, count, recv_ns, exchange_ns, book.sequence),)

    def on_update(
        self, book: BookState, maps: Sequence[Changes], recv_ns: int
    ) -> Sequence[FeedEvent]:
        """Absolute quantities in the venue's order, then the deletes of what fell off."""
        sides = []
        expected = ""
        for changes in maps:
            expected = changes.checksum or expected
            sides.append((ASK_ROW, changes.asks))
            sides.append((BID_ROW, changes.bids))
        if expected and not (expected.isascii() and expected.isdigit()):
            raise DecodeError("a Kraken checksum is not a number")
        start, count = self.write(book, sides)
        if start < 0:
            book.forget()
            return (BookStale(book.listing_id, StaleReason.GAP), self.ask(book))
        book.sequence += 1
        time_ns = latest_ns(sides)
        checksum = int(expected) if expected and book.price_decimals >= 0 else -1
        return (
            BookDelta(book.listing_id, start, count, recv_ns, time_ns, book.sequence, checksum),
        )

    def write(self, book: BookState, sides: Sequence[tuple[int, msgspec.Raw]]) -> tuple[int, int]:
        """Rows of a message and the deletes it causes, committed; start -1 without room."""
        ring = book.ring
        start = ring.reserve(2 * sum(row_bound(raw) for _, raw in sides))
        if start < 0:
            return -1, 0
        count = 0
        for side, raw in sides:
            count += parse_side_rows(ring, start + count, Layout.PAIR, side, raw)
            if book.price_decimals < 0:
                read_decimals(book, raw)
        for side, price, qty in ring.rows[start : start + count].tolist():
            if side == ASK_ROW:
                track(book.ask_keys, price, qty)
            else:
                track(book.bid_keys, -price, qty)
        while len(book.ask_keys) > book.depth:
            ring.put(start + count, ASK_ROW, book.ask_keys.pop(), 0)
            count += 1
        while len(book.bid_keys) > book.depth:
            ring.put(start + count, BID_ROW, -book.bid_keys.pop(), 0)
            count += 1
        ring.commit(start, count)
        return start, count

    def on_notice(self, notice: Notice, recv_ns: int) -> Sequence[FeedEvent]:
        """Heartbeats, a venue that is not fully online, and refused subscriptions."""
        event = notice.event
        if event == "heartbeat":
            return tuple(FeedAlive(book.listing_id, recv_ns) for book in self.books)
        if event == "systemStatus":
            return self.on_system_status(notice.status == "online")
        if event == "subscriptionStatus" and notice.status == "error":
            book = self.book_of.get(notice.pair)
            if book is None:
                return NOTHING
            return (BookStale(book.listing_id, StaleReason.VENUE),)
        return NOTHING

    def on_system_status(self, online: bool) -> Sequence[FeedEvent]:
        """Books of a venue that is not online are stale, and start over when it is again."""
        if online:
            asked = tuple(self.ask(book) for book in self.books) if self.suspended else NOTHING
            self.suspended = False
            return asked
        self.suspended = True
        for book in self.books:
            book.forget()
        return tuple(BookStale(book.listing_id, StaleReason.VENUE) for book in self.books)

    def ask(self, book: BookState) -> SnapshotNeeded:
        """Unsubscribe and subscribe again."""
        channel: dict[str, object] = {"name": "book", "depth": self.depth}
        frames = tuple(request(event, [book.pair], channel) for event in RESUBSCRIBE)
        return SnapshotNeeded(book.listing_id, None, frames)


def request(event: str, pairs: Sequence[str], subscription: dict[str, object]) -> bytes:
    """A subscribe or unsubscribe frame."""
    return msgspec.json.encode({"event": event, "pair": pairs, "subscription": subscription})


def track(keys: list[int], key: int, qty: int) -> None:
    """Keep the sorted price keys of one side: ascending, the worst last."""
    place = bisect_left(keys, key)
    known = place < len(keys) and keys[place] == key
    if qty and not known:
        keys.insert(place, key)
    elif known and not qty:
        del keys[place]


def read_decimals(book: BookState, raw: msgspec.Raw) -> None:
    """The checksum's decimals, which metadata does not tell, from the text of the first level."""
    match = LEVEL_TEXT.match(raw)
    if match is not None:
        book.price_decimals = len(match[1] or b"")
        book.qty_decimals = len(match[2] or b"")


def rescale(value: int, decimals: int, wanted: int) -> int:
    """`value` at 10**-decimals written with `wanted` decimals."""
    step: int = 10 ** abs(decimals - wanted)
    return value // step if wanted <= decimals else value * step


def latest_ns(sides: Sequence[tuple[int, msgspec.Raw]]) -> int:
    """The latest time of any level, which stands third in it; 0 where there is none."""
    latest = max((m.groups() for _, raw in sides for m in LEVEL_TIME.finditer(raw)), default=None)
    if latest is None:
        return 0
    return int(latest[0]) * 10**9 + int(latest[1]) * 1_000


def trade_events(listing_id: int, raw: msgspec.Raw, recv_ns: int) -> Sequence[FeedEvent]:
    """Prints of a trade message: [price, volume, time, side, type, misc] each."""
    events: list[FeedEvent] = []
    for trade in decode_json(TRADES, raw):
        if len(trade) < 4 or trade[3] not in SIDE_OF_LETTER:
            raise DecodeError("a Kraken trade is not [price, volume, time, side, ...]")
        price, qty = exact_price_1e9(trade[0]), exact_qty_1e8(trade[1])
        exchange_ns = exact_price_1e9(trade[2])
        side = SIDE_OF_LETTER[trade[3]]
        events.append(TradePrint(listing_id, price, qty, side, recv_ns, exchange_ns))
    return events
