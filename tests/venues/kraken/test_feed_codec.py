"""The Kraken codec against a recording whose every checksum must come out, and bad input."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import DecodeError
from engine.messages import BookDelta, BookSnapshot, BookStale, StaleReason, TradePrint
from engine.model.units import Side
from tests.support.feed_recordings import (
    RingReader,
    TwinBook,
    cryptofeed_frames,
    expected_prints,
    listings_of,
    mapper_vectors,
    prints,
    rings_of,
)
from venues.kraken.feed_codec import KrakenFeedCodec

RECORDING = "cryptofeed/KRAKEN.ws.50.0.gz"
PAIRS = [
    *("WAVES/EUR", "XMR/USD", "KSM/XBT", "GRT/ETH", "SC/EUR"),
    *("ETH/CHF", "OCEAN/XBT", "OMG/USD", "XBT/CHF", "ADA/XBT"),
]


def make(
    pairs: list[str], depth: int = 1_000, capacity: int = 1 << 16
) -> tuple[KrakenFeedCodec, RingReader]:
    rings = rings_of(len(pairs), capacity)
    codec = KrakenFeedCodec(listings_of("kraken", pairs), rings, depth)
    codec.subscribe()
    return codec, RingReader(rings)


def level(price: str, qty: str, time: str = "1618678133.365913") -> list[str]:
    return [price, qty, time]


def snapshot(bids: list[list[str]], asks: list[list[str]], depth: int = 10) -> bytes:
    return json.dumps([7, {"as": asks, "bs": bids}, f"book-{depth}", "X/Y"]).encode()


def update(*maps: Mapping[str, object], depth: int = 10) -> bytes:
    return json.dumps([7, *maps, f"book-{depth}", "X/Y"]).encode()


def three_levels() -> bytes:
    bids = [level("9.50", "1.00000000"), level("9.40", "2.00000000"), level("9.30", "3.00000000")]
    asks = [level("9.60", "1.00000000"), level("9.70", "2.00000000"), level("9.80", "3.00000000")]
    return snapshot(bids, asks, depth=3)


def kinds(events: object) -> list[str]:
    assert isinstance(events, list | tuple)
    return [type(event).__name__ for event in events]


def test_every_recorded_checksum_reproduces_and_the_book_follows_the_twin(
    shared_data: Path,
) -> None:
    codec, reader = make(PAIRS)
    twins = {pair: TwinBook() for pair in PAIRS}
    checked = heartbeats = 0
    for number, (recv_ns, payload) in enumerate(cryptofeed_frames(shared_data / RECORDING)):
        events = codec.decode(payload, recv_ns)
        reader.follow(events)
        message = json.loads(payload)
        if isinstance(message, dict):
            heartbeats += message["event"] == "heartbeat"
            continue
        twin, listing_id = twins[message[-1]], PAIRS.index(message[-1])
        for part in message[1:-2]:
            if "as" in part:
                twin.reset(part["bs"], part["as"])
            twin.update(part.get("b", ()), part.get("a", ()))
        (event,) = events
        assert isinstance(event, BookDelta | BookSnapshot)
        expected = int(message[-3].get("c", -1))
        assert event.checksum == expected
        if expected >= 0:
            bids, asks = reader.top(listing_id, codec.checksum_depth)
            assert codec.checksum(listing_id, bids, asks) == expected
            checked += 1
        if number % 200 == 0:
            assert reader.books[listing_id] == twin.sides()
    assert checked == 4_269
    assert reader.counts == {
        "BookSnapshot": 10,
        "BookDelta": checked,
        "FeedAlive": 10 * heartbeats,
    }
    for listing_id, pair in enumerate(PAIRS):
        assert reader.books[listing_id] == twins[pair].sides()


def test_a_wrong_book_does_not_reproduce_the_checksum(shared_data: Path) -> None:
    codec, reader = make(PAIRS)
    for recv_ns, payload in cryptofeed_frames(shared_data / RECORDING):
        events = codec.decode(payload, recv_ns)
        reader.follow(events)
        if events and isinstance(events[0], BookDelta):
            bids, asks = reader.top(events[0].listing_id, 10)
            assert codec.checksum(events[0].listing_id, bids, asks) == events[0].checksum
            bids[3] = (bids[3][0], bids[3][1] + 1)
            assert codec.checksum(events[0].listing_id, bids, asks) != events[0].checksum
            break


def test_levels_pushed_out_of_the_depth_are_deleted() -> None:
    codec, reader = make(["X/Y"])
    reader.follow(codec.decode(three_levels(), 1))
    frame = update({"a": [level("9.55", "4.0"), level("9.56", "0.0")]}, depth=3)
    (event,) = codec.decode(frame, 2)
    assert isinstance(event, BookDelta)
    assert event.count == 3
    reader.apply(event)
    assert sorted(reader.books[0][1]) == [9_550_000_000, 9_600_000_000, 9_700_000_000]
    frame = update({"b": [level("9.51", "1.0"), level("9.52", "1.0")]}, depth=3)
    reader.follow(codec.decode(frame, 3))
    assert sorted(reader.books[0][0]) == [9_500_000_000, 9_510_000_000, 9_520_000_000]
    frame = update({"a": [level("9.55", "0.0"), level("9.80", "3.0")]}, depth=3)
    reader.follow(codec.decode(frame, 4))
    assert sorted(reader.books[0][1]) == [9_600_000_000, 9_700_000_000, 9_800_000_000]


def test_a_level_inserted_and_deleted_in_one_message_pushes_nothing_out() -> None:
    codec, reader = make(["X/Y"])
    reader.follow(codec.decode(three_levels(), 1))
    first, last = {"a": [level("9.55", "4.0")]}, {"a": [level("9.55", "0.0")], "c": "5"}
    (event,) = codec.decode(update(first, last, depth=3), 2)
    assert isinstance(event, BookDelta)
    assert event.checksum == 5
    reader.apply(event)
    assert sorted(reader.books[0][1]) == [9_600_000_000, 9_700_000_000, 9_800_000_000]


CHANGES = st.tuples(st.sampled_from("ab"), st.integers(1, 40), st.integers(0, 3))


@given(st.lists(st.lists(CHANGES, max_size=6), max_size=25))
def test_depth_is_kept_as_a_book_cut_after_each_message(
    messages: list[list[tuple[str, int, int]]],
) -> None:
    codec, reader = make(["X/Y"])
    codec.decode(snapshot([], [], depth=5), 1)
    reader.rings[0].release(0, 0)
    twin: dict[str, dict[int, int]] = {"a": {}, "b": {}}
    for message in messages:
        sides: dict[str, object] = {}
        for letter in "ab":
            changes = [change for change in message if change[0] == letter]
            sides[letter] = [level(str(price), str(qty)) for _, price, qty in changes]
            for _, price, qty in changes:
                twin[letter][price * 10**9] = qty * 10**8
            kept = sorted(
                (price for price, qty in twin[letter].items() if qty), reverse=letter == "b"
            )[:5]
            twin[letter] = {price: twin[letter][price] for price in kept}
        reader.follow(codec.decode(update(sides, depth=5), 2))
        assert reader.books[0] == (twin["b"], twin["a"])


def test_checksum_text_is_as_documented() -> None:
    codec, _ = make(["X/Y"])
    asks = [level("0.05120", "0.00000500"), level("0.05275", "0.00000500")]
    bids = [level("0.04765", "0.00000500"), level("0.04940", "0.00000500")]
    codec.decode(snapshot(bids, asks), 1)
    rows_bids = [(49_400_000, 500), (47_650_000, 500)]
    rows_asks = [(51_200_000, 500), (52_750_000, 500)]
    expected = crc32(b"".join((b"5120500", b"5275500", b"4940500", b"4765500")))
    assert codec.checksum(0, rows_bids, rows_asks) == expected


def test_updates_before_a_snapshot_and_foreign_pairs_give_nothing() -> None:
    codec, _ = make(["X/Y"])
    assert codec.decode(update({"a": [level("9.55", "4.0")]}), 1) == ()
    assert codec.decode(three_levels().replace(b"X/Y", b"Y/X"), 1) == ()
    assert codec.decode(b'[325,["1.0","2.0"],"spread","X/Y"]', 1) == ()
    null = three_levels().replace(b'"book-3"', b'null, "book-3"')
    assert kinds(codec.decode(null, 1)) == ["BookSnapshot"]


def test_trades() -> None:
    codec, _ = make(["X/Y"])
    rows = [["9482.4", "0.01596347", "1561939258.512503", "s", "l", ""]]
    (event,) = codec.decode(json.dumps([14, rows, "trade", "X/Y"]).encode(), 5)
    assert event == TradePrint(
        0, 9_482_400_000_000, 1_596_347, Side.SELL, 5, 1_561_939_258_512_503_000
    )
    rows[0][3] = "q"
    with pytest.raises(DecodeError):
        codec.decode(json.dumps([14, rows, "trade", "X/Y"]).encode(), 5)


def test_notices() -> None:
    codec, _ = make(["X/Y", "Q/R"])
    assert kinds(codec.decode(b'{"event":"heartbeat"}', 1)) == ["FeedAlive"] * 2
    assert codec.decode(b'{"event":"systemStatus","status":"online"}', 1) == ()
    refused = b'{"event":"subscriptionStatus","pair":"Q/R","status":"error","errorMessage":"no"}'
    assert codec.decode(refused, 1) == (BookStale(1, StaleReason.VENUE),)
    down = codec.decode(b'{"event":"systemStatus","status":"maintenance"}', 1)
    assert down == (BookStale(0, StaleReason.VENUE), BookStale(1, StaleReason.VENUE))
    up = codec.decode(b'{"event":"systemStatus","status":"online"}', 2)
    assert kinds(up) == ["SnapshotNeeded"] * 2


def test_resynchronise_subscribes_again_and_waits_for_the_snapshot() -> None:
    codec, _ = make(["X/Y"], depth=10)
    codec.decode(three_levels(), 1)
    (event,) = codec.resynchronise(0)
    assert kinds([event]) == ["SnapshotNeeded"]
    frames = [json.loads(frame) for frame in event.resubscribe]  # type: ignore[union-attr]  # kind asserted
    assert [frame["event"] for frame in frames] == ["unsubscribe", "subscribe"]
    assert frames[1]["subscription"] == {"name": "book", "depth": 10}
    assert codec.decode(update({"a": [level("9.55", "4.0")]}, depth=3), 1) == ()
    assert kinds(codec.decode(three_levels(), 1)) == ["BookSnapshot"]


def test_full_ring_is_a_gap() -> None:
    codec, _ = make(["X/Y"], capacity=16)
    assert kinds(codec.decode(three_levels(), 1)) == ["BookStale", "SnapshotNeeded"]
    assert codec.decode(update({"a": [level("9.55", "4.0")]}, depth=3), 1) == ()


def test_truncated_frames_are_refused() -> None:
    codec, _ = make(["X/Y"])
    whole = three_levels()
    for size in range(len(whole)):
        with pytest.raises(DecodeError):
            codec.decode(whole[:size], 1)


@pytest.mark.parametrize(
    "frame",
    [
        b"[1,2,3]",
        b'[7,{"a":[["1.5"]]},"book-3","X/Y"]',
        b'[7,{"a":[["1.5","x","1.0"]]},"book-3","X/Y"]',
        b'[7,{"a":[],"c":"-3"},"book-3","X/Y"]',
        b'[7,null,"book-3","X/Y"]',
        b'[7,{"as":[],"bs":[]},"book-x","X/Y"]',
        b'[7,{"as":[],"bs":[]},"book-100000","X/Y"]',
        b'[7,{"a":[["0.0","1.0","1.0"]]},"book-3","X/Y"]',
    ],
)
def test_malformed_frames_are_refused(frame: bytes) -> None:
    codec, _ = make(["X/Y"])
    codec.decode(three_levels(), 1)
    with pytest.raises(DecodeError):
        codec.decode(frame, 1)


@given(st.binary(max_size=60))
def test_random_bytes_give_no_events_or_a_decode_error(noise: bytes) -> None:
    codec, _ = make(["X/Y"])
    with suppress(DecodeError):
        assert codec.decode(noise, 1) == ()


@given(st.integers(0, 350), st.integers(0, 40), st.binary(max_size=12))
def test_damaged_frames_raise_nothing_but_decode_errors(
    place: int, length: int, noise: bytes
) -> None:
    codec, _ = make(["X/Y"])
    whole = three_levels()
    with suppress(DecodeError):
        events = codec.decode(whole[:place] + noise + whole[place + length :], 1)
        assert len(events) <= 1


def test_prints_are_those_of_another_mapper(shared_data: Path) -> None:
    path, compared = shared_data / "messages/mapper_vectors.jsonl.gz", 0
    for message, expected in mapper_vectors(path, "kraken"):
        symbols = [entry["symbol"] for entry in expected if entry["type"] == "trade"]
        codec, _ = make(symbols[:1])
        if isinstance(message, list):
            assert prints(codec.decode(json.dumps(message).encode(), 1)) == expected_prints(
                expected
            )
            compared += len(symbols)
    assert compared == 3
