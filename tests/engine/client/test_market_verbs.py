"""Market verbs ask for what their names say."""

from __future__ import annotations

import msgspec

from engine.client import market_verbs as verbs


def test_quotes_by_symbol_by_list_and_in_bulk() -> None:
    assert verbs.quote("A/B", 5, nowait=True).target == "/v1/quotes/A%2FB?depth=5&nowait=true"
    assert verbs.quotes(["A", "B"], 0).target == "/v1/quotes?symbols=A%2CB&max_age_s=0"
    bulk = verbs.quotes_batch(["A"], depth=2, instrument_type="spot")
    assert bulk.body == {
        "symbols": ["A"],
        "depth": 2,
        "nowait": True,
        "concurrency": 64,
        "instrument_type": "spot",
    }


def test_amounts_travel_exactly() -> None:
    assert verbs.routing("A", "sell", 0.1).target.endswith("symbol=A&side=sell&qty=0.1")
    sent = msgspec.json.encode(verbs.preview("A", "buy", "0.30").body)
    assert sent.endswith(b'"qty":0.30}')
    sizes = verbs.slippage("A", sizes=(5, 6)).target
    assert sizes == "/v1/intelligence/slippage?symbol=A&side=buy&sizes=5%2C6"


def test_history_and_funding() -> None:
    found = verbs.price_history("A", fidelity_secs=0, limit=3, venue="kraken").target
    assert found == "/v1/price_history/A?range=1d&fidelity_secs=0&venue=kraken&limit=3"
    assert verbs.funding_history("A", "x", start_ts=1, end_ts=2).target == (
        "/v1/funding_history/A?venue=x&range=1m&start_ts=1&end_ts=2"
    )
    assert verbs.funding_rates("x").target == "/v1/market/funding-rates?venue=x"


def test_prediction_markets() -> None:
    found = verbs.markets("kalshi", "fed cut", closed=True, limit=2, cursor="c").target
    assert found == "/v1/markets?venue=kalshi&q=fed+cut&active=true&closed=true&limit=2&cursor=c"
    assert verbs.settlement("s", underlying=True).target == "/v1/settlement/s?underlying=true"
    assert verbs.fees("A", ["x", "y"]).target == "/v1/fees?ticker=A&venues=x%2Cy"


def test_plain_ones() -> None:
    plain = (verbs.symbols(), verbs.edges(), verbs.health())
    assert [one.target for one in plain] == ["/v1/symbols", "/v1/edges", "/v1/health/live"]
    assert verbs.depth("A").target == "/v1/intelligence/depth?symbol=A"
    assert verbs.venue_quality("A").target == "/v1/intelligence/venues?symbol=A"
