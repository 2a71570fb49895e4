"""Random nodes: on the lot and the tick of their listing, and only combinations that may be."""

from __future__ import annotations

import random

from engine.model.graph import Graph, Node, Policy
from engine.model.instruments import Listing
from engine.service.simulation.node_shapes import (
    DOLLAR_1E9,
    draw_derived,
    draw_node,
    draw_risk,
    venues_of,
)
from venues.simulated.catalogue import sandbox_listings

LISTINGS = sandbox_listings(events=False)


def nodes(count: int) -> list[tuple[Listing, Node]]:
    found = []
    for seed in range(count):
        rng = random.Random(seed)
        listing = rng.choice(LISTINGS)
        found.append((listing, draw_node(rng, listing, LISTINGS, "n")))
    return found


def test_quantities_are_on_the_lot_of_where_they_may_go() -> None:
    for listing, node in nodes(400):
        qty = node.fixed_qty_1e8
        if qty is None:
            continue
        pinned = node.instrument.venue
        symbol = listing.instrument.symbol
        lots = [
            one.lot_1e8
            for one in LISTINGS
            if one.instrument.symbol == symbol and pinned in (None, one.venue)
        ]
        assert qty > 0
        assert qty % min(lots) == 0


def test_limits_are_on_every_tick_and_icebergs_have_one() -> None:
    seen = 0
    for _, node in nodes(400):
        price = node.limit_price_1e9
        if node.execution.policy is Policy.ICEBERG:
            seen += 1
            assert price is not None
            assert node.execution.display_qty_1e8
        if price is not None:
            assert price % DOLLAR_1E9 == 0
    assert seen


def test_the_instrument_is_the_listing_s() -> None:
    for listing, node in nodes(100):
        assert node.instrument.symbol == listing.instrument.symbol
        assert node.instrument.type is listing.instrument.type
        assert node.instrument.venue in (None, listing.venue)


def test_derived_nodes_have_no_quantity_and_no_pacing() -> None:
    for seed in range(100):
        rng = random.Random(seed)
        node = draw_derived(rng, rng.choice(LISTINGS), LISTINGS, "d", "sell")
        assert (node.quantity, node.side) == ("derived", "sell")
        assert node.execution.pacing is None


def test_risk_layers_name_venues_that_are_there() -> None:
    graph = Graph(nodes=(nodes(1)[0][1],))
    named = [draw_risk(random.Random(seed), graph, LISTINGS) for seed in range(100)]
    admissions = [one.admission for one in named if one.admission is not None]
    allowed = {one.allowed_venues for one in admissions}
    assert allowed == {None, venues_of(LISTINGS)}
