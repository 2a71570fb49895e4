"""The drip by its table: rounds, when it crosses, child sizes, the final chase."""

from __future__ import annotations

import pytest

from engine.decisions.policies.parameters import make_policy
from engine.decisions.policies.policy import CancelWorking, Policy, Post, Route, Stop, Wake
from engine.errors import Reason
from engine.model.graph import Execution, Urgency
from engine.model.graph import Policy as Name
from engine.model.orders import TimeInForce
from tests.support.policy_views import ASK, BID, LOT, MS, TICK, S, StatedMarket, view_at

Q = 1_200 * LOT


def drip(urgency: Urgency) -> Policy:
    return make_policy(Execution(policy=Name.TIME_DRIP, urgency=urgency), limit=False)


def wide() -> StatedMarket:
    """A spread of nine ticks where one is usual: crossing is dear."""
    market = StatedMarket()
    market.ask = BID + 9 * TICK
    return market


@pytest.mark.parametrize(
    ("urgency", "interval_ms", "horizon_s"),
    [(Urgency.LOW, 5_000, 600), (Urgency.MEDIUM, 2_000, 120), (Urgency.HIGH, 500, 15)],
)
def test_rounds_chase_and_end(urgency: Urgency, interval_ms: int, horizon_s: int) -> None:
    policy = drip(urgency)
    assert list(policy.start(view_at(0, Q))) == [Wake(interval_ms * MS)]
    assert not any(isinstance(one, Route | Post) for one in policy.on_wake(view_at(1, Q)))
    first = policy.on_wake(view_at(interval_ms * MS, Q))[0]
    assert isinstance(first, Route | Post)
    assert first.qty_1e8 <= Q * interval_ms // (horizon_s * 1_000)
    chase = policy.on_wake(view_at(horizon_s * S * 9 // 10, Q))[0]
    assert chase == Route(Q, TimeInForce.IOC, rest=False, limit_1e9=ASK)
    assert list(policy.on_wake(view_at(horizon_s * S, Q))) == [Stop(Reason.EXPIRED)]


@pytest.mark.parametrize(
    ("urgency", "pct"), [(Urgency.LOW, 50), (Urgency.MEDIUM, 100), (Urgency.HIGH, 200)]
)
def test_a_cheap_spread_is_crossed(urgency: Urgency, pct: int) -> None:
    for usual, crosses in ((4 * TICK * 100 // pct, True), (4 * TICK * 100 // pct - TICK, False)):
        market = StatedMarket()
        market.ask, market.usual_spread = BID + 4 * TICK, usual
        policy = drip(urgency)
        policy.start(view_at(0, Q, market=market))
        action = policy.on_wake(view_at(5 * S, Q, market=market))[0]
        # High urgency crosses whenever it is behind, whatever the spread.
        late = urgency is Urgency.HIGH
        assert isinstance(action, Route if crosses or late else Post)


def test_it_crosses_to_the_best_price_that_is_not_the_engines_own() -> None:
    """An own order inside the spread makes crossing no cheaper, and is not what is crossed to."""
    for usual, crosses in ((9 * TICK, True), (8 * TICK, False)):
        market = wide()
        market.ask, market.behind_own, market.usual_spread = BID + TICK, BID + 9 * TICK, usual
        policy = drip(Urgency.MEDIUM)
        policy.start(view_at(0, Q, market=market))
        action = policy.on_wake(view_at(5 * S, Q, market=market))[0]
        assert isinstance(action, Route if crosses else Post)
        if isinstance(action, Route):
            assert action.limit_1e9 == BID + 9 * TICK


@pytest.mark.parametrize(
    ("urgency", "horizon_s", "pct"), [(Urgency.LOW, 600, 20), (Urgency.MEDIUM, 120, 10)]
)
def test_being_behind_the_line_makes_it_cross(urgency: Urgency, horizon_s: int, pct: int) -> None:
    market = wide()
    policy = drip(urgency)
    policy.start(view_at(0, Q, market=market))
    at_ns = horizon_s * S * 30 // 100
    line = Q * 30 // 100
    on_limit = line - Q * pct // 100
    post = policy.on_wake(view_at(at_ns, Q - on_limit, target=Q, market=market))[0]
    assert isinstance(post, Post)
    other = drip(urgency)
    other.start(view_at(0, Q, market=market))
    filled = on_limit - LOT
    route = other.on_wake(view_at(at_ns, Q - filled, target=Q, market=market))[0]
    assert isinstance(route, Route)
    assert route.limit_1e9 == market.ask


@pytest.mark.parametrize(
    ("urgency", "pct"), [(Urgency.LOW, 25), (Urgency.MEDIUM, 50), (Urgency.HIGH, 100)]
)
def test_a_child_is_bounded_by_the_far_touch(urgency: Urgency, pct: int) -> None:
    market = wide()
    market.far_qty = 8 * LOT
    policy = drip(urgency)
    policy.start(view_at(0, Q, market=market))
    # One round, late enough for a large deficit.
    action = policy.on_wake(view_at(10 * S, Q, market=market))[0]
    assert isinstance(action, Route | Post)
    assert action.qty_1e8 == 8 * LOT * pct // 100


def test_crossing_pulls_what_rests_and_waits_for_the_proof() -> None:
    market = StatedMarket()
    policy = drip(Urgency.MEDIUM)
    policy.start(view_at(0, Q, market=market))
    rests = view_at(2 * S, Q - 5 * LOT, working=5 * LOT, working_price=BID, market=market)
    assert policy.on_wake(rests)[0] == CancelWorking()
    proven = policy.on_attempt_done(view_at(3 * S, Q, market=market), Reason.NONE)
    assert proven[0] == Route(20 * LOT, TimeInForce.IOC, rest=False, limit_1e9=ASK)


def test_a_refused_post_is_repeated_in_its_round_and_a_filled_one_is_not() -> None:
    market = wide()
    policy = drip(Urgency.MEDIUM)
    policy.start(view_at(0, Q, market=market))
    posted = policy.on_wake(view_at(2 * S, Q, market=market))[0]
    assert posted == Post(20 * LOT, BID, 2)
    policy.on_attempt_done(view_at(2 * S, Q, market=market), Reason.POST_ONLY)
    again = policy.on_wake(view_at(2 * S + 100 * MS, Q, market=market))[0]
    assert again == posted
    done = policy.on_attempt_done(
        view_at(3 * S, Q - 20 * LOT, target=Q, market=market), Reason.NONE
    )
    assert [type(one) for one in done] == [Wake]


def test_missed_rounds_are_one_round() -> None:
    market = wide()
    policy, other = drip(Urgency.MEDIUM), drip(Urgency.MEDIUM)
    policy.start(view_at(0, Q, market=market))
    other.load(policy.state())
    assert other.state() == policy.state()
    actions = other.resume(view_at(11 * S, Q, market=market))
    assert sum(isinstance(one, Route | Post) for one in actions) == 1
    done = view_at(11 * S, Q - 110 * LOT, target=Q, market=market)
    assert [type(one) for one in other.on_attempt_done(done, Reason.NONE)] == [Wake]
    caught_up = view_at(12 * S, Q - 120 * LOT, target=Q, market=market)
    assert [type(one) for one in other.on_wake(caught_up)] == [Wake]
