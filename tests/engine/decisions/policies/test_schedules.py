"""Slices and participation: when, how much, and what a pause does to them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.decisions.policies.schedules import (
    ParticipationSchedule,
    SliceSchedule,
    nearest_lot,
)
from tests.support.policy_views import LOT, S, StatedMarket, view_at

Q = 100 * LOT


def slices(count: int, *, by_volume: bool = False) -> SliceSchedule:
    schedule = SliceSchedule(count=count, interval_ns=30 * S, by_volume=by_volume)
    schedule.begin(view_at(0, Q))
    return schedule


@given(count=st.integers(1, 60), lots=st.integers(1, 500), dust=st.integers(0, LOT - 1))
def test_slice_k_releases_its_share_on_the_lot_and_the_last_all(
    count: int, lots: int, dust: int
) -> None:
    target = lots * LOT + dust
    schedule = SliceSchedule(count=count, interval_ns=30 * S, by_volume=False)
    schedule.begin(view_at(0, target))
    for k in range(1, count + 1):
        assert schedule.next_ns == k * 30 * S
        released = schedule.release(view_at(k * 30 * S, target))
        if k < count:
            assert released % LOT == 0 or released == target
            assert abs(released - target * k / count) <= LOT
    assert released == target
    assert schedule.next_ns is None


def test_after_missed_slices_one_fires_and_the_rest_is_even() -> None:
    schedule = slices(10)
    for k in (1, 2, 3):
        schedule.release(view_at(k * 30 * S, Q))
    # Slices 4, 5 and 6 were due during a pause: five are left from now on, of 14 lots each.
    times, sizes, before, now_ns = [], [], 30 * LOT, 185 * S
    while True:
        released = schedule.release(view_at(now_ns, Q))
        times.append(now_ns)
        sizes.append((released - before) // LOT)
        before = released
        if schedule.next_ns is None:
            break
        now_ns = schedule.next_ns
    assert sizes == [14] * 5
    assert times == [185 * S + i * 30 * S for i in range(5)]


def test_past_the_end_slices_are_added_rather_than_one_of_everything() -> None:
    schedule = slices(10)
    schedule.release(view_at(30 * S, Q))
    before, now_ns, sizes = 10 * LOT, 4_000 * S, []
    while schedule.next_ns is not None:
        released = schedule.release(view_at(now_ns, Q))
        sizes.append((released - before) // LOT)
        before, now_ns = released, now_ns + 30 * S
    assert sizes == [18] * 5


def test_a_little_late_keeps_the_grid() -> None:
    schedule = slices(3)
    schedule.release(view_at(37 * S, Q))
    assert schedule.next_ns == 60 * S
    schedule.release(view_at(68 * S, Q))
    assert schedule.next_ns == 98 * S


def test_volume_slices_follow_the_curve_and_are_renormalised() -> None:
    market = StatedMarket()
    for second, volume in ((30, 1), (60, 3), (90, 6)):
        market.volume[second] = volume
    schedule = slices(3, by_volume=True)
    assert schedule.release(view_at(30 * S, Q, market=market)) == 10 * LOT
    # The curve has changed meanwhile: what is left is divided by what is ahead now.
    market.volume[90] = 3
    assert schedule.release(view_at(60 * S, Q, market=market)) == 55 * LOT
    assert schedule.release(view_at(90 * S, Q, market=market)) == Q


@pytest.mark.parametrize("known", [{}, {30: 5}, {60: 5}])
def test_an_unknown_curve_gives_equal_slices(known: dict[int, int]) -> None:
    market = StatedMarket()
    market.volume = known
    schedule = slices(4, by_volume=True)
    assert schedule.release(view_at(30 * S, Q, market=market)) == Q // 4


def test_a_growing_target_is_shared_by_the_slices_to_come() -> None:
    schedule = slices(4)
    assert schedule.release(view_at(30 * S, Q)) == 25 * LOT
    assert schedule.release(view_at(60 * S, 2 * Q)) == Q


def test_participation_follows_what_others_trade() -> None:
    market = StatedMarket()
    market.traded = 5_000 * LOT
    schedule = ParticipationSchedule(participation_bps=1_000, interval_ns=S, horizon_ns=60 * S)
    schedule.begin(view_at(0, Q, market=market))
    assert (schedule.next_ns, schedule.deadline_ns) == (S, 60 * S)
    assert schedule.release(view_at(S, Q, market=market)) == 0
    market.traded += 255 * LOT
    assert schedule.release(view_at(2 * S, Q, market=market)) == 25 * LOT
    # Our own 20 lots were printed too.
    market.traded += 20 * LOT
    own = view_at(3 * S, Q - 20 * LOT, target=Q, market=market)
    assert schedule.release(own) == 25 * LOT
    market.traded += 10**6 * LOT
    assert schedule.release(view_at(4 * S, Q - 20 * LOT, target=Q, market=market)) == Q


def test_participation_ignores_a_pause_and_a_tape_that_began_again() -> None:
    market = StatedMarket()
    schedule = ParticipationSchedule(participation_bps=5_000, interval_ns=S, horizon_ns=60 * S)
    schedule.begin(view_at(0, Q, market=market))
    market.traded = 20 * LOT
    assert schedule.release(view_at(S, Q, market=market)) == 10 * LOT
    for traded in (5_000 * LOT, 0):
        market.traded = traded
        schedule.resume(view_at(9 * S, Q, market=market))
        assert schedule.next_ns == 10 * S
        assert schedule.release(view_at(10 * S, Q, market=market)) == 10 * LOT
    market.traded = 4 * LOT
    assert schedule.release(view_at(11 * S, Q, market=market)) == 12 * LOT


def test_both_come_back_from_their_packed_state() -> None:
    for make in (
        lambda: slices(7),
        lambda: ParticipationSchedule(participation_bps=9, interval_ns=S, horizon_ns=9 * S),
    ):
        schedule, other = make(), make()
        schedule.begin(view_at(5, Q))
        schedule.release(view_at(31 * S, Q))
        other.unpack(schedule.pack())
        assert other.pack() == schedule.pack()
        assert other.next_ns == schedule.next_ns


@pytest.mark.parametrize(
    ("part", "whole", "lots"), [(0, 3, 0), (1, 3, 0), (1, 2, 1), (3, 2, 2), (7, 5, 1)]
)
def test_nearest_lot(part: int, whole: int, lots: int) -> None:
    assert nearest_lot(part * LOT, whole, LOT) == lots * LOT
