"""Verbs that look at markets: quotes, fees, previews, history, prediction markets."""

from __future__ import annotations

from collections.abc import Iterable

from engine.client.amounts import Amount, json_number, plain_text
from engine.client.market_results import (
    FeeTable,
    FundingHistory,
    FundingRates,
    MarketPage,
    Preview,
    PriceHistory,
    Quote,
    QuoteBatch,
    Quotes,
    Settlement,
    Symbol,
    VenueEdges,
)
from engine.client.request import JsonObject, Request, path_of

__all__ = [
    "depth",
    "edges",
    "fees",
    "funding_history",
    "funding_rates",
    "health",
    "markets",
    "preview",
    "price_history",
    "quote",
    "quotes",
    "quotes_batch",
    "routing",
    "settlement",
    "slippage",
    "symbols",
    "venue_quality",
]

SIZES_USD = (1_000, 10_000, 100_000, 1_000_000)


def quote(symbol: str, depth: int = 10, nowait: bool = False) -> Request[Quote]:
    """Best prices over all venues and of each, and the merged book; gate trading on `source`."""
    query = {"depth": depth, "nowait": nowait or None}
    return Request("GET", path_of("/v1/quotes/{}", symbol), Quote, query=query)


def quotes(symbols: Iterable[str], max_age_s: int | None = None) -> Request[Quotes]:
    """Quotes of several symbols that were updated lately."""
    query = {"symbols": tuple(symbols), "max_age_s": max_age_s}
    return Request("GET", "/v1/quotes", Quotes, query=query)


def quotes_batch(
    symbols: Iterable[str],
    depth: int = 10,
    nowait: bool = True,
    concurrency: int = 64,
    instrument_type: str | None = None,
) -> Request[QuoteBatch]:
    """Quotes of up to 2,000 symbols; one that fails does not fail the others."""
    body: JsonObject = {
        "symbols": list(symbols),
        "depth": depth,
        "nowait": nowait,
        "concurrency": concurrency,
    }
    if instrument_type is not None:
        body["instrument_type"] = instrument_type
    return Request("POST", "/v1/quotes_batch", QuoteBatch, body=body)


def symbols() -> Request[list[Symbol]]:
    """Everything that can be traded."""
    return Request("GET", "/v1/symbols", list[Symbol])


def edges() -> Request[VenueEdges]:
    """The connections to venues and how they are."""
    return Request("GET", "/v1/edges", VenueEdges)


def fees(ticker: str, venues: Iterable[str] = ()) -> Request[FeeTable]:
    """Maker and taker fees by venue."""
    query = {"ticker": ticker, "venues": tuple(venues)}
    return Request("GET", "/v1/fees", FeeTable, query=query)


def preview(symbol: str, side: str, qty: Amount, order_type: str = "market") -> Request[Preview]:
    """Fee, slippage, cost and venues of an order, without submitting it."""
    amount = json_number(qty)
    body = {"symbol": symbol, "side": side, "order_type": order_type, "qty": amount}
    return Request("POST", "/v1/orders/preview", Preview, body=body)


def depth(symbol: str) -> Request[JsonObject]:
    """The book over all venues."""
    return Request("GET", "/v1/intelligence/depth", JsonObject, query={"symbol": symbol})


def slippage(
    symbol: str, side: str = "buy", sizes: Iterable[int] = SIZES_USD
) -> Request[JsonObject]:
    """Cost by size, on the curve that routing uses; sizes in USD."""
    query = {"symbol": symbol, "side": side, "sizes": tuple(str(size) for size in sizes)}
    return Request("GET", "/v1/intelligence/slippage", JsonObject, query=query)


def routing(symbol: str, side: str = "buy", qty: Amount = 1) -> Request[JsonObject]:
    """How exactly this order would be split over venues."""
    query = {"symbol": symbol, "side": side, "qty": plain_text(qty)}
    return Request("GET", "/v1/intelligence/routing", JsonObject, query=query)


def venue_quality(symbol: str) -> Request[JsonObject]:
    """Market share, spread regime and toxicity by venue."""
    return Request("GET", "/v1/intelligence/venues", JsonObject, query={"symbol": symbol})


def price_history(
    symbol: str,
    range: str = "1d",  # noqa: A002  # the wire's own word
    fidelity_secs: int = 60,
    *,
    start_ts: int | None = None,
    end_ts: int | None = None,
    venue: str | None = None,
    limit: int | None = None,
) -> Request[PriceHistory]:
    """Prices over time; `fidelity_secs=0` gives single prints."""
    window = {"range": range, "start_ts": start_ts, "end_ts": end_ts}
    query = {**window, "fidelity_secs": fidelity_secs, "venue": venue, "limit": limit}
    return Request("GET", path_of("/v1/price_history/{}", symbol), PriceHistory, query=query)


def funding_history(
    symbol: str,
    venue: str,
    range: str = "1m",  # noqa: A002  # the wire's own word
    *,
    start_ts: int | None = None,
    end_ts: int | None = None,
) -> Request[FundingHistory]:
    """Funding settlements of a perp."""
    query = {"venue": venue, "range": range, "start_ts": start_ts, "end_ts": end_ts}
    return Request("GET", path_of("/v1/funding_history/{}", symbol), FundingHistory, query=query)


def funding_rates(venue: str | None = None, symbol: str | None = None) -> Request[FundingRates]:
    """Funding rates that run now."""
    query = {"venue": venue, "symbol": symbol}
    return Request("GET", "/v1/market/funding-rates", FundingRates, query=query)


def markets(
    venue: str = "polymarket",
    q: str | None = None,
    *,
    slug: str | None = None,
    clob_token_id: str | None = None,
    tag: str | None = None,
    active: bool = True,
    closed: bool = False,
    limit: int = 20,
    cursor: str | None = None,
    expand: str | None = None,
) -> Request[MarketPage]:
    """Prediction markets of a venue that meet all conditions."""
    lookup = {"venue": venue, "q": q, "slug": slug, "clob_token_id": clob_token_id, "tag": tag}
    flags = {"active": active, "closed": closed or None, "expand": expand}
    query = {**lookup, **flags, "limit": limit, "cursor": cursor}
    return Request("GET", "/v1/markets", MarketPage, query=query)


def settlement(slug: str, underlying: bool = False) -> Request[Settlement]:
    """The outcome of a prediction market by the venue's own word."""
    query = {"underlying": underlying or None}
    return Request("GET", path_of("/v1/settlement/{}", slug), Settlement, query=query)


def health() -> Request[JsonObject]:
    """Whether the server lives; asks for no rights."""
    return Request("GET", "/v1/health/live", JsonObject)
