"""From the store to what recovery starts from: open graphs, their fills, children and words."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from engine import EngineConfig, ExecutionEngine, GraphStatus
from engine.decisions.admission import InstrumentHandle
from engine.decisions.recovery_plan import PastGraph
from engine.errors import JournalError
from engine.model.graph import NodeStatus
from engine.service.config import SandboxVenues
from engine.service.engine import JOURNAL_NAME
from engine.service.recovery import past_graphs, stray_order
from engine.store.journal import SqliteStore
from engine.store.queries import Queries

FAST = SandboxVenues(seed=3, events=False, latency_scale=0.1)
QTY = 10**8
PRICE = 2_200 * 10**9


def wire(name: str, side: str, qty: Any, price: int | None = None) -> dict[str, Any]:
    kind: Any = "market" if price is None else {"limit": {"price_1e9": price}}
    return {
        "node_id": name,
        "instrument": {"symbol": "ETH-USD"},
        "side": side,
        "quantity": qty if isinstance(qty, str) else {"fixed": {"qty_1e8": qty}},
        "order_type": kind,
    }


def left_open(folder: Path) -> Mapping[str, InstrumentHandle]:
    """Run an engine that leaves two graphs open, and a third one ended; its instruments."""

    async def main() -> Mapping[str, InstrumentHandle]:
        config = EngineConfig(venues=FAST, data_dir=str(folder))
        async with ExecutionEngine(config) as engine:
            await engine.ready()
            entry, hedge = wire("entry", "buy", QTY, PRICE), wire("hedge", "sell", "derived")
            edge = {"from_node": "entry", "to_node": "hedge", "trigger": "on_fill"}
            rests = {"graph_id": "rests", "nodes": [entry, hedge], "edges": [edge]}
            exits = wire("exit", "sell", QTY, 9_000 * 10**9)
            full = edge | {"to_node": "exit", "trigger": "on_full_fill"}
            half = {
                "graph_id": "half",
                "nodes": [wire("entry", "buy", QTY), exits],
                "edges": [full],
            }
            for graph in (rests, half):
                assert (await engine.submit(graph)).accepted
            ended = await engine.submit({"symbol": "ETH-USD", "side": "buy", "qty": 1})
            await ended.done(timeout_s=30)
            for _ in range(1_000):
                state = await engine.status("half")
                if state.nodes["exit"].working_qty_1e8:
                    break
                await asyncio.sleep(0.01)
            await engine.pause("rests", "for the test")
            await engine.flush()
            return engine.world.instruments

    return asyncio.run(main())


def read(folder: Path, instruments: Mapping[str, InstrumentHandle]) -> Sequence[PastGraph]:
    store = SqliteStore(folder / JOURNAL_NAME)
    queries = Queries(store)
    try:
        return list(past_graphs(queries, instruments))
    finally:
        queries.close()
        store.close()


def test_open_graphs_come_back_as_far_as_they_were_recorded(tmp_path: Path) -> None:
    instruments = left_open(tmp_path)
    rests, half = read(tmp_path, instruments)
    assert (rests.seed.graph_id, half.seed.graph_id) == ("rests", "half")
    assert rests.seed.recovered and rests.seed.paused == "for the test" and half.seed.paused is None
    assert [one.node.node_id for one in half.seed.nodes] == ["entry", "exit"]
    entry, hedge = rests.nodes
    assert entry is not None and hedge is not None
    assert entry.memory.started_ns and entry.target_1e8 == QTY and entry.fills == ()
    assert not hedge.memory.started_ns
    done, leaving = half.nodes
    assert done is None and leaving is not None
    (word,) = half.seed.ended
    assert (word.status, word.filled_qty_1e8, word.final) == (NodeStatus.FILLED, QTY, True)
    assert word.avg_price_1e9 > 0 and 0 < word.net_qty_1e8 <= QTY
    assert leaving.children and all(one.order.qty_1e8 > 0 for one in leaving.children)
    assert sum(one.order.qty_1e8 for one in leaving.children) == QTY
    assert leaving.memory.edges[0].fired
    for child in (*entry.children, *leaving.children):
        assert 0 < abs(child.touch_1e9 - child.mid_1e9) < child.mid_1e9 // 1_000


def test_a_graph_whose_instrument_is_gone_stops_the_start_with_the_way_out(tmp_path: Path) -> None:
    instruments = left_open(tmp_path)
    others = {name: one for name, one in instruments.items() if one.symbol != "ETH-USD"}
    with pytest.raises(JournalError, match="configure its venues again"):
        read(tmp_path, others)


def test_a_second_engine_lets_them_go_on(tmp_path: Path) -> None:
    left_open(tmp_path)

    async def main() -> None:
        async with ExecutionEngine(EngineConfig(venues=FAST, data_dir=str(tmp_path))) as engine:
            await engine.ready()
            assert (await engine.status("rests")).status is GraphStatus.PAUSED
            answer = await engine.cancel_node("half", "exit")
            assert answer.text == ""
            for _ in range(1_000):
                state = await engine.status("half")
                if state.ended:
                    break
                await asyncio.sleep(0.01)
            assert state.nodes["entry"].filled_qty_1e8 == QTY
            assert state.nodes["exit"].status == "cancelled"

    asyncio.run(main())


def test_an_order_whose_node_has_gone_is_found_with_its_fills(tmp_path: Path) -> None:
    async def main() -> None:
        config = EngineConfig(venues=FAST, data_dir=str(tmp_path))
        async with ExecutionEngine(config) as engine:
            await engine.ready()
            run = await engine.submit({"symbol": "ETH-USD", "side": "buy", "qty": 1})
            await run.done(timeout_s=30)
            fills = await engine.fills()
            queries = Queries(tmp_path / JOURNAL_NAME)
            found = stray_order(queries, engine.world, fills[0].client_order_id)
            assert found is not None
            assert (found.client_id, found.graph_id, found.node_id) == (
                "local",
                run.graph_id,
                "order",
            )
            assert found.recorded == {fill.fill_id for fill in fills}
            assert found.child.listing.venue == fills[0].venue
            assert stray_order(queries, engine.world, "xg9-9-9-9-9") is None
            queries.close()

    asyncio.run(main())
