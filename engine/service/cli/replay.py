"""`execgraph replay`: one order against recorded order books."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path

import msgspec

from engine.errors import ConfigError, GraphError
from engine.kernels.warm_up import warm_up
from engine.model.graph import Graph
from engine.model.intake import parse_graph
from engine.service.alignment import align_basis
from engine.service.cli.progress import progress_bar
from engine.service.cli.tables import print_replay
from engine.service.replay import Replay, ReplayOptions, open_feeds
from engine.service.replay_report import why_unfilled

__all__ = ["add_arguments", "run"]

NS = 10**9
MS = 10**6
MISUSED = 2
FEE_PPM_BOUND = 10**6
FIELDS = {
    "nodes[0].quantity.fixed.qty_1e8": "qty",
    "nodes[0].order_type.limit.price_1e9": "price",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `replay`."""
    parser.add_argument(
        "--feed",
        action="append",
        required=True,
        metavar="VENUE:SYMBOL=FILE",
        help="a recording: a file, a+b+c, or a folder; FILE#VENUE picks one venue of a merged one",
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--order", metavar="JSON", help="the order, simple or as a graph")
    what.add_argument("--graph", metavar="FILE", type=Path, help="a file with the order")
    parser.add_argument("--at", metavar="SECONDS", help="when to submit; default: all books ready")
    parser.add_argument(
        "--align-basis", action="store_true", help="move further feeds onto the first"
    )
    parser.add_argument("--fee-bps", action="append", default=[], metavar="VENUE=BPS")
    parser.add_argument("--latency-ms", action="append", default=[], metavar="VENUE=MS")
    parser.add_argument("--speed", default="max", metavar="N|max", help="times real time")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(options: argparse.Namespace) -> int:
    """Play, submit, print; 0 when something filled, 1 when nothing did, 2 for a bad order."""
    text = _order_text(options)
    graph = _graph(text)
    replay_options = ReplayOptions(
        at_ns=None if options.at is None else _scaled("--at", options.at, NS),
        fee_ppm=_by_venue("--fee-bps", options.fee_bps, 100),
        latency_ns=_by_venue("--latency-ms", options.latency_ms, MS),
        speed=_speed(options.speed),
    )
    specs = [_feed(words) for words in options.feed]
    _check_venues(replay_options, [venue for venue, _, _ in specs])
    feeds, origin_ns, notes = open_feeds(specs, replay_options)
    _check_symbol(graph, [feed.listing.instrument.symbol for feed in feeds])
    with progress_bar("compiling kernels", enabled=not options.json) as progress:
        warm_up(None if progress is None else lambda done, total, _: progress(done, total))
    if options.align_basis:
        feeds, more = align_basis(feeds, origin_ns, replay_options)
        notes += more
    for feed in feeds:
        notes.extend(feed.capture.faults)
    _print_notes(notes)
    replay = Replay(feeds, origin_ns, replay_options)
    with progress_bar("replaying", enabled=not options.json) as progress:
        outcome = replay.play(graph, progress)
    _print_notes(replay.notes(outcome))
    if options.json:
        print(msgspec.json.encode(outcome).decode())
    elif not replay.refused:
        print_replay(outcome)
    if replay.refused:
        print(f"execgraph: {_in_user_terms(outcome.review.reason, text)}", file=sys.stderr)
        return MISUSED
    if outcome.filled_qty_1e8:
        return 0
    print(f"execgraph: {why_unfilled(outcome, replay.stale)}", file=sys.stderr)
    return 1


def _print_notes(notes: Sequence[str]) -> None:
    """Notes never mix with what is printed for programs."""
    for note in notes:
        print(f"note: {note}", file=sys.stderr)


def _graph(text: str) -> Graph:
    try:
        graph = parse_graph(text)
    except GraphError as error:
        raise GraphError(f"the order cannot be used: {error}", error.details) from None
    except UnicodeError:
        raise ConfigError("the order is not UTF-8 text") from None
    if len(graph.nodes) != 1:
        raise ConfigError("replay executes graphs of one node; give the nodes one by one")
    return graph


def _in_user_terms(sentence: str, text: str) -> str:
    """A refusal's path as the simple form of an order names the field."""
    if '"nodes"' in text:
        return sentence
    path, colon, rest = sentence.partition(": ")
    field = FIELDS.get(path)
    return f"{field}{colon}{rest}" if field else sentence


def _order_text(options: argparse.Namespace) -> str:
    if options.order is not None:
        return str(options.order)
    try:
        return str(options.graph.read_text())
    except UnicodeDecodeError:
        raise ConfigError(f"{options.graph} is not JSON text; give a file with the order") from None
    except OSError as error:
        raise ConfigError(f"{options.graph} cannot be read: {error.strerror}") from None


def _feed(text: str) -> tuple[str, str, str]:
    name, equals, path = text.partition("=")
    venue, colon, symbol = name.partition(":")
    if not (venue and colon and symbol and equals and path):
        raise ConfigError(f"--feed is VENUE:SYMBOL=FILE, not {text!r}")
    return venue, symbol, path


def _scaled(option: str, text: str, scale: int) -> int:
    try:
        value = Decimal(text) * scale
    except InvalidOperation:
        raise ConfigError(f"{option} takes a number, not {text!r}") from None
    if not value.is_finite() or value < 0 or value > 10**18:
        raise ConfigError(f"{option} takes a number that is not negative, not {text!r}")
    if value != int(value):
        raise ConfigError(f"{option} {text} is finer than it can be")
    return int(value)


def _by_venue(option: str, texts: Sequence[str], scale: int) -> dict[str, int]:
    values: dict[str, int] = {}
    for text in texts:
        venue, equals, number = text.partition("=")
        if not (venue and equals and number):
            raise ConfigError(f"{option} is VENUE=NUMBER, not {text!r}")
        values[venue] = _scaled(option, number, scale)
    return values


def _speed(text: str) -> float | None:
    if text == "max":
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed < 1e9:
        raise ConfigError(f"--speed takes a positive number or 'max', not {text!r}")
    return speed


def _check_venues(options: ReplayOptions, venues: Sequence[str]) -> None:
    for venue, ppm in options.fee_ppm.items():
        if ppm >= FEE_PPM_BOUND:
            raise ConfigError(f"--fee-bps of {venue} takes less than 10000, the whole price")
    for option, table in (("--fee-bps", options.fee_ppm), ("--latency-ms", options.latency_ns)):
        for venue in table:
            if venue not in venues:
                raise ConfigError(f"{option} names {venue!r}, which has no --feed")


def _check_symbol(graph: Graph, symbols: Sequence[str]) -> None:
    symbol = graph.nodes[0].instrument.symbol
    if symbol not in symbols:
        known = ", ".join(dict.fromkeys(symbols))
        raise ConfigError(f"the order is for {symbol!r}, but the feeds are of {known}")
