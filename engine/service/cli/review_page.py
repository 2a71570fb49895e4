"""A review as one self-contained HTML page: words, tables, and charts as inline SVG.

No script and nothing from elsewhere, so that it opens anywhere and can be kept with the records.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

from engine.model.units import PRICE_SCALE, QTY_SCALE
from engine.service.intelligence.views import Review

__all__ = ["review_page"]

WIDTH: Final = 720
ROW: Final = 28
LABEL: Final = 130
PLOT: Final = 240
COST: Final = "#b3402e"
GAIN: Final = "#2e7d4f"
TOTAL: Final = "#33506b"
COLOURS: Final = ("#33506b", "#b3802e", "#2e7d4f", "#8a4f9e", "#b3402e", "#4f8a9e")
STYLE: Final = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:760px;margin:2em auto;padding:0 1em;"
    "color:#222}h1{font-size:1.3em}h2{font-size:1.05em;margin-top:2em}table{border-collapse:"
    "collapse;width:100%;font-size:13px}td,th{text-align:right;padding:3px 8px;border-bottom:1px "
    "solid #ddd}td:first-child,th:first-child{text-align:left}svg{width:100%;height:auto}"
    ".note{color:#777;font-size:13px}text{font:12px system-ui,sans-serif;fill:#333}"
)


def review_page(review: Review) -> str:
    """The page."""
    order = review.order
    title = f"{order.side} {order.intended_qty_1e8 / QTY_SCALE:g} {order.symbol}"
    parts = [
        "<!doctype html>",
        f'<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>',
        f"<style>{STYLE}</style></head><body>",
        f"<h1>{escape(title)}: {escape(order.status)}</h1>",
        f"<p>{escape(order.node_order_id)}, policy {escape(order.policy)}.</p>",
        f"<p>{_filled(review)}</p>",
        "<h2>Where the cost came from</h2>",
        _waterfall(review),
        "<h2>Children over time</h2>",
        _fills_chart(review),
        "<h2>Where it traded</h2>",
        _venues(review),
        _children(review),
        "<h2>Decisions</h2>",
        _decisions(review),
        "<h2>Markouts</h2>",
        _markouts(review),
    ]
    if review.missing:
        items = "".join(f"<li>{escape(one)}</li>" for one in review.missing)
        parts.append(f'<h2>Not known</h2><ul class="note">{items}</ul>')
    parts.append(f'<p class="note">model {escape(review.model_version)}</p></body></html>')
    return "\n".join(parts)


def _filled(review: Review) -> str:
    order = review.order
    if order.avg_fill_price_1e9 is None:
        return "Nothing filled."
    average = order.avg_fill_price_1e9 / PRICE_SCALE
    return (
        f"Filled {order.filled_qty_1e8 / QTY_SCALE:g} at {average:.10g} in {order.fill_count} "
        f"fills; fees {order.fees_1e9 / PRICE_SCALE:.4f} USD."
    )


def _waterfall(review: Review) -> str:
    """Each part as a bar from zero; costs to the right."""
    if review.tca_bps is None:
        return '<p class="note">No mid was there to measure against.</p>'
    rows = [(name, value) for name, value in review.tca_bps.items() if value is not None]
    most = max((abs(value) for _, value in rows), default=0.0) or 1.0
    zero = LABEL + (WIDTH - LABEL - 70) * (0.35 if min(v for _, v in rows) < 0 else 0.0)
    scale = (WIDTH - zero - 70) / most
    bars = []
    for index, (name, value) in enumerate(rows):
        y, length = index * ROW, max(abs(value) * scale, 1.0)
        length = min(length, zero - LABEL) if value < 0 else length
        x = zero if value >= 0 else zero - length
        colour = TOTAL if name in ("executed", "shortfall") else COST if value > 0 else GAIN
        bars.append(
            f'<text x="0" y="{y + 18}">{escape(name)}</text>'
            f'<rect x="{x:.1f}" y="{y + 5}" width="{length:.1f}" height="18" fill="{colour}"/>'
            f'<text x="{max(x + length, zero) + 6:.1f}" y="{y + 18}">{value:.3f}</text>'
        )
    line = f'<line x1="{zero:.1f}" x2="{zero:.1f}" y1="0" y2="{len(rows) * ROW}" stroke="#999"/>'
    note = '<p class="note">bps of the notional at arrival; + is a cost. The parts sum exactly.</p>'
    return _svg(len(rows) * ROW, "".join(bars) + line) + note


def _fills_chart(review: Review) -> str:
    """Average price of each child by the time of its last fill, with the arrival mid."""
    dots = [
        (one.last_fill_ns, one.avg_fill_price_1e9 / PRICE_SCALE, one.filled_qty_1e8, one.venue)
        for one in review.children
        if one.last_fill_ns is not None and one.avg_fill_price_1e9 is not None
    ]
    if not dots:
        return '<p class="note">No child filled.</p>'
    arrival = review.benchmarks.arrival_mid
    prices = [price for _, price, _, _ in dots] + ([arrival] if arrival is not None else [])
    low, high = min(prices), max(prices)
    span = (high - low) or abs(high) * 1e-6 or 1.0
    first = review.order.started_ns
    time = max(max(at for at, *_ in dots) - first, 1)
    most = max(qty for _, _, qty, _ in dots)
    venues = sorted({venue for *_, venue in dots})

    def y_of(price: float) -> float:
        return float(20 + (high - price) / span * (PLOT - 60))

    marks = []
    for at, price, qty, venue in dots:
        x = LABEL + max(0, at - first) / time * (WIDTH - LABEL - 40)
        colour = COLOURS[venues.index(venue) % len(COLOURS)]
        size = 4 + 8 * (qty / most) ** 0.5
        marks.append(
            f'<circle cx="{x:.1f}" cy="{y_of(price):.1f}" r="{size:.1f}" fill="{colour}" '
            f'fill-opacity="0.7"><title>{escape(venue)}: {qty / QTY_SCALE:g} at {price:.10g}'
            "</title></circle>"
        )
    if arrival is not None:
        y = y_of(arrival)
        marks.append(
            f'<line x1="{LABEL}" x2="{WIDTH - 30}" y1="{y:.1f}" y2="{y:.1f}" stroke="#999" '
            f'stroke-dasharray="4 4"/><text x="0" y="{y + 4:.1f}">arrival {arrival:.8g}</text>'
        )
    for index, venue in enumerate(venues):
        colour = COLOURS[index % len(COLOURS)]
        x = LABEL + index * 110
        marks.append(
            f'<rect x="{x}" y="{PLOT - 18}" width="10" height="10" fill="{colour}"/>'
            f'<text x="{x + 14}" y="{PLOT - 9}">{escape(venue)}</text>'
        )
    marks.append(f'<text x="{WIDTH - 90}" y="{PLOT - 26}">{time / 1e6:.0f} ms</text>')
    return _svg(PLOT, "".join(marks))


def _venues(review: Review) -> str:
    """Quantity by venue as one bar."""
    total = sum(one.filled_qty_1e8 for one in review.children)
    if not total:
        return ""
    by_venue: dict[str, int] = {}
    for one in review.children:
        by_venue[one.venue] = by_venue.get(one.venue, 0) + one.filled_qty_1e8
    x, parts = 0.0, []
    for index, venue in enumerate(sorted(by_venue)):
        width = by_venue[venue] / total * WIDTH
        label = f"{venue} {100 * by_venue[venue] / total:.0f} %"
        colour = COLOURS[index % len(COLOURS)]
        parts.append(
            f'<rect x="{x:.1f}" y="0" width="{width:.1f}" height="24" fill="{colour}"/>'
            f'<text x="{x + 2:.1f}" y="40">{escape(label) if width > 60 else ""}</text>'
        )
        x += width
    return _svg(46, "".join(parts))


def _children(review: Review) -> str:
    rows = [
        (
            one.client_order_id,
            one.venue,
            f"{one.qty_1e8 / QTY_SCALE:g}",
            f"{one.filled_qty_1e8 / QTY_SCALE:g}",
            ""
            if one.avg_fill_price_1e9 is None
            else f"{one.avg_fill_price_1e9 / PRICE_SCALE:.10g}",
            one.reject_reason or one.state,
        )
        for one in review.children
    ]
    return _table(("child", "venue", "sent", "filled", "average", "state"), rows)


def _decisions(review: Review) -> str:
    rows = [
        (
            str(one.decision_id),
            ", ".join(one.chosen),
            _number(one.est_cost_bps),
            _number(one.realised_cost_bps),
            one.best_single_venue or "",
            _number(one.best_single_cost_bps),
            _number(one.selection_error_bps),
            "yes" if one.redone else "no",
        )
        for one in review.decisions
    ]
    header = (
        "decision",
        "chosen",
        "estimated",
        "realised",
        "best single",
        "its cost",
        "selection error",
        "same again",
    )
    return _table(header, rows)


def _markouts(review: Review) -> str:
    rows = [
        (f"{one.horizon_ms / 1_000:g} s", _number(one.markout_bps), one.reason)
        for one in review.benchmarks.markouts
    ]
    return _table(("after", "bps (+ is good)", ""), rows)


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.3f}"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in header)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>"


def _svg(height: int, content: str) -> str:
    return f'<svg viewBox="0 0 {WIDTH} {height}" role="img">{content}</svg>'
