"""The Polymarket codec: the recorded session against a twin, mirrors, hashes, bad input."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import DecodeError
from engine.messages import (
    BookDelta,
    BookSnapshot,
    BookStale,
    FeedAlive,
    FeedEvent,
    SnapshotNeeded,
    StaleReason,
    TradePrint,
)
from engine.model.units import Side
from tests.support.feed_recordings import RingReader, listings_of, rings_of
from tests.support.prediction_books import PolymarketTwin
from venues.polymarket.feed_codec import PolymarketFeedCodec

UP = "2151378744569768920256500242561922410292857798164019061749528550808091180185"
DOWN = "17406866367975599232214757606801140480252276357934486651183783311435802862074"


def make(
    tokens: list[str], complements: dict[str, str] | None = None, capacity: int = 1 << 12
) -> tuple[PolymarketFeedCodec, RingReader]:
    rings = rings_of(len(tokens), capacity)
    codec = PolymarketFeedCodec(listings_of("polymarket", tokens), rings, complements)
    codec.subscribe()
    return codec, RingReader(rings)


def session(shared_data: Path) -> list[dict[str, Any]]:
    path = shared_data / "polymarket" / "clob_ws_session_hash_verified.jsonl"
    return [json.loads(line)["raw"] for line in path.read_text().splitlines()]


def kinds(events: Iterable[object]) -> list[type]:
    return [type(event) for event in events]


def text(message: object) -> bytes:
    return json.dumps(message).encode()


@pytest.mark.parametrize("token", [UP, DOWN])
def test_recorded_session_equals_the_twin_and_every_hash_is_right(
    shared_data: Path, token: str
) -> None:
    codec, reader = make([token])
    twin = PolymarketTwin(token)
    hashes = 0
    for message in session(shared_data):
        reader.follow(codec.decode(text(message), 1))
        twin.follow(message)
        changed = {change["asset_id"] for change in message.get("price_changes", [])}
        hashes += token in changed or message.get("asset_id") == token
        assert reader.books[0] == twin.units()
    assert (codec.verified, codec.unproved) == (hashes, 0)
    assert "BookStale" not in reader.counts


def test_both_tokens_in_one_array_are_two_books(shared_data: Path) -> None:
    messages = session(shared_data)
    codec, reader = make([UP, DOWN])
    reader.follow(codec.decode(text(messages[:2]), 1))
    for number, token in enumerate((UP, DOWN)):
        twin = PolymarketTwin(token)
        for message in messages[:2]:
            twin.follow(message)
        assert reader.books[number] == twin.units()


def test_a_recording_of_the_complement_alone_gives_the_same_book(shared_data: Path) -> None:
    own, own_reader = make([UP])
    other, other_reader = make([UP], {UP: DOWN})
    for message in session(shared_data):
        own_reader.follow(own.decode(text(message), 1))
        if message.get("asset_id") != UP:
            other_reader.follow(other.decode(text(message), 1))
        if number_of(message) and other_reader.counts:
            assert other_reader.books == own_reader.books
    assert other_reader.counts["BookDelta"] == own_reader.counts["BookDelta"]


def number_of(message: dict[str, Any]) -> int:
    """Changes in a message."""
    return len(message.get("price_changes", []))


def test_a_known_complement_doubles_nothing(shared_data: Path) -> None:
    alone, alone_reader = make([UP])
    both, both_reader = make([UP], {UP: DOWN})
    for message in session(shared_data):
        alone_reader.follow(alone.decode(text(message), 1))
        both_reader.follow(both.decode(text(message), 1))
    assert both_reader.counts == alone_reader.counts
    assert both_reader.books == alone_reader.books


def test_every_lost_change_is_found_by_the_next_hash(shared_data: Path) -> None:
    messages = session(shared_data)
    for lost in range(2, len(messages) - 1):
        codec, reader = make([UP])
        twin, kept = PolymarketTwin(UP), PolymarketTwin(UP)
        for number, message in enumerate(messages):
            twin.follow(message)
            if number != lost:
                reader.follow(codec.decode(text(message), 1))
                kept.follow(message)
            if number == lost + 1:
                break
        same = kept.units() == twin.units()
        assert ("BookStale" in reader.counts) == (not same)


def test_a_changed_level_is_a_checksum_failure_until_the_next_book(shared_data: Path) -> None:
    book, *_ = session(shared_data)
    codec, _ = make([UP])
    assert kinds(codec.decode(text(book), 1)) == [BookSnapshot]
    wrong = {**book, "bids": book["bids"][1:]}
    events = codec.decode(text(wrong), 1)
    assert events[0] == BookStale(0, StaleReason.CHECKSUM)
    assert isinstance(events[1], SnapshotNeeded)
    operations = [json.loads(frame)["operation"] for frame in events[1].resubscribe]
    assert operations == ["unsubscribe", "subscribe"]
    assert kinds(codec.decode_reply("/book", text(book), 1)) == [BookSnapshot]


def test_trades_are_of_the_own_token_and_ticks_change_quietly(shared_data: Path) -> None:
    path = shared_data / "polymarket" / "clob_ws_frames_excerpt.jsonl"
    messages = [json.loads(line)["raw"] for line in path.read_text().splitlines()]
    for token in (UP, DOWN):
        codec, reader = make([token], {UP: DOWN, DOWN: UP})
        for message in messages:
            reader.follow(codec.decode(text(message), 1))
        trades = [message for message in messages if message.get("asset_id") == token]
        assert reader.counts.get("TradePrint", 0) == len(trades)
    tick = {"event_type": "tick_size_change", "market": "m", "new_tick_size": "0.001"}
    assert codec.decode(text(tick), 1) == []
    last = {"event_type": "last_trade_price", "asset_id": DOWN, "price": "0.16", "size": "2.13"}
    stamped = {**last, "side": "SELL", "timestamp": "7"}
    expected = TradePrint(0, 160_000_000, 213_000_000, Side.SELL, 1, 7_000_000)
    assert codec.decode(text(stamped), 1) == [expected]


def test_a_tick_change_keeps_hashes_right(shared_data: Path) -> None:
    book, *_ = session(shared_data)
    codec, _ = make([UP])
    codec.decode(text(book), 1)
    tick = {"event_type": "tick_size_change", "market": book["market"], "new_tick_size": "0.001"}
    codec.decode(text(tick), 1)
    assert codec.facts[book["market"]].tick_size == "0.001"


def test_books_of_an_unknown_market_are_taken_unproved() -> None:
    codec, reader = make(["7"])
    old = {"event_type": "book", "asset_id": "7", "market": "m", "hash": "x", "timestamp": "1"}
    levels = {"buys": [{"price": "0.4", "size": "5"}], "sells": []}
    reader.follow(codec.decode(text({**old, **levels}), 1))
    assert reader.books[0] == ({400_000_000: 500_000_000}, {})
    change = {"event_type": "price_change", "asset_id": "7", "market": "m", "side": "SELL"}
    events = codec.decode(text({**change, "price": "0.5", "size": "1", "hash": "y"}), 1)
    assert kinds(events) == [BookDelta]
    assert codec.unproved == 2


def test_a_broken_part_of_an_array_spoils_what_was_applied() -> None:
    codec, _ = make(["7"])
    good = {"event_type": "book", "asset_id": "7", "market": "m", "bids": [], "asks": []}
    bad = {**good, "bids": [{"price": "2", "size": "1"}]}
    with pytest.raises(DecodeError):
        codec.decode(text([bad, good]), 1)
    events = codec.decode(text([good, bad]), 1)
    assert kinds(events) == [BookSnapshot, BookStale, SnapshotNeeded]
    assert events[1] == BookStale(0, StaleReason.BROKEN_FRAME)


def test_life_signs_and_resubscription() -> None:
    codec, _ = make(["7"])
    assert codec.decode(b"PONG", 9) == (FeedAlive(0, 9),)
    assert kinds(codec.resynchronise(0)) == [SnapshotNeeded]
    assert json.loads(codec.subscribe()[0]) == {"type": "market", "assets_ids": ["7"]}


def test_a_full_ring_is_a_gap() -> None:
    codec, _ = make(["7"], capacity=0 + 1)
    book = {"event_type": "book", "asset_id": "7", "market": "m", "asks": []}
    levels = [{"price": "0.1", "size": "1"}, {"price": "0.2", "size": "1"}]
    assert codec.decode(text({**book, "bids": levels}), 1)[0] == BookStale(0, StaleReason.GAP)


def test_every_prefix_of_a_frame_is_refused(shared_data: Path) -> None:
    book, _, change, *_ = session(shared_data)
    for message in (book, change, [book, change]):
        whole = text(message)
        codec, _ = make([UP])
        for length in range(0, len(whole), 7):
            with pytest.raises(DecodeError):
                codec.decode(whole[:length], 1)


@given(
    st.binary(max_size=120)
    | st.fixed_dictionaries(
        {"event_type": st.sampled_from(["book", "price_change", "last_trade_price"])},
        optional={
            "asset_id": st.just("7"),
            "bids": st.lists(st.dictionaries(st.sampled_from(["price", "size"]), st.text())),
            "asks": st.just([]),
            "price_changes": st.lists(st.just({"asset_id": "7", "price": "0.2", "size": "1"})),
            "price": st.text(max_size=5),
            "size": st.text(max_size=5),
            "side": st.sampled_from(["BUY", "SELL", "?"]),
            "timestamp": st.text(max_size=20),
        },
    ).map(text)
)
def test_random_input_gives_events_or_decode_error(payload: bytes) -> None:
    codec, reader = make(["7"])
    events: list[FeedEvent] = []
    with suppress(DecodeError):
        events += codec.decode(payload, 1)
    reader.follow(events)
