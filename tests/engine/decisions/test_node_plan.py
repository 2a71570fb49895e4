"""A node's worst price: the tighter of limit and cap, on the passive side of the tick."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.decisions.node_plan import NodeIdentity, worst_price
from engine.model.instruments import Environment
from engine.model.units import Side
from tests.support.builders import node

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
