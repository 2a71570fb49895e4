"""The live monitor: a resting order, an ended one, one that waits; its numbers and its advice."""

from __future__ import annotations

import asyncio

import pytest

from engine import ExecutionEngine
from engine.service.intelligence.board import Intelligence
from engine.service.intelligence.live import advise
from tests.support.intelligence_rig import ETH, ended, facts_of, with_board


def test_an_ended_order_is_told_as_it_ended() -> None:
    async def work(engine: ExecutionEngine, board: Intelligence) -> None:
        order_id = await ended(engine, "a", qty=20)
        view = await board.live("local", order_id)
        assert view.terminal and view.status == "filled"
        assert (view.filled_qty_1e8, view.remaining_qty_1e8, view.fill_pct) == (20 * ETH, 0, 100.0)
        assert sum(one.qty_1e8 for one in view.fills) == 20 * ETH
        assert view.tca.remaining_cost_bps is None
        assert view.tca.slippage_bps is not None and view.tca.fees_bps is not None
        assert view.tca.projected_cost_bps == pytest.approx(
            view.tca.slippage_bps + view.tca.fees_bps
        )
        average = sum((one.slippage_bps or 0) * one.qty_1e8 for one in view.fills) / (20 * ETH)
        assert view.tca.slippage_bps == pytest.approx(average)
        assert [one.action for one in view.advice] == ["none"]

    with_board(work)


def test_a_resting_order_shows_what_is_left_and_where_it_stands() -> None:
    async def work(engine: ExecutionEngine, board: Intelligence) -> None:
        run = await engine.submit(
            {"symbol": "ETH-USD", "side": "buy", "qty": 2, "price": 2_200, "graph_id": "r"}
        )
        for _ in range(500):
            view = await board.live("local", "graph:r:order:1")
            if view.working_qty_1e8 == 2 * ETH:
                break
            await asyncio.sleep(0.01)
        assert not view.terminal and view.remaining_qty_1e8 == 2 * ETH
        assert view.pace.status == "unknown" and "waits for its price" in view.pace.reason
        assert view.tca.slippage_bps is None and view.tca.remaining_cost_bps is not None
        assert view.tca.projected_cost_bps is not None
        assert {one.venue for one in view.venue_health} >= {"binance", "coinbase"}
        facts = facts_of(engine, "graph:r:order:1")
        (child,) = [one for one in facts.children if not one.state.terminal]
        seen = engine.world.system.actor_of(engine.world.routers["ETH-USD"]).costs.observations  # type: ignore[attr-defined]  # a router has costs
        listings = engine.world.markets["ETH-USD"].listings
        index = next(one.venue_index for one in listings if one.venue == child.venue)
        seen.set_link(index, False)
        view = await board.live("local", "graph:r:order:1")
        assert view.deteriorating_venue == child.venue
        assert [one.action for one in view.advice] == ["reroute"]
        assert child.venue in view.advice[0].reason and view.advice[0].value is not None
        seen.set_link(index, True)
        await run.cancel()
        await run.done(timeout_s=30)
        assert (await board.live("local", "graph:r:order:1")).terminal

    with_board(work)


def test_a_node_that_waits_says_so() -> None:
    async def work(engine: ExecutionEngine, board: Intelligence) -> None:
        instrument = {"symbol": "ETH-USD"}
        graph = {
            "graph_id": "w",
            "nodes": [
                {
                    "node_id": "first",
                    "instrument": instrument,
                    "side": "buy",
                    "quantity": {"fixed": {"qty_1e8": ETH}},
                    "order_type": {"limit": {"price_1e9": 2_200 * 10**9}},
                },
                {
                    "node_id": "second",
                    "instrument": instrument,
                    "side": "sell",
                    "quantity": "derived",
                },
            ],
            "edges": [
                {
                    "edge_id": "e",
                    "from_node": "first",
                    "to_node": "second",
                    "trigger": "on_fill",
                }
            ],
        }
        run = await engine.submit(graph)
        assert run.accepted, (run.text, run.faults)
        await engine.flush()
        rows = await engine.orders(symbol="ETH-USD")
        waiting = next(one for one in rows if one.node_id == "second")
        view = await board.live("local", waiting.node_order_id)
        assert view.fill_pct is None and view.pace.reason == "it waits for its trigger"
        assert any("derived" in one for one in view.missing)
        await run.cancel()
        await run.done(timeout_s=30)

    with_board(work)


def test_being_behind_is_advised_on_by_urgency() -> None:
    async def work(engine: ExecutionEngine, board: Intelligence) -> None:
        run = await engine.submit(
            {
                "symbol": "ETH-USD",
                "side": "buy",
                "qty": 5,
                "graph_id": "p",
                "execution": {"policy": "passive_limit", "horizon_ms": 60_000},
            }
        )
        assert run.accepted, (run.text, run.faults)
        view = await board.live("local", "graph:p:order:1")
        facts = facts_of(engine, "graph:p:order:1")
        late = type(view.pace)("behind", 0.9, 0.2, 30_000, "a line")
        told = advise(facts, late, view.tca, None, view.venue_health)
        assert [one.action for one in told] == ["more_aggressive"]
        assert told[0].value == pytest.approx(0.7)
        await run.cancel()
        await run.done(timeout_s=30)

    with_board(work)
