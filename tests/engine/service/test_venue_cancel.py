"""Cancelling on a venue: that client's orders with something open there, and no others."""

from __future__ import annotations

import asyncio

from engine import EngineConfig, ExecutionEngine
from engine.service.config import SandboxVenues
from engine.service.venue_cancel import cancel_venue, open_on_venue

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
