"""Market data of the Coinbase Exchange feed: the level 2 channel and matches.

Rules: https://docs.cdp.coinbase.com/exchange/websocket-feed/channels. Level 2 carries no
sequence; the venue guarantees its delivery, so a snapshot followed by every update is a book, and
a loss shows only as a lost connection. `side` of a match is the maker's: a print has the other.
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
    FeedAlive,
    FeedEvent,
    SnapshotNeeded,
    StaleReason,
    TradePrint,
)
from engine.model.instruments import Listing
from engine.model.units import Side
from venues.level_rows import (
    Layout,
    decode_json,
    exact_price_1e9,
    exact_qty_1e8,
    write_changes,
    write_levels,
)
from venues.venue_time import nanoseconds

__all__ = ["CoinbaseFeedCodec"]

PUBLIC_CHANNEL: Final = "level2_batch"
NOTHING: Final[tuple[FeedEvent, ...]] = ()
TAKER_OF_MAKER = {"buy": Side.SELL, "sell": Side.BUY}


class Frame(msgspec.Struct, gc=False):
    """Fields of all the messages read here."""

    type: str
    product_id: str = ""
    changes: msgspec.Raw = msgspec.Raw()
    bids: msgspec.Raw = msgspec.Raw()
    asks: msgspec.Raw = msgspec.Raw()
    time: datetime | None = None
    side: str = ""
    size: str = ""
    price: str = ""


class BookState:
    """One product: whether its snapshot has come, and how many book messages so far."""

    __slots__ = ("listing_id", "live", "product_id", "ring", "sequence")

    def __init__(self, listing_id: int, product_id: str, ring: DeltaRing) -> None:
        self.listing_id = listing_id
        self.product_id = product_id
        self.ring = ring
        self.sequence = 0
        self.live = False


DECODER = msgspec.json.Decoder(Frame)


class CoinbaseFeedCodec:
    """Feed codec of the Coinbase Exchange.

    `channel` is `level2_batch`, open to all, or `level2`, which the venue gives to authenticated
    connections; their messages are the same. Sequences are the codec's own count of messages.
    """

    def __init__(
        self,
        listings: Sequence[Listing],
        rings: Sequence[DeltaRing],
        channel: str = PUBLIC_CHANNEL,
    ) -> None:
        assert len(listings) == len(rings)
        self.channel = channel
        self.books = [
            BookState(number, listing.venue_symbol, ring)
            for number, (listing, ring) in enumerate(zip(listings, rings, strict=True))
        ]
        self.book_of = {book.product_id: book for book in self.books}

    @property
    def sequenced(self) -> bool:
        """Level updates carry no number: a lost one would never show."""
        return False

    @property
    def checksum_depth(self) -> int:
        """Coinbase has no book checksum."""
        return 0

    def subscribe(self) -> Sequence[bytes]:
        """Book, matches and heartbeats of every product; forgets all state."""
        for book in self.books:
            book.live = False
        products = [book.product_id for book in self.books]
        return (request("subscribe", products, [self.channel, "matches", "heartbeat"]),)

    def decode(self, payload: bytes, recv_ns: int, line: int = 0) -> Sequence[FeedEvent]:
        """Events of a frame; updates before the product's snapshot are dropped."""
        frame = decode_json(DECODER, payload)
        kind = frame.type
        if kind == "error":
            return self.on_error()
        book = self.book_of.get(frame.product_id)
        if book is None:
            return NOTHING
        if kind == "l2update":
            return self.on_update(book, frame, recv_ns) if book.live else NOTHING
        if kind == "snapshot":
            return self.on_snapshot(book, frame, recv_ns)
        if kind == "match":
            return trade_events(book.listing_id, frame, recv_ns)
        if kind == "heartbeat":
            return (FeedAlive(book.listing_id, recv_ns),)
        return NOTHING

    def decode_reply(self, tag: str, payload: bytes, recv_ns: int) -> Sequence[FeedEvent]:
        """Snapshots come on the stream; nothing is ever requested."""
        return NOTHING

    def resynchronise(self, listing_id: int) -> Sequence[FeedEvent]:
        """Subscribe again: the venue sends a new snapshot."""
        book = self.books[listing_id]
        book.live = False
        return (self.ask(book),)

    def checksum(
        self,
        listing_id: int,
        bids: Sequence[tuple[int, int]],
        asks: Sequence[tuple[int, int]],
    ) -> int:
        """Never asked for; -1."""
        return -1

    # ------------------------------------------------------------ messages

    def on_snapshot(self, book: BookState, frame: Frame, recv_ns: int) -> Sequence[FeedEvent]:
        """The whole book of one product."""
        if not (frame.bids and frame.asks):
            raise DecodeError("a Coinbase snapshot lacks a side")
        book.live = False
        start, count = write_levels(book.ring, Layout.PAIR, frame.bids, frame.asks)
        if start < 0:
            return (BookStale(book.listing_id, StaleReason.GAP), self.ask(book))
        book.live = True
        book.sequence += 1
        exchange_ns = nanoseconds(frame.time)
        return (BookSnapshot(book.listing_id, start, count, recv_ns, exchange_ns, book.sequence),)

    def on_update(self, book: BookState, frame: Frame, recv_ns: int) -> Sequence[FeedEvent]:
        """Changed levels, absolute quantities."""
        start, count = write_changes(book.ring, frame.changes)
        if start < 0:
            book.live = False
            return (BookStale(book.listing_id, StaleReason.GAP), self.ask(book))
        book.sequence += 1
        exchange_ns = nanoseconds(frame.time)
        return (BookDelta(book.listing_id, start, count, recv_ns, exchange_ns, book.sequence),)

    def on_error(self) -> Sequence[FeedEvent]:
        """A refused request: books that wait for a snapshot will not get one."""
        return tuple(
            BookStale(book.listing_id, StaleReason.VENUE) for book in self.books if not book.live
        )

    def ask(self, book: BookState) -> SnapshotNeeded:
        """Unsubscribe and subscribe again."""
        products = [book.product_id]
        frames = tuple(
            request(kind, products, [self.channel]) for kind in ("unsubscribe", "subscribe")
        )
        return SnapshotNeeded(book.listing_id, None, frames)


def request(kind: str, products: Sequence[str], channels: Sequence[str]) -> bytes:
    """A subscribe or unsubscribe frame."""
    return msgspec.json.encode({"type": kind, "product_ids": products, "channels": channels})


def trade_events(listing_id: int, frame: Frame, recv_ns: int) -> Sequence[FeedEvent]:
    """One match; the aggressor is the other side than the maker."""
    side = TAKER_OF_MAKER.get(frame.side)
    if side is None:
        raise DecodeError("a Coinbase match names no side")
    price, qty = exact_price_1e9(frame.price), exact_qty_1e8(frame.size)
    return (TradePrint(listing_id, price, qty, side, recv_ns, nanoseconds(frame.time)),)
