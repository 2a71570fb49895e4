"""The parameter table, the factory that reads it, and what contradicts itself."""

from __future__ import annotations

import msgspec
import pytest

from engine.decisions.policies.ioc_sweep import IocSweepPolicy
from engine.decisions.policies.paced import PacedPolicy
from engine.decisions.policies.parameters import (
    PolicyParameters,
    execution_faults,
    make_policy,
)
from engine.decisions.policies.policy import Stop, Wake
from engine.decisions.policies.sor import SorPolicy
from engine.errors import Reason
from engine.model.graph import (
    Execution,
    Pacing,
    ParticipationPacing,
    Policy,
    UniformPacing,
    Urgency,
    VolumePacing,
)
from engine.model.orders import TimeInForce
from tests.support.policy_views import S, view_at

VIEW = view_at(0, 1)
MS = 1_000_000
UNIFORM = UniformPacing(num_slices=2, interval_ms=5)


@pytest.mark.parametrize(
    ("urgency", "horizon_ms"),
    [(Urgency.LOW, 30_000), (Urgency.MEDIUM, 10_000), (Urgency.HIGH, 3_000)],
)
def test_market_horizon_follows_urgency(urgency: Urgency, horizon_ms: int) -> None:
    policy = make_policy(Execution(urgency=urgency), limit=False)
    assert isinstance(policy, SorPolicy)
    assert policy.start(VIEW)[1] == Wake(horizon_ms * MS)


def test_a_limit_order_works_without_horizon() -> None:
    policy = make_policy(Execution(), limit=True)
    policy.start(VIEW)
    assert Stop(Reason.EXPIRED) not in policy.on_wake(view_at(10**6 * S, 1))


@pytest.mark.parametrize("name", Policy)
def test_a_given_horizon_replaces_the_table(name: Policy) -> None:
    policy = make_policy(Execution(policy=name, horizon_ms=5_000), limit=True)
    policy.start(VIEW)
    # A ladder goes on to its second part first.
    policy.on_wake(view_at(5 * S, 1))
    assert list(policy.on_wake(view_at(9 * S, 1, target=1))) == [Stop(Reason.EXPIRED)]


def test_ioc_sweep_and_the_single_sweep_of_replay() -> None:
    assert isinstance(make_policy(Execution(policy=Policy.IOC_SWEEP), limit=False), IocSweepPolicy)
    single = make_policy(Execution(), limit=False, parameters=PolicyParameters(resweep=False))
    single.start(VIEW)
    assert list(single.on_attempt_done(VIEW, Reason.NONE)) == [Stop(Reason.EXPIRED)]


@pytest.mark.parametrize("name", Policy)
def test_every_policy_can_be_paced(name: Policy) -> None:
    paced = make_policy(Execution(policy=name, pacing=Pacing(uniform=UNIFORM)), limit=False)
    assert isinstance(paced, PacedPolicy)
    assert list(paced.start(VIEW)) == [Wake(5 * MS)]


def test_the_table_is_configuration() -> None:
    table = msgspec.convert({"passive_horizon_ms": [1, 2, 3]}, PolicyParameters)
    policy = make_policy(Execution(policy=Policy.PASSIVE_LIMIT), limit=False, parameters=table)
    policy.start(VIEW)
    assert list(policy.on_wake(view_at(2 * MS, 1))) == [Stop(Reason.EXPIRED)]
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"passive_horizon": [1, 2, 3]}, PolicyParameters)


@pytest.mark.parametrize(
    ("execution", "paths"),
    [
        (Execution(), []),
        (Execution(policy=Policy.IOC_SWEEP, tif=TimeInForce.FOK), []),
        (Execution(policy=Policy.PASSIVE_LIMIT, tif=TimeInForce.IOC), ["tif"]),
        (Execution(policy=Policy.TIME_DRIP, tif=TimeInForce.FOK), ["tif"]),
        (Execution(policy=Policy.AGGRESSIVE_CHASE, tif=TimeInForce.IOC), []),
        (Execution(display_qty_1e8=5), ["display_qty_1e8"]),
        (Execution(policy=Policy.ICEBERG, display_qty_1e8=5), []),
        (Execution(policy=Policy.ICEBERG, display_qty_1e8=0), ["display_qty_1e8"]),
        (Execution(horizon_ms=0), ["horizon_ms"]),
        (Execution(pacing=Pacing()), ["pacing"]),
        (Execution(pacing=Pacing(uniform=UNIFORM)), []),
        (
            Execution(pacing=Pacing(uniform=UNIFORM, pov=ParticipationPacing(participation_bps=1))),
            ["pacing"],
        ),
        (Execution(tif=TimeInForce.FOK, pacing=Pacing(uniform=UNIFORM)), ["tif"]),
        (
            Execution(pacing=Pacing(uniform=UniformPacing(num_slices=0, interval_ms=0))),
            ["pacing.uniform.num_slices", "pacing.uniform.interval_ms"],
        ),
        (
            Execution(pacing=Pacing(vwap=VolumePacing(num_slices=1_001, interval_ms=1))),
            ["pacing.vwap.num_slices"],
        ),
        (
            Execution(pacing=Pacing(pov=ParticipationPacing(participation_bps=0, interval_ms=0))),
            ["pacing.pov.participation_bps", "pacing.pov.interval_ms"],
        ),
        (
            Execution(pacing=Pacing(pov=ParticipationPacing(participation_bps=10_001))),
            ["pacing.pov.participation_bps"],
        ),
    ],
)
def test_contradictions_are_named_with_their_path(execution: Execution, paths: list[str]) -> None:
    faults = execution_faults(execution, limit=False)
    assert [path for path, _ in faults] == paths
    assert all(sentence for _, sentence in faults)
