"""The sor policy: sweep, watch, sweep again at the pace, end by tif or horizon."""

from __future__ import annotations

import pytest

from engine.decisions.policies.policy import CancelWorking, Route, Stop, Wake, Watch
from engine.decisions.policies.sor import SorPolicy
from engine.errors import Reason
from engine.model.orders import TimeInForce
from tests.support.policy_views import S, view_at


def market_policy(**changes: object) -> SorPolicy:
    fields: dict[str, object] = {
        "horizon_ns": 10 * S,
        "resweep_ns": S // 2,
        "tif": TimeInForce.GTC,
        "limit": False,
    }
    return SorPolicy(**(fields | changes))  # type: ignore[arg-type]  # a table of keywords


def test_it_starts_with_everything_and_its_deadline() -> None:
    actions = market_policy().start(view_at(5 * S, 100))
    assert list(actions) == [Route(100, TimeInForce.GTC, rest=False), Wake(15 * S)]


def test_new_size_is_swept_at_the_pace_and_not_faster() -> None:
    policy = market_policy()
    policy.start(view_at(0, 100))
    assert list(policy.on_attempt_done(view_at(1, 40), Reason.NO_LIQUIDITY)) == [Watch()]
    assert list(policy.on_liquidity(view_at(S // 4, 40))) == [Wake(S // 2)]
    late = policy.on_wake(view_at(S // 2, 40))
    assert list(late) == [Route(40, TimeInForce.GTC, rest=False), Wake(10 * S)]


def test_the_horizon_ends_it() -> None:
    policy = market_policy()
    policy.start(view_at(0, 100))
    assert list(policy.on_wake(view_at(10 * S, 100))) == [Stop(Reason.EXPIRED)]


@pytest.mark.parametrize("tif", [TimeInForce.IOC, TimeInForce.FOK])
def test_immediate_orders_get_one_sweep(tif: TimeInForce) -> None:
    policy = market_policy(tif=tif)
    assert policy.start(view_at(0, 100))[0] == Route(100, tif, rest=False)
    stop = policy.on_attempt_done(view_at(1, 40), Reason.NO_LIQUIDITY)
    assert list(stop) == [Stop(Reason.NO_LIQUIDITY)]
    assert list(policy.resume(view_at(1, 40))) == [Stop(Reason.EXPIRED)]


def test_without_resweep_it_ends_after_the_first() -> None:
    policy = market_policy(resweep_ns=None)
    policy.start(view_at(0, 100))
    assert list(policy.on_attempt_done(view_at(1, 40), Reason.NONE)) == [Stop(Reason.EXPIRED)]


def test_a_limit_order_rests_and_is_pulled_before_it_sweeps_again() -> None:
    policy = market_policy(limit=True, horizon_ns=None)
    assert policy.start(view_at(0, 100))[0] == Route(100, TimeInForce.GTC, rest=True)
    assert list(policy.on_liquidity(view_at(S, 0, working=60))) == [CancelWorking()]
    again = policy.on_attempt_done(view_at(S, 60), Reason.NONE)
    assert again[0] == Route(60, TimeInForce.GTC, rest=True)


def test_what_rests_whole_is_watched_from_the_next_look_on() -> None:
    policy = market_policy(limit=True, horizon_ns=None)
    assert policy.start(view_at(0, 100))[1] == Wake(S // 2)
    assert list(policy.on_wake(view_at(S // 2, 0, working=100))) == [Watch()]
    assert list(policy.on_wake(view_at(S, 0, working=100))) == []


def test_pulling_for_nothing_doubles_the_pace() -> None:
    policy = market_policy(limit=True, horizon_ns=None)
    policy.start(view_at(0, 100))
    assert list(policy.on_liquidity(view_at(S, 0, working=100))) == [CancelWorking()]
    policy.on_attempt_done(view_at(S, 100), Reason.NONE)
    assert list(policy.on_liquidity(view_at(S + S // 2, 0, working=100))) == [Wake(2 * S)]
    assert list(policy.on_wake(view_at(2 * S, 0, working=100))) == [CancelWorking()]


def test_a_rest_that_no_venue_takes_ends_the_order() -> None:
    policy = market_policy(limit=True, horizon_ns=None)
    policy.start(view_at(0, 100))
    below = Reason.BELOW_MINIMUM
    assert list(policy.on_attempt_done(view_at(1, 1), below)) == [Stop(below)]
    assert list(policy.on_attempt_done(view_at(1, 1, working=5), below)) == [Watch()]


def test_what_the_target_grew_by_is_swept_at_once() -> None:
    policy = market_policy()
    policy.start(view_at(0, 100))
    assert policy.on_target(view_at(1, 30))[0] == Route(30, TimeInForce.GTC, rest=False)
    assert list(policy.on_target(view_at(2, 30, in_flight=True))) == []
    done = policy.on_attempt_done(view_at(3, 45), Reason.NO_LIQUIDITY)
    assert done[0] == Route(45, TimeInForce.GTC, rest=False)


def test_resuming_sweeps_what_is_free_or_ends_at_a_past_horizon() -> None:
    policy = market_policy()
    policy.start(view_at(0, 100))
    assert policy.resume(view_at(3 * S, 70))[0] == Route(70, TimeInForce.GTC, rest=False)
    assert list(policy.resume(view_at(11 * S, 70))) == [Stop(Reason.EXPIRED)]
    resting = market_policy(limit=True, horizon_ns=None)
    resting.start(view_at(0, 100))
    assert list(resting.resume(view_at(S, 0, working=100))) == [Watch()]


def test_a_loaded_policy_goes_on_like_the_saved_one() -> None:
    policy = market_policy()
    policy.start(view_at(3, 100))
    other = market_policy()
    other.load(policy.state())
    assert other.state() == policy.state()
    assert list(other.on_wake(view_at(10 * S + 3, 100))) == [Stop(Reason.EXPIRED)]


def test_a_limit_order_that_stands_nowhere_is_put_on_a_book_again_ever_slower() -> None:
    policy = market_policy(limit=True, horizon_ns=None)
    policy.start(view_at(0, 100))
    now_ns = 1
    pauses = []
    for _ in range(9):
        # Its venue has cancelled it, or no venue takes it now.
        (wake,) = policy.on_attempt_done(view_at(now_ns, 100), Reason.NONE)
        assert isinstance(wake, Wake)
        pauses.append(wake.at_ns - now_ns + 1)
        route = policy.on_wake(view_at(wake.at_ns, 100))[0]
        assert route == Route(100, TimeInForce.GTC, rest=True)
        now_ns = wake.at_ns + 1
    half = S // 2
    assert pauses[:3] == [half, 2 * half, 4 * half]
    assert pauses[-1] == pauses[-2] == 64 * half
