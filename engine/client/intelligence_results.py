"""Typed answers about strategies, all execution and what was learned; in bps, positive is paid."""

from __future__ import annotations

from engine.client.results import Answer

__all__ = [
    "AbReport",
    "FillModel",
    "MarkoutSeen",
    "Observations",
    "OptimalityGap",
    "Simulation",
    "SimulationJob",
    "Strategy",
    "StrategyRuns",
    "Summary",
    "TimesSeen",
    "TouchChance",
    "VenueSeen",
    "VersionDifference",
    "VersionRow",
]


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


class OptimalityGap(Answer, frozen=True, kw_only=True):
    """How far decisions were from the best that their books allowed: a bound from above."""

    p50_bps: float | None = None
    p99_bps: float | None = None
    max_bps: float | None = None
    sample_size: int | None = None
    proven_optimal: float | None = None
    not_redone: int | None = None
    method: str | None = None
    reason: str = ""


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
    optimality_gap_bps: OptimalityGap | None = None


class TimesSeen(Answer, frozen=True, kw_only=True):
    """Quantiles in milliseconds; None before the first, `weight` is how many stand behind them."""

    p50_ms: float | None = None
    p90_ms: float | None = None
    p99_ms: float | None = None
    weight: float | None = None


class MarkoutSeen(Answer, frozen=True, kw_only=True):
    """Mean move after our fills, + is good."""

    horizon_ms: int
    mean_bps: float | None = None
    stderr_bps: float | None = None
    weight: float | None = None


class FillModel(Answer, frozen=True, kw_only=True):
    """What was learned of the fills of resting orders, and how well."""

    weights: dict[str, float] | None = None
    seconds: int | None = None
    fills: int | None = None
    log_loss: float | None = None
    base_log_loss: float | None = None


class TouchChance(Answer, frozen=True, kw_only=True):
    """Chance that an order placed now at the touch fills in time."""

    side: str
    within_s: float
    probability: float | None = None


class VenueSeen(Answer, frozen=True, kw_only=True):
    """What was learned of one venue; rates are None where no order of ours was there."""

    venue: str
    answer: TimesSeen | None = None
    frame_age: TimesSeen | None = None
    reject_rate: float | None = None
    orders: float | None = None
    fade_rate: float | None = None
    takes: float | None = None
    spread_bps: float | None = None
    taker_markouts: tuple[MarkoutSeen, ...] = ()
    maker_markouts: tuple[MarkoutSeen, ...] = ()
    fill_model: FillModel | None = None
    touch_chances: tuple[TouchChance, ...] = ()
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
