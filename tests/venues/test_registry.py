"""Every venue by the name a user writes, with a codec that names its own listings."""

from __future__ import annotations

import pytest

from engine.errors import ConfigError
from engine.model.instruments import InstrumentType
from tests.support.feed_recordings import listings_of, rings_of
from venues.registry import FEED_VENUES, FeedSetup, feed_venue

NAMES = [
    *("binance", "binance-usdm", "binance-coinm", "coinbase", "kraken", "hyperliquid"),
    *("kalshi", "polymarket", "hitbtc", "bitfinex", "bitstamp", "bittrex"),
]


def test_the_names_are_the_documented_ones() -> None:
    assert list(FEED_VENUES) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_each_makes_a_codec(name: str) -> None:
    venue = feed_venue(name)
    codec = venue.make_codec(listings_of(name, ["A"]), rings_of(1), FeedSetup(2, {"A": "B"}))
    assert venue.name == name
    assert codec.checksum_depth >= 0
    assert all(isinstance(frame, bytes) for frame in codec.subscribe())


def test_prices_of_event_contracts_end_at_their_payoff() -> None:
    for name in NAMES:
        venue = feed_venue(name)
        prediction = venue.type is InstrumentType.PREDICTION
        assert venue.price_max_1e9 == (10**9 if prediction else None)
        assert prediction == (name in ("kalshi", "polymarket"))


def test_only_coin_margined_futures_count_contracts() -> None:
    assert [name for name in NAMES if feed_venue(name).contract_sized] == ["binance-coinm"]


def test_an_unknown_name_is_told_the_choices() -> None:
    with pytest.raises(ConfigError, match=r"'mtgox' is not known; known are binance, .*bittrex"):
        feed_venue("mtgox")
