"""Pacing around an inner policy: slices, their ends, their display."""

from __future__ import annotations

import msgspec

from engine.decisions.policies.paced import (
    PacedPolicy,
    Slice,
    expanded_counts,
    slice_id,
    slices_of,
)
from engine.decisions.policies.parameters import make_policy
from engine.decisions.policies.policy import (
    Action,
    CancelWorking,
    Policy,
    PolicyView,
    Post,
    Rebase,
    Route,
    Stop,
    Wake,
)
from engine.errors import Reason
from engine.model.graph import (
    Execution,
    Graph,
    Pacing,
    ParticipationPacing,
    UniformPacing,
    VolumePacing,
)
from engine.model.graph import Policy as Name
from engine.model.orders import TimeInForce
from tests.support.builders import node as plain_node
from tests.support.policy_views import BID, LOT, S, StatedMarket, view_at

Q = 10 * LOT
TWAP = Pacing(uniform=UniformPacing(num_slices=5, interval_ms=30_000))


def twap(name: Name = Name.SOR) -> Policy:
    return make_policy(Execution(policy=name, pacing=TWAP), limit=False)


def begin(policy: Policy, view: PolicyView) -> list[Action]:
    """The two wakes with which a slice begins."""
    assert list(policy.on_wake(view)) == [Rebase(), Wake(view.now_ns)]
    return list(policy.on_wake(view))


def test_a_twap_waits_one_interval_and_sends_one_slice() -> None:
    policy = twap()
    assert list(policy.start(view_at(0, Q))) == [Wake(30 * S)]
    actions = begin(policy, view_at(30 * S, Q))
    assert actions == [Route(2 * LOT, TimeInForce.GTC, rest=False), Wake(40 * S)]


def test_what_a_slice_leaves_rolls_into_the_next() -> None:
    policy = twap()
    policy.start(view_at(0, Q))
    begin(policy, view_at(30 * S, Q))
    policy.on_attempt_done(view_at(31 * S, Q - LOT, target=Q), Reason.NO_LIQUIDITY)
    # The inner horizon ends the slice, not the node.
    assert list(policy.on_wake(view_at(40 * S, Q - LOT, target=Q))) == [Wake(60 * S)]
    actions = begin(policy, view_at(60 * S, Q - LOT, target=Q))
    assert actions[0] == Route(3 * LOT, TimeInForce.GTC, rest=False)
    first, second = Slice(30 * S, 2 * LOT, 0), Slice(60 * S, 3 * LOT, LOT)
    assert slices_of(policy.state()) == (first, second)


def test_a_slice_that_rests_keeps_working_under_the_next() -> None:
    policy = twap(Name.PASSIVE_LIMIT)
    policy.start(view_at(0, Q))
    assert begin(policy, view_at(30 * S, Q))[0] == Post(2 * LOT, BID, 2)
    rests = view_at(60 * S, Q - 2 * LOT, working=2 * LOT, working_price=BID)
    assert begin(policy, rests)[0] == Post(2 * LOT, BID, 2)


def test_nothing_begins_while_an_answer_is_awaited() -> None:
    policy = twap()
    policy.start(view_at(0, Q))
    waiting = policy.on_wake(view_at(30 * S, Q, target=Q, in_flight=True))
    assert [type(one) for one in waiting] == [Wake]
    assert policy.on_wake(view_at(31 * S, Q))[0] == Rebase()


def test_a_slice_that_ends_with_an_order_out_pulls_it() -> None:
    policy = twap(Name.PASSIVE_LIMIT)
    policy.start(view_at(0, Q))
    begin(policy, view_at(30 * S, Q))
    ended = policy.on_attempt_done(view_at(31 * S, Q, target=Q, filled=0), Reason.BELOW_MINIMUM)
    assert list(ended) == [Wake(60 * S)]
    stray = policy.on_wake(view_at(32 * S, Q - LOT, working=LOT, working_price=BID))
    assert stray[0] == CancelWorking()


def test_the_last_slices_end_is_the_nodes() -> None:
    policy = make_policy(
        Execution(pacing=Pacing(uniform=UniformPacing(num_slices=1, interval_ms=1_000))),
        limit=False,
    )
    policy.start(view_at(0, Q))
    assert begin(policy, view_at(S, Q))[0] == Route(Q, TimeInForce.GTC, rest=False)
    assert list(policy.on_wake(view_at(11 * S, Q))) == [Stop(Reason.EXPIRED)]


def test_a_pause_over_three_slices_begins_one() -> None:
    policy, other = twap(), twap()
    policy.start(view_at(0, Q))
    other.load(policy.state())
    view = view_at(95 * S, Q)
    assert list(other.resume(view)) == [Rebase(), Wake(95 * S)]
    sent = other.on_wake(view)[0]
    assert sent == Route(3 * LOT, TimeInForce.GTC, rest=False)
    assert isinstance(other, PacedPolicy)
    assert len(slices_of(other.state())) == 1


def test_participation_sends_its_share_and_ends_at_its_horizon() -> None:
    market = StatedMarket()
    pov = Pacing(pov=ParticipationPacing(participation_bps=2_500, interval_ms=1_000))
    policy = make_policy(Execution(pacing=pov), limit=False)
    policy.start(view_at(0, Q, market=market))
    assert list(policy.on_wake(view_at(S, Q, market=market))) == [Wake(2 * S)]
    market.traded = 12 * LOT
    actions = begin(policy, view_at(2 * S, Q, market=market))
    assert actions[0] == Route(3 * LOT, TimeInForce.GTC, rest=False)
    over = policy.on_wake(view_at(120 * S, Q, market=market))
    assert list(over) == [Stop(Reason.EXPIRED)]


def test_a_state_in_the_middle_of_a_slice_comes_back() -> None:
    policy, other = twap(), twap()
    policy.start(view_at(0, Q))
    begin(policy, view_at(30 * S, Q))
    other.load(policy.state())
    assert other.state() == policy.state()
    view = view_at(31 * S, Q - LOT, target=Q)
    assert list(other.on_attempt_done(view, Reason.NO_LIQUIDITY)) == list(
        policy.on_attempt_done(view, Reason.NO_LIQUIDITY)
    )


def test_states_of_other_policies_have_no_slices() -> None:
    for name in Name:
        policy = make_policy(Execution(policy=name), limit=False)
        policy.start(view_at(0, Q))
        assert slices_of(policy.state()) == ()
    assert slices_of(b"") == ()


def test_a_graph_counts_its_slices_as_nodes_and_edges() -> None:
    def counts(pacing: Pacing | None) -> tuple[int, int]:
        node = msgspec.structs.replace(plain_node(), execution=Execution(pacing=pacing))
        return expanded_counts(Graph(nodes=(node,)))

    # The documented example: one BTC in ten slices.
    ten = UniformPacing(num_slices=10, interval_ms=30_000)
    assert counts(Pacing(uniform=ten)) == (11, 10)
    assert counts(Pacing(vwap=VolumePacing(num_slices=4, interval_ms=1))) == (5, 4)
    assert counts(Pacing(pov=ParticipationPacing(participation_bps=1))) == (1, 0)
    assert counts(None) == (1, 0)
    assert slice_id("entry", 1) == "entry_slice_1"
