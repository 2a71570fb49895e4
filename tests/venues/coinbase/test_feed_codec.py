"""The Coinbase codec against a recording of ten products, and bad input."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

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
    StaleReason,
    TradePrint,
)
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
    units,
)
from venues.coinbase.feed_codec import CoinbaseFeedCodec

RECORDING = "cryptofeed/COINBASE.ws.28.0.gz"
PRODUCTS = [
    *("SKL-USD", "SKL-BTC", "BAND-GBP", "NMR-EUR", "BAND-BTC"),
    *("YFI-BTC", "DASH-BTC", "NU-GBP", "CRV-EUR", "SKL-GBP"),
]
SNAPSHOT = (
    b'{"type":"snapshot","product_id":"A-B","asks":[["2.5","1"],["2.6","3"]],"bids":[["1.5","2"]]}'
)
UPDATE = (
    b'{"type":"l2update","product_id":"A-B","changes":[["sell","2.5","0"],["buy","1.6","0.5"]],'
    b'"time":"2021-04-17T16:43:37.075687Z"}'
)


def make(products: list[str], capacity: int = 1 << 16) -> tuple[CoinbaseFeedCodec, RingReader]:
    rings = rings_of(len(products), capacity)
    codec = CoinbaseFeedCodec(listings_of("coinbase", products), rings)
    codec.subscribe()
    return codec, RingReader(rings)


def kinds(events: object) -> list[str]:
    assert isinstance(events, list | tuple)
    return [type(event).__name__ for event in events]


def test_recording_follows_the_twin(shared_data: Path) -> None:
    codec, reader = make(PRODUCTS)
    twins = {product: TwinBook() for product in PRODUCTS}
    expected: dict[str, int] = {}
    prints: list[FeedEvent] = []
    for number, (recv_ns, payload) in enumerate(cryptofeed_frames(shared_data / RECORDING)):
        events = codec.decode(payload, recv_ns)
        reader.follow(events)
        prints.extend(event for event in events if isinstance(event, TradePrint))
        message = json.loads(payload)
        kind = message["type"]
        expected[kind] = expected.get(kind, 0) + 1
        if kind == "snapshot":
            twins[message["product_id"]].reset(message["bids"], message["asks"])
        elif kind == "l2update":
            twin = twins[message["product_id"]]
            for side, price, qty in message["changes"]:
                levels = twin.bids if side == "buy" else twin.asks
                levels[units(price, 9)] = units(qty, 8)
                if not units(qty, 8):
                    del levels[units(price, 9)]
        if number % 1_000 == 0:
            for listing_id, product in enumerate(PRODUCTS):
                assert reader.books[listing_id] == twins[product].sides()
    for listing_id, product in enumerate(PRODUCTS):
        assert reader.books[listing_id] == twins[product].sides()
    assert expected["l2update"] > 9_000
    assert reader.counts == {
        "BookSnapshot": expected["snapshot"],
        "BookDelta": expected["l2update"],
        "TradePrint": expected["match"],
    }
    assert {event.side for event in prints if isinstance(event, TradePrint)} <= set(Side)


def test_prints_carry_the_taker_side_as_the_recorded_ticker_does(shared_data: Path) -> None:
    """`ticker.side` is the taker's, `match.side` the maker's: both stand in the recording."""
    codec, _ = make(PRODUCTS)
    takers: dict[tuple[str, int], str] = {}
    makers: list[tuple[tuple[str, int], Side]] = []
    for recv_ns, payload in cryptofeed_frames(shared_data / RECORDING):
        message = json.loads(payload)
        if message["type"] == "ticker":
            takers[message["product_id"], message["trade_id"]] = message["side"]
        for event in codec.decode(payload, recv_ns):
            if isinstance(event, TradePrint):
                assert event.side is not None
                makers.append(((message["product_id"], message["trade_id"]), event.side))
    both = [(takers[key], side.text) for key, side in makers if key in takers]
    assert len(both) > 50
    assert all(taker == printed for taker, printed in both)


def test_exact_events() -> None:
    codec, reader = make(["A-B"])
    (event,) = codec.decode(SNAPSHOT, 5)
    assert event == BookSnapshot(0, 0, 3, 5, 0, 1)
    reader.follow([event])
    (event,) = codec.decode(UPDATE, 6)
    assert event == BookDelta(0, 0, 2, 6, 1_618_677_817_075_687_000, 2)
    reader.follow([event])
    assert reader.books[0] == (
        {1_500_000_000: 200_000_000, 1_600_000_000: 50_000_000},
        {2_600_000_000: 300_000_000},
    )


def test_updates_wait_for_the_snapshot_and_a_new_one_replaces_the_book() -> None:
    codec, reader = make(["A-B"])
    assert codec.decode(UPDATE, 1) == ()
    reader.follow(codec.decode(SNAPSHOT, 2))
    reader.follow(codec.decode(UPDATE, 3))
    reader.follow(codec.decode(SNAPSHOT, 4))
    assert reader.books[0][0] == {1_500_000_000: 200_000_000}
    assert codec.decode(SNAPSHOT.replace(b"A-B", b"Z-Z"), 4) == ()


def test_resynchronise_subscribes_again() -> None:
    codec, _ = make(["A-B"])
    codec.decode(SNAPSHOT, 2)
    (event,) = codec.resynchronise(0)
    assert kinds([event]) == ["SnapshotNeeded"]
    frames = [json.loads(frame) for frame in event.resubscribe]  # type: ignore[union-attr]  # kind asserted
    assert [frame["type"] for frame in frames] == ["unsubscribe", "subscribe"]
    assert codec.decode(UPDATE, 3) == ()


def test_heartbeat_error_and_other_messages() -> None:
    codec, _ = make(["A-B", "C-D"])
    assert codec.decode(b'{"type":"heartbeat","product_id":"C-D"}', 3) == (FeedAlive(1, 3),)
    assert codec.decode(b'{"type":"ticker","product_id":"C-D","price":"x"}', 3) == ()
    assert codec.decode(b'{"type":"subscriptions","channels":[]}', 3) == ()
    codec.decode(SNAPSHOT, 2)
    refused = codec.decode(b'{"type":"error","message":"no","reason":"no"}', 4)
    assert refused == (BookStale(1, StaleReason.VENUE),)
    assert json.loads(codec.subscribe()[0])["product_ids"] == ["A-B", "C-D"]


def test_full_ring_is_a_gap() -> None:
    codec, _ = make(["A-B"], capacity=4)
    assert kinds(codec.decode(SNAPSHOT, 1)) == ["BookStale", "SnapshotNeeded"]
    codec, _ = make(["A-B"], capacity=24)
    codec.decode(SNAPSHOT, 1)
    found = [kinds(codec.decode(UPDATE, 2)) for _ in range(10)]
    assert ["BookStale", "SnapshotNeeded"] in found
    assert codec.decode(UPDATE, 3) == ()


@pytest.mark.parametrize("whole", [SNAPSHOT, UPDATE])
def test_truncated_frames_are_refused(whole: bytes) -> None:
    codec, _ = make(["A-B"])
    codec.decode(SNAPSHOT, 1)
    for size in range(len(whole)):
        with pytest.raises(DecodeError):
            codec.decode(whole[:size], 1)


@pytest.mark.parametrize(
    "frame",
    [
        UPDATE.replace(b'"sell"', b'"hold"'),
        UPDATE.replace(b'"0.5"', b'"0.-10000"'),
        UPDATE.replace(b'"1.6","0.5"', b'"1.6"'),
        UPDATE.replace(b'"0.5"', b'"0.000000001"'),
        b'{"type":"snapshot","product_id":"A-B","asks":[]}',
        b'{"type":"match","product_id":"A-B","side":"x","size":"1","price":"1"}',
        b'{"type":"l2update","product_id":"A-B"}',
        b"[]",
    ],
)
def test_malformed_frames_are_refused_and_leave_the_ring_alone(frame: bytes) -> None:
    codec, reader = make(["A-B"])
    reader.follow(codec.decode(SNAPSHOT, 1))
    with pytest.raises(DecodeError):
        codec.decode(frame, 1)
    assert reader.rings[0].pending == 0


@given(st.binary(max_size=60))
def test_random_bytes_give_no_events_or_a_decode_error(noise: bytes) -> None:
    codec, _ = make(["A-B"])
    with suppress(DecodeError):
        assert codec.decode(noise, 1) == ()


@given(st.integers(0, 150), st.integers(0, 40), st.binary(max_size=12))
def test_damaged_frames_raise_nothing_but_decode_errors(
    place: int, length: int, noise: bytes
) -> None:
    codec, _ = make(["A-B"])
    codec.decode(SNAPSHOT, 1)
    with suppress(DecodeError):
        assert len(codec.decode(UPDATE[:place] + noise + UPDATE[place + length :], 1)) <= 1


def test_prints_are_those_of_another_mapper(shared_data: Path) -> None:
    path, compared = shared_data / "messages/mapper_vectors.jsonl.gz", 0
    for message, expected in mapper_vectors(path, "coinbase"):
        symbols = [entry["symbol"] for entry in expected if entry["type"] == "trade"]
        codec, _ = make(symbols[:1])
        if symbols:
            assert prints(codec.decode(json.dumps(message).encode(), 1)) == expected_prints(
                expected
            )
            compared += len(symbols)
    assert compared == 1
