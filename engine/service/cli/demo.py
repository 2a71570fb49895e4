"""`execgraph demo`: a large order over the embedded simulated venues, live, then checked."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Coroutine
from decimal import Decimal
from pathlib import Path

from engine.errors import ConfigError
from engine.model.graph import GraphStatus
from engine.model.records import DecisionRecord, FillRecord, GraphChanged
from engine.model.units import average_price_1e9, format_price, format_qty
from engine.service.agreement import disagreements
from engine.service.cli.progress import progress_bar
from engine.service.cli.split_view import SplitView
from engine.service.engine import JOURNAL_NAME, ExecutionEngine
from engine.service.run import Changes, GraphRun
from engine.store.verify import verify

__all__ = ["add_arguments", "run"]

DONE_TIMEOUT_S = 60.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `demo`."""
    parser.add_argument("--seed", type=int, default=1, help="seed of the simulated venues")
    parser.add_argument("--symbol", default="ETH-USD")
    parser.add_argument("--side", choices=("buy", "sell"), default="buy")
    parser.add_argument("--qty", default="50", help="quantity in units of the base asset")


def run(options: argparse.Namespace) -> int:
    """Run the demo; 0 only if the graph completed and everything agrees."""
    try:
        qty = Decimal(options.qty)
    except ArithmeticError:
        raise ConfigError(f"--qty takes a number, not {options.qty!r}") from None
    order = {"symbol": options.symbol, "side": options.side, "qty": qty}
    with tempfile.TemporaryDirectory(prefix="execgraph-demo-") as folder:
        completed = _run(_demo(options.seed, order, folder))
        report = verify(Path(folder) / JOURNAL_NAME)
        state = "sound" if report.ok else report.problem
        print(f"journal: {report.entries} entries in {report.groups} commits, {state}")
        print(f"journal hash: {report.head_hash}")
    return 0 if completed and report.ok else 1


async def _demo(seed: int, order: dict[str, object], folder: str) -> bool:
    with progress_bar("compiling kernels") as bar:
        first = None if bar is None else lambda done, total, _: bar(done, total)
        engine = ExecutionEngine.sandbox(seed=seed, data_dir=folder, progress=first)
        if bar is None:
            print("compiling kernels, some seconds the first time ...", flush=True)
        await engine.__aenter__()
    try:
        await engine.ready()
        _print_books(engine, str(order["symbol"]))
        changes = engine.changes()
        run_ = await engine.submit(order)
        if not run_.accepted:
            print(f"execgraph: refused: {run_.text}", file=sys.stderr)
            return False
        print(f"submitted {run_.graph_id}: {order['side']} {order['qty']} {order['symbol']}")
        view = SplitView()
        with view:
            await asyncio.wait_for(_follow(run_, changes, view), DONE_TIMEOUT_S)
        state = await run_.status()
        _print_review(view, state.status)
        differences = await disagreements(engine)
        for sentence in differences:
            print(f"execgraph: {sentence}", file=sys.stderr)
        if not differences:
            print("books, fills and positions of engine and venues agree")
        return state.status is GraphStatus.COMPLETED and not differences
    finally:
        await engine.__aexit__(None, None, None)


async def _follow(run_: GraphRun, changes: Changes, view: SplitView) -> None:
    async for entry in changes:
        if entry.graph_id != run_.graph_id:
            continue
        view.take(entry.payload)
        if isinstance(entry.payload, GraphChanged):
            return


def _print_books(engine: ExecutionEngine, symbol: str) -> None:
    market = engine.world.markets.get(symbol)
    if market is None:
        return
    for index, listing in enumerate(market.listings):
        bids, asks = market.levels(index, 0, 1), market.levels(index, 1, 1)
        bid = format_price(bids[0][0]) if bids else "-"
        ask = format_price(asks[0][0]) if asks else "-"
        fee = listing.fees.taker_ppm / 100 if listing.fees else 0.0
        print(f"  {listing.venue:<10} bid {bid:>10}  ask {ask:>10}  taker fee {fee:g} bps")


def _print_review(view: SplitView, status: GraphStatus) -> None:
    fills: list[FillRecord] = view.fills
    qty = sum(fill.qty_1e8 for fill in fills)
    average = average_price_1e9(sum(fill.price_1e9 * fill.qty_1e8 for fill in fills), qty)
    fees = sum(fill.fee_1e9 for fill in fills)
    print(
        f"{status.value}: {format_qty(qty)} at {format_price(average)}, "
        f"fees {format_price(fees)} USD, {len(fills)} fills"
    )
    decision: DecisionRecord | None = view.decision
    if decision is not None and decision.best_single_venue:
        saved = decision.best_single_cost_bps - decision.est_cost_bps
        print(
            f"expected cost {decision.est_cost_bps:.2f} bps of the mid with fees; "
            f"{decision.best_single_venue} alone would have cost "
            f"{decision.best_single_cost_bps:.2f} bps ({saved:.2f} bps saved)"
        )


def _run(main: Coroutine[None, None, bool]) -> bool:
    """On uvloop where it is installed."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run(main)
    return uvloop.run(main)
