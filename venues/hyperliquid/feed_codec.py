"""Hyperliquid market data: a whole book in every `l2Book` frame, and trades.

https://hyperliquid.gitbook.io/hyperliquid-docs/for-developers/api/websocket/subscriptions:
`WsBook` is `{coin, levels: [bids, asks], time}` with levels `{px, sz, n}`, best first, pushed as
a snapshot each time; `WsTrade.side` is the aggressor's, `B` for a buy and `A` for a sell. There
is no sequence number and nothing to lose: a book older than the last one is dropped, by `time`.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from engine.errors import DecodeError
from engine.kernels.delta_ring import DeltaRing
from engine.messages import (
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
from venues.level_rows import Layout, decode_json, exact_price_1e9, exact_qty_1e8, write_levels
from venues.venue_time import NS_PER_MS

__all__ = ["HyperliquidFeedCodec"]

NOTHING: tuple[FeedEvent, ...] = ()
SIDES = {"B": Side.BUY, "A": Side.SELL}
CHANNELS = ("l2Book", "trades")
TIME_MS_MAX = 1 << 43


class Frame(msgspec.Struct, gc=False):
    """Envelope of every websocket message."""

    channel: str
    data: msgspec.Raw = msgspec.Raw()


class Book(msgspec.Struct, gc=False):
    """`WsBook`; the levels stay bytes."""

    coin: str
    time: int
    levels: tuple[msgspec.Raw, msgspec.Raw]


class Trade(msgspec.Struct, gc=False):
    """`WsTrade`, as far as it is read."""

    coin: str
    side: str
    px: str
    sz: str
    time: int


FRAMES = msgspec.json.Decoder(Frame)
BOOKS = msgspec.json.Decoder(Book)
TRADES = msgspec.json.Decoder(list[Trade])


class HyperliquidFeedCodec:
    """Feed codec of Hyperliquid; `Listing.venue_symbol` is the coin (`BTC`, `@162`)."""

    def __init__(self, listings: Sequence[Listing], rings: Sequence[DeltaRing]) -> None:
        assert len(listings) == len(rings)
        self.coins = [listing.venue_symbol for listing in listings]
        self.rings = list(rings)
        self.listing_of = {coin: number for number, coin in enumerate(self.coins)}
        self.last_ms = [-1] * len(self.coins)

    @property
    def sequenced(self) -> bool:
        """Every frame is a whole book, so the next one heals a loss."""
        return True

    @property
    def checksum_depth(self) -> int:
        """Hyperliquid has no book checksum."""
        return 0

    def subscribe(self) -> Sequence[bytes]:
        """One subscribe frame for each coin and channel; forgets the last book times."""
        self.last_ms = [-1] * len(self.coins)
        return tuple(
            command("subscribe", channel, coin) for coin in self.coins for channel in CHANNELS
        )

    def decode(self, payload: bytes, recv_ns: int, line: int = 0) -> Sequence[FeedEvent]:
        """Events of a frame; acknowledgements and other channels give none, a pong life signs."""
        frame = decode_json(FRAMES, payload)
        channel = frame.channel
        if channel == "l2Book":
            return self.on_book(frame.data, recv_ns)
        if channel == "trades":
            return self.on_trades(frame.data, recv_ns)
        if channel == "pong":
            return tuple(FeedAlive(number, recv_ns) for number in range(len(self.coins)))
        return NOTHING

    def decode_reply(self, tag: str, payload: bytes, recv_ns: int) -> Sequence[FeedEvent]:
        """Events of an `info` answer of type `l2Book`, which has the form of the frame's data."""
        return self.on_book(payload, recv_ns)

    def resynchronise(self, listing_id: int) -> Sequence[FeedEvent]:
        """Subscribe to the book again; the next frame is whole anyway."""
        self.last_ms[listing_id] = -1
        coin = self.coins[listing_id]
        frames = (command("unsubscribe", "l2Book", coin), command("subscribe", "l2Book", coin))
        return (SnapshotNeeded(listing_id, None, frames),)

    def checksum(
        self,
        listing_id: int,
        bids: Sequence[tuple[int, int]],
        asks: Sequence[tuple[int, int]],
    ) -> int:
        """Never asked for; -1."""
        return -1

    def on_book(self, data: msgspec.Raw | bytes, recv_ns: int) -> Sequence[FeedEvent]:
        """A whole book, unless it is older than the last one."""
        book = decode_json(BOOKS, data)
        if not 0 <= book.time < TIME_MS_MAX:
            raise DecodeError("a book's time is out of range")
        listing_id = self.listing_of.get(book.coin)
        if listing_id is None:
            return NOTHING
        if book.time < self.last_ms[listing_id]:
            return (FeedAlive(listing_id, recv_ns),)
        bids, asks = book.levels
        start, count = write_levels(self.rings[listing_id], Layout.PX_SZ, bids, asks)
        if start < 0:
            stale = BookStale(listing_id, StaleReason.GAP)
            return (stale, *self.resynchronise(listing_id))
        self.last_ms[listing_id] = book.time
        exchange_ns = book.time * NS_PER_MS
        return (BookSnapshot(listing_id, start, count, recv_ns, exchange_ns, book.time),)

    def on_trades(self, data: msgspec.Raw, recv_ns: int) -> Sequence[FeedEvent]:
        """Public trades; the first frame after subscribing holds past ones, by their own time."""
        prints: list[FeedEvent] = []
        for trade in decode_json(TRADES, data):
            listing_id = self.listing_of.get(trade.coin)
            if listing_id is None:
                continue
            price, qty = exact_price_1e9(trade.px), exact_qty_1e8(trade.sz)
            side = SIDES.get(trade.side)
            if not 0 <= trade.time < TIME_MS_MAX:
                raise DecodeError("a trade's time is out of range")
            exchange_ns = trade.time * NS_PER_MS
            prints.append(TradePrint(listing_id, price, qty, side, recv_ns, exchange_ns))
        return prints


def command(method: str, channel: str, coin: str) -> bytes:
    """A subscribe or unsubscribe frame."""
    return msgspec.json.encode({"method": method, "subscription": {"type": channel, "coin": coin}})
