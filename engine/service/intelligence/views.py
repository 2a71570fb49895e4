"""What the six answers look like on the wire; null is unknown, and a sentence beside says why."""

from __future__ import annotations

import msgspec

from engine.intelligence.attribution import Shortfall
from engine.intelligence.audit import Candidate
from engine.intelligence.benchmarks import Markout
from engine.intelligence.capacity import CapacityPoint, SizeAtCost
from engine.intelligence.forecast import BookCost, FillConfidence, VenueCost
from engine.intelligence.frontier import UrgencyTradeoff
from engine.intelligence.pace import Pace
from engine.intelligence.policy_regret import PolicyRegret
from engine.intelligence.strategies import Strategy
from engine.intelligence.venue_health import VenueHealth

__all__ = [
    "Advice",
    "Benchmarks",
    "BookAge",
    "ChildEvent",
    "DecisionLeg",
    "DecisionList",
    "DecisionView",
    "FeeReview",
    "FillView",
    "ForecastView",
    "InFlightCost",
    "LiveView",
    "OrderState",
    "Review",
    "SimulationView",
    "VenueFees",
    "View",
]


class View(msgspec.Struct, frozen=True, kw_only=True):
    """Base of answers."""


class BookAge(View, frozen=True, kw_only=True):
    """How fresh one venue's book was; null before its first frame."""

    venue: str
    healthy: bool
    age_ms: int | None


class ForecastView(View, frozen=True, kw_only=True):
    """`GET /v1/execution/forecast`. Costs are all-in bps of the mid, + is a cost.

    `*_cents` are the same for event contracts, in cents of the 1 USD payoff. `sample_size` and
    `observed_coverage` tell of scored forecasts; null until there are any.
    """

    symbol: str
    side: str
    qty: float
    qty_1e8: int
    policy: str
    urgency: str
    mid: float | None
    expected_cost_bps: float | None
    mean_cost_bps: float | None
    downside_cost_bps: float | None
    expected_cost_cents: float | None
    downside_cost_cents: float | None
    expected_cost_usd: float | None
    at_least: bool
    completion_probability: float | None
    expected_horizon_ms: int | None
    fill_confidence: tuple[FillConfidence, ...]
    capacity_curve: tuple[CapacityPoint, ...]
    size_at_cost: tuple[SizeAtCost, ...]
    venue_ranking: tuple[VenueCost, ...]
    urgency_tradeoff: UrgencyTradeoff | None
    book: BookCost | None
    sigma_bps: float | None
    day_volume_1e8: int | None
    source: str
    books: tuple[BookAge, ...]
    as_of_ns: int
    model_version: str
    priors_id: int
    coefficients_id: int
    sample_size: int
    observed_coverage: float | None
    missing: tuple[str, ...]


class SimulationView(View, frozen=True, kw_only=True):
    """`GET /v1/execution/simulate`: strategies side by side, cheapest first.

    `dropped` names what the filters took out, with the filter.
    """

    symbol: str
    side: str
    qty: float
    qty_1e8: int
    method: str
    mid: float | None
    strategies: tuple[Strategy, ...]
    dropped: dict[str, str]
    excluded_venues: tuple[str, ...]
    as_of_ns: int
    model_version: str
    missing: tuple[str, ...]


class FillView(View, frozen=True, kw_only=True):
    """One fill. `slippage_bps` is against the arrival mid, price only, + is a cost."""

    fill_id: str
    venue: str
    client_order_id: str
    qty_1e8: int
    price_1e9: int
    ts_unix_ns: int
    fee_1e9: int
    is_maker: bool | None
    slippage_bps: float | None
    slippage_cents: float | None


class InFlightCost(View, frozen=True, kw_only=True):
    """Cost so far against the arrival mid, what the rest would cost now, and both together."""

    arrival_mid: float | None
    mid: float | None
    avg_fill_price_1e9: int | None
    slippage_bps: float | None
    fees_bps: float | None
    cost_so_far_bps: float | None
    drift_bps: float | None
    remaining_cost_bps: float | None
    projected_cost_bps: float | None


class Advice(View, frozen=True, kw_only=True):
    """What to do, why, and the number behind it. `action`: reroute, more_aggressive, wait, none."""

    action: str
    reason: str
    value: float | None


class LiveView(View, frozen=True, kw_only=True):
    """`GET /v1/execution/live/{node_order_id}`."""

    node_order_id: str
    graph_id: str
    node_id: str
    symbol: str
    side: str
    status: str
    terminal: bool
    policy: str
    urgency: str
    total_qty_1e8: int
    filled_qty_1e8: int
    remaining_qty_1e8: int
    working_qty_1e8: int
    unknown_qty_1e8: int
    fill_pct: float | None
    pace: Pace
    fills: tuple[FillView, ...]
    tca: InFlightCost
    venue_health: tuple[VenueHealth, ...]
    deteriorating_venue: str | None
    advice: tuple[Advice, ...]
    as_of_ns: int
    missing: tuple[str, ...]


class OrderState(View, frozen=True, kw_only=True):
    """The order as it is or ended."""

    node_order_id: str
    graph_id: str
    node_id: str
    symbol: str
    side: str
    status: str
    terminal: bool
    reason: str
    policy: str
    urgency: str
    order_type: str
    limit_price_1e9: int | None
    intended_qty_1e8: int
    filled_qty_1e8: int
    avg_fill_price_1e9: int | None
    fees_1e9: int
    fill_count: int
    started_ns: int
    ended_ns: int | None
    is_prediction: bool


class ChildEvent(View, frozen=True, kw_only=True):
    """One slice: a child order from its intent to its end."""

    client_order_id: str
    venue: str
    attempt: int
    qty_1e8: int
    limit_price_1e9: int
    tif: str
    state: str
    filled_qty_1e8: int
    avg_fill_price_1e9: int | None
    fee_1e9: int
    sent_ns: int | None
    last_fill_ns: int | None
    ended_ns: int | None
    reject_reason: str | None


class DecisionLeg(View, frozen=True, kw_only=True):
    """One order of a decision."""

    venue: str
    qty_1e8: int
    limit_price_1e9: int


class DecisionView(View, frozen=True, kw_only=True):
    """One routing decision, redone from its record.

    `selection_error_bps` is at most the plan's landed cost above the best that the recorded books
    allowed; `forecast_error_bps` realised less estimated cost (price and fee) of its fills.
    """

    decision_id: int
    node_order_id: str
    graph_id: str
    node_id: str
    symbol: str
    side: str
    ts_unix_ns: int
    attempt: int
    routing_version: int
    coefficients_id: int
    qty_1e8: int
    planned_qty_1e8: int
    mid: float | None
    chosen: tuple[str, ...]
    legs: tuple[DecisionLeg, ...]
    candidates: tuple[Candidate, ...]
    est_cost_bps: float | None
    best_single_venue: str | None
    best_single_cost_bps: float | None
    saving_vs_single_bps: float | None
    selection_error_bps: float | None
    realised_cost_bps: float | None
    forecast_error_bps: float | None
    redone: bool
    why: str


class DecisionList(View, frozen=True, kw_only=True):
    """`GET /v1/execution/decisions`, newest first; `last_n` as it was applied."""

    decisions: tuple[DecisionView, ...]
    last_n: int


class Benchmarks(View, frozen=True, kw_only=True):
    """The stack, in bps of each benchmark, + is a cost; markouts + is good. Prices in USD."""

    arrival_mid: float | None
    arrival_basis: str
    arrival_slippage_bps: float | None
    arrival_slippage_cents: float | None
    interval_vwap: float | None
    vwap_slippage_bps: float | None
    twap: float | None
    twap_slippage_bps: float | None
    pwp: float | None
    pwp_participation: float
    pwp_slippage_bps: float | None
    markouts: tuple[Markout, ...]
    sample_ms: int


class VenueFees(View, frozen=True, kw_only=True):
    """Fees of one venue: charged, by its schedule, and as its own running total says.

    `drift_1e9` is charged less schedule, `reported_drift_1e9` charged less reported; null where
    the schedule or the venue's figure is not known.
    """

    venue: str
    fills: int
    notional_1e9: int
    realised_1e9: int
    expected_1e9: int | None
    drift_1e9: int | None
    venue_reported_1e9: int | None
    reported_drift_1e9: int | None


class FeeReview(View, frozen=True, kw_only=True):
    """Fees of the order against what was expected when it was accepted."""

    realised_1e9: int
    realised_bps: float | None
    expected_bps: float | None
    drift_bps: float | None
    per_venue: tuple[VenueFees, ...]


class Review(View, frozen=True, kw_only=True):
    """`GET /v1/execution/review/{node_order_id}`. Money is 1e-9, + is a cost."""

    order: OrderState
    children: tuple[ChildEvent, ...]
    decisions: tuple[DecisionView, ...]
    benchmarks: Benchmarks
    tca: Shortfall | None
    tca_bps: dict[str, float | None] | None
    tca_cents: dict[str, float | None] | None
    fees: FeeReview
    policy_regret_bps: float | None
    policy_regret: PolicyRegret | None = None
    model_version: str
    as_of_ns: int
    missing: tuple[str, ...]
