"""Brackets: exits share what the entry bought, so that one-cancels-other never oversells."""

from __future__ import annotations

from typing import Any

import pytest

from engine.model.graph import GraphStatus
from tests.support.graph_script import PERP, below_entry, edge, graph, node, play, shown
from tests.support.graph_world import GraphWorld


def bracket() -> dict[str, Any]:
    """Entry of 5 at the market, take-profit above, stop below; the exits share what was bought."""
    exits = {"activation": "wait", "reduce_only": True}
    nodes = [
        node("entry", qty="5", symbol=PERP),
        node("profit", "sell", None, symbol=PERP, price="2400.0", **exits),
        node("stop", "sell", None, symbol=PERP, **exits),
    ]
    falls = below_entry(symbol=PERP)
    edges = [
        edge("e_profit", "entry", "profit", "on_fill"),
        edge("e_stop", "entry", "stop", falls),
        edge("oco_1", "profit", "stop", "on_fill", action="reduce"),
        edge("oco_2", "stop", "profit", "on_fill", action="reduce"),
    ]
    return graph(nodes, edges)


@pytest.mark.parametrize("taken", ["0.0001", "2", "5"])
def test_a_take_profit_reduces_the_stop_by_what_it_took(taken: str) -> None:
    world = GraphWorld(("hyperliquid",))
    graph_id = world.start(bracket(), 1_000)
    assert shown(world.state(graph_id).nodes["profit"]) == "executing 0/5"
    world.quote("hyperliquid", PERP, "2399.0", "2401.0")
    world.trade("hyperliquid", PERP, "buy", taken, "2400.0")
    world.run(1_000)
    world.quote("hyperliquid", PERP, "2150.0", "2151.0")
    world.run(1_000)
    state = world.state(graph_id)
    profit, stop = state.nodes["profit"], state.nodes["stop"]
    assert state.nodes["entry"].filled_qty_1e8 == 5 * 10**8
    assert profit.filled_qty_1e8 + stop.filled_qty_1e8 == 5 * 10**8
    assert world.held("hyperliquid", PERP) == 0
    assert world.resting("hyperliquid") == []
    assert state.status is GraphStatus.COMPLETED


def test_exits_never_have_more_out_than_was_bought() -> None:
    world = GraphWorld(("hyperliquid",))
    wire = bracket()
    wire["nodes"][0] |= {"order_type": {"limit": {"price_1e9": 2_320 * 10**9}}}
    world.quote("hyperliquid", PERP, "2315.0", "2325.5")
    world.run(200)
    graph_id = world.start(wire, 200)
    for part in ("1", "0.5", "2"):
        world.trade("hyperliquid", PERP, "sell", part, "2320.0")
        for _ in range(20):
            world.run(50)
            out = sum(left for side, left, _ in world.resting("hyperliquid") if side == "sell")
            assert out <= world.held("hyperliquid", PERP)
    state = world.state(graph_id)
    assert shown(state.nodes["profit"]) == "executing 0/3.5"
    play(world, graph_id, "cancel")
    assert world.state(graph_id).status is GraphStatus.CANCELLED


def test_an_exit_that_closed_everything_ends_the_one_that_still_waits() -> None:
    world = GraphWorld(("hyperliquid",))
    wire = bracket()
    wire["nodes"][1]["order_type"] = "market"
    wire["edges"][0]["trigger"] = below_entry(5.0, symbol=PERP, direction="above")
    graph_id = world.start(wire, 500)
    world.quote("hyperliquid", PERP, "2150.0", "2151.0", "2")
    world.run(300)
    state = world.state(graph_id)
    assert (shown(state.nodes["stop"]), shown(state.nodes["profit"])) == (
        "executing 2/5",
        "pending 0/0",
    )
    world.quote("hyperliquid", PERP, "2150.0", "2151.0", "20")
    world.run(2_000)
    state = world.state(graph_id)
    assert (state.status, shown(state.nodes["stop"])) == (GraphStatus.COMPLETED, "filled 5/5")
    assert state.nodes["profit"].status == "cancelled"
    assert state.nodes["profit"].reason.startswith("reduced")
    assert world.held("hyperliquid", PERP) == 0
