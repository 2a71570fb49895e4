"""Basis alignment against medians worked out by hand from the same little recordings."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from statistics import median

import pytest

from engine.errors import ConfigError
from engine.service.alignment import align_basis, median_x2, mid_differences_x2
from engine.service.replay import ReplayOptions, open_feeds
from tests.support.recorded_lines import NS, START, coinbase_snapshot, hyperliquid_book, stamped
from tests.support.replay_cases import run_json

SECONDS = 60


@pytest.fixture
def words(tmp_path: Path) -> list[tuple[str, str, str]]:
    """Mids of 100.5 at one venue, and of 5 above the second's number at the other."""
    (tmp_path / "first").write_text(stamped(hyperliquid_book(n) for n in range(SECONDS)))
    rows = [(START + n * NS + 1, coinbase_snapshot("X", 100 + n)) for n in range(SECONDS)]
    (tmp_path / "other").write_text(stamped(rows))
    return [
        ("hyperliquid", "X", str(tmp_path / "first")),
        ("coinbase", "X", str(tmp_path / "other")),
    ]


def differences(at: int) -> list[Fraction]:
    """other's mid - first's mid after each frame of the last 30 s before `at` whole seconds.

    Counted from the other's first frame, 1 ns after the first's.
    """
    found = []
    for second in range(at - 29, at + 1):
        # At the first's frame the other still shows the second before.
        found.append(105 + second - 1 - Fraction(201, 2))
        found.append(105 + second - Fraction(201, 2))
    return found


@pytest.mark.parametrize("at", [31, 40, 58])
def test_the_shift_is_minus_the_median_difference(
    words: list[tuple[str, str, str]], at: int
) -> None:
    options = ReplayOptions(at_ns=at * NS)
    feeds, origin_ns, _ = open_feeds(words, options)
    measured, step_1e9 = mid_differences_x2(feeds[0], feeds[1], origin_ns + at * NS)
    # The window opens with the other's frame of exactly 30 s ago.
    expected = [105 + at - 30 - Fraction(201, 2), *differences(at)]
    assert [Fraction(value, 2 * NS) for value in measured] == expected
    assert step_1e9 == NS
    aligned, notes = align_basis(feeds, origin_ns, options)
    shift = -round(median(expected)) * NS
    assert (aligned[0].shift_1e9, aligned[1].shift_1e9) == (0, shift)
    assert notes == [f"prices of coinbase are shifted by {shift // NS} onto hyperliquid"]


def test_orders_trade_at_the_shifted_prices_and_it_is_said(
    words: list[tuple[str, str, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    options = ReplayOptions(at_ns=40 * NS)
    feeds, origin_ns, _ = open_feeds(words, options)
    shift = align_basis(feeds, origin_ns, options)[0][1].shift_1e9
    call = [word for spec in words for word in ("--feed", "{}:{}={}".format(*spec))]
    call += ["--at", "40", "--order", '{"symbol":"X","side":"sell","qty":"24"}', "--align-basis"]
    code, found, err = run_json(capsys, call)
    assert code == 0
    assert "note: prices of coinbase are shifted by" in err
    legs = {leg["venue"]: leg["limit_price_1e9"] for leg in found["legs"]}
    assert legs["coinbase"] == (140 - 11) * NS + shift


def test_the_median_of_an_even_number_is_between_the_two_in_the_middle() -> None:
    assert median_x2([5, 1, 2, 9]) == 7
    assert median_x2([5, 1, 2]) == 4


def test_a_moment_is_needed_and_mids_before_it(words: list[tuple[str, str, str]]) -> None:
    feeds, origin_ns, _ = open_feeds(words, ReplayOptions())
    with pytest.raises(ConfigError, match="--at"):
        align_basis(feeds, origin_ns, ReplayOptions())
    with pytest.raises(ConfigError, match="no mids"):
        align_basis(feeds, origin_ns - 2 * NS, ReplayOptions(at_ns=0))


def test_feeds_of_other_symbols_stay_where_they_are(words: list[tuple[str, str, str]]) -> None:
    second = (words[1][0], "Y", words[1][2])
    options = ReplayOptions(at_ns=40 * NS)
    feeds, origin_ns, _ = open_feeds([words[0], second], options)
    assert align_basis(feeds, origin_ns, options) == (feeds, [])
