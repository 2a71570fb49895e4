"""`execgraph replay` misused, and recordings with faults in them: one clear sentence each."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from engine.service.cli.main import main
from tests.support.recorded_lines import (
    START,
    binance_snapshot,
    coinbase_snapshot,
    coinbase_update,
    hyperliquid_book,
    kraken_lines,
    spot_diff,
    stamped,
)
from tests.support.replay_cases import market_order, run_json

BUY_ONE = '{"symbol":"BTC-USD","side":"buy","qty":"1"}'


@pytest.fixture
def book_file(tmp_path: Path) -> Path:
    """Three Hyperliquid books, a second apart."""
    path = tmp_path / "hyperliquid.txt"
    path.write_text(stamped([hyperliquid_book(second) for second in range(3)]))
    return path


def fails(capsys: pytest.CaptureFixture[str], words: Sequence[str], code: int = 2) -> str:
    """The one sentence that a call fails with; nothing but notes stands beside it."""
    capsys.readouterr()
    assert main(["replay", *words]) == code
    out, err = capsys.readouterr()
    assert "Traceback" not in out + err
    sentences = [line for line in err.splitlines() if not line.startswith("note: ")]
    assert len(sentences) == 1, err
    assert sentences[0].startswith("execgraph: ")
    return sentences[0].removeprefix("execgraph: ")


def with_feed(path: Path, *words: str, order: str = BUY_ONE) -> list[str]:
    return ["--feed", f"hyperliquid:BTC-USD={path}", "--order", order, *words]


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["--fee-bps", "x"], "--fee-bps is VENUE=NUMBER"),
        (["--fee-bps", "hyperliquid=abc"], "--fee-bps takes a number"),
        (["--fee-bps", "hyperliquid=-1"], "not negative"),
        (["--fee-bps", "hyperliquid=0.001"], "finer than it can be"),
        (["--fee-bps", "hyperliquid=10000"], "less than 10000"),
        (["--fee-bps", "kraken=1"], "'kraken', which has no --feed"),
        (["--latency-ms", "hyperliquid="], "--latency-ms is VENUE=NUMBER"),
        (["--latency-ms", "hyperliquid=0.0000001"], "finer than it can be"),
        (["--latency-ms", "kraken=1"], "has no --feed"),
        (["--at", "soon"], "--at takes a number"),
        (["--at", "-1"], "not negative"),
        (["--at", "nan"], "not negative"),
        (["--speed", "0"], "--speed takes a positive number"),
        (["--speed", "fast"], "--speed takes a positive number"),
        (["--align-basis"], "--align-basis needs --at"),
        (["--wrong"], "unrecognized arguments"),
        (["--graph", "x"], "not allowed with"),
    ],
)
def test_options_that_cannot_be_used(
    book_file: Path, capsys: pytest.CaptureFixture[str], words: list[str], part: str
) -> None:
    assert part in fails(capsys, with_feed(book_file, *words))


@pytest.mark.parametrize(
    ("order", "part"),
    [
        ("", "cannot be used"),
        ("{bad", "malformed"),
        ("[]", "JSON object"),
        ("\udcff", "UTF-8"),
        ('{"symbol":"BTC-USD"}', "side"),
        ('{"symbol":"BTC-USD","side":"hold","qty":"1"}', "hold"),
        ('{"symbol":"BTC-USD","side":"buy","qty":"1","more":1}', "more"),
        ('{"symbol":"BTC-USD","side":"buy","qty":"much"}', "qty"),
        ('{"symbol":"BTC-USD","side":"buy","qty":"0.000000001"}', "8 decimals"),
        ('{"symbol":"BTC-USD","side":"buy","qty":"1e30"}', "out of range"),
        ('{"symbol":"BTC-USD","side":"buy","qty":"-1"}', "qty: must be positive"),
        ('{"symbol":"BTC-USD","side":"buy","qty":"0"}', "qty: must be positive"),
        ('{"symbol":"BTC-USD","side":"buy","qty":"1","price":"-5"}', "price: must be positive"),
        ('{"symbol":"ETH-USD","side":"buy","qty":"1"}', "'ETH-USD', but the feeds are of BTC-USD"),
        ('{"nodes":[]}', "one node"),
    ],
)
def test_orders_that_cannot_be_used(
    book_file: Path, capsys: pytest.CaptureFixture[str], order: str, part: str
) -> None:
    assert part in fails(capsys, with_feed(book_file, order=order))


@pytest.mark.parametrize(
    ("feed", "part"),
    [
        ("BTC-USD", "--feed is VENUE:SYMBOL=FILE"),
        ("hyperliquid:BTC-USD=", "--feed is VENUE:SYMBOL=FILE"),
        (":BTC-USD=x", "--feed is VENUE:SYMBOL=FILE"),
        ("mtgox:BTC-USD=x", "'mtgox' is not known; known are binance"),
        ("hyperliquid:BTC-USD=/there/is/none", "there is no recording"),
    ],
)
def test_feeds_that_cannot_be_used(
    capsys: pytest.CaptureFixture[str], feed: str, part: str
) -> None:
    assert part in fails(capsys, ["--feed", feed, "--order", BUY_ONE])


def test_a_feed_and_an_order_are_needed(
    book_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "--feed" in fails(capsys, ["--order", BUY_ONE])
    assert "--order --graph" in fails(capsys, ["--feed", f"hyperliquid:BTC={book_file}"])


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"", "is empty"),
        (b"hello\nworld\n", "no known recording format"),
        (gzip.compress(b"1700000000000000000 {}\n")[:12], "copy the file again"),
        (b"1700000000000000000 {}\n", "names no symbol"),
    ],
)
def test_files_that_are_no_recordings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, part: str
) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    assert part in fails(capsys, with_feed(path))


def test_a_graph_file_that_cannot_be_read(
    book_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    feed = ["--feed", f"hyperliquid:BTC-USD={book_file}"]
    assert "cannot be read" in fails(capsys, [*feed, "--graph", str(tmp_path / "none")])
    assert "cannot be read" in fails(capsys, [*feed, "--graph", str(tmp_path)])
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe")
    assert "not JSON text" in fails(capsys, [*feed, "--graph", str(binary)])


def test_a_graph_is_an_order_too(
    book_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    node = {
        "node_id": "entry",
        "instrument": {"type": "perp", "symbol": "BTC-USD"},
        "side": "buy",
        "quantity": {"fixed": {"qty_1e8": 250_000_000}},
        "order_type": "market",
        "execution": {"policy": "sor", "urgency": "medium"},
        "activation": "root",
    }
    graph = tmp_path / "graph.json"
    graph.write_text(json.dumps({"nodes": [node], "edges": []}))
    feed = ["--feed", f"hyperliquid:BTC-USD={book_file}", "--at", "1"]
    code, found, _ = run_json(capsys, [*feed, "--graph", str(graph)])
    _, simple, _ = run_json(capsys, [*feed, "--order", market_order("BTC-USD", "buy", 250_000_000)])
    assert code == 0
    assert found["filled_qty_1e8"] == 250_000_000
    assert found == simple


def test_books_of_contracts_and_of_the_base_asset_are_not_merged(
    book_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "coinm"
    other.write_text(stamped([(START, {**spot_diff(1, 1, 1), "s": "BTCUSD_PERP"})]))
    for words in (
        [f"hyperliquid:BTC-USD={book_file}", f"binance-coinm:BTC-USD={other}"],
        [f"binance-coinm:BTC-USD={other}", f"hyperliquid:BTC-USD={book_file}"],
    ):
        feeds = [word for feed in words for word in ("--feed", feed)]
        assert "counts contracts" in fails(capsys, [*feeds, "--order", BUY_ONE])


def test_one_venue_is_fed_once(book_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = with_feed(book_file, "--feed", f"hyperliquid:BTC-USD={book_file}")
    assert "fed twice" in fails(capsys, words)


def test_prices_and_quantities_off_the_recorded_grid(
    shared_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    feed = ["--feed", f"binance-usdm:KEEP-USDT={shared_data / 'cryptofeed'}", "--at", "10"]
    half = '{"symbol":"KEEP-USDT","side":"buy","qty":"100.5"}'
    assert fails(capsys, [*feed, "--order", half]) == (
        "qty: 100.5 is off the lot of 1; nearest are 100 or 101"
    )
    small = '{"symbol":"KEEP-USDT","side":"buy","qty":"1.5"}'
    assert fails(capsys, [*feed, "--order", small]) == (
        "qty: 1.5 is off the lot of 1; the smallest order is 21 at 0.2464"
    )
    fine = '{"symbol":"KEEP-USDT","side":"buy","qty":"100","price":"0.24675"}'
    assert fails(capsys, [*feed, "--order", fine]) == (
        "price: 0.24675 is off the tick of 0.0001; nearest are 0.2467 or 0.2468"
    )


def test_a_limit_that_is_not_reached_is_said_so(
    book_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    order = '{"symbol":"BTC-USD","side":"buy","qty":"1","price":"1"}'
    assert "still worked" in fails(capsys, with_feed(book_file, "--at", "1", order=order), 1)


def test_a_partly_filled_limit_order_is_done(
    book_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    order = '{"symbol":"BTC-USD","side":"buy","qty":"5","price":"101"}'
    code, found, _ = run_json(capsys, with_feed(book_file, "--at", "2", order=order))
    assert code == 0
    assert (found["filled_qty_1e8"], found["status"]) == (10**8, "executing")


def test_after_the_end_the_last_books_count(
    book_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, found, err = run_json(capsys, with_feed(book_file, "--at", "60"))
    assert code == 0
    assert found["submitted_at_ns"] == START + 60 * 10**9
    assert "the order came after the last frame" in err


def test_speed_and_latency_change_no_book(
    book_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, plain, _ = run_json(capsys, with_feed(book_file, "--at", "1"))
    _, paced, _ = run_json(capsys, with_feed(book_file, "--at", "1", "--speed", "1000"))
    late = with_feed(book_file, "--at", "1", "--latency-ms", "hyperliquid=100")
    assert run_json(capsys, late)[1]["legs"] == plain["legs"]
    assert paced == plain


def test_a_recording_cut_off_still_plays(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frames = [hyperliquid_book(second) for second in range(2_000)]
    path = tmp_path / "cut.gz"
    whole = gzip.compress(stamped(frames).encode())
    path.write_bytes(whole[: len(whole) // 2])
    code, found, err = run_json(capsys, with_feed(path, "--at", "10"))
    assert code == 0 and found["status"] == "filled"
    assert "note: cut.gz is cut off after line" in err


def played(
    capsys: pytest.CaptureFixture[str], path: Path, venue: str, at: str
) -> tuple[int, dict[str, Any], dict[str, Any], str]:
    """Exit code, outcome, its one book, notes and sentence of a buy of 1 `BTC-USD`."""
    words = ["--feed", f"{venue}:BTC-USD={path}", "--at", at, "--order", BUY_ONE]
    code, found, err = run_json(capsys, words)
    (book,) = found["books"]
    return code, found, book, err


def test_a_broken_line_of_a_numbered_feed_is_found_by_the_next(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [(START, binance_snapshot(10))]
    rows += [(START + n * 10**9, spot_diff(10 + n, 10 + n, n)) for n in range(1, 6)]
    lines = stamped(rows).splitlines()
    lines[3] = lines[3][:60]
    path = tmp_path / "spot"
    path.write_text("\n".join(lines) + "\n")
    code, found, book, err = played(capsys, path, "binance", "2.5")
    assert code == 0, err
    assert "line 4 is skipped" in err
    assert (book["gaps"], book["frames"]) == (1, 6)
    code, found, book, err = played(capsys, path, "binance", "5")
    assert code == 1
    assert found["status"] == "rejected"
    assert "STALE_VENUE (frames were missing" in err


def test_a_broken_line_of_an_unnumbered_feed_stops_its_book_until_a_snapshot(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [
        (START, coinbase_snapshot("BTC-USD", 100)),
        (START + 10**9, coinbase_update("BTC-USD", 101)),
        (START + 2 * 10**9, coinbase_update("BTC-USD", 102)),
        (START + 3 * 10**9, coinbase_update("BTC-USD", 103)),
        (START + 4 * 10**9, coinbase_snapshot("BTC-USD", 100)),
    ]
    lines = stamped(rows).splitlines()
    lines[2] = lines[2].replace("l2update", 'l2up"date')
    path = tmp_path / "coinbase"
    path.write_text("\n".join(lines) + "\n")
    assert played(capsys, path, "coinbase", "0.5")[0] == 0
    code, _, _, err = played(capsys, path, "coinbase", "3")
    assert code == 1
    assert "STALE_VENUE (a frame could not be read" in err
    code, _, book, err = played(capsys, path, "coinbase", "4")
    assert code == 0
    assert (book["resyncs"], book["frames"], book["deltas"]) == (1, 5, 1)
    assert "line 3 is skipped" in err


def test_frames_that_the_codec_refuses_are_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [hyperliquid_book(0), hyperliquid_book(1), hyperliquid_book(2)]
    rows[1][1]["data"]["levels"][0][0]["px"] = "0.00000000001"
    path = tmp_path / "frames"
    path.write_text(stamped(rows))
    _, _, _, err = played(capsys, path, "hyperliquid", "2")
    assert "note: 1 of 3 frames of hyperliquid could not be read, the first because" in err


def test_a_book_crossed_in_itself_is_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    crossed = hyperliquid_book(0)
    bids, asks = crossed[1]["data"]["levels"]
    crossed[1]["data"]["levels"] = [asks, bids]
    path = tmp_path / "crossed"
    path.write_text(stamped([crossed]))
    code, found, book, err = played(capsys, path, "hyperliquid", "0")
    assert code == 1
    assert found["review"]["eligibility"] == {"hyperliquid": "CROSSED_BOOK"}
    assert "nothing was filled: hyperliquid was CROSSED_BOOK" in err
    assert book["crossed"] == 1
    good = tmp_path / "coinbase"
    good.write_text(stamped([(START, coinbase_snapshot("BTC-USD", 100))]))
    words = ["--feed", f"coinbase:BTC-USD={good}", "--feed", f"hyperliquid:BTC-USD={path}"]
    code, found, err = run_json(capsys, [*words, "--order", BUY_ONE, "--at", "0"])
    assert code == 0
    assert [leg["venue"] for leg in found["legs"]] == ["coinbase"]
    assert "note: hyperliquid was CROSSED_BOOK and was left out" in err


def test_no_venue_has_anything_on_offer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    empty = hyperliquid_book(0)
    empty[1]["data"]["levels"] = [[], []]
    path = tmp_path / "empty"
    path.write_text(stamped([empty]))
    code, found, book, err = played(capsys, path, "hyperliquid", "0")
    assert code == 1
    assert "nothing was filled: " in err and "NO_LIQUIDITY" in err
    assert (book["best_bid_1e9"], book["best_ask_1e9"]) == (None, None)
    assert found["avg_fill_price_1e9"] == 0


def test_a_wrong_checksum_stops_the_book(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "kraken"
    path.write_text(stamped(kraken_lines("XBT/USD", wrong_checksum_at=2)))
    assert played(capsys, path, "kraken", "1")[0] == 0
    code, _, book, err = played(capsys, path, "kraken", "3")
    assert code == 1
    assert book["checksum_failures"] == 1
    assert "its checksum failed" in err


def test_output_for_people_is_plain_in_a_pipe(
    book_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", *with_feed(book_file, "--at", "1")]) == 0
    out = capsys.readouterr().out
    assert out.startswith("buy 1 BTC-USD: filled, 1 at ")
    assert max(map(len, out.splitlines())) <= 80
    assert all(ord(letter) < 128 for letter in out)
