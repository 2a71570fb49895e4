"""Kalshi market data: books of two bid sides, signed changes, numbering by subscription.

https://docs.kalshi.com/websockets/orderbook-updates: after `orderbook_snapshot` come
`orderbook_delta` messages, each a change of the quantity bid for YES or for NO at one price. The
YES book has the YES bids as bids and each NO bid at p as an ask at 1 - p, mirrored here and
nowhere else. The codec keeps each level's quantity, since books take absolute rows. A loss
(`venues/kalshi/sequence.py`) or a quantity below zero makes the book stale until its market is
taken out of the subscription and added again, which brings a new snapshot.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

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
from engine.model.units import INT64_MAX, PRICE_SCALE
from venues.kalshi.messages import (
    FRAMES,
    Change,
    Levels,
    read_change,
    read_print,
    read_snapshot,
    read_subscribed,
)
from venues.kalshi.sequence import Numbering, Verdict
from venues.level_rows import ASK_ROW, BID_ROW, decode_json

__all__ = ["KalshiFeedCodec"]

NOTHING: tuple[FeedEvent, ...] = ()
LEVELS_MAX: Final = 10_000
SUBSCRIPTIONS_MAX: Final = 64


class MarketBook:
    """One market: quantities bid on both sides, and the subscription they come by."""

    __slots__ = ("listing_id", "no", "ring", "sid", "synced", "ticker", "yes")

    def __init__(self, listing_id: int, ticker: str, ring: DeltaRing) -> None:
        self.listing_id = listing_id
        self.ticker = ticker
        self.ring = ring
        self.sid = -1
        self.forget()

    def forget(self) -> None:
        """No snapshot is held; changes are ignored."""
        self.synced = False
        self.yes: Levels = {}
        self.no: Levels = {}


class KalshiFeedCodec:
    """Feed codec of Kalshi; `Listing.venue_symbol` is the market ticker, the book that of YES."""

    def __init__(self, listings: Sequence[Listing], rings: Sequence[DeltaRing]) -> None:
        assert len(listings) == len(rings)
        self.books = [
            MarketBook(number, listing.venue_symbol, ring)
            for number, (listing, ring) in enumerate(zip(listings, rings, strict=True))
        ]
        self.book_of = {book.ticker: book for book in self.books}
        self.numberings: dict[int, Numbering] = {}
        self.command_id = 0

    @property
    def sequenced(self) -> bool:
        """Every frame of a subscription is numbered."""
        return True

    @property
    def checksum_depth(self) -> int:
        """Kalshi has no book checksum."""
        return 0

    def subscribe(self) -> Sequence[bytes]:
        """One subscribe command for books and trades of every market; forgets all state."""
        for book in self.books:
            book.forget()
            book.sid = -1
        self.numberings.clear()
        tickers = [book.ticker for book in self.books]
        channels = ["orderbook_delta", "trade"]
        return (self.command("subscribe", {"channels": channels, "market_tickers": tickers}),)

    def decode(self, payload: bytes, recv_ns: int, line: int = 0) -> Sequence[FeedEvent]:
        """Events of a frame; markets nobody asked for still count in the numbering."""
        frame = decode_json(FRAMES, payload)
        kind = frame.type
        if kind == "orderbook_delta":
            return self.on_change(frame.sid, frame.seq, read_change(frame.msg), recv_ns)
        if kind == "orderbook_snapshot":
            return self.on_snapshot(frame.sid, frame.seq, frame.msg, recv_ns)
        if kind == "trade":
            return self.on_trade(frame.sid, frame.seq, frame.msg, recv_ns)
        if kind == "subscribed":
            self.remember(read_subscribed(frame.msg), Numbering(whole=True))
        elif kind == "error":
            return tuple(
                BookStale(book.listing_id, StaleReason.VENUE)
                for book in self.books
                if not book.synced
            )
        return NOTHING

    def decode_reply(self, tag: str, payload: bytes, recv_ns: int) -> Sequence[FeedEvent]:
        """No events: a REST book has no number that would join it to the stream."""
        return NOTHING

    def resynchronise(self, listing_id: int) -> Sequence[FeedEvent]:
        """Take the market out of its subscription and add it again."""
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

    def on_snapshot(
        self, sid: int, seq: int, body: msgspec.Raw, recv_ns: int
    ) -> Sequence[FeedEvent]:
        """A whole book; it is good whatever its number says of the others."""
        ticker, yes, no = read_snapshot(body)
        verdict = self.judge(sid, seq, snapshot=True)
        if verdict is Verdict.DUPLICATE:
            return NOTHING
        events: list[FeedEvent] = []
        restarted = verdict is Verdict.RESTART
        if verdict is not Verdict.FOLLOWS:
            reason = StaleReason.LINK_DOWN if restarted else StaleReason.GAP
            events += self.lose_subscription(sid, reason, keep=ticker)
        book = self.book_of.get(ticker)
        if book is None:
            return events
        if restarted and book.synced:
            events.append(BookStale(book.listing_id, StaleReason.LINK_DOWN))
        book.sid = sid
        if max(len(yes), len(no)) > LEVELS_MAX:
            return [*events, *self.lose(book, StaleReason.OVERFLOW)]
        ring = book.ring
        count = len(yes) + len(no)
        start = ring.reserve(count)
        if start < 0:
            return [*events, *self.lose(book, StaleReason.GAP)]
        row = start
        for price, qty in yes.items():
            ring.put(row, BID_ROW, price, qty)
            row += 1
        for price, qty in no.items():
            ring.put(row, ASK_ROW, PRICE_SCALE - price, qty)
            row += 1
        ring.commit(start, count)
        book.yes, book.no, book.synced = yes, no, True
        events.append(BookSnapshot(book.listing_id, start, count, recv_ns, 0, seq))
        return events

    def on_change(self, sid: int, seq: int, change: Change, recv_ns: int) -> Sequence[FeedEvent]:
        """A change as one absolute row."""
        verdict = self.judge(sid, seq, snapshot=False)
        if verdict is Verdict.DUPLICATE:
            return NOTHING
        if verdict is Verdict.LOSS:
            return self.lose_subscription(sid, StaleReason.GAP)
        book = self.book_of.get(change.ticker)
        if book is None or not book.synced:
            return NOTHING
        price = change.price_1e9
        levels = book.yes if change.is_yes else book.no
        qty = levels.get(price, 0) + change.change_1e8
        if not 0 <= qty <= INT64_MAX:
            return self.lose(book, StaleReason.GAP)
        start = book.ring.reserve(1)
        if start < 0:
            return self.lose(book, StaleReason.GAP)
        if qty:
            levels[price] = qty
            if len(levels) > LEVELS_MAX:
                return self.lose(book, StaleReason.OVERFLOW)
        else:
            levels.pop(price, None)
        if change.is_yes:
            book.ring.put(start, BID_ROW, price, qty)
        else:
            book.ring.put(start, ASK_ROW, PRICE_SCALE - price, qty)
        book.ring.commit(start, 1)
        return (BookDelta(book.listing_id, start, 1, recv_ns, change.exchange_ns, seq),)

    def on_trade(self, sid: int, seq: int, body: msgspec.Raw, recv_ns: int) -> Sequence[FeedEvent]:
        """A print of the YES contract; a lost one harms no book."""
        trade = read_print(body)
        verdict = self.judge(sid, seq, snapshot=False)
        if verdict is Verdict.DUPLICATE:
            return NOTHING
        if verdict is Verdict.LOSS and seq < self.numberings[sid].last:
            self.numberings[sid].restart(seq)
        book = self.book_of.get(trade.ticker)
        if book is None:
            return NOTHING
        return (
            TradePrint(
                book.listing_id,
                trade.price_1e9,
                trade.qty_1e8,
                trade.side,
                recv_ns,
                trade.exchange_ns,
            ),
        )

    def judge(self, sid: int, seq: int, *, snapshot: bool) -> Verdict:
        """What the number says; a message without one always follows."""
        if seq < 0:
            return Verdict.FOLLOWS
        numbering = self.numberings.get(sid)
        if numbering is None:
            numbering = self.remember(sid, Numbering(whole=False))
        return numbering.judge(seq, snapshot=snapshot)

    def remember(self, sid: int, numbering: Numbering) -> Numbering:
        """Keep a subscription's numbering; the oldest makes room when there are too many."""
        if len(self.numberings) >= SUBSCRIPTIONS_MAX and sid not in self.numberings:
            del self.numberings[next(iter(self.numberings))]
        self.numberings[sid] = numbering
        return numbering

    def lose_subscription(self, sid: int, reason: StaleReason, keep: str = "") -> list[FeedEvent]:
        """Every synchronised book of a subscription is lost, but the one a snapshot is here for."""
        events: list[FeedEvent] = []
        for book in self.books:
            if book.synced and book.sid == sid and book.ticker != keep:
                events += self.lose(book, reason)
        return events

    def lose(self, book: MarketBook, reason: StaleReason) -> Sequence[FeedEvent]:
        """The book is stale, and how to get it back."""
        book.forget()
        return (BookStale(book.listing_id, reason), self.ask(book))

    def ask(self, book: MarketBook) -> SnapshotNeeded:
        """Commands that bring a snapshot; before any subscription there is nothing to renew."""
        if book.sid < 0:
            return SnapshotNeeded(book.listing_id, None)
        frames = tuple(
            self.command(
                "update_subscription",
                {"sids": [book.sid], "market_tickers": [book.ticker], "action": action},
            )
            for action in ("delete_markets", "add_markets")
        )
        return SnapshotNeeded(book.listing_id, None, frames)

    def command(self, name: str, params: dict[str, list[str] | list[int] | str]) -> bytes:
        """A numbered command."""
        self.command_id += 1
        return msgspec.json.encode({"id": self.command_id, "cmd": name, "params": params})
