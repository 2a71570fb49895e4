"""A node's place: nodes of one place share it, and each works at its own pin."""

from __future__ import annotations

from engine.decisions.node_memory import NodeMemory
from engine.decisions.node_restore import PastChild, PastFill, restored_node
from engine.messages import RecoverNode, RestingChanged, RouteRequest, StartNode
from engine.model.graph import Policy
from engine.model.orders import TimeInForce
from engine.model.units import Side
from tests.support.builders import child, node, node_place
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


def test_after_a_restart_the_router_hears_at_once_what_may_rest() -> None:
    """Before the venue has proved anything: it may rest, and nobody is to take it meanwhile."""
    rests = child(QTY, tif=TimeInForce.GTC)
    swept = child(QTY, number=1)
    memory = NodeMemory(version=4, accepted=True, started_ns=50, baseline_x2=2 * PRICE)
    past = [PastChild(rests, 1), PastChild(swept, 1)]
    fills = [PastFill(rests.client_order_id, "t1", PRICE, QTY // 4, 0, 0)]
    back = restored_node(
        memory, 2 * QTY, 1, fills, past, arrival_x2=None, created_ns=40, now_ns=900
    )
    stage = NodeStage([node(2 * QTY, limit_1e9=PRICE)], restored=back)
    stage.tell(stage.ref, RecoverNode())
    assert stage.take(stage.router, RestingChanged) == [
        RestingChanged(rests.client_order_id, 0, Side.BUY, rests.limit_price_1e9, QTY * 3 // 4)
    ]
