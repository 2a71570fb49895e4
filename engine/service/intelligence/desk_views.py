"""What the desk summary and the A/B report look like on the wire; null is unknown."""

from __future__ import annotations

from engine.service.intelligence.views import View

__all__ = [
    "AbReport",
    "OptimalityGap",
    "SlippageQuantiles",
    "SummaryRow",
    "SummaryView",
    "VersionDifference",
    "VersionRow",
]


class SlippageQuantiles(View, frozen=True, kw_only=True):
    """Over fills, against their order's arrival mid, in bps; null without a measured fill."""

    p50: float | None
    p75: float | None
    p95: float | None
    p99: float | None
    mean: float | None


class SummaryRow(View, frozen=True, kw_only=True):
    """The fills of one venue or symbol; `notional_1e9` is null where it passes 64 bits."""

    name: str
    fills: int
    maker_fills: int
    notional_usd: float
    notional_1e9: int | None
    fees_1e9: int
    fee_bps: float | None
    slippage_bps: SlippageQuantiles


class OptimalityGap(View, frozen=True, kw_only=True):
    """How much more the engine's routing decisions cost than the best possible, in bps, sampled.

    An upper bound, as `method` says; `proven_optimal` is the share whose bound is zero.
    `not_redone` counts decisions whose record gave other legs: it must be 0. Of all clients.
    """

    p50_bps: float | None
    p99_bps: float | None
    max_bps: float | None
    sample_size: int
    proven_optimal: float | None
    not_redone: int
    method: str


class SummaryView(View, frozen=True, kw_only=True):
    """`GET /v1/execution/summary`: whole UTC days, both ends included.

    Orders count on the day of their creation (with a venue filter: orders that filled there).
    Quantiles are exact within `quantile_error`, relative.
    """

    start_date: str
    end_date: str
    symbol: str | None
    venue: str | None
    total_orders: int
    total_fills: int
    total_notional_usd: float
    total_notional_1e9: int | None
    total_fees_1e9: int
    slippage_bps: SlippageQuantiles
    slippage_basis: str
    quantile_error: float
    per_venue: tuple[SummaryRow, ...]
    per_symbol: tuple[SummaryRow, ...]
    routing_version: int | None = None
    optimality_gap_bps: OptimalityGap | None = None


class VersionRow(View, frozen=True, kw_only=True):
    """Ended orders of one routing version (null: never routed). Quantiles and mean over orders.

    `standard_error_bps` is that of the mean; `reason` says when there are too few orders.
    """

    routing_version: int | None
    orders: int
    filled_orders: int
    measured_orders: int
    fill_rate: float | None
    notional_usd: float
    notional_1e9: int | None
    slippage_bps: SlippageQuantiles
    mean_cost_bps: float | None
    standard_error_bps: float | None
    reason: str


class VersionDifference(View, frozen=True, kw_only=True):
    """Mean cost of the candidate less that of the baseline with Welch's interval."""

    baseline_version: int
    candidate_version: int
    difference_bps: float | None
    standard_error_bps: float | None
    degrees_of_freedom: float | None
    interval_low_bps: float | None
    interval_high_bps: float | None
    confidence: float
    verdict: str
    note: str


class AbReport(View, frozen=True, kw_only=True):
    """`GET /v1/analytics/ab_report`: whole UTC days by the end of each order, both included."""

    start_date: str
    end_date: str
    symbol: str | None
    versions: tuple[VersionRow, ...]
    differences: tuple[VersionDifference, ...]
    least_orders: int
    cost_basis: str
    missing: tuple[str, ...]
