"""The kill switch over a restart, its targets, and what its receipt calls proven."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from engine import EngineConfig, ExecutionEngine, GraphError, GraphStatus
from engine.model.orders import ChildState
from engine.model.risk import KillScope
from engine.service.config import SandboxVenues
from engine.service.kill_switch import within
from tests.support.held_recovery import HeldRecovery

LOW = {"symbol": "ETH-USD", "side": "buy", "qty": 1, "price": 2_200, "venue": "binance"}


def config(folder: Path | None = None) -> EngineConfig:
    venues = SandboxVenues(seed=3, events=False, latency_scale=0.1)
    return EngineConfig(venues=venues, data_dir=None if folder is None else str(folder))


async def resting(engine: ExecutionEngine, *names: str) -> None:
    """Orders far below the market, once they rest."""
    for name in names:
        run = await engine.submit({**LOW, "graph_id": name})
        assert run.accepted, run.text
    for _ in range(1_000):
        found = engine.open_children(KillScope.DESK, "")
        if len(found) == len(names) and set(found.values()) == {ChildState.WORKING}:
            return
        await asyncio.sleep(0.005)
    raise AssertionError(f"they never rested: {found}")


async def past(folder: Path, *names: str) -> None:
    """A run that ends while these rest."""
    async with ExecutionEngine(config(folder)) as engine:
        await engine.ready()
        await resting(engine, *names)


def test_a_kill_during_recovery_waits_for_what_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        await past(tmp_path, "a", "b")
        held = HeldRecovery(monkeypatch)
        async with ExecutionEngine(config(tmp_path)) as engine:
            await engine.ready(recovered=False)
            assert engine.recovering == 2
            kill = asyncio.create_task(engine.halt("enough"))
            await asyncio.sleep(0.1)
            assert not kill.done()
            held.release()
            receipt = await kill
            assert sorted(receipt.graphs) == ["a", "b"]
            assert receipt.orders == ("graph:a:order:1", "graph:b:order:1")
            assert len(receipt.cancelled_orders) == 2
            assert (receipt.open_orders, receipt.unknown_orders) == ((), ())
            assert receipt.quiet_ms is not None and receipt.quiet_ms >= 90
            assert (receipt.recovering, receipt.warning) == (0, "")
            for name in ("a", "b"):
                assert (await engine.status(name)).status is GraphStatus.CANCELLED

    asyncio.run(main())


def test_a_receipt_before_the_venues_have_spoken_calls_orders_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        await past(tmp_path, "a")
        held = HeldRecovery(monkeypatch)
        async with ExecutionEngine(config(tmp_path)) as engine:
            receipt = await engine.halt(
                "now", scope=KillScope.SYMBOL, key="ETH-USD", quiet_timeout_s=0.0
            )
            assert receipt.graphs == ("a",)
            assert len(receipt.unknown_orders) == 1
            assert (receipt.cancelled_orders, receipt.open_orders) == ((), ())
            assert (receipt.quiet_ms, receipt.recovering) == (None, 1)
            assert "recovery of 1 graphs is not finished" in receipt.warning
            assert engine.open_children(KillScope.SYMBOL, "BTC-USD") == {}
            assert engine.open_children(KillScope.VENUE, "binance") != {}
            assert engine.open_children(KillScope.VENUE, "kraken") == {}
        # The process went before the graph came back: the next one keeps the promise.
        held.release()
        async with ExecutionEngine(config(tmp_path)) as engine:
            await engine.ready()
            for _ in range(400):
                if (await engine.status("a")).ended:
                    break
                await asyncio.sleep(0.01)
            assert (await engine.status("a")).status is GraphStatus.CANCELLED
            await engine.resume_trading(scope=KillScope.SYMBOL, key="ETH-USD")
            assert engine.open_children(KillScope.DESK, "") == {}

    asyncio.run(main())


def test_what_a_kill_leaves_open_stays_paused_over_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        await past(tmp_path, "a")
        held = HeldRecovery(monkeypatch)
        async with ExecutionEngine(config(tmp_path)) as engine:
            receipt = await engine.halt("look first", cancel_open=False)
            assert len(receipt.unknown_orders) == 1
            assert receipt.warning.startswith("open orders were left as they are")
        held.release()
        async with ExecutionEngine(config(tmp_path)) as engine:
            await engine.ready()
            await asyncio.sleep(0.1)
            state = await engine.status("a")
            assert (state.status, state.reason) == (
                GraphStatus.PAUSED,
                "kill switch: look first",
            )

    asyncio.run(main())


def test_a_second_kill_without_a_cancel_does_not_take_the_first_ones_back() -> None:
    async def main() -> None:
        async with ExecutionEngine(config()) as engine:
            await engine.halt("first")
            await engine.halt("second", cancel_open=False)
            ((*_, reason, cancels),) = engine.queries.engaged(engine.environment)
            assert (reason, cancels) == ("second", True)
            await engine.resume_trading()
            assert engine.queries.engaged(engine.environment) == []
            await engine.halt("third", cancel_open=False)
            ((*_, reason, cancels),) = engine.queries.engaged(engine.environment)
            assert (reason, cancels) == ("third", False)

    asyncio.run(main())


def test_a_graph_that_nobody_used_is_no_target() -> None:
    async def main() -> None:
        async with ExecutionEngine(config()) as engine:
            await engine.ready()
            await resting(engine, "a")
            with pytest.raises(GraphError, match="no graph 'typo'"):
                await engine.halt("x", scope="graph", key="typo")
            with pytest.raises(GraphError, match="no graph 'typo'"):
                await engine.resume_trading(scope="graph", key="typo")
            assert engine.queries.halts(engine.environment) == []
            receipt = await engine.halt("x", scope="graph", key="a")
            assert receipt.orders == ("graph:a:order:1",)
            await engine.resume_trading(scope="graph", key="a")
            # Ended, and known still.
            assert (await engine.halt("x", scope="graph", key="a")).orders == ()

    asyncio.run(main())


@pytest.mark.parametrize(
    ("scope", "key", "expected"),
    [
        (KillScope.DESK, "", True),
        (KillScope.CLIENT, "alice", True),
        (KillScope.CLIENT, "north", False),
        (KillScope.VENUE, "north", True),
        (KillScope.SYMBOL, "ETH-USD", True),
        (KillScope.SYMBOL, "g", False),
        (KillScope.GRAPH, "g", True),
        (KillScope.GRAPH, "alice", False),
    ],
)
def test_scopes_look_at_their_own_name_only(scope: KillScope, key: str, expected: bool) -> None:
    assert within(scope, key, "alice", "north", "ETH-USD", "g") is expected
