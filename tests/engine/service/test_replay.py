"""A replay in parts: clocks of several recordings, refusals, and how an order meets books."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import ConfigError
from engine.model.intake import parse_graph
from engine.service.replay import Replay, ReplayOptions, is_same_text, open_feeds
from tests.support.recorded_lines import (
    NS,
    START,
    Row,
    coinbase_snapshot,
    hyperliquid_book,
    stamped,
)

BUY = '{"symbol":"X","side":"buy","qty":"3"}'
HOUR = 3_600 * NS


def write(path: Path, rows: list[Row]) -> str:
    path.write_text(stamped(rows))
    return str(path)


def coinbase_rows(start_ns: int, count: int) -> list[Row]:
    return [(start_ns + n * NS, coinbase_snapshot("X", 100 + n)) for n in range(count)]


def static_rows(start_ns: int, count: int) -> list[Row]:
    """A second unnumbered venue: Hyperliquid's books at other times."""
    return [(start_ns + n * NS, hyperliquid_book(n)[1]) for n in range(count)]


def test_overlapping_recordings_share_a_clock_others_are_moved(tmp_path: Path) -> None:
    specs = [
        ("coinbase", "X", write(tmp_path / "a", coinbase_rows(START, 5))),
        ("hyperliquid", "X", write(tmp_path / "b", static_rows(START + 3 * NS, 5))),
    ]
    feeds, origin_ns, notes = open_feeds(specs, ReplayOptions())
    assert origin_ns == START + 3 * NS
    assert [feed.offset_ns for feed in feeds] == [0, 0]
    specs[1] = ("hyperliquid", "X", write(tmp_path / "c", static_rows(START + HOUR, 5)))
    feeds, origin_ns, notes = open_feeds(specs, ReplayOptions())
    assert origin_ns == START
    assert [feed.offset_ns for feed in feeds] == [0, -HOUR]
    assert any("hyperliquid is from another time" in note for note in notes)


def test_two_later_recordings_that_overlap_stay_together(tmp_path: Path) -> None:
    book = coinbase_snapshot("X", 100)
    kraken = [
        [7, {"as": [["101.0", "1.0", "1.0"]], "bs": [["99.0", "1.0", "1.0"]]}, "book-10", "X/USD"]
    ]
    specs = [
        ("hyperliquid", "X", write(tmp_path / "a", static_rows(START, 3))),
        ("coinbase", "X", write(tmp_path / "b", [(START + HOUR + n * NS, book) for n in range(4)])),
        ("kraken", "X", write(tmp_path / "c", [(START + HOUR + 2 * NS, kraken[0])])),
    ]
    feeds, origin_ns, _ = open_feeds(specs, ReplayOptions())
    assert origin_ns == START
    assert [feed.offset_ns for feed in feeds] == [0, -(HOUR + 2 * NS), -(HOUR + 2 * NS)]


def test_without_a_moment_the_order_goes_once_all_books_stand(tmp_path: Path) -> None:
    specs = [
        ("coinbase", "X", write(tmp_path / "a", coinbase_rows(START, 5))),
        ("hyperliquid", "X", write(tmp_path / "b", static_rows(START + 2 * NS, 5))),
    ]
    options = ReplayOptions()
    feeds, origin_ns, _ = open_feeds(specs, options)
    outcome = Replay(feeds, origin_ns, options).play(parse_graph(BUY))
    assert outcome.submitted_at_ns == START + 2 * NS
    assert outcome.filled_qty_1e8 == 3 * 10**8


def test_a_late_order_meets_the_book_of_its_arrival(tmp_path: Path) -> None:
    rows: list[Row] = [
        (START, coinbase_snapshot("X", 100)),
        (START + NS, coinbase_snapshot("X", 99)),
    ]
    specs = [("coinbase", "X", write(tmp_path / "a", rows))]
    averages = {}
    for latency_ns in (0, NS // 4, NS):
        options = ReplayOptions(at_ns=NS // 2, latency_ns={"coinbase": latency_ns})
        feeds, origin_ns, _ = open_feeds(specs, options)
        outcome = Replay(feeds, origin_ns, options).play(parse_graph(BUY))
        averages[latency_ns] = outcome.avg_fill_price_1e9 / NS
    assert averages == {0: 111.0, NS // 4: 111.0, NS: 110.0}


def test_order_lines_stand_when_a_standing_book_begins(shared_data: Path) -> None:
    path = str(shared_data / "multi_exchange")
    options = ReplayOptions(at_ns=0, latency_ns={"bitstamp": 800_000_000})
    feeds, origin_ns, _ = open_feeds([("bitstamp", "ETH-USD", path)], options)
    order = parse_graph('{"symbol":"ETH-USD","side":"buy","qty":"3"}')
    outcome = Replay(feeds, origin_ns, options).play(order)
    assert (outcome.filled_qty_1e8, outcome.submitted_at_ns) == (3 * 10**8, NS)


def test_kinds_of_instrument_that_are_no_one_market(tmp_path: Path) -> None:
    kalshi = {
        "type": "orderbook_snapshot",
        "sid": 1,
        "seq": 1,
        "msg": {"market_ticker": "X", "yes_dollars_fp": [["0.4", "1"]], "no_dollars_fp": []},
    }
    specs = [
        ("coinbase", "X", write(tmp_path / "a", coinbase_rows(START, 1))),
        ("kalshi", "X", write(tmp_path / "b", [(START, kalshi)])),
    ]
    with pytest.raises(ConfigError, match="different kinds of instrument"):
        open_feeds(specs, ReplayOptions())


def test_progress_ends_at_the_whole(tmp_path: Path) -> None:
    options = ReplayOptions(at_ns=0)
    specs = [("coinbase", "X", write(tmp_path / "a", coinbase_rows(START, 3)))]
    feeds, origin_ns, _ = open_feeds(specs, options)
    seen: list[tuple[int, int]] = []
    Replay(feeds, origin_ns, options).play(parse_graph(BUY), lambda *step: seen.append(step))
    assert seen[-1] == (3, 3)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [("BTC-USD", "BTC/USD", True), ("btcusd", "BTC-USD", True), ("BTC-USD", "BTCUSDT", False)],
)
def test_spellings_that_need_no_note(one: str, other: str, same: bool) -> None:
    assert is_same_text(one, other) is same
