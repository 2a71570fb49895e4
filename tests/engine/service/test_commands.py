"""What a host asks of running graphs, and the kill switch with its receipt, on the real clock."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, cast

import pytest

from engine import ConfigError, EngineConfig, ExecutionEngine, GraphError, GraphStatus, Reason
from engine.model.orders import ChildState
from engine.model.risk import KillScope
from engine.service.config import SandboxVenues
from engine.service.run import GraphRun

T = TypeVar("T")
FAST = SandboxVenues(seed=3, events=False, latency_scale=0.1)
QTY = 10**8
LOW = 2_200


def with_engine(work: Callable[[ExecutionEngine], Awaitable[T]]) -> T:
    async def main() -> T:
        async with ExecutionEngine(EngineConfig(venues=FAST)) as engine:
            await engine.ready()
            return await work(engine)

    return asyncio.run(main())


async def resting(
    engine: ExecutionEngine, graph_id: str, symbol: str = "ETH-USD", **more: str
) -> GraphRun:
    """A limit order far below the market, once it rests."""
    order = {"symbol": symbol, "side": "buy", "qty": 1, "price": LOW, "graph_id": graph_id}
    run = await engine.submit({**order, **more})
    assert run.accepted, run.text
    await until(engine, graph_id, QTY)
    return run


async def until(engine: ExecutionEngine, graph_id: str, working: int) -> None:
    """Wait until so much rests, confirmed by its venue."""
    for _ in range(1_000):
        node = (await engine.status(graph_id)).nodes["order"]
        states = engine.open_children(KillScope.GRAPH, graph_id).values()
        if node.working_qty_1e8 == working and all(one is ChildState.WORKING for one in states):
            return
        await asyncio.sleep(0.005)
    raise AssertionError(f"{graph_id} never rested {working}")


def test_orders_are_cancelled_by_id_in_either_form() -> None:
    async def work(engine: ExecutionEngine) -> None:
        first, second = await resting(engine, "a"), await resting(engine, "b")
        assert (await engine.cancel_order("graph:a:order:1")).reason is Reason.NONE
        assert (await engine.cancel_order("b:order:1")).reason is Reason.NONE
        for run in (first, second):
            assert (await run.done(timeout_s=30)).status is GraphStatus.CANCELLED
        again = await engine.cancel_order("graph:a:order:1")
        assert again.reason in (Reason.ALREADY_ENDED, Reason.NOT_FOUND)
        assert (await engine.cancel("a")).status is GraphStatus.CANCELLED
        with pytest.raises(GraphError, match="looks like graph:"):
            await engine.cancel_order("nonsense")
        with pytest.raises(GraphError, match="no graph"):
            await engine.cancel("never-used")

    with_engine(work)


def test_an_amended_order_has_a_new_id_and_the_old_one_stays_valid() -> None:
    async def work(engine: ExecutionEngine) -> None:
        run = await resting(engine, "a", venue="binance")
        # This venue takes less of an order natively, and nothing else.
        answer = await engine.amend_order("a:order:1", new_qty_1e8=2 * QTY)
        assert (answer.reason, answer.mode) == (Reason.NONE, "cancel_replace")
        assert answer.node_order_id == "graph:a:order:2"
        await until(engine, "a", 2 * QTY)
        less = await engine.decrease_order("a:order:1", QTY // 2)
        assert (less.reason, less.mode) == (Reason.NONE, "native_decrease")
        assert less.node_order_id == "graph:a:order:2"
        await until(engine, "a", QTY * 3 // 2)
        off = await engine.amend_order("a:order:3", new_qty_1e8=0)
        assert off.reason is not Reason.NONE and off.text
        assert (await engine.amend_node("a", "other")).reason is Reason.NOT_FOUND
        await run.cancel()
        assert (await run.done(timeout_s=30)).status is GraphStatus.CANCELLED

    with_engine(work)


def test_a_paused_graph_rests_nothing_until_it_is_resumed() -> None:
    async def work(engine: ExecutionEngine) -> None:
        run = await resting(engine, "a")
        assert (await run.pause("lunch")).reason is Reason.NONE
        await until(engine, "a", 0)
        state = await run.status()
        assert (state.status, state.reason) == (GraphStatus.PAUSED, "lunch")
        assert (await run.resume()).reason is Reason.NONE
        await until(engine, "a", QTY)
        assert (await run.status()).status is GraphStatus.ACTIVE

    with_engine(work)


def test_a_kill_of_a_scope_needs_its_key_and_the_desks_takes_none() -> None:
    async def work(engine: ExecutionEngine) -> None:
        with pytest.raises(ConfigError, match="key"):
            await engine.halt("no key", scope=KillScope.VENUE)
        with pytest.raises(ConfigError, match="key"):
            await engine.halt("a key", key="alpha")

    with_engine(work)


def test_the_desks_kill_ends_everything_and_says_what_it_ended() -> None:
    async def work(engine: ExecutionEngine) -> None:
        held = await engine.submit({"symbol": "ETH-USD", "side": "buy", "qty": 1})
        await held.done(timeout_s=30)
        run = await resting(engine, "a")
        open_before = engine.open_children(KillScope.DESK, "")
        receipt = await engine.halt("enough")
        assert receipt.active and receipt.reason == "enough"
        assert receipt.graphs == ("a",)
        assert set(receipt.cancelled_orders) == set(open_before)
        assert receipt.open_orders == receipt.unknown_orders == ()
        assert receipt.quiet_ms is not None and receipt.warning == ""
        assert receipt.residual_exposure == {}, "the stopped graph holds nothing"
        assert engine.open_children(KillScope.DESK, "") == {}
        assert (await run.done(timeout_s=30)).status is GraphStatus.CANCELLED
        refused = await engine.submit({"symbol": "ETH-USD", "side": "buy", "qty": 1})
        assert refused.reason is Reason.KILL_SWITCH

    with_engine(work)


def test_a_kill_that_leaves_orders_warns_and_its_graphs_stay_paused() -> None:
    async def work(engine: ExecutionEngine) -> None:
        run = await resting(engine, "a")
        receipt = await engine.halt("look first", cancel_open=False)
        assert (receipt.quiet_ms, receipt.cancelled_orders) == (None, ())
        assert len(receipt.open_orders) == 1 and "left as they are" in receipt.warning
        await engine.resume_trading()
        assert (await run.status()).status is GraphStatus.PAUSED
        assert (await run.resume()).reason is Reason.NONE
        assert (await run.status()).status is GraphStatus.ACTIVE

    with_engine(work)


def test_scopes_reach_only_what_they_name() -> None:
    async def work(engine: ExecutionEngine) -> None:
        await resting(engine, "a")
        await resting(engine, "b")
        ((name, state),) = engine.open_children(KillScope.GRAPH, "a").items()
        assert not state.terminal
        everything = engine.open_children(KillScope.DESK, "")
        assert len(everything) == 2 and name in everything
        assert engine.open_children(KillScope.SYMBOL, "ETH-USD") == everything
        assert engine.open_children(KillScope.SYMBOL, "BTC-USD") == {}
        assert engine.open_children(KillScope.CLIENT, engine.config.client_id) == everything
        assert engine.open_children(KillScope.CLIENT, "another") == {}
        venues = {one.venue for one in engine.world.markets["ETH-USD"].listings}
        by_venue = [engine.open_children(KillScope.VENUE, venue) for venue in sorted(venues)]
        assert sum(len(found) for found in by_venue) == 2
        receipt = await engine.halt("one graph", scope=KillScope.GRAPH, key="a")
        assert receipt.graphs == ("a",) and receipt.cancelled_orders == (name,)
        assert (await engine.status("b")).status is GraphStatus.ACTIVE
        ok = await engine.submit({"symbol": "ETH-USD", "side": "buy", "qty": 1})
        assert ok.accepted

    with_engine(work)


@pytest.mark.parametrize(
    "terms",
    [
        {"urgency": "hgh"},
        {"max_slippage_bps": "5"},
        {"horizon_ms": 1.5},
        {"limit_1e9": "2000"},
        {"qty_1e8": "1"},
        {"qty_1e8": True},
    ],
)
def test_terms_of_a_wrong_type_are_refused_before_anything_is_recorded(
    terms: dict[str, Any],
) -> None:
    async def work(engine: ExecutionEngine) -> None:
        run = await resting(engine, "a")
        with pytest.raises(GraphError, match=next(iter(terms))):
            await run.amend_node("order", **terms)
        assert (await run.status()).nodes["order"].node_order_id == "graph:a:order:1"
        assert (await run.amend_node("order", urgency=cast("Any", "high"))).reason is Reason.NONE

    with_engine(work)


def test_an_amendment_says_what_and_a_decrease_never_grows() -> None:
    async def work(engine: ExecutionEngine) -> None:
        await resting(engine, "a")
        for answer in (
            await engine.amend_order("a:order:1"),
            await engine.decrease_order("a:order:1", -QTY),
            await engine.decrease_order("a:order:1", 0),
            await engine.decrease_order("a:order:1", 5 * QTY),
        ):
            assert answer.reason is Reason.BAD_QUANTITY and answer.text
        node = (await engine.status("a")).nodes["order"]
        assert (node.target_qty_1e8, node.node_order_id) == (QTY, "graph:a:order:1")

    with_engine(work)


def test_a_kill_that_could_stop_nothing_is_refused_and_an_alias_is_not() -> None:
    async def work(engine: ExecutionEngine) -> None:
        with pytest.raises(ConfigError, match="not listed"):
            await engine.halt("typo", scope="symbol", key="ETH-USDD")
        with pytest.raises(ConfigError, match="no venue 'karken'"):
            await engine.halt("typo", scope="venue", key="karken")
        with pytest.raises(ConfigError, match="no scope"):
            await engine.resume_trading(scope="moon", key="x")
        receipt = await engine.halt("alias", scope="symbol", key="ETH-PERP")
        assert receipt.key == "ETH-USD-PERP"
        order = {"symbol": "ETH-USD-PERP", "side": "buy", "qty": 1}
        assert (await engine.submit(order)).reason is Reason.KILL_SWITCH
        await engine.resume_trading(scope="symbol", key="ETH-PERP")
        assert (await engine.submit(order)).accepted

    with_engine(work)


@pytest.mark.parametrize("text", ["half \ud800", cast("str", b"desk"), cast("str", 5)])
def test_words_that_could_not_be_recorded_stop_nobody(text: str) -> None:
    async def work(engine: ExecutionEngine) -> None:
        await resting(engine, "a")
        for wrong in (
            engine.pause("a", text),
            engine.pause(text),
            engine.cancel_node("a", text),
            engine.pause("a", client_id=text),
            engine.halt(text),
            engine.halt("stop", scope=KillScope.CLIENT, key=text),
            engine.submit({"symbol": "ETH-USD", "side": "buy", "qty": 1}, client_id=text),
        ):
            with pytest.raises(ConfigError):
                await wrong
        assert engine.world.system.halted is None
        assert (await engine.pause("a", "lunch")).reason is Reason.NONE
        assert (await engine.status("a")).reason == "lunch"

    with_engine(work)
