"""Captures of every recorded form: counts by a slow parse, order, lines, faults, symbols."""

from __future__ import annotations

import gzip
import heapq
import json
from collections import Counter
from pathlib import Path

import pytest

from engine.errors import CaptureError
from tests.support.feed_recordings import cryptofeed_frames, cryptofeed_replies, stamped_frames
from tests.support.prediction_books import kalshi_events
from venues.replay.capture import FrameKind, open_capture, resolve_symbol, venue_symbols_in

START = 1_700_000_000_000_000_000


def test_stamped_recordings_are_given_as_they_are(shared_data: Path) -> None:
    path = shared_data / "hyperliquid" / "btcusd_20250126.gz"
    capture = open_capture(str(path), "hyperliquid", "BTC-USD-PERP")
    expected = list(stamped_frames(path))
    assert [(frame.recv_ns, frame.payload) for frame in capture.frames()] == expected
    assert (capture.first_ns, capture.last_ns) == (expected[0][0], expected[-1][0])
    assert (capture.count, capture.lines, capture.faults) == (len(expected), 1, ())
    assert resolve_symbol(capture, "BTC-USD-PERP") == "BTC"
    assert not capture.static


@pytest.mark.parametrize("venue", ["binance-spot", "binance-usdm", "binance-coinm"])
def test_one_venue_of_a_merged_recording(shared_data: Path, venue: str) -> None:
    path = shared_data / "binance_2024" / "merged_btc_3books_120s.jsonl.gz"
    with gzip.open(path, "rt") as lines:
        rows = [json.loads(line) for line in lines]
    expected = [(row["recv_ns"], row["msg"]) for row in rows if row["venue"] == venue]
    own = open_capture(str(path), venue, "BTCUSDT")
    marked = open_capture(f"{path}#{venue}", "other", "BTCUSDT")
    for capture in (own, marked):
        assert [(f.recv_ns, json.loads(f.payload)) for f in capture.frames()] == expected


def test_a_venue_that_is_not_in_it_names_those_that_are(shared_data: Path) -> None:
    path = shared_data / "binance_2024" / "merged_btc_3books_120s.jsonl.gz"
    with pytest.raises(CaptureError, match="binance-spot, binance-usdm"):
        open_capture(f"{path}#kraken", "kraken", "XBT/USD")


def test_a_cryptofeed_folder_of_frames_answers_and_metadata(shared_data: Path) -> None:
    folder = shared_data / "cryptofeed"
    capture = open_capture(str(folder), "binance", "NKN-USDT")
    kinds = Counter(frame.kind for frame in capture.frames())
    replies = list(cryptofeed_replies(folder / "BINANCE.http.0.0.gz"))
    frames = list(cryptofeed_frames(folder / "BINANCE.ws.1.0.gz"))
    assert kinds == {FrameKind.FRAME: len(frames), FrameKind.REPLY: len(replies)}
    found = [
        (frame.recv_ns, frame.tag, frame.payload)
        for frame in capture.frames()
        if frame.kind is FrameKind.REPLY
    ]
    assert found == replies
    assert [body.tag for body in capture.metadata] == ["/api/v3/exchangeInfo"]
    assert json.loads(capture.metadata[0].body)["symbols"]
    assert resolve_symbol(capture, "NKN-USDT") == "NKNUSDT"


def test_parallel_lines_are_merged_by_time_and_told_apart(shared_data: Path) -> None:
    folder = shared_data / "cryptofeed"
    capture = open_capture(str(folder), "hitbtc", "DNT-BTC")
    lines = [list(cryptofeed_frames(folder / f"HITBTC.ws.{n}.0.gz")) for n in range(1, 5)]
    merged = heapq.merge(*lines, key=lambda item: item[0])
    found = list(capture.frames())
    assert [(frame.recv_ns, frame.payload) for frame in found] == list(merged)
    counts = Counter(frame.line for frame in found)
    assert sorted(counts) == [0, 1, 2, 3] and capture.lines == 4
    assert counts.total() == sum(len(line) for line in lines)


def test_days_of_one_market_are_one_line(shared_data: Path) -> None:
    folder = shared_data / "kalshi_gold15m" / "events" / "KXGOLD15M-26AUG102000-00"
    capture = open_capture(str(folder), "kalshi", "x")
    expected = [(ms * 10**6, event) for ms, event in kalshi_events(folder)]
    assert [(f.recv_ns, json.loads(f.payload)) for f in capture.frames()] == expected
    assert capture.lines == 1
    assert [body.tag for body in capture.metadata] == ["KXGOLD15M-26AUG102000.json"]
    assert resolve_symbol(capture, "gold") == "KXGOLD15M-26AUG102000-00"


def test_a_long_recording_keeps_its_count_and_order(shared_data: Path) -> None:
    folder = shared_data / "kalshi_gold15m" / "events" / "KXGOLD15M-26AUG102130-30"
    capture = open_capture(str(folder), "kalshi", "x")
    expected = sum(1 for _ in kalshi_events(folder))
    last = count = 0
    for frame in capture.frames():
        assert frame.recv_ns >= last
        last = frame.recv_ns
        count += 1
    assert count == capture.count == expected
    assert last == capture.last_ns


def test_both_tokens_of_a_session_are_named(shared_data: Path) -> None:
    path = shared_data / "polymarket" / "clob_ws_session_hash_verified.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    capture = open_capture(str(path), "polymarket", "x")
    assert [json.loads(f.payload) for f in capture.frames()] == [row["raw"] for row in rows]
    books = {row["raw"]["asset_id"] for row in rows if row["raw"]["event_type"] == "book"}
    assert set(venue_symbols_in(capture)) == books
    with pytest.raises(CaptureError, match="does not hold"):
        resolve_symbol(capture, "x")


def test_instants_of_four_exchanges(shared_data: Path) -> None:
    path = shared_data / "multi_exchange" / "multi_exchange_books.json.gz"
    with gzip.open(path, "rt") as text:
        instants = json.load(text)["snapshots"]
    for venue in ("bitfinex", "bitstamp", "bittrex", "coinbase"):
        capture = open_capture(str(path), venue, "BTC-USD")
        assert [(f.recv_ns, json.loads(f.payload)) for f in capture.frames()] == [
            (number * 10**9, book)
            for number, instant in enumerate(instants, 1)
            for book in instant["books"]
            if book["venue"] == venue
        ]
        assert resolve_symbol(capture, "btc/usd") == "BTC-USD"
        assert capture.static


def test_a_cut_recording_gives_its_beginning_and_says_so(shared_data: Path, tmp_path: Path) -> None:
    whole = shared_data / "hyperliquid" / "btcusd_20250126.gz"
    path = tmp_path / "cut.gz"
    path.write_bytes(whole.read_bytes()[:-2_000])
    capture = open_capture(str(path), "hyperliquid", "BTC")
    found = [(frame.recv_ns, frame.payload) for frame in capture.frames()]
    assert found == list(stamped_frames(whole))[: len(found)]
    assert 0 < len(found) < 55
    assert len(capture.faults) == 1
    assert f"cut.gz is cut off after line {len(found)}" in capture.faults[0]


def test_a_broken_line_is_a_broken_frame_in_its_place(tmp_path: Path) -> None:
    path = tmp_path / "feed"
    path.write_text(f'{START} {{"s":"A"}}\n{START + 1} {{"s":\n{START + 2} {{"s":"A"}}\n')
    capture = open_capture(str(path), "binance", "A")
    kinds = [frame.kind for frame in capture.frames()]
    assert kinds == [FrameKind.FRAME, FrameKind.BROKEN, FrameKind.FRAME]
    assert capture.broken == 1
    assert "feed line 2 is skipped" in capture.faults[0]


def test_named_files_must_be_recordings_but_a_folder_may_hold_others(tmp_path: Path) -> None:
    good, other = tmp_path / "a", tmp_path / "b"
    good.write_text(f'{START} {{"s":"A"}}\n')
    other.write_text("shopping list\n")
    assert open_capture(str(tmp_path), "binance", "A").count == 1
    with pytest.raises(CaptureError, match="b line 1 is in no known"):
        open_capture(f"{good}+{other}", "binance", "A")
    good.unlink()
    with pytest.raises(CaptureError, match="b line 1 is in no known"):
        open_capture(str(tmp_path), "binance", "A")


def test_equal_times_keep_the_order_of_files_and_lines(tmp_path: Path) -> None:
    for name in ("a", "b"):
        rows = [f'{START} {{"s":"{name}{number}"}}\n' for number in range(3)]
        (tmp_path / name).write_text("".join(rows))
    capture = open_capture(f"{tmp_path / 'a'}+{tmp_path / 'b'}", "binance", "a0")
    found = [json.loads(frame.payload)["s"] for frame in capture.frames()]
    assert found == ["a0", "a1", "a2", "b0", "b1", "b2"]
