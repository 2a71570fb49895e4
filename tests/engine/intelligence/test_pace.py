"""Pace: what should be done by now, by kind of order, and the verdict."""

from __future__ import annotations

import pytest

from engine.intelligence.pace import expected_share, pace_of
from engine.model.graph import Execution, Pacing, ParticipationPacing, Policy, UniformPacing

MS = 1_000_000
TWAP = Execution(pacing=Pacing(uniform=UniformPacing(num_slices=4, interval_ms=100)))


@pytest.mark.parametrize(
    ("elapsed_ms", "share"),
    [(0, 0.0), (99, 0.0), (100, 0.25), (250, 0.5), (400, 1.0), (9_000, 1.0)],
)
def test_a_twap_should_have_sent_whole_slices(elapsed_ms: int, share: float) -> None:
    assert expected_share(TWAP, elapsed_ms * MS, None, False)[0] == share


def test_an_order_with_an_estimate_goes_along_a_line() -> None:
    chase = Execution(policy=Policy.AGGRESSIVE_CHASE)
    assert expected_share(chase, 500 * MS, 1_000, False)[0] == 0.5
    assert expected_share(chase, 5_000 * MS, 1_000, False)[0] == 1.0
    assert expected_share(chase, 0, 0, False)[0] == 1.0


def test_some_orders_have_no_schedule() -> None:
    pov = Execution(pacing=Pacing(pov=ParticipationPacing(participation_bps=500)))
    assert expected_share(pov, MS, 10, False)[0] is None
    assert expected_share(Execution(), MS, 10, True)[0] is None
    assert expected_share(Execution(), MS, None, False)[0] is None


def test_the_verdict_has_a_tolerance() -> None:
    assert pace_of(0.5, 0.4, 0, "").status == "ahead"
    assert pace_of(0.5, 0.6, 0, "").status == "behind"
    assert pace_of(0.5, 0.54, 0, "").status == "on_track"
    unknown = pace_of(0.5, None, 7 * MS, "why")
    assert (unknown.status, unknown.elapsed_ms, unknown.reason) == ("unknown", 7, "why")
