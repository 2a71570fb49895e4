"""The parameter table and the factory that reads it."""

from __future__ import annotations

import pytest

from engine.decisions.policies.ioc_sweep import IocSweepPolicy
from engine.decisions.policies.parameters import PolicyParameters, make_policy
from engine.decisions.policies.policy import PolicyView, Wake
from engine.decisions.policies.sor import SorPolicy
from engine.model.graph import Execution, Policy, Urgency

VIEW = PolicyView(0, 1, 0)
MS = 1_000_000


@pytest.mark.parametrize(
    ("urgency", "horizon_ms"),
    [(Urgency.LOW, 30_000), (Urgency.MEDIUM, 10_000), (Urgency.HIGH, 3_000)],
)
def test_market_horizon_follows_urgency(urgency: Urgency, horizon_ms: int) -> None:
    policy = make_policy(Execution(urgency=urgency), limit=False)
    assert isinstance(policy, SorPolicy)
    assert policy.start(VIEW)[1] == Wake(horizon_ms * MS)


def test_a_given_horizon_replaces_the_table() -> None:
    policy = make_policy(Execution(horizon_ms=5), limit=True)
    assert policy.start(VIEW)[1] == Wake(5 * MS)


def test_a_limit_order_works_without_horizon() -> None:
    assert len(make_policy(Execution(), limit=True).start(VIEW)) == 1


def test_ioc_sweep_and_the_single_sweep_of_replay() -> None:
    assert isinstance(make_policy(Execution(policy=Policy.IOC_SWEEP), limit=False), IocSweepPolicy)
    single = make_policy(Execution(), limit=False, parameters=PolicyParameters(resweep=False))
    assert isinstance(single, SorPolicy)
