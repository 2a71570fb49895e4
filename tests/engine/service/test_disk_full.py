"""A journal that cannot be written stops new orders, lets cancels pass and loses nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from engine import EngineConfig, ExecutionEngine, GraphStatus, JournalError, Reason
from engine.service.config import SandboxVenues
from engine.service.engine import JOURNAL_NAME
from engine.store.verify import verify

VENUES = SandboxVenues(seed=6, events=False, latency_scale=0.1)
ORDER = {"symbol": "ETH-USD", "side": "buy", "qty": 1}


def limit_pages(engine: ExecutionEngine, pages: int) -> None:
    _, _, store, writer = engine._parts()
    assert writer.call(lambda: store.limit_pages(pages))


async def until(engine: ExecutionEngine, *, halted: bool) -> None:
    async with asyncio.timeout(20):
        while engine.world.switch.halted is not halted:
            await asyncio.sleep(0.02)


def test_a_full_disk_is_cancel_only_until_there_is_room(tmp_path: Path) -> None:
    async def main() -> int:
        config = EngineConfig(venues=VENUES, data_dir=str(tmp_path))
        async with ExecutionEngine(config) as engine:
            await engine.ready()
            resting = await engine.submit(ORDER | {"price": 2000})
            await resting.status()
            limit_pages(engine, 1)
            for number in range(200):
                run = await engine.submit(ORDER | {"graph_id": f"g{number}"})
                if not run.accepted:
                    break
                await asyncio.sleep(0.02)
            await until(engine, halted=True)
            refused = await engine.submit(ORDER)
            assert refused.reason is Reason.KILL_SWITCH
            assert "full" in refused.text or "room" in refused.text or "space" in refused.text
            with pytest.raises(JournalError):
                await engine.fills()
            limit_pages(engine, 1_000_000)
            await until(engine, halted=False)
            again = await engine.submit(ORDER)
            assert (await again.done(timeout_s=30)).status is GraphStatus.COMPLETED
            await resting.cancel()
            assert (await resting.done(timeout_s=30)).status is GraphStatus.CANCELLED
            fills = await engine.fills(limit=1_000)
            net = sum(fill.qty_1e8 for fill in fills)
            held = sum(
                venue.exchange.account.position("ETH-USD").qty_1e8
                for venue in engine.sandbox_venues
                if "ETH-USD" in venue.exchange.listings
            )
            assert net == held > 0
            return len(fills)

    assert asyncio.run(main()) > 0
    report = verify(tmp_path / JOURNAL_NAME)
    assert report.ok, report.problem
