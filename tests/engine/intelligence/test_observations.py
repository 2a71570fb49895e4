"""The history of mids: what holds when, means over windows, bounds."""

from __future__ import annotations

from random import Random

import pytest

from engine.intelligence.observations import MidHistory


def history(*samples: tuple[int, int | None], step: int = 10) -> MidHistory:
    made = MidHistory(step)
    for at, mid in samples:
        made.observe(at, mid)
    return made


def test_a_mid_holds_until_the_next_and_no_longer_than_it_was_looked_at() -> None:
    seen = history((100, 7), (110, 7), (120, 9), (130, None), (140, 8))
    assert [seen.at(t) for t in (99, 100, 119, 120, 129, 130, 139, 140, 150, 151)] == [
        None,
        7,
        7,
        9,
        9,
        None,
        None,
        8,
        8,
        None,
    ]
    assert seen.since_ns == 100
    assert len(seen) == 4, "the same mid again is no new sample"


def test_means_are_weighted_by_time_and_leave_out_what_had_no_mid() -> None:
    seen = history((0, 10), (10, 20), (30, None), (40, 40), (50, 40))
    assert seen.mean_x2(0, 10) == 10.0
    assert seen.mean_x2(5, 15) == 15.0
    assert seen.mean_x2(0, 50) == pytest.approx((10 * 10 + 20 * 20 + 10 * 40) / 40)
    assert seen.mean_x2(12, 12) == 20.0
    assert seen.mean_x2(31, 39) is None
    assert seen.mean_x2(-1, 10) is None, "not seen from the start"
    assert seen.mean_x2(0, 61) is None, "not seen to the end"


@pytest.mark.parametrize("seed", range(5))
def test_means_are_those_of_every_moment(seed: int) -> None:
    random = Random(seed)
    values = [random.choice([None, 100, 101, 103]) for _ in range(200)]
    seen = history(*((t, value) for t, value in enumerate(values)), step=1)
    for _ in range(50):
        start = random.randrange(0, 190)
        end = random.randrange(start + 1, 200)
        inside = [value for value in values[start:end] if value is not None]
        wanted = sum(inside) / len(inside) if inside else None
        assert seen.mean_x2(start, end) == (None if wanted is None else pytest.approx(wanted))


def test_the_oldest_is_forgotten_first() -> None:
    seen = MidHistory(1, samples_max=64)
    for t in range(1_000):
        seen.observe(t, t + 1)
        assert len(seen) <= 64
    assert seen.at(999) == 1_000
    assert seen.at(0) is None
    assert seen.since_ns is not None and seen.since_ns > 900
