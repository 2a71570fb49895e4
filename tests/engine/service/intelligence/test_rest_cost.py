"""What the rest of an order costs: by its own policy, or null with the reason."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from msgspec import structs

from engine import ExecutionEngine
from engine.model.graph import (
    LimitOrder,
    LimitPrice,
    NodeStatus,
    Pacing,
    ParticipationPacing,
    Policy,
)
from engine.model.units import Side
from engine.service.intelligence.board import Intelligence
from engine.service.intelligence.facts import OrderFacts
from engine.service.intelligence.rest_cost import RestCost, rest_cost
from tests.support.intelligence_rig import ETH, facts_of, with_board


def cost_of(board: Intelligence, facts: OrderFacts) -> RestCost:
    return rest_cost(board.pictures, facts, board.pictures.look("ETH-USD", Side.BUY))


def with_order(execution: dict[str, Any], check: Any) -> None:
    """Hand the facts of an order that has just begun to work."""

    async def work(engine: ExecutionEngine, board: Intelligence) -> None:
        order = {"symbol": "ETH-USD", "side": "buy", "qty": 8, "graph_id": "a"}
        run = await engine.submit({**order, "execution": execution})
        assert run.accepted, (run.text, run.faults)
        await asyncio.sleep(0.05)
        await engine.flush()
        check(board, facts_of(engine, "a:order:1"))
        await run.cancel()
        await run.done(timeout_s=30)
        assert cost_of(board, facts_of(engine, "a:order:1")).bps is None

    with_board(work)


def test_an_order_that_rests_is_not_told_what_crossing_the_spread_costs() -> None:
    def check(board: Intelligence, facts: OrderFacts) -> None:
        swept = board.pictures.forecast("ETH-USD", Side.BUY, 8 * ETH, "low").expected_cost_bps
        found = cost_of(board, facts)
        assert found.bps is not None
        assert swept is not None
        assert found.bps < swept, "it earns the spread where it fills"
        assert "passive_limit" in found.basis
        limit = LimitOrder(limit=LimitPrice(price_1e9=2_200 * 10**9))
        node = structs.replace(facts.node, order_type=limit)
        bound = cost_of(board, structs.replace(facts, node=node))
        assert bound.bps is None and "inside its limit" in bound.basis

    with_order({"policy": "passive_limit", "urgency": "low", "horizon_ms": 60_000}, check)


def test_a_paced_order_is_told_by_its_slice() -> None:
    def check(board: Intelligence, facts: OrderFacts) -> None:
        seen = board.pictures.look("ETH-USD", Side.BUY)
        found = cost_of(board, facts)
        left = facts.row.qty_1e8 - facts.filled_1e8
        assert found.bps == pytest.approx(seen.sweep(left // 8).cost_bps, abs=0.5)
        assert "8 slices" in found.basis
        pacing = Pacing(pov=ParticipationPacing(participation_bps=1_000))
        how = structs.replace(facts.node.execution, pacing=pacing)
        node = structs.replace(facts.node, execution=how)
        share = cost_of(board, structs.replace(facts, node=node))
        assert share.bps is None and "volume" in share.basis

    with_order({"pacing": {"uniform": {"num_slices": 8, "interval_ms": 60_000}}}, check)


def test_a_cap_that_the_rest_would_pass_leaves_no_cost() -> None:
    def check(board: Intelligence, facts: OrderFacts) -> None:
        node = structs.replace(
            facts.node, execution=structs.replace(facts.node.execution, horizon_ms=None)
        )
        told = structs.replace(facts, node=node)
        assert cost_of(board, told).bps is not None
        memory = structs.replace(facts.memory, worst_price_1e9=2_000 * 10**9)
        capped = cost_of(board, structs.replace(told, memory=memory))
        # It was given none of its own.
        assert capped.bps is None
        assert capped.basis == "taking the rest now would pass the price collar of this engine"
        how = structs.replace(told.node.execution, max_slippage_bps=3)
        own = structs.replace(told, memory=memory, node=structs.replace(told.node, execution=how))
        assert cost_of(board, own).basis == "taking the rest now would pass its slippage cap"

    with_order({"policy": "aggressive_chase", "urgency": "low", "horizon_ms": 60_000}, check)


def test_what_the_books_of_now_do_not_show_is_said_of_now() -> None:
    def check(board: Intelligence, facts: OrderFacts) -> None:
        row = structs.replace(facts.row, qty_1e8=facts.filled_1e8 + 10**6 * ETH)
        memory = structs.replace(facts.memory, worst_price_1e9=None)
        status = NodeStatus.EXECUTING
        node = structs.replace(
            facts.node, execution=structs.replace(facts.node.execution, policy=Policy.SOR)
        )
        working = structs.replace(row, status=status)
        told = structs.replace(facts, row=working, memory=memory, node=node)
        found = cost_of(board, told)
        assert found.missing[0].startswith("of what is left, now: the books show only ")
        assert "of 1000000: " in found.missing[0]

    with_order({"policy": "aggressive_chase", "urgency": "low", "horizon_ms": 60_000}, check)
