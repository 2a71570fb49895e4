"""Recordings as others might make them: other names, orders, depths and moments than ours."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path

import pytest

from tests.support.recorded_lines import NS, START, coinbase_snapshot, hyperliquid_book, stamped
from tests.support.replay_cases import check_outcome, market_order, partial_depth, run_json
from tests.support.slow_replay import SlowFeed, slow_walk

LEVELS = 10


def agrees(
    capsys: pytest.CaptureFixture[str],
    feeds: list[tuple[SlowFeed, str]],
    symbol: str,
    at_ns: int,
    moments: list[int],
) -> None:
    """Both sides of a replay of (feed, path) equal the slow walk over books at `moments`."""
    slow_feeds = [feed for feed, _ in feeds]
    books = [feed.book_at(ns) for feed, ns in zip(slow_feeds, moments, strict=True)]
    for side in ("buy", "sell"):
        qty = partial_depth(slow_feeds, books, side, LEVELS)
        words = [w for feed, path in feeds for w in ("--feed", f"{feed.venue}:{symbol}={path}")]
        words += ["--order", market_order(symbol, side, qty), "--at", f"{at_ns / NS:.9f}"]
        code, found, err = run_json(capsys, words)
        assert code == 0, err
        check_outcome(found, slow_walk(slow_feeds, books, side, qty), slow_feeds, qty)


@pytest.fixture
def cryptofeed(shared_data: Path) -> Path:
    return shared_data / "cryptofeed"


def test_other_numbers_of_connections_and_parts_named_one_by_one(
    cryptofeed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = {"BINANCE.http.0.0.gz": "BINANCE.http.3.1.gz", "BINANCE.ws.1.0.gz": "BINANCE.ws.17.4"}
    for old, new in names.items():
        data = (cryptofeed / old).read_bytes()
        (tmp_path / new).write_bytes(data if new.endswith(".gz") else gzip.decompress(data))
    files = [cryptofeed / name for name in names]
    feed = SlowFeed("binance", files, "LRCBTC").load()
    moment = feed.first_ns + 15 * NS
    for path in (str(tmp_path), f"{tmp_path}/BINANCE.http.3.1.gz+BINANCE.ws.17.4"):
        agrees(capsys, [(feed, path)], "LRC-BTC", 15 * NS, [moment])


def test_a_stream_split_over_two_files(
    cryptofeed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with gzip.open(cryptofeed / "COINBASE.ws.28.0.gz", "rt") as text:
        lines = text.readlines()
    (tmp_path / "COINBASE.ws.28.0").write_text("".join(lines[:4_000]))
    (tmp_path / "COINBASE.ws.28.1").write_text("".join(lines[4_000:]))
    feed = SlowFeed("coinbase", [cryptofeed / "COINBASE.ws.28.0.gz"], "BAND-BTC").load()
    agrees(capsys, [(feed, str(tmp_path))], "BAND-BTC", 25 * NS, [feed.first_ns + 25 * NS])


@pytest.mark.parametrize("late", [0, 40])
def test_a_snapshot_that_comes_long_after_the_first_changes(
    shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], late: int
) -> None:
    with gzip.open(shared_data / "binance_2024" / "spot" / "btcusdt_20240808.gz", "rt") as text:
        lines = [line for line, _ in zip(text, range(600), strict=False)]
    index = next(n for n, line in enumerate(lines) if "lastUpdateId" in line)
    snapshot = lines.pop(index)
    stamp = lines[index + late].partition(" ")[0]
    lines.insert(index + late, f"{stamp} {snapshot.partition(' ')[2]}")
    path = tmp_path / "spot.txt"
    path.write_text("".join(lines))
    feed = SlowFeed("binance", [path], "BTCUSDT").load()
    at_ns = feed.last_ns - feed.first_ns
    agrees(capsys, [(feed, str(path))], "BTC-USD", at_ns, [feed.last_ns])


def test_lines_received_out_of_order(
    shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = shared_data / "hyperliquid" / "btcusd_20250126.gz"
    with gzip.open(source, "rt") as text:
        lines = text.readlines()
    lines[3::4], lines[2::4] = (
        lines[2::4][: len(lines[3::4])],
        lines[3::4] + lines[2::4][len(lines[3::4]) :],
    )
    path = tmp_path / "swapped"
    path.write_text("".join(lines))
    feed = SlowFeed("hyperliquid", [source], "BTC").load()
    agrees(capsys, [(feed, str(path))], "BTC-USD", 8 * NS, [feed.first_ns + 8 * NS])


def test_a_book_deeper_than_live_trading_keeps(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    snapshot = coinbase_snapshot("BTC-USD", 60_000)
    snapshot["bids"] = [[f"{60_000 - n / 100:.2f}", "0.5"] for n in range(40_000)]
    snapshot["asks"] = [[f"{60_001 + n / 100:.2f}", "0.5"] for n in range(40_000)]
    snapshot["asks"] += [["5000000000.00", "1"], ["9999999999.00", "1"], ["99999999999.00", "1"]]
    path = tmp_path / "deep"
    path.write_text(stamped([(START, snapshot)]))
    feed = SlowFeed("coinbase", [path], "BTC-USD").load()
    agrees(capsys, [(feed, str(path))], "BTC-USD", 0, [START])


def test_three_clocks_of_which_two_are_shared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hour = 3_600 * NS
    rows = {
        "hyperliquid": [hyperliquid_book(second) for second in range(4)],
        "coinbase": [
            (START + hour + n * NS, coinbase_snapshot("BTC-USD", 90 + n)) for n in range(9)
        ],
        "bitstamp": [
            (
                START + hour + (5 + n) * NS,
                {
                    "venue": "bitstamp",
                    "base": "BTC",
                    "quote": "USD",
                    **{
                        side: rows
                        for side, rows in coinbase_snapshot("x", 80 + n).items()
                        if side in ("bids", "asks")
                    },
                },
            )
            for n in range(4)
        ],
    }
    for venue, body in rows.items():
        (tmp_path / venue).write_text(stamped(body))
    spelled = {"hyperliquid": "BTC", "coinbase": "BTC-USD", "bitstamp": "BTC-USD"}
    feeds = [
        (SlowFeed(venue, [tmp_path / venue], name).load(), str(tmp_path / venue))
        for venue, name in spelled.items()
        if venue != "bitstamp"
    ]
    agrees(capsys, feeds, "BTC-USD", 2 * NS, [START + 2 * NS, START + hour + 2 * NS])
    order = json.dumps({"symbol": "BTC-USD", "side": "buy", "qty": "1"})
    words = [w for feed, path in feeds for w in ("--feed", f"{feed.venue}:BTC-USD={path}")]
    _, found, err = run_json(capsys, [*words, "--order", order, "--at", "2"])
    assert found["submitted_at_ns"] == START + 2 * NS
    assert "coinbase is from another time" in err


def test_a_folder_of_many_venues_and_markets(
    shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for part in ("hyperliquid/btcusd_20250126.gz", "cryptofeed/KRAKEN.ws.50.0.gz"):
        target = tmp_path / part
        target.parent.mkdir()
        shutil.copy(shared_data / part, target)
    feed = SlowFeed("kraken", [tmp_path / "cryptofeed/KRAKEN.ws.50.0.gz"], "KSM/XBT").load()
    agrees(capsys, [(feed, str(tmp_path))], "KSM-BTC", 20 * NS, [feed.first_ns + 20 * NS])
