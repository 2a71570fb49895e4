"""A sandbox engine with its quotes, for tests of what they say."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from engine.kernels.layout import ASK, BID
from engine.model.instruments import InstrumentType
from engine.model.mirror import Resolved
from engine.service.api_error import ApiError
from engine.service.config import EngineConfig, SandboxVenues
from engine.service.engine import ExecutionEngine
from engine.service.quotes.asked import not_listed
from engine.service.quotes.board import Quotes

T = TypeVar("T")


async def resolve_sides(symbol: str) -> Resolved:
    """`name:no` and `name:yes` of the engine's own event symbols."""
    name, _, side = symbol.partition(":")
    if side not in ("yes", "no"):
        raise not_listed(symbol)
    kind = InstrumentType.PREDICTION
    return Resolved(given=symbol, symbol=name, type=kind, mirrored=side == "no")


def with_quotes(
    check: Callable[[Quotes], Awaitable[T]], *, latency_scale: float = 0.0, ready: bool = True
) -> T:
    """Run a check on the quotes of a sandbox; a `latency_scale` of 100 keeps every book cold."""

    async def main() -> T:
        config = EngineConfig(venues=SandboxVenues(latency_scale=latency_scale))
        async with ExecutionEngine(config) as engine:
            if ready:
                await filled(engine)
            return await check(Quotes(engine, resolve=resolve_sides))

    return asyncio.run(main())


async def filled(engine: ExecutionEngine) -> None:
    """Wait until every book has both sides: a sandbox's books begin healthy and empty."""
    await engine.ready()
    markets = engine.world.markets.values()
    for _ in range(2_000):
        if all(
            market.level_count(one.venue_index, side)
            for market in markets
            for one in market.listings
            for side in (BID, ASK)
        ):
            return
        await asyncio.sleep(0.005)
    raise AssertionError("a book stayed empty")


async def code_of(asking: Awaitable[object]) -> str:
    """The code of the refusal that an ask ends in."""
    try:
        await asking
    except ApiError as error:
        return error.code.value
    return "no refusal"
