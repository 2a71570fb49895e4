"""The desk's totals: equal to a full scan, read once, apart by account, day, venue, symbol."""

from __future__ import annotations

import asyncio
from collections import defaultdict

import pytest

from engine import ExecutionEngine
from engine.intelligence.rollups import RELATIVE_ERROR
from engine.model.units import notional_1e9
from engine.service.intelligence.board import Intelligence
from engine.service.intelligence.desk import DAY_NS, DeskTotals
from tests.support.intelligence_rig import ended, facts_of, with_board


def test_totals_are_those_of_a_full_scan_and_grow_with_what_comes() -> None:
    async def work(engine: ExecutionEngine, _: Intelligence) -> None:
        desk = DeskTotals(engine.queries)
        ids: list[str] = []
        for number, side in enumerate(("buy", "sell", "buy")):
            ids.append(await ended(engine, f"g{number}", side, 5 + 10 * number))
            await desk.catch_up()
            check(engine, desk, ids)
        await desk.catch_up()
        check(engine, desk, ids)

    with_board(work)


def check(engine: ExecutionEngine, desk: DeskTotals, ids: list[str]) -> None:
    """Against every fill, one by one."""
    account = engine.queries.account("local", engine.environment)
    assert account is not None
    slips: list[float] = []
    venues: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    days: set[int] = set()
    for order_id in ids:
        facts = facts_of(engine, order_id)
        for fill in facts.fills:
            money = notional_1e9(fill.price_1e9, fill.qty_1e8)
            row = venues[fill.venue]
            row[0], row[1], row[2] = row[0] + 1, row[1] + money, row[2] + fill.fee_1e9
            away = fill.side.sign * (2 * fill.price_1e9 - facts.arrival_x2)
            slips.append(1e4 * away / facts.arrival_x2)
            days.add(fill.ts_unix_ns // DAY_NS)
    window = range(min(days), max(days) + 1)
    whole, by_venue, by_symbol = desk.merged(account.account, window, None, None)
    assert {name: [t.fills, t.notional_1e9, t.fees_1e9] for name, t in by_venue.items()} == venues
    assert set(by_symbol) == {"ETH-USD"}
    assert whole.fills == len(slips)
    slips.sort()
    for level in (0.5, 0.75, 0.95, 0.99):
        true = slips[max(1, -(-int(level * 100) * len(slips) // 100)) - 1]
        (found,) = whole.quantiles([level])
        assert found == pytest.approx(true, rel=1.01 * RELATIVE_ERROR, abs=0.001)
    one = next(iter(venues))
    only, _, _ = desk.merged(account.account, window, None, one)
    assert only.fills == venues[one][0]
    assert desk.merged(account.account, window, "BTC-USD", None)[0].fills == 0
    assert desk.merged(account.account, range(window.start - 9, window.start), None, None)[
        0
    ].fills == (0)
    assert desk.merged(account.account + 1, window, None, None)[0].fills == 0
    assert desk.order_count(account.account, window, None, None) == len(ids)
    assert 0 < desk.order_count(account.account, window, None, one) <= len(ids)
    assert desk.order_count(account.account, window, "BTC-USD", None) == 0


def test_two_readers_at_once_count_once() -> None:
    async def work(engine: ExecutionEngine, _: Intelligence) -> None:
        await ended(engine, "a")
        desk = DeskTotals(engine.queries)
        await asyncio.gather(*(desk.catch_up() for _ in range(5)))
        fills = engine.queries.fills("local", engine.environment).total
        assert sum(t.fills for keyed in desk.fills.values() for t in keyed.values()) == fills > 0

    with_board(work)
