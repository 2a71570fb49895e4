"""Market data: quotes, symbols, venue adapters, fees, previews, price and funding history."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from msgspec import Meta

from engine.model.instruments import InstrumentType
from engine.model.wire import Wire
from engine.service.access.scopes import Scope
from engine.service.api_error import ApiError, ErrorCode
from engine.service.quotes.board import CONCURRENCY_MAX, SYMBOLS_MAX
from engine.service.quotes.depth import DEPTH_MAX
from engine.service.quotes.fees import FeeTable
from engine.service.quotes.funding import FundingHistory, FundingRates
from engine.service.quotes.history import PriceHistory
from engine.service.quotes.views import (
    FairPrices,
    PairVenues,
    Quote,
    QuoteBatch,
    QuoteList,
    SymbolRow,
    VenueEdges,
)
from engine.service.quotes.walk_views import Preview
from engine.service.rest.call import Call
from engine.service.rest.door import Door

__all__ = ["DOORS"]

FIDELITY_SECS_MAX = 86_400
LIFECYCLE_PRINTS_MAX = 50_000

Depth = Annotated[int, Meta(ge=1, le=DEPTH_MAX)]
Symbol = Annotated[str, Meta(min_length=1, max_length=512)]
UnixSeconds = Annotated[int, Meta(ge=0)]


class QuotesQuery(Wire, frozen=True, kw_only=True):
    """`symbols`, or `symbol`, is a comma list; without either every symbol is meant."""

    symbols: str | None = None
    symbol: str | None = None
    max_age_s: Annotated[float, Meta(ge=0)] = 300.0


class QuoteQuery(Wire, frozen=True, kw_only=True):
    """`nowait` does not wait for the engine's own books; for research only."""

    depth: Depth = 10
    nowait: bool = False


class QuotesBatchBody(Wire, frozen=True, kw_only=True):
    """Many symbols in one go. The type of an instrument follows from its symbol here, so that
    `instrument_type` is accepted and not needed."""

    symbols: Annotated[list[Symbol], Meta(max_length=SYMBOLS_MAX)]
    depth: Depth = 10
    nowait: bool = True
    concurrency: Annotated[int, Meta(ge=1, le=CONCURRENCY_MAX)] = 64
    instrument_type: InstrumentType | None = None


class FairPriceQuery(Wire, frozen=True, kw_only=True):
    """One symbol, or all."""

    symbol: Symbol | None = None


class FeesQuery(Wire, frozen=True, kw_only=True):
    """`venues` is a comma list; without it every venue that lists the ticker."""

    ticker: Symbol
    venues: str | None = None


class PreviewBody(Wire, frozen=True, kw_only=True):
    """An order as it would be submitted; `price` makes it a limit order."""

    symbol: Symbol
    side: Literal["buy", "sell"]
    qty: Decimal
    order_type: Literal["market", "limit"] = "market"
    price: Decimal | None = None
    venue: str | None = None


class PriceHistoryQuery(Wire, frozen=True, kw_only=True):
    """`fidelity_secs` 0 asks for prints. `paginate` has nothing to page through in memory."""

    range: str = "1d"
    fidelity_secs: Annotated[int, Meta(ge=0, le=FIDELITY_SECS_MAX)] = 60
    paginate: bool = False
    start_ts: UnixSeconds | None = None
    end_ts: UnixSeconds | None = None
    venue: str | None = None
    limit: Annotated[int, Meta(ge=1, le=LIFECYCLE_PRINTS_MAX)] = 100
    underlying: bool = False


class FundingHistoryQuery(Wire, frozen=True, kw_only=True):
    """A venue with perpetuals, and a range or both bounds in unix seconds."""

    venue: str
    range: str = "1m"
    start_ts: UnixSeconds | None = None
    end_ts: UnixSeconds | None = None


class FundingRatesQuery(Wire, frozen=True, kw_only=True):
    """Filters; neither is needed."""

    venue: str | None = None
    symbol: Symbol | None = None


async def many_quotes(call: Call, query: QuotesQuery, body: None) -> QuoteList:
    """Best prices of several symbols, without books."""
    names = words(query.symbols, query.symbol)
    if names is not None and len(names) > SYMBOLS_MAX:
        text = f"at most {SYMBOLS_MAX} symbols at a time"
        raise ApiError(ErrorCode.INVALID_PARAMS, text, [("symbols", text)])
    return await call.stack.quotes.quotes(names, query.max_age_s)


async def one_quote(call: Call, query: QuoteQuery, body: None) -> Quote:
    """Best prices, each venue's, and the merged book of one symbol."""
    quotes = call.stack.quotes
    return await quotes.quote(call.path["symbol"], depth=query.depth, nowait=query.nowait)


async def quotes_batch(call: Call, query: None, body: QuotesBatchBody) -> QuoteBatch:
    """Quotes of many symbols at once; one bad symbol fails no other."""
    return await call.stack.quotes.batch(
        body.symbols, depth=body.depth, nowait=body.nowait, concurrency=body.concurrency
    )


async def all_symbols(call: Call, query: None, body: None) -> list[SymbolRow]:
    """Every tradable symbol and the venues that list it."""
    return call.stack.quotes.symbols()


async def pair_venues(call: Call, query: None, body: None) -> PairVenues:
    """The venues of one symbol: grid, minimums and health."""
    return await call.stack.quotes.pair_venues(call.path["symbol"])


async def fair_price(call: Call, query: FairPriceQuery, body: None) -> FairPrices:
    """The size-weighted fair price of one symbol, or of all."""
    return await call.stack.quotes.fair_prices(query.symbol)


async def venue_edges(call: Call, query: None, body: None) -> VenueEdges:
    """Venue adapters and how they stand."""
    return call.stack.quotes.edges()


async def fees(call: Call, query: FeesQuery, body: None) -> FeeTable:
    """Maker and taker fees by venue; null where there is no data."""
    return await call.stack.quotes.fees(query.ticker, words(query.venues))


async def preview(call: Call, query: None, body: PreviewBody) -> Preview:
    """Fee, slippage, total cost and venues of an order that is not submitted."""
    if (body.order_type == "limit") != (body.price is not None):
        text = "a limit order has a 'price', a market order has none"
        raise ApiError(ErrorCode.VALIDATION_ERROR, text, [("price", text)])
    return await call.stack.quotes.preview(
        body.symbol, body.side, body.qty, price=body.price, venue=body.venue
    )


async def price_history(call: Call, query: PriceHistoryQuery, body: None) -> PriceHistory:
    """Bars or prints of a symbol out of the tape in memory."""
    if query.underlying:
        text = "prices of what an event is about are not kept; ask for that symbol itself"
        raise ApiError(ErrorCode.NOT_IMPLEMENTED, text, [("underlying", text)])
    return await call.stack.quotes.price_history(
        call.path["symbol"],
        named=query.range,
        fidelity_secs=query.fidelity_secs,
        start_ts=query.start_ts,
        end_ts=query.end_ts,
        venue=query.venue,
        limit=query.limit,
    )


async def funding_history(call: Call, query: FundingHistoryQuery, body: None) -> FundingHistory:
    """Past funding rates of a perpetual on one venue."""
    return await call.stack.quotes.funding_history(
        call.path["symbol"], query.venue, query.range, query.start_ts, query.end_ts
    )


async def funding_rates(call: Call, query: FundingRatesQuery, body: None) -> FundingRates:
    """Funding rates in force, in bps an hour."""
    return await call.stack.quotes.funding_rates(query.venue, query.symbol)


def words(*lists: str | None) -> list[str] | None:
    """The words of the comma lists that are given; None where none is."""
    given = [text for text in lists if text is not None]
    if not given:
        return None
    return [word.strip() for text in given for word in text.split(",") if word.strip()]


DOORS = (
    Door("GET", "/v1/quotes", Scope.READ, many_quotes),
    Door("GET", "/v1/quotes/{symbol}", Scope.READ, one_quote),
    Door("POST", "/v1/quotes_batch", Scope.READ, quotes_batch),
    Door("GET", "/v1/symbols", Scope.READ, all_symbols),
    Door("GET", "/v1/pairs/{symbol}/venues", Scope.READ, pair_venues),
    Door("GET", "/v1/fair_price", Scope.READ, fair_price),
    Door("GET", "/v1/edges", Scope.READ, venue_edges),
    Door("GET", "/v1/fees", Scope.READ, fees),
    Door("POST", "/v1/orders/preview", Scope.READ, preview),
    Door("GET", "/v1/price_history/{symbol}", Scope.READ, price_history),
    Door("GET", "/v1/funding_history/{symbol}", Scope.READ, funding_history),
    Door("GET", "/v1/market/funding-rates", Scope.READ, funding_rates),
)
