"""The venues whose market data can be read: codec, rules from metadata, kind of instrument."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from engine.errors import ConfigError, DecodeError
from engine.kernels.delta_ring import DeltaRing
from engine.model.instruments import InstrumentType, Listing
from engine.ports import FeedCodec
from venues.binance import catalogue as binance_catalogue
from venues.binance.feed_codec import BinanceFeedCodec, BinanceMarket
from venues.coinbase import catalogue as coinbase_catalogue
from venues.coinbase.feed_codec import CoinbaseFeedCodec
from venues.hitbtc import catalogue as hitbtc_catalogue
from venues.hitbtc.feed_codec import HitbtcFeedCodec
from venues.hyperliquid import catalogue as hyperliquid_catalogue
from venues.hyperliquid.feed_codec import HyperliquidFeedCodec
from venues.kalshi import catalogue as kalshi_catalogue
from venues.kalshi.feed_codec import KalshiFeedCodec
from venues.kraken import catalogue as kraken_catalogue
from venues.kraken.feed_codec import KrakenFeedCodec
from venues.listing_rules import ListingRules
from venues.polymarket.catalogue import market_terms
from venues.polymarket.feed_codec import PolymarketFeedCodec
from venues.static.feed_codec import StaticFeedCodec

__all__ = ["FEED_VENUES", "FeedSetup", "FeedVenue", "feed_venue", "rules_in"]

EVENT_PAYOFF_1E9: Final = 10**9
Rules = Mapping[str, ListingRules]


class FeedSetup(msgspec.Struct, frozen=True):
    """What a codec is made with besides listings and rings."""

    lines: int = 1
    complements: Mapping[str, str] = {}


CodecMaker = Callable[[Sequence[Listing], Sequence[DeltaRing], FeedSetup], FeedCodec]


class FeedVenue(msgspec.Struct, frozen=True):
    """One venue's market data.

    `contract_sized`: quantities are contracts of a fixed money amount, so that its listings never
    share a market with base-sized ones. `rules` reads one metadata body.
    """

    name: str
    make_codec: CodecMaker
    type: InstrumentType = InstrumentType.SPOT
    rules: Callable[[bytes], Rules] | None = None
    contract_sized: bool = False

    @property
    def price_max_1e9(self) -> int | None:
        return EVENT_PAYOFF_1E9 if self.type is InstrumentType.PREDICTION else None


def feed_venue(name: str) -> FeedVenue:
    """The venue of that name; ConfigError naming the choices."""
    found = FEED_VENUES.get(name)
    if found is None:
        raise ConfigError(f"venue {name!r} is not known; known are {', '.join(FEED_VENUES)}")
    return found


def rules_in(venue: FeedVenue, bodies: Sequence[bytes], symbol: str) -> ListingRules | None:
    """Rules of a symbol in the first metadata body that has them; None where none does."""
    for body in bodies:
        try:
            rules = venue.rules(body).get(symbol) if venue.rules is not None else None
        except DecodeError:
            # Bodies beside a recording may be anything; the next one may be the right one.
            continue
        if rules is not None:
            return rules
    return None


def _binance(market: BinanceMarket) -> CodecMaker:
    return lambda listings, rings, setup: BinanceFeedCodec(listings, rings, market)


def _polymarket_rules(body: bytes) -> Rules:
    terms = market_terms(body)
    return {} if terms is None else dict.fromkeys(terms.tokens, terms.rules)


def _static(name: str) -> FeedVenue:
    return FeedVenue(name, lambda listings, rings, setup: StaticFeedCodec(listings, rings))


FEED_VENUES: Final[dict[str, FeedVenue]] = {
    venue.name: venue
    for venue in (
        FeedVenue("binance", _binance(BinanceMarket.SPOT), rules=binance_catalogue.listing_rules),
        FeedVenue(
            "binance-usdm",
            _binance(BinanceMarket.USDM),
            InstrumentType.PERP,
            binance_catalogue.listing_rules,
        ),
        FeedVenue(
            "binance-coinm",
            _binance(BinanceMarket.COINM),
            InstrumentType.PERP,
            binance_catalogue.listing_rules,
            contract_sized=True,
        ),
        FeedVenue(
            "coinbase",
            lambda listings, rings, setup: CoinbaseFeedCodec(listings, rings),
            rules=coinbase_catalogue.listing_rules,
        ),
        FeedVenue(
            "kraken",
            lambda listings, rings, setup: KrakenFeedCodec(listings, rings),
            rules=kraken_catalogue.listing_rules,
        ),
        FeedVenue(
            "hyperliquid",
            lambda listings, rings, setup: HyperliquidFeedCodec(listings, rings),
            InstrumentType.PERP,
            hyperliquid_catalogue.listing_rules,
        ),
        FeedVenue(
            "kalshi",
            lambda listings, rings, setup: KalshiFeedCodec(listings, rings),
            InstrumentType.PREDICTION,
            kalshi_catalogue.listing_rules,
        ),
        FeedVenue(
            "polymarket",
            lambda listings, rings, setup: PolymarketFeedCodec(listings, rings, setup.complements),
            InstrumentType.PREDICTION,
            _polymarket_rules,
        ),
        FeedVenue(
            "hitbtc",
            lambda listings, rings, setup: HitbtcFeedCodec(listings, rings, setup.lines),
            rules=hitbtc_catalogue.listing_rules,
        ),
        _static("bitfinex"),
        _static("bitstamp"),
        _static("bittrex"),
    )
}
