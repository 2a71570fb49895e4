"""The ladder: passive at one venue, then the proof of the cancel, then the chase."""

from __future__ import annotations

import pytest

from engine.decisions.policies.parameters import make_policy
from engine.decisions.policies.policy import CancelWorking, Policy, Post, Route, Stop
from engine.errors import Reason
from engine.model.graph import Execution, Urgency
from engine.model.graph import Policy as Name
from engine.model.orders import TimeInForce
from tests.support.policy_views import ASK, BID, MS, S, view_at

TABLE = [(Urgency.LOW, 300, 30), (Urgency.MEDIUM, 60, 10), (Urgency.HIGH, 10, 5)]


def ladder(urgency: Urgency = Urgency.MEDIUM, horizon_ms: int | None = None) -> Policy:
    execution = Execution(policy=Name.PASSIVE_LADDER, urgency=urgency, horizon_ms=horizon_ms)
    return make_policy(execution, limit=False)


@pytest.mark.parametrize(("urgency", "passive_s", "chase_s"), TABLE)
def test_the_two_horizons_with_the_proof_between(
    urgency: Urgency, passive_s: int, chase_s: int
) -> None:
    policy = ladder(urgency)
    assert policy.start(view_at(0, 100))[0] == Post(100, BID, 1)
    quiet = policy.on_wake(view_at(passive_s * S - 1, 0, working=100, working_price=BID))
    assert CancelWorking() not in quiet
    pulled = policy.on_wake(view_at(passive_s * S, 0, working=100, working_price=BID))
    assert pulled[0] == CancelWorking()
    # The cancel is on its way: nothing is sent before its proof.
    waiting = policy.on_wake(view_at(passive_s * S + S, 0, target=100, filled=0, in_flight=True))
    assert not any(isinstance(one, Route) for one in waiting)
    begun_ns = (passive_s + 1) * S
    chasing = policy.on_attempt_done(view_at(begun_ns, 100), Reason.NONE)
    assert chasing[0] == Route(100, TimeInForce.IOC, rest=False, limit_1e9=ASK)
    end_ns = begun_ns + chase_s * S
    assert Stop(Reason.EXPIRED) not in policy.on_wake(view_at(end_ns - 1, 100))
    assert list(policy.on_wake(view_at(end_ns, 100))) == [Stop(Reason.EXPIRED)]


def test_a_horizon_of_the_clients_is_divided_like_the_table() -> None:
    policy = ladder(horizon_ms=7_000)
    policy.start(view_at(0, 100))
    passive = policy.on_wake(view_at(5_999 * MS, 0, working=100, working_price=BID))
    assert CancelWorking() not in passive
    assert policy.on_wake(view_at(6 * S, 100))[0] == Route(
        100, TimeInForce.IOC, rest=False, limit_1e9=ASK
    )


def test_a_proof_that_never_comes_ends_it_three_seconds_late() -> None:
    policy = ladder()
    policy.start(view_at(0, 100))
    policy.on_wake(view_at(60 * S, 0, working=100, working_price=BID))
    lost = view_at(73 * S, 0, target=100, filled=0, in_flight=True)
    assert list(policy.on_wake(lost)) == [Stop(Reason.EXPIRED)]


def test_giving_up_passively_is_not_the_end() -> None:
    policy = ladder()
    policy.start(view_at(0, 100))
    actions = policy.on_attempt_done(view_at(1, 100), Reason.BELOW_MINIMUM)
    assert isinstance(actions[0], Route)


def test_each_phase_survives_a_restart() -> None:
    policy = ladder()
    policy.start(view_at(0, 100))
    for now_ns, working in ((S, 100), (60 * S, 100), (61 * S, 0)):
        other = ladder()
        other.load(policy.state())
        assert other.state() == policy.state()
        view = view_at(now_ns, 100 - working, working=working, working_price=BID)
        assert list(other.resume(view)) == list(policy.resume(view))
        assert list(other.on_target(view)) == list(policy.on_target(view))
