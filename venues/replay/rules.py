"""Grid, minimums and terms of a recorded symbol, from the metadata found beside the recording."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from engine.errors import DecodeError
from venues.binance import catalogue as binance
from venues.coinbase import catalogue as coinbase
from venues.hitbtc import catalogue as hitbtc
from venues.hyperliquid import catalogue as hyperliquid
from venues.kalshi import catalogue as kalshi
from venues.kraken import catalogue as kraken
from venues.listing_rules import ListingRules
from venues.polymarket.catalogue import MarketTerms, market_terms
from venues.replay.capture import Capture

__all__ = ["polymarket_terms", "recorded_rules"]

READERS: Final[dict[str, Callable[[bytes], dict[str, ListingRules]]]] = {
    "binance": binance.listing_rules,
    "binance-usdm": binance.listing_rules,
    "binance-coinm": binance.listing_rules,
    "coinbase": coinbase.listing_rules,
    "hitbtc": hitbtc.listing_rules,
    "hyperliquid": hyperliquid.listing_rules,
    "kalshi": kalshi.listing_rules,
    "kraken": kraken.listing_rules,
}


def recorded_rules(capture: Capture, venue_symbol: str) -> ListingRules | None:
    """Rules of a symbol in the recording's own spelling; None where no metadata states them.

    Bodies that the venue's catalogue cannot read are passed over: a recording without usable
    metadata is replayed with the finest grid and no minimums.
    """
    if capture.venue == "polymarket":
        terms = polymarket_terms(capture, venue_symbol)
        return terms.rules if terms is not None else None
    reader = READERS.get(capture.venue)
    if reader is None:
        return None
    for metadata in capture.metadata:
        try:
            rules = reader(metadata.body).get(venue_symbol)
        except DecodeError:
            continue
        if rules is not None:
            return rules
    return None


def polymarket_terms(capture: Capture, token: str) -> MarketTerms | None:
    """Tokens, grid and fees of the market that a token belongs to, where metadata states them."""
    for metadata in capture.metadata:
        try:
            terms = market_terms(metadata.body)
        except DecodeError:
            continue
        if terms is not None and token in terms.tokens:
            return terms
    return None
