"""The iceberg shows one tip at a time and leaves a working tip alone."""

from __future__ import annotations

import pytest

from engine.decisions.policies.parameters import make_policy
from engine.decisions.policies.policy import Policy, Post, Stop
from engine.errors import Reason
from engine.model.graph import Execution
from engine.model.graph import Policy as Name
from tests.support.policy_views import BID, LOT, S, view_at


def iceberg(display: int | None = None) -> Policy:
    return make_policy(Execution(policy=Name.ICEBERG, display_qty_1e8=display), limit=True)


@pytest.mark.parametrize(
    ("display", "target", "tip"),
    [
        (None, 100 * LOT, 10 * LOT),
        (None, 25 * LOT, 2 * LOT),
        (None, 3 * LOT, LOT),
        (7 * LOT, 100 * LOT, 7 * LOT),
        (7 * LOT, 5 * LOT, 5 * LOT),
    ],
)
def test_what_it_shows(display: int | None, target: int, tip: int) -> None:
    assert iceberg(display).start(view_at(0, target))[0] == Post(tip, BID, 2)


def test_the_next_tip_comes_when_the_last_is_gone() -> None:
    policy = iceberg(10 * LOT)
    policy.start(view_at(0, 100 * LOT))
    partly = view_at(S, 90 * LOT, target=100 * LOT, working=4 * LOT, working_price=BID)
    assert not any(isinstance(one, Post) for one in policy.on_attempt_done(partly, Reason.NONE))
    gone = view_at(2 * S, 90 * LOT, target=100 * LOT)
    assert policy.on_attempt_done(gone, Reason.NONE)[0] == Post(10 * LOT, BID, 2)


def test_horizon_and_restart_are_those_of_passive_limit() -> None:
    policy, other = iceberg(LOT), iceberg(LOT)
    policy.start(view_at(0, 100 * LOT))
    other.load(policy.state())
    assert other.state() == policy.state()
    assert other.resume(view_at(S, 100 * LOT))[0] == Post(LOT, BID, 2)
    assert list(other.on_wake(view_at(120 * S, 9 * LOT))) == [Stop(Reason.EXPIRED)]
