"""Hyperliquid's meta as listing rules, and the tick that depends on the price."""

from __future__ import annotations

import gzip
import json
from decimal import Decimal
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from engine.model.units import format_price
from tests.support.feed_recordings import stamped_frames, units
from venues.hyperliquid.catalogue import listing_rules, tick_at_1e9


def test_recorded_meta_gives_a_lot_for_every_coin(shared_data: Path) -> None:
    cassette = shared_data / "hyperliquid" / "cassettes" / "test_get_info.json.gz"
    with gzip.open(cassette, "rt") as text:
        exchanges = json.load(text)
    meta = next(x["response"]["json"] for x in exchanges if x["request"]["json"]["type"] == "meta")
    rules = listing_rules(json.dumps(meta).encode())
    assert {name: rule.lot_1e8 for name, rule in rules.items()} == {
        asset["name"]: units(str(Decimal(1).scaleb(-asset["szDecimals"])), 8)
        for asset in meta["universe"]
    }


def test_recorded_prices_lie_on_the_tick_at_their_price(shared_data: Path) -> None:
    for _, payload in stamped_frames(shared_data / "hyperliquid" / "btcusd_20250126.gz"):
        message = json.loads(payload)
        if message["channel"] == "l2Book":
            for side in message["data"]["levels"]:
                for level in side:
                    price = units(level["px"], 9)
                    assert price % tick_at_1e9(5, price) == 0


@given(st.integers(min_value=0, max_value=6), st.integers(min_value=1, max_value=10**16))
def test_a_tick_keeps_figures_and_decimals(size_decimals: int, price: int) -> None:
    tick = tick_at_1e9(size_decimals, price)
    on_grid = price - price % tick
    text = format_price(on_grid)
    decimals = len(text.partition(".")[2])
    figures = len(text.replace(".", "").strip("0"))
    assert decimals <= 6 - size_decimals
    assert figures <= 5 or decimals == 0


def test_prices_given_make_the_tick_exact_and_odd_assets_are_left_out() -> None:
    body = b'{"universe":[{"name":"BTC","szDecimals":5},{"name":"X","szDecimals":9}]}'
    assert list(listing_rules(body)) == ["BTC"]
    assert listing_rules(body)["BTC"].tick_1e9 == 100_000_000
    assert listing_rules(body, {"BTC": 105_055 * 10**9})["BTC"].tick_1e9 == 10**9
