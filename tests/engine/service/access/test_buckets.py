"""Token buckets to the last nanosecond, the reserved lane, and locks that grow."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import ConfigError
from engine.service.access import buckets as module
from engine.service.access.buckets import Buckets, LockOut

SECOND = 1_000_000_000


def burst(buckets: Buckets, client: str, now_ns: int, *, reserved: bool = False) -> int:
    """How many pass at once."""
    count = 0
    while buckets.take(client, now_ns, reserved=reserved) == 0:
        count += 1
    return count


def test_twice_the_rate_at_once_then_the_rate() -> None:
    buckets = Buckets(qps=5)
    assert burst(buckets, "a", 0) == 10
    for second in (1, 2, 3):
        assert burst(buckets, "a", second * SECOND) == 5
    assert burst(buckets, "a", 100 * SECOND) == 10


def test_the_wait_named_is_the_wait_needed() -> None:
    buckets = Buckets(qps=3)
    burst(buckets, "a", 7)
    wait = buckets.take("a", 7)
    assert wait == 333_333_334
    assert buckets.take("a", 7 + wait - 1) == 1
    assert buckets.take("a", 7 + wait) == 0


def test_clients_do_not_share() -> None:
    buckets = Buckets(qps=1)
    assert burst(buckets, "a", 0) == 2
    assert burst(buckets, "b", 0) == 2


def test_a_flood_leaves_the_reserve_to_what_ends_risk() -> None:
    buckets = Buckets(qps=10)
    assert burst(buckets, "a", 0) == 20
    assert burst(buckets, "a", 0, reserved=True) == 5
    # What the reserve gave is refilled before others pass again.
    assert burst(buckets, "a", SECOND // 2) == 0
    assert burst(buckets, "a", SECOND // 2, reserved=True) == 5


def test_a_client_at_its_rate_can_always_cancel() -> None:
    buckets = Buckets(qps=10)
    burst(buckets, "a", 0)
    passed = 0
    for step in range(1, 101):
        now_ns = step * SECOND // 10
        buckets.take("a", now_ns)
        if step % 10 == 0:
            assert buckets.take("a", now_ns, reserved=True) == 0
            passed += 1
    assert passed == 10


def test_the_smallest_rate_still_has_a_reserve() -> None:
    buckets = Buckets(qps=1)
    burst(buckets, "a", 0)
    assert buckets.take("a", 0, reserved=True) == 0


def test_a_clock_that_goes_back_gives_nothing() -> None:
    buckets = Buckets(qps=2)
    burst(buckets, "a", 10 * SECOND)
    assert buckets.take("a", 0) > 0
    assert burst(buckets, "a", 11 * SECOND) == 2


def test_a_rate_must_be_one() -> None:
    with pytest.raises(ConfigError, match="1 or more, not 0"):
        Buckets(qps=0)


def test_the_longest_unused_bucket_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BUCKETS_MAX", 2)
    buckets = Buckets(qps=1)
    for client in ("a", "b", "a", "c"):
        buckets.take(client, 0)
    assert len(buckets) == 2
    assert buckets.take("a", 0) > 0, "it was kept, and is empty"
    assert burst(buckets, "b", 0) == 2, "it was dropped, and is new"


@given(
    qps=st.integers(1, 50),
    steps=st.lists(st.tuples(st.integers(0, SECOND), st.booleans()), max_size=200),
)
def test_no_stretch_of_time_lets_more_pass_than_stated(
    qps: int, steps: list[tuple[int, bool]]
) -> None:
    buckets, now_ns = Buckets(qps), 0
    passed: list[tuple[int, bool]] = []
    for step, reserved in steps:
        now_ns += step
        if buckets.take("a", now_ns, reserved=reserved) == 0:
            passed.append((now_ns, reserved))
    for start in range(len(passed)):
        span = passed[-1][0] - passed[start][0]
        ordinary = sum(not reserved for _, reserved in passed[start:])
        assert ordinary * SECOND <= 2 * qps * SECOND + span * qps
        everything = len(passed) - start
        assert everything * SECOND <= (2 * qps + max(1, qps // 2)) * SECOND + span * qps


def test_ten_failures_are_free_and_then_locks_double() -> None:
    locks = LockOut()
    assert [locks.failed("p", 0) for _ in range(10)] == [0] * 10
    assert locks.held_ns("p", 0) == 0
    now_ns, waits = 0, []
    for _ in range(9):
        waits.append(locks.failed("p", now_ns) // SECOND)
        now_ns += waits[-1] * SECOND
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_a_held_peer_adds_nothing_and_others_are_free() -> None:
    locks = LockOut()
    for _ in range(11):
        locks.failed("p", 0)
    assert locks.failed("p", SECOND // 4) == SECOND - SECOND // 4
    assert locks.held_ns("p", SECOND - 1) == 1
    assert locks.held_ns("p", SECOND) == 0
    assert locks.held_ns("q", 0) == 0


def test_a_right_key_or_ten_minutes_forgive() -> None:
    locks = LockOut()
    for _ in range(11):
        locks.failed("p", 0)
    locks.passed("p")
    assert locks.held_ns("p", 0) == 0
    assert locks.failed("p", 0) == 0
    for _ in range(10):
        locks.failed("q", 0)
    assert locks.failed("q", 601 * SECOND) == 0
    locks.passed("unknown")


def test_a_clock_set_back_locks_no_longer_than_the_longest_lock() -> None:
    locks = LockOut()
    for _ in range(11):
        locks.failed("p", 10_000 * SECOND)
    assert locks.held_ns("p", 0) == 60 * SECOND


def test_peers_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PEERS_MAX", 3)
    locks = LockOut()
    for _ in range(11):
        locks.failed("first", 0)
    for number in range(10):
        locks.failed(f"p{number}", 0)
    assert len(locks) == 3
    assert locks.held_ns("first", 0) == 0
