"""Pace of an order: against its forecast also once it has ended, else a sentence that is true."""

from __future__ import annotations

import asyncio

import pytest
from msgspec import structs

from engine import ExecutionEngine
from engine.model.records import DecisionRecord, PostRecord
from engine.service.intelligence.board import Intelligence
from engine.service.intelligence.decisions import first_choice, first_decision
from engine.service.intelligence.forecast_log import EndedRow
from engine.service.intelligence.live import live_view
from engine.service.intelligence.order_pace import AtStart
from tests.support.intelligence_rig import ended, facts_of, with_board

ORDER = {"symbol": "ETH-USD", "side": "buy", "qty": 5, "graph_id": "p"}
ORDER_ID = "graph:p:order:1"


async def ended_row(engine: ExecutionEngine, board: Intelligence, order_id: str) -> EndedRow:
    for _ in range(300):
        row = board.calibration.ended_forecast("local", engine.environment, order_id)
        if row is not None:
            return row
        await asyncio.sleep(0.01)
    raise AssertionError("the end was not told")


@pytest.mark.parametrize("policy", ["passive_limit", "passive_ladder", "iceberg"])
def test_an_order_that_has_ended_is_held_against_what_was_forecast(policy: str) -> None:
    async def work(engine: ExecutionEngine, board: Intelligence) -> None:
        terms = {"policy": policy, "horizon_ms": 300}
        if policy == "iceberg":
            terms["display_qty_1e8"] = 10**8
        order_id = await ended(engine, "p", qty=5, execution=terms)
        row = await ended_row(engine, board, order_id)
        view = await board.live("local", order_id)
        assert view.tca.forecast_cost_bps == row.median_bps
        assert row.time_ms is not None
        assert view.pace.status in ("on_track", "behind", "ahead")
        assert "forecast at its start" in view.pace.reason
        assert "redone" not in view.pace.reason
        # Its first decision was to rest, which tells no time.
        facts = facts_of(engine, order_id)
        first = first_choice(engine.queries, facts.row.order_number)
        assert isinstance(first, PostRecord)
        told = live_view(board.pictures, facts, began=AtStart(None, first)).pace
        assert told.status == "unknown"
        assert "to rest, recorded no depth" in told.reason
        old = structs.replace(row, time_ms=None, qty_1e8=0, fill_rate=None)
        told = live_view(board.pictures, facts, began=AtStart(None, first, old)).pace
        assert told.reason == "the time that it was forecast to take is not kept"
        never = EndedRow(order=row.order, ended_ns=1, why="there is no mid")
        told = live_view(board.pictures, facts, began=AtStart(None, first, never)).pace
        assert told.reason == "it was not forecast as it started: there is no mid"

    with_board(work)


@pytest.mark.parametrize("policy", ["passive_limit", "aggressive_chase", "sor"])
def test_a_limit_far_away_waits_for_its_price(policy: str) -> None:
    async def work(engine: ExecutionEngine, board: Intelligence) -> None:
        execution = {"policy": policy}
        run = await engine.submit({**ORDER, "price": 2_200, "execution": execution})
        assert run.accepted, (run.text, run.faults)
        view = await board.live("local", ORDER_ID)
        assert not view.terminal
        assert view.pace.status == "unknown"
        assert view.pace.reason.startswith("a limit order waits for its price: the best price")
        assert view.advice[0].reason == view.pace.reason
        await run.cancel()
        await run.done(timeout_s=30)
        told = (await board.live("local", ORDER_ID)).pace.reason
        assert "no time is forecast of it" in told

    with_board(work)


def test_without_a_forecast_it_is_redone_from_what_the_first_decision_recorded() -> None:
    async def work(engine: ExecutionEngine, board: Intelligence) -> None:
        facts = facts_of(engine, await ended(engine, "a", qty=20))
        first = first_decision(engine.queries, facts.row.order_number)
        assert isinstance(first, DecisionRecord)
        assert first_choice(engine.queries, facts.row.order_number) == first
        began = AtStart(None, first)
        before = live_view(board.pictures, facts, began=began).pace
        assert before.status == "on_track"
        assert "redone from its first decision" in before.reason
        observed = board.pictures.picture("ETH-USD").observations
        for venue in range(len(observed.latency_ns)):
            observed.latency_ns[venue] = 1
        assert live_view(board.pictures, facts, began=began).pace == before
        # More than its record holds: it says of which books, and under which bound.
        terms = {"max_slippage_bps": 3, "horizon_ms": 300}
        facts = facts_of(engine, await ended(engine, "b", qty=5_000, execution=terms))
        first = first_decision(engine.queries, facts.row.order_number)
        told = live_view(board.pictures, facts, began=AtStart(None, first)).pace.reason
        assert told.startswith("its first decision, which keeps the levels that it needed")
        assert told.endswith("of its 5000 inside its slippage cap")

    with_board(work)


def test_an_order_that_never_began_has_no_trigger_to_wait_for() -> None:
    async def work(engine: ExecutionEngine, board: Intelligence) -> None:
        facts = facts_of(engine, await ended(engine, "a"))
        memory = structs.replace(facts.memory, started_ns=0)
        view = live_view(board.pictures, structs.replace(facts, memory=memory))
        assert view.pace.reason == "it ended before it began"

    with_board(work)
