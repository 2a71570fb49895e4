"""The words and rows of a review that its terminal form and its page share."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from engine.errors import Reason
from engine.model.units import PRICE_SCALE, format_price, format_qty
from engine.service.intelligence.post_views import POST
from engine.service.intelligence.views import DecisionView, Review

__all__ = [
    "BENCHMARK_HEADER",
    "FEE_HEADER",
    "NO_DECISIONS",
    "base_of",
    "benchmark_rows",
    "chosen_text",
    "cost_rows",
    "decision_figures",
    "ended_sentence",
    "fee_rows",
    "fee_sentence",
    "filled_sentence",
    "forecast_sentence",
    "markout_rows",
    "money",
    "number",
    "quote_of",
    "regret_sentences",
    "time_text",
]

Rows = list[Sequence[str]]
UNKNOWN = "unknown"
NS = 1_000_000_000
BENCHMARK_HEADER = ("benchmark", "price", "cost bps")
FEE_HEADER = ("venue", "fills", "charged", "by schedule", "drift", "venue's own total", "drift")
NO_DECISIONS = "No routing decision is recorded of this order."
FEES_UNKNOWN: Final = "when it was accepted it was not known which fees it would pay"
REASONS: Final[dict[str, str]] = {
    Reason.EXPIRED: "its time ran out",
    Reason.CANCELLED: "it was cancelled",
    Reason.NO_LIQUIDITY: "no book showed anything to take",
    Reason.BEYOND_LIMIT: "nothing was to be had inside its limit",
    Reason.EXCHANGE_REJECT: "the venue refused it",
    Reason.UNREACHABLE: "the venue could not be reached",
    Reason.KILL_SWITCH: "trading was halted",
    Reason.TOO_SMALL: "what was left is less than venues take",
}


def number(value: float | None, digits: int = 3) -> str:
    """A figure, or that it is not known."""
    if value is None:
        return UNKNOWN
    text = f"{value:.{digits}f}"
    return text.removeprefix("-") if not text.strip("-0.") else text


def money(value_1e9: int | None) -> str:
    """An amount of USD, or that it is not known."""
    return UNKNOWN if value_1e9 is None else f"{value_1e9 / PRICE_SCALE:.4f}"


def time_text(when_ns: int) -> str:
    """A moment of UTC to the millisecond."""
    whole = datetime.fromtimestamp(when_ns // NS, UTC)
    return f"{whole:%Y-%m-%d %H:%M:%S}.{when_ns % NS // 1_000_000:03d} UTC"


def base_of(symbol: str, event: bool) -> str:
    """What a quantity is of: the base asset, or contracts."""
    return "contracts" if event else symbol.partition("-")[0]


def quote_of(symbol: str, event: bool) -> str:
    """What a price is in; event contracts pay 1 USD."""
    parts = symbol.split("-")
    return "USD" if event or len(parts) < 2 else parts[1]


def filled_sentence(review: Review) -> str:
    """How much of it filled, at what price and fee."""
    order = review.order
    event = order.is_prediction
    wanted = f"{format_qty(order.intended_qty_1e8)} {base_of(order.symbol, event)}"
    if order.avg_fill_price_1e9 is None:
        return f"Nothing of {wanted} filled." if order.terminal else f"Nothing of {wanted} yet."
    quote = quote_of(order.symbol, event)
    fills = "1 fill" if order.fill_count == 1 else f"{order.fill_count} fills"
    return (
        f"Filled {format_qty(order.filled_qty_1e8)} of {wanted} at "
        f"{format_price(order.avg_fill_price_1e9)} {quote} on average in {fills}."
    )


def forecast_sentence(review: Review) -> str:
    """What was said of its cost at the start, and what it came to; empty where nothing was said."""
    said = review.forecast
    if said is None:
        return ""
    text = f"Forecast at its start: {said.p50_cost_bps:.3f} bps, at most {said.p90_cost_bps:.3f}"
    text += " in nine of ten"
    if said.realised_cost_bps is None:
        return f"{text}; {said.reason}." if said.reason else f"{text}."
    where = "" if said.within_p90 is None else (", within" if said.within_p90 else ", above that")
    return f"{text}; it came to {said.realised_cost_bps:.3f}{where}."


def ended_sentence(review: Review) -> str:
    """How and when it ended, and why if that was no full fill."""
    order = review.order
    began = f"Active from {time_text(order.started_ns)}"
    if order.ended_ns is None:
        why = f": {reason_text(order.reason)}" if order.reason else ""
        return f"{began}; it is {order.status}{why}."
    took_ms = max(0, order.ended_ns - order.started_ns) / 1e6
    why = ""
    if order.reason:
        why = f", because: {reason_text(order.reason)}"
    elif order.status not in ("filled", "completed"):
        refused = sorted({one.reject_reason for one in review.children if one.reject_reason})
        why = f"; children were refused: {', '.join(refused)}" if refused else ""
    return f"{began}; {order.status} after {took_ms:,.1f} ms{why}."


def reason_text(reason: str) -> str:
    """A reason with what it means beside its code."""
    words = REASONS.get(reason)
    return f"{words} ({reason})" if words else reason


def cost_rows(review: Review) -> Rows:
    """The parts of the shortfall: name, money, bps, and cents of an event contract."""
    if review.tca is None or review.tca_bps is None:
        return []
    cents = review.tca_cents
    return [
        (
            name,
            money(getattr(review.tca, f"{name}_1e9")),
            number(value),
            *(() if cents is None else (number(cents.get(name)),)),
        )
        for name, value in review.tca_bps.items()
    ]


def benchmark_rows(review: Review) -> Rows:
    """What was paid against each benchmark."""
    seen = review.benchmarks
    cents = seen.arrival_slippage_cents
    arrival = number(seen.arrival_slippage_bps)
    if cents is not None:
        arrival += f" ({cents:.3f} cents)"
    share = f"{100 * seen.pwp_participation:g} %"
    rows = (
        (f"arrival mid ({seen.arrival_basis})", seen.arrival_mid, arrival),
        ("VWAP while it ran", seen.interval_vwap, number(seen.vwap_slippage_bps)),
        ("TWAP while it ran", seen.twap, number(seen.twap_slippage_bps)),
        (f"PWP at {share} of the volume", seen.pwp, number(seen.pwp_slippage_bps)),
    )
    return [
        (name, UNKNOWN if price is None else f"{price:.10g}", cost) for name, price, cost in rows
    ]


def markout_rows(review: Review) -> Rows:
    """Where the mid went after the fills."""
    return [
        (f"{one.horizon_ms / 1_000:g} s", number(one.markout_bps), one.reason)
        for one in review.benchmarks.markouts
    ]


def chosen_text(one: DecisionView) -> str:
    """The venues that a decision chose, to take from or to rest on."""
    names = "+".join(one.chosen)
    if not names:
        return "none"
    return f"rest on {names}" if one.kind == POST else names


def decision_figures(one: DecisionView) -> Sequence[str]:
    """In bps: estimated and realised of what filled, their difference, the best venue alone and
    its cost, the selection error; dashes where nothing was chosen or no venue alone would do, and
    for the last three of an order that was to rest."""
    if not one.chosen or (one.kind == POST and not one.filled_qty_1e8):
        return ("-",) * 6
    if one.kind == POST:
        found = one.est_filled_cost_bps, one.realised_cost_bps, one.forecast_error_bps
        return *(number(value) for value in found), *("-",) * 3
    alone = "-" if one.best_single_venue is None else number(one.best_single_cost_bps)
    return (
        number(one.est_filled_cost_bps),
        number(one.realised_cost_bps),
        number(one.forecast_error_bps),
        one.best_single_venue or "none",
        alone,
        number(one.selection_error_bps),
    )


def fee_sentence(review: Review) -> str:
    """Fees of the whole order against what was expected when it was accepted."""
    fees = review.fees
    if not review.order.fill_count:
        if fees.expected_bps is None:
            return f"No fees; {FEES_UNKNOWN}."
        return f"No fees; {number(fees.expected_bps)} bps were expected when it was accepted."
    text = f"Fees {money(fees.realised_1e9)} USD"
    if fees.realised_bps is not None:
        text += f", {number(fees.realised_bps)} bps of the arrival mid"
    if fees.expected_bps is None:
        return f"{text}; {FEES_UNKNOWN}."
    text += f"; expected when it was accepted {number(fees.expected_bps)} bps"
    return f"{text}." if fees.drift_bps is None else f"{text}, drift {number(fees.drift_bps)} bps."


def fee_rows(review: Review) -> Rows:
    """Fees of each venue in USD: charged, by its schedule, and as its own total says."""
    return [
        (
            one.venue,
            str(one.fills),
            money(one.realised_1e9),
            money(one.expected_1e9),
            money(one.drift_1e9),
            money(one.venue_reported_1e9),
            money(one.reported_drift_1e9),
        )
        for one in review.fees.per_venue
    ]


def regret_sentences(review: Review) -> list[str]:
    """What another policy was estimated to cost, how sure that is, and how it was found."""
    blamed = review.policy_regret
    if blamed is None:
        return []
    chosen = blamed.chosen_policy
    own = blamed.chosen_estimate_bps
    parts = (
        ("after the plan", blamed.after_plan_bps),
        ("the plan above the optimum", blamed.selection_bps),
        ("the optimum above the best policy", blamed.policy_bps),
    )
    told = [f"{name} {value:.3f}" for name, value in parts if value is not None]
    first = (
        f"Policy regret {blamed.regret_bps:.3f} bps, between {blamed.low_bps:.3f} and "
        f"{blamed.high_bps:.3f}: it cost {blamed.realised_bps:.3f}, and {blamed.best_policy} was "
        f"estimated at {blamed.best_estimate_bps:.3f}."
    )
    return [
        first,
        f"Its own policy, {chosen}, was estimated at {number(own)} bps as it started.",
        *([f"Of the regret: {', '.join(told)}."] if told else []),
    ]
