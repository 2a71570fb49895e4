"""The six answers over a running engine: truthful, per client, surviving restarts."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from engine import EngineConfig, ExecutionEngine, qty_1e8
from engine.service.api_error import ApiError, ErrorCode
from engine.service.config import SandboxVenues
from engine.service.intelligence.board import Intelligence
from engine.service.intelligence.views import Review
from tests.support.intelligence_rig import ETH, ended, with_board


def test_a_forecast_tells_and_unknown_symbols_and_sides_are_refused() -> None:
    async def work(_: ExecutionEngine, board: Intelligence) -> None:
        view = await board.forecast("ETH-USD", "buy", 10 * ETH)
        assert view.expected_cost_bps is not None and view.downside_cost_bps is not None
        assert view.expected_cost_bps < view.downside_cost_bps
        assert (view.sample_size, view.observed_coverage) == (0, None)
        with pytest.raises(ApiError) as unknown:
            await board.forecast("NOPE-USD", "buy", ETH)
        assert unknown.value.code is ErrorCode.NOT_FOUND
        for side, qty in (("hold", ETH), ("buy", 0), ("buy", 10**18)):
            with pytest.raises(ApiError) as wrong:
                await board.forecast("ETH-USD", side, qty)
            assert wrong.value.code is ErrorCode.INVALID_PARAMS

    with_board(work)


def test_books_of_a_cold_symbol_are_asked_for_first() -> None:
    asked: list[str] = []

    class Name(NamedTuple):
        canonical: str
        mirrored: bool

    class Quotes:
        async def asked(self, symbol: str) -> Name:
            return Name(symbol.removeprefix("no:"), symbol.startswith("no:"))

        async def warm(self, symbol: str) -> str:
            asked.append(symbol)
            return "somewhere"

    async def work(engine: ExecutionEngine, _: Intelligence) -> None:
        board = Intelligence(engine, Quotes())
        view = await board.forecast("ETH-USD", "buy", ETH)
        assert view.source == "somewhere"
        await board.simulate("BTC-USD", "sell", ETH)
        board.close()
        assert asked == ["ETH-USD", "BTC-USD"]

    with_board(work)


def test_orders_are_those_of_their_client_in_both_forms_of_the_id() -> None:
    async def work(engine: ExecutionEngine, board: Intelligence) -> None:
        order_id = await ended(engine, "a")
        for name in (order_id, order_id.removeprefix("graph:")):
            assert (await board.live("local", name)).node_order_id == order_id
            assert (await board.review("local", name)).order.node_order_id == order_id
        for client, name in (("another", order_id), ("local", "b:order:1"), ("local", "nonsense")):
            for ask in (board.live, board.review):
                with pytest.raises(ApiError) as refused:
                    await ask(client, name)
                assert refused.value.code is ErrorCode.NOT_FOUND
            with pytest.raises(ApiError) as none:
                await board.decisions(client, node_order_id=name)
            assert none.value.code is ErrorCode.NOT_FOUND
        assert (await board.decisions("another")).decisions == ()
        assert (await board.summary("another")).total_orders == 0

    with_board(work)


def test_ended_orders_are_read_without_a_flush() -> None:
    async def work(engine: ExecutionEngine, board: Intelligence) -> None:
        order_id = await ended(engine, "a")

        async def refuse() -> None:
            raise AssertionError("an ended order needs no flush")

        engine.flush = refuse  # type: ignore[method-assign]  # that it is not called is the test
        try:
            await board.live("local", order_id)
            await board.review("local", order_id)
            await board.summary("local")
        finally:
            del engine.flush

    with_board(work)


def test_decisions_are_clamped_filtered_and_newest_first() -> None:
    async def work(engine: ExecutionEngine, board: Intelligence) -> None:
        first, second = await ended(engine, "a"), await ended(engine, "b", "sell")
        both = await board.decisions("local", last_n=5_000)
        assert both.last_n == 1_000
        assert [one.graph_id for one in both.decisions] == ["b", "a"]
        assert (await board.decisions("local", last_n=1)).decisions == both.decisions[:1]
        for order_id, graph in ((first, "a"), (second, "b")):
            found = await board.decisions("local", node_order_id=order_id)
            assert {one.graph_id for one in found.decisions} == {graph}
        with pytest.raises(ApiError, match="at least 1"):
            await board.decisions("local", last_n=0)

    with_board(work)


def test_what_is_durable_survives_a_restart(tmp_path: Path) -> None:
    async def first(
        engine: ExecutionEngine, board: Intelligence
    ) -> tuple[str, object, object, Review]:
        order_id = await ended(engine, "a")
        await ended(engine, "b", "sell", 2)
        await asyncio.sleep(0.4)
        found = await board.decisions("local")
        review = await board.review("local", order_id)
        return order_id, await board.summary("local"), found, review

    order_id, summary, decisions, before = with_board(first, data_dir=str(tmp_path))

    async def second(_: ExecutionEngine, board: Intelligence) -> None:
        today = datetime.now(UTC).date()
        yesterday = (today - timedelta(days=1)).isoformat()
        again = await board.summary("local", start_date=yesterday, end_date=today.isoformat())
        for name in ("total_orders", "total_fills", "total_notional_1e9", "slippage_bps"):
            assert getattr(again, name) == getattr(summary, name), name
        assert await board.decisions("local") == decisions
        review = await board.review("local", order_id)
        assert review.tca is not None and review.tca.shortfall_1e9 is not None
        # Prices were watched before, and are still known.
        assert review.benchmarks.twap == pytest.approx(before.benchmarks.twap)
        assert review.benchmarks.markouts[0] == before.benchmarks.markouts[0]
        assert review.benchmarks.markouts[0].fills > 0
        assert not any("watched" in one for one in review.missing)

    with_board(second, data_dir=str(tmp_path))


def test_a_library_user_opens_and_closes_it_around_the_work() -> None:
    async def main() -> None:
        config = EngineConfig(venues=SandboxVenues(seed=3, events=False, latency_scale=0.1))
        async with ExecutionEngine(config) as engine:
            others = asyncio.all_tasks()
            async with Intelligence(engine) as intelligence:
                await engine.ready()
                assert asyncio.all_tasks() > others, "it watches"
                view = await intelligence.forecast("ETH-USD", "sell", qty_1e8("2.5"), "high")
                assert (view.qty_1e8, view.urgency) == (250_000_000, "high")
                assert view.expected_cost_bps is not None
                client = engine.config.client_id
                assert (await intelligence.summary(client)).total_orders == 0
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert asyncio.all_tasks() <= others, "and nothing of it goes on"

    asyncio.run(main())
