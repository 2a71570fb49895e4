"""Rules of recorded symbols from the metadata beside the recordings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.model.units import price_1e9, qty_1e8
from venues.replay.capture import open_capture, resolve_symbol
from venues.replay.rules import polymarket_terms, recorded_rules


@pytest.mark.parametrize(
    ("venue", "symbol"),
    [
        ("binance", "NKN-USDT"),
        ("binance-usdm", "SUSHI-USDT"),
        ("coinbase", "SKL-USD"),
        ("kraken", "XMR-USD"),
        ("hitbtc", "GRT-BTC"),
    ],
)
def test_cryptofeed_recordings_state_their_rules(
    shared_data: Path, venue: str, symbol: str
) -> None:
    capture = open_capture(str(shared_data / "cryptofeed"), venue, symbol)
    rules = recorded_rules(capture, resolve_symbol(capture, symbol))
    assert rules is not None
    assert {rules.base, rules.quote} <= {*symbol.split("-"), "XXMR", "ZUSD"}


def test_kalshi_recordings_state_their_step(shared_data: Path) -> None:
    market = "KXGOLD15M-26AUG102130-30"
    folder = shared_data / "kalshi_gold15m"
    capture = open_capture(str(folder / "events" / market), "kalshi", market)
    body = json.loads((folder / "metadata" / "KXGOLD15M-26AUG102130.json").read_text())
    ranges = body["response"]["markets"][0]["price_ranges"]
    rules = recorded_rules(capture, market)
    assert rules is not None
    assert rules.tick_1e9 == min(price_1e9(entry["step"]) for entry in ranges)


def test_polymarket_terms_beside_a_session(tmp_path: Path) -> None:
    market = {
        "conditionId": "0xaa",
        "clobTokenIds": '["77", "78"]',
        "orderPriceMinTickSize": 0.001,
        "orderMinSize": 5,
    }
    session = tmp_path / "session.jsonl"
    session.write_text('{"recv_ms":1,"raw":{"event_type":"book","asset_id":"77"}}\n')
    bare = open_capture(str(session), "polymarket", "77")
    assert recorded_rules(bare, "77") is None
    (tmp_path / "gamma.jsonl").write_text(json.dumps(market) + "\n")
    capture = open_capture(str(session), "polymarket", "77")
    terms = polymarket_terms(capture, "77")
    assert terms is not None
    assert terms.tokens == ("77", "78")
    rules = recorded_rules(capture, "77")
    assert rules is not None
    assert rules.qty_min_1e8 == qty_1e8(5)
    assert recorded_rules(capture, "79") is None


def test_static_books_have_no_rules(shared_data: Path) -> None:
    path = shared_data / "multi_exchange" / "multi_exchange_books.json.gz"
    assert recorded_rules(open_capture(str(path), "bitfinex", "BTC-USD"), "BTC-USD") is None
