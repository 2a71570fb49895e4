"""When an engine is ready: books healthy and filled as far as they will be, recovery finished."""

from __future__ import annotations

import asyncio
import time

from engine.errors import ConfigError
from engine.service.recovering import Recovering
from engine.service.wiring import World

__all__ = ["wait_until_ready"]

POLL_S = 0.005
PRICED_S = 0.5
SHOWN = 5


async def wait_until_ready(
    world: World, timeout_s: float, recovery: Recovering | None = None
) -> None:
    """Return once every book is healthy and every graph of an earlier run goes on (None: these
    are not waited for); ConfigError naming what is missing after `timeout_s`.

    Healthy books may be empty still, so it waits a moment longer for prices, which not all need
    have.
    """
    deadline = time.monotonic() + timeout_s
    priced_by = 0.0
    while True:
        missing = missing_books(world)
        if not missing:
            priced_by = priced_by or time.monotonic() + PRICED_S
            priced = all(market.mid_x2() is not None for market in world.markets.values())
            if priced or time.monotonic() > priced_by:
                break
        elif time.monotonic() > deadline:
            text = f"no market data of {', '.join(missing[:SHOWN])} in {timeout_s} s"
            raise ConfigError(text)
        await asyncio.sleep(POLL_S)
    if recovery is None or await recovery.finished(deadline - time.monotonic()):
        return
    text = f"{recovery.text} after {timeout_s} s: a venue has not listed its orders"
    raise ConfigError(f"{text}; see that it can be reached")


def missing_books(world: World) -> list[str]:
    """Books that are not healthy, as venue:symbol."""
    return [
        f"{listing.venue}:{symbol}"
        for symbol, market in world.markets.items()
        for listing in market.listings
        if not market.healthy[listing.venue_index]
    ]
