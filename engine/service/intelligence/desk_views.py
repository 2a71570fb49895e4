"""What the desk summary and the A/B report look like on the wire; null is unknown."""

from __future__ import annotations

from engine.service.intelligence.views import View

__all__ = [
    "AbReport",
    "CentsQuantiles",
    "OptimalityGap",
    "SlippageQuantiles",
    "SummaryRow",
    "SummaryView",
    "VersionDifference",
    "VersionRow",
]


class SlippageQuantiles(View, frozen=True, kw_only=True):
    """Over fills, against their order's arrival mid, in bps; null without a measured fill.

    `p50`, `p75`, `p95` and `p99` are quantiles and `mean` the mean, in bps, + is a cost.
    """

    p50: float | None
    p75: float | None
    p95: float | None
    p99: float | None
    mean: float | None


class SummaryRow(View, frozen=True, kw_only=True):
    """The fills of one venue or symbol; `notional_1e9` is null where it passes 64 bits.

    `name` is that of the venue or symbol. `maker_fills` are those that are known to have rested in
    the book. `fee_bps` is fees by the notional traded, + is a cost. `fee_cents` and
    `slippage_cents` are fees and mean slippage in cents a contract, + is a cost; null unless it is
    the row of an event contract that is listed.
    """

    name: str
    fills: int
    maker_fills: int
    notional_usd: float
    notional_1e9: int | None
    fees_1e9: int
    fee_bps: float | None
    slippage_bps: SlippageQuantiles
    fee_cents: float | None = None
    slippage_cents: float | None = None


class OptimalityGap(View, frozen=True, kw_only=True):
    """How much more this client's routing decisions cost than the best possible, in bps, sampled.

    An upper bound, as `method` says; `proven_optimal` is the share whose bound is zero.
    `not_redone` counts decisions whose record gave other legs: it must be 0. Of the newest
    decisions, whatever days and filters the summary has; `reason` says why there is no figure.
    `p50_bps`, `p99_bps` and `max_bps` are over the decisions that were sampled, never negative;
    `sample_size` is how many these are.
    """

    p50_bps: float | None
    p99_bps: float | None
    max_bps: float | None
    sample_size: int
    proven_optimal: float | None
    not_redone: int
    method: str
    reason: str = ""


class SummaryView(View, frozen=True, kw_only=True):
    """`GET /v1/execution/summary`: whole UTC days, both ends included.

    Orders count on the day of their creation (with a venue filter: orders that filled there).
    Quantiles are exact within `quantile_error`, relative. `total_orders` and `total_fills` are how
    many there were; `total_notional_usd` and `total_notional_1e9` are price times quantity of all
    fills, the latter null where it passes 64 bits; `total_fees_1e9` are fees charged, + is a cost.
    `slippage_basis` says what slippage is against.
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


class CentsQuantiles(View, frozen=True, kw_only=True):
    """The same of event contracts, in cents a contract.

    `p50`, `p75`, `p95` and `p99` are quantiles and `mean` the mean, in cents, + is a cost.
    """

    p50: float | None
    p75: float | None
    p95: float | None
    p99: float | None
    mean: float | None


class VersionRow(View, frozen=True, kw_only=True):
    """Ended orders of one routing version and unit. Quantiles and mean over orders.

    `routing_version` is that of the order's first routing decision; null is those that had none:
    they rested from the start, were refused or ended before anything was sent, and no version is
    theirs to answer for. `unit` is `bps` of the arrival mid, or `cents` a contract for event
    contracts; what is in the other unit is null. `standard_error_bps` and `standard_error_cents`
    are those of the mean, never negative; `reason` says when there are too few orders.
    `filled_orders` are those with a fill; `measured_orders` are those whose cost is known.
    `fill_rate` is the mean of their filled shares; `mean_cost_bps` and `mean_cost_cents` are the
    mean over measured orders, + is a cost. `slippage_bps` and `slippage_cents` are price only, + is
    a cost.
    """

    routing_version: int | None
    unit: str
    orders: int
    filled_orders: int
    measured_orders: int
    fill_rate: float | None
    notional_usd: float
    notional_1e9: int | None
    slippage_bps: SlippageQuantiles | None
    slippage_cents: CentsQuantiles | None
    mean_cost_bps: float | None
    mean_cost_cents: float | None
    standard_error_bps: float | None
    standard_error_cents: float | None
    reason: str


class VersionDifference(View, frozen=True, kw_only=True):
    """Mean cost of the candidate less that of the baseline with Welch's interval.

    `baseline_version` and `candidate_version` are the routing versions compared, orders of one
    `unit` each: `bps`, or `cents` for event contracts; what is in the other unit is null.
    `difference_bps` and `difference_cents` are that difference, + means that the candidate was
    dearer; `interval_low_bps`, `interval_high_bps`, `interval_low_cents` and `interval_high_cents`
    are the ends of its interval, + means the same; `standard_error_bps` and `standard_error_cents`
    are those of the difference, never negative. `degrees_of_freedom` are Welch's; `confidence` is
    the probability with which the interval holds it, from 0 to 1. `verdict` is what follows; `note`
    says why, or what to mind.
    """

    baseline_version: int
    candidate_version: int
    unit: str
    difference_bps: float | None
    difference_cents: float | None
    standard_error_bps: float | None
    standard_error_cents: float | None
    degrees_of_freedom: float | None
    interval_low_bps: float | None
    interval_high_bps: float | None
    interval_low_cents: float | None
    interval_high_cents: float | None
    confidence: float
    verdict: str
    note: str


class AbReport(View, frozen=True, kw_only=True):
    """`GET /v1/analytics/ab_report`: whole UTC days by the end of each order, both included.

    `least_orders` is how many measured orders a version needs to be compared; `cost_basis` says
    what costs are against.
    """

    start_date: str
    end_date: str
    symbol: str | None
    versions: tuple[VersionRow, ...]
    differences: tuple[VersionDifference, ...]
    least_orders: int
    cost_basis: str
    missing: tuple[str, ...]
