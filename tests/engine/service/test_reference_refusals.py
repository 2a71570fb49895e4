"""What our own limits or every venue would refuse is refused before anything else happens."""

from __future__ import annotations

from typing import Any

import pytest

from engine.errors import Reason
from engine.messages import GraphCommandKind
from engine.model.graph import GraphStatus
from engine.model.native import NativeVerbs
from engine.model.risk import AccountLimits
from tests.support.graph_script import SPOT, graph, node, shown
from tests.support.graph_world import GraphWorld
from venues.simulated.exchange import ExchangeConfig

ETH, DOLLAR = 10**8, 10**9
FAR = {"limit_1e9": 5_000 * DOLLAR}
REFUSED: list[tuple[dict[str, Any], dict[str, int], Reason]] = [
    (FAR, {}, Reason.PRICE_DEVIATION),
    ({"qty_1e8": 11 * ETH, **FAR}, {}, Reason.PRICE_DEVIATION),
    ({"qty_1e8": 20 * ETH}, {"order_notional_max_usd": 30_000}, Reason.NOTIONAL_LIMIT),
    ({"qty_1e8": 20 * ETH}, {"open_notional_max_usd": 30_000}, Reason.NOTIONAL_LIMIT),
    ({"reduce_by_1e8": 10 * ETH - 10_000}, {}, Reason.BELOW_MINIMUM),
    ({"qty_1e8": 10_000}, {}, Reason.BELOW_MINIMUM),
]


def world_of(native: bool = False, **limits: int) -> GraphWorld:
    verbs = NativeVerbs(decrease=native, amend=native)
    account = AccountLimits(**limits)
    config = {"binance": ExchangeConfig(native=verbs)}
    world = GraphWorld(("binance",), config=config, account=account)
    world.quote("binance", SPOT, "2320.00", "2325.50")
    world.run(1_000)
    return world


@pytest.mark.parametrize("native", [False, True])
@pytest.mark.parametrize(("terms", "limits", "reason"), REFUSED, ids=str)
def test_a_refused_amendment_leaves_the_order_and_its_place(
    terms: dict[str, Any], limits: dict[str, int], reason: Reason, native: bool
) -> None:
    world = world_of(native, **limits)
    graph_id = world.start(graph([node("spot", qty="10", price="2324.00")]), 1_000)
    (before,) = world.exchanges["binance"].memory.open
    answer = world.amend(graph_id, "spot", **terms)
    assert answer.reason is reason, answer
    world.run(2_000)
    assert shown(world.state(graph_id).nodes["spot"]) == "executing 0/10"
    assert list(world.exchanges["binance"].memory.open) == [before]
    assert world.resting("binance") == [("buy", 10 * ETH, 2_324 * DOLLAR)]


def test_what_the_order_holds_itself_does_not_count_against_its_amendment() -> None:
    world = world_of(open_notional_max_usd=30_000)
    graph_id = world.start(graph([node("spot", qty="10", price="2324.00")]), 1_000)
    assert world.amend(graph_id, "spot", qty_1e8=12 * ETH).reason is Reason.NONE
    world.run(1_000)
    assert world.resting("binance") == [("buy", 12 * ETH, 2_324 * DOLLAR)]


def test_a_position_limit_bounds_the_amended_total() -> None:
    world = world_of()
    risk = {"risk": {"pretrade": {"max_position_qty": "15"}}}
    graph_id = world.start(graph([node("spot", qty="10", price="2324.00")]) | risk, 1_000)
    assert world.amend(graph_id, "spot", qty_1e8=16 * ETH).reason is Reason.POSITION_LIMIT
    assert world.amend(graph_id, "spot", qty_1e8=15 * ETH).reason is Reason.NONE
    world.run(1_000)
    assert world.resting("binance") == [("buy", 15 * ETH, 2_324 * DOLLAR)]


@pytest.mark.parametrize("qty", ["0.0001", "0.002"])
def test_an_order_below_every_minimum_is_no_order(qty: str) -> None:
    world = world_of()
    answer = world.submit(graph([node("spot", qty=qty, price="2324.00")]))
    assert answer.reason is Reason.BELOW_MINIMUM
    assert answer.faults[0][0] == "nodes[0].quantity.fixed.qty_1e8"
    assert "the least is 0.0022 at 2324" in answer.text
    assert not world.orders()


def test_a_rest_below_every_minimum_ends_the_node_and_says_so() -> None:
    world = world_of()
    world.add("binance", SPOT, "sell", "0.9999", "2323.00")
    world.run(200)
    graph_id = world.start(graph([node("spot", qty="1", price="2323.00")]), 5_000)
    state = world.state(graph_id)
    assert state.nodes["spot"].status == "partial_fill"
    assert state.nodes["spot"].reason.startswith(Reason.BELOW_MINIMUM.value)
    assert state.ended


def two(**second: Any) -> tuple[GraphWorld, str]:
    world = world_of()
    nodes = [node("a", qty="1", price="2322.00"), node("b", qty="1", price="2321.00", **second)]
    return world, world.start(graph(nodes), 1_000)


def cancel(world: GraphWorld, graph_id: str, name: str) -> None:
    world.command(graph_id, GraphCommandKind.CANCEL_NODE, node_id=name)
    world.run(500)


def test_a_graph_whose_orders_were_all_cancelled_is_cancelled() -> None:
    world, graph_id = two()
    for name in "ab":
        assert not world.state(graph_id).ended
        cancel(world, graph_id, name)
    assert world.state(graph_id).status is GraphStatus.CANCELLED


def test_with_an_expired_order_or_a_fill_it_is_completed() -> None:
    world, graph_id = two(execution={"horizon_ms": 3_000})
    cancel(world, graph_id, "a")
    world.run(4_000)
    assert world.state(graph_id).status is GraphStatus.COMPLETED
    world, graph_id = two()
    world.trade("binance", SPOT, "sell", "0.5", "2322.00")
    world.run(500)
    for name in "ab":
        cancel(world, graph_id, name)
    assert world.state(graph_id).status is GraphStatus.COMPLETED
