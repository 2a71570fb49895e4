"""The Hyperliquid codec: recorded books and trades, order by time, bad input."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import DecodeError
from engine.messages import (
    BookSnapshot,
    BookStale,
    FeedAlive,
    SnapshotNeeded,
    StaleReason,
    TradePrint,
)
from engine.model.units import Side
from tests.support.feed_recordings import (
    RingReader,
    TwinBook,
    listings_of,
    rings_of,
    stamped_frames,
    units,
)
from venues.hyperliquid.feed_codec import HyperliquidFeedCodec


def make(coins: list[str], capacity: int = 1 << 12) -> tuple[HyperliquidFeedCodec, RingReader]:
    rings = rings_of(len(coins), capacity)
    codec = HyperliquidFeedCodec(listings_of("hyperliquid", coins), rings)
    codec.subscribe()
    return codec, RingReader(rings)


def book_frame(time: int, bids: list[list[str]], coin: str = "BTC") -> bytes:
    levels = [[{"px": px, "sz": sz, "n": 1} for px, sz in bids], []]
    data = {"coin": coin, "time": time, "levels": levels}
    return json.dumps({"channel": "l2Book", "data": data}).encode()


def kinds(events: Iterable[object]) -> list[type]:
    return [type(event) for event in events]


def test_recorded_frames_equal_the_twin(shared_data: Path) -> None:
    codec, reader = make(["BTC"])
    twin = TwinBook()
    books = trades = 0
    for recv_ns, payload in stamped_frames(shared_data / "hyperliquid" / "btcusd_20250126.gz"):
        message = json.loads(payload)
        events = codec.decode(payload, recv_ns)
        reader.follow(events)
        if message["channel"] == "l2Book":
            books += 1
            bids, asks = message["data"]["levels"]
            twin.reset(*([[x["px"], x["sz"]] for x in side] for side in (bids, asks)))
            assert reader.books[0] == twin.sides()
        elif message["channel"] == "trades":
            trades += len(message["data"])
            assert [trade_of(event) for event in events] == [
                (units(x["px"], 9), units(x["sz"], 8), x["side"], x["time"] * 10**6)
                for x in message["data"]
            ]
    assert reader.counts == {"BookSnapshot": books, "TradePrint": trades}


def trade_of(event: object) -> tuple[int, int, str, int]:
    assert isinstance(event, TradePrint)
    side = "B" if event.side is Side.BUY else "A"
    return event.price_1e9, event.qty_1e8, side, event.exchange_ns


def test_messages_collected_by_others(shared_data: Path) -> None:
    folder = shared_data / "messages" / "nautilus" / "hyperliquid"
    body = (folder / "ws_book_data.json").read_bytes()
    codec, reader = make(["BTC"])
    reader.follow(codec.decode_reply("l2Book", body, 1))
    bids, asks = json.loads(body)["levels"]
    twin = TwinBook()
    twin.reset(*([[x["px"], x["sz"]] for x in side] for side in (bids, asks)))
    assert reader.books[0] == twin.sides()


def test_an_older_book_is_dropped_and_an_equal_one_taken() -> None:
    codec, _ = make(["BTC"])
    assert kinds(codec.decode(book_frame(5, [["1", "1"]]), 1)) == [BookSnapshot]
    assert codec.decode(book_frame(4, [["1", "1"]]), 2) == (FeedAlive(0, 2),)
    assert kinds(codec.decode(book_frame(5, [["1", "1"]]), 3)) == [BookSnapshot]
    codec.resynchronise(0)
    assert kinds(codec.decode(book_frame(4, [["1", "1"]]), 4)) == [BookSnapshot]


def test_other_coins_channels_and_acknowledgements_give_nothing() -> None:
    codec, _ = make(["BTC"])
    assert codec.decode(book_frame(5, [], coin="ETH"), 1) == ()
    assert codec.decode(b'{"channel":"subscriptionResponse","data":{"method":"x"}}', 1) == ()
    assert codec.decode(b'{"channel":"allMids","data":7}', 1) == ()
    assert codec.decode(b'{"channel":"pong"}', 8) == (FeedAlive(0, 8),)


def test_subscription_names_every_coin_and_channel() -> None:
    codec, _ = make(["BTC", "@162"])
    named = [json.loads(frame)["subscription"] for frame in codec.subscribe()]
    assert named == [
        {"type": channel, "coin": coin}
        for coin in ("BTC", "@162")
        for channel in ("l2Book", "trades")
    ]


def test_a_full_ring_is_a_gap() -> None:
    codec, _ = make(["BTC"], capacity=4)
    events = codec.decode(book_frame(5, [[str(n), "1"] for n in range(1, 30)]), 1)
    assert events[0] == BookStale(0, StaleReason.GAP)
    assert kinds(events[1:]) == [SnapshotNeeded]


@pytest.mark.parametrize("time", [-1, 1 << 60])
def test_times_out_of_range_are_refused(time: int) -> None:
    codec, _ = make(["BTC"])
    with pytest.raises(DecodeError):
        codec.decode(book_frame(time, []), 1)


def test_every_prefix_of_a_frame_is_refused() -> None:
    whole = book_frame(5, [["105055.0", "3.03622"]])
    codec, _ = make(["BTC"])
    for length in range(len(whole)):
        with pytest.raises(DecodeError):
            codec.decode(whole[:length], 1)


@given(st.binary(max_size=200))
def test_random_bytes_give_no_events_or_decode_error(payload: bytes) -> None:
    codec, _ = make(["BTC"])
    events: object = ()
    with suppress(DecodeError):
        events = codec.decode(payload, 1)
    assert events == ()
