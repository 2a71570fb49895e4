"""The Binance codec against three recorded markets, two recorded REST syncs and bad input."""

from __future__ import annotations

import heapq
import json
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
from engine.model.units import Side
from tests.support.feed_recordings import (
    RingReader,
    TwinBook,
    cryptofeed_frames,
    cryptofeed_replies,
    expected_prints,
    listings_of,
    mapper_vectors,
    prints,
    rings_of,
    stamped_frames,
)
from venues.binance import feed_codec
from venues.binance.feed_codec import BinanceFeedCodec, BinanceMarket

CAPTURES = {
    BinanceMarket.SPOT: ("spot/btcusdt_20240808.gz", "BTCUSDT"),
    BinanceMarket.USDM: ("usdm/btcusdt_20240808.gz", "BTCUSDT"),
    BinanceMarket.COINM: ("cm/btcusd_perp_20240808.gz", "BTCUSD_PERP"),
}


def make(
    symbols: list[str], market: BinanceMarket = BinanceMarket.SPOT, capacity: int = 1 << 16
) -> tuple[BinanceFeedCodec, RingReader]:
    rings = rings_of(len(symbols), capacity)
    codec = BinanceFeedCodec(listings_of(market.value[0], symbols), rings, market)
    codec.subscribe()
    return codec, RingReader(rings)


def diff(first: int, last: int, previous: int | None = None, symbol: str = "AB") -> bytes:
    body: dict[str, object] = {"e": "depthUpdate", "E": 7, "s": symbol, "U": first, "u": last}
    if previous is not None:
        body["pu"] = previous
    body["b"] = [["1.5", str(last)]]
    body["a"] = [["2.5", "0"]]
    return json.dumps({"stream": "x", "data": body}).encode()


def snapshot(last: int) -> bytes:
    sides = {"bids": [["1.00", "3"]], "asks": [["2.50", "4.00000001"]]}
    return json.dumps({"lastUpdateId": last, **sides}).encode()


def kinds(events: object) -> list[str]:
    assert isinstance(events, list | tuple)
    return [type(event).__name__ for event in events]


@pytest.mark.parametrize("market", list(BinanceMarket))
def test_capture_with_inline_snapshot_follows_the_twin(
    market: BinanceMarket, shared_data: Path
) -> None:
    name, symbol = CAPTURES[market]
    codec, reader = make([symbol], market)
    held: list[dict[str, Any]] = []
    twin, last_id, diffs, trades = TwinBook(), -1, 0, 0
    for number, (recv_ns, payload) in enumerate(
        stamped_frames(shared_data / "binance_2024" / name)
    ):
        if number > 12_000:
            break
        reader.follow(codec.decode(payload, recv_ns))
        message = json.loads(payload)
        data = message.get("data", message)
        if "lastUpdateId" in data:
            last_id = data["lastUpdateId"]
            twin.reset(data["bids"], data["asks"])
            for old in held:
                if old["u"] >= last_id:
                    twin.update(old["b"], old["a"])
                    diffs += old["u"] > last_id or market is not BinanceMarket.SPOT
        elif data.get("e") == "depthUpdate" and last_id < 0:
            held.append(data)
        elif data.get("e") == "depthUpdate":
            twin.update(data["b"], data["a"])
            diffs += 1
        trades += data.get("e") == "trade"
        if number % 500 == 0 or number == 12_000:
            assert reader.books[0] == twin.sides()
    assert len(twin.bids) > 900
    assert reader.counts == {
        "SnapshotNeeded": 1,
        "BookSnapshot": 1,
        "BookDelta": diffs,
        "TradePrint": trades,
    }


@pytest.mark.parametrize(
    ("name", "market"), [("BINANCE", BinanceMarket.SPOT), ("BINANCE_FUTURES", BinanceMarket.USDM)]
)
def test_recorded_replies_synchronise_four_symbols(
    name: str, market: BinanceMarket, shared_data: Path
) -> None:
    folder = shared_data / "cryptofeed"
    replies = list(cryptofeed_replies(folder / f"{name}.http.0.0.gz"))
    symbols = [tag.partition("symbol=")[2].partition("&")[0] for _, tag, _ in replies]
    codec, reader = make(symbols, market)
    frames = ((recv, "", body) for recv, body in cryptofeed_frames(folder / f"{name}.ws.1.0.gz"))
    events: list[FeedEvent] = []
    diffs: list[dict[str, Any]] = []
    for recv_ns, tag, payload in heapq.merge(frames, replies):
        new = codec.decode_reply(tag, payload, recv_ns) if tag else codec.decode(payload, recv_ns)
        reader.follow(new)
        events.extend(new)
        data = json.loads(payload).get("data", {})
        if data.get("e") == "depthUpdate":
            diffs.append(data)
    asked = [event.request for event in events if isinstance(event, SnapshotNeeded)]
    assert set(asked) <= {tag for _, tag, _ in replies}
    assert not [event for event in events if isinstance(event, BookStale)]
    for listing_id, (symbol, (_, _, body)) in enumerate(zip(symbols, replies, strict=True)):
        first = json.loads(body)
        twin = TwinBook()
        twin.reset(first["bids"], first["asks"])
        for data in diffs:
            if data["s"] == symbol and data["u"] > first["lastUpdateId"]:
                twin.update(data["b"], data["a"])
        assert reader.books[listing_id] == twin.sides()
    assert reader.counts["BookSnapshot"] == 4


def test_without_a_snapshot_there_is_never_a_book() -> None:
    codec, reader = make(["AB"])
    for number in range(1, 50):
        reader.follow(codec.decode(diff(number, number), number))
    assert reader.counts == {"SnapshotNeeded": 1}


def test_spot_sequence_rules() -> None:
    codec, reader = make(["AB"])
    for first, last in ((5, 6), (7, 9), (10, 12)):
        reader.follow(codec.decode(diff(first, last), 1))
    events = codec.decode_reply("/api/v3/depth?symbol=AB&limit=1000", snapshot(8), 2)
    assert kinds(events) == ["BookSnapshot", "BookDelta", "BookDelta"]
    assert [event.sequence for event in events if isinstance(event, BookDelta)] == [9, 12]
    reader.follow(events)
    assert reader.books[0] == ({1_000_000_000: 300_000_000, 1_500_000_000: 12 * 10**8}, {})
    assert codec.decode(diff(10, 12), 3) == ()
    assert kinds(codec.decode(diff(12, 14), 3)) == ["BookDelta"]
    events = codec.decode(diff(16, 17), 4)
    assert events == (
        BookStale(0, StaleReason.GAP),
        SnapshotNeeded(0, "/api/v3/depth?symbol=AB&limit=1000"),
    )
    assert codec.decode(diff(18, 18), 5) == ()
    assert (
        kinds(codec.decode_reply("symbol=AB", snapshot(15), 6))
        == ["BookSnapshot"] + ["BookDelta"] * 2
    )


def test_futures_sequence_rules() -> None:
    codec, _ = make(["AB"], BinanceMarket.USDM)
    assert kinds(codec.decode(diff(5, 6, 3), 1)) == ["SnapshotNeeded"]
    assert codec.decode(diff(9, 20, 6), 1) == ()
    events = codec.decode_reply("/fapi/v1/depth?symbol=AB&limit=1000", snapshot(20), 2)
    assert kinds(events) == ["BookSnapshot", "BookDelta"]
    assert codec.decode(diff(9, 20, 6), 3) == ()
    assert kinds(codec.decode(diff(30, 31, 20), 3)) == ["BookDelta"]
    assert kinds(codec.decode(diff(32, 33, 30), 3)) == ["BookStale", "SnapshotNeeded"]
    with pytest.raises(DecodeError):
        codec.decode(diff(34, 35), 3)


def test_first_live_diff_must_straddle_the_snapshot() -> None:
    for market, good, bad in (
        (BinanceMarket.SPOT, diff(9, 11), diff(10, 11)),
        (BinanceMarket.USDM, diff(8, 11, 1), diff(9, 11, 1)),
    ):
        for frame, expected in (
            (good, ["BookDelta"]),
            (bad, ["BookStale", "SnapshotNeeded"]),
        ):
            codec, _ = make(["AB"], market)
            assert kinds(codec.decode_reply("symbol=AB", snapshot(8), 1)) == ["BookSnapshot"]
            assert kinds(codec.decode(frame, 2)) == expected


def test_snapshot_older_than_what_is_held_is_asked_for_again() -> None:
    codec, _ = make(["AB"])
    codec.decode(diff(20, 21), 1)
    assert kinds(codec.decode_reply("symbol=AB", snapshot(18), 2)) == ["SnapshotNeeded"]
    assert kinds(codec.decode_reply("symbol=AB", snapshot(19), 3)) == ["BookSnapshot", "BookDelta"]


def test_holding_is_bounded_and_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_codec, "HELD_FRAMES_MAX", 3)
    codec, _ = make(["AB"])
    events = [event for last in range(1, 9) for event in codec.decode(diff(last, last), last)]
    assert kinds(events) == ["SnapshotNeeded"] * 3
    assert len(codec.books[0].held) == 2
    assert (
        kinds(codec.decode_reply("symbol=AB", snapshot(6), 9))
        == ["BookSnapshot"] + ["BookDelta"] * 2
    )


def test_full_ring_is_a_gap_and_nothing_is_lost_silently() -> None:
    codec, _ = make(["AB"], capacity=24)
    assert kinds(codec.decode_reply("symbol=AB", snapshot(8), 1)) == ["BookSnapshot"]
    found: list[str] = []
    for last in range(9, 20):
        found = kinds(codec.decode(diff(last, last), 2))
        if found != ["BookDelta"]:
            break
    assert found == ["BookStale", "SnapshotNeeded"]


def test_resynchronise_and_subscribe_forget_the_book() -> None:
    codec, _ = make(["AB", "CD"])
    codec.decode_reply("symbol=AB", snapshot(8), 1)
    assert kinds(codec.resynchronise(0)) == ["SnapshotNeeded"]
    assert codec.decode(diff(9, 9), 2) == ()
    frames = codec.subscribe()
    assert b"ab@depth@100ms" in frames[0]
    assert b"cd@trade" in frames[0]
    assert kinds(codec.decode(diff(10, 10), 2)) == ["SnapshotNeeded"]


def test_trades_name_the_aggressor() -> None:
    codec, _ = make(["AB"])
    body = {"e": "aggTrade", "E": 9, "T": 8, "s": "AB", "p": "1.50", "q": "2", "m": True, "a": 5}
    (event,) = codec.decode(json.dumps(body).encode(), 3)
    assert event == TradePrint(0, 1_500_000_000, 200_000_000, Side.SELL, 3, 8_000_000)
    body["X"] = "INSURANCE_FUND"
    assert codec.decode(json.dumps(body).encode(), 3) == ()
    body["X"] = "MARKET"
    body["m"] = False
    (event,) = codec.decode(json.dumps({"stream": "s", "data": body}).encode(), 3)
    assert isinstance(event, TradePrint)
    assert event.side is Side.BUY
    body["s"] = "ZZ"
    assert codec.decode(json.dumps(body).encode(), 3) == ()


def test_answers_and_refusals() -> None:
    codec, _ = make(["AB", "CD"])
    assert codec.decode(b'{"result":null,"id":1}', 1) == ()
    codec.decode_reply("symbol=AB", snapshot(8), 1)
    refusal = codec.decode(b'{"error":{"code":2,"msg":"no"},"id":1}', 1)
    assert refusal == (BookStale(1, StaleReason.VENUE),)
    assert codec.decode_reply("symbol=ZZ", snapshot(8), 1) == ()
    with pytest.raises(DecodeError):
        codec.decode_reply("symbol=CD", b'{"code":-1003,"msg":"too many"}', 1)
    with pytest.raises(DecodeError):
        codec.decode(snapshot(9), 1)
    assert codec.checksum_depth == 0


def test_truncated_frames_are_refused() -> None:
    codec, _ = make(["AB"])
    codec.decode_reply("symbol=AB", snapshot(8), 1)
    whole = diff(9, 9)
    for size in range(len(whole)):
        with pytest.raises(DecodeError):
            codec.decode(whole[:size], 1)
    body = snapshot(9)
    for size in range(len(body)):
        with pytest.raises(DecodeError):
            codec.decode_reply("symbol=AB", body[:size], 1)
    assert kinds(codec.decode(whole, 1)) == ["BookDelta"]


@pytest.mark.parametrize(
    "bad", [b'"1.0000000001"', b'"-1"', b'"1_0"', b"null", b'"nan"', b'"9e99"']
)
def test_inexact_or_absurd_numbers_are_refused(bad: bytes) -> None:
    codec, _ = make(["AB"])
    codec.decode_reply("symbol=AB", snapshot(8), 1)
    with pytest.raises(DecodeError):
        codec.decode(diff(9, 9).replace(b'"1.5"', bad), 1)


@given(st.binary(max_size=60))
def test_random_bytes_give_no_events_or_a_decode_error(noise: bytes) -> None:
    codec, _ = make(["AB"])
    with suppress(DecodeError):
        assert codec.decode(noise, 1) == ()


@given(st.integers(0, 150), st.integers(0, 40), st.binary(max_size=12))
def test_damaged_frames_raise_nothing_but_decode_errors(
    place: int, length: int, noise: bytes
) -> None:
    codec, reader = make(["AB"])
    codec.decode_reply("symbol=AB", snapshot(8), 1)
    whole = diff(9, 9)
    try:
        events = codec.decode(whole[:place] + noise + whole[place + length :], 1)
    except DecodeError:
        return
    assert {type(event) for event in events} <= {
        BookDelta,
        BookSnapshot,
        BookStale,
        SnapshotNeeded,
        TradePrint,
    }
    assert reader.counts == {}


def test_a_broken_held_diff_is_told_after_the_snapshot_that_went_out() -> None:
    codec, reader = make(["AB"])
    codec.decode(diff(5, 6), 1)
    codec.decode(diff(7, 7).replace(b'"1.5"', b'"x"'), 1)
    events = codec.decode_reply("symbol=AB", snapshot(5), 2)
    assert kinds(events) == ["BookSnapshot", "BookDelta", "BookStale", "SnapshotNeeded"]
    assert isinstance(events[2], BookStale)
    assert events[2].reason is StaleReason.BROKEN_FRAME
    reader.follow(events)
    assert reader.rings[0].pending == 0


@pytest.mark.parametrize(
    ("exchange", "market"),
    [
        ("binance", BinanceMarket.SPOT),
        ("binance-futures", BinanceMarket.USDM),
        ("binance-delivery", BinanceMarket.COINM),
    ],
)
def test_prints_are_those_of_another_mapper(
    exchange: str, market: BinanceMarket, shared_data: Path
) -> None:
    path, compared = shared_data / "messages/mapper_vectors.jsonl.gz", 0
    for message, expected in mapper_vectors(path, exchange):
        symbols = [entry["symbol"] for entry in expected if entry["type"] == "trade"]
        if message.get("data", {}).get("e") == "aggTrade":
            continue  # that mapper reads the trade stream only
        codec, _ = make([message.get("data", {}).get("s", "AB")], market)
        events = codec.decode(json.dumps(message).encode(), 1)
        assert prints(events) == expected_prints(expected)
        compared += len(symbols)
    assert compared
