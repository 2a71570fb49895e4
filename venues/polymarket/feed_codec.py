"""Polymarket market data: books by outcome token, changes, trades, and a hash that proves them.

https://docs.polymarket.com/developers/CLOB/websocket/market-channel: `book` when subscribed and
after trades, `price_change` with absolute sizes (one change in the old form, `price_changes` for
both tokens in the new), `last_trade_price`, `tick_size_change`. There is no sequence number: what
was lost shows in the hash (`venues/polymarket/book_hash.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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
from engine.model.units import Side, format_qty
from venues.level_rows import ASK_ROW, BID_ROW, decode_json
from venues.polymarket.book_hash import BookFacts, HashVerdict, book_head
from venues.polymarket.messages import FRAMES, Frame, Level, frames_of, read_level, time_ms, time_ns
from venues.polymarket.token_book import LevelRow, TokenBook

__all__ = ["PolymarketFeedCodec"]

NOTHING: tuple[FeedEvent, ...] = ()
PONG = b"PONG"
SIDES = {"BUY": Side.BUY, "SELL": Side.SELL}
ROWS = {"BUY": BID_ROW, "SELL": ASK_ROW}


class PolymarketFeedCodec:
    """Feed codec of Polymarket; `Listing.venue_symbol` is the token id.

    `complements` maps a listed token to the other token of its market, where that is known.
    `verified` and `unproved` count books and changes by what their hash said.
    """

    def __init__(
        self,
        listings: Sequence[Listing],
        rings: Sequence[DeltaRing],
        complements: Mapping[str, str] | None = None,
    ) -> None:
        assert len(listings) == len(rings)
        others = complements or {}
        self.books = [
            TokenBook(number, listing.venue_symbol, others.get(listing.venue_symbol, ""), ring)
            for number, (listing, ring) in enumerate(zip(listings, rings, strict=True))
        ]
        self.likely_minimums = [format_qty(listing.qty_min_1e8) for listing in listings]
        self.readers: dict[str, list[TokenBook]] = {}
        for book in self.books:
            for token in (book.token, book.complement):
                if token:
                    self.readers.setdefault(token, []).append(book)
        self.facts: dict[str, BookFacts] = {}
        self.verified = 0
        self.unproved = 0

    @property
    def sequenced(self) -> bool:
        """Price changes carry no number: a lost one would never show."""
        return False

    @property
    def checksum_depth(self) -> int:
        """The codec checks hashes itself: they cover texts that a book does not keep."""
        return 0

    def subscribe(self) -> Sequence[bytes]:
        """One subscription for the listed tokens; forgets all state."""
        for book in self.books:
            book.forget()
        self.facts.clear()
        tokens = [book.token for book in self.books]
        return (msgspec.json.encode({"type": "market", "assets_ids": tokens}),)

    def decode(self, payload: bytes, recv_ns: int, line: int = 0) -> Sequence[FeedEvent]:
        """Events of a frame: one message or an array, whose later part may be broken."""
        if payload == PONG:
            return tuple(FeedAlive(book.listing_id, recv_ns) for book in self.books)
        events: list[FeedEvent] = []
        for frame in frames_of(payload):
            try:
                events += self.on_frame(frame, recv_ns)
            except DecodeError:
                if not events:
                    raise
                for book in self.books:
                    events += self.lose(book, StaleReason.BROKEN_FRAME)
                break
        return events

    def on_frame(self, frame: Frame, recv_ns: int) -> Sequence[FeedEvent]:
        """Events of one message; DecodeError only before any row is committed."""
        kind = frame.event_type
        if kind == "price_change":
            return self.on_change(frame, recv_ns)
        if kind == "book":
            return self.on_book(frame, recv_ns)
        if kind == "last_trade_price":
            return self.on_trade(frame, recv_ns)
        if frame.market in self.facts and frame.new_tick_size:
            self.facts[frame.market].tick_size = frame.new_tick_size
        return NOTHING

    def decode_reply(self, tag: str, payload: bytes, recv_ns: int) -> Sequence[FeedEvent]:
        """Events of an answer of `/book`, which is the same object without `event_type`."""
        return self.on_book(decode_json(FRAMES, payload), recv_ns)

    def resynchronise(self, listing_id: int) -> Sequence[FeedEvent]:
        """Unsubscribe and subscribe again: that brings a book."""
        book = self.books[listing_id]
        book.forget()
        return (self.ask(book),)

    def checksum(
        self,
        listing_id: int,
        bids: Sequence[tuple[int, int]],
        asks: Sequence[tuple[int, int]],
    ) -> int:
        """Never asked for; -1."""
        return -1

    # ------------------------------------------------------------------ the venue's procedure

    def on_book(self, frame: Frame, recv_ns: int) -> Sequence[FeedEvent]:
        """A whole book of one token, for each listing that reads that token now."""
        bids = frame.bids if frame.bids is not None else frame.buys
        asks = frame.asks if frame.asks is not None else frame.sells
        if bids is None or asks is None:
            raise DecodeError("a book lacks a side")
        sequence = time_ms(frame.timestamp)
        rows = [*level_rows(BID_ROW, bids), *level_rows(ASK_ROW, asks)]
        token = frame.asset_id
        readers = [book for book in self.readers.get(token, ()) if book.takes_book_of(token)]
        if not readers:
            return NOTHING
        facts = self.facts_of(frame.market, readers[0])
        facts.tick_size = frame.tick_size or facts.tick_size
        facts.last_trade_price = frame.last_trade_price or facts.last_trade_price
        texts = [row[3] for row in rows]
        bid_texts, ask_texts = texts[: len(bids)], texts[len(bids) :]
        head = book_head(frame.market, token, frame.timestamp, bid_texts, ask_texts)
        wrong = self.refuted(facts, head, frame.hash)
        rows = [row for row in rows if row[2]]
        events: list[FeedEvent] = []
        for book in readers:
            if wrong:
                events += self.lose(book, StaleReason.CHECKSUM)
            elif not book.replace(token, rows):
                events += self.lose(book, StaleReason.OVERFLOW)
            elif (start := book.write(rows)) < 0:
                events += self.lose(book, StaleReason.GAP)
            else:
                stamp = time_ns(frame.timestamp)
                snapshot = BookSnapshot(book.listing_id, start, len(rows), recv_ns, stamp, sequence)
                events.append(snapshot)
        return events

    def on_change(self, frame: Frame, recv_ns: int) -> Sequence[FeedEvent]:
        """Changed levels, of which each listing takes those of the token it is read from."""
        sequence = time_ms(frame.timestamp)
        changes: dict[str, list[LevelRow]] = {}
        hashes: dict[str, str] = {}
        for entry in frame.entries():
            level = read_level(entry.price, entry.size)
            if entry.asset_id in self.readers:
                changes.setdefault(entry.asset_id, []).append((ROWS[entry.side], *level))
                hashes[entry.asset_id] = entry.hash
        events: list[FeedEvent] = []
        for token, rows in changes.items():
            for book in self.readers[token]:
                if book.source != token:
                    continue
                if not book.update(rows):
                    events += self.lose(book, StaleReason.OVERFLOW)
                elif self.refuted_after(book, frame, hashes[token]):
                    events += self.lose(book, StaleReason.CHECKSUM)
                elif (start := book.write(rows)) < 0:
                    events += self.lose(book, StaleReason.GAP)
                else:
                    stamp = time_ns(frame.timestamp)
                    delta = BookDelta(book.listing_id, start, len(rows), recv_ns, stamp, sequence)
                    events.append(delta)
        return events

    def on_trade(self, frame: Frame, recv_ns: int) -> Sequence[FeedEvent]:
        """A trade of a listed token; the complement's print is the same trade and is left out."""
        price, qty, _ = read_level(frame.price, frame.size)
        stamp = time_ns(frame.timestamp)
        side = SIDES.get(frame.side)
        return [
            TradePrint(book.listing_id, price, qty, side, recv_ns, stamp)
            for book in self.readers.get(frame.asset_id, ())
            if book.token == frame.asset_id
        ]

    def refuted_after(self, book: TokenBook, frame: Frame, expected: str) -> bool:
        """Whether the hash of a change contradicts the book as it stands after it."""
        bids, asks = book.sorted_texts()
        head = book_head(frame.market, book.source, frame.timestamp, bids, asks)
        return self.refuted(self.facts_of(frame.market, book), head, expected)

    def refuted(self, facts: BookFacts, head: str, expected: str) -> bool:
        """Whether a hash contradicts a book, counting what it says otherwise."""
        verdict = facts.check(head, expected)
        if verdict is HashVerdict.RIGHT:
            self.verified += 1
        elif verdict is HashVerdict.UNPROVED:
            self.unproved += 1
        return verdict is HashVerdict.WRONG

    def facts_of(self, market: str, book: TokenBook) -> BookFacts:
        """The facts of a market; at most two markets for each listing are kept."""
        facts = self.facts.get(market)
        if facts is None:
            if len(self.facts) >= 2 * len(self.books):
                del self.facts[next(iter(self.facts))]
            facts = self.facts[market] = BookFacts(self.likely_minimums[book.listing_id])
        return facts

    def lose(self, book: TokenBook, reason: StaleReason) -> Sequence[FeedEvent]:
        """The book is stale, and how to get it back."""
        book.forget()
        return (BookStale(book.listing_id, reason), self.ask(book))

    def ask(self, book: TokenBook) -> SnapshotNeeded:
        """Frames that bring a new book."""
        frames = tuple(
            msgspec.json.encode({"assets_ids": [book.token], "operation": operation})
            for operation in ("unsubscribe", "subscribe")
        )
        return SnapshotNeeded(book.listing_id, None, frames)


def level_rows(side: int, levels: Sequence[Level]) -> list[LevelRow]:
    """Levels of one side as rows, in the order sent."""
    return [(side, *read_level(level.price, level.size)) for level in levels]
