"""The passive policy by its table: post, follow, repeat a refused post, end."""

from __future__ import annotations

import pytest

from engine.decisions.policies.parameters import make_policy
from engine.decisions.policies.policy import CancelWorking, Policy, Post, Stop, Wake
from engine.errors import Reason
from engine.model.graph import Execution, Urgency
from engine.model.graph import Policy as Name
from tests.support.policy_views import BID, MS, TICK, S, StatedMarket, view_at


def passive(urgency: Urgency) -> Policy:
    return make_policy(Execution(policy=Name.PASSIVE_LIMIT, urgency=urgency), limit=False)


@pytest.mark.parametrize(
    ("urgency", "price", "venues", "horizon_s"),
    [
        (Urgency.LOW, BID, 1, 600),
        (Urgency.MEDIUM, BID, 2, 120),
        (Urgency.HIGH, BID + TICK, 2, 30),
    ],
)
def test_first_post_and_horizon(urgency: Urgency, price: int, venues: int, horizon_s: int) -> None:
    market = StatedMarket()
    market.ask = BID + 3 * TICK
    policy = passive(urgency)
    assert policy.start(view_at(0, 50, market=market))[0] == Post(50, price, venues)
    alive = policy.on_wake(view_at(horizon_s * S - 1, 0, working=50, working_price=price))
    assert Stop(Reason.EXPIRED) not in alive
    over = policy.on_wake(view_at(horizon_s * S, 0, working=50, working_price=price))
    assert list(over) == [Stop(Reason.EXPIRED)]


@pytest.mark.parametrize(
    ("urgency", "ticks", "hold_ms"),
    [(Urgency.MEDIUM, 2, 2_000), (Urgency.HIGH, 1, 500), (Urgency.LOW, 9, None)],
)
def test_when_it_follows(urgency: Urgency, ticks: int, hold_ms: int | None) -> None:
    market, policy = StatedMarket(), passive(urgency)
    policy.start(view_at(0, 50, market=market))
    market.bid, market.ask = BID + ticks * TICK, BID + (ticks + 1) * TICK

    def look(now_ns: int) -> bool:
        view = view_at(now_ns, 0, market=market, working=50, working_price=BID)
        return CancelWorking() in policy.on_wake(view)

    assert not look(S)
    if hold_ms is None:
        assert not look(60 * S)
        return
    assert not look(S + hold_ms * MS - 1)
    assert look(S + hold_ms * MS)
    again = policy.on_attempt_done(view_at(4 * S, 50, market=market), Reason.NONE)
    assert isinstance(again[0], Post)
    assert again[0].price_1e9 == market.bid


def test_a_refused_post_is_repeated_after_100_ms_and_ten_times_at_most() -> None:
    policy = passive(Urgency.MEDIUM)
    policy.start(view_at(0, 50))
    now_ns = 0
    for _ in range(9):
        wait = policy.on_attempt_done(view_at(now_ns, 50), Reason.POST_ONLY)
        assert list(wait) == [Wake(now_ns + 100 * MS)]
        now_ns += 100 * MS
        assert isinstance(policy.on_wake(view_at(now_ns, 50))[0], Post)
    last = policy.on_attempt_done(view_at(now_ns, 50), Reason.POST_ONLY)
    assert list(last) == [Stop(Reason.POST_ONLY)]


def test_nothing_is_posted_while_an_answer_is_awaited() -> None:
    policy = passive(Urgency.MEDIUM)
    policy.start(view_at(0, 50))
    view = view_at(1, 20, in_flight=True)
    for actions in (policy.on_wake(view), policy.on_target(view), policy.on_liquidity(view)):
        assert [type(one) for one in actions] == [Wake]
    assert policy.on_target(view_at(2, 20, working=50, working_price=BID))[0] == Post(20, BID, 2)


def test_it_goes_on_after_a_restart() -> None:
    policy, other = passive(Urgency.MEDIUM), passive(Urgency.MEDIUM)
    policy.start(view_at(0, 50))
    other.load(policy.state())
    assert other.state() == policy.state()
    assert other.resume(view_at(S, 30, working=20, working_price=BID))[0] == Post(30, BID, 2)
    assert list(other.resume(view_at(120 * S, 30))) == [Stop(Reason.EXPIRED)]
