"""Listing rules of Kraken from recorded metadata."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from engine.errors import DecodeError
from tests.support.feed_recordings import cryptofeed_metadata
from venues.kraken.catalogue import listing_rules


def test_recorded_metadata(shared_data: Path) -> None:
    body = cryptofeed_metadata(shared_data / "cryptofeed/KRAKEN.0.gz")
    pairs = {pair.get("wsname"): pair for pair in json.loads(body)["result"].values()}
    del pairs[None]
    rules = listing_rules(body)
    too_fine = {name for name, pair in pairs.items() if pair["pair_decimals"] > 9}
    assert set(pairs) - set(rules) == too_fine == {"SC/XBT", "TRX/XBT"}
    for name, found in rules.items():
        pair = pairs[name]
        assert found.tick_1e9 * 10 ** pair["pair_decimals"] == 10**9
        assert found.price_decimals == pair["pair_decimals"]
        assert found.lot_1e8 * 10 ** pair["lot_decimals"] == 10**8
        minimum = Decimal(pair.get("ordermin", 0)) * 10**8
        assert found.qty_min_1e8 == max(found.lot_1e8, minimum)
    assert (rules["XBT/CHF"].base, rules["XBT/CHF"].quote) == ("BTC", "CHF")


def test_newer_fields_and_errors() -> None:
    pair = {
        "wsname": "A/XBT",
        "pair_decimals": 2,
        "lot_decimals": 3,
        "tick_size": "0.05",
        "costmin": "0.5",
    }
    rules = listing_rules(json.dumps({"error": [], "result": {"AXBT": pair}}).encode())["A/XBT"]
    assert (rules.tick_1e9, rules.lot_1e8) == (50_000_000, 100_000)
    assert (rules.notional_min_1e9, rules.quote) == (500_000_000, "BTC")
    with pytest.raises(DecodeError, match="EGeneral:busy"):
        listing_rules(b'{"error":["EGeneral:busy"]}')
