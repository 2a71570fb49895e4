"""The three charts of a review's page: parts of the cost, children over time, share of venues."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final, NamedTuple

from engine.model.units import PRICE_SCALE, QTY_SCALE
from engine.service.cli.page_svg import WIDTH, colours_of, legend, svg, tick_text, ticks
from engine.service.cli.review_rows import base_of, number, quote_of, time_text
from engine.service.intelligence.views import ChildEvent, OrderState, Review

__all__ = ["MARKS_MAX", "children_chart", "venue_chart", "waterfall"]

MARKS_MAX: Final = 2_000
ROW: Final = 28
LABEL: Final = 110
VALUE: Final = 170
TOTALS: Final = ("executed", "shortfall")
LEFT: Final = 84
INNER: Final = LEFT + 14
RIGHT: Final = WIDTH - 16
TOP: Final = 26
BOTTOM: Final = 236
SPAN_MIN_NS: Final = 100_000
UNITS: Final = ((2_000, 1e-6, "ms"), (120_000, 1e-9, "s"), (0, 1e-9 / 60, "min"))


class Mark(NamedTuple):
    """A child in the chart; `filled` False shows its limit, until it ended."""

    at_ns: int
    until_ns: int
    price: float
    qty_1e8: int
    filled: bool
    child: ChildEvent


class Axes:
    """Where times and prices of the marks stand; a little room is left on every side."""

    def __init__(self, marks: Sequence[Mark], order: OrderState, arrival: float | None) -> None:
        prices = [one.price for one in marks] + ([] if arrival is None else [arrival])
        low, high = min(prices), max(prices)
        room = (high - low) * 0.08 or abs(high) * 1e-4 or 1.0
        self.low, self.high = low - room, high + room
        self.start_ns = order.started_ns
        last_ns = max([order.ended_ns or 0, *(max(one.at_ns, one.until_ns) for one in marks)])
        self.span_ns = max(last_ns - self.start_ns, SPAN_MIN_NS)
        span_ms = self.span_ns / 1e6
        self.unit, self.name = next(
            (unit, name) for most, unit, name in UNITS if span_ms <= most or not most
        )

    def x(self, after_ns: float) -> float:
        """Of a time since the start."""
        return INNER + max(0.0, after_ns) / self.span_ns * (RIGHT - 2 * (INNER - LEFT) - LEFT)

    def y(self, price: float) -> float:
        return TOP + (self.high - price) / (self.high - self.low) * (BOTTOM - TOP)

    def drawn(self, quote: str) -> str:
        """Both axes with their ticks, units and where time begins."""
        prices = ticks(self.low, self.high)
        times = ticks(0.0, self.span_ns * self.unit, 8)
        parts = [f'<text class="dim" x="0" y="12">price in {escape(quote)}</text>']
        for price in prices:
            y = self.y(price)
            parts.append(
                f'<line class="grid" x1="{LEFT}" x2="{RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
                f'<text class="end" x="{LEFT - 6}" y="{y + 4:.1f}">{tick_text(price, prices)}'
                "</text>"
            )
        parts.append(f'<path class="axis bare" d="M{LEFT} {TOP}V{BOTTOM}H{RIGHT}"/>')
        for time in times:
            x = self.x(time / self.unit)
            parts.append(
                f'<line class="axis" x1="{x:.1f}" x2="{x:.1f}" y1="{BOTTOM}" y2="{BOTTOM + 4}"/>'
                f'<text class="middle" x="{x:.1f}" y="{BOTTOM + 17}">{tick_text(time, times)}'
                "</text>"
            )
        words = f"{self.name} since {time_text(self.start_ns)}"
        parts.append(f'<text class="dim end" x="{RIGHT}" y="{BOTTOM + 34}">{words}</text>')
        return "".join(parts)


def waterfall(review: Review) -> str:
    """Each part as a bar from zero, costs to the right; event contracts in cents, too."""
    if review.tca_bps is None:
        return '<p class="note">No mid was there to measure against.</p>'
    known = [value for value in review.tca_bps.values() if value is not None]
    least, most = min([0.0, *known]), max([0.0, *known])
    scale = (WIDTH - LABEL - VALUE) / ((most - least) or 1.0)
    zero = LABEL - least * scale
    parts = []
    for index, (name, value) in enumerate(review.tca_bps.items()):
        y = index * ROW
        parts.append(f'<text x="0" y="{y + 18}">{escape(name)}</text>')
        if value is None:
            parts.append(f'<text class="dim" x="{zero + 6:.1f}" y="{y + 18}">unknown</text>')
            continue
        length = max(abs(value) * scale, 1.0) if value else 0.0
        x = zero if value >= 0 else zero - length
        kind = "total" if name in TOTALS else "cost" if value > 0 else "gain"
        told = f"{number(value)} bps"
        cents = None if review.tca_cents is None else review.tca_cents.get(name)
        if cents is not None:
            told += f", {number(cents)} cents"
        if length:
            parts.append(
                f'<rect class="{kind}" x="{x:.1f}" y="{y + 5}" width="{length:.1f}" height="18"/>'
            )
        parts.append(f'<text x="{max(x + length, zero) + 6:.1f}" y="{y + 18}">{told}</text>')
    height = len(review.tca_bps) * ROW
    parts.append(f'<line class="axis" x1="{zero:.1f}" x2="{zero:.1f}" y1="0" y2="{height}"/>')
    return svg(height, "Parts of the cost against the arrival mid, in bps", "".join(parts))


def children_chart(review: Review) -> str:
    """Each child by time and price: filled at its average, else hollow at its limit."""
    marks = marks_of(review)
    if not marks:
        return '<p class="note">No child was sent.</p>'
    arrival = review.benchmarks.arrival_mid
    axes = Axes(marks, review.order, arrival)
    event, symbol = review.order.is_prediction, review.order.symbol
    quote, base = quote_of(symbol, event), base_of(symbol, event)
    colours = colours_of(one.venue for one in review.children)
    most = max(one.qty_1e8 for one in marks) or 1
    parts = [axes.drawn(f"{quote} per {'contract' if event else base}")]
    if arrival is not None:
        y = axes.y(arrival)
        parts.append(f'<line class="dashed" x1="{LEFT}" x2="{RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
    for one in marks:
        radius = 4 + 8 * (one.qty_1e8 / most) ** 0.5
        colour = colours[one.child.venue]
        paint = f'fill="{colour}" fill-opacity="0.7"'
        if not one.filled:
            paint = f'fill="none" stroke="{colour}" stroke-width="2"'
        x, y = axes.x(one.at_ns - axes.start_ns), axes.y(one.price)
        end = axes.x(one.until_ns - axes.start_ns)
        if end > x + radius:
            parts.append(
                f'<line x1="{x + radius:.1f}" x2="{end:.1f}" y1="{y:.1f}" y2="{y:.1f}" '
                f'stroke="{colour}" stroke-width="2"/>'
            )
        parts.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" '
            f'r="{radius:.1f}" {paint}><title>{escape(_told(one, quote))}</title></circle>'
        )
    extra = [
        ('<circle r="5" class="mark"/>', f"filled, at its average; larger is more {base}"),
        ('<circle r="5" class="bare"/>', "nothing filled, at its limit until it ended"),
    ]
    if arrival is not None:
        dashed = '<line class="dashed" x1="-6" x2="6" y1="0" y2="0"/>'
        extra.append((dashed, f"arrival mid {arrival:.10g}"))
    words, height = legend(BOTTOM + 56, colours, extra)
    title = f"Children of the order by time and price in {quote}"
    return svg(height, title, "".join(parts) + words) + _left_out(review, len(marks))


def venue_chart(review: Review) -> str:
    """Filled quantity by venue as one bar."""
    total = sum(one.filled_qty_1e8 for one in review.children)
    if not total:
        return ""
    by_venue: dict[str, int] = {}
    for one in review.children:
        by_venue[one.venue] = by_venue.get(one.venue, 0) + one.filled_qty_1e8
    colours = colours_of(by_venue)
    base = base_of(review.order.symbol, review.order.is_prediction)
    x, parts, named = 0.0, [], {}
    for venue in sorted(by_venue):
        share = by_venue[venue] / total
        if not share:
            continue
        parts.append(
            f'<rect x="{x:.1f}" y="0" width="{share * WIDTH:.1f}" height="24" '
            f'fill="{colours[venue]}"/>'
        )
        quantity = f"{by_venue[venue] / QTY_SCALE:g} {base}"
        named[f"{venue} {100 * share:.0f} %, {quantity}"] = colours[venue]
        x += share * WIDTH
    words, height = legend(40, named, ())
    return svg(height, f"Share of the filled {base} by venue", "".join(parts) + words)


def marks_of(review: Review) -> list[Mark]:
    """The newest children whose time is known, at most `MARKS_MAX`."""
    found = []
    for one in review.children[-MARKS_MAX:]:
        if one.avg_fill_price_1e9 is not None and one.last_fill_ns is not None:
            price = one.avg_fill_price_1e9 / PRICE_SCALE
            at_ns = one.last_fill_ns
            found.append(Mark(at_ns, at_ns, price, one.filled_qty_1e8, True, one))
            continue
        sent_ns = one.sent_ns if one.sent_ns is not None else one.ended_ns
        if sent_ns is not None:
            price, until_ns = one.limit_price_1e9 / PRICE_SCALE, one.ended_ns or sent_ns
            found.append(Mark(sent_ns, until_ns, price, one.qty_1e8, False, one))
    return found


def _told(one: Mark, quote: str) -> str:
    child = one.child
    words = f"{one.qty_1e8 / QTY_SCALE:g} at {one.price:.10g} {quote}"
    if one.filled:
        return f"{child.venue}: filled {words}"
    return f"{child.venue}: nothing of {words} filled, {child.reject_reason or child.state}"


def _left_out(review: Review, shown: int) -> str:
    count = len(review.children) - shown
    if not count:
        return ""
    return (
        f'<p class="note">{count} more are not drawn: at most {MARKS_MAX} are, '
        "and those whose time is known.</p>"
    )
