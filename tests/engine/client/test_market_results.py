"""Answers about markets read what the facade writes."""

from __future__ import annotations

import msgspec
import pytest

from engine.client import market_results as results
from engine.service.markets import rows
from engine.service.quotes import views


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (results.Quote, views.Quote),
        (results.VenueQuote, views.VenueQuote),
        (results.VenueEdge, views.VenueEdge),
        (results.Symbol, views.SymbolRow),
        (results.Market, rows.MarketRow),
        (results.MarketPage, rows.MarketsPage),
        (results.Settlement, rows.Settlement),
    ],
)
def test_we_know_no_field_that_the_facade_has_not(
    ours: type[msgspec.Struct], theirs: type[msgspec.Struct]
) -> None:
    extra = {"error", "mirrored"}
    assert set(ours.__struct_fields__) - extra <= set(theirs.__struct_fields__)


def test_a_quote_and_a_failed_one_are_read() -> None:
    raw = b"""{"quotes": [
        {"symbol": "A", "source": "edge_nbbo", "nbbo": {"bid": 1.5, "ask": null},
         "venues": {"x": {"bid": 1.5, "age_ms": 3}}, "book": {"bids": [[1.5, 2]], "asks": []}},
        {"symbol": "B", "error": "unknown"}], "count": 2, "elapsed_ms": 1}"""
    good, bad = msgspec.json.decode(raw, type=results.QuoteBatch).quotes
    assert good.nbbo is not None and (good.nbbo.bid, good.nbbo.ask) == (1.5, None)
    assert good.book is not None and good.book.bids == ((1.5, 2.0),)
    assert bad.error == "unknown" and bad.nbbo is None


def test_prints_and_bars_are_points() -> None:
    raw = b'{"symbol":"A","points":[{"ts_ns":1795274443162301831,"price_1e9":9007199254740993}]}'
    (point,) = msgspec.json.decode(raw, type=results.PriceHistory).points
    assert point.ts_ns == 1_795_274_443_162_301_831 and point.price_1e9 == 2**53 + 1
    assert point.qty_1e8 is None
