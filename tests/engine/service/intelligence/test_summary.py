"""The summary: days, filters, an empty desk."""

from __future__ import annotations

import pytest

from engine import ExecutionEngine
from engine.service.api_error import ApiError, ErrorCode
from engine.service.intelligence.board import Intelligence
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
