"""Listing rules of Coinbase from recorded metadata."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from engine.errors import DecodeError
from tests.support.feed_recordings import cryptofeed_metadata
from venues.coinbase.catalogue import listing_rules


def test_recorded_metadata(shared_data: Path) -> None:
    body = cryptofeed_metadata(shared_data / "cryptofeed/COINBASE.0.gz")
    products = json.loads(body)
    rules = listing_rules(body)
    assert list(rules) == [product["id"] for product in products]
    for product in products:
        found = rules[product["id"]]
        assert found.tick_1e9 == Decimal(product["quote_increment"]) * 10**9
        assert found.lot_1e8 == Decimal(product["base_increment"]) * 10**8
        assert found.qty_min_1e8 == Decimal(product["base_min_size"]) * 10**8
        assert found.notional_min_1e9 == Decimal(product["min_market_funds"]) * 10**9
        assert f"{found.base}-{found.quote}" == product["id"]


def test_products_without_the_withdrawn_minimum() -> None:
    product = {
        "id": "A-B",
        "base_currency": "A",
        "quote_currency": "B",
        "quote_increment": "0.01",
        "base_increment": "0.001",
    }
    rules = listing_rules(json.dumps([product]).encode())["A-B"]
    assert (rules.qty_min_1e8, rules.notional_min_1e9) == (100_000, 0)
    with pytest.raises(DecodeError):
        listing_rules(b'{"message":"slow down"}')
