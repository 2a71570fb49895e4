"""Spellings of venues and symbols."""

from __future__ import annotations

import pytest

from engine.errors import CaptureError
from venues.replay.names import match_symbol, symbols_of_frame, venue_name, venue_of_path


@pytest.mark.parametrize(
    ("wanted", "recorded", "expected"),
    [
        ("BTCUSDT", ["BTCUSDT", "BTCUSDC"], "BTCUSDT"),
        ("btc-usdt", ["BTCUSDT", "BTCUSDC"], "BTCUSDT"),
        ("BTC-USD", ["BTCUSDT", "ETHUSDT"], "BTCUSDT"),
        ("BTC-CHF", ["XBT/CHF", "XBT/USD"], "XBT/CHF"),
        ("BTC-USD", ["XBT/CHF", "XBT/USD"], "XBT/USD"),
        ("KSM-BTC", ["KSM/XBT", "ADA/XBT"], "KSM/XBT"),
        ("BTC-USD-PERP", ["BTC", "ETH"], "BTC"),
        ("BTC-USD-PERP", ["BTCUSD_PERP", "ETHUSD_PERP"], "BTCUSD_PERP"),
        ("SUSHI-USDT-PERP", ["SUSHIUSDT", "AKROUSDT"], "SUSHIUSDT"),
        ("anything", ["KXGOLD15M-26AUG102130-30"], "KXGOLD15M-26AUG102130-30"),
    ],
)
def test_the_recordings_spelling_is_found(wanted: str, recorded: list[str], expected: str) -> None:
    assert match_symbol(wanted, recorded, "x") == expected


def test_unclear_symbols_name_the_choices_within_a_bound() -> None:
    with pytest.raises(CaptureError, match="BTCUSDC, BTCUSDT"):
        match_symbol("BTC-USD", ["BTCUSDT", "BTCUSDC"], "x")
    many = [f"S{number:03d}" for number in range(200)]
    with pytest.raises(CaptureError, match="and 188 more") as caught:
        match_symbol("BTC-USD", many, "the file")
    assert str(caught.value).startswith("the file does not hold BTC-USD")
    with pytest.raises(CaptureError, match="names no symbol"):
        match_symbol("BTC-USD", [], "x")


def test_venues_in_many_spellings() -> None:
    assert venue_name("Binance_Futures") == venue_name("usdm") == "binance-usdm"
    assert venue_name("binance-spot") == "binance"
    assert venue_name("unheard") == "unheard"
    assert venue_of_path(("spot", "btcusdt_20240808.gz")) == "binance"
    assert venue_of_path(("BINANCE_FUTURES.ws.1.0.gz",)) == "binance-usdm"
    assert venue_of_path(("events", "2026-08-10.ndjson.gz")) == ""


def test_symbols_named_by_frames() -> None:
    kraken = b'[1664,{"a":[["1.0","2.0","3"]]},"book-1000","XBT\\/CHF"]'
    assert list(symbols_of_frame("kraken", "", kraken)) == ["XBT/CHF"]
    status = b'{"event":"subscriptionStatus","pair":"XMR/USD"}'
    assert list(symbols_of_frame("kraken", "", status)) == ["XMR/USD"]
    both = b'[{"asset_id":"1"},{"asset_id": "2"},{"asset_id":"1"}]'
    assert list(symbols_of_frame("polymarket", "", both)) == ["1", "2"]
    assert list(symbols_of_frame("binance", "/depth?symbol=NKNUSDT&limit=5", b"{}")) == ["NKNUSDT"]
    assert list(symbols_of_frame("binance", "", b'{"lastUpdateId":1}')) == []
