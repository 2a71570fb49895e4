"""Commands on running graphs and throws of the kill switch, as drawn."""

from __future__ import annotations

import random

import msgspec

from engine.messages import GraphCommandKind
from engine.model.graph import (
    FixedAmount,
    LimitOrder,
    LimitPrice,
    Node,
    NodeInstrument,
    Quantity,
    Urgency,
)
from engine.model.risk import KillScope
from engine.model.terms import Terms
from engine.service.simulation.meddling import terms_of
from engine.service.simulation.swarm import Meddling
from engine.service.simulation.workload import draw_swarm, draw_venues

SEEDS = range(150)


def node(qty_1e8: int) -> Node:
    return Node(
        node_id="n",
        instrument=NodeInstrument(symbol="ETH-USD"),
        side="buy",
        quantity=Quantity(fixed=FixedAmount(qty_1e8=qty_1e8)),
    )


def test_every_kind_is_drawn_for_nodes_that_exist() -> None:
    kinds = set()
    for seed in SEEDS:
        swarm = draw_swarm(seed, shapes="graphs")
        times = [one.at_ns for one in swarm.meddlings]
        assert times == sorted(times)
        for one in swarm.meddlings:
            kinds.add(one.kind)
            graph = swarm.submissions[one.submission].graph
            assert one.node_index < len(graph.nodes)
            assert one.at_ns >= swarm.submissions[one.submission].at_ns
    assert kinds == {
        GraphCommandKind.PAUSE,
        GraphCommandKind.RESUME,
        GraphCommandKind.CANCEL_NODE,
        GraphCommandKind.AMEND_NODE,
    }


def test_the_switch_is_thrown_before_it_is_cleared() -> None:
    scopes = set()
    for seed in SEEDS:
        thrown: set[tuple[KillScope, str]] = set()
        for one in draw_swarm(seed).switchings:
            key = one.scope, one.key
            scopes.add(one.scope)
            assert one.halted or key in thrown
            thrown.add(key)
    assert scopes == set(KillScope) - {KillScope.GRAPH}


def test_amended_quantities_stay_on_the_lot_and_above_zero() -> None:
    amend = GraphCommandKind.AMEND_NODE
    assert terms_of(Meddling(0, 0, amend, 0, 300_000), node(1_000), 100).qty_1e8 == 300
    assert terms_of(Meddling(0, 0, amend, 0, 1), node(1_000), 100).qty_1e8 == 100
    assert terms_of(Meddling(0, 0, amend, 0, 3_000_000), node(1_000), 100).qty_1e8 == 3_000


def test_an_amend_always_changes_something() -> None:
    amend = GraphCommandKind.AMEND_NODE
    assert terms_of(Meddling(0, 0, amend), node(1_000), 100).urgency is Urgency.HIGH
    named = terms_of(Meddling(0, 0, amend, urgency=Urgency.LOW), node(1_000), 100)
    assert (named.urgency, named.qty_1e8) == (Urgency.LOW, None)


def test_amendments_also_move_prices_and_times() -> None:
    amend = GraphCommandKind.AMEND_NODE
    limit = LimitOrder(limit=LimitPrice(price_1e9=1_000 * 10**9))
    priced = msgspec.structs.replace(node(1_000), order_type=limit)
    moved = terms_of(
        Meddling(0, 0, amend, limit_bps=-60, horizon_ms=5, slippage_bps=7), priced, 100
    )
    assert moved == Terms(limit_1e9=994 * 10**9, max_slippage_bps=7, horizon_ms=5)
    assert terms_of(Meddling(0, 0, amend, limit_bps=-60), node(1_000), 100).limit_1e9 is None
    drawn = [one for seed in SEEDS for one in draw_swarm(seed).meddlings]
    for name in ("limit_bps", "slippage_bps", "horizon_ms"):
        assert len({getattr(one, name) for one in drawn}) > 2


def test_venues_are_drawn_with_their_listings() -> None:
    venues = draw_venues(random.Random(2))
    assert all(one.listings for one in venues)
