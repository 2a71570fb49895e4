"""Axes with round numbers, colours that stay with their venue, legends within the page."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.service.cli.page_svg import (
    PALETTE,
    STYLE,
    WIDTH,
    colours_of,
    legend,
    svg,
    tick_text,
    ticks,
)


@given(
    low=st.floats(-1e6, 1e6),
    span=st.floats(1e-6, 1e6),
    most=st.integers(3, 10),
)
def test_ticks_are_few_rising_within_and_told_apart(low: float, span: float, most: int) -> None:
    high = low + span
    found = ticks(low, high, most)
    assert 1 <= len(found) <= most
    assert found == sorted(set(found))
    room = 1e-6 * span + 1e-9 * abs(low)
    assert low - room <= found[0] and found[-1] <= high + room
    if len(found) > 1 and found[1] - found[0] > 1e-6:
        assert len({tick_text(one, found) for one in found}) == len(found)


def test_ticks_are_multiples_of_one_two_or_five() -> None:
    assert ticks(0.0, 10.0, 6) == [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]
    assert ticks(2.0, 2.0) == [2.0]
    prices = ticks(2325.745, 2326.012)
    assert tick_text(prices[0], prices) == "2,325.75"
    assert tick_text(-0.0, [0.0, 0.5]) == "0.0"


def test_a_venue_has_one_colour_on_every_page_and_never_that_of_gain_or_cost() -> None:
    every = colours_of(["kraken", "binance", "kalshi", "other", "another"])
    assert len(set(every.values())) == 5
    for name in ("kraken", "binance", "kalshi"):
        assert colours_of([name, name])[name] == every[name]
    assert colours_of(["other"])["other"] == colours_of(["kraken", "kalshi", "other"])["other"]
    for colour in PALETTE:
        red, green, blue = (int(colour[k : k + 2], 16) for k in (1, 3, 5))
        assert not green > 1.4 * max(red, blue) and not red > 1.8 * max(green, blue)
        assert colour not in STYLE
    assert len(colours_of(map(str, range(30)))) == 30


def test_a_legend_goes_on_in_the_next_row_and_words_are_escaped() -> None:
    drawn, end = legend(10.0, {f"venue {k}": "#000" for k in range(20)}, [("<path/>", "a < b")])
    places = [float(x) for x in re.findall(r"translate\(([\d.]+)", drawn)]
    assert len(places) == 21 and max(places) < WIDTH
    assert end > 40.0 and "a &lt; b" in drawn


@pytest.mark.parametrize("title", ["plain", 'a "quoted" <one>'])
def test_a_drawing_says_what_it_shows(title: str) -> None:
    found = svg(10, title, "")
    assert found.count("<title>") == 1 and 'role="img"' in found
    assert "<one>" not in found
