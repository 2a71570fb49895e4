"""Price history out of the tape: bars, prints, what is held and what is refused."""

from __future__ import annotations

import pytest

from engine.decisions.market_tape import MINUTES_MAX, MarketTape
from engine.model.units import Side
from engine.service.api_error import ApiError, ErrorCode
from engine.service.quotes.history import TICKS_MAX, PricePoint, bar_history, tick_history
from tests.support.builders import listing

S = 10**9
MINUTE = 60 * S
DAY = 1_440 * MINUTE
ALPHA, BETA = listing("alpha", 0), listing("beta", 1)


def tape_of(*trades: tuple[int, int, int, int, int], prints_max: int = 1_000) -> MarketTape:
    """(venue index, time, price, quantity, side)."""
    tape = MarketTape()
    for venue, ts_ns, price, qty, side in trades:
        tape.ring_of(venue, prints_max).put(ts_ns, price, qty, side, 0)
        tape.observe_price(price)
        tape.observe_trade(ts_ns, qty)
    return tape


TRADES = (
    (0, 10 * MINUTE + 1, 100, 1, 0),
    (1, 10 * MINUTE + 2, 101, 2, 1),
    (0, 11 * MINUTE, 102, 3, -1),
    (1, 13 * MINUTE + 30 * S, 103, 4, 0),
)


def test_minutes_come_with_their_last_price_over_all_venues() -> None:
    window = (10 * MINUTE, 20 * MINUTE)
    covered, bars = bar_history(tape_of(*TRADES), [ALPHA, BETA], window, 60, mirrored=False)
    assert covered == 10 * MINUTE + 1
    told = [(one.ts_ns // MINUTE, one.price_1e9) for one in bars]
    assert told == [(10, 101), (11, 102), (13, 103)]
    wide = bar_history(tape_of(*TRADES), [ALPHA, BETA], window, 300, mirrored=False)[1]
    assert [(one.ts_ns // MINUTE, one.price_1e9) for one in wide] == [(10, 103)]


def test_one_venue_or_seconds_come_from_the_prints() -> None:
    window = (10 * MINUTE, 20 * MINUTE)
    tape = tape_of(*TRADES)
    beta = bar_history(tape, [BETA], window, 60, mirrored=False)[1]
    assert [(one.ts_ns // MINUTE, one.price_1e9) for one in beta] == [(10, 101), (13, 103)]
    fine = bar_history(tape, [ALPHA, BETA], window, 7, mirrored=False)[1]
    assert [one.ts_ns % (7 * S) for one in fine] == [0, 0, 0]


def test_prints_have_quantity_side_and_venue_and_the_newest_are_kept() -> None:
    covered, points = tick_history(tape_of(*TRADES), [ALPHA, BETA], None, 2, mirrored=False)
    assert points == [
        PricePoint(11 * MINUTE, 102, 3, None, "alpha"),
        PricePoint(13 * MINUTE + 30 * S, 103, 4, "buy", "beta"),
    ]
    assert covered == 10 * MINUTE + 1
    within = tick_history(tape_of(*TRADES), [ALPHA], (11 * MINUTE, 12 * MINUTE), 9, mirrored=False)
    assert [one.price_1e9 for one in within[1]] == [102]


def test_prints_are_capped_and_the_answer_says_since_when_none_is_missing() -> None:
    many = [(0, MINUTE + i, 100 + i, 1, 0) for i in range(TICKS_MAX + 100)]
    covered, points = tick_history(tape_of(*many), [ALPHA], None, 50_000, mirrored=False)
    assert len(points) == TICKS_MAX
    assert points[-1].price_1e9 == 100 + TICKS_MAX + 99
    small = tape_of(*many, prints_max=10)
    covered, points = tick_history(small, [ALPHA], None, 100, mirrored=False)
    assert (len(points), covered) == (10, points[0].ts_ns)


def test_the_no_side_has_its_own_prices_and_sides() -> None:
    tape = tape_of((0, MINUTE, 400_000_000, 5, int(Side.BUY)))
    (bar,) = bar_history(tape, [ALPHA], (0, DAY), 60, mirrored=True)[1]
    (tick,) = tick_history(tape, [ALPHA], None, 9, mirrored=True)[1]
    assert bar.price_1e9 == tick.price_1e9 == 600_000_000
    assert tick.side == "sell"


def test_a_day_is_answered_as_far_as_it_is_held() -> None:
    tape = tape_of(*TRADES)
    assert len(bar_history(tape, [ALPHA, BETA], (0, DAY), 60, mirrored=False)[1]) == 3
    assert bar_history(MarketTape(), [ALPHA], (0, DAY), 60, mirrored=False) == (None, [])


@pytest.mark.parametrize("window", [(0, DAY + 1), (0, 9 * MINUTE)])
def test_what_is_not_held_is_refused_in_words(window: tuple[int, int]) -> None:
    with pytest.raises(ApiError) as caught:
        bar_history(tape_of(*TRADES), [ALPHA, BETA], window, 60, mirrored=False)
    assert caught.value.code is ErrorCode.NOT_IMPLEMENTED
    assert "1d" in str(caught.value)
    with pytest.raises(ApiError):
        bar_history(MarketTape(), [ALPHA], (0, DAY + 1), 60, mirrored=False)


def test_a_long_window_inside_what_is_held_is_served() -> None:
    window = (11 * MINUTE, 11 * MINUTE + 3 * DAY)
    assert len(bar_history(tape_of(*TRADES), [ALPHA, BETA], window, 60, mirrored=False)[1]) == 2


def test_after_a_day_of_minutes_the_answer_begins_with_the_oldest_held() -> None:
    tape = MarketTape()
    for minute in range(MINUTES_MAX + 50):
        tape.observe_price(1)
        tape.observe_trade(minute * MINUTE, 1)
    now = (MINUTES_MAX + 50) * MINUTE
    covered, bars = bar_history(tape, [ALPHA], (now - DAY, now), 60, mirrored=False)
    assert covered == 49 * MINUTE
    assert len(bars) == MINUTES_MAX
