"""The workload of amendments, as drawn: orders that can rest, and commands that mean them."""

from __future__ import annotations

import random

from engine.messages import GraphCommandKind
from engine.model.graph import Policy
from engine.model.terms import Terms
from engine.service.simulation.amending import with_amendments
from engine.service.simulation.meddling import terms_of
from engine.service.simulation.swarm import FaultLevel
from engine.service.simulation.workload import draw_swarm

SEEDS = range(40)


def test_half_of_the_seeds_have_venues_that_amend_and_who_makes_use_of_it() -> None:
    native = used = 0
    for seed in SEEDS:
        swarm = draw_swarm(seed)
        own = [
            number
            for number, one in enumerate(swarm.submissions)
            if (one.graph.graph_id or "").startswith("amended")
        ]
        meant = [one for one in swarm.meddlings if one.submission in own]
        assert bool(own) == bool(meant)
        native += any(venue.config.native.amend for venue in swarm.venues)
        used += bool(own)
    assert len(SEEDS) // 4 < used < len(SEEDS)
    assert native > len(SEEDS) // 5


def test_orders_are_plain_limits_and_amendments_change_total_or_price_alone() -> None:
    kinds = set()
    for seed in SEEDS:
        swarm = draw_swarm(seed)
        for one in swarm.meddlings:
            graph = swarm.submissions[one.submission].graph
            if not (graph.graph_id or "").startswith("amended"):
                continue
            (node,) = graph.nodes
            assert node.execution.policy is Policy.SOR and node.limit_price_1e9 is not None
            assert one.kind is GraphCommandKind.AMEND_NODE
            terms = terms_of(one, node, 1)
            kinds |= {name for name in Terms.__struct_fields__ if getattr(terms, name) is not None}
    assert kinds == {"qty_1e8", "limit_1e9", "reduce_by_1e8"}


def test_times_are_in_order_and_kinder_worlds_keep_what_venues_can_do() -> None:
    for seed in SEEDS:
        swarm = draw_swarm(seed)
        assert list(swarm.meddlings) == sorted(swarm.meddlings, key=lambda one: one.at_ns)
        light = draw_swarm(seed, FaultLevel.LIGHT)
        assert [one.config.native for one in light.venues] == [
            one.config.native for one in swarm.venues
        ]


def test_what_was_drawn_before_stays_what_it_was() -> None:
    swarm = draw_swarm(3)
    again = with_amendments(random.Random(1), swarm)
    assert [one for one in again.submissions if one in swarm.submissions] == list(swarm.submissions)
    graphs = {one.submission: again.submissions[one.submission] for one in again.meddlings}
    for one in swarm.meddlings:
        before = swarm.submissions[one.submission]
        assert before in graphs.values(), "a command means the graph that it meant"
