"""The chain a cold symbol goes down for its books: own books, a snapshot, the public API.

Own books are waited for briefly, since they are subscribed from the start. Whoever asks is told
which link of the chain answered.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Final, Protocol

import msgspec

from engine.decisions.market import MarketBlock
from engine.kernels.delta_ring import DeltaRing
from engine.kernels.layout import ASK, BID
from engine.model.units import Side
from engine.service.quotes.depth import VenueBook, usable
from engine.service.quotes.views import Source
from venues.simulated.catalogue import SandboxVenue

__all__ = ["BookChain", "Found", "SandboxSnapshots", "SnapshotPort", "frozen_market"]

WAIT_S: Final = 2.0
SETTLE_S: Final = 0.25
POLL_S: Final = 0.005


class SnapshotPort(Protocol):
    """Fetches books that the engine does not hold; at most a few hundred milliseconds."""

    async def books(self, market: MarketBlock, depth: int) -> Sequence[VenueBook]:
        """Books of the market's listings, one a venue that has one; nothing where none has."""
        ...


class SandboxSnapshots:
    """The simulated exchanges' own books, as their snapshot request would give them."""

    def __init__(self, venues: Sequence[SandboxVenue]) -> None:
        self._exchanges = {one.profile.name: one.exchange for one in venues}

    async def books(self, market: MarketBlock, depth: int) -> Sequence[VenueBook]:
        """One book a venue where it is open and has a level."""
        found = []
        for listing in market.listings:
            exchange = self._exchanges.get(listing.venue)
            published = exchange.books.get(listing.venue_symbol) if exchange else None
            if published is None or not published.open:
                continue
            bids = published.book.depth(Side.BUY, depth)
            asks = published.book.depth(Side.SELL, depth)
            if bids or asks:
                found.append(VenueBook(listing.venue, listing.venue_index, bids, asks))
        return found


class Found(msgspec.Struct, frozen=True):
    """Books with levels and the link of the chain that gave them; none where it is UNAVAILABLE,
    or where the engine's own books are healthy and empty."""

    source: Source
    books: list[VenueBook]


class BookChain:
    """Own books first, then `snapshot`, then `public`; a port that is None is passed over."""

    def __init__(
        self,
        snapshot: SnapshotPort | None,
        public: SnapshotPort | None = None,
        *,
        wait_s: float = WAIT_S,
        settle_s: float = SETTLE_S,
    ) -> None:
        self._links = (
            (Source.EDGE_RPC_SNAPSHOT, snapshot),
            (Source.VENUE_PUBLIC_API, public),
        )
        self._wait_s = wait_s
        self._settle_s = settle_s

    async def books(self, market: MarketBlock, depth: int, *, nowait: bool = False) -> Found:
        """At most `depth` levels a side and venue from the first link that has any."""
        own = usable(market, depth)
        if not own and not nowait:
            await self._wait(market)
            own = usable(market, depth)
        if own or _live(market):
            return Found(Source.EDGE_NBBO, own)
        for source, port in self._links:
            found = [] if port is None else await port.books(market, depth)
            whole = [one for one in found if not one.crossed]
            if whole:
                return Found(source, whole)
        return Found(Source.UNAVAILABLE, [])

    async def _wait(self, market: MarketBlock) -> None:
        """Until a book has levels and the others had a moment to have some too.

        Books that are healthy and stay empty are what there is: they get that moment and no more.
        """
        began = time.monotonic()
        while True:
            waited = time.monotonic() - began
            filled = usable(market, 1)
            if len(filled) == len(market.listings) or waited >= self._wait_s:
                return
            if waited >= self._settle_s and (filled or _live(market)):
                return
            await asyncio.sleep(POLL_S)


def _live(market: MarketBlock) -> bool:
    """Whether the engine holds a book of it, be it an empty one."""
    return any(market.usable(v) for v in range(len(market.listings)))


def frozen_market(market: MarketBlock, books: Sequence[VenueBook], now_ns: int) -> MarketBlock:
    """The market as those books have it, for a walk; venues without one are not healthy."""
    depth = max(max(len(one.bids), len(one.asks)) for one in books)
    copy = MarketBlock(market.instrument, market.listings, depth)
    ring = DeltaRing(2 * depth)
    for one in books:
        rows = [(BID, *level) for level in one.bids] + [(ASK, *level) for level in one.asks]
        start = ring.reserve(len(rows))
        for row, (side, price, qty) in enumerate(rows, start):
            ring.put(row, side, price, qty)
        ring.commit(start, len(rows))
        slot = copy.slot(one.venue_index)
        slot.replace(ring, start, len(rows))
        ring.release(start, len(rows))
        slot.mark_healthy(now_ns, now_ns, 0)
    return copy
