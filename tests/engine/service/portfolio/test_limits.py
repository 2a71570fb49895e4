"""Limits, usage and the kill switches that concern a client, and no others."""

from __future__ import annotations

import asyncio

from engine import ExecutionEngine
from engine.model.orders import ChildState
from engine.model.risk import KillScope
from engine.model.units import Side
from engine.service.portfolio.board import Portfolio
from engine.service.portfolio.fill_source import OpenChild
from engine.service.portfolio.limits import risk_limits
from tests.support.portfolio import ONE, USD, book_of, buy, with_portfolio


def test_usage_counts_positions_orders_and_the_unproven() -> None:
    async def work(engine: ExecutionEngine, portfolio: Portfolio) -> None:
        await buy(engine, "ETH-USD", 2, client_id="a")
        found = await portfolio.risk_limits("a")
        assert found.usage.positions == {"ETH": 2 * ONE}
        assert found.account == engine.config.account
        assert found.engine["graphs_max"] == engine.config.limits.graphs_max
        other = await portfolio.risk_limits("b")
        assert other.usage.positions == {}
        assert (other.usage.open_notional_usd_1e9, other.kill_switches) == (0, ())
        children = [
            OpenChild("test", "ETH-USD", Side.BUY, 2 * ONE, ONE, 5 * USD, state)
            for state in (ChildState.UNKNOWN, ChildState.WORKING)
        ]
        usage = risk_limits(engine, "b", book_of(), children).usage
        assert (usage.open_orders, usage.unknown_orders) == (2, 1)
        assert usage.max_over_exposure_usd_1e9 == 5 * USD

    asyncio.run(with_portfolio(work))


def test_switches_of_others_are_not_told() -> None:
    async def work(engine: ExecutionEngine, portfolio: Portfolio) -> None:
        await buy(engine, "ETH-USD", 1, client_id="a")
        (order,) = await engine.orders(client_id="a")
        graph_id = order.node_order_id.split(":")[1]
        for scope, key in (
            (KillScope.CLIENT, "a"),
            (KillScope.VENUE, "kraken"),
            (KillScope.GRAPH, graph_id),
        ):
            await engine.halt("stop", scope=scope, key=key)
        mine = {(one.scope, one.key) for one in (await portfolio.risk_limits("a")).kill_switches}
        theirs = {(one.scope, one.key) for one in (await portfolio.risk_limits("b")).kill_switches}
        assert mine == {("client", "a"), ("venue", "kraken"), ("graph", graph_id)}
        assert theirs == {("venue", "kraken")}

    asyncio.run(with_portfolio(work))
