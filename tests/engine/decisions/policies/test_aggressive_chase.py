"""The chase by its table: first at the touch, a step deeper each period, never past the cap."""

from __future__ import annotations

import pytest

from engine.decisions.policies.parameters import make_policy
from engine.decisions.policies.policy import CancelWorking, Policy, Route, Stop, Wake
from engine.errors import Reason
from engine.model.graph import Execution, Urgency
from engine.model.graph import Policy as Name
from engine.model.orders import TimeInForce
from engine.model.units import Side
from tests.support.policy_views import ASK, BID, MS, TICK, S, StatedMarket, view_at

# Two basis points of the touch, up to the next tick.
STEP = 1_281 * TICK


def chase(urgency: Urgency, *, event: bool = False) -> Policy:
    execution = Execution(policy=Name.AGGRESSIVE_CHASE, urgency=urgency)
    return make_policy(execution, limit=False, event=event)


@pytest.mark.parametrize(
    ("urgency", "bps", "period_ms", "horizon_s"),
    [(Urgency.LOW, 1, 2_000, 30), (Urgency.MEDIUM, 2, 1_000, 10), (Urgency.HIGH, 4, 250, 5)],
)
def test_steps_periods_and_horizons(
    urgency: Urgency, bps: int, period_ms: int, horizon_s: int
) -> None:
    policy = chase(urgency)
    first = policy.start(view_at(0, 100))
    assert list(first) == [
        Route(100, TimeInForce.IOC, rest=False, limit_1e9=ASK),
        Wake(period_ms * MS),
    ]
    # Asked before its period it only says when to come back.
    assert list(policy.on_attempt_done(view_at(1, 100), Reason.NONE)) == [Wake(period_ms * MS)]
    second = policy.on_wake(view_at(period_ms * MS, 100))[0]
    assert isinstance(second, Route)
    assert second.limit_1e9 is not None
    step = second.limit_1e9 - ASK
    assert 0 <= step - ASK * bps // 10_000 < TICK
    assert step % TICK == 0
    assert list(policy.on_wake(view_at(horizon_s * S, 100))) == [Stop(Reason.EXPIRED)]


def test_it_starts_at_the_best_price_that_is_not_the_engines_own() -> None:
    market = StatedMarket()
    market.behind_own = ASK + 7 * TICK
    first = chase(Urgency.LOW).start(view_at(0, 100, market=market))[0]
    assert first == Route(100, TimeInForce.IOC, rest=False, limit_1e9=ASK + 7 * TICK)


@pytest.mark.parametrize(
    ("urgency", "ticks"), [(Urgency.LOW, 1), (Urgency.MEDIUM, 1), (Urgency.HIGH, 2)]
)
def test_events_step_in_ticks(urgency: Urgency, ticks: int) -> None:
    market = StatedMarket(event=True)
    market.bid, market.ask = 50 * TICK, 53 * TICK
    policy = chase(urgency, event=True)
    policy.start(view_at(0, 100, market=market, side=Side.SELL))
    second = policy.on_wake(view_at(2 * S, 100, market=market, side=Side.SELL))[0]
    assert isinstance(second, Route)
    assert second.limit_1e9 == (50 - ticks) * TICK


def limit_after(policy: Policy, now_ns: int, filled: int, cap: int | None = None) -> int | None:
    view = view_at(now_ns, 1_000 - filled, target=1_000, cap=cap)
    action = policy.on_wake(view)[0]
    assert isinstance(action, Route)
    return action.limit_1e9


def test_a_child_that_fills_half_brings_it_back_to_the_touch() -> None:
    policy = chase(Urgency.MEDIUM)
    policy.start(view_at(0, 1_000))
    step = STEP
    assert limit_after(policy, S, 499) == ASK + step
    # 250 of 501 are less than half, 126 of 251 are not.
    assert limit_after(policy, 2 * S, 749) == ASK + 2 * step
    assert limit_after(policy, 3 * S, 875) == ASK


def test_it_stays_at_the_cap_and_does_not_climb_behind_it() -> None:
    policy = chase(Urgency.MEDIUM)
    cap = ASK + 3 * TICK
    policy.start(view_at(0, 1_000, cap=cap))
    for second in range(1, 6):
        assert limit_after(policy, second * S, 0, cap) == cap
    # One step was taken before the cap held it.
    assert limit_after(policy, 6 * S, 0, ASK * 2) == ASK + STEP


def test_beyond_the_cap_or_without_a_touch_it_waits_a_period() -> None:
    market = StatedMarket()
    policy = chase(Urgency.MEDIUM)
    assert list(policy.start(view_at(0, 100, market=market, cap=BID))) == [Wake(S)]
    market.ask = None
    assert list(policy.on_wake(view_at(S, 100, market=market))) == [Wake(2 * S)]


def test_what_rests_from_before_is_pulled_first() -> None:
    policy = chase(Urgency.MEDIUM)
    assert policy.start(view_at(0, 50, working=50))[0] == CancelWorking()


def test_too_little_for_any_venue_ends_it() -> None:
    policy = chase(Urgency.MEDIUM)
    policy.start(view_at(0, 100))
    below = Reason.BELOW_MINIMUM
    assert list(policy.on_attempt_done(view_at(1, 1, target=100), below)) == [Stop(below)]


def test_it_goes_on_after_a_restart_at_its_step() -> None:
    policy, other = chase(Urgency.MEDIUM), chase(Urgency.MEDIUM)
    policy.start(view_at(0, 1_000))
    limit_after(policy, S, 0)
    other.load(policy.state())
    assert other.state() == policy.state()
    view = view_at(2 * S, 1_000)
    assert list(other.resume(view)) == list(policy.resume(view))
