"""A review as words and short tables for the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from engine.model.units import format_price, format_qty
from engine.service.cli.review_rows import (
    BENCHMARK_HEADER,
    NO_DECISIONS,
    base_of,
    benchmark_rows,
    chosen_text,
    cost_rows,
    decision_figures,
    ended_sentence,
    fee_rows,
    fee_sentence,
    filled_sentence,
    forecast_sentence,
    regret_sentences,
)
from engine.service.cli.tables import print_table
from engine.service.intelligence.views import Review

__all__ = ["print_review"]

ROWS_MAX: Final = 20
FEE_COLUMNS: Final = ("venue", "fills", "charged", "by schedule", "drift", "its total", "drift")


def print_review(review: Review) -> None:
    """The review for a person; at most 20 children and decisions, `--json` has all."""
    order = review.order
    event = order.is_prediction
    print(
        f"{order.node_order_id}: {order.side} {format_qty(order.intended_qty_1e8)} "
        f"{order.symbol}{_limit(review)}, {order.policy}, {order.status}"
    )
    print(ended_sentence(review))
    print(filled_sentence(review))
    if said := forecast_sentence(review):
        print(said)
    _print_cost(review)
    if order.fill_count:
        print_table("against benchmarks (+ is a cost)", BENCHMARK_HEADER, benchmark_rows(review))
        _print_markouts(review)
    print(fee_sentence(review))
    if review.fees.per_venue:
        print_table("fees in USD", FEE_COLUMNS, fee_rows(review))
    if review.children:
        rows = [
            (
                one.client_order_id,
                one.venue,
                format_qty(one.qty_1e8),
                format_price(one.limit_price_1e9),
                format_qty(one.filled_qty_1e8),
                "" if one.avg_fill_price_1e9 is None else format_price(one.avg_fill_price_1e9),
                one.reject_reason or one.state,
            )
            for one in review.children
        ]
        sent = f"sent {base_of(order.symbol, event)}"
        header = ("id", "venue", sent, "limit", "filled", "average", "state")
        _print_some("children", header, rows)
    _print_decisions(review)
    for sentence in regret_sentences(review):
        print(sentence)


def _limit(review: Review) -> str:
    limit = review.order.limit_price_1e9
    return "" if limit is None else f" limit {format_price(limit)}"


def _print_cost(review: Review) -> None:
    rows = cost_rows(review)
    if not rows:
        return
    header = ("", "USD", "bps", "cents")[: len(rows[0])]
    print_table("cost against the arrival mid (+ is a cost)", header, rows)


def _print_markouts(review: Review) -> None:
    """All on one line; why one is not known stands beside it only if none is."""
    seen = review.benchmarks.markouts
    known = [
        f"{one.horizon_ms / 1_000:g} s {one.markout_bps:.3f}"
        for one in seen
        if one.markout_bps is not None
    ]
    if known:
        print(f"markouts in bps (+ is good): {', '.join(known)}")
    elif seen:
        print(f"no markouts: {seen[0].reason}")


def _print_decisions(review: Review) -> None:
    if not review.decisions:
        print(NO_DECISIONS)
        return
    rows = [
        (
            str(one.decision_id),
            chosen_text(one),
            *decision_figures(one),
        )
        for one in review.decisions
    ]
    header = (
        "id",
        "chosen",
        "estimated",
        "realised",
        "error",
        "best alone",
        "its cost",
        "selection error",
    )
    _print_some("decisions (bps; estimated of what filled)", header, rows)
    first = review.decisions[0]
    print(f"decision {first.decision_id}: {first.why}")
    changed = [str(one.decision_id) for one in review.decisions if not one.redone]
    count = len(review.decisions)
    told = "the same again" if not changed else f"NOT the same again: {', '.join(changed)}"
    print(f"redone from {'its record' if count == 1 else f'{count} records'}: {told}")


def _print_some(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    print_table(title, header, rows[:ROWS_MAX])
    if len(rows) > ROWS_MAX:
        print(f"  and {len(rows) - ROWS_MAX} more; --json has them all")
