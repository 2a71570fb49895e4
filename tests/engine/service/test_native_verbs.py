"""Native amendments end to end: what a venue carries out, refuses, or never answers."""

from __future__ import annotations

from engine.errors import Reason
from engine.model.native import NativeVerbs
from engine.model.risk import AccountLimits
from tests.support.graph_script import SPOT, graph, node, shown
from tests.support.graph_world import GraphWorld
from venues.simulated.exchange import ExchangeConfig

ETH = 10**8
EDITS = NativeVerbs(decrease=True, amend=True)
ACROSS = 2_326 * 10**9


def alone(latency_ms: int = 10, account: AccountLimits | None = None) -> tuple[GraphWorld, str]:
    """One resting buy of 10 at a venue that edits orders."""
    config = {"binance": ExchangeConfig(native=EDITS)}
    world = GraphWorld(("binance",), latency_ns=latency_ms * 10**6, config=config, account=account)
    world.quote("binance", SPOT, "2320.00", "2325.50")
    world.run(1_000)
    return world, world.start(graph([node("spot", qty="10", price="2324.00")]), 1_000)


def test_an_amended_price_that_would_take_is_routed_anew() -> None:
    world, graph_id = alone()
    answer = world.amend(graph_id, "spot", limit_1e9=ACROSS)
    assert answer.mode == "cancel_replace"
    world.run(300)
    assert shown(world.state(graph_id).nodes["spot"]) == "filled 10/10"


def test_a_decrease_that_a_fill_overtakes_ends_the_order_at_what_is_filled() -> None:
    world, graph_id = alone(latency_ms=40)
    world.trade("binance", SPOT, "sell", "7", "2324.00")
    answer = world.amend(graph_id, "spot", qty_1e8=5 * ETH)
    assert (answer.reason, answer.mode) == (Reason.NONE, "cancel_replace")
    world.run(500)
    assert shown(world.state(graph_id).nodes["spot"]) == "filled 7/7"
    assert world.resting("binance") == []
    assert world.world.ledger.open_grants == 0


def test_an_amendment_whose_answer_is_lost_is_proved_by_a_query() -> None:
    world, graph_id = alone()
    venue = world.exchanges["binance"]
    venue.sessions.clear()
    venue.muted = True
    world.tell_amend(graph_id, "spot", qty_1e8=6 * ETH)
    world.run(200)
    venue.muted = False
    assert shown(world.state(graph_id).nodes["spot"]) == "executing 0/6"
    world.run(4_000)
    assert world.resting("binance") == [("buy", 6 * ETH, 2_324 * 10**9)]
    assert world.world.ledger.open_grants == 1
