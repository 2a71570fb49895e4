"""How far recovery is: counted, told in a sentence, and with the orders that wait."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from engine import ConfigError, EngineConfig, ExecutionEngine
from engine.model.risk import KillScope
from engine.service.config import SandboxVenues
from engine.service.recovering import PastOrder
from tests.support.held_recovery import HeldRecovery

LOW = {"symbol": "ETH-USD", "side": "buy", "qty": 1, "price": 2_200, "venue": "binance"}


def test_waiting_graphs_are_counted_until_they_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    venues = SandboxVenues(seed=3, events=False, latency_scale=0)
    config = EngineConfig(venues=venues, data_dir=str(tmp_path))

    async def main() -> None:
        async with ExecutionEngine(config) as engine:
            await engine.ready()
            assert (engine.recovering, engine.recovery.text) == (0, "")
            assert list(engine.recovery.orders()) == []
            await engine.submit({**LOW, "graph_id": "a"}, client_id="alice")
            while not (found := engine.open_children(KillScope.DESK, "")):
                await asyncio.sleep(0.01)
            (name,) = found
        held = HeldRecovery(monkeypatch)
        async with ExecutionEngine(config) as engine:
            recovery = engine.recovery
            assert (engine.recovering, recovery.graphs) == (1, 1)
            assert recovery.text == "recovery of 1 graphs is not finished"
            names = "graph:a:order:1", "alice", "a", "order", "binance", "ETH-USD"
            assert list(recovery.orders()) == [PastOrder(name, *names)]
            assert recovery.graphs_at("binance") == recovery.graphs_at("ETH-USD") == {"a"}
            assert recovery.graphs_at("kraken") == recovery.graphs_at("BTC-USD") == set()
            assert not await recovery.finished(0.05)
            with pytest.raises(ConfigError, match="recovery of 1 graphs is not finished"):
                await engine.ready(timeout_s=1.0)
            held.release()
            await engine.ready()
            assert (engine.recovering, recovery.text) == (0, "")
            assert list(recovery.orders()) == [] and recovery.graphs_at("binance") == set()
            assert await recovery.finished(0.0)

    asyncio.run(main())
