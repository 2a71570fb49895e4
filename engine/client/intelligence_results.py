"""Typed answers about what orders cost before, during and after; in bps, positive is paid."""

from __future__ import annotations

from engine.client.results import Answer

__all__ = [
    "Decision",
    "Decisions",
    "Forecast",
    "Live",
    "Review",
    "Simulation",
    "Strategy",
    "Summary",
]


class CostLevel(Answer, frozen=True, kw_only=True):
    """How likely the order fills within a cost."""

    cost_bps: float
    probability: float


class VenueCost(Answer, frozen=True, kw_only=True):
    """What one venue alone would cost, and of what it is made."""

    venue: str
    landed_cost_bps: float | None = None
    book_cost_bps: float | None = None
    fee_bps: float | None = None
    latency_cost_bps: float | None = None


class CapacityPoint(Answer, frozen=True, kw_only=True):
    """Cost at one size."""

    qty: float
    notional_usd: float | None = None
    cost_bps: float | None = None


class Forecast(Answer, frozen=True, kw_only=True):
    """What an order would cost: median, P90, by size, by venue and by patience.

    `missing` names what could not be computed and why; those fields are None or empty.
    """

    symbol: str
    side: str
    qty_1e8: int | None = None
    mid: float | None = None
    expected_cost_bps: float | None = None
    downside_cost_bps: float | None = None
    completion_probability: float | None = None
    expected_horizon_ms: int | None = None
    fill_confidence: tuple[CostLevel, ...] = ()
    capacity_curve: tuple[CapacityPoint, ...] = ()
    venue_ranking: tuple[VenueCost, ...] = ()
    urgency_tradeoff: dict[str, object] | None = None
    source: str | None = None
    sample_size: int | None = None
    observed_coverage: float | None = None
    model_version: str | None = None
    missing: tuple[str, ...] = ()


class Strategy(Answer, frozen=True, kw_only=True):
    """One way of working the order."""

    name: str
    est_cost_bps: float | None = None
    fill_rate: float | None = None
    venue_count: int | None = None
    time_to_complete_ms: float | None = None


class Simulation(Answer, frozen=True, kw_only=True):
    """Ways of working the same order side by side; none may meet the conditions."""

    symbol: str
    side: str
    strategies: tuple[Strategy, ...]
    dropped: dict[str, str] | None = None
    missing: tuple[str, ...] = ()


class Pace(Answer, frozen=True, kw_only=True):
    """Whether an order is `ahead`, `on_track` or `behind`, and why."""

    status: str
    expected_share: float | None = None
    filled_share: float | None = None
    reason: str | None = None


class Advice(Answer, frozen=True, kw_only=True):
    """What might be done about it."""

    action: str
    reason: str = ""
    value: float | None = None


class Live(Answer, frozen=True, kw_only=True):
    """How an order is coming along."""

    node_order_id: str
    status: str | None = None
    terminal: bool | None = None
    total_qty_1e8: int | None = None
    filled_qty_1e8: int | None = None
    remaining_qty_1e8: int | None = None
    fill_pct: float | None = None
    pace: Pace | None = None
    fills: tuple[dict[str, object], ...] = ()
    tca: dict[str, object] | None = None
    venue_health: tuple[dict[str, object], ...] = ()
    deteriorating_venue: str | None = None
    advice: tuple[Advice, ...] = ()
    missing: tuple[str, ...] = ()


class Decision(Answer, frozen=True, kw_only=True):
    """One routing decision: what was chosen, what would have been best, and how far off it was."""

    decision_id: int
    node_order_id: str
    ts_unix_ns: int
    routing_version: int
    chosen: tuple[str, ...] = ()
    legs: tuple[dict[str, object], ...] = ()
    candidates: tuple[dict[str, object], ...] = ()
    est_cost_bps: float | None = None
    best_single_venue: str | None = None
    best_single_cost_bps: float | None = None
    selection_error_bps: float | None = None
    realised_cost_bps: float | None = None
    forecast_error_bps: float | None = None
    why: str | None = None


class Review(Answer, frozen=True, kw_only=True):
    """What happened to an order and why; `tca` splits its cost in 1e-9 USD."""

    order: dict[str, object]
    children: tuple[dict[str, object], ...] = ()
    decisions: tuple[Decision, ...] = ()
    benchmarks: dict[str, object] | None = None
    tca: dict[str, object] | None = None
    tca_bps: dict[str, float | None] | None = None
    fees: dict[str, object] | None = None
    policy_regret_bps: float | None = None
    model_version: str | None = None
    missing: tuple[str, ...] = ()


class Quantiles(Answer, frozen=True, kw_only=True):
    """Slippage over fills in bps."""

    p50: float | None = None
    p75: float | None = None
    p95: float | None = None
    p99: float | None = None
    mean: float | None = None


class SummaryRow(Answer, frozen=True, kw_only=True):
    """The fills of one venue or symbol."""

    name: str
    fills: int
    notional_1e9: int | None = None
    fees_1e9: int | None = None
    slippage_bps: Quantiles | None = None


class Summary(Answer, frozen=True, kw_only=True):
    """All execution over a range of UTC days, both ends included."""

    total_orders: int
    total_fills: int
    start_date: str | None = None
    end_date: str | None = None
    total_notional_1e9: int | None = None
    total_fees_1e9: int | None = None
    slippage_bps: Quantiles | None = None
    per_venue: tuple[SummaryRow, ...] = ()
    per_symbol: tuple[SummaryRow, ...] = ()


class Decisions(Answer, frozen=True, kw_only=True):
    """Routing decisions, newest first."""

    decisions: tuple[Decision, ...]
