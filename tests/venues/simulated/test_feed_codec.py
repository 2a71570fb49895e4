"""Feed codec: a book rebuilt from frames is the exchange's book; gaps, duplicates, heartbeats."""

from __future__ import annotations

import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import DecodeError
from engine.kernels.delta_ring import DeltaRing
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
from engine.model.units import Side, price_1e9, qty_1e8
from tests.support.simulated_books import Books
from tests.support.simulated_venues import FEED, T0, ask, exchange_of, quote, spot
from venues.simulated.exchange import SimulatedExchange
from venues.simulated.feed_codec import SimulatedFeedCodec
from venues.simulated.protocol import Subscribe, decode_request, encode

LISTINGS = (spot("BTC-USD"), spot("ETH-USD"))
ETH = 1


def codec_of(capacity: int = 4_096) -> SimulatedFeedCodec:
    return SimulatedFeedCodec(LISTINGS, [DeltaRing(capacity) for _ in LISTINGS])


def decode(codec: SimulatedFeedCodec, frames: list[tuple[int, bytes]]) -> list[FeedEvent]:
    return [event for _, frame in frames for event in codec.decode(frame, T0 + 9)]


def synchronised() -> tuple[SimulatedExchange, SimulatedFeedCodec]:
    exchange, codec = exchange_of(*LISTINGS), codec_of()
    for request in codec.subscribe():
        decode(codec, exchange.on_request(FEED, request, T0))
    return exchange, codec


def test_a_followed_book_equals_the_venue_s() -> None:
    rng = random.Random(3)
    exchange, codec = exchange_of(*LISTINGS), codec_of()
    books = Books(codec)
    quote(exchange, Side.BUY, "1", "1990")
    for request in codec.subscribe():
        books.apply(decode(codec, exchange.on_request(FEED, request, T0)))
    numbers = []
    for _ in range(300):
        side = rng.choice((Side.BUY, Side.SELL))
        numbers.append(quote(exchange, side, f"{rng.randrange(1, 9)}", f"{rng.randrange(80, 99)}"))
        if rng.random() < 0.5:
            exchange.flow_cancel("ETH-USD", rng.choice(numbers))
        if rng.random() < 0.4:
            books.apply(decode(codec, exchange.publish(T0)))
    books.apply(decode(codec, exchange.publish(T0)))
    book = exchange.books["ETH-USD"].book
    for side in (Side.BUY, Side.SELL):
        assert books.levels[ETH, side] == dict(book.depth(side, 1_000))
    assert codec.rings[ETH].pending == 0


def test_rows_and_stamps_of_a_delta() -> None:
    exchange, codec = synchronised()
    quote(exchange, Side.SELL, "0.5", "2000.01")
    (event,) = decode(codec, exchange.publish(T0))
    assert isinstance(event, BookDelta)
    assert (event.listing_id, event.count, event.sequence) == (ETH, 1, 1)
    assert (event.recv_ns, event.exchange_ns, event.checksum) == (T0 + 9, T0, -1)
    row = codec.rings[ETH].rows[event.start].tolist()
    assert row == [1, price_1e9("2000.01"), qty_1e8("0.5")]


def test_trades_are_printed() -> None:
    exchange, codec = synchronised()
    quote(exchange, Side.SELL, "1", "2000")
    quote(exchange, Side.BUY, "1", "2000")
    printed, _ = decode(codec, exchange.publish(T0))
    assert printed == TradePrint(ETH, price_1e9("2000"), qty_1e8("1"), Side.BUY, T0 + 9, T0)


def test_a_gap_makes_the_book_stale_and_silent_until_a_snapshot() -> None:
    exchange, codec = synchronised()
    quote(exchange, Side.SELL, "1", "2000")
    exchange.publish(T0)
    quote(exchange, Side.SELL, "1", "2001")
    stale, needed = decode(codec, exchange.publish(T0))
    assert stale == BookStale(ETH, StaleReason.GAP)
    assert isinstance(needed, SnapshotNeeded)
    assert needed.request is None
    assert [decode_request(frame) for frame in needed.resubscribe] == [Subscribe(("ETH-USD",))]
    quote(exchange, Side.SELL, "1", "2002")
    assert decode(codec, exchange.publish(T0)) == []
    (fresh,) = decode(codec, exchange.on_request(FEED, needed.resubscribe[0], T0))
    assert isinstance(fresh, BookSnapshot)
    assert (fresh.count, fresh.sequence) == (3, 3)


def test_duplicates_and_late_snapshots_are_dropped() -> None:
    exchange, codec = synchronised()
    old = exchange.books["ETH-USD"].snapshot(T0)
    quote(exchange, Side.SELL, "1", "2000")
    ((_, frame),) = exchange.publish(T0)
    assert len(codec.decode(frame, T0)) == 1
    assert codec.decode(frame, T0) == ()
    assert codec.decode(old, T0) == ()


def test_a_heartbeat_proves_life_or_shows_what_was_lost() -> None:
    exchange, codec = synchronised()
    beats = [beat for beat in exchange.heartbeat(T0) if beat[0] == FEED]
    assert decode(codec, beats) == [FeedAlive(0, T0 + 9), FeedAlive(ETH, T0 + 9)]
    quote(exchange, Side.SELL, "1", "2000")
    exchange.publish(T0)
    beats = [beat for beat in exchange.heartbeat(T0) if beat[0] == FEED]
    events = decode(codec, beats)
    assert events[0] == FeedAlive(0, T0 + 9)
    assert events[1] == BookStale(ETH, StaleReason.GAP)
    assert isinstance(decode(codec, beats)[1], SnapshotNeeded), "asked again until it comes"


def test_a_full_ring_is_an_overflow() -> None:
    codec = codec_of(capacity=4)
    exchange = exchange_of(*LISTINGS)
    for price in range(20):
        quote(exchange, Side.BUY, "1", f"{1000 + price}")
    frames = exchange.on_request(FEED, encode(Subscribe(syms=("ETH-USD",))), T0)
    assert decode(codec, frames)[0] == BookStale(ETH, StaleReason.OVERFLOW)


def test_resynchronise_starts_one_listing_over() -> None:
    exchange, codec = synchronised()
    (needed,) = codec.resynchronise(ETH)
    assert isinstance(needed, SnapshotNeeded)
    assert needed.listing_id == ETH
    quote(exchange, Side.SELL, "1", "2000")
    assert decode(codec, exchange.publish(T0)) == []


def test_other_symbols_are_nobody_s() -> None:
    exchange = exchange_of(spot("SOL-USD"))
    assert ask(exchange, Subscribe(syms=("SOL-USD",)))[0]["sym"] == "SOL-USD"
    codec = codec_of()
    assert codec.decode(exchange.books["SOL-USD"].snapshot(T0), T0) == ()
    quote(exchange, Side.SELL, "1", "10", "SOL-USD")
    quote(exchange, Side.BUY, "1", "10", "SOL-USD")
    assert decode(codec, exchange.publish(T0)) == []


@given(st.binary(max_size=60))
def test_random_bytes_are_decode_errors(payload: bytes) -> None:
    with pytest.raises(DecodeError):
        codec_of().decode(payload, T0)


def test_wrong_levels_are_decode_errors_and_leave_the_ring_alone() -> None:
    exchange, codec = synchronised()
    quote(exchange, Side.SELL, "1", "2000")
    ((_, frame),) = exchange.publish(T0)
    pending = codec.rings[ETH].pending
    for end in range(len(frame)):
        with pytest.raises(DecodeError):
            codec.decode(frame[:end], T0)
    with pytest.raises(DecodeError):
        codec.decode(frame.replace(b'"2000"', b'"1e-12"'), T0)
    assert codec.rings[ETH].pending == pending
    assert len(codec.decode(frame, T0)) == 1, "the intact frame still applies"


def test_replies_and_refused_subscriptions_are_errors() -> None:
    with pytest.raises(DecodeError):
        codec_of().decode_reply("tag", b"{}", T0)
    with pytest.raises(DecodeError):
        codec_of().decode(
            msgspec.json.encode({"ev": "reject", "id": "", "code": "X", "text": "no", "ts": 1}), T0
        )
    assert (codec_of().checksum_depth, codec_of().checksum(0, (), ())) == (0, -1)
