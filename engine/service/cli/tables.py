"""What commands print for people: tables on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from decimal import Decimal

from engine.model.units import format_price, format_qty
from engine.service.replay_report import ReplayOutcome, Review

__all__ = ["elided", "plain_lines", "print_replay", "print_table", "short"]

SIGNIFICANT = 8
SYMBOL_MAX = 24
CENT_1E9 = 10**7
TROUBLES = {
    "gaps": "gaps",
    "resyncs": "resynchronisations",
    "checksum_failures": "failed checksums",
    "crossed": "changes that left the book crossed",
}


def print_table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table on a terminal; aligned plain lines, to be read by programs too, elsewhere."""
    if not sys.stdout.isatty():
        print(title)
        for line in plain_lines([header, *rows]):
            print(f"  {line}")
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    for index, name in enumerate(header):
        table.add_column(name, justify="left" if index == 0 else "right")
    for row in rows:
        table.add_row(*row)
    Console().print(table)


def plain_lines(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows as lines: the first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if index else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def print_replay(outcome: ReplayOutcome) -> None:
    """The order, its split, its cost, and the books, within 80 columns."""
    filled, wanted = format_qty(outcome.filled_qty_1e8), format_qty(outcome.qty_1e8)
    average = format_price(outcome.avg_fill_price_1e9)
    sentence = f"{outcome.side} {wanted} {outcome.symbol}: {outcome.status}"
    print(f"{sentence}, {filled} at {average}" if outcome.filled_qty_1e8 else sentence)
    if outcome.legs:
        legs = [
            (
                leg.venue,
                format_qty(leg.qty_1e8),
                short(leg.avg_price_1e9),
                short(leg.limit_price_1e9),
                short(leg.fee_1e9),
            )
            for leg in outcome.legs
        ]
        print_table("split", ("venue", "quantity", "average", "limit", "fee"), legs)
    _print_cost(outcome.review)
    books = [
        (
            f"{row['venue']} {elided(str(row['symbol']))}",
            "-" if row["best_bid_1e9"] is None else short(row["best_bid_1e9"]),
            "-" if row["best_ask_1e9"] is None else short(row["best_ask_1e9"]),
            str(row["frames"]),
            str(row["deltas"]),
        )
        for row in outcome.books
    ]
    header = ("book at the end", "bid", "ask", "frames", "deltas")
    print_table("books", header, books)
    for row in outcome.books:
        troubles = [f"{row[name]} {words}" for name, words in TROUBLES.items() if row[name]]
        if troubles:
            print(f"{row['venue']}: {', '.join(troubles)}")


def _print_cost(review: Review) -> None:
    if review.realised_cost_bps is not None and review.arrival_mid_1e9 is not None:
        mid = short(review.arrival_mid_1e9)
        print(f"cost {review.realised_cost_bps:.4f} bps of mid {mid}")
    if review.best_single_venue is not None and review.saved_bps is not None:
        print(f"saved {review.saved_bps:.4f} bps against {review.best_single_venue} alone")


def short(price_1e9: int) -> str:
    """A price for the eye: its exact text, or 8 significant digits of a longer one."""
    exact = format_price(price_1e9)
    if len(exact) <= SIGNIFICANT + 1:
        return exact
    whole = len(exact.partition(".")[0].lstrip("-"))
    text = format(Decimal(exact), f".{max(0, SIGNIFICANT - whole)}f")
    # A price below 0.01 loses too much to the zeros behind its point.
    return exact if abs(price_1e9) < CENT_1E9 else text


def elided(symbol: str) -> str:
    """A symbol, long token numbers by their two ends."""
    if len(symbol) <= SYMBOL_MAX:
        return symbol
    half = SYMBOL_MAX // 2 - 1
    return f"{symbol[:half]}..{symbol[-half:]}"
