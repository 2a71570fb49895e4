"""The engine as a host embeds it: real time, the real writer thread, a journal on disk."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest

from engine import ConfigError, EngineConfig, ExecutionEngine, GraphError, GraphStatus, Reason
from engine.errors import JournalError
from engine.model.risk import Limits
from engine.service.config import SandboxVenues
from engine.service.engine import JOURNAL_NAME
from engine.service.run import Changes
from engine.store.verify import verify

T = TypeVar("T")
FAST = SandboxVenues(seed=3, events=False, latency_scale=0.1)


def with_engine(
    work: Callable[[ExecutionEngine], Awaitable[T]], config: EngineConfig | None = None
) -> T:
    async def main() -> T:
        async with ExecutionEngine(config or EngineConfig(venues=FAST)) as engine:
            await engine.ready()
            return await work(engine)

    return asyncio.run(main())


async def read_all(stream: Changes) -> None:
    async for _ in stream:
        pass


def test_a_large_order_is_split_filled_and_recorded(tmp_path: Path) -> None:
    async def work(engine: ExecutionEngine) -> None:
        run = await engine.submit({"symbol": "ETH-USD", "side": "buy", "qty": 50})
        assert run.accepted
        state = await run.done(timeout_s=30)
        assert state.status is GraphStatus.COMPLETED
        node = state.nodes["order"]
        assert node.filled_qty_1e8 == node.target_qty_1e8 == 50 * 10**8
        fills = await engine.fills(limit=1_000)
        assert sum(fill.qty_1e8 for fill in fills) == 50 * 10**8
        assert len({fill.venue for fill in fills}) > 1
        paid = sum(fill.qty_1e8 * fill.price_1e9 for fill in fills)
        assert abs(node.avg_fill_price_1e9 - paid / (50 * 10**8)) <= 1
        (order,) = await engine.orders()
        assert order.node_order_id == f"graph:{run.graph_id}:order:1"

    config = EngineConfig(venues=FAST, data_dir=str(tmp_path), durability="accepted")
    with_engine(work, config)
    report = verify(tmp_path / JOURNAL_NAME)
    assert report.ok, report.problem


def test_a_refusal_is_an_answer_with_its_path() -> None:
    async def work(engine: ExecutionEngine) -> None:
        run = await engine.submit({"symbol": "NOPE", "side": "buy", "qty": 1})
        assert not run.accepted
        assert run.reason is Reason.INVALID_GRAPH
        assert "nodes[0].instrument.symbol" in run.text
        with pytest.raises(GraphError, match="side"):
            await engine.submit({"symbol": "ETH-USD", "side": "hold", "qty": 1})
        with pytest.raises(GraphError, match="no graph"):
            await engine.status("never-used")

    with_engine(work)


def test_the_same_graph_id_answers_as_the_first_time() -> None:
    async def work(engine: ExecutionEngine) -> None:
        order = {"symbol": "ETH-USD", "side": "buy", "qty": 1, "graph_id": "mine"}
        first = await engine.submit(order)
        again = await engine.submit(order)
        other = await engine.submit(order | {"qty": 2})
        assert first.answer == again.answer
        assert other.reason is Reason.DUPLICATE_GRAPH
        await first.done(timeout_s=30)
        assert len(await engine.orders()) == 1
        theirs = await engine.submit(order, client_id="someone-else")
        assert theirs.accepted
        assert len(await engine.orders()) == 1

    with_engine(work)


def test_a_resting_limit_order_can_be_cancelled() -> None:
    async def work(engine: ExecutionEngine) -> None:
        run = await engine.submit({"symbol": "ETH-USD", "side": "buy", "qty": 1, "price": 2200})
        await asyncio.sleep(0.3)
        assert not (await run.status()).ended
        await run.cancel()
        state = await run.done(timeout_s=30)
        assert state.status is GraphStatus.CANCELLED
        assert state.nodes["order"].status == "cancelled"

    with_engine(work)


def test_halted_trading_refuses_until_it_is_cleared() -> None:
    async def work(engine: ExecutionEngine) -> None:
        await engine.halt("lunch")
        refused = await engine.submit({"symbol": "ETH-USD", "side": "buy", "qty": 1})
        assert refused.reason is Reason.KILL_SWITCH
        assert "lunch" in refused.text
        await engine.resume_trading()
        run = await engine.submit({"symbol": "ETH-USD", "side": "buy", "qty": 1})
        assert (await run.done(timeout_s=30)).status is GraphStatus.COMPLETED

    with_engine(work)


def test_a_second_start_goes_on_with_the_journal(tmp_path: Path) -> None:
    config = EngineConfig(venues=FAST, data_dir=str(tmp_path))

    async def first(engine: ExecutionEngine) -> str:
        order = {"symbol": "ETH-USD", "side": "buy", "qty": 1, "graph_id": "kept"}
        await (await engine.submit(order)).done(timeout_s=30)
        return engine.journal_hash

    async def second(engine: ExecutionEngine) -> None:
        assert (await engine.status("kept")).status is GraphStatus.COMPLETED
        again = {"symbol": "ETH-USD", "side": "buy", "qty": 2, "graph_id": "kept"}
        assert (await engine.submit(again)).reason is Reason.DUPLICATE_GRAPH
        assert engine.world.system.refs

    with_engine(first, config)
    with_engine(second, config)
    assert verify(tmp_path / JOURNAL_NAME).ok


def test_a_reader_too_slow_is_cut_off_with_a_reason() -> None:
    async def work(engine: ExecutionEngine) -> None:
        stream = engine.changes()
        run = await engine.submit({"symbol": "ETH-USD", "side": "buy", "qty": 50})
        await asyncio.sleep(1.0)
        assert (await run.status()).ended
        with pytest.raises(JournalError, match="too far behind"):
            await read_all(stream)

    with_engine(work, EngineConfig(venues=FAST, limits=Limits(stream_backlog_max=8)))


def test_it_leaves_no_thread_and_cannot_be_used_outside() -> None:
    async def work(engine: ExecutionEngine) -> ExecutionEngine:
        return engine

    engine = with_engine(work)
    assert not [one for one in threading.enumerate() if one.name == "execgraph-journal"]
    with pytest.raises(ConfigError, match="not running"):
        _ = engine.world
