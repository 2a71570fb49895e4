"""Waiting for books: until they are healthy and priced, or naming what is missing."""

from __future__ import annotations

import asyncio

import pytest

from engine import ConfigError, EngineConfig, ExecutionEngine
from engine.service.config import SandboxVenues
from engine.service.readiness import missing_books, wait_until_ready

CONFIG = EngineConfig(venues=SandboxVenues(latency_scale=0))


def test_books_are_priced_when_it_returns() -> None:
    async def main() -> None:
        async with ExecutionEngine(CONFIG) as engine:
            assert missing_books(engine.world)
            await wait_until_ready(engine.world, 30)
            assert missing_books(engine.world) == []
            mids = {symbol: block.mid_x2() for symbol, block in engine.world.markets.items()}
            assert mids["BTC-USD"] is not None
            assert None not in mids.values()

    asyncio.run(main())


def test_a_book_that_does_not_come_is_named() -> None:
    async def main() -> None:
        async with ExecutionEngine(CONFIG) as engine:
            with pytest.raises(ConfigError, match=r"no market data of .*binance:BTC-USD"):
                await wait_until_ready(engine.world, -1)

    asyncio.run(main())
