"""The reader of fills: in order, by pages, of one environment; open orders of one client."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from engine import ExecutionEngine
from engine.model.instruments import Environment
from engine.model.orders import ChildState
from engine.model.units import Side
from engine.service.portfolio import fill_source
from engine.service.portfolio.board import Portfolio
from engine.service.portfolio.fill_source import FillSource, OpenChild
from tests.support.portfolio import ONE, buy, config_of, with_portfolio


def test_pages_hold_every_fill_once_and_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fill_source, "PAGE", 2)

    async def work(engine: ExecutionEngine, portfolio: Portfolio) -> None:
        for client in ("a", "b", "a"):
            await buy(engine, "ETH-USD", 30, client_id=client)
        await engine.flush()
        source = FillSource(engine.queries, engine.environment)
        found = list(source.all())
        rows = [
            (row.seq, client)
            for client in ("a", "b")
            for row in await engine.fills(client_id=client, limit=1_000)
        ]
        assert [(fill.seq, fill.client_id) for fill in found] == sorted(rows)
        assert len(found) > 4
        assert sum(fill.signed_1e8 for fill in found) == 90 * ONE
        assert source.after(found[-1].seq) == []
        assert source.after(found[-2].seq) == [found[-1]]
        live = FillSource(engine.queries, Environment.LIVE)
        assert live.after(0) == []
        assert source.open_graphs("a") == 0

    asyncio.run(with_portfolio(work, config_of(tmp_path, events=False)))


def test_open_orders_are_the_clients_own() -> None:
    async def work(engine: ExecutionEngine, portfolio: Portfolio) -> None:
        order = {"symbol": "ETH-USD", "side": "buy", "qty": 2, "price": 2_000, "venue": "kraken"}
        run = await engine.submit(order, client_id="a")
        source = FillSource(engine.queries, engine.environment)
        while not (found := source.open_children("a")):
            await asyncio.sleep(0.01)
        (child,) = found
        assert (child.venue, child.symbol, child.side) == ("kraken", "ETH-USD", Side.BUY)
        assert (child.left_1e8, child.limit_price_1e9) == (2 * ONE, 2_000 * 10**9)
        assert source.open_children("b") == []
        assert (source.open_graphs("a"), source.open_graphs("b")) == (1, 0)
        await engine.cancel(run.graph_id, client_id="a")
        await run.done(timeout_s=30)
        await engine.flush()
        assert source.open_children("a") == []

    asyncio.run(with_portfolio(work))


def test_an_excess_leaves_nothing() -> None:
    child = OpenChild("v", "s", Side.BUY, ONE, 2 * ONE, 1, ChildState.WORKING)
    assert child.left_1e8 == 0
