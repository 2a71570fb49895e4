"""Listing rules of HitBTC from recorded metadata."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from engine.errors import DecodeError
from tests.support.feed_recordings import cryptofeed_metadata
from venues.hitbtc.catalogue import listing_rules


def test_recorded_metadata(shared_data: Path) -> None:
    body = cryptofeed_metadata(shared_data / "cryptofeed/HITBTC.0.gz")
    symbols = {symbol["id"]: symbol for symbol in json.loads(body)}
    rules = listing_rules(body)
    assert len(rules) > 900
    for name, found in rules.items():
        symbol = symbols[name]
        assert found.tick_1e9 == Decimal(symbol["tickSize"]) * 10**9
        assert found.lot_1e8 == found.qty_min_1e8
        assert found.lot_1e8 == Decimal(symbol["quantityIncrement"]) * 10**8
        assert (found.base, found.quote) == (symbol["baseCurrency"], symbol["quoteCurrency"])
    for name in set(symbols) - set(rules):
        tick, lot = symbols[name]["tickSize"], symbols[name]["quantityIncrement"]
        assert Decimal(tick) < Decimal("1e-9") or Decimal(lot) < Decimal("1e-8")
    assert "GRTBTC" in rules
    assert "VETBTC" not in rules


def test_an_error_is_refused() -> None:
    with pytest.raises(DecodeError):
        listing_rules(b'{"error":{"code":429}}')
