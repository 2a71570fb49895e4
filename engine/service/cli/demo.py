"""`execgraph demo`: graphs over the embedded simulated venues, live, then checked.

Without options: one large order, then the two examples that the wire was made for, a spot buy
whose perp hedge starts at half the fill and a TWAP, sped up. `--graph` runs any graph from a file,
`--qty` (or `--symbol`, `--side`) a single order.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Coroutine, Sequence
from decimal import Decimal
from pathlib import Path

import msgspec

from engine.errors import ConfigError
from engine.model.graph import Graph, GraphStatus, Node, Trigger
from engine.model.intake import parse_graph
from engine.model.records import DecisionRecord, GraphChanged
from engine.model.units import average_price_1e9, format_price, format_qty
from engine.service.agreement import disagreements
from engine.service.cli.progress import progress_bar
from engine.service.cli.split_view import SplitView
from engine.service.engine import JOURNAL_NAME, ExecutionEngine
from engine.service.graph_view import GraphState
from engine.service.run import ENDED, Changes, GraphRun
from engine.store.verify import verify

__all__ = ["HEDGE", "TWAP", "add_arguments", "faster", "planned_s", "run"]

DONE_TIMEOUT_S = 60.0
SPEED_UP = 150
FILE_BYTES_MAX = 262_144
# The same as the files in configs/examples, which an installed engine may not have beside it.
HEDGE = b"""{"nodes": [
  {"node_id": "spot", "instrument": {"symbol": "ETH-USD", "type": "spot"}, "side": "buy",
   "order_type": "market", "quantity": {"fixed": {"qty_1e8": 20000000000}},
   "execution": {"policy": "sor", "urgency": "medium"}, "activation": "root"},
  {"node_id": "hedge", "side": "sell",
   "instrument": {"symbol": "ETH-USD-PERP", "type": "perp", "venue": "hyperliquid"},
   "order_type": "market", "quantity": {"fixed": {"qty_1e8": 20000000000}},
   "execution": {"policy": "aggressive_chase"}, "activation": "wait"}],
 "edges": [{"edge_id": "e0", "from_node": "spot", "to_node": "hedge",
   "trigger": "on_fill_ratio", "condition": {"fill_ratio_gte": 0.5}}],
 "risk": {"admission": {"max_notional_usd": 500000}, "runtime": {"max_loss_usd": 10000}},
 "is_sandbox": false}"""
TWAP = b"""{"nodes": [
  {"node_id": "twap", "instrument": {"symbol": "BTC-USD", "type": "spot"}, "side": "buy",
   "order_type": "market", "quantity": {"fixed": {"qty_1e8": 100000000}},
   "execution": {"policy": "sor", "urgency": "medium",
     "pacing": {"uniform": {"num_slices": 10, "interval_ms": 30000}}},
   "activation": "root"}], "edges": [], "is_sandbox": false}"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `demo`."""
    parser.add_argument("--seed", type=int, default=1, help="seed of the simulated venues")
    parser.add_argument("--graph", metavar="FILE", help="a graph as JSON, to run instead")
    parser.add_argument("--symbol", help="a single order: its symbol (ETH-USD)")
    parser.add_argument("--side", choices=("buy", "sell"), help="a single order: its side (buy)")
    parser.add_argument("--qty", help="a single order: its quantity in the base asset (50)")
    parser.add_argument(
        "--speed-up",
        type=int,
        help=f"divide pacing intervals and timeouts by this ({SPEED_UP}; 1 with --graph)",
    )
    parser.add_argument(
        "--timeout",
        type=float,
        help=f"seconds to wait for each graph ({DONE_TIMEOUT_S:g} beyond its own times)",
    )


def run(options: argparse.Namespace) -> int:
    """Run the demo; 0 only if every graph completed and everything agrees."""
    graphs = _graphs(options)
    if options.timeout is not None and not options.timeout > 0:
        raise ConfigError("--timeout takes a number of seconds above 0")
    with tempfile.TemporaryDirectory(prefix="execgraph-demo-") as folder:
        completed = _run(_demo(options.seed, graphs, folder, options.timeout))
        report = verify(Path(folder) / JOURNAL_NAME)
        state = "sound" if report.ok else report.problem
        print(f"journal: {report.entries} entries in {report.groups} commits, {state}")
        print(f"journal hash: {report.head_hash}")
    return 0 if completed and report.ok else 1


def faster(graph: Graph, factor: int) -> Graph:
    """The graph with pacing intervals and timeouts divided by `factor`, at least 1 ms each."""
    if factor == 1:
        return graph
    nodes = tuple(_faster_node(node, factor) for node in graph.nodes)
    edges = []
    for edge in graph.edges:
        trigger = edge.trigger
        if isinstance(trigger, Trigger) and trigger.on_timeout is not None:
            ms = max(1, trigger.on_timeout.ms // factor)
            timeout = msgspec.structs.replace(trigger.on_timeout, ms=ms)
            trigger = msgspec.structs.replace(trigger, on_timeout=timeout)
        edges.append(msgspec.structs.replace(edge, trigger=trigger))
    return msgspec.structs.replace(graph, nodes=nodes, edges=tuple(edges))


def planned_s(graph: Graph) -> float:
    """Seconds that pacing and timeouts of the graph alone take, one after the other."""
    ms = 0
    for node in graph.nodes:
        pacing = node.execution.pacing
        plan = None if pacing is None else pacing.uniform or pacing.vwap
        if plan is not None:
            ms += plan.num_slices * plan.interval_ms
        ms += node.execution.horizon_ms or 0
    for edge in graph.edges:
        if isinstance(edge.trigger, Trigger) and edge.trigger.on_timeout is not None:
            ms += edge.trigger.on_timeout.ms
    return ms / 1_000


def _faster_node(node: Node, factor: int) -> Node:
    pacing = node.execution.pacing
    if pacing is None:
        return node
    for name in ("uniform", "vwap", "pov"):
        plan = getattr(pacing, name)
        if plan is not None:
            ms = max(1, plan.interval_ms // factor)
            plan = msgspec.structs.replace(plan, interval_ms=ms)
            pacing = msgspec.structs.replace(pacing, **{name: plan})
    execution = msgspec.structs.replace(node.execution, pacing=pacing)
    return msgspec.structs.replace(node, execution=execution)


def _graphs(options: argparse.Namespace) -> list[Graph]:
    """What is to be run, in order."""
    factor = options.speed_up
    if factor is not None and factor < 1:
        raise ConfigError("--speed-up takes a number from 1 on")
    single = options.symbol, options.side, options.qty
    if options.graph is not None:
        if any(single):
            raise ConfigError("--graph brings its own orders; leave out --symbol, --side, --qty")
        graph = _read_graph(Path(options.graph))
        return [_told_faster(graph, factor or 1)]
    if any(single):
        symbol, side, text = single
        try:
            qty = Decimal(text or "50")
        except ArithmeticError:
            raise ConfigError(f"--qty takes a number, not {text!r}") from None
        return [parse_graph({"symbol": symbol or "ETH-USD", "side": side or "buy", "qty": qty})]
    hedge, twap = parse_graph(HEDGE), parse_graph(TWAP)
    large = parse_graph({"symbol": "ETH-USD", "side": "buy", "qty": 50})
    return [large, hedge, _told_faster(twap, factor or SPEED_UP)]


def _told_faster(graph: Graph, factor: int) -> Graph:
    if factor != 1:
        print(f"speed-up {factor}: intervals and timeouts are divided by it")
    return faster(graph, factor)


def _read_graph(path: Path) -> Graph:
    """GraphError or ConfigError for what cannot be used."""
    try:
        with path.open("rb") as file:
            body = file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from None
    return parse_graph(body)


async def _demo(seed: int, graphs: Sequence[Graph], folder: str, timeout_s: float | None) -> bool:
    with progress_bar("compiling kernels") as bar:
        first = None if bar is None else lambda done, total, _: bar(done, total)
        engine = ExecutionEngine.sandbox(seed=seed, data_dir=folder, progress=first)
        if bar is None:
            print("compiling kernels, some seconds the first time ...", flush=True)
        await engine.__aenter__()
    try:
        await engine.ready()
        completed = True
        for graph in graphs:
            wait_s = DONE_TIMEOUT_S + planned_s(graph) if timeout_s is None else timeout_s
            completed = await _one(engine, graph, wait_s) and completed
        differences = await disagreements(engine)
        for sentence in differences:
            print(f"execgraph: {sentence}", file=sys.stderr)
        if not differences:
            print("books, fills and positions of engine and venues agree")
        return completed and not differences
    finally:
        await engine.__aexit__(None, None, None)


async def _one(engine: ExecutionEngine, graph: Graph, timeout_s: float) -> bool:
    """Run one graph to its end and show it; whether it completed."""
    for symbol in dict.fromkeys(node.instrument.symbol for node in graph.nodes):
        _print_books(engine, symbol)
    changes = engine.changes()
    run_ = await engine.submit(graph)
    if not run_.accepted:
        why = "; ".join(f"{path}: {text}" for path, text in run_.faults) or run_.text
        print(f"execgraph: refused: {why}", file=sys.stderr)
        return False
    answer = run_.answer
    nodes, edges = _counted(answer.node_count, "node"), _counted(answer.edge_count, "edge")
    print(f"submitted {run_.graph_id}: {nodes}, {edges}")
    for node in graph.nodes:
        print(f"  {node.node_id}: {_order_text(node)}")
    view = SplitView()
    ended = True
    with view:
        try:
            await asyncio.wait_for(_follow(run_, changes, view), timeout_s)
        except TimeoutError:
            ended = False
            # What fills before the cancel arrives belongs to the split as well.
            await run_.cancel()
            await asyncio.wait_for(_follow(run_, changes, view), DONE_TIMEOUT_S)
    await changes.aclose()
    if not ended:
        text = f"not done after {timeout_s:g} s; cancelled; --timeout waits longer"
        print(f"execgraph: {text}", file=sys.stderr)
    state = await run_.status()
    _print_review(graph, view, state)
    return state.status is GraphStatus.COMPLETED


async def _follow(run_: GraphRun, changes: Changes, view: SplitView) -> None:
    async for entry in changes:
        if entry.graph_id != run_.graph_id:
            continue
        view.take(entry.payload)
        if isinstance(entry.payload, GraphChanged) and entry.payload.status in ENDED:
            return


def _order_text(node: Node) -> str:
    """A node in words: what, how, and at which pace."""
    qty = node.fixed_qty_1e8
    amount = "derived" if qty is None else format_qty(qty)
    text = f"{node.side} {amount} {node.instrument.symbol}, {node.execution.policy.value}"
    pacing = node.execution.pacing
    plan = None if pacing is None else pacing.uniform or pacing.vwap
    if plan is not None:
        text += f", {plan.num_slices} slices, one every {plan.interval_ms} ms"
    return text


def _print_books(engine: ExecutionEngine, symbol: str) -> None:
    market = engine.world.markets.get(symbol)
    if market is None:
        return
    print(symbol)
    for index, listing in enumerate(market.listings):
        bids, asks = market.levels(index, 0, 1), market.levels(index, 1, 1)
        bid = format_price(bids[0][0]) if bids else "-"
        ask = format_price(asks[0][0]) if asks else "-"
        fee = listing.fees.taker_ppm / 100 if listing.fees else 0.0
        print(f"  {listing.venue:<10} bid {bid:>10}  ask {ask:>10}  taker fee {fee:g} bps")


def _print_review(graph: Graph, view: SplitView, state: GraphState) -> None:
    """How every node ended, what became of the edges, and what routing was worth."""
    for node in graph.nodes:
        end = state.nodes[node.node_id]
        done = format_qty(end.filled_qty_1e8)
        print(
            f"  {node.node_id}: {end.status} {done} of {format_qty(end.target_qty_1e8)} at "
            f"{format_price(end.avg_fill_price_1e9)}, fees {format_price(end.fees_1e9)} USD, "
            f"{_counted(end.fill_count, 'fill')}{', ' + end.reason if end.reason else ''}"
        )
        slices = [one for name, one in state.nodes.items() if name.startswith(_sliced(node))]
        if slices:
            full = sum(one.status == "filled" for one in slices)
            print(f"    {full} of {len(slices)} slices filled")
    for edge_id, edge in state.edges.items():
        print(f"  edge {edge_id}: {edge.status}")
    qty = sum(fill.qty_1e8 for fill in view.fills)
    average = average_price_1e9(sum(one.price_1e9 * one.qty_1e8 for one in view.fills), qty)
    what = f": {format_qty(qty)} at {format_price(average)}" if len(graph.nodes) == 1 else ""
    print(f"{state.status.value}{what}{', ' + state.reason if state.reason else ''}")
    decision: DecisionRecord | None = view.decision
    if decision is not None and decision.best_single_venue:
        saved = decision.best_single_cost_bps - decision.est_cost_bps
        print(
            f"expected cost {decision.est_cost_bps:.2f} bps of the mid with fees; "
            f"{decision.best_single_venue} alone would have cost "
            f"{decision.best_single_cost_bps:.2f} bps ({saved:.2f} bps saved)"
        )


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _sliced(node: Node) -> str:
    """How the names of a node's slices begin; of a node without pacing nothing does."""
    return f"{node.node_id}_slice_" if node.execution.pacing is not None else "\0"


def _run(main: Coroutine[None, None, bool]) -> bool:
    """On uvloop where it is installed."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run(main)
    return uvloop.run(main)
