"""Typed answers about quotes, books, venues and prediction markets.

Fields without a unit in their name are display values and may be binary floats, as on the wire;
nothing that trades is computed from them.
"""

from __future__ import annotations

from engine.client.results import Answer

__all__ = [
    "Book",
    "FeeTable",
    "FundingHistory",
    "FundingRates",
    "Market",
    "MarketPage",
    "Nbbo",
    "Preview",
    "PriceHistory",
    "Quote",
    "QuoteBatch",
    "Quotes",
    "Settlement",
    "Symbol",
    "VenueEdge",
    "VenueEdges",
    "VenueFees",
    "VenueQuote",
]

Level = tuple[float, float]


class Nbbo(Answer, frozen=True, kw_only=True):
    """The best prices over all venues; None where a side is empty."""

    bid: float | None = None
    ask: float | None = None
    mid: float | None = None
    spread_bps: float | None = None


class VenueQuote(Answer, frozen=True, kw_only=True):
    """One venue's best prices and how old they are."""

    bid: float | None = None
    ask: float | None = None
    bid_size: float | None = None
    ask_size: float | None = None
    age_ms: float | None = None


class Book(Answer, frozen=True, kw_only=True):
    """Levels as (price, size), best first."""

    bids: tuple[Level, ...] = ()
    asks: tuple[Level, ...] = ()


class Quote(Answer, frozen=True, kw_only=True):
    """A symbol's prices; `source` says where from, `error` of a batch why there are none."""

    symbol: str
    canonical: str | None = None
    source: str | None = None
    nbbo: Nbbo | None = None
    venues: dict[str, VenueQuote] | None = None
    book: Book | None = None
    ts_ns: int | None = None
    error: str | None = None


class Symbol(Answer, frozen=True, kw_only=True):
    """One tradable symbol and the venues that list it."""

    symbol: str
    type: str | None = None
    base: str | None = None
    quote: str | None = None
    venues: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()


class VenueEdge(Answer, frozen=True, kw_only=True):
    """The connection to one venue; `reason` says what is wrong with it."""

    venue: str
    state: str | None = None
    connected: bool | None = None
    market_data: bool | None = None
    trading: bool | None = None
    books: int | None = None
    books_healthy: int | None = None
    reason: str | None = None


class VenueEdges(Answer, frozen=True, kw_only=True):
    """All connections to venues."""

    edges: tuple[VenueEdge, ...]


class Quotes(Answer, frozen=True, kw_only=True):
    """Quotes of the symbols asked for; `missing` says of the others why."""

    quotes: tuple[Quote, ...]
    missing: tuple[Quote, ...] = ()


class QuoteBatch(Answer, frozen=True, kw_only=True):
    """Quotes in the order asked for; a symbol that failed has its `error` instead."""

    quotes: tuple[Quote, ...]
    count: int
    elapsed_ms: float


class VenueFees(Answer, frozen=True, kw_only=True):
    """A venue's fees; None is unknown, not free."""

    venue: str
    maker_bps: float | None = None
    taker_bps: float | None = None


class FeeTable(Answer, frozen=True, kw_only=True):
    """Fees of one ticker by venue."""

    ticker: str
    fees: tuple[VenueFees, ...]


class Preview(Answer, frozen=True, kw_only=True):
    """What an order would cost, found without submitting it."""

    symbol: str
    side: str
    source: str | None = None
    venues: tuple[dict[str, object] | str, ...] = ()


class PricePoint(Answer, frozen=True, kw_only=True):
    """A bar's price, or one print with its size, side and venue."""

    ts_ns: int
    price_1e9: int
    qty_1e8: int | None = None
    side: str | None = None
    venue_id: str | None = None


class PriceHistory(Answer, frozen=True, kw_only=True):
    """Prices over time, oldest first."""

    symbol: str
    points: tuple[PricePoint, ...]


class FundingPoint(Answer, frozen=True, kw_only=True):
    """A funding settlement; positive means longs pay shorts."""

    ts_ns: int
    rate_1e9: int
    mark_price_1e9: int | None = None


class FundingHistory(Answer, frozen=True, kw_only=True):
    """Funding settlements of one perp on one venue."""

    symbol: str
    venue: str
    count: int
    points: tuple[FundingPoint, ...]


class FundingRate(Answer, frozen=True, kw_only=True):
    """The rate that runs now, per hour."""

    venue: str
    symbol: str
    rate_bps_per_hour: float | None = None
    predicted_rate_bps_per_hour: float | None = None
    mark_price_1e9: int | None = None
    open_interest_1e8: int | None = None
    next_settlement_ns: int | None = None
    snapshot_age_ms: float | None = None


class FundingRates(Answer, frozen=True, kw_only=True):
    """Rates over venues in `unit`."""

    unit: str
    rates: tuple[FundingRate, ...]


class Market(Answer, frozen=True, kw_only=True):
    """A prediction market, or with `expand="outcomes"` one outcome of it."""

    venue: str | None = None
    slug: str
    question: str
    symbol: str | None = None
    outcomes: tuple[str, ...] = ()
    outcome_token_ids: tuple[str, ...] = ()
    yes_token_id: str | None = None
    no_token_id: str | None = None
    event_id: str | None = None
    neg_risk: bool | None = None
    volume_24h: float | None = None
    volume_total: float | None = None
    best_yes_bid: float | None = None
    best_yes_ask: float | None = None
    best_no_bid: float | None = None
    best_no_ask: float | None = None
    spread_pct: float | None = None
    start_date: str | None = None
    end_date: str | None = None
    url: str | None = None
    parent_event_id: str | None = None
    parent_slug: str | None = None
    outcome_name: str | None = None
    raw_outcome_name: str | None = None
    is_placeholder_outcome: bool | None = None
    outcome_index: int | None = None
    active: bool | None = None
    closed: bool | None = None


class MarketPage(Answer, frozen=True, kw_only=True):
    """Markets of one venue; `next_cursor` leads on while `has_more`."""

    markets: tuple[Market, ...]
    count: int
    venue: str
    next_cursor: str | None = None
    has_more: bool = False


class Settlement(Answer, frozen=True, kw_only=True):
    """How a prediction market was settled, by the venue's own word."""

    slug: str
    question: str | None = None
    yes_token_id: str | None = None
    no_token_id: str | None = None
    condition_id: str | None = None
    neg_risk: bool | None = None
    status: str
    resolved_outcome: str | None = None
    outcome_source: str | None = None
    yes_price: float | None = None
    no_price: float | None = None
    event_start_s: int | None = None
    event_end_s: int | None = None
    resolution_source: str | None = None
    underlying: object = None
