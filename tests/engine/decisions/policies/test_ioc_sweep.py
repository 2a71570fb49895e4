"""One wave, no second, and a bound on the wait for answers."""

from __future__ import annotations

import msgspec
import pytest

from engine.decisions.policies.ioc_sweep import IocSweepPolicy
from engine.decisions.policies.policy import PolicyView, Route, Stop, Wake
from engine.errors import Reason
from engine.model.orders import TimeInForce

VIEW = PolicyView(7, 100, 0)


@pytest.mark.parametrize(
    ("asked", "sent"),
    [
        (TimeInForce.GTC, TimeInForce.IOC),
        (TimeInForce.IOC, TimeInForce.IOC),
        (TimeInForce.FOK, TimeInForce.FOK),
    ],
)
def test_it_sends_everything_once(asked: TimeInForce, sent: TimeInForce) -> None:
    policy = IocSweepPolicy(horizon_ns=3, tif=asked)
    assert list(policy.start(VIEW)) == [Route(100, sent, rest=False), Wake(10)]
    assert list(policy.on_liquidity(VIEW)) == []


def test_what_it_did_not_take_is_not_asked_for_again() -> None:
    policy = IocSweepPolicy(horizon_ns=3, tif=TimeInForce.IOC)
    assert list(policy.on_attempt_done(VIEW, Reason.NONE)) == [Stop(Reason.EXPIRED)]
    assert list(policy.on_attempt_done(VIEW, Reason.KILL_SWITCH)) == [Stop(Reason.KILL_SWITCH)]
    assert list(policy.on_wake(VIEW)) == [Stop(Reason.EXPIRED)]
    assert msgspec.msgpack.decode(policy.state()) == [3]
