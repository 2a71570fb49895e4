"""The tape's usual spread and volume curve, against what a slow sum says."""

from __future__ import annotations

from statistics import median_low

from hypothesis import given
from hypothesis import strategies as st

from engine.decisions.market_tape import MINUTES_MAX, SPREADS_MAX, MarketTape

MINUTE = 60 * 10**9


def test_the_usual_spread_is_the_median_of_the_last_300() -> None:
    tape = MarketTape()
    assert tape.usual_spread_1e9() is None
    spreads = [(7 * i) % 101 for i in range(SPREADS_MAX + 50)]
    for i, spread in enumerate(spreads):
        tape.observe_spread(spread)
        assert tape.usual_spread_1e9() == median_low(spreads[: i + 1][-SPREADS_MAX:])


def test_volume_never_falls_and_nothing_is_expected_before_a_minute_is_known() -> None:
    tape = MarketTape()
    for second in range(60):
        tape.observe_trade(second * 10**9, 5)
        assert tape.traded_1e8 == 5 * (second + 1)
    # The first minute may have been seen in part only.
    tape.observe_time(MINUTE)
    assert tape.volume_ahead(MINUTE, 2 * MINUTE) == 0


def test_the_same_minute_of_yesterday_is_expected_again_and_else_the_mean() -> None:
    tape = MarketTape()
    tape.observe_time(0)
    for minute, volume in ((1, 100), (2, 300)):
        tape.observe_trade(minute * MINUTE, volume)
    tape.observe_time(3 * MINUTE)
    day = MINUTES_MAX * MINUTE
    assert tape.volume_ahead(day + MINUTE, day + 2 * MINUTE) == 100
    assert tape.volume_ahead(day + 2 * MINUTE, day + 3 * MINUTE) == 300
    assert tape.volume_ahead(10 * MINUTE, 12 * MINUTE) == 400
    assert tape.volume_ahead(day + MINUTE + MINUTE // 2, day + 2 * MINUTE) == 50
    assert tape.volume_ahead(day, day) == 0


def test_volume_up_to_a_moment_that_has_gone_by_is_that_before_its_minute() -> None:
    tape = MarketTape()
    assert tape.traded_by(5 * MINUTE) == 0
    for minute, volume in ((1, 100), (2, 300), (4, 7)):
        tape.observe_trade(minute * MINUTE + 5, volume)
    found = [tape.traded_by(minute * MINUTE + 9) for minute in range(6)]
    assert found == [0, 0, 100, 400, 407, 407], "the minute under way counts whole"


def test_a_quiet_minute_is_known_as_quiet() -> None:
    tape = MarketTape()
    tape.observe_time(0)
    tape.observe_trade(MINUTE, 90)
    tape.observe_time(4 * MINUTE)
    day = MINUTES_MAX * MINUTE
    assert tape.volume_ahead(day + 2 * MINUTE, day + 3 * MINUTE) == 0
    assert tape.volume_ahead(10 * MINUTE, 11 * MINUTE) == 30


def test_a_long_silence_costs_a_day_at_most() -> None:
    tape = MarketTape()
    tape.observe_trade(0, 1)
    tape.observe_trade(MINUTE, 500)
    tape.observe_time(10 * MINUTES_MAX * MINUTE)
    assert tape.volume_ahead(0, 10 * MINUTES_MAX * MINUTE) == 0


@given(
    volumes=st.lists(st.integers(0, 1_000), min_size=3, max_size=40),
    cut=st.integers(0, 40 * 60),
)
def test_parts_of_a_window_add_up(volumes: list[int], cut: int) -> None:
    tape = MarketTape()
    for minute, volume in enumerate(volumes):
        tape.observe_trade(minute * MINUTE, volume)
    day = MINUTES_MAX * MINUTE
    end = day + 40 * MINUTE
    middle = day + cut * 10**9
    whole = tape.volume_ahead(day, end)
    parts = tape.volume_ahead(day, middle) + tape.volume_ahead(middle, end)
    assert whole - 1 <= parts <= whole


@given(
    volumes=st.lists(st.integers(0, 1_000), min_size=3, max_size=40),
    start=st.integers(0, 3 * 24 * 3_600),
)
def test_a_whole_day_is_the_sum_of_its_hours(volumes: list[int], start: int) -> None:
    tape = MarketTape()
    for minute, volume in enumerate(volumes):
        tape.observe_trade(minute * MINUTE, volume)
    begin = start * 10**9
    hour = 60 * MINUTE
    hours = [tape.volume_ahead(begin + k * hour, begin + (k + 1) * hour) for k in range(24)]
    whole = tape.volume_ahead(begin, begin + MINUTES_MAX * MINUTE)
    # Each hour is rounded down by itself.
    assert sum(hours) <= whole <= sum(hours) + 24


def test_bars_hold_the_last_price_of_each_minute_that_had_a_trade() -> None:
    tape = MarketTape()
    assert (tape.bars(), tape.began_ns) == ([], 0)
    trades = ((MINUTE + 5, 10, 1), (MINUTE + 9, 12, 2), (3 * MINUTE, 11, 4))
    for now_ns, price, qty in trades:
        tape.observe_price(price)
        tape.observe_trade(now_ns, qty)
    assert tape.began_ns == MINUTE + 5
    # The last minute is still going on; the quiet one has no bar.
    assert tape.bars() == [(MINUTE, 12, 3), (3 * MINUTE, 11, 4)]
    tape.observe_time(4 * MINUTE)
    assert tape.bars() == [(MINUTE, 12, 3), (3 * MINUTE, 11, 4)]


def test_bars_are_kept_for_a_day_of_trading() -> None:
    tape = MarketTape()
    for minute in range(MINUTES_MAX + 10):
        tape.observe_price(100 + minute)
        tape.observe_trade(minute * MINUTE, 1)
    bars = tape.bars()
    assert len(bars) == MINUTES_MAX + 1
    assert bars[0] == (9 * MINUTE, 109, 1)


def test_a_ring_of_prints_outlives_its_writer() -> None:
    tape = MarketTape()
    ring = tape.ring_of(1, 4)
    ring.put(1, 2, 3, 0, 0)
    assert tape.ring_of(1, 4) is ring
    assert tape.ring_of(0, 4) is not ring


def test_it_tells_how_often_the_spread_was_narrow_enough() -> None:
    tape = MarketTape()
    assert tape.spread_share(100) == 0.0
    for spread in (1, 2, 2, 4, -1):
        tape.observe_spread(spread)
    assert tape.usual_spread_1e9() == 2
    assert [tape.spread_share(percent) for percent in (50, 99, 100, 200)] == [0.4, 0.4, 0.8, 1.0]
