"""A restart on one folder brings the exchanges' accounts back as they were, to the last unit."""

from __future__ import annotations

import asyncio
from pathlib import Path

from engine import ExecutionEngine
from engine.model.units import Side
from engine.service.portfolio.board import Portfolio
from engine.service.portfolio.fill_source import StoredFill
from engine.service.sandbox_accounts import charged, restore_sandbox_accounts
from tests.support.portfolio import SLUG, buy, config_of, with_portfolio
from venues.simulated.account import Account
from venues.simulated.catalogue import SandboxVenue, build_sandbox


def told(account: Account) -> object:
    """Balances and positions, without what was never traded."""
    positions = {
        symbol: (one.qty_1e8, one.entry_1e9, one.realised_1e9, one.fees_1e9)
        for symbol, one in account.positions.items()
        if one.fees_1e9 or one.qty_1e8
    }
    return {asset: amount for asset, amount in account.balances.items() if amount}, positions


def accounts(venues: list[SandboxVenue]) -> dict[str, object]:
    return {one.profile.name: told(one.exchange.account) for one in venues}


def test_accounts_come_back_from_the_recorded_fills(tmp_path: Path) -> None:
    config = config_of(tmp_path)

    async def trade(engine: ExecutionEngine, portfolio: Portfolio) -> dict[str, object]:
        await buy(engine, "ETH-USD", 40, client_id="a")
        await buy(engine, "ETH-USD", 7, client_id="b", side="sell")
        await buy(engine, "BTC-USD-PERP", 0.3, client_id="a", side="sell")
        await buy(engine, "BTC-USD-PERP", 0.5, client_id="b")
        await buy(engine, SLUG, 20, client_id="a")
        await engine.flush()
        assert (await portfolio.sync("a")).differences == ()
        return accounts(list(engine.sandbox_venues))

    async def look(engine: ExecutionEngine, portfolio: Portfolio) -> dict[str, object]:
        fresh = build_sandbox(3)
        untouched = accounts(fresh)
        fills = sum([len(await engine.fills(client_id=one, limit=1_000)) for one in "ab"])
        assert restore_sandbox_accounts(engine.queries, fresh) == fills > 5
        assert accounts(fresh) != untouched
        assert not any(venue.exchange.account.held for venue in fresh)
        assert restore_sandbox_accounts(engine.queries, []) == 0
        # An exchange that lost a market leaves its fills out and books the others.
        short = build_sandbox(3, events=False)
        assert restore_sandbox_accounts(engine.queries, short) < fills
        assert accounts(list(engine.sandbox_venues)) == accounts(fresh)
        return accounts(fresh)

    before = asyncio.run(with_portfolio(trade, config))
    after = asyncio.run(with_portfolio(look, config))
    assert after == before


def test_a_fee_is_booked_in_what_it_was_charged_in() -> None:
    row = StoredFill(1, "a", "v", "s", Side.BUY, 1, 1, 7, 9, "USDC")
    assert charged(row, "USD") == (9, "USDC")
    silent = StoredFill(1, "a", "v", "s", Side.BUY, 1, 1, 7, None, None)
    assert charged(silent, "USD") == (7, "USD")


def test_no_fill_id_comes_twice_on_one_folder(tmp_path: Path) -> None:
    config = config_of(tmp_path)

    async def trade(engine: ExecutionEngine, portfolio: Portfolio) -> None:
        await buy(engine, "ETH-USD", 4, client_id="a")

    async def look(engine: ExecutionEngine, portfolio: Portfolio) -> list[str]:
        await buy(engine, "ETH-USD", 4, client_id="a")
        await engine.flush()
        return [fill.fill_id for fill in await engine.fills(client_id="a", limit=1_000)]

    asyncio.run(with_portfolio(trade, config))
    ids = asyncio.run(with_portfolio(look, config))
    assert len(ids) == len(set(ids)) >= 2
