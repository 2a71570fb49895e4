"""The live monitor: a resting order, an ended one, one that waits; its numbers and its advice."""

from __future__ import annotations

import asyncio
from math import exp

import pytest
from msgspec import structs

from engine import ExecutionEngine
from engine.model.units import Side
from engine.service.intelligence.board import Intelligence
from engine.service.intelligence.decisions import first_decision
from engine.service.intelligence.live import live_view
from engine.service.intelligence.order_pace import AtStart
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
        for _ in range(300):
            ended_row = board.calibration.ended_forecast("local", engine.environment, order_id)
            if ended_row is not None:
                break
            await asyncio.sleep(0.01)
        assert ended_row is not None
        again = (await board.live("local", order_id)).tca
        assert (again.forecast_cost_bps, again.forecast_downside_bps) == (
            ended_row.median_bps,
            ended_row.p90_bps,
        ), "what was forecast of it outlives its end"

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
        assert view.tca.slippage_bps is None and view.tca.remaining_cost_bps is None
        assert view.tca.projected_cost_bps is None
        assert "works inside its limit" in view.tca.remaining_basis
        assert any(one.startswith("tca.remaining_cost_bps") for one in view.missing)
        assert any(one.startswith("forecast: a limit price") for one in view.missing)
        assert [one.action for one in view.advice] == ["none"]
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
        assert "its order line is down" in view.advice[0].reason
        assert (view.advice[0].value, view.advice[0].unit) == (None, "")
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


def test_pace_is_held_against_the_forecast_that_was_stored_at_the_start() -> None:
    async def work(engine: ExecutionEngine, board: Intelligence) -> None:
        terms = {"policy": "passive_limit", "urgency": "low", "horizon_ms": 60_000}
        order = {"symbol": "ETH-USD", "side": "buy", "qty": 5, "graph_id": "p", "execution": terms}
        run = await engine.submit(order)
        assert run.accepted, (run.text, run.faults)
        order_id = "graph:p:order:1"
        for _ in range(300):
            stored = board.calibration.open_forecast("local", engine.environment, order_id)
            if stored is not None:
                break
            await asyncio.sleep(0.01)
        assert stored is not None
        assert stored.time_ms is not None
        view = await board.live("local", order_id)
        assert "as forecast at its start" in view.pace.reason
        assert (view.tca.forecast_cost_bps, view.tca.forecast_downside_bps) == (
            stored.median_bps,
            stored.p90_bps,
        )
        facts = facts_of(engine, order_id)
        # Whatever the books show later on, the share that was expected stays that of the start.
        kept = structs.replace(stored, time_ms=1_000_000, fill_rate=0.9)
        seen = live_view(board.pictures, facts, began=AtStart(kept))
        assert seen.pace.expected_share == pytest.approx(
            1 - exp(-0.9 * seen.pace.elapsed_ms / 1e6), rel=0.1, abs=1e-5
        )
        late = live_view(
            board.pictures, facts, began=AtStart(structs.replace(stored, time_ms=1, fill_rate=1.0))
        )
        assert late.pace.status == "behind"
        assert late.advice[0].action == "more_aggressive"
        # One that was amended since is not the one that was forecast.
        other = structs.replace(stored, qty_1e8=stored.qty_1e8 + 1)
        for began in (AtStart(other), AtStart(), None):
            told = live_view(board.pictures, facts, began=began)
            assert told.pace.status == "unknown"
            why = "was changed" if began and began.forecast else "not forecast as it started"
            assert why in told.pace.reason
        theirs = board.calibration.open_forecast("mallory", engine.environment, order_id)
        assert theirs is None
        await run.cancel()
        await run.done(timeout_s=30)

    with_board(work)


def test_without_a_forecast_the_first_decisions_own_books_say_how_long() -> None:
    async def work(engine: ExecutionEngine, board: Intelligence) -> None:
        order_id = await ended(engine, "a", qty=20)
        facts = facts_of(engine, order_id)
        first = first_decision(engine.queries, facts.row.order_number)
        began = AtStart(None, first)
        view = live_view(board.pictures, facts, began=began)
        assert view.pace.status == "on_track"
        assert "redone from its first decision" in view.pace.reason
        # The books of now are gone: what was expected then does not change.
        market = engine.world.markets["ETH-USD"]
        for slot in market.slots:
            assert slot is not None
            slot.mark_stale(1)
        assert not board.pictures.look("ETH-USD", Side.BUY).mid_x2
        dark = live_view(board.pictures, facts, began=began)
        assert (dark.pace.status, dark.pace.reason) == (view.pace.status, view.pace.reason)

    with_board(work)


def test_a_twap_that_runs_as_it_should_is_never_told_late() -> None:
    async def work(engine: ExecutionEngine, board: Intelligence) -> None:
        pacing = {"uniform": {"num_slices": 4, "interval_ms": 250}}
        order = {"symbol": "ETH-USD", "side": "buy", "qty": 4, "graph_id": "t"}
        run = await engine.submit({**order, "execution": {"pacing": pacing}})
        assert run.accepted, (run.text, run.faults)
        told = set()
        while not (view := await board.live("local", "graph:t:order:1")).terminal:
            told.add(view.pace.status)
            await asyncio.sleep(0.005)
        assert "behind" not in told
        assert view.pace.filled_share == 1.0

    with_board(work)
