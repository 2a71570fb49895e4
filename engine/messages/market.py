"""Messages of the market path, in hop order: from bytes on a line to books and tapes."""

from __future__ import annotations

from enum import IntEnum

from engine.model.units import Side
from engine.runtime.delivery import Event, Signal

__all__ = [
    "BookDelta",
    "BookSnapshot",
    "BookStale",
    "FeedAlive",
    "FeedCheck",
    "FeedEvent",
    "FeedFrame",
    "FeedReply",
    "LinkDown",
    "LinkUp",
    "MidSample",
    "Resynchronise",
    "SnapshotNeeded",
    "StaleReason",
    "TradePrint",
]


class StaleReason(IntEnum):
    """Why a book may not be routed on."""

    NOT_STARTED = 0
    LINK_DOWN = 1
    GAP = 2
    CHECKSUM = 3
    OVERFLOW = 4
    BROKEN_FRAME = 5
    SILENT = 6
    VENUE = 7


class LinkUp(Event, frozen=True, gc=False):
    """A link to a venue is open; sessions subscribe and synchronise."""

    line: int = 0


class LinkDown(Event, frozen=True, gc=False):
    """A link to a venue is gone, with the reason as text."""

    reason: str
    line: int = 0


class FeedFrame(Signal, frozen=True, gc=False):
    """Bytes of a market data line, as received. `line` tells parallel connections apart."""

    recv_ns: int
    payload: bytes
    line: int = 0


class FeedReply(Event, frozen=True, gc=False):
    """Body of an answered market data request (a REST snapshot). `tag` is the request's."""

    recv_ns: int
    tag: str
    payload: bytes


class BookDelta(Signal, frozen=True, gc=False):
    """A run of rows in the listing's ring to apply. `listing_id` is the feed's own numbering.

    `checksum` is the venue's expected checksum after applying, or -1. `exchange_ns` is the
    venue's clock, 0 where it gives none.
    """

    listing_id: int
    start: int
    count: int
    recv_ns: int
    exchange_ns: int
    sequence: int
    checksum: int = -1


class BookSnapshot(Signal, frozen=True, gc=False):
    """As `BookDelta`, but the book is cleared first; it makes a stale book healthy again."""

    listing_id: int
    start: int
    count: int
    recv_ns: int
    exchange_ns: int
    sequence: int
    checksum: int = -1


class BookStale(Event, frozen=True, gc=False):
    """The listing's book is not to be trusted until the next snapshot."""

    listing_id: int
    reason: StaleReason


class TradePrint(Signal, frozen=True, gc=False):
    """A public trade; `side` is the aggressor's, or None where the venue does not say."""

    listing_id: int
    price_1e9: int
    qty_1e8: int
    side: Side | None
    recv_ns: int
    exchange_ns: int


class FeedAlive(Signal, frozen=True, gc=False):
    """A heartbeat or any other proof that the listing's line lives."""

    listing_id: int
    recv_ns: int


class Resynchronise(Event, frozen=True, gc=False):
    """Book to feed: the listing's book found itself wrong; start over."""

    listing_id: int


class MidSample(Event, frozen=True, gc=False):
    """A tape's own timer: take the consolidated mid for the volatility estimate."""


class FeedCheck(Event, frozen=True, gc=False):
    """A feed's own timer: which lines have been silent?"""


class SnapshotNeeded(Event, frozen=True, gc=False):
    """The codec cannot go on without a fresh snapshot: `request` for the link, or resubscribe.

    `request` is what the link must fetch (venue specific, e.g. a REST path), None where a
    snapshot comes by subscribing again with the frames of `resubscribe`.
    """

    listing_id: int
    request: str | None
    resubscribe: tuple[bytes, ...] = ()


FeedEvent = BookDelta | BookSnapshot | BookStale | TradePrint | FeedAlive | SnapshotNeeded
