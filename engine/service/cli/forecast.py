"""`execgraph forecast`: what an order would cost now, drawn in the terminal.

Runs the engine of the configuration (the embedded simulated venues without one) just long enough
for its books to come, and asks it for one forecast.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from itertools import pairwise
from math import log10
from pathlib import Path
from typing import Final

import msgspec

from engine.errors import ConfigError
from engine.intelligence.forecast import VenueCost
from engine.model.units import QTY_SCALE, Side, format_qty, parse_decimal, parse_side
from engine.service.api_error import ApiError
from engine.service.cli.progress import progress_bar
from engine.service.cli.review_rows import base_of
from engine.service.cli.symbol_help import symbol_error
from engine.service.cli.tables import print_table
from engine.service.config import EngineConfig, load_config
from engine.service.engine import ExecutionEngine
from engine.service.intelligence.board import Intelligence
from engine.service.intelligence.views import ForecastView
from engine.service.markets.board import Markets
from engine.service.quotes.board import Quotes

__all__ = ["add_arguments", "bar", "curve_lines", "forecast_of", "print_forecast", "run"]

QTY_DECIMALS: Final = 8
WIDTH: Final = 40
HEIGHT: Final = 10
COLUMNS: Final = 64
READY_S: Final = 30.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `forecast`."""
    parser.add_argument(
        "symbol", help="ETH-USD, or an event contract: a slug, ticker or URL, :no for its NO side"
    )
    parser.add_argument("side", choices=("buy", "sell"))
    parser.add_argument("qty", help="quantity in the base asset, or contracts")
    parser.add_argument("--urgency", choices=("low", "medium", "high"), default="medium")
    parser.add_argument("--config", metavar="FILE", type=Path, help="the engine's configuration")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(options: argparse.Namespace) -> int:
    """Forecast and print; 0 with a cost, 1 when there is none."""
    side = parse_side(options.side)
    try:
        qty = parse_decimal(options.qty, QTY_DECIMALS)
    except ValueError as error:
        raise ConfigError(f"qty: {error}") from None
    config = EngineConfig() if options.config is None else load_config(options.config)

    async def main() -> ForecastView:
        with progress_bar("compiling kernels", enabled=not options.json) as progress:
            told = None if progress is None else lambda done, total, _: progress(done, total)
            engine = await ExecutionEngine(config, progress=told).__aenter__()
        try:
            await engine.ready(READY_S)
            return await forecast_of(engine, options.symbol, side, qty, options.urgency)
        finally:
            await engine.__aexit__(None, None, None)

    view = asyncio.run(main())
    if options.json:
        print(msgspec.json.encode(view).decode())
    else:
        print_forecast(view)
    return 0 if view.expected_cost_bps is not None else 1


async def forecast_of(
    engine: ExecutionEngine, symbol: str, side: Side, qty_1e8: int, urgency: str
) -> ForecastView:
    """The forecast as REST gives it, of a symbol in any of REST's forms; ConfigError for what
    it refuses."""
    markets = Markets(engine)
    board = Intelligence(engine, Quotes(engine, resolve=markets.resolve))
    try:
        return await board.forecast(symbol, side, qty_1e8, urgency)
    except ApiError as error:
        raise symbol_error(error, symbol, engine.world.symbols) from None
    finally:
        board.close()


def print_forecast(view: ForecastView) -> None:
    """The forecast for a person: headline, curve, venues, urgency."""
    print(
        f"{view.side} {format_qty(view.qty_1e8)} {view.symbol} at once over all venues "
        f"({view.policy}, urgency {view.urgency})"
    )
    for sentence in view.missing:
        print(f"note: {sentence}", file=sys.stderr)
    if view.expected_cost_bps is None or view.downside_cost_bps is None:
        return
    least = "at least " if view.at_least else ""
    cents = ""
    if view.expected_cost_cents is not None:
        cents = f" ({view.expected_cost_cents:.3f} cents)"
    print(
        f"mid {view.mid:.10g}; expected {least}{view.expected_cost_bps:.2f} bps{cents}, "
        f"P90 {view.downside_cost_bps:.2f} bps, {view.expected_cost_usd or 0.0:,.2f} USD"
    )
    if view.sample_size == 0:
        print("the spread around it is a prior: no forecast has been scored yet")
    event = view.expected_cost_cents is not None
    print("\ncost in bps, all in, by size: o is this order, ' is at least, beyond the books")
    for line in curve_lines(view):
        print(f"  {line}")
    print(f"{' ' * 14}size in {base_of(view.symbol, event)}, logarithmic axis\n")
    _print_venues(view)
    _print_urgency(view)


def curve_lines(view: ForecastView, columns: int = COLUMNS, height: int = HEIGHT) -> list[str]:
    """The capacity curve as text: size on a logarithmic axis, cost on a straight one."""
    points = [(log10(one.qty), one.cost_bps, one.at_least) for one in view.capacity_curve]
    if len(points) < 2:
        return []
    left, right = points[0][0], points[-1][0]
    low, high = min(one[1] for one in points), max(one[1] for one in points)
    span = (high - low) or 1.0
    grid = [[" "] * columns for _ in range(height)]

    def put(x: float, cost: float, mark: str) -> None:
        column = round((x - left) / (right - left) * (columns - 1))
        row = height - 1 - round((cost - low) / span * (height - 1))
        grid[max(0, min(height - 1, row))][max(0, min(columns - 1, column))] = mark

    for (x1, c1, _), (x2, c2, beyond) in pairwise(points):
        for step in range(5):
            share = step / 4
            put(x1 + (x2 - x1) * share, c1 + (c2 - c1) * share, "'" if beyond else "*")
    if view.expected_cost_bps is not None:
        put(log10(view.qty), view.expected_cost_bps, "o")
    lines = []
    for index, row in enumerate(grid):
        cost = high - span * index / (height - 1)
        label = f"{cost:10.2f}" if index % 3 == 0 or index == height - 1 else " " * 10
        lines.append(f"{label} |{''.join(row).rstrip()}")
    first, last = (plain(one.qty) for one in (view.capacity_curve[0], view.capacity_curve[-1]))
    gap = columns - len(first) - len(last)
    lines.append(" " * 11 + "+" + "-" * columns)
    lines.append(" " * 12 + first + " " * max(1, gap) + last)
    return lines


def plain(qty: float) -> str:
    """A quantity of the axis in at most six digits, never as a power of ten."""
    return format_qty(round(float(f"{qty:.6g}") * QTY_SCALE))


def bar(share: float, width: int = WIDTH) -> str:
    """A bar for a share between 0 and 1."""
    return "#" * round(max(0.0, min(1.0, share)) * width)


def _print_venues(view: ForecastView) -> None:
    costs = [one.landed_cost_bps for one in view.venue_ranking if one.landed_cost_bps is not None]
    most = max(costs, default=0.0)
    rows = []
    for one in view.venue_ranking:
        if one.landed_cost_bps is None:
            rows.append((one.venue, "", "", "", "", "", one.reason))
            continue
        length = one.landed_cost_bps / most if most > 0 else 0.0
        rows.append(
            (
                one.venue,
                f"{one.landed_cost_bps:.2f}",
                f"{one.book_cost_bps:.2f}",
                f"{one.fee_bps:.2f}",
                f"{one.latency_cost_bps:.2f}",
                f"{100 * one.share:.0f} %",
                _part(one, view.qty_1e8) or one.reason or bar(length, 20),
            )
        )
    header = ("venue", "landed bps", "book", "fee", "latency", "split", "")
    print_table("venues, all of it on one", header, rows)


def _part(one: VenueCost, qty_1e8: int) -> str:
    """What a row covers of the quantity where that is not all of it."""
    if one.fillable_qty_1e8 >= qty_1e8:
        return ""
    return f"of {format_qty(one.fillable_qty_1e8)} only ({one.reason})"


def _print_urgency(view: ForecastView) -> None:
    if view.urgency_tradeoff is None:
        return
    trade = view.urgency_tradeoff
    rows: list[Sequence[str]] = [
        (
            name,
            f"{one.horizon_ms / 1_000:g} s",
            f"{one.cost_bps:.2f}",
            f"{one.risk_bps:.2f}",
            f"{one.saving_bps:.2f}",
        )
        for name, one in (("low", trade.low), ("medium", trade.medium), ("high", trade.high))
    ]
    title = "taking more time instead, by urgency: what the best schedule costs and risks"
    print_table(title, ("urgency", "takes", "cost bps", "risk bps", "saves against high"), rows)
    print("all before this table is of an immediate sweep; risk is one standard deviation")
