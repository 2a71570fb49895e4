"""The venues whose market data can be read: codec and kind of instrument."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from engine.errors import ConfigError
from engine.kernels.delta_ring import DeltaRing
from engine.model.instruments import InstrumentType, Listing
from engine.ports import FeedCodec
from venues.binance.feed_codec import BinanceFeedCodec, BinanceMarket
from venues.coinbase.feed_codec import CoinbaseFeedCodec
from venues.hitbtc.feed_codec import HitbtcFeedCodec
from venues.hyperliquid.feed_codec import HyperliquidFeedCodec
from venues.kalshi.feed_codec import KalshiFeedCodec
from venues.kraken.feed_codec import KrakenFeedCodec
from venues.polymarket.feed_codec import PolymarketFeedCodec
from venues.static.feed_codec import StaticFeedCodec

__all__ = ["FEED_VENUES", "FeedSetup", "FeedVenue", "feed_venue"]

EVENT_PAYOFF_1E9: Final = 10**9


class FeedSetup(msgspec.Struct, frozen=True):
    """What a codec is made with besides listings and rings."""

    lines: int = 1
    complements: Mapping[str, str] = {}


CodecMaker = Callable[[Sequence[Listing], Sequence[DeltaRing], FeedSetup], FeedCodec]


class FeedVenue(msgspec.Struct, frozen=True):
    """One venue's market data.

    `contract_sized`: quantities are contracts of a fixed money amount, so that its listings never
    share a market with base-sized ones.
    """

    name: str
    make_codec: CodecMaker
    type: InstrumentType = InstrumentType.SPOT
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


def _binance(market: BinanceMarket) -> CodecMaker:
    return lambda listings, rings, setup: BinanceFeedCodec(listings, rings, market)


def _static(name: str) -> FeedVenue:
    return FeedVenue(name, lambda listings, rings, setup: StaticFeedCodec(listings, rings))


FEED_VENUES: Final[dict[str, FeedVenue]] = {
    venue.name: venue
    for venue in (
        FeedVenue("binance", _binance(BinanceMarket.SPOT)),
        FeedVenue(
            "binance-usdm",
            _binance(BinanceMarket.USDM),
            InstrumentType.PERP,
        ),
        FeedVenue(
            "binance-coinm",
            _binance(BinanceMarket.COINM),
            InstrumentType.PERP,
            contract_sized=True,
        ),
        FeedVenue(
            "coinbase",
            lambda listings, rings, setup: CoinbaseFeedCodec(listings, rings),
        ),
        FeedVenue(
            "kraken",
            lambda listings, rings, setup: KrakenFeedCodec(listings, rings),
        ),
        FeedVenue(
            "hyperliquid",
            lambda listings, rings, setup: HyperliquidFeedCodec(listings, rings),
            InstrumentType.PERP,
        ),
        FeedVenue(
            "kalshi",
            lambda listings, rings, setup: KalshiFeedCodec(listings, rings),
            InstrumentType.PREDICTION,
        ),
        FeedVenue(
            "polymarket",
            lambda listings, rings, setup: PolymarketFeedCodec(listings, rings, setup.complements),
            InstrumentType.PREDICTION,
        ),
        FeedVenue(
            "hitbtc",
            lambda listings, rings, setup: HitbtcFeedCodec(listings, rings, setup.lines),
        ),
        _static("bitfinex"),
        _static("bitstamp"),
        _static("bittrex"),
    )
}
