"""Kill switches of every scope and refused graphs of the reference, on simulated venues."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from engine import EngineConfig, ExecutionEngine
from engine.errors import GraphError, Reason
from engine.messages import GraphCommandKind
from engine.model.graph import GraphStatus
from engine.model.risk import KillScope
from engine.service.config import SandboxVenues
from tests.support.graph_script import PERP, SPOT, edge, graph, node, play, shown
from tests.support.graph_world import CLIENT, GraphWorld

ETH = 10**8

# -- kill switches

SCOPES = [
    (KillScope.DESK, "", "cancelled", True),
    (KillScope.CLIENT, CLIENT, "cancelled", True),
    (KillScope.GRAPH, "its own", "cancelled", False),
    (KillScope.SYMBOL, SPOT, "active", True),
    (KillScope.VENUE, "binance", "active", False),
    (KillScope.CLIENT, "somebody else", "active", False),
]


def killed(scope: KillScope, key: str, *, cancel: bool) -> tuple[GraphWorld, str, str]:
    """A graph that rests at binance when the switch of a scope is thrown."""
    world = GraphWorld()
    world.quote("binance", SPOT, "2320.00", "2325.50")
    world.run(200)
    nodes = [
        node("spot", qty="10", price="2324.00"),
        node("hedge", "sell", None, symbol=PERP, activation="wait"),
    ]
    graph_id = world.start(graph(nodes, [edge("e0", "spot", "hedge", "on_done")]), 200)
    play(world, graph_id, "fill 2")
    key = graph_id if scope is KillScope.GRAPH else key
    concerned = world.kill(scope, key, cancel=cancel)
    assert concerned == (() if key == "somebody else" else (graph_id,))
    world.run(300)
    return world, graph_id, key


@pytest.mark.parametrize(("scope", "key", "status", "blocks"), SCOPES)
def test_a_kill_switch_stops_its_scope(
    scope: KillScope, key: str, status: str, blocks: bool
) -> None:
    world, graph_id, key = killed(scope, key, cancel=True)
    assert world.state(graph_id).status.value == status
    assert bool(world.resting("binance")) == (key == "somebody else")
    assert world.held("hyperliquid", PERP) == 0
    fresh = world.submit(graph([node("n", qty="1", venue=None)]))
    assert (fresh.reason is Reason.KILL_SWITCH) == blocks
    if blocks:
        assert "risk limit" in fresh.text
    world.run(500)
    bought = world.held("binance", SPOT) - 2 * ETH
    assert bought == (0 if blocks or scope is KillScope.VENUE else ETH)
    world.clear(scope, key)
    world.start(graph([node("n", qty="1")]), 1_000)
    assert world.held("binance", SPOT) >= 3 * ETH


@pytest.mark.parametrize("scope", [KillScope.DESK, KillScope.GRAPH])
def test_a_switch_that_only_blocks_leaves_orders_and_freezes_graphs(scope: KillScope) -> None:
    world, graph_id, key = killed(scope, "", cancel=False)
    state = world.state(graph_id)
    assert (state.status, state.reason) == (GraphStatus.PAUSED, "kill switch: risk limit")
    assert len(world.resting("binance")) == 1
    world.clear(scope, key)
    world.run(1_000)
    assert world.state(graph_id).status is GraphStatus.PAUSED
    world.command(graph_id, GraphCommandKind.RESUME)
    play(world, graph_id, "fill 8")
    assert shown(world.state(graph_id).nodes["hedge"]) == "filled 10/10"


def test_an_order_pulled_by_a_venue_s_switch_rests_again_when_it_is_cleared() -> None:
    world, graph_id, key = killed(KillScope.VENUE, "binance", cancel=True)
    world.run(2_000)
    assert world.resting("binance") == []
    world.clear(KillScope.VENUE, key)
    world.run(60_000)
    assert world.resting("binance") == [("buy", 8 * ETH, 2_324 * 10**9)]
    assert shown(world.state(graph_id).nodes["spot"]) == "executing 2/10"


def test_a_pause_after_a_switch_that_only_blocked_pulls_what_rests() -> None:
    world, graph_id, _ = killed(KillScope.DESK, "", cancel=False)
    world.clear()
    assert len(world.resting("binance")) == 1
    world.command(graph_id, GraphCommandKind.PAUSE)
    world.run(500)
    assert world.resting("binance") == []
    world.command(graph_id, GraphCommandKind.RESUME)
    world.run(500)
    assert world.resting("binance") == [("buy", 8 * ETH, 2_324 * 10**9)]


def test_a_paused_graph_that_loses_too_much_is_flattened_all_the_same() -> None:
    world = GraphWorld()
    risk = {"runtime": {"max_loss_usd": 100}, "on_failure": {"action": "flatten"}}
    nodes = [node("held", qty="5"), node("rests", qty="5", price="2300.00")]
    graph_id = world.start(graph(nodes, risk=risk), 1_500)
    assert world.held("binance", SPOT) == 5 * ETH
    world.command(graph_id, GraphCommandKind.PAUSE)
    world.quote("binance", SPOT, "2000.00", "2001.00")
    world.run(20_000)
    assert world.held("binance", SPOT) == 0
    assert world.state(graph_id).status is GraphStatus.CANCELLED


def test_the_roof_s_receipt_and_a_switch_that_survives_a_restart(tmp_path: Path) -> None:
    venues = SandboxVenues(seed=3, events=False, latency_scale=0.1)
    config = EngineConfig(venues=venues, data_dir=str(tmp_path))

    async def first() -> None:
        async with ExecutionEngine(config) as engine:
            await engine.ready()
            run = await engine.submit({"symbol": SPOT, "side": "buy", "qty": 1, "price": 2200})
            await asyncio.sleep(0.3)
            receipt = await engine.halt("risk limit breach")
            assert receipt.active
            assert receipt.graphs == (run.graph_id,)
            assert len(receipt.cancelled_orders) == 1
            assert (receipt.open_orders, receipt.unknown_orders) == ((), ())
            assert receipt.quiet_ms is not None
            assert (await run.done(timeout_s=10)).status is GraphStatus.CANCELLED
            await engine.flush()

    async def second() -> None:
        async with ExecutionEngine(config) as engine:
            await engine.ready()
            order = {"symbol": SPOT, "side": "buy", "qty": 1}
            refused = await engine.submit(order)
            assert refused.reason is Reason.KILL_SWITCH
            assert "risk limit breach" in refused.text
            await engine.resume_trading()
            run = await engine.submit(order)
            assert (await run.done(timeout_s=10)).status is GraphStatus.COMPLETED

    asyncio.run(first())
    asyncio.run(second())


# -- bad graphs


def test_a_bad_graph_is_refused_with_every_path_in_one_answer() -> None:
    world = GraphWorld()
    wire = graph(
        [
            node("a", qty="0"),
            node("a", symbol="NOPE"),
            node("b", venue="nowhere", activation="wait"),
            node("c", price="2324.005", policy="passive_limit", tif="IOC"),
        ],
        [
            edge("e0", "a", "missing", "on_done"),
            edge("e1", "c", "b", "on_fill_ratio"),
            edge("e2", "b", "c", {"on_timeout": {"ms": -1}}),
        ],
    )
    answer = world.submit(wire)
    assert answer.reason is Reason.INVALID_GRAPH
    paths = [path for path, _ in answer.faults]
    for path in (
        "nodes[0].quantity",
        "nodes[1].node_id",
        "nodes[1].instrument.symbol",
        "nodes[2].instrument.venue",
        "nodes[3].execution.tif",
        "edges[0].to_node",
        "edges[1].condition",
        "edges[2].trigger",
    ):
        assert any(one.startswith(path) for one in paths), (path, paths)
    assert world.traces(answer.graph_id) == []


@pytest.mark.parametrize(
    ("change_to", "words"),
    [
        ({"side": "hold"}, "side"),
        ({"colour": "red"}, "colour"),
        ({"execution": {"policy": "magic"}}, "policy"),
        ({"quantity": {"fixed": {"qty_1e8": "many"}}}, "qty_1e8"),
    ],
    ids=str,
)
def test_what_cannot_be_read_is_one_sentence_with_its_path(
    change_to: dict[str, Any], words: str
) -> None:
    with pytest.raises(GraphError, match=words):
        GraphWorld(("binance",)).submit(graph([node("n") | change_to]))
