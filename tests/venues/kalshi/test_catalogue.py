"""Kalshi's metadata as listing rules."""

from __future__ import annotations

import json
from pathlib import Path

from engine.model.units import price_1e9
from venues.kalshi.catalogue import listing_rules


def test_recorded_events_have_the_steps_they_state(shared_data: Path) -> None:
    paths = sorted((shared_data / "kalshi_gold15m" / "metadata").glob("*.json"))
    assert paths
    for path in paths:
        markets = json.loads(path.read_text())["response"]["markets"]
        rules = listing_rules(path.read_bytes())
        assert set(rules) == {market["ticker"] for market in markets}
        for market in markets:
            steps = [price_1e9(entry["step"]) for entry in market["price_ranges"]]
            assert rules[market["ticker"]].tick_1e9 == min(steps)


def test_recorded_rest_markets(shared_data: Path) -> None:
    recorded = json.loads((shared_data / "kalshi_rest" / "ccxt_recorded_rest.json").read_text())
    bodies = [body for key, body in recorded.items() if key.startswith("GET /markets?")]
    assert bodies
    for body in bodies:
        rules = listing_rules(json.dumps(body).encode())
        for market in body["markets"]:
            fractional = market.get("fractional_trading_enabled", False)
            if fractional:
                assert rules[market["ticker"]].lot_1e8 == 1_000_000


def test_structure_alone_is_enough_and_nothing_is_guessed() -> None:
    body = {
        "markets": [
            {"ticker": "A", "price_level_structure": "linear_cent", "volume_fp": "5.00"},
            {"ticker": "B", "price_level_structure": "something_else"},
        ]
    }
    rules = listing_rules(json.dumps(body).encode())
    assert list(rules) == ["A"]
    assert (rules["A"].tick_1e9, rules["A"].lot_1e8) == (10_000_000, 10**8)
