"""Dead letters and meters stay bounded."""

from __future__ import annotations

from engine.runtime.meters import (
    DEAD_KINDS_MAX,
    DEAD_LETTERS_KEPT,
    OTHERS,
    REASON_CHARS_MAX,
    DeadLetters,
    Meters,
)
from tests.support.runtime_actors import Do


def test_dead_letters_are_bounded_and_lose_no_count() -> None:
    letters = DeadLetters()
    total = DEAD_KINDS_MAX + 500
    for number in range(total):
        letters.add(f"actor {number}", Do(), "x" * 1_000)
    assert len(letters.counts) == DEAD_KINDS_MAX + 1
    assert letters.counts[OTHERS, OTHERS] == 500
    assert letters.counts.total() == total
    assert len(letters.ring) == DEAD_LETTERS_KEPT
    assert letters.ring[-1].actor == f"actor {total - 1}"
    assert len(letters.ring[-1].reason) == REASON_CHARS_MAX


def test_totals_are_sums_over_classes() -> None:
    meters = Meters()
    meters.of("A").refused += 2
    meters.of("B").refused += 3
    meters.of("B").dropped += 1
    assert meters.of("B") is meters.of("B")
    assert (meters.refused, meters.dropped) == (5, 1)
