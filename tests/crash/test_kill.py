"""Forty real kill -9, with the exchange in a second process: no fill twice, none lost."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.model.units import qty_1e8
from engine.store.queries import Queries
from engine.store.verify import verify
from tests.support.crash_rig import (
    EngineLives,
    ExchangeProcess,
    delays,
    exchange_process,
    happened,
    recorded,
    told,
)

KILLS = 10
Graph = dict[str, Any]
SYMBOLS = ("ETH-USD", "BTC-USD", "SOL-USD")
TARGETS = {"ETH-USD": ("2", "30"), "BTC-USD": ("0.1", "1.5"), "SOL-USD": ("10", "200")}


def node(rng: random.Random, name: str, symbol: str, side: str, **execution: Any) -> Graph:
    """A node of a random size, in whole hundredths."""
    low, high = (qty_1e8(text) // 10**6 for text in TARGETS[symbol])
    return {
        "node_id": name,
        "instrument": {"symbol": symbol},
        "side": side,
        "quantity": {"fixed": {"qty_1e8": rng.randrange(low, high) * 10**6}},
        "execution": execution,
    }


def takers(rng: random.Random, graph_id: str) -> Graph:
    """One order that takes what there is."""
    symbol, side = rng.choice(SYMBOLS), rng.choice(("buy", "sell"))
    return {"graph_id": graph_id, "nodes": [node(rng, "order", symbol, side)]}


def drips(rng: random.Random, graph_id: str) -> Graph:
    """Slices over about a second and a half."""
    pacing = {"uniform": {"num_slices": 8, "interval_ms": 200}}
    symbol, side = rng.choice(SYMBOLS), rng.choice(("buy", "sell"))
    drip = node(rng, "drip", symbol, side, pacing=pacing)
    return {"graph_id": graph_id, "nodes": [drip]}


def patient(rng: random.Random, graph_id: str) -> Graph:
    """An order that rests; what it has not filled after a while is taken."""
    symbol, side = rng.choice(SYMBOLS), rng.choice(("buy", "sell"))
    rest = node(rng, "rest", symbol, side, policy="passive_limit", horizon_ms=1_500)
    take = {**node(rng, "take", symbol, side), "quantity": "derived"}
    edge = {
        "from_node": "rest",
        "to_node": "take",
        "trigger": "on_done",
        "sizing": {"ratio": "1", "of": "unfilled"},
    }
    return {"graph_id": graph_id, "nodes": [rest, take], "edges": [edge]}


def hedges(rng: random.Random, graph_id: str) -> Graph:
    """A drip whose every fill is sold again as it comes."""
    symbol = rng.choice(SYMBOLS)
    pacing = {"uniform": {"num_slices": 5, "interval_ms": 200}}
    entry = node(rng, "entry", symbol, "buy", pacing=pacing)
    hedge = {**node(rng, "hedge", symbol, "sell"), "quantity": "derived"}
    edge = {"from_node": "entry", "to_node": "hedge", "trigger": "on_fill"}
    return {"graph_id": graph_id, "nodes": [entry, hedge], "edges": [edge]}


@pytest.mark.parametrize("shape", [takers, drips, patient, hedges])
def test_killed_engines_leave_no_fill_twice_and_none_lost(
    shape: Callable[[random.Random, str], Graph], tmp_path: Path
) -> None:
    name = shape.__name__
    rng = random.Random(f"kill {name}")
    wait = delays(rng.randrange(10**6), 0.0, 0.3)
    with exchange_process(7, "--latency-scale", "0.5") as exchange:
        lives = EngineLives(exchange, tmp_path)
        while lives.kills < KILLS:
            # Every life has new work, beside all that the ones before it have left.
            lives.add([shape(rng, f"{name}-{lives.lives}-{k}") for k in range(3)])
            if lives.lives % 4 == 3:
                lives.live_past("imported", next(wait))
            else:
                lives.live_past("ready", next(wait))
        assert lives.live_to_the_end()
        check(exchange, lives)


def test_an_engine_left_alone_agrees_with_the_exchange(tmp_path: Path) -> None:
    rng = random.Random("alone")
    with exchange_process(8, "--latency-scale", "0.2") as exchange:
        lives = EngineLives(exchange, tmp_path)
        lives.add([takers(rng, f"alone-{k}") for k in range(6)])
        assert lives.live_to_the_end()
        check(exchange, lives)
        assert exchange.orders(), "nothing was traded"


def check(exchange: ExchangeProcess, lives: EngineLives) -> None:
    """The exchange's own record against the journal."""
    orders = exchange.orders()
    left = [name for name, row in orders.items() if row["order"]["state"] == "open"]
    assert not left, f"open at the exchange: {left}"
    rows = recorded(lives.folder)
    assert told(rows) == happened(orders)
    orphans = [row.fill_id for row in rows if row.order_number is None]
    assert not orphans, f"fills of no known order: {orphans}"
    check_nodes(lives)
    report = verify(lives.journal)
    assert report.ok, report.problem


def check_nodes(lives: EngineLives) -> None:
    """Each node's state against its fills and what was asked for; nothing still works."""
    queries = Queries(lives.journal)
    try:
        rows = recorded(lives.folder)
        for graph in lives.submitted:
            stored = queries.graph("local", lives.environment, graph["graph_id"])
            assert stored is not None, f"{graph['graph_id']} was never recorded"
            for asked, found in zip(graph["nodes"], stored.nodes, strict=True):
                filled = sum(row.qty_1e8 for row in rows if row.order_number == found.order_number)
                said = f"{found.node_order_id} is {found.status}: {found.failure_reason}"
                assert found.filled_qty_1e8 == filled, said
                assert found.working_qty_1e8 == found.unknown_qty_1e8 == 0, said
                assert found.status.terminal, said
                if asked["quantity"] != "derived":
                    target = asked["quantity"]["fixed"]["qty_1e8"]
                    assert filled <= target, said
                    assert (filled == target) == (found.status.value == "filled"), said
    finally:
        queries.close()
