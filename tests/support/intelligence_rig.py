"""A sandbox engine with its intelligence, for tests of the services, and orders that have ended."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from engine import EngineConfig, ExecutionEngine
from engine.service.config import SandboxVenues
from engine.service.intelligence.board import Intelligence
from engine.service.intelligence.facts import OrderFacts, order_facts, order_row

__all__ = ["ETH", "ended", "facts_of", "with_board"]

T = TypeVar("T")
ETH = 10**8


def with_board(
    work: Callable[[ExecutionEngine, Intelligence], Awaitable[T]],
    *,
    latency_scale: float = 0.1,
    events: bool = False,
    data_dir: str | None = None,
    client_id: str = "local",
) -> T:
    """Run `work` on a started engine whose books are there."""

    async def main() -> T:
        venues = SandboxVenues(seed=3, events=events, latency_scale=latency_scale)
        config = EngineConfig(venues=venues, data_dir=data_dir, client_id=client_id)
        async with ExecutionEngine(config) as engine:
            await engine.ready()
            board = Intelligence(engine)
            board.start()
            try:
                return await work(engine, board)
            finally:
                board.close()

    return asyncio.run(main())


async def ended(
    engine: ExecutionEngine, graph_id: str, side: str = "buy", qty: float = 5, **more: object
) -> str:
    """The id of an order that has run to its end."""
    order = {"symbol": "ETH-USD", "side": side, "qty": qty, "graph_id": graph_id, **more}
    run = await engine.submit(order)
    assert run.accepted, run.text
    state = await run.done(timeout_s=30)
    return state.nodes["order"].node_order_id


def facts_of(engine: ExecutionEngine, node_order_id: str, client_id: str = "local") -> OrderFacts:
    """What is recorded of an order."""
    row = order_row(engine.queries, client_id, engine.environment, node_order_id)
    assert row is not None, "the order is there"
    return order_facts(engine.queries, client_id, engine.environment, row)
