"""The codec of standing books, on the recorded books of four exchanges."""

from __future__ import annotations

import gzip
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import DecodeError
from engine.messages import BookSnapshot, BookStale, SnapshotNeeded, StaleReason
from tests.support.feed_recordings import RingReader, TwinBook, listings_of, rings_of
from venues.static.feed_codec import StaticFeedCodec

BOOK = {"venue": "v", "base": "BTC", "quote": "USD", "bids": [["1.5", "2"]], "asks": [["3", "4"]]}


def make(
    venue: str, symbols: list[str], capacity: int = 1 << 14
) -> tuple[StaticFeedCodec, RingReader]:
    rings = rings_of(len(symbols), capacity)
    return StaticFeedCodec(listings_of(venue, symbols), rings), RingReader(rings)


def recorded(shared_data: Path) -> list[dict[str, Any]]:
    with gzip.open(shared_data / "multi_exchange" / "multi_exchange_books.json.gz", "rt") as text:
        return [book for instant in json.load(text)["snapshots"] for book in instant["books"]]


def test_recorded_books_equal_the_twin(shared_data: Path) -> None:
    books = recorded(shared_data)
    assert books
    for venue in {book["venue"]: None for book in books}:
        own = [book for book in books if book["venue"] == venue]
        symbols = list(dict.fromkeys(f"{book['base']}-{book['quote']}" for book in own))
        codec, reader = make(venue, symbols)
        twins = {symbol: TwinBook() for symbol in symbols}
        for book in books:
            reader.follow(codec.decode(json.dumps(book).encode(), 1))
            if book["venue"] == venue:
                twins[f"{book['base']}-{book['quote']}"].reset(book["bids"], book["asks"])
                assert reader.books == [twin.sides() for twin in twins.values()]
        assert reader.counts == {"BookSnapshot": len(own)}


def test_only_the_listings_own_books_count() -> None:
    codec, _ = make("v", ["BTC-USD"])
    for other in ({"venue": "w"}, {"base": "ETH"}, {"quote": "EUR"}):
        assert codec.decode(json.dumps({**BOOK, **other}).encode(), 1) == ()
    events = codec.decode_reply("", json.dumps(BOOK).encode(), 1)
    assert [type(event) for event in events] == [BookSnapshot]


def test_a_full_ring_is_a_gap_and_nothing_can_be_sent() -> None:
    codec, _ = make("v", ["BTC-USD"], capacity=1)
    events = codec.decode(json.dumps(BOOK).encode(), 1)
    assert events == (BookStale(0, StaleReason.GAP), SnapshotNeeded(0, None))
    assert codec.subscribe() == ()


def test_every_prefix_of_a_book_is_refused() -> None:
    whole = json.dumps(BOOK).encode()
    codec, _ = make("v", ["BTC-USD"])
    for length in range(len(whole)):
        with pytest.raises(DecodeError):
            codec.decode(whole[:length], 1)


@given(st.binary(max_size=100))
def test_random_bytes_are_refused(payload: bytes) -> None:
    codec, _ = make("v", ["BTC-USD"])
    events: object = ()
    with suppress(DecodeError):
        events = codec.decode(payload, 1)
    assert events == ()
