"""The wire shapes: names of the reference, absent where there is nothing, null where unknown."""

from __future__ import annotations

import msgspec

from engine.service.quotes import views
from engine.service.quotes.views import BatchQuote, BookView, Nbbo, Quote, Source, VenueQuote

NBBO = Nbbo(1.0, 2.0, 1.5, 6_666.0, 3.0, 4.0)


def test_sources_are_the_words_of_the_reference() -> None:
    words = ["edge_nbbo", "edge_rpc_snapshot", "venue_public_api", "unavailable"]
    assert [source.value for source in Source] == words


def test_a_quote_without_a_book_has_no_such_key() -> None:
    plain = Quote(symbol="a", canonical="A", source=Source.EDGE_NBBO, nbbo=NBBO, venues={}, ts_ns=1)
    sent = msgspec.json.decode(msgspec.json.encode(plain))
    assert set(sent) == {"symbol", "canonical", "mirrored", "source", "nbbo", "venues", "ts_ns"}
    whole = msgspec.structs.replace(plain, book=BookView([(1.0, 3.0)], []))
    sent = msgspec.json.decode(msgspec.json.encode(whole))
    assert sent["book"] == {"bids": [[1.0, 3.0]], "asks": []}


def test_a_failed_row_of_a_batch_is_its_symbol_and_error_only() -> None:
    assert msgspec.to_builtins(BatchQuote(symbol="a", error="no")) == {"symbol": "a", "error": "no"}


def test_unknown_is_null() -> None:
    sent = msgspec.to_builtins(VenueQuote(None, 1.0, None, 2.0, None))
    assert sent["bid"] is sent["age_ms"] is None


def test_every_shape_has_a_schema() -> None:
    kinds = [getattr(views, name) for name in views.__all__]
    _, found = msgspec.json.schema_components(kinds)
    assert set(views.__all__) <= set(found)
