"""The wire shapes of quotes: best prices, each venue's, the merged book, and where it is from.

Prices and sizes without a unit in their name are human numbers for display, each computed from
the engine's integers by one division.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec
from msgspec import UNSET, UnsetType

__all__ = [
    "BatchQuote",
    "BookView",
    "FairPrice",
    "FairPrices",
    "MissingQuote",
    "Nbbo",
    "PairVenue",
    "PairVenues",
    "Quote",
    "QuoteBatch",
    "QuoteList",
    "Source",
    "SymbolRow",
    "VenueEdge",
    "VenueEdges",
    "VenueQuote",
]

PricedLevel = tuple[float, float]


class Source(StrEnum):
    """Where a book is from; only EDGE_NBBO is fit for trading decisions."""

    EDGE_NBBO = "edge_nbbo"
    EDGE_RPC_SNAPSHOT = "edge_rpc_snapshot"
    VENUE_PUBLIC_API = "venue_public_api"
    UNAVAILABLE = "unavailable"


class Nbbo(msgspec.Struct, frozen=True, gc=False):
    """Best prices over all usable venues. Crossed venues make `mid` and `spread_bps` 0."""

    bid: float | None
    ask: float | None
    mid: float | None
    spread_bps: float | None
    bid_size: float | None
    ask_size: float | None
    crossed: bool = False


class VenueQuote(msgspec.Struct, frozen=True, gc=False):
    """One venue's best prices; `age_ms` since its book was last known to be right."""

    bid: float | None
    ask: float | None
    bid_size: float | None
    ask_size: float | None
    age_ms: int | None


class BookView(msgspec.Struct, frozen=True):
    """The merged book, best first, each level as [price, size]."""

    bids: list[PricedLevel]
    asks: list[PricedLevel]


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """A symbol's quote. `symbol` is as it was asked for, `canonical` the engine's own name;
    `mirrored` says that prices are of the other outcome, 1 - p of the canonical's."""

    symbol: str
    canonical: str
    mirrored: bool = False
    source: Source
    nbbo: Nbbo
    venues: dict[str, VenueQuote]
    book: BookView | UnsetType = UNSET
    ts_ns: int


class MissingQuote(msgspec.Struct, frozen=True):
    """A symbol without a quote and why."""

    symbol: str
    error: str


class QuoteList(msgspec.Struct, frozen=True):
    """Quotes without books; `missing` are those left out, with the reason."""

    quotes: list[Quote]
    missing: list[MissingQuote]


class BatchQuote(msgspec.Struct, frozen=True, kw_only=True):
    """A quote, or the `error` in place of one."""

    symbol: str
    error: str | UnsetType = UNSET
    canonical: str | UnsetType = UNSET
    mirrored: bool | UnsetType = UNSET
    source: Source | UnsetType = UNSET
    nbbo: Nbbo | UnsetType = UNSET
    venues: dict[str, VenueQuote] | UnsetType = UNSET
    book: BookView | UnsetType = UNSET
    ts_ns: int | UnsetType = UNSET


class QuoteBatch(msgspec.Struct, frozen=True):
    """One row a symbol, in the order asked."""

    quotes: list[BatchQuote]
    count: int
    elapsed_ms: int


class SymbolRow(msgspec.Struct, frozen=True):
    """A tradable symbol, its other names and the venues that list it."""

    symbol: str
    type: str
    base: str
    quote: str
    venues: list[str]
    aliases: list[str]


class PairVenue(msgspec.Struct, frozen=True):
    """One venue's listing: its name there, its grid, and whether it can be routed to now."""

    venue: str
    venue_symbol: str
    tick_1e9: int
    lot_1e8: int
    qty_min_1e8: int
    notional_min_1e9: int
    price_max_1e9: int | None
    healthy: bool
    reason: str | None


class PairVenues(msgspec.Struct, frozen=True):
    """The venues of one symbol."""

    symbol: str
    canonical: str
    venues: list[PairVenue]


class FairPrice(msgspec.Struct, frozen=True):
    """The microprice: best prices, each weighted by the size on the other side."""

    symbol: str
    fair_price: float | None
    fair_price_1e9: int | None
    mid: float | None
    source: Source
    ts_ns: int


class FairPrices(msgspec.Struct, frozen=True):
    """One row a symbol."""

    method: str
    prices: list[FairPrice]


class VenueEdge(msgspec.Struct, frozen=True):
    """One venue's adapter: its two lines, and how many of its books may be routed on."""

    venue: str
    state: str
    connected: bool
    market_data: bool
    trading: bool
    books: int
    books_healthy: int
    reason: str | None


class VenueEdges(msgspec.Struct, frozen=True):
    """Every venue adapter."""

    edges: list[VenueEdge]
