"""Standing books: one JSON object holds a whole book, `{venue, base, quote, bids, asks}`.

The form of the recorded multi-exchange snapshots; levels are `[price, quantity]` texts. There is
no stream, so there is nothing to subscribe to and no gap; each object replaces the book.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from engine.kernels.delta_ring import DeltaRing
from engine.messages import (
    BookSnapshot,
    BookStale,
    FeedEvent,
    SnapshotNeeded,
    StaleReason,
)
from engine.model.instruments import Listing
from venues.level_rows import Layout, decode_json, write_levels

__all__ = ["StaticFeedCodec"]

NOTHING: tuple[FeedEvent, ...] = ()


class StaticBook(msgspec.Struct, gc=False):
    """One recorded book."""

    base: str
    quote: str
    bids: msgspec.Raw
    asks: msgspec.Raw
    venue: str = ""


BOOKS = msgspec.json.Decoder(StaticBook)


class StaticFeedCodec:
    """Feed codec of one recorded venue; `Listing.venue_symbol` is `BASE-QUOTE`.

    A book that names another venue than its listing gives no events.
    """

    def __init__(self, listings: Sequence[Listing], rings: Sequence[DeltaRing]) -> None:
        assert len(listings) == len(rings)
        self.rings = list(rings)
        self.venues = [listing.venue for listing in listings]
        self.listing_of = {listing.venue_symbol: number for number, listing in enumerate(listings)}
        self.books = [0] * len(self.rings)

    @property
    def sequenced(self) -> bool:
        """Every frame is a whole book."""
        return True

    @property
    def checksum_depth(self) -> int:
        """No checksum."""
        return 0

    def subscribe(self) -> Sequence[bytes]:
        """Nothing to send."""
        return ()

    def decode(self, payload: bytes, recv_ns: int, line: int = 0) -> Sequence[FeedEvent]:
        """The snapshot a book object stands for; its sequence counts the listing's objects."""
        book = decode_json(BOOKS, payload)
        listing_id = self.listing_of.get(f"{book.base}-{book.quote}")
        if listing_id is None or (book.venue and book.venue != self.venues[listing_id]):
            return NOTHING
        start, count = write_levels(self.rings[listing_id], Layout.PAIR, book.bids, book.asks)
        if start < 0:
            stale = BookStale(listing_id, StaleReason.GAP)
            return (stale, *self.resynchronise(listing_id))
        self.books[listing_id] += 1
        sequence = self.books[listing_id]
        return (BookSnapshot(listing_id, start, count, recv_ns, 0, sequence),)

    def decode_reply(self, tag: str, payload: bytes, recv_ns: int) -> Sequence[FeedEvent]:
        """As a frame."""
        return self.decode(payload, recv_ns)

    def resynchronise(self, listing_id: int) -> Sequence[FeedEvent]:
        """Wait for the next object: nothing can be sent."""
        return (SnapshotNeeded(listing_id, None),)

    def checksum(
        self,
        listing_id: int,
        bids: Sequence[tuple[int, int]],
        asks: Sequence[tuple[int, int]],
    ) -> int:
        """Never asked for; -1."""
        return -1
