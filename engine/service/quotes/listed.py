"""What is listed where, and how each venue's adapter stands: symbols, pairs and edges."""

from __future__ import annotations

from collections.abc import Mapping

from actors.venue_feed import VenueFeedActor
from actors.venue_trade import VenueTradeActor
from engine.decisions.market import MarketBlock
from engine.messages import StaleReason
from engine.model.instruments import Listing
from engine.runtime.actor import ActorRef
from engine.service.quotes.asked import Asked
from engine.service.quotes.views import (
    PairVenue,
    PairVenues,
    SymbolRow,
    VenueEdge,
    VenueEdges,
)
from engine.service.wiring import World

__all__ = ["edges", "pair_venues", "stale_word", "symbol_rows"]


def symbol_rows(world: World) -> list[SymbolRow]:
    """Every instrument of the engine, in the order of its configuration."""
    aliases: dict[str, list[str]] = {}
    for name, handle in world.symbols.items():
        if name != handle.symbol:
            aliases.setdefault(handle.symbol, []).append(name)
    rows = []
    for symbol, handle in world.instruments.items():
        instrument = handle.market.instrument
        venues = [listing.venue for listing in handle.listings]
        rows.append(
            SymbolRow(
                symbol,
                instrument.type.value,
                instrument.base,
                instrument.quote,
                venues,
                aliases.get(symbol, []),
            )
        )
    return rows


def pair_venues(asked: Asked) -> PairVenues:
    """The listings of a symbol."""
    market = asked.market
    return PairVenues(
        asked.given, asked.canonical, [_pair(market, one) for one in asked.handle.listings]
    )


def edges(world: World) -> VenueEdges:
    """Each venue's adapter: its two lines and its books.

    State is `connected` with both lines up and every book healthy, `down` with neither line up,
    else `degraded`.
    """
    books: dict[str, list[tuple[MarketBlock, Listing]]] = {}
    for market in world.markets.values():
        for listing in market.listings:
            books.setdefault(listing.venue, []).append((market, listing))
    return VenueEdges([_edge(venue, world, books.get(venue, [])) for venue in world.feeds])


def stale_word(market: MarketBlock, venue_index: int) -> str | None:
    """Why a book may not be routed on, None when it may."""
    if not market.healthy[venue_index]:
        return StaleReason(market.stale_reason[venue_index]).name
    return None if market.usable(venue_index) else "CROSSED"


def _pair(market: MarketBlock, listing: Listing) -> PairVenue:
    reason = stale_word(market, listing.venue_index)
    return PairVenue(
        listing.venue,
        listing.venue_symbol,
        listing.tick_1e9,
        listing.lot_1e8,
        listing.qty_min_1e8,
        listing.notional_min_1e9,
        listing.price_max_1e9,
        reason is None,
        reason,
    )


def _edge(venue: str, world: World, books: list[tuple[MarketBlock, Listing]]) -> VenueEdge:
    market_data, trading = _is_up(world.feeds, venue), _is_up(world.trades, venue)
    words = [stale_word(market, listing.venue_index) for market, listing in books]
    stale = [word for word in words if word is not None]
    reason = None
    if not market_data:
        reason = "the market data line is down"
    elif not trading:
        reason = "the order line is down"
    elif stale:
        reason = f"{len(stale)} of {len(words)} books may not be routed on: {stale[0]}"
    connected = market_data and trading
    state = "connected" if reason is None else "degraded"
    if not market_data and not trading:
        state = "down"
    return VenueEdge(
        venue,
        state,
        connected,
        market_data,
        trading,
        len(words),
        len(words) - len(stale),
        reason,
    )


def _is_up(refs: Mapping[str, ActorRef], venue: str) -> bool:
    actor = refs[venue].actor
    return isinstance(actor, VenueFeedActor | VenueTradeActor) and actor.up
