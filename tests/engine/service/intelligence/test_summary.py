"""The summary: days, filters, an empty desk."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

from engine import ExecutionEngine
from engine.intelligence.rollups import RELATIVE_ERROR, SMALLEST_BPS
from engine.model.units import notional_1e9
from engine.service.api_error import ApiError, ErrorCode
from engine.service.intelligence.board import Intelligence
from engine.service.intelligence.rollup_file import ROLLUPS_NAME
from engine.service.intelligence.summary import day_range, fitting
from tests.support.intelligence_rig import ended, facts_of, with_board

DAY = 86_400 * 10**9


def test_days_are_utc_inclusive_and_today_by_default() -> None:
    now = 20_000 * DAY + 5
    assert day_range(None, None, now) == range(20_000, 20_001)
    assert day_range("1970-01-02", "1970-01-04", now) == range(1, 4)
    assert day_range("2024-10-04", None, now) == range(20_000, 20_001)
    for start, end in (("1970-1-2", None), ("yesterday", None), ("1970-01-05", "1970-01-04")):
        with pytest.raises(ApiError) as refused:
            day_range(start, end, now)
        assert refused.value.code is ErrorCode.INVALID_PARAMS


def test_a_desk_adds_up_by_venue_and_symbol() -> None:
    async def work(engine: ExecutionEngine, board: Intelligence) -> None:
        ids = [await ended(engine, "a", qty=20), await ended(engine, "b", "sell", 3)]
        view = await board.summary("local")
        fills = [fill for one in ids for fill in facts_of(engine, one).fills]
        assert (view.total_orders, view.total_fills) == (2, len(fills))
        assert view.total_fees_1e9 == sum(one.fee_1e9 for one in fills)
        for rows in (view.per_venue, view.per_symbol):
            assert sum(one.fills for one in rows) == view.total_fills
            assert sum(one.notional_1e9 or 0 for one in rows) == view.total_notional_1e9
        quantiles = view.slippage_bps
        values = (quantiles.p50, quantiles.p75, quantiles.p95, quantiles.p99)
        known = [one for one in values if one is not None]
        assert len(known) == 4 and known == sorted(known)
        venue = view.per_venue[0].name
        only = await board.summary("local", venue=venue, symbol="ETH-USD")
        assert only.total_fills == view.per_venue[0].fills
        assert [one.name for one in only.per_venue] == [venue]
        none = await board.summary("local", symbol="BTC-USD")
        assert (none.total_orders, none.total_fills, none.slippage_bps.p50) == (0, 0, None)
        past = await board.summary("local", start_date="2001-01-01", end_date="2001-12-31")
        assert (past.total_orders, past.per_venue) == (0, ())
        with pytest.raises(ApiError):
            await board.summary("local", symbol="NOPE")

    with_board(work)


def test_the_widest_range_is_answered() -> None:
    async def work(engine: ExecutionEngine, board: Intelligence) -> None:
        await ended(engine, "a")
        view = await board.summary("local", start_date="0001-01-01", end_date="9999-12-31")
        assert view.total_orders == 1 and view.total_fills > 0

    with_board(work)


def test_money_that_passes_64_bits_is_null_beside_its_float() -> None:
    assert fitting(2**63 - 1) == 2**63 - 1
    assert fitting(2**63) is None


EVENT = "btc-above-70k-year-end"


async def scanned(engine: ExecutionEngine, board: Intelligence) -> int:
    """The summary against every durable fill, one by one; how many there are.

    Events are in the same units: bps of the arrival mid of the side that was traded, and money of
    1e-9 USD, a contract's price being a part of its payoff of 1 USD.
    """
    view = await board.summary("local", start_date="2020-01-01")
    fills = engine.queries.fills("local", engine.environment, limit=1_000).rows
    slips: dict[str, list[float]] = defaultdict(list)
    weighted: dict[str, float] = defaultdict(float)
    money: dict[str, int] = defaultdict(int)
    fees: dict[str, int] = defaultdict(int)
    orders = set()
    for fill in fills:
        facts = facts_of(engine, fill.node_order_id)
        orders.add(fill.node_order_id)
        away = fill.side.sign * (fill.price_1e9 - facts.arrival_x2 / 2)
        slips[fill.symbol].append(1e4 * away / (facts.arrival_x2 / 2))
        notional = notional_1e9(fill.price_1e9, fill.qty_1e8)
        weighted[fill.symbol] += slips[fill.symbol][-1] * notional
        money[fill.symbol] += notional
        fees[fill.symbol] += fill.fee_1e9
    assert (view.total_orders, view.total_fills) == (len(orders), len(fills))
    assert view.total_notional_1e9 == sum(money.values())
    assert view.total_fees_1e9 == sum(fees.values())
    assert {one.name for one in view.per_symbol} == set(slips)
    for row in view.per_symbol:
        name, ordered = row.name, sorted(slips[row.name])
        assert (row.fills, row.notional_1e9, row.fees_1e9) == (
            len(ordered),
            money[name],
            fees[name],
        )
        assert row.slippage_bps.mean == pytest.approx(weighted[name] / money[name], rel=1e-4)
        for level, told in ((50, row.slippage_bps.p50), (95, row.slippage_bps.p95)):
            true = ordered[max(1, -(-level * len(ordered) // 100)) - 1]
            assert told == pytest.approx(true, rel=1.01 * RELATIVE_ERROR, abs=SMALLEST_BPS)
    return len(fills)


def test_after_a_restart_the_summary_is_that_of_a_full_scan(tmp_path: Path) -> None:
    async def first(engine: ExecutionEngine, board: Intelligence) -> int:
        await ended(engine, "a", "buy", 60)
        await ended(engine, "b", "buy", 300, symbol=EVENT)
        return await scanned(engine, board)

    async def second(engine: ExecutionEngine, board: Intelligence) -> int:
        totals = board.upkeep.totals()
        assert totals.last_fill > 0, "what was read before the restart was kept"
        assert await scanned(engine, board) == before
        await ended(engine, "c", "sell", 40)
        await ended(engine, "d", "sell", 100, symbol=EVENT)
        return await scanned(engine, board)

    async def without_file(engine: ExecutionEngine, board: Intelligence) -> int:
        assert board.upkeep.totals().last_fill == 0
        return await scanned(engine, board)

    folder = str(tmp_path)
    before = with_board(first, data_dir=folder, events=True)
    after = with_board(second, data_dir=folder, events=True)
    assert after > before > 2
    (tmp_path / ROLLUPS_NAME).unlink()
    assert with_board(without_file, data_dir=folder, events=True) == after
