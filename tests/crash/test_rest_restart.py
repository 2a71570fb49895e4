"""`execgraph serve` killed in the middle of working graphs: no order lost, none twice."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from engine.store.verify import verify
from tests.support.crash_rig import exchange_process, happened, recorded, told
from tests.support.rest_process import Asked, Heard, RestLives, Stopped

KILLS = 4
KILLS_REMOTE = 2
ORDERS_A_LIFE = 12
Body = dict[str, Any]
SYMBOLS = ("BTC-USD", "ETH-USD", "SOL-USD")
SIZES = {"BTC-USD": (1, 20), "ETH-USD": (20, 300), "SOL-USD": (100, 2_000)}
LOW = {"BTC-USD": 60_000, "ETH-USD": 1_500, "SOL-USD": 90}


def size(rng: random.Random, symbol: str) -> int:
    """A quantity in whole hundredths, as 1e-8 units."""
    return rng.randrange(*SIZES[symbol]) * 10**6


def node(rng: random.Random, name: str, symbol: str, side: str, **more: Any) -> Body:
    """A node of a random size."""
    return {
        "node_id": name,
        "instrument": {"symbol": symbol},
        "side": side,
        "quantity": {"fixed": {"qty_1e8": size(rng, symbol)}},
        **more,
    }


def takes(rng: random.Random) -> Body:
    """A simple order that takes what there is."""
    symbol = rng.choice(SYMBOLS)
    return {"symbol": symbol, "side": rng.choice(("buy", "sell")), "qty": size(rng, symbol) / 1e8}


def drips(rng: random.Random) -> Body:
    """Slices over about a second and a half."""
    pacing = {"uniform": {"num_slices": 6, "interval_ms": 250}}
    symbol, side = rng.choice(SYMBOLS), rng.choice(("buy", "sell"))
    return {"nodes": [node(rng, "drip", symbol, side, execution={"pacing": pacing})]}


def rests(rng: random.Random) -> Body:
    """An order far from the market, until it is cancelled."""
    symbol = rng.choice(SYMBOLS)
    price, qty = LOW[symbol], size(rng, symbol) / 1e8
    return {"symbol": symbol, "side": "buy", "qty": qty, "price": price, "venue": "binance"}


def hedges(rng: random.Random) -> Body:
    """A drip whose every fill is sold again as it comes."""
    symbol = rng.choice(SYMBOLS)
    pacing = {"uniform": {"num_slices": 5, "interval_ms": 200}}
    entry = node(rng, "entry", symbol, "buy", execution={"pacing": pacing})
    hedge = {**node(rng, "hedge", symbol, "sell"), "quantity": "derived"}
    edge = {"from_node": "entry", "to_node": "hedge", "trigger": "on_fill"}
    return {"nodes": [entry, hedge], "edges": [edge]}


SHAPES = (takes, drips, drips, rests, hedges)


@contextmanager
def lives_on(folder: Path, *options: str) -> Iterator[RestLives]:
    """Servers on a folder; whatever is left of the last one is gone afterwards."""
    lives = RestLives(folder, *options)
    try:
        yield lives
    finally:
        lives.forget()


def work(lives: RestLives, rng: random.Random, count: int) -> None:
    """New graphs, and a decrease of what rests; Stopped when the server is gone."""
    for _ in range(count):
        name = f"key-{len(lives.asked)}"
        body = rng.choice(SHAPES)(rng)
        heard = lives.ask(Asked(name, "POST", "/v1/orders", body))
        assert heard.status == 200, heard
        if "price" in body:
            path = f"/v1/orders/graph%3A{heard.json['graph_id']}%3Aorder%3A1/decrease"
            lives.ask(Asked(f"{name}-less", "POST", path, {"reduce_by_1e8": 100_000}))


def repeat(lives: RestLives) -> None:
    """Every key again: the first answer, or for what was cut off the one that follows from it."""
    for asked in list(lives.asked.values()):
        first = lives.acknowledged.get(asked.key)
        again = lives.ask(asked)
        if first is not None:
            assert again == first, f"{asked}: {first} and then {again}"
        elif asked.path == "/v1/orders":
            assert again.status == 200, f"{asked}: {again}"
        else:
            # Whether it was done before the cut is not known, and it is not done again.
            assert again.status in (200, 409), f"{asked}: {again}"


def lives_and_kills(lives: RestLives, rng: random.Random, kills: int) -> None:
    """Lives that are cut off in their work, at their start, or right after an answer."""
    while lives.kills < kills:
        if lives.kills % 4 == 3:
            lives.launch()
            timer = lives.kill_after(rng.uniform(0.5, 3.5))
            timer.join()
            lives.forget()
            continue
        lives.start()
        timer = lives.kill_after(rng.uniform(0.02, 0.9))
        try:
            repeat(lives)
            while True:
                work(lives, rng, ORDERS_A_LIFE)
        except Stopped:
            timer.join()
            lives.forget()


def graphs_of(lives: RestLives) -> dict[str, tuple[Asked, Heard]]:
    """Every graph that was asked for, by its id."""
    found: dict[str, tuple[Asked, Heard]] = {}
    for asked in lives.asked.values():
        if asked.path == "/v1/orders":
            heard = lives.acknowledged[asked.key]
            graph_id = heard.json["graph_id"]
            assert graph_id not in found, f"{asked.key} came to the graph of another key"
            found[graph_id] = asked, heard
    return found


def check(lives: RestLives) -> None:
    """Every graph is there once, comes to its end, and its fills are those of its nodes."""
    graphs = graphs_of(lives)
    for graph_id, (asked, _) in graphs.items():
        if "price" in asked.body:
            path = f"/v1/execution_graphs/{graph_id}"
            heard = lives.ask(Asked(f"{asked.key}-off", "DELETE", path, None))
            assert heard.status == 200, heard
    ends = {graph_id: lives.ended(graph_id) for graph_id in graphs}
    listed = Counter(row["node_order_id"] for row in lives.pages("/v1/orders", "orders"))
    nodes = {
        (graph_id, name): state
        for graph_id, graph in ends.items()
        for name, state in graph["nodes"].items()
        if "_slice_" not in name  # a paced node's parts stand beside it
    }
    assert listed == Counter(state["node_order_id"] for state in nodes.values())
    filled: Counter[str] = Counter()
    seen: set[str] = set()
    for row in lives.pages("/v1/fills", "fills"):
        assert row["fill_id"] not in seen, f"{row['fill_id']} is listed twice"
        seen.add(row["fill_id"])
        filled[row["node_order_id"]] += row["qty_1e8"]
    for (graph_id, name), state in nodes.items():
        said = f"{graph_id} {name}: {state}"
        assert state["filled_qty_1e8"] == filled[state["node_order_id"]], said
        assert state["working_qty_1e8"] == 0, said
        check_size(lives, graphs[graph_id][0], name, state, said)


def check_size(lives: RestLives, asked: Asked, name: str, state: Any, said: str) -> None:
    """What was filled against what was asked for."""
    if "nodes" in asked.body:
        (given,) = [one for one in asked.body["nodes"] if one["node_id"] == name]
        if given["quantity"] == "derived":
            return
        target = given["quantity"]["fixed"]["qty_1e8"]
    else:
        target = round(asked.body["qty"] * 1e8)
    less = lives.acknowledged.get(f"{asked.key}-less")
    if less is not None and less.status == 200:
        assert state["target_qty_1e8"] == target - 100_000, said
    elif less is None and f"{asked.key}-less" in lives.asked:
        # Cut off: done once or not at all.
        assert state["target_qty_1e8"] in (target, target - 100_000), said
    else:
        assert state["target_qty_1e8"] == target, said
    assert state["filled_qty_1e8"] <= target, said
    assert (state["filled_qty_1e8"] == target) == (state["status"] == "filled"), said


def end(lives: RestLives) -> None:
    """An undisturbed last life: everything is told again, ends, and the server stops in order."""
    lives.start()
    repeat(lives)
    check(lives)
    assert lives.stop() == 0, lives.said()
    assert "Traceback" not in lives.said()
    report = verify(lives.data / "journal.db")
    assert report.ok, report.problem


def test_a_server_killed_at_any_moment_loses_no_order_and_repeats_its_answers(
    tmp_path: Path,
) -> None:
    rng = random.Random("rest restart")
    with lives_on(tmp_path) as lives:
        lives_and_kills(lives, rng, KILLS)
        end(lives)
        assert len(graphs_of(lives)) > 2 * KILLS


def test_what_the_exchange_executed_is_what_the_journal_has(tmp_path: Path) -> None:
    rng = random.Random("rest restart remote")
    config = tmp_path / "engine.toml"
    with exchange_process(11, "--latency-scale", "0.5") as exchange:
        config.write_text(
            f'[venues]\ntype = "remote"\nsocket = "{exchange.address}"\nevents = false\n'
        )
        with lives_on(tmp_path, "--config", str(config)) as lives:
            lives_and_kills(lives, rng, KILLS_REMOTE)
            end(lives)
        orders = exchange.orders()
        left = [name for name, row in orders.items() if row["order"]["state"] == "open"]
        assert not left, f"open at the exchange: {left}"
        assert told(recorded(tmp_path)) == happened(orders)
        assert orders, "nothing was traded"
