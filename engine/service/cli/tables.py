"""What commands print for people: tables on a terminal, plain lines elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

from engine.model.units import format_price, format_qty
from engine.service.replay_report import ReplayOutcome

__all__ = ["print_replay", "print_table"]


def print_table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table; rich draws it on a terminal and falls back to plain text in a pipe."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    for index, name in enumerate(header):
        table.add_column(name, justify="left" if index == 0 else "right")
    for row in rows:
        table.add_row(*row)
    Console().print(table)


def print_replay(outcome: ReplayOutcome) -> None:
    """The order, its split, its cost, and the books."""
    filled, wanted = format_qty(outcome.filled_qty_1e8), format_qty(outcome.qty_1e8)
    average = format_price(outcome.avg_fill_price_1e9)
    print(f"{outcome.side} {wanted} {outcome.symbol}: {outcome.status}, {filled} at {average}")
    legs = [
        (
            leg.venue,
            format_qty(leg.qty_1e8),
            format_price(leg.avg_price_1e9),
            format_price(leg.limit_price_1e9),
            format_price(leg.fee_1e9),
        )
        for leg in outcome.legs
    ]
    print_table("split", ("venue", "quantity", "average", "limit", "fee"), legs)
    review = outcome.review
    if review.realised_cost_bps is not None and review.arrival_mid_1e9 is not None:
        print(
            f"cost {review.realised_cost_bps:.4f} bps of mid {format_price(review.arrival_mid_1e9)}"
        )
    if review.best_single_venue is not None and review.saved_bps is not None:
        print(f"saved {review.saved_bps:.4f} bps against {review.best_single_venue} alone")
    books = [
        tuple("-" if value is None else _shown(name, value) for name, value in row.items())
        for row in outcome.books
    ]
    header = tuple(outcome.books[0]) if outcome.books else ()
    print_table("books", [name.removesuffix("_1e9").replace("_", " ") for name in header], books)


def _shown(name: str, value: object) -> str:
    return format_price(value) if name.endswith("_1e9") and isinstance(value, int) else str(value)
