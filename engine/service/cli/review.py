"""`execgraph review`: what happened on an order, from the files of a data directory.

Reads only: it works beside a running engine. It says what REST says of the order, with the prices
that the engine kept on disk; what was not kept is null, with the reason.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

import msgspec

from engine.errors import ConfigError
from engine.model.instruments import Environment, Listing
from engine.service.api_error import ApiError
from engine.service.cli.review_page import review_page
from engine.service.cli.review_text import print_review
from engine.service.cli.stored_board import StoredBoard
from engine.service.data_dir import default_data_dir
from engine.service.intelligence.facts import order_row
from engine.service.intelligence.views import Review
from engine.service.journal_place import JOURNAL_NAME
from engine.store.queries import Queries
from venues.simulated.catalogue import sandbox_listings

__all__ = ["add_arguments", "run", "stored_review"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `review`."""
    parser.add_argument("id", help="the order's id (graph:GRAPH:NODE:1, prefix optional)")
    parser.add_argument("--data-dir", type=Path, help="the engine's data directory (~/.execgraph)")
    parser.add_argument("--client", default="local", help="whose order it is (local)")
    parser.add_argument("--html", metavar="FILE", type=Path, help="write one page with charts")
    parser.add_argument("--json", action="store_true", help="print one JSON object, as REST has it")


def run(options: argparse.Namespace) -> int:
    """Read, review, print; ConfigError for an order that is not there."""
    review = stored_review(options.data_dir or default_data_dir(), options.client, options.id)
    if options.html is not None:
        try:
            options.html.write_text(review_page(review), encoding="utf-8")
        except OSError as error:
            raise ConfigError(f"{options.html} cannot be written: {error.strerror}") from None
    if options.json:
        print(msgspec.json.encode(review).decode())
    else:
        for sentence in review.missing:
            print(f"note: {sentence}", file=sys.stderr)
        print_review(review)
    return 0


def stored_review(folder: Path, client: str, order_id: str) -> Review:
    """The review of an order of the sandbox; ConfigError where this client has none of that id."""
    queries = Queries(folder / JOURNAL_NAME)
    try:
        row = order_row(queries, client, Environment.SANDBOX, order_id)
        if row is None:
            text = f"client {client!r} has no order {order_id!r} here; ids look like"
            raise ConfigError(f"{text} graph:GRAPH_ID:NODE_ID:1, and --client names another client")
        board = StoredBoard(queries, Environment.SANDBOX, folder, listings_of(row.symbol))
        try:
            return asyncio.run(board.review(client, row.node_order_id))
        except ApiError as error:
            raise ConfigError(str(error)) from None
        finally:
            board.close()
    finally:
        queries.close()


def listings_of(symbol: str) -> list[Listing]:
    """Where the sandbox lists an instrument."""
    return [one for one in sandbox_listings() if one.instrument.symbol == symbol]
