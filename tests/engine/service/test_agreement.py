"""The agreement check sees what differs, and only that."""

from __future__ import annotations

import asyncio

from engine import EngineConfig, ExecutionEngine
from engine.service.agreement import disagreements, position_differences
from engine.service.config import SandboxVenues

VENUES = SandboxVenues(seed=2, events=False, latency_scale=0.1)


def test_an_undisturbed_engine_agrees_and_a_disturbed_venue_is_found() -> None:
    async def main() -> None:
        async with ExecutionEngine(EngineConfig(venues=VENUES)) as engine:
            await engine.ready()
            run = await engine.submit({"symbol": "BTC-USD", "side": "sell", "qty": "1.5"})
            await run.done(timeout_s=30)
            assert await disagreements(engine) == []
            binance = engine.sandbox_venues[0]
            binance.exchange.account.position("BTC-USD").apply(1, 10**9)
            (sentence,) = await disagreements(engine)
            assert "binance" in sentence and "BTC-USD" in sentence
            fills = await engine.fills(limit=1_000)
            assert len(position_differences(engine.sandbox_venues, fills[1:])) >= 1

    asyncio.run(main())
