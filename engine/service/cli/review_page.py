"""A review as one self-contained HTML page: words, tables, and charts as inline SVG.

No script and nothing from elsewhere, so that it opens anywhere, in dark and light, and can be kept
with the records.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from engine.model.units import format_price, format_qty
from engine.service.cli.page_svg import STYLE
from engine.service.cli.review_charts import MARKS_MAX, children_chart, venue_chart, waterfall
from engine.service.cli.review_rows import (
    BENCHMARK_HEADER,
    FEE_HEADER,
    NO_DECISIONS,
    benchmark_rows,
    chosen_text,
    decision_figures,
    ended_sentence,
    fee_rows,
    fee_sentence,
    filled_sentence,
    forecast_sentence,
    markout_rows,
    regret_sentences,
    time_text,
)
from engine.service.intelligence.views import Review

__all__ = ["review_page"]

CHILD_HEADER = ("child", "venue", "sent", "limit", "filled", "average", "fee USD", "state")
DECISION_HEADER = (
    "decision",
    "chosen",
    "estimated",
    "realised",
    "forecast error",
    "best alone",
    "its cost",
    "selection error",
    "same again",
)


def review_page(review: Review) -> str:
    """The page; at most 2,000 children and decisions are told, the newest of them."""
    order = review.order
    title = f"{order.side} {format_qty(order.intended_qty_1e8)} {order.symbol}"
    limit = ""
    if order.limit_price_1e9 is not None:
        limit = f", limit {format_price(order.limit_price_1e9)}"
    parts = [
        "<!doctype html>",
        f'<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>',
        f"<style>{STYLE}</style></head><body>",
        f"<h1>{escape(title)}: {escape(order.status)}</h1>",
        _note(
            f"{order.node_order_id}, policy {order.policy}, urgency {order.urgency}, "
            f"{order.order_type}{limit}."
        ),
        _sentence(ended_sentence(review)),
        _sentence(filled_sentence(review)),
        "<h2>Where the cost came from</h2>",
        _cost(review),
        "<h2>Against benchmarks</h2>",
        _benchmarks(review),
        "<h2>Children over time</h2>",
        children_chart(review),
        "<h2>Where it traded</h2>",
        venue_chart(review) or _note("Nothing filled."),
        _children(review),
        "<h2>Fees</h2>",
        _fees(review),
        "<h2>Decisions</h2>",
        _decisions(review),
        "<h2>Policy regret</h2>",
        _regret(review),
        "<h2>Markouts</h2>",
        _markouts(review),
    ]
    if review.missing:
        items = "".join(f"<li>{escape(one)}</li>" for one in review.missing)
        parts.append(f'<h2>Not known</h2><ul class="note">{items}</ul>')
    made = f"As of {time_text(review.as_of_ns)}, model {review.model_version}."
    parts.append(f"{_note(made)}</body></html>")
    return "\n".join(parts)


def _cost(review: Review) -> str:
    said = _sentence(forecast_sentence(review)) if review.forecast is not None else ""
    if review.tca_bps is None:
        return said + waterfall(review)
    sums = "The parts sum exactly."
    if review.tca_bps["shortfall"] is None:
        sums = "Executed is the sum of the parts that are known; the shortfall is not known yet."
    return said + waterfall(review) + _note(f"bps of the notional at arrival; + is a cost. {sums}")


def _benchmarks(review: Review) -> str:
    return _table(BENCHMARK_HEADER, benchmark_rows(review)) + _note("+ is a cost.")


def _children(review: Review) -> str:
    if not review.children:
        return ""
    rows = [
        (
            one.client_order_id,
            one.venue,
            format_qty(one.qty_1e8),
            format_price(one.limit_price_1e9),
            format_qty(one.filled_qty_1e8),
            "" if one.avg_fill_price_1e9 is None else format_price(one.avg_fill_price_1e9),
            f"{one.fee_1e9 / 1e9:.4f}" if one.filled_qty_1e8 else "",
            one.reject_reason or one.state,
        )
        for one in review.children[-MARKS_MAX:]
    ]
    return _table(CHILD_HEADER, rows)


def _fees(review: Review) -> str:
    rows = fee_rows(review)
    if not rows:
        return _sentence(fee_sentence(review))
    words = (
        "USD; drift is charged less schedule, and charged less the venue's own running total. "
        "Unknown by schedule: the venue did not say of a fill whether it was maker or taker, or "
        "its schedule does not hold for this side."
    )
    return _sentence(fee_sentence(review)) + _table(FEE_HEADER, rows) + _note(words)


def _decisions(review: Review) -> str:
    if not review.decisions:
        return _sentence(NO_DECISIONS)
    rows = [
        (
            str(one.decision_id),
            chosen_text(one),
            *decision_figures(one),
            "yes" if one.redone else "NO",
        )
        for one in review.decisions[-MARKS_MAX:]
    ]
    words = "bps of the mid then, fees in; estimated is of what filled."
    return _table(DECISION_HEADER, rows) + _note(words)


def _regret(review: Review) -> str:
    sentences = regret_sentences(review)
    if review.policy_regret is None:
        why = [one for one in review.missing if one.startswith("policy_regret_bps")]
        return _sentence(f"Not known: {why[0].partition(': ')[2] if why else 'no reason given'}.")
    return "".join(map(_sentence, sentences)) + _note(f"{review.policy_regret.method}.")


def _markouts(review: Review) -> str:
    if not review.order.fill_count:
        return _sentence("Nothing filled.")
    return _table(("after", "bps (+ is good)", ""), markout_rows(review))


def _sentence(text: str) -> str:
    return f"<p>{escape(text)}</p>"


def _note(text: str) -> str:
    return f'<p class="note">{escape(text)}</p>'


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in header)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f'<div class="wide"><table><tr>{head}</tr>{body}</table></div>'
