"""`execgraph review`: what happened on an order, from the journal of a data directory.

Reads only: it works beside a running engine. Prices over time are known to the engine that watched
them, so interval benchmarks and markouts are null here, with the reason.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

import msgspec

from engine.errors import ConfigError
from engine.model.fees import FeeSchedule
from engine.model.instruments import Environment
from engine.model.units import format_price, format_qty
from engine.service.cli.review_page import review_page
from engine.service.cli.tables import print_table
from engine.service.data_dir import default_data_dir
from engine.service.engine import JOURNAL_NAME
from engine.service.intelligence.facts import order_facts, order_row
from engine.service.intelligence.review import full_review
from engine.service.intelligence.views import Review
from engine.store.queries import Queries
from venues.simulated.catalogue import sandbox_listings

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `review`."""
    parser.add_argument("id", help="the order's id (graph:GRAPH:NODE:1, prefix optional)")
    parser.add_argument("--data-dir", type=Path, help="the engine's data directory (~/.execgraph)")
    parser.add_argument("--client", default="local", help="whose order it is (local)")
    parser.add_argument("--html", metavar="FILE", type=Path, help="write one page with charts")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(options: argparse.Namespace) -> int:
    """Read, review, print; 2 for an order that is not there."""
    queries = Queries((options.data_dir or default_data_dir()) / JOURNAL_NAME)
    try:
        row = order_row(queries, options.client, Environment.SANDBOX, options.id)
        if row is None:
            text = f"client {options.client!r} has no order {options.id!r} here; ids look like"
            raise ConfigError(f"{text} graph:GRAPH_ID:NODE_ID:1, and --client names another client")
        facts = order_facts(queries, options.client, Environment.SANDBOX, row)
        review = asyncio.run(full_review(facts, queries, None, schedules_of(row.symbol)))
    finally:
        queries.close()
    if options.html is not None:
        try:
            options.html.write_text(review_page(review), encoding="utf-8")
        except OSError as error:
            raise ConfigError(f"{options.html} cannot be written: {error.strerror}") from None
    if options.json:
        print(msgspec.json.encode(review).decode())
    else:
        print_review(review)
    return 0


def schedules_of(symbol: str) -> dict[str, FeeSchedule | None]:
    """The sandbox's fee schedules of an instrument, by venue."""
    return {one.venue: one.fees for one in sandbox_listings() if one.instrument.symbol == symbol}


def print_review(review: Review) -> None:
    """The review for a person."""
    order = review.order
    print(
        f"{order.node_order_id}: {order.side} {format_qty(order.intended_qty_1e8)} "
        f"{order.symbol}, {order.policy}, {order.status}"
    )
    for sentence in review.missing:
        print(f"note: {sentence}", file=sys.stderr)
    average = order.avg_fill_price_1e9
    price = "nothing" if average is None else format_price(average)
    print(f"filled {format_qty(order.filled_qty_1e8)} at {price} in {order.fill_count} fills")
    if review.tca is not None and review.tca_bps is not None:
        rows = [
            (name, *_money(getattr(review.tca, f"{name}_1e9")), _bps(value))
            for name, value in review.tca_bps.items()
        ]
        print_table("cost against the arrival mid (+ is a cost)", ("", "USD", "bps"), rows)
    children = [
        (
            one.client_order_id,
            one.venue,
            format_qty(one.qty_1e8),
            format_qty(one.filled_qty_1e8),
            "" if one.avg_fill_price_1e9 is None else format_price(one.avg_fill_price_1e9),
            one.reject_reason or one.state,
        )
        for one in review.children
    ]
    print_table("children", ("id", "venue", "sent", "filled", "average", "state"), children)
    for one in review.decisions:
        told = "the same again" if one.redone else "NOT the same again"
        print(f"decision {one.decision_id}: {one.why}; redone from the record: {told}")


def _money(value: int | None) -> tuple[str]:
    return ("unknown" if value is None else f"{value / 1e9:.4f}",)


def _bps(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.3f}"
