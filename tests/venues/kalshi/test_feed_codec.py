"""The Kalshi codec: recorded markets against a twin, the reconnect, losses, bad input."""

from __future__ import annotations

import json
from collections import Counter
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
    FeedEvent,
    SnapshotNeeded,
    StaleReason,
    TradePrint,
)
from tests.support.feed_recordings import RingReader, listings_of, rings_of
from tests.support.prediction_books import KalshiTwin, kalshi_events
from venues.kalshi.feed_codec import LEVELS_MAX, SUBSCRIPTIONS_MAX, KalshiFeedCodec

MARKETS = ["KXGOLD15M-26AUG101900-00", "KXGOLD15M-26AUG102000-00", "KXGOLD15M-26AUG102130-30"]


def make(tickers: list[str], capacity: int = 1 << 12) -> tuple[KalshiFeedCodec, RingReader]:
    rings = rings_of(len(tickers), capacity)
    codec = KalshiFeedCodec(listings_of("kalshi", tickers), rings)
    codec.subscribe()
    return codec, RingReader(rings)


def frame(kind: str, seq: int, sid: int = 1, **body: Any) -> bytes:
    return json.dumps({"type": kind, "sid": sid, "seq": seq, "msg": body}).encode()


def snapshot(seq: int, ticker: str = "M", **sides: Any) -> bytes:
    return frame("orderbook_snapshot", seq, market_ticker=ticker, **sides)


def delta(
    seq: int, change: str, price: str = "0.40", side: str = "yes", ticker: str = "M"
) -> bytes:
    body: dict[str, Any] = {"price_dollars": price, "delta_fp": change, "side": side}
    return frame("orderbook_delta", seq, market_ticker=ticker, **body)


BOOK: dict[str, Any] = {"yes_dollars_fp": [["0.40", "10.00"]], "no_dollars_fp": [["0.55", "7.50"]]}


def kinds(events: Iterable[object]) -> list[type]:
    return [type(event) for event in events]


@pytest.mark.parametrize("ticker", MARKETS)
def test_recorded_market_equals_the_twin(shared_data: Path, ticker: str) -> None:
    codec, reader = make([ticker])
    twin = KalshiTwin()
    expected: Counter[str] = Counter()
    restarts = 0
    last: dict[int, int] = {}
    for number, (recv_ms, event) in enumerate(
        kalshi_events(shared_data / "kalshi_gold15m" / "events" / ticker)
    ):
        kind, sid, seq = event["type"], event["sid"], event["seq"]
        if kind == "orderbook_snapshot" and seq < last.get(sid, 0):
            restarts += 1
        last[sid] = seq
        expected[kind] += 1
        reader.follow(codec.decode(json.dumps(event).encode(), recv_ms * 10**6))
        twin.follow(event)
        if number % 997 == 0 or kind == "orderbook_snapshot":
            assert reader.books[0] == twin.units()
    assert reader.books[0] == twin.units()
    assert reader.counts["BookDelta"] == expected["orderbook_delta"]
    assert reader.counts["BookSnapshot"] == expected["orderbook_snapshot"]
    assert reader.counts["TradePrint"] == expected["trade"]
    assert reader.counts.get("BookStale", 0) == restarts
    assert restarts == (ticker == "KXGOLD15M-26AUG102130-30")


def test_a_day_that_begins_in_the_middle_waits_for_its_snapshot(shared_data: Path) -> None:
    ticker = "KXGOLD15M-26AUG102000-00"
    folder = shared_data / "kalshi_gold15m" / "events" / ticker
    whole = list(kalshi_events(folder))
    first_day = sum(1 for recv_ms, _ in whole if recv_ms < 1_786_406_400_000)
    codec, reader = make([ticker])
    for recv_ms, event in whole[first_day:]:
        reader.follow(codec.decode(json.dumps(event).encode(), recv_ms * 10**6))
        if event["type"] == "orderbook_delta":
            assert reader.counts == {}
    assert reader.counts == {"BookSnapshot": 1}


def test_no_bids_are_mirrored_once() -> None:
    codec, reader = make(["M"])
    reader.follow(codec.decode(snapshot(5, **BOOK), 1))
    assert reader.books[0] == ({400_000_000: 10**9}, {450_000_000: 750_000_000})
    reader.follow(codec.decode(delta(9, "2.25", "0.55", "no"), 1))
    assert reader.books[0][1] == {450_000_000: 975_000_000}
    reader.follow(codec.decode(delta(11, "-9.75", "0.55", "no"), 1))
    assert reader.books[0][1] == {}


def test_a_change_below_zero_is_a_gap_and_asks_to_add_the_market_again() -> None:
    codec, reader = make(["M"])
    reader.follow(codec.decode(snapshot(5, **BOOK), 1))
    events = codec.decode(delta(9, "-10.01"), 1)
    assert events[0] == BookStale(0, StaleReason.GAP)
    assert isinstance(events[1], SnapshotNeeded)
    commands = [json.loads(command) for command in events[1].resubscribe]
    assert [command["params"]["action"] for command in commands] == [
        "delete_markets",
        "add_markets",
    ]
    assert all(command["params"]["sids"] == [1] for command in commands)
    assert codec.decode(delta(10, "1.00"), 1) == ()
    assert kinds(codec.decode(snapshot(11, **BOOK), 1)) == [BookSnapshot]
    assert kinds(codec.decode(delta(12, "1.00"), 1)) == [BookDelta]


def test_a_jump_on_our_own_subscription_makes_every_market_of_it_stale() -> None:
    codec, _ = make(["M", "N"])
    codec.decode(b'{"id":1,"type":"subscribed","msg":{"channel":"orderbook_delta","sid":1}}', 1)
    codec.decode(snapshot(1, "M", **BOOK), 1)
    codec.decode(snapshot(2, "N", **BOOK), 1)
    assert kinds(codec.decode(delta(3, "1.00", ticker="OTHER"), 1)) == []
    events = codec.decode(delta(5, "1.00"), 1)
    stale = [event.listing_id for event in events if isinstance(event, BookStale)]
    assert stale == [0, 1]
    assert sum(isinstance(event, SnapshotNeeded) for event in events) == len(stale)
    assert kinds(codec.decode(snapshot(6, "M", **BOOK), 1)) == [BookSnapshot]
    assert kinds(codec.decode(delta(7, "1.00"), 1)) == [BookDelta]
    assert codec.decode(delta(8, "1.00", ticker="N"), 1) == ()


def test_duplicates_and_trades_of_another_subscription_change_nothing() -> None:
    codec, reader = make(["M"])
    reader.follow(codec.decode(snapshot(100, **BOOK), 1))
    reader.follow(codec.decode(delta(110, "1.00"), 1))
    assert codec.decode(delta(110, "1.00"), 1) == ()
    body: dict[str, Any] = {
        "yes_price_dollars": "0.41",
        "count_fp": "3.00",
        "taker_side": "yes",
        "ts_ms": 5,
    }
    trade = frame("trade", 4, sid=2, market_ticker="M", **body)
    assert kinds(codec.decode(trade, 1)) == [TradePrint]
    assert codec.decode(trade, 1) == ()
    assert kinds(codec.decode(delta(120, "1.00"), 1)) == [BookDelta]


def test_a_late_message_means_that_order_is_lost() -> None:
    codec, _ = make(["M"])
    codec.decode(snapshot(100, **BOOK), 1)
    codec.decode(delta(120, "1.00"), 1)
    assert codec.decode(delta(110, "1.00"), 1)[0] == BookStale(0, StaleReason.GAP)


def test_a_full_ring_is_a_gap_not_a_loss_in_silence() -> None:
    codec, _ = make(["M"], capacity=2)
    codec.decode(snapshot(1, **BOOK), 1)
    assert codec.decode(delta(2, "1.00"), 1)[0] == BookStale(0, StaleReason.GAP)


def test_bounds_hold() -> None:
    codec, _ = make(["M"], capacity=1 << 15)
    many = [[f"0.{number:05d}", "1"] for number in range(1, LEVELS_MAX + 2)]
    assert codec.decode(snapshot(1, yes_dollars_fp=many), 1)[0] == BookStale(
        0, StaleReason.OVERFLOW
    )
    for sid in range(3 * SUBSCRIPTIONS_MAX):
        codec.decode(frame("orderbook_snapshot", 1, sid=sid, market_ticker="X"), 1)
    assert len(codec.numberings) <= SUBSCRIPTIONS_MAX


def test_subscribe_forgets_and_a_refusal_is_the_venues() -> None:
    codec, _ = make(["M"])
    codec.decode(snapshot(9, **BOOK), 1)
    command = json.loads(codec.subscribe()[0])
    assert command["params"]["market_tickers"] == ["M"]
    assert codec.decode(delta(10, "1.00"), 1) == ()
    refusal = codec.decode(b'{"id":1,"type":"error","msg":{"code":9,"msg":"no"}}', 1)
    assert list(refusal) == [BookStale(0, StaleReason.VENUE)]


def test_every_prefix_of_a_frame_is_refused() -> None:
    for whole in (snapshot(5, **BOOK), delta(6, "1.00")):
        for length in range(len(whole)):
            codec, _ = make(["M"])
            with pytest.raises(DecodeError):
                codec.decode(whole[:length], 1)


@given(st.binary(max_size=200))
def test_random_bytes_give_no_events_or_decode_error(payload: bytes) -> None:
    codec, _ = make(["M"])
    events: object = ()
    with suppress(DecodeError):
        events = codec.decode(payload, 1)
    assert events == ()


@given(
    st.sampled_from(["orderbook_snapshot", "orderbook_delta", "trade", "subscribed", "error"]),
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False)
        | st.text(max_size=9),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["market_ticker", "side", "price_dollars", "delta_fp", "yes", "no"]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=8,
    ),
)
def test_odd_json_gives_events_or_decode_error(kind: str, body: object) -> None:
    codec, reader = make(["M"])
    events: list[FeedEvent] = []
    with suppress(DecodeError):
        events += codec.decode(json.dumps({"type": kind, "sid": 1, "msg": body}).encode(), 1)
    reader.follow(events)
