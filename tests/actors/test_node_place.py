"""A node's place: nodes of one place share it, and each works at its own pin."""

from __future__ import annotations

from engine.messages import RouteRequest, StartNode
from engine.model.graph import Policy
from engine.model.orders import TimeInForce
from tests.support.builders import node, node_place
from tests.support.node_stage import PRICE, QTY, NodeStage

BOOKS = {
    "alpha": ([(PRICE - 10**10, QTY)], [(PRICE, QTY)]),
    "beta": ([(PRICE - 10**10, QTY)], [(PRICE + 10**9, QTY)]),
}


def request(**fields: object) -> tuple[NodeStage, RouteRequest]:
    made = node(QTY, **fields)  # type: ignore[arg-type]  # a table of keywords
    stage = NodeStage([made], books=BOOKS)
    stage.tell(stage.ref, StartNode())
    (found,) = stage.take(stage.risk, RouteRequest)
    return stage, found


def test_it_asks_the_risk_of_its_place_under_the_places_collar() -> None:
    stage, found = request()
    mid_x2 = stage.block.mid_x2()
    assert mid_x2 is not None
    collar = stage.actor.place.collar_bps
    assert collar is not None
    worst = mid_x2 * (10_000 + collar) // 20_000 // 10**7 * 10**7
    assert found.intent.worst_price_1e9 == worst


def test_a_pin_is_the_nodes_own() -> None:
    assert request(venue="beta")[1].intent.venue == "beta"
    assert request()[1].intent.venue is None


def test_the_policy_is_made_of_the_nodes_terms() -> None:
    _, sweep = request(policy=Policy.IOC_SWEEP)
    _, limit = request(limit_1e9=PRICE)
    assert (sweep.intent.tif, sweep.intent.rest) == (TimeInForce.IOC, False)
    assert (limit.intent.tif, limit.intent.rest) == (TimeInForce.GTC, True)


def test_a_place_without_prices_takes_none() -> None:
    stage, _ = request()
    place = node_place(stage.block, stage.risk, stage.router, stage.journal, {"alpha": stage.trade})
    assert (place.prices, place.multiplier_1e8) == ({}, 10**8)
    assert place.lot_1e8 == min(one.lot_1e8 for one in stage.block.listings)
