"""Market intelligence before an order: depth, slippage, routing and what venues are like."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from msgspec import Meta

from engine.model.wire import Wire
from engine.service.access.scopes import Scope
from engine.service.quotes.depth import DEPTH_MAX
from engine.service.quotes.walk_views import (
    DepthView,
    RoutingView,
    SlippageView,
    VenueCharacters,
)
from engine.service.quotes.walks import parse_sizes
from engine.service.rest.call import Call
from engine.service.rest.door import Door

__all__ = ["DOORS"]

Symbol = Annotated[str, Meta(min_length=1, max_length=512)]


class SymbolQuery(Wire, frozen=True, kw_only=True):
    """One symbol."""

    symbol: Symbol


class DepthQuery(Wire, frozen=True, kw_only=True):
    """`depth` is how many levels a side to show, of all venues together."""

    symbol: Symbol
    depth: Annotated[int, Meta(ge=1, le=DEPTH_MAX)] = DEPTH_MAX


class SlippageQuery(Wire, frozen=True, kw_only=True):
    """`sizes` is a comma list of USD amounts."""

    symbol: Symbol
    side: Literal["buy", "sell"] = "buy"
    sizes: str = "1000,10000,100000,1000000"


class RoutingQuery(Wire, frozen=True, kw_only=True):
    """A market order; `qty` in human units."""

    symbol: Symbol
    side: Literal["buy", "sell"] = "buy"
    qty: Decimal = Decimal(1)


async def depth(call: Call, query: DepthQuery, body: None) -> DepthView:
    """Levels of all venues in one order."""
    return await call.stack.quotes.depth(query.symbol, query.depth)


async def slippage(call: Call, query: SlippageQuery, body: None) -> SlippageView:
    """The cost of taking liquidity by size, by the router's own walk."""
    return await call.stack.quotes.slippage(query.symbol, query.side, parse_sizes(query.sizes))


async def routing(call: Call, query: RoutingQuery, body: None) -> RoutingView:
    """The router's split for exactly this order."""
    return await call.stack.quotes.routing(query.symbol, query.side, query.qty)


async def venues(call: Call, query: SymbolQuery, body: None) -> VenueCharacters:
    """Market share, spreads, toxicity and quote-to-trade ratio by venue."""
    return await call.stack.quotes.characters(query.symbol)


DOORS = (
    Door("GET", "/v1/intelligence/depth", Scope.READ, depth),
    Door("GET", "/v1/intelligence/slippage", Scope.READ, slippage),
    Door("GET", "/v1/intelligence/routing", Scope.READ, routing),
    Door("GET", "/v1/intelligence/venues", Scope.READ, venues),
)
