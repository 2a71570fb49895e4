"""What a market topic says: one feed a market and topic, computed only when its books moved."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable
from typing import Final

import msgspec
from msgspec import UNSET, UnsetType

from engine.decisions.market import MarketBlock
from engine.kernels.layout import ASK, BID
from engine.model.instruments import InstrumentType
from engine.model.units import PRICE_SCALE
from engine.service.quotes.depth import (
    Level,
    VenueBook,
    book_view,
    merged,
    mirrored,
    nbbo_of,
    usable,
)
from engine.service.quotes.funding import funding_rates
from engine.service.quotes.views import FairPrice, Source
from engine.service.rest.stream.frames import encoded
from engine.service.rest.stream.payloads import BookSnapshot, Prices, VenueLevels

__all__ = [
    "BookFeed",
    "FairPriceFeed",
    "FundingFeed",
    "MarketFeed",
    "MarketRef",
    "PriceFeed",
    "has_funding",
]

BOOK_LEVELS: Final = 100
VENUE_LEVELS: Final = 10
FUNDING_TICK_S: Final = 1.0


class MarketRef(msgspec.Struct, frozen=True):
    """A market as a symbol names it; `mirrored` is the other outcome, at 1 - p."""

    market: MarketBlock
    mirrored: bool = False

    @property
    def symbol(self) -> str:
        """The engine's own name of the market."""
        return self.market.instrument.symbol


class MarketFeed(ABC):
    """One market topic. `data` is its newest state, encoded; None before the first `tick`.

    `tick` costs two reads a venue while no book was written, and nothing is encoded unless what
    the topic shows is different.
    """

    def __init__(self, ref: MarketRef, tick_s: float) -> None:
        self.ref = ref
        self.tick_s = tick_s
        self.data: bytes | None = None
        self._written: tuple[int, ...] | None = None
        self._shown: object = None

    def tick(self) -> bool:
        """Look at the books; whether `data` is new."""
        written = self.written()
        if written == self._written:
            return False
        self._written = written
        shown, show = self.look()
        if self.data is not None and shown == self._shown:
            return False
        self._shown = shown
        self.data = encoded(show())
        return True

    def written(self) -> tuple[int, ...]:
        """Numbers that change whenever a book is written or its health turns."""
        market = self.ref.market
        version = market.version
        cells: list[int] = []
        for venue, healthy in enumerate(market.healthy):
            cells += (version(venue, BID), version(venue, ASK), healthy)
        return tuple(cells)

    @abstractmethod
    def look(self) -> tuple[object, Callable[[], object]]:
        """What the topic shows, to compare, and how to make its payload of it."""

    @property
    @abstractmethod
    def slot(self) -> Hashable:
        """Tells apart the feeds that share a channel."""

    def books(self, depth: int) -> list[VenueBook]:
        """The usable books, as the symbol sees them."""
        found = usable(self.ref.market, depth)
        return mirrored(found) if self.ref.mirrored else found

    def ts_ns(self, books: list[VenueBook]) -> int | None:
        """When the newest change of these books was received."""
        recv_ns = self.ref.market.recv_ns
        return max((recv_ns[one.venue_index] for one in books), default=0) or None


class PriceFeed(MarketFeed):
    """`prices:{symbol}`."""

    def look(self) -> tuple[object, Callable[[], object]]:
        books = self.books(1)
        tops = merged(books, 1)

        def show() -> Prices:
            nbbo = nbbo_of(*tops)
            return Prices(
                bid=nbbo.bid,
                ask=nbbo.ask,
                mid=nbbo.mid,
                spread_bps=nbbo.spread_bps,
                bid_sz=nbbo.bid_size,
                ask_sz=nbbo.ask_size,
                crossed=nbbo.crossed,
                ts_ns=self.ts_ns(books),
            )

        return tops, show

    @property
    def slot(self) -> Hashable:
        return "prices", self.ref.symbol, self.ref.mirrored


class BookFeed(MarketFeed):
    """`book:{symbol}`: at most 100 merged levels a side, with `by_venue` 10 of each venue too."""

    def __init__(self, ref: MarketRef, tick_s: float, *, by_venue: bool) -> None:
        super().__init__(ref, tick_s)
        self.by_venue = by_venue

    def look(self) -> tuple[object, Callable[[], object]]:
        books = self.books(BOOK_LEVELS)
        levels = merged(books, BOOK_LEVELS)
        own = None
        if self.by_venue:
            own = [(one.venue, one.bids[:VENUE_LEVELS], one.asks[:VENUE_LEVELS]) for one in books]

        def show() -> BookSnapshot:
            view = book_view(*levels)
            venues: dict[str, VenueLevels] | UnsetType = UNSET
            if own is not None:
                venues = {name: _venue_levels(bids, asks) for name, bids, asks in own}
            return BookSnapshot(view.bids, view.asks, self.ts_ns(books), venues)

        return (levels, own), show

    @property
    def slot(self) -> Hashable:
        return "book", self.ref.symbol, self.ref.mirrored, self.by_venue


class FairPriceFeed(MarketFeed):
    """`fair_price`: the microprice, best prices each weighted by the size on the other side."""

    def look(self) -> tuple[object, Callable[[], object]]:
        books = self.books(1)
        tops = merged(books, 1)

        def show() -> FairPrice:
            fair, mid = _fair(*tops)
            return FairPrice(
                symbol=self.ref.symbol,
                fair_price=None if fair is None else fair / PRICE_SCALE,
                fair_price_1e9=fair,
                mid=mid,
                source=Source.EDGE_NBBO if books else Source.UNAVAILABLE,
                ts_ns=self.ts_ns(books) or 0,
            )

        return tops, show

    @property
    def slot(self) -> Hashable:
        return "fair_price", self.ref.symbol


class FundingFeed(MarketFeed):
    """`funding`: the rate of one perpetual on one venue; told when it or its settlement moves."""

    def __init__(
        self, ref: MarketRef, venue: str, ppm: dict[str, int], now_ns: Callable[[], int]
    ) -> None:
        super().__init__(ref, FUNDING_TICK_S)
        self.venue = venue
        self.ppm = ppm
        self.now_ns = now_ns

    def written(self) -> tuple[int, ...]:
        # Settlements come by the clock, so that the books do not tell.
        return (self.now_ns(),)

    def look(self) -> tuple[object, Callable[[], object]]:
        rate = funding_rates([self.ref.market], self.ppm, self.venue, self.now_ns()).rates[0]
        return (rate.rate_bps_per_hour, rate.next_settlement_ns), lambda: rate

    @property
    def slot(self) -> Hashable:
        return "funding", self.ref.symbol, self.venue


def has_funding(ref: MarketRef, venue: str) -> bool:
    """Whether that venue lists the market and it is a perpetual."""
    perpetual = ref.market.instrument.type is InstrumentType.PERP
    return perpetual and any(listing.venue == venue for listing in ref.market.listings)


def _fair(bids: list[Level], asks: list[Level]) -> tuple[int | None, float | None]:
    """Fair price in 1e-9 and the mid for display; None where a side is missing or venues cross."""
    if not bids or not asks or bids[0][0] > asks[0][0]:
        return None, None
    (bid, bid_qty), (ask, ask_qty) = bids[0], asks[0]
    fair = (bid * ask_qty + ask * bid_qty) // (bid_qty + ask_qty)
    return fair, (bid + ask) / (2 * PRICE_SCALE)


def _venue_levels(bids: list[Level], asks: list[Level]) -> VenueLevels:
    view = book_view(bids, asks)
    return VenueLevels(view.bids, view.asks)
