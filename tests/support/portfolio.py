"""Builders for tests of the portfolio: listings of each kind, books, and a running engine."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from engine import EngineConfig, ExecutionEngine
from engine.model.fees import FeeSchedule
from engine.model.instruments import Instrument, InstrumentType, Listing
from engine.model.units import PRICE_SCALE, qty_1e8
from engine.service.config import SandboxVenues
from engine.service.portfolio.accounting import Book
from engine.service.portfolio.board import Portfolio
from tests.support.simulated_venues import perp, spot

T = TypeVar("T")

ONE = qty_1e8("1")
USD = PRICE_SCALE
BALANCE = 1_000_000 * USD
SLUG = "KXBTCZ-26DEC31-T99000"


def event(symbol: str = SLUG, venue: str = "kalshi") -> Listing:
    """An event market at a venue, free of fees."""
    return Listing(
        venue=venue,
        venue_symbol=symbol,
        instrument=Instrument(
            symbol=symbol, type=InstrumentType.PREDICTION, base=symbol, quote="USD"
        ),
        venue_index=0,
        price_max_1e9=USD,
        fees=FeeSchedule(taker_ppm=0),
    )


def book_of(*listings: Listing) -> Book:
    """A book with a million of each quote; by default ETH spot and perp and an event market."""
    return Book(listings or (spot(), perp(), event()), BALANCE)


def config_of(data_dir: Path | None = None, *, events: bool = True) -> EngineConfig:
    """Sandbox venues that answer at once."""
    venues = SandboxVenues(seed=3, events=events, latency_scale=0)
    return EngineConfig(venues=venues, data_dir=None if data_dir is None else str(data_dir))


async def with_portfolio(
    work: Callable[[ExecutionEngine, Portfolio], Awaitable[T]], config: EngineConfig | None = None
) -> T:
    """Run the work on a portfolio over a fresh engine whose books are up."""
    async with ExecutionEngine(config or config_of(events=False)) as engine:
        await engine.ready()
        while any(market.mid_x2() is None for market in engine.world.markets.values()):
            # A book is healthy before the order flow has filled it.
            await asyncio.sleep(0.005)
        portfolio = Portfolio(engine)
        try:
            await portfolio.start()
            return await work(engine, portfolio)
        finally:
            portfolio.close()


async def buy(
    engine: ExecutionEngine,
    symbol: str,
    qty: float,
    *,
    client_id: str | None = None,
    side: str = "buy",
    venue: str | None = None,
) -> None:
    """A market order, to its end; all of it must have filled."""
    order: dict[str, object] = {"symbol": symbol, "side": side, "qty": qty}
    if venue is not None:
        order["venue"] = venue
    run = await engine.submit(order, client_id=client_id)
    assert run.accepted, run.text
    state = await run.done(timeout_s=30)
    assert state.nodes["order"].filled_qty_1e8 == round(qty * ONE)
