"""The sor policy: sweep, watch, sweep again at the pace, end by tif or horizon."""

from __future__ import annotations

import msgspec
import pytest

from engine.decisions.policies.policy import (
    CancelWorking,
    PolicyView,
    Route,
    Stop,
    Wake,
    Watch,
)
from engine.decisions.policies.sor import SorPolicy
from engine.errors import Reason
from engine.model.orders import TimeInForce

S = 1_000_000_000


def view(now_ns: int, remaining: int, working: int = 0) -> PolicyView:
    return PolicyView(now_ns, remaining, working)


def market_policy(**changes: object) -> SorPolicy:
    fields: dict[str, object] = {
        "horizon_ns": 10 * S,
        "resweep_ns": S // 2,
        "tif": TimeInForce.GTC,
        "limit": False,
    }
    return SorPolicy(**(fields | changes))  # type: ignore[arg-type]  # a table of keywords


def test_it_starts_with_everything_and_its_deadline() -> None:
    actions = market_policy().start(view(5 * S, 100))
    assert list(actions) == [Route(100, TimeInForce.GTC, rest=False), Wake(15 * S)]


def test_new_size_is_swept_at_the_pace_and_not_faster() -> None:
    policy = market_policy()
    policy.start(view(0, 100))
    assert list(policy.on_attempt_done(view(1, 40), Reason.NO_LIQUIDITY)) == [Watch()]
    early = policy.on_liquidity(view(S // 4, 40))
    assert list(early) == [Wake(S // 2)]
    late = policy.on_wake(view(S // 2, 40))
    assert late[0] == Route(40, TimeInForce.GTC, rest=False)
    assert late[1] == Wake(10 * S)


def test_the_horizon_ends_it() -> None:
    policy = market_policy()
    policy.start(view(0, 100))
    assert list(policy.on_wake(view(10 * S, 100))) == [Stop(Reason.EXPIRED)]


@pytest.mark.parametrize("tif", [TimeInForce.IOC, TimeInForce.FOK])
def test_immediate_orders_get_one_sweep(tif: TimeInForce) -> None:
    policy = market_policy(tif=tif)
    assert policy.start(view(0, 100))[0] == Route(100, tif, rest=False)
    stop = policy.on_attempt_done(view(1, 40), Reason.NO_LIQUIDITY)
    assert list(stop) == [Stop(Reason.NO_LIQUIDITY)]


def test_without_resweep_it_ends_after_the_first() -> None:
    policy = market_policy(resweep_ns=None)
    policy.start(view(0, 100))
    assert list(policy.on_attempt_done(view(1, 40), Reason.NONE)) == [Stop(Reason.EXPIRED)]


def test_a_limit_order_rests_and_is_pulled_before_it_sweeps_again() -> None:
    policy = market_policy(limit=True, horizon_ns=None)
    assert list(policy.start(view(0, 100))) == [Route(100, TimeInForce.GTC, rest=True)]
    assert list(policy.on_liquidity(view(S, 0, working=60))) == [CancelWorking()]
    again = policy.on_attempt_done(view(S, 60), Reason.NONE)
    assert list(again) == [Route(60, TimeInForce.GTC, rest=True)]


def test_a_rest_that_no_venue_takes_ends_the_order() -> None:
    policy = market_policy(limit=True, horizon_ns=None)
    policy.start(view(0, 100))
    assert list(policy.on_attempt_done(view(1, 1), Reason.BELOW_MINIMUM)) == [
        Stop(Reason.BELOW_MINIMUM)
    ]
    assert list(policy.on_attempt_done(view(1, 1, working=5), Reason.BELOW_MINIMUM)) == [Watch()]


def test_its_state_is_packed() -> None:
    policy = market_policy()
    policy.start(view(3, 100))
    assert msgspec.msgpack.decode(policy.state()) == [10 * S + 3, 3, False]
