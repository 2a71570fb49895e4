"""Typed answers about what orders cost before, during and after; in bps, positive is paid."""

from __future__ import annotations

from engine.client.results import Answer

__all__ = [
    "AbReport",
    "Decision",
    "Decisions",
    "Forecast",
    "Live",
    "Observations",
    "Review",
    "Simulation",
    "SimulationJob",
    "Strategy",
    "StrategyRuns",
    "Summary",
    "VenueSeen",
    "VersionDifference",
    "VersionRow",
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
    fillable_qty_1e8: int | None = None
    share: float | None = None
    reason: str = ""


class CapacityPoint(Answer, frozen=True, kw_only=True):
    """Cost at one size."""

    qty: float
    notional_usd: float | None = None
    cost_bps: float | None = None
    at_least: bool | None = None


class Forecast(Answer, frozen=True, kw_only=True):
    """What an order would cost: median, P90, by size, by venue and by patience.

    `*_cents` are those of event contracts, in cents of the 1 USD payoff, and None for others.
    `missing` names what could not be computed and why; those fields are None or empty.
    """

    symbol: str
    side: str
    qty_1e8: int | None = None
    policy: str | None = None
    urgency: str | None = None
    mid: float | None = None
    expected_cost_bps: float | None = None
    mean_cost_bps: float | None = None
    downside_cost_bps: float | None = None
    expected_cost_cents: float | None = None
    downside_cost_cents: float | None = None
    expected_cost_usd: float | None = None
    at_least: bool | None = None
    completion_probability: float | None = None
    expected_horizon_ms: int | None = None
    fill_confidence: tuple[CostLevel, ...] = ()
    capacity_curve: tuple[CapacityPoint, ...] = ()
    size_at_cost: tuple[dict[str, object], ...] = ()
    venue_ranking: tuple[VenueCost, ...] = ()
    urgency_tradeoff: dict[str, object] | None = None
    source: str | None = None
    sample_size: int | None = None
    observed_coverage: float | None = None
    model_version: str | None = None
    missing: tuple[str, ...] = ()


class Strategy(Answer, frozen=True, kw_only=True):
    """One way of working the order; `reason` says why there is no number."""

    name: str
    policy: str | None = None
    urgency: str | None = None
    posts_only: bool | None = None
    est_cost_bps: float | None = None
    p50_cost_bps: float | None = None
    p90_cost_bps: float | None = None
    fill_rate: float | None = None
    venue_count: int | None = None
    venues: tuple[str, ...] = ()
    time_to_complete_ms: float | None = None
    taken_share: float | None = None
    method: str | None = None
    reason: str = ""


class Simulation(Answer, frozen=True, kw_only=True):
    """Ways of working the same order side by side; none may meet the conditions."""

    symbol: str
    side: str
    strategies: tuple[Strategy, ...]
    dropped: dict[str, str] | None = None
    missing: tuple[str, ...] = ()


class StrategyRuns(Answer, frozen=True, kw_only=True):
    """What the seeded runs of one strategy gave; `reason` says why there is no number."""

    name: str
    runs: int
    failed_runs: int | None = None
    est_cost_bps: float | None = None
    mean_cost_bps: float | None = None
    stderr_bps: float | None = None
    p50: float | None = None
    p90: float | None = None
    fill_rate: float | None = None
    venue_count: int | None = None
    venues: tuple[str, ...] = ()
    time_to_complete_ms: float | None = None
    closed_form_bps: float | None = None
    reason: str = ""


class SimulationJob(Answer, frozen=True, kw_only=True):
    """A simulation in seeded markets: `running`, then `done`, `failed` or `cancelled`.

    `strategies` tells what the runs so far gave; `progress` runs from 0 to 1.
    """

    job_id: str
    status: str
    progress: float
    symbol: str
    side: str
    runs: int | None = None
    seed: int | None = None
    mid: float | None = None
    strategies: tuple[StrategyRuns, ...] = ()
    dropped: dict[str, str] | None = None
    elapsed_ms: int | None = None
    reason: str = ""

    @property
    def running(self) -> bool:
        """Whether there is more to come."""
        return self.status == "running"


class Pace(Answer, frozen=True, kw_only=True):
    """Whether an order is `ahead`, `on_track` or `behind`, and why."""

    status: str
    expected_share: float | None = None
    filled_share: float | None = None
    released_share: float | None = None
    reason: str | None = None


class Advice(Answer, frozen=True, kw_only=True):
    """What might be done about it."""

    action: str
    reason: str = ""
    value: float | None = None
    unit: str | None = None


class Live(Answer, frozen=True, kw_only=True):
    """How an order is coming along."""

    node_order_id: str
    status: str | None = None
    terminal: bool | None = None
    total_qty_1e8: int | None = None
    filled_qty_1e8: int | None = None
    remaining_qty_1e8: int | None = None
    working_qty_1e8: int | None = None
    unknown_qty_1e8: int | None = None
    fill_pct: float | None = None
    pace: Pace | None = None
    fills: tuple[dict[str, object], ...] = ()
    tca: dict[str, object] | None = None
    venue_health: tuple[dict[str, object], ...] = ()
    deteriorating_venue: str | None = None
    advice: tuple[Advice, ...] = ()
    missing: tuple[str, ...] = ()


class Decision(Answer, frozen=True, kw_only=True):
    """One routing decision: what was chosen, what would have been best, and how far off it was.

    `kind` is `take` or `post` (an order that rests): of a post `next_venue` was next best.
    """

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
    est_filled_cost_bps: float | None = None
    forecast_error_bps: float | None = None
    forecast_error_reason: str | None = None
    why: str | None = None
    kind: str = "take"
    next_venue: str | None = None
    next_fee_bps: float | None = None
    saving_vs_next_bps: float | None = None
    missing: tuple[str, ...] = ()


class Review(Answer, frozen=True, kw_only=True):
    """What happened to an order and why; `tca` splits its cost in 1e-9 USD."""

    order: dict[str, object]
    children: tuple[dict[str, object], ...] = ()
    decisions: tuple[Decision, ...] = ()
    benchmarks: dict[str, object] | None = None
    tca: dict[str, object] | None = None
    tca_bps: dict[str, float | None] | None = None
    tca_cents: dict[str, float | None] | None = None
    fees: dict[str, object] | None = None
    forecast: dict[str, object] | None = None
    policy_regret_bps: float | None = None
    policy_regret: dict[str, object] | None = None
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
    fee_cents: float | None = None
    slippage_cents: float | None = None


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
    optimality_gap_bps: dict[str, object] | None = None


class Decisions(Answer, frozen=True, kw_only=True):
    """Routing decisions, newest first."""

    decisions: tuple[Decision, ...]


class VenueSeen(Answer, frozen=True, kw_only=True):
    """What was learned of one venue; rates are None where no order of ours was there."""

    venue: str
    answer: dict[str, float | None] | None = None
    frame_age: dict[str, float | None] | None = None
    reject_rate: float | None = None
    orders: float | None = None
    fade_rate: float | None = None
    takes: float | None = None
    spread_bps: float | None = None
    taker_markouts: tuple[dict[str, object], ...] = ()
    maker_markouts: tuple[dict[str, object], ...] = ()
    fill_model: dict[str, object] | None = None
    touch_chances: tuple[dict[str, object], ...] = ()
    traded_qty_1e8: int | None = None


class Observations(Answer, frozen=True, kw_only=True):
    """What was learned of an instrument and its venues; `sigma_bps` by seconds looked at."""

    symbol: str
    venues: tuple[VenueSeen, ...] = ()
    sigma_bps: dict[str, float | None] | None = None
    volume_curve: tuple[float, ...] | None = None
    half_life_days: float | None = None


class VersionRow(Answer, frozen=True, kw_only=True):
    """Ended orders of one routing version (None: never routed) and unit.

    Event contracts are in `cents` a contract, others in `bps`; what is in the other unit is None.
    """

    routing_version: int | None = None
    unit: str | None = None
    orders: int
    filled_orders: int | None = None
    measured_orders: int | None = None
    fill_rate: float | None = None
    notional_1e9: int | None = None
    slippage_bps: Quantiles | None = None
    slippage_cents: Quantiles | None = None
    mean_cost_bps: float | None = None
    mean_cost_cents: float | None = None
    standard_error_bps: float | None = None
    standard_error_cents: float | None = None
    reason: str = ""


class VersionDifference(Answer, frozen=True, kw_only=True):
    """Mean cost of the candidate less that of the baseline, with its interval and what follows."""

    baseline_version: int
    candidate_version: int
    unit: str | None = None
    difference_bps: float | None = None
    difference_cents: float | None = None
    interval_low_bps: float | None = None
    interval_high_bps: float | None = None
    interval_low_cents: float | None = None
    interval_high_cents: float | None = None
    confidence: float | None = None
    verdict: str = ""
    note: str = ""


class AbReport(Answer, frozen=True, kw_only=True):
    """What orders cost under each routing version, side by side."""

    versions: tuple[VersionRow, ...]
    differences: tuple[VersionDifference, ...] = ()
    start_date: str | None = None
    end_date: str | None = None
    symbol: str | None = None
    least_orders: int | None = None
    cost_basis: str | None = None
    missing: tuple[str, ...] = ()
