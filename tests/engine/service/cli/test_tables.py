"""Tables for people: aligned, short, within 80 columns."""

from __future__ import annotations

import pytest

from engine.service.cli.tables import elided, plain_lines, print_replay, print_table, short
from engine.service.replay_report import ReplayLeg, ReplayOutcome, Review

TOKEN = "2151378744569768920256500242561922410292857798164019061749528550808091180185"


def outcome(**changes: int | str) -> ReplayOutcome:
    book = {
        "venue": "binance-coinm",
        "symbol": TOKEN,
        "frames": 197_896,
        "deltas": 197_001,
        "gaps": 0,
        "resyncs": 0,
        "checksum_failures": 0,
        "crossed": 0,
        "best_bid_1e9": 61_846_985_064_123,
        "best_ask_1e9": None,
    } | changes
    leg = ReplayLeg("binance-coinm", 123_456_789_012_345, 61_846_985_064_123, 1, 61_900 * 10**9)
    review = Review(61_846_985_064_123, 1.0, 1.25, "binance-coinm", 2.0, 1.0, {}, "")
    return ReplayOutcome("X", "buy", "filled", 2, 2, 5 * 10**9, 1, 0, [leg], [book], review)


@pytest.mark.parametrize(
    ("price_1e9", "text"),
    [
        (61_846_985_064_123, "61846.985"),
        (61_846_500_000_000, "61846.5"),
        (1_234_567_890_123_000_000, "1234567890"),
        (6_193_160, "0.00619316"),
        (6_193, "0.000006193"),
        (455_000_001, "0.4550000"),
        (0, "0"),
        (-20_500_000_000, "-20.5"),
    ],
)
def test_short_prices(price_1e9: int, text: str) -> None:
    assert short(price_1e9) == text


def test_long_tokens_show_their_ends() -> None:
    assert elided("BTC-USD") == "BTC-USD"
    cut = elided(TOKEN)
    assert len(cut) <= 24
    assert TOKEN.startswith(cut.split("..")[0]) and TOKEN.endswith(cut.split("..")[1])


def test_columns_are_aligned() -> None:
    assert plain_lines([("a", "bb"), ("long", "1")]) == ["a     bb", "long   1"]


def test_a_pipe_gets_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    print_table("split", ("venue", "qty"), [("kraken", "1.5")])
    assert capsys.readouterr().out == "split\n  venue   qty\n  kraken  1.5\n"


def test_a_replay_fits_eighty_columns(capsys: pytest.CaptureFixture[str]) -> None:
    print_replay(outcome())
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 80
    assert "cost 1.2500 bps" in out and "saved 1.0000 bps against binance-coinm" in out
    assert "gaps" not in out
    (row,) = (line for line in out.splitlines() if "197896" in line)
    assert row.split()[-3] == "-"


def test_what_went_wrong_is_said_below(capsys: pytest.CaptureFixture[str]) -> None:
    print_replay(outcome(gaps=2, crossed=7))
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "binance-coinm: 2 gaps, 7 changes that left the book crossed"
