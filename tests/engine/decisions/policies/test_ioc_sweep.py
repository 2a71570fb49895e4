"""One wave, no second, and a bound on the wait for answers."""

from __future__ import annotations

import pytest

from engine.decisions.policies.ioc_sweep import IocSweepPolicy
from engine.decisions.policies.policy import Route, Stop, Wake
from engine.errors import Reason
from engine.model.orders import TimeInForce
from tests.support.policy_views import view_at

VIEW = view_at(7, 100)
EXPIRED = [Stop(Reason.EXPIRED)]


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
    policy.start(VIEW)
    assert list(policy.on_attempt_done(VIEW, Reason.NONE)) == EXPIRED
    assert list(policy.on_attempt_done(VIEW, Reason.KILL_SWITCH)) == [Stop(Reason.KILL_SWITCH)]
    assert list(policy.on_wake(view_at(9, 100))) == [Wake(10)]
    assert list(policy.on_wake(view_at(10, 100))) == EXPIRED


def test_what_the_target_grew_by_gets_a_wave_of_its_own() -> None:
    policy = IocSweepPolicy(horizon_ns=3, tif=TimeInForce.IOC)
    policy.start(VIEW)
    assert list(policy.on_target(view_at(8, 20, target=120, filled=0, in_flight=True))) == []
    wave = policy.on_attempt_done(view_at(9, 60, target=120), Reason.NO_LIQUIDITY)
    assert list(wave) == [Route(20, TimeInForce.IOC, rest=False), Wake(12)]
    done = policy.on_attempt_done(view_at(9, 40, target=120), Reason.NO_LIQUIDITY)
    assert list(done) == [Stop(Reason.NO_LIQUIDITY)]


def test_resuming_after_the_wave_ends_it_and_before_sends_it() -> None:
    fresh = IocSweepPolicy(horizon_ns=3, tif=TimeInForce.IOC)
    assert fresh.resume(VIEW)[0] == Route(100, TimeInForce.IOC, rest=False)
    loaded = IocSweepPolicy(horizon_ns=3, tif=TimeInForce.IOC)
    loaded.load(fresh.state())
    assert loaded.state() == fresh.state()
    assert list(loaded.resume(VIEW)) == EXPIRED
