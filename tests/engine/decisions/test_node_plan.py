"""A node's worst price: the tighter of limit and cap, on the passive side of the tick."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.decisions.node_ledger import NodeLedger
from engine.decisions.node_plan import (
    NodeIdentity,
    ending,
    final_status,
    node_changed,
    node_worst_price,
    route_intent,
    worst_price,
)
from engine.decisions.policies.policy import Route
from engine.errors import Reason
from engine.model.graph import Node, NodeStatus, Urgency
from engine.model.instruments import Environment
from engine.model.orders import TimeInForce
from engine.model.units import Side
from tests.support.builders import market, node

TICK = 10_000_000


@given(st.integers(1, 10**15), st.integers(0, 9_999), st.sampled_from(Side))
def test_the_cap_is_never_passed_and_is_the_last_tick_inside(
    baseline_x2: int, bps: int, side: Side
) -> None:
    cap = Fraction(baseline_x2, 2) * (1 + side.sign * Fraction(bps, 10_000))
    worst = worst_price(side, None, baseline_x2, bps, TICK)
    assert worst is not None and worst % TICK == 0
    assert 0 <= (cap - worst) * side.sign < TICK


@pytest.mark.parametrize(
    ("side", "limit", "expected"),
    [
        (Side.BUY, 100 * 10**9, 100 * 10**9),
        (Side.BUY, 102 * 10**9, 101 * 10**9),
        (Side.SELL, 100 * 10**9, 100 * 10**9),
        (Side.SELL, 98 * 10**9, 99 * 10**9),
    ],
)
def test_the_tighter_of_limit_and_cap(side: Side, limit: int, expected: int) -> None:
    assert worst_price(side, limit, 200 * 10**9, 100, TICK) == expected


def test_without_baseline_or_cap_only_the_limit_binds() -> None:
    assert worst_price(Side.BUY, None, None, 100, TICK) is None
    assert worst_price(Side.BUY, 5, None, 100, TICK) == 5
    assert worst_price(Side.BUY, 5, 100, None, TICK) == 5


def test_the_order_id_names_graph_node_and_sequence() -> None:
    identity = NodeIdentity(
        "alice", Environment.SANDBOX, "g1", 1, node(), 0, Side.BUY, 1, 1, None, seq=2
    )
    assert identity.node_order_id == "graph:g1:order:2"


def identity_of(made: Node) -> NodeIdentity:
    return NodeIdentity(
        "alice", Environment.SANDBOX, "g1", 4, made, 2, Side.BUY, 100, 9, None, routing_version=2
    )


def test_an_intent_says_what_the_node_is_and_wants() -> None:
    made = node(100, limit_1e9=7, venue="beta", urgency=Urgency.HIGH)
    wish = route_intent(identity_of(made), 55, 3, Route(40, TimeInForce.IOC, rest=True), 6)
    assert (wish.owner_id, wish.attempt, wish.qty_1e8, wish.rest) == (55, 3, 40, True)
    assert (wish.limit_price_1e9, wish.worst_price_1e9, wish.venue) == (7, 6, "beta")
    assert (wish.router_id, wish.graph_number, wish.node_index) == (9, 4, 2)
    assert (wish.urgency, wish.routing_version, wish.tif) == (2, 2, TimeInForce.IOC)


def test_the_collar_caps_only_a_market_order_without_its_own_cap() -> None:
    book = market({"alpha": ([(99 * 10**9, 5)], [(101 * 10**9, 5)])})
    mid = book.mid_x2()
    assert node_worst_price(identity_of(node()), book, mid, 100) == 101 * 10**9
    assert node_worst_price(identity_of(node(max_slippage_bps=50)), book, mid, 100) == 1005 * 10**8
    assert node_worst_price(identity_of(node(limit_1e9=200 * 10**9)), book, mid, 100) == 200 * 10**9
    assert node_worst_price(identity_of(node()), book, mid, None) is None


@pytest.mark.parametrize(
    ("filled", "reason", "expected"),
    [
        (100, Reason.CANCELLED, NodeStatus.FILLED),
        (99, Reason.CANCELLED, NodeStatus.PARTIAL_FILL),
        (0, Reason.CANCELLED, NodeStatus.CANCELLED),
        (0, Reason.EXPIRED, NodeStatus.CANCELLED),
        (0, Reason.NO_LIQUIDITY, NodeStatus.CANCELLED),
        (0, Reason.FOK_NOT_SINGLE_VENUE, NodeStatus.CANCELLED),
        (0, Reason.NOTIONAL_LIMIT, NodeStatus.REJECTED),
    ],
)
def test_how_a_node_ends(filled: int, reason: Reason, expected: NodeStatus) -> None:
    ledger = NodeLedger(100)
    ledger.filled_qty_1e8 = filled
    assert final_status(ledger, reason) is expected
    changed = node_changed(identity_of(node()), ledger, expected, "why", 3, b"p")
    assert (changed.node_order_id, changed.status) == ("graph:g1:order:1", expected)
    assert (changed.filled_qty_1e8, changed.attempt, changed.policy_state) == (filled, 3, b"p")


def test_an_end_is_told_as_code_and_sentence() -> None:
    assert ending(NodeStatus.FILLED, Reason.NONE, "old") == ""
    assert ending(NodeStatus.CANCELLED, Reason.EXPIRED, "") == "EXPIRED"
    assert ending(NodeStatus.REJECTED, Reason.BAD_VENUE, "no") == "BAD_VENUE: no"
