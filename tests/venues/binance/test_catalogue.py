"""Listing rules of Binance from recorded metadata."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from engine.errors import DecodeError
from tests.support.feed_recordings import cryptofeed_metadata
from venues.binance.catalogue import listing_rules


def filters_of(symbol: dict[str, object]) -> dict[str, dict[str, str]]:
    entries = symbol["filters"]
    assert isinstance(entries, list)
    return {entry["filterType"]: entry for entry in entries}


@pytest.mark.parametrize(
    ("name", "minimum"), [("BINANCE", "minNotional"), ("BINANCE_FUTURES", "notional")]
)
def test_recorded_metadata(name: str, minimum: str, shared_data: Path) -> None:
    body = cryptofeed_metadata(shared_data / "cryptofeed" / f"{name}.0.gz")
    symbols = json.loads(body)["symbols"]
    rules = listing_rules(body)
    assert list(rules) == [symbol["symbol"] for symbol in symbols]
    for symbol in symbols:
        filters, found = filters_of(symbol), rules[symbol["symbol"]]
        assert found.tick_1e9 == Decimal(filters["PRICE_FILTER"]["tickSize"]) * 10**9
        assert found.lot_1e8 == Decimal(filters["LOT_SIZE"]["stepSize"]) * 10**8
        assert found.qty_min_1e8 >= Decimal(filters["LOT_SIZE"]["minQty"]) * 10**8
        assert found.notional_min_1e9 == Decimal(filters["MIN_NOTIONAL"][minimum]) * 10**9
        assert (found.base, found.quote) == (symbol["baseAsset"], symbol["quoteAsset"])


def test_newer_notional_filter_and_missing_filters() -> None:
    filters = [
        {"filterType": "PRICE_FILTER", "tickSize": "0.1"},
        {"filterType": "LOT_SIZE", "stepSize": "1", "minQty": "1"},
        {"filterType": "NOTIONAL", "minNotional": "5"},
    ]
    symbol = {"symbol": "AB", "baseAsset": "A", "quoteAsset": "B", "filters": filters}
    rules = listing_rules(json.dumps({"symbols": [symbol]}).encode())["AB"]
    assert (rules.notional_min_1e9, rules.price_decimals) == (5 * 10**9, 1)
    filters.pop(0)
    with pytest.raises(DecodeError):
        listing_rules(json.dumps({"symbols": [symbol]}).encode())
    with pytest.raises(DecodeError):
        listing_rules(b'{"code":-1003,"msg":"too many requests"}')
