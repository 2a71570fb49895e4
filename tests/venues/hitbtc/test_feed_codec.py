"""The HitBTC codec: four recorded lines arbitrated, losses made up by other lines, bad input."""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import DecodeError
from engine.messages import BookDelta, BookStale, FeedEvent, StaleReason, TradePrint
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
from venues.hitbtc import feed_codec
from venues.hitbtc.feed_codec import HitbtcFeedCodec

LINES = 4
SYMBOLS = ["CRDTETH", "GRTBTC", "ORNBTC", "POLYBTC", "GVTETH", "INSURBTC", "MTXUSD", "EURSUSD"]
TOO_FINE = ["DNTBTC", "VETBTC"]
TIME = "2021-07-15T03:06:44.292Z"


def make(
    symbols: list[str], lines: int = LINES, capacity: int = 1 << 16
) -> tuple[HitbtcFeedCodec, RingReader]:
    rings = rings_of(len(symbols), capacity)
    codec = HitbtcFeedCodec(listings_of("hitbtc", symbols), rings, lines)
    codec.subscribe()
    return codec, RingReader(rings)


def recorded(folder: Path) -> list[list[tuple[int, int, bytes]]]:
    """Frames of the four lines as (receive time, line, payload)."""
    return [
        [
            (recv_ns, line, payload)
            for recv_ns, payload in cryptofeed_frames(folder / f"HITBTC.ws.{line + 1}.0.gz")
        ]
        for line in range(LINES)
    ]


def book(method: str, sequence: int, size: str = "1") -> bytes:
    sides = {"ask": [{"price": "2.5", "size": size}], "bid": []}
    params = {**sides, "symbol": "AB", "sequence": sequence, "timestamp": TIME}
    return json.dumps({"jsonrpc": "2.0", "method": method, "params": params}).encode()


def snapshot(sequence: int) -> bytes:
    return book("snapshotOrderbook", sequence)


def update(sequence: int) -> bytes:
    return book("updateOrderbook", sequence, str(sequence))


def kinds(events: object) -> list[str]:
    assert isinstance(events, list | tuple)
    return [type(event).__name__ for event in events]


def sequences(events: object) -> list[int]:
    assert isinstance(events, list | tuple)
    return [event.sequence for event in events]


def pairs(levels: list[dict[str, str]]) -> Iterator[tuple[str, str]]:
    return ((level["price"], level["size"]) for level in levels)


def twins_of(frames: list[tuple[int, int, bytes]]) -> tuple[dict[str, TwinBook], dict[str, int]]:
    """Final books and sequences from one complete line alone."""
    twins, last = {symbol: TwinBook() for symbol in SYMBOLS}, dict.fromkeys(SYMBOLS, -1)
    for _, _, payload in frames:
        message = json.loads(payload)
        params = message.get("params")
        if not message.get("method", "").endswith("Orderbook") or params["symbol"] not in twins:
            continue
        twin = twins[params["symbol"]]
        if message["method"] == "snapshotOrderbook":
            twin.reset(pairs(params["bid"]), pairs(params["ask"]))
        else:
            twin.update(pairs(params["bid"]), pairs(params["ask"]))
        last[params["symbol"]] = params["sequence"]
    return twins, last


def follow_all(
    codec: HitbtcFeedCodec, reader: RingReader, frames: Iterator[tuple[int, int, bytes]]
) -> list[FeedEvent]:
    events: list[FeedEvent] = []
    for recv_ns, line, payload in frames:
        new = codec.decode(payload, recv_ns, line)
        reader.follow(new)
        events.extend(new)
    return events


def check_final(
    codec: HitbtcFeedCodec, reader: RingReader, lines: list[list[tuple[int, int, bytes]]]
) -> None:
    """Each book is the one that some complete line gives at the same last sequence."""
    for frames in lines:
        twins, last = twins_of(frames)
        for listing_id, symbol in enumerate(SYMBOLS):
            if codec.books[listing_id].last == last[symbol]:
                assert reader.books[listing_id] == twins[symbol].sides()
    best = {s: max(twins_of(frames)[1][s] for frames in lines) for s in SYMBOLS}
    assert {entry.symbol: entry.last for entry in codec.books} == best


def test_four_recorded_lines_give_each_sequence_once(shared_data: Path) -> None:
    lines = recorded(shared_data / "cryptofeed")
    codec, reader = make(SYMBOLS)
    events = follow_all(codec, reader, heapq.merge(*lines))
    assert set(reader.counts) == {"BookSnapshot", "BookDelta"}
    for listing_id in range(len(SYMBOLS)):
        seen = sequences(
            [event for event in events if getattr(event, "listing_id", -1) == listing_id]
        )
        assert seen == list(range(seen[0], seen[-1] + 1))
    assert reader.counts["BookSnapshot"] == len(SYMBOLS)
    check_final(codec, reader, lines)


@pytest.mark.parametrize("seed", range(3))
def test_frames_lost_on_single_lines_are_made_up_by_the_others(
    seed: int, shared_data: Path
) -> None:
    """Line k loses its updates whose sequence is k (modulo 4): no two lose the same one."""
    lines = recorded(shared_data / "cryptofeed")
    kept = [
        [
            frame
            for frame in frames
            if b"updateOrderbook" not in frame[2]
            or json.loads(frame[2])["params"]["sequence"] % LINES != (line + seed) % LINES
        ]
        for line, frames in enumerate(lines)
    ]
    assert sum(map(len, kept)) < sum(map(len, lines))
    codec, reader = make(SYMBOLS)
    follow_all(codec, reader, heapq.merge(*kept))
    assert set(reader.counts) == {"BookSnapshot", "BookDelta"}
    check_final(codec, reader, lines)


def test_one_line_alone_is_complete(shared_data: Path) -> None:
    frames = recorded(shared_data / "cryptofeed")[2]
    codec, reader = make(SYMBOLS, lines=3)
    follow_all(codec, reader, iter(frames))
    twins, _ = twins_of(frames)
    for listing_id, symbol in enumerate(SYMBOLS):
        assert reader.books[listing_id] == twins[symbol].sides()


def test_prices_finer_than_the_engine_are_refused_not_rounded(shared_data: Path) -> None:
    codec, _ = make(TOO_FINE)
    frames = [
        payload
        for _, _, payload in recorded(shared_data / "cryptofeed")[0]
        if b"snapshotOrderbook" in payload and any(name.encode() in payload for name in TOO_FINE)
    ]
    assert frames
    for payload in frames:
        with pytest.raises(DecodeError):
            codec.decode(payload, 1)


def test_first_line_wins_and_duplicates_are_dropped() -> None:
    codec, _ = make(["AB"], lines=2)
    assert sequences(codec.decode(snapshot(5), 1, 0)) == [5]
    assert list(codec.decode(snapshot(4), 1, 1)) == []
    assert sequences(codec.decode(update(6), 2, 1)) == [6]
    assert list(codec.decode(update(6), 2, 0)) == []


def test_frame_ahead_waits_for_the_missing_one() -> None:
    codec, reader = make(["AB"], lines=2)
    reader.follow(codec.decode(snapshot(5), 1, 0))
    assert list(codec.decode(update(7), 2, 0)) == []
    assert list(codec.decode(update(8), 3, 0)) == []
    events = codec.decode(update(6), 4, 1)
    assert sequences(events) == [6, 7, 8]
    assert [event.recv_ns for event in events if isinstance(event, BookDelta)] == [4, 2, 3]
    reader.follow(events)
    assert reader.books[0][1] == {2_500_000_000: 800_000_000}


def test_gap_once_every_line_has_passed() -> None:
    codec, _ = make(["AB"], lines=2)
    codec.decode(snapshot(5), 1, 0)
    assert list(codec.decode(update(7), 2, 0)) == []
    events = codec.decode(update(8), 3, 1)
    assert events[0] == BookStale(0, StaleReason.GAP)
    assert kinds(events) == ["BookStale", "SnapshotNeeded"]
    assert list(codec.decode(update(9), 4, 0)) == []
    assert sequences(codec.decode(snapshot(10), 5, 0)) == [10]
    assert sequences(codec.decode(update(11), 5, 1)) == [11]


def test_single_line_gap_is_immediate() -> None:
    codec, _ = make(["AB"], lines=1)
    codec.decode(snapshot(5), 1)
    assert kinds(codec.decode(update(7), 2)) == ["BookStale", "SnapshotNeeded"]


def test_snapshot_ahead_is_adopted_and_releases_what_follows_it() -> None:
    codec, _ = make(["AB"], lines=2)
    codec.decode(snapshot(5), 1, 0)
    codec.decode(update(7), 2, 0)
    codec.decode(update(8), 2, 0)
    events = codec.decode(snapshot(7), 3, 1)
    assert kinds(events) == ["BookSnapshot", "BookDelta"]
    assert sequences(events) == [7, 8]


def test_waiting_is_bounded_in_number_and_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_codec, "HELD_FRAMES_MAX", 3)
    codec, _ = make(["AB"], lines=2)
    codec.decode(snapshot(5), 1, 0)
    found = [kinds(codec.decode(update(number), 1, 0)) for number in range(7, 11)]
    assert found == [[], [], [], ["BookStale", "SnapshotNeeded"]]
    codec, _ = make(["AB"], lines=2)
    codec.decode(snapshot(5), 1, 0)
    assert list(codec.decode(update(7), 1, 0)) == []
    late = feed_codec.HELD_NS_MAX + 2
    assert kinds(codec.decode(update(8), late, 0)) == ["BookStale", "SnapshotNeeded"]


@given(st.permutations([(number, line) for number in range(6, 16) for line in (0, 1)]))
def test_any_interleaving_gives_each_sequence_once_in_order_or_a_gap(
    order: list[tuple[int, int]],
) -> None:
    codec, _ = make(["AB"], lines=2)
    events = list(codec.decode(snapshot(5), 1, 0))
    for number, line in order:
        events.extend(codec.decode(update(number), 1, line))
    deltas = [event.sequence for event in events if isinstance(event, BookDelta)]
    assert deltas == list(range(6, 6 + len(deltas)))
    if not any(isinstance(event, BookStale) for event in events):
        assert deltas[-1] == 15


def test_trades_are_printed_once_and_history_is_not() -> None:
    codec, _ = make(["AB"], lines=2)
    row = {"id": 7, "price": "0.5", "quantity": "0.03", "side": "sell", "timestamp": TIME}
    message = {"method": "snapshotTrades", "params": {"data": [row], "symbol": "AB"}}
    assert list(codec.decode(json.dumps(message).encode(), 1)) == []
    message["method"] = "updateTrades"
    assert list(codec.decode(json.dumps(message).encode(), 1)) == []
    row["id"] = 8
    (event,) = codec.decode(json.dumps(message).encode(), 2, 1)
    assert event == TradePrint(0, 500_000_000, 3_000_000, Side.SELL, 2, 1_626_318_404_292_000_000)
    assert list(codec.decode(json.dumps(message).encode(), 2, 0)) == []
    row["id"], row["side"] = 9, "up"
    with pytest.raises(DecodeError):
        codec.decode(json.dumps(message).encode(), 2)


def test_answers_refusals_and_resynchronising() -> None:
    codec, _ = make(["AB", "CD"])
    assert codec.decode(b'{"jsonrpc":"2.0","result":true,"id":"x"}', 1) == ()
    assert codec.decode(b'{"method":"ticker","params":{"symbol":"AB"}}', 1) == ()
    codec.decode(snapshot(5), 1)
    assert codec.decode(b'{"error":{"code":2001},"id":1}', 1) == (BookStale(1, StaleReason.VENUE),)
    (event,) = codec.resynchronise(0)
    methods = [json.loads(frame)["method"] for frame in event.resubscribe]  # type: ignore[union-attr]  # SnapshotNeeded
    assert methods == ["unsubscribeOrderbook", "subscribeOrderbook"]
    assert list(codec.decode(update(6), 1)) == []
    with pytest.raises(DecodeError):
        codec.decode(snapshot(5), 1, LINES)


def test_full_ring_is_a_gap() -> None:
    codec, _ = make(["AB"], lines=1, capacity=16)
    codec.decode(snapshot(5), 1)
    found = [kinds(codec.decode(update(number), 2)) for number in range(6, 20)]
    assert ["BookStale", "SnapshotNeeded"] in found


def test_truncated_frames_are_refused() -> None:
    codec, _ = make(["AB"])
    codec.decode(snapshot(5), 1)
    whole = update(6)
    for size in range(len(whole)):
        with pytest.raises(DecodeError):
            codec.decode(whole[:size], 1)
    assert sequences(codec.decode(whole, 1)) == [6]


@given(st.binary(max_size=60))
def test_random_bytes_give_no_events_or_a_decode_error(noise: bytes) -> None:
    codec, _ = make(["AB"])
    with suppress(DecodeError):
        assert list(codec.decode(noise, 1)) == []


@given(st.integers(0, 180), st.integers(0, 40), st.binary(max_size=12))
def test_damaged_frames_raise_nothing_but_decode_errors(
    place: int, length: int, noise: bytes
) -> None:
    codec, _ = make(["AB"])
    codec.decode(snapshot(5), 1)
    whole = update(6)
    with suppress(DecodeError):
        assert len(codec.decode(whole[:place] + noise + whole[place + length :], 1)) <= 2


def test_prints_are_those_of_another_mapper(shared_data: Path) -> None:
    path, compared = shared_data / "messages/mapper_vectors.jsonl.gz", 0
    for message, expected in mapper_vectors(path, "hitbtc"):
        symbols = [entry["symbol"] for entry in expected if entry["type"] == "trade"]
        codec, _ = make(symbols[:1])
        if symbols:
            assert prints(codec.decode(json.dumps(message).encode(), 1)) == expected_prints(
                expected
            )
            compared += len(symbols)
    assert compared == 1


def test_a_broken_held_update_is_told_after_those_that_went_out() -> None:
    codec, reader = make(["AB"], lines=2)
    reader.follow(codec.decode(snapshot(5), 1, 0))
    codec.decode(update(7).replace(b'"2.5"', b'"x"'), 2, 0)
    events = codec.decode(update(6), 3, 1)
    assert kinds(events) == ["BookDelta", "BookStale", "SnapshotNeeded"]
    assert isinstance(events[1], BookStale)
    assert events[1].reason is StaleReason.BROKEN_FRAME
    reader.follow(events)
    assert reader.rings[0].pending == 0
