"""Runs and subscriptions: the end is seen whenever one starts to look."""

from __future__ import annotations

import asyncio

import pytest

from engine import EngineConfig, ExecutionEngine, GraphError
from engine.model.records import FillRecord, GraphChanged
from engine.service.config import SandboxVenues

VENUES = SandboxVenues(seed=4, events=False, latency_scale=0.1)


def test_changes_of_a_run_end_with_the_graph() -> None:
    async def main() -> None:
        async with ExecutionEngine(EngineConfig(venues=VENUES)) as engine:
            await engine.ready()
            stream = engine.changes()
            run = await engine.submit({"symbol": "SOL-USD", "side": "buy", "qty": 20})
            seen = [entry async for entry in run.changes()]
            assert seen and all(entry.graph_id == run.graph_id for entry in seen)
            assert isinstance(seen[-1].payload, GraphChanged)
            assert [entry async for entry in run.changes()] == []
            everything = [await anext(stream) for _ in range(len(seen))]
            assert [entry.seq for entry in everything] == sorted(entry.seq for entry in everything)
            assert any(isinstance(entry.payload, FillRecord) for entry in everything)
            await stream.aclose()

    asyncio.run(main())


def test_waiting_has_a_time_limit() -> None:
    async def main() -> None:
        async with ExecutionEngine(EngineConfig(venues=VENUES)) as engine:
            await engine.ready()
            run = await engine.submit({"symbol": "SOL-USD", "side": "buy", "qty": 1, "price": 100})
            with pytest.raises(TimeoutError):
                await run.done(timeout_s=0.1)

    asyncio.run(main())


def test_a_run_that_was_refused_says_so_when_it_is_waited_for() -> None:
    async def main() -> None:
        async with ExecutionEngine(EngineConfig(venues=VENUES)) as engine:
            await engine.ready()
            order = {"symbol": "SOL-USD", "side": "buy", "qty": 1, "graph_id": "a"}
            await (await engine.submit(order)).done(timeout_s=30)
            other = await engine.submit(order | {"qty": 2})
            with pytest.raises(GraphError, match=r"refused: graph_id: .* was used"):
                await other.done(timeout_s=30)
            dry = await engine.submit(order | {"graph_id": "b"}, dry_run=True)
            with pytest.raises(GraphError, match="dry run"):
                await dry.status()

    asyncio.run(main())
