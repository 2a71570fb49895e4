"""Fault model: off by default, each fault by its rate, repeatable, healed for good."""

from __future__ import annotations

import random

import pytest

from venues.simulated.faults import (
    CLEAN,
    NO_FAULTS,
    Direction,
    FaultModel,
    FaultRates,
    Passage,
    Storm,
    Windows,
)

ALWAYS = 1_000_000
SECOND_NS = 1_000_000_000
OUT, BACK = Direction.TO_VENUE, Direction.TO_ENGINE


def model(**rates: int) -> FaultModel:
    return FaultModel(FaultRates(**rates), random.Random(5))


def test_off_by_default_and_without_drawing() -> None:
    faults = FaultModel(NO_FAULTS, random.Random(5))
    assert faults.passage(OUT, 0) is CLEAN
    assert faults.rng.random() == random.Random(5).random()


@pytest.mark.parametrize(
    ("rates", "expected"),
    [
        ({"loss_ppm": ALWAYS}, Passage(())),
        ({"disconnect_ppm": ALWAYS}, Passage((), disconnect=True)),
        ({"lost_answer_ppm": ALWAYS}, Passage((0,), answers_lost=True)),
        ({"clog_ppm": ALWAYS, "clog_ns": 7}, Passage((7,))),
    ],
)
def test_certain_faults(rates: dict[str, int], expected: Passage) -> None:
    assert model(**rates).passage(OUT, 0) == expected


def test_answers_are_lost_on_requests_only() -> None:
    assert not model(lost_answer_ppm=ALWAYS).passage(BACK, 0).answers_lost


def test_delays_copies_and_overtaking() -> None:
    late = model(delay_ppm=ALWAYS, delay_max_ns=100).passage(OUT, 0)
    assert 0 < late.delays_ns[0] <= 100
    double = model(duplicate_ppm=ALWAYS, delay_max_ns=100).passage(OUT, 0)
    assert len(double.delays_ns) == 2
    assert double.delays_ns[0] <= double.delays_ns[1]
    assert model(reorder_ppm=ALWAYS).passage(OUT, 0).overtaken


def test_a_clog_holds_its_direction_until_it_ends() -> None:
    faults = model(clog_ppm=ALWAYS, clog_ns=100)
    faults.passage(OUT, 0)
    faults.rates = FaultRates(loss_ppm=1)
    assert faults.passage(OUT, 40).delays_ns == (60,)
    assert faults.passage(BACK, 40).delays_ns == (0,)
    assert faults.passage(OUT, 100).delays_ns == (0,)


def test_healing() -> None:
    faults = model(loss_ppm=ALWAYS)
    faults.heal()
    assert faults.passage(OUT, 0) is CLEAN


def test_rates_and_repetition() -> None:
    def fates(seed: int) -> list[Passage]:
        faults = FaultModel(FaultRates(loss_ppm=100_000, delay_ppm=100_000), random.Random(seed))
        return [faults.passage(OUT, 0) for _ in range(2_000)]

    lost = sum(not fate.delays_ns for fate in fates(1))
    assert 120 < lost < 280
    assert fates(1) == fates(1) != fates(2)


def test_a_silence_lets_heartbeats_pass_and_ends() -> None:
    faults = model(silence_ppm=ALWAYS, silence_max_ns=100)
    assert faults.silenced(1, 0, heartbeat=False)
    faults.rates = FaultRates(loss_ppm=1)
    until = faults.silent_until_ns[1]
    assert 0 < until <= 100
    assert faults.silenced(1, until - 1, heartbeat=False)
    assert not faults.silenced(1, until - 1, heartbeat=True)
    assert not faults.silenced(2, until - 1, heartbeat=False), "each session has its own"
    assert not faults.silenced(1, until, heartbeat=False)


def test_a_new_connection_is_not_silent() -> None:
    faults = model(silence_ppm=ALWAYS)
    faults.silenced(1, 0, heartbeat=False)
    faults.connected(1)
    assert faults.silent_until_ns == {}


def test_cancels_alone_are_late_and_leave_their_line() -> None:
    faults = model(late_cancel_ppm=ALWAYS, late_cancel_max_ns=100)
    late = faults.passage(OUT, 0, cancel=True)
    assert 0 < late.delays_ns[0] <= 100
    assert late.overtaken
    assert faults.passage(OUT, 0) == CLEAN


def opens(windows: Windows, until_s: int) -> list[int]:
    """Tenths of a second at which a window is open."""
    return [at for at in range(until_s * 10) if windows.open(at * SECOND_NS // 10)]


def test_a_window_a_period_at_a_drawn_place() -> None:
    windows = Windows(10 * SECOND_NS, 2 * SECOND_NS, "a")
    seen = opens(windows, 100)
    starts = [at for at in seen if at - 1 not in seen]
    assert len(starts) == 10
    assert all(19 <= sum(at // 100 == period for at in seen) <= 21 for period in range(10))
    assert len({at % 100 for at in starts}) > 3
    assert seen == opens(Windows(10 * SECOND_NS, 2 * SECOND_NS, "a"), 100)
    assert seen != opens(Windows(10 * SECOND_NS, 2 * SECOND_NS, "b"), 100)


def test_windows_do_not_depend_on_who_asked_before() -> None:
    asked = Windows(10 * SECOND_NS, SECOND_NS, "a")
    opens(asked, 95)
    late = Windows(10 * SECOND_NS, SECOND_NS, "a")
    now_ns = 97 * SECOND_NS
    assert asked.open(now_ns) == late.open(now_ns)
    assert (asked.start_ns, asked.draw) == (late.start_ns, late.draw)


def test_windows_fit_their_period() -> None:
    with pytest.raises(AssertionError):
        Windows(10, 11, "a")
    assert not Windows(0, 0, "a").open(5)


def test_storms() -> None:
    rate = model(rate_storm_every_ns=SECOND_NS, rate_storm_ns=SECOND_NS)
    error = model(error_storm_every_ns=SECOND_NS, error_storm_ns=SECOND_NS)
    assert (rate.storm(5), error.storm(5)) == (Storm.RATE, Storm.ERROR)
    rate.heal()
    assert (rate.storm(5), model(loss_ppm=1).storm(5)) == (Storm.NONE, Storm.NONE)


def test_a_clock_jumps_both_ways_and_comes_back() -> None:
    reach = 3 * SECOND_NS
    faults = model(
        clock_jump_every_ns=10 * SECOND_NS, clock_jump_ns=SECOND_NS, clock_jump_max_ns=reach
    )
    times = [100 * SECOND_NS + at * SECOND_NS // 2 for at in range(2_000)]
    jumps = [faults.venue_ns(at) - at for at in times]
    assert min(jumps) < -SECOND_NS < SECOND_NS < max(jumps)
    assert all(-reach <= jump <= reach for jump in jumps)
    assert jumps.count(0) > 1_500
    faults.heal()
    assert all(faults.venue_ns(at) == at for at in times)
    assert model(clock_jump_every_ns=2, clock_jump_ns=2).venue_ns(0) >= 0


def test_healing_ends_silences() -> None:
    faults = model(silence_ppm=ALWAYS)
    faults.silenced(1, 0, heartbeat=False)
    faults.heal()
    assert not faults.silenced(1, 0, heartbeat=False)
    assert faults.silent_until_ns == {}


def test_new_faults_that_are_off_draw_nothing() -> None:
    faults = model(loss_ppm=1)
    assert not faults.silenced(1, 0, heartbeat=False)
    assert (faults.storm(0), faults.venue_ns(7)) == (Storm.NONE, 7)
    assert faults.rng.random() == random.Random(5).random()
