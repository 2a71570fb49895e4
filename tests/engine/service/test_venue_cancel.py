"""Cancelling on a venue: that client's orders with something open there, and no others."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from engine import EngineConfig, ExecutionEngine
from engine.service.config import SandboxVenues
from engine.service.venue_cancel import cancel_venue, open_on_venue
from tests.support.held_recovery import HeldRecovery

LIMIT = {"symbol": "BTC-USD", "side": "buy", "qty": 0.01, "price": 60_000}


def test_only_what_is_open_there_is_cancelled() -> None:
    async def main() -> None:
        async with ExecutionEngine(EngineConfig(venues=SandboxVenues(latency_scale=0))) as engine:
            await engine.ready()
            runs = {
                (venue, client): await engine.submit({**LIMIT, "venue": venue}, client_id=client)
                for venue in ("binance", "kraken")
                for client in ("alice", "bob")
            }
            while not all(open_on_venue(engine, *pair) for pair in runs):
                await asyncio.sleep(0.01)
            done, left = await cancel_venue(engine, "kraken", "alice")
            assert left == ()
            graph_id = runs["kraken", "alice"].graph_id
            assert done == (f"graph:{graph_id}:order:1",)
            state = await runs["kraken", "alice"].done(timeout_s=10)
            assert state.status == "cancelled"
            for pair in (("binance", "alice"), ("binance", "bob"), ("kraken", "bob")):
                assert len(open_on_venue(engine, *pair)) == 1
            assert await cancel_venue(engine, "kraken", "alice") == ((), ())

    asyncio.run(main())


def test_orders_that_come_back_are_cancelled_too_and_open_until_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = EngineConfig(venues=SandboxVenues(latency_scale=0), data_dir=str(tmp_path))
    names = {"graph:a:order:1", "graph:b:order:1"}

    async def main() -> None:
        async with ExecutionEngine(config) as engine:
            await engine.ready()
            for graph_id in ("a", "b"):
                await engine.submit({**LIMIT, "venue": "kraken", "graph_id": graph_id})
            while open_on_venue(engine, "kraken", "local").keys() != names:
                await asyncio.sleep(0.01)
        held = HeldRecovery(monkeypatch)
        async with ExecutionEngine(config) as engine:
            assert await cancel_venue(engine, "kraken", "alice", 0.0) == ((), ())
            assert await cancel_venue(engine, "binance", "local", 0.0) == ((), ())
            done, left = await cancel_venue(engine, "kraken", "local", 0.05)
            assert (done, set(left)) == ((), names)
            waiting = asyncio.create_task(cancel_venue(engine, "kraken", "local"))
            await asyncio.sleep(0.05)
            held.release()
            done, left = await waiting
            assert left == ()
            for graph_id in ("a", "b"):
                while not (state := await engine.status(graph_id)).ended:
                    await asyncio.sleep(0.01)
                assert state.status == "cancelled"

    asyncio.run(main())
