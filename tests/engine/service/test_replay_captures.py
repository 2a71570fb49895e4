"""Every recording, both sides, at least ten levels deep: the replay equals a slow, own walk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.replay_cases import (
    NS,
    Case,
    check_outcome,
    cut_copy,
    market_order,
    partial_depth,
    run_json,
    seconds_of,
)
from tests.support.slow_replay import SlowFeed, slow_walk

LEVELS = 10
DEPTH = "binance_2024"
CRYPTOFEED = "cryptofeed"
UP = "2151378744569768920256500242561922410292857798164019061749528550808091180185"
DOWN = "17406866367975599232214757606801140480252276357934486651183783311435802862074"
SESSION = "polymarket/clob_ws_session_hash_verified.jsonl"
STATIC = "multi_exchange/multi_exchange_books.json.gz"
MERGED = f"{DEPTH}/merged_btc_3books_120s.jsonl.gz"
GOLD = "kalshi_gold15m/events/KXGOLD15M-26AUG"
HITBTC = tuple(f"{CRYPTOFEED}/HITBTC.ws.{line}.0.gz" for line in range(1, 5))


def folder(venue: str, files: Sequence[str], *pairs: tuple[str, str]) -> list[Case]:
    """Cases of the folder of several venues' recordings: (symbol as written, as recorded)."""
    paths = tuple(f"{CRYPTOFEED}/{file}.gz" for file in files)
    return [Case(venue, recorded, CRYPTOFEED, paths, written) for written, recorded in pairs]


CASES = [
    Case("binance", "BTCUSDT", f"{DEPTH}/spot", (f"{DEPTH}/spot/btcusdt_20240808.gz",), "BTC-USD"),
    Case("binance-usdm", "BTCUSDT", f"{DEPTH}/usdm", (f"{DEPTH}/usdm/btcusdt_20240808.gz",)),
    Case("binance-coinm", "BTCUSD_PERP", f"{DEPTH}/cm", (f"{DEPTH}/cm/btcusd_perp_20240808.gz",)),
    *(
        Case(venue, symbol, f"{MERGED}#{inside}", (MERGED,), inside=inside)
        for venue, symbol, inside in (
            ("binance", "BTCUSDT", "binance-spot"),
            ("binance-usdm", "BTCUSDT", "binance-usdm"),
            ("binance-coinm", "BTCUSD_PERP", "binance-coinm"),
        )
    ),
    *folder(
        "binance",
        ("BINANCE.http.0.0", "BINANCE.ws.1.0"),
        ("BLZ-ETH", "BLZETH"),
        ("RUNE-EUR", "RUNEEUR"),
    ),
    # Levels of this book end finer than today's lot of 1, so that a walk may not stop anywhere.
    replace(
        folder("binance", ("BINANCE.http.0.0", "BINANCE.ws.1.0"), ("NKN-USDT", "NKNUSDT"))[0],
        lot_1e8=10**8,
    ),
    *folder(
        "binance-usdm",
        ("BINANCE_FUTURES.http.0.0", "BINANCE_FUTURES.ws.1.0"),
        ("SUSHI-USDT-PERP", "SUSHIUSDT"),
        ("KEEP-USDT-PERP", "KEEPUSDT"),
    ),
    *folder(
        "coinbase",
        ("COINBASE.ws.28.0",),
        ("SKL-USD", "SKL-USD"),
        ("DASH-BTC", "DASH-BTC"),
        ("YFI-BTC", "YFI-BTC"),
    ),
    *folder(
        "kraken",
        ("KRAKEN.ws.50.0",),
        ("XMR-USD", "XMR/USD"),
        ("BTC-CHF", "XBT/CHF"),
        ("SC-EUR", "SC/EUR"),
    ),
    *(
        Case("hitbtc", recorded, CRYPTOFEED, HITBTC, written)
        for written, recorded in (("EURS-USDT", "EURSUSD"), ("GRT-BTC", "GRTBTC"))
    ),
    Case("hyperliquid", "BTC", "hyperliquid", ("hyperliquid/btcusd_20250126.gz",), "BTC-USD-PERP"),
    *(
        Case("kalshi", f"KXGOLD15M-26AUG{name}", f"{GOLD}{name}", files, at="60")
        for name, files in (
            ("101800-00", (f"{GOLD}101800-00/2026-08-10.ndjson.gz",)),
            (
                "102000-00",
                (
                    f"{GOLD}102000-00/2026-08-10.ndjson.gz",
                    f"{GOLD}102000-00/2026-08-11.ndjson.gz",
                ),
            ),
        )
    ),
    Case("polymarket", UP, SESSION, (SESSION,), at="0.2"),
    Case("polymarket", DOWN, SESSION, (SESSION,), at="0.035"),
    *(
        Case(venue, "ETH-USD", STATIC, (STATIC,), at=at, inside=venue)
        for venue, at in (
            ("bitfinex", "0"),
            ("bitstamp", "1"),
            ("bittrex", "2"),
            ("coinbase", "1.5"),
        )
    ),
]


def slow_feed(case: Case, root: Path, fee_ppm: int = 0) -> SlowFeed:
    """The case's recording, read the slow way."""
    files = [root / file for file in case.files]
    return SlowFeed(case.venue, files, case.spelled, fee_ppm, case.inside).load()


@pytest.fixture(scope="module")
def recordings(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The recordings, the three long ones cut to half a minute."""
    root = tmp_path_factory.mktemp("recordings")
    for name in ("spot/btcusdt", "usdm/btcusdt", "cm/btcusd_perp"):
        source = shared_data / DEPTH / f"{name}_20240808.gz"
        cut_copy(source, root / DEPTH / f"{name}_20240808", 30)
    for entry in shared_data.iterdir():
        if entry.name != DEPTH:
            (root / entry.name).symlink_to(entry)
    merged = root / MERGED
    merged.symlink_to(shared_data / MERGED)
    return root


def cut_names(case: Case) -> Case:
    """The case with the names of the cut copies."""
    files = tuple(file.replace("_20240808.gz", "_20240808") for file in case.files)
    return replace(case, files=files)


@pytest.mark.parametrize("side", ["buy", "sell"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_one_venue_to_the_last_unit(
    recordings: Path, capsys: pytest.CaptureFixture[str], case: Case, side: str
) -> None:
    feed = slow_feed(cut_names(case), recordings)
    at_ns = feed.first_ns + seconds_of(case.at)
    books = [feed.book_at(at_ns)]
    assert min(map(len, books[0])) >= LEVELS
    qty = partial_depth([feed], books, side, LEVELS, case.lot_1e8)
    slow = slow_walk([feed], books, side, qty)
    assert len(slow.fills) >= LEVELS
    words = ["--feed", f"{case.venue}:{case.order_symbol}={recordings / case.path}"]
    words += ["--at", case.at, "--order", market_order(case.order_symbol, side, qty)]
    code, found, _ = run_json(capsys, words)
    assert code == 0
    check_outcome(found, slow, [feed], qty)
    assert found["submitted_at_ns"] == at_ns
    bids, asks = feed.book_at(feed.last_ns)
    book = found["books"][0]
    assert book["best_bid_1e9"] == max(bids, default=None)
    assert book["best_ask_1e9"] == min(asks, default=None)
    assert (book["gaps"], book["checksum_failures"]) == (0, 0)


def check_merged(
    root: Path,
    capsys: pytest.CaptureFixture[str],
    cases: Sequence[Case],
    side: str,
    at: str,
    fees: dict[str, str],
) -> None:
    """Feeds of one symbol `BTC`: split, average and fees equal the walk over all their levels."""
    ppm = {venue: round(float(bps) * 100) for venue, bps in fees.items()}
    feeds = [slow_feed(cut_names(case), root, ppm.get(case.venue, 0)) for case in cases]
    books = [
        feed.book_at(origin_ns + seconds_of(at))
        for feed, origin_ns in zip(feeds, origins(feeds), strict=True)
    ]
    qty = partial_depth(feeds, books, side, LEVELS)
    slow = slow_walk(feeds, books, side, qty)
    assert min(row[3] for row in slow.by_venue().values()) >= LEVELS
    assert len(slow.by_venue()) == len(feeds)
    words = ["--at", at, "--order", market_order("BTC", side, qty)]
    for case in cases:
        words += ["--feed", f"{case.venue}:BTC={root / case.path}"]
    for venue, bps in fees.items():
        words += ["--fee-bps", f"{venue}={bps}"]
    code, found, _ = run_json(capsys, words)
    assert code == 0
    check_outcome(found, slow, feeds, qty)
    assert found["submitted_at_ns"] == origins(feeds)[0] + seconds_of(at)


def origins(feeds: Sequence[SlowFeed]) -> list[int]:
    """For each feed, the time on its own clock from which `--at` counts."""
    return [
        max(
            other.first_ns
            for other in feeds
            if other.first_ns <= feed.last_ns and feed.first_ns <= other.last_ns
        )
        for feed in feeds
    ]


def named(venue: str, part: str = "") -> Case:
    """The first case of a venue whose path contains `part`."""
    return next(case for case in CASES if case.venue == venue and part in case.path)


SPOT, PERP = named("binance", DEPTH), named("binance-usdm", DEPTH)
ALONE = "hyperliquid"
OVERLAPPING = {"binance": "10", "binance-usdm": "4.5"}


@pytest.mark.parametrize("side", ["buy", "sell"])
@pytest.mark.parametrize("fees", [{}, OVERLAPPING], ids=["free", "fees"])
@pytest.mark.parametrize("first", [SPOT, PERP], ids=["spot-first", "perp-first"])
def test_crossed_books_on_one_clock(
    recordings: Path,
    capsys: pytest.CaptureFixture[str],
    first: Case,
    fees: dict[str, str],
    side: str,
) -> None:
    cases = [first, PERP if first is SPOT else SPOT]
    check_merged(recordings, capsys, cases, side, "12.5", fees)


@pytest.mark.parametrize("side", ["buy", "sell"])
def test_two_venues_of_a_merged_recording(
    recordings: Path, capsys: pytest.CaptureFixture[str], side: str
) -> None:
    cases = [named("binance", "merged"), named("binance-usdm", "merged")]
    check_merged(recordings, capsys, cases, side, "70.25", {"binance": "1.25"})


@pytest.mark.parametrize("side", ["buy", "sell"])
@pytest.mark.parametrize("fees", [{}, OVERLAPPING | {ALONE: "3.33"}], ids=["free", "fees"])
def test_recordings_of_other_times_each_start_at_their_own_first_frame(
    recordings: Path, capsys: pytest.CaptureFixture[str], fees: dict[str, str], side: str
) -> None:
    # Prices of two years: only an order beyond all the cheaper book reaches the dearer one.
    cases = [PERP, named(ALONE), SPOT]
    feeds = [slow_feed(cut_names(case), recordings) for case in cases]
    assert origins(feeds)[0] == origins(feeds)[2] != feeds[2].first_ns
    assert origins(feeds)[1] == feeds[1].first_ns
    check_merged(recordings, capsys, cases, side, "8", fees)


@pytest.mark.parametrize("side", ["buy", "sell"])
@pytest.mark.parametrize("symbol", ["BTC-USD", "ETH-USD"])
@pytest.mark.parametrize("at", ["0", "1", "2"])
def test_four_standing_books(
    recordings: Path, capsys: pytest.CaptureFixture[str], symbol: str, side: str, at: str
) -> None:
    cases = [
        Case(venue, symbol, STATIC, (STATIC,), inside=venue)
        for venue in ("bitfinex", "bittrex", "bitstamp", "coinbase")
    ]
    fees = {"bitfinex": "20", "bittrex": "25", "bitstamp": "25", "coinbase": "30"}
    check_standing(recordings, capsys, cases, side, at, fees)
    check_standing(recordings, capsys, cases, side, at, {})


def check_standing(
    root: Path,
    capsys: pytest.CaptureFixture[str],
    cases: Sequence[Case],
    side: str,
    at: str,
    fees: dict[str, str],
) -> None:
    """As `check_merged`, under the symbol that a recording of two symbols needs."""
    symbol = cases[0].spelled
    ppm = {venue: round(float(bps) * 100) for venue, bps in fees.items()}
    feeds = [slow_feed(case, root, ppm.get(case.venue, 0)) for case in cases]
    books = [feed.book_at(NS + seconds_of(at)) for feed in feeds]
    qty = partial_depth(feeds, books, side, LEVELS)
    slow = slow_walk(feeds, books, side, qty)
    words = ["--at", at, "--order", market_order(symbol, side, qty)]
    words += [w for case in cases for w in ("--feed", f"{case.venue}:{symbol}={root / STATIC}")]
    words += [w for venue, bps in fees.items() for w in ("--fee-bps", f"{venue}={bps}")]
    code, found, _ = run_json(capsys, words)
    assert code == 0
    check_outcome(found, slow, feeds, qty)
