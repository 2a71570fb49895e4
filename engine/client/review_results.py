"""Typed answers about orders during and after: how they come along, what they cost and why."""

from __future__ import annotations

from engine.client.results import Answer

__all__ = [
    "Advice",
    "Benchmarks",
    "Candidate",
    "ChildEvent",
    "Decision",
    "DecisionLeg",
    "Decisions",
    "FeeReview",
    "InFlightCost",
    "Live",
    "LiveFill",
    "Markout",
    "OrderForecast",
    "OrderState",
    "Pace",
    "PolicyRegret",
    "Review",
    "Shortfall",
    "VenueFees",
    "VenueHealth",
]


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


class InFlightCost(Answer, frozen=True, kw_only=True):
    """Cost so far against the arrival mid, what the rest would cost, and both together."""

    arrival_mid: float | None = None
    mid: float | None = None
    avg_fill_price_1e9: int | None = None
    slippage_bps: float | None = None
    fees_bps: float | None = None
    cost_so_far_bps: float | None = None
    drift_bps: float | None = None
    remaining_cost_bps: float | None = None
    projected_cost_bps: float | None = None
    forecast_cost_bps: float | None = None
    forecast_downside_bps: float | None = None
    remaining_basis: str | None = None


class LiveFill(Answer, frozen=True, kw_only=True):
    """One fill; its slippage is against the arrival mid, price only."""

    fill_id: str
    venue: str | None = None
    client_order_id: str | None = None
    qty_1e8: int | None = None
    price_1e9: int | None = None
    ts_unix_ns: int | None = None
    fee_1e9: int | None = None
    is_maker: bool | None = None
    slippage_bps: float | None = None
    slippage_cents: float | None = None


class VenueHealth(Answer, frozen=True, kw_only=True):
    """How a venue does now; `concern` says what is wrong, `severity` 0 that nothing is."""

    venue: str
    healthy: bool | None = None
    link_up: bool | None = None
    routable: bool | None = None
    silence_ms: int | None = None
    latency_p50_ms: float | None = None
    latency_p99_ms: float | None = None
    latency_prior_ms: float | None = None
    fade_rate: float | None = None
    takes: float | None = None
    partial_fill_probability: float | None = None
    spread_bps: float | None = None
    concern: str | None = None
    concern_value: float | None = None
    concern_usual: float | None = None
    concern_unit: str | None = None
    severity: int | None = None


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
    fills: tuple[LiveFill, ...] = ()
    tca: InFlightCost | None = None
    venue_health: tuple[VenueHealth, ...] = ()
    deteriorating_venue: str | None = None
    advice: tuple[Advice, ...] = ()
    missing: tuple[str, ...] = ()


class DecisionLeg(Answer, frozen=True, kw_only=True):
    """One order of a decision."""

    venue: str
    qty_1e8: int | None = None
    limit_price_1e9: int | None = None


class Candidate(Answer, frozen=True, kw_only=True):
    """A venue as the decision saw it, in bps of the mid for the first unit there."""

    venue: str
    eligible: bool | None = None
    reason: str = ""
    score_bps: float | None = None
    price_bps: float | None = None
    fee_bps: float | None = None
    terms_bps: float | None = None
    examined_levels: int | None = None
    taken_qty_1e8: int | None = None


class Decision(Answer, frozen=True, kw_only=True):
    """One routing decision: what was chosen, what would have been best, and how far off it was.

    `kind` is `take` or `post` (an order that rests): of a post `next_venue` was next best.
    """

    decision_id: int
    node_order_id: str
    ts_unix_ns: int
    routing_version: int
    chosen: tuple[str, ...] = ()
    legs: tuple[DecisionLeg, ...] = ()
    candidates: tuple[Candidate, ...] = ()
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


class Decisions(Answer, frozen=True, kw_only=True):
    """Routing decisions, newest first."""

    decisions: tuple[Decision, ...]


class OrderState(Answer, frozen=True, kw_only=True):
    """The order as it is or ended; `order_type` is `market` or `limit`."""

    node_order_id: str
    graph_id: str | None = None
    node_id: str | None = None
    symbol: str | None = None
    side: str | None = None
    status: str | None = None
    terminal: bool | None = None
    reason: str | None = None
    policy: str | None = None
    urgency: str | None = None
    order_type: str | None = None
    limit_price_1e9: int | None = None
    intended_qty_1e8: int | None = None
    filled_qty_1e8: int | None = None
    avg_fill_price_1e9: int | None = None
    fees_1e9: int | None = None
    fill_count: int | None = None
    started_ns: int | None = None
    ended_ns: int | None = None
    is_prediction: bool | None = None


class ChildEvent(Answer, frozen=True, kw_only=True):
    """One child order from its intent to its end."""

    client_order_id: str
    venue: str
    attempt: int | None = None
    qty_1e8: int | None = None
    limit_price_1e9: int | None = None
    tif: str | None = None
    state: str | None = None
    filled_qty_1e8: int | None = None
    avg_fill_price_1e9: int | None = None
    fee_1e9: int | None = None
    sent_ns: int | None = None
    last_fill_ns: int | None = None
    ended_ns: int | None = None
    reject_reason: str | None = None


class Markout(Answer, frozen=True, kw_only=True):
    """Where the mid went after the fills, + is good; None while it is not known."""

    horizon_ms: int
    markout_bps: float | None = None
    fills: int | None = None
    reason: str | None = None
    due_ns: int | None = None


class Benchmarks(Answer, frozen=True, kw_only=True):
    """The order against arrival, VWAP, TWAP and PWP; prices in USD a unit."""

    arrival_mid: float | None = None
    arrival_basis: str | None = None
    arrival_slippage_bps: float | None = None
    arrival_slippage_cents: float | None = None
    interval_vwap: float | None = None
    vwap_slippage_bps: float | None = None
    twap: float | None = None
    twap_slippage_bps: float | None = None
    pwp: float | None = None
    pwp_participation: float | None = None
    pwp_slippage_bps: float | None = None
    markouts: tuple[Markout, ...] = ()
    sample_ms: int | None = None


class Shortfall(Answer, frozen=True, kw_only=True):
    """The parts of what an order cost in 1e-9 USD; they sum to `shortfall_1e9` exactly.

    `opportunity_1e9` and `shortfall_1e9` are None while a rest is open.
    """

    delay_1e9: int | None = None
    timing_1e9: int | None = None
    spread_1e9: int | None = None
    impact_1e9: int | None = None
    unattributed_1e9: int | None = None
    opportunity_1e9: int | None = None
    fees_1e9: int | None = None
    executed_1e9: int | None = None
    shortfall_1e9: int | None = None


class VenueFees(Answer, frozen=True, kw_only=True):
    """Fees of one venue: charged, by its schedule, and as its own running total says."""

    venue: str
    fills: int | None = None
    notional_1e9: int | None = None
    realised_1e9: int | None = None
    expected_1e9: int | None = None
    drift_1e9: int | None = None
    venue_reported_1e9: int | None = None
    reported_drift_1e9: int | None = None


class FeeReview(Answer, frozen=True, kw_only=True):
    """Fees of the order against what was expected; `basis` says of what the bps are."""

    realised_1e9: int | None = None
    realised_bps: float | None = None
    expected_bps: float | None = None
    drift_bps: float | None = None
    realised_cents: float | None = None
    expected_cents: float | None = None
    drift_cents: float | None = None
    basis: str | None = None
    role_unknown_fills: int | None = None
    per_venue: tuple[VenueFees, ...] = ()


class OrderForecast(Answer, frozen=True, kw_only=True):
    """What was said of the order as it started, and what it came to by the same measure."""

    made_ns: int | None = None
    mid: float | None = None
    p50_cost_bps: float | None = None
    p90_cost_bps: float | None = None
    realised_cost_bps: float | None = None
    within_p90: bool | None = None
    p50_cost_cents: float | None = None
    p90_cost_cents: float | None = None
    realised_cost_cents: float | None = None
    model_version: str | None = None
    sample_size: int | None = None
    counted: bool | None = None
    reason: str | None = None


class PolicyRegret(Answer, frozen=True, kw_only=True):
    """Realised less the cheapest strategy's estimate; + means that another would have cost less."""

    regret_bps: float | None = None
    low_bps: float | None = None
    high_bps: float | None = None
    realised_bps: float | None = None
    best_policy: str | None = None
    best_estimate_bps: float | None = None
    chosen_policy: str | None = None
    chosen_estimate_bps: float | None = None
    method: str | None = None
    after_plan_bps: float | None = None
    selection_bps: float | None = None
    policy_bps: float | None = None


class Review(Answer, frozen=True, kw_only=True):
    """What happened to an order and why; `tca` splits its cost in 1e-9 USD."""

    order: OrderState
    children: tuple[ChildEvent, ...] = ()
    decisions: tuple[Decision, ...] = ()
    benchmarks: Benchmarks | None = None
    tca: Shortfall | None = None
    tca_bps: dict[str, float | None] | None = None
    tca_cents: dict[str, float | None] | None = None
    fees: FeeReview | None = None
    forecast: OrderForecast | None = None
    policy_regret_bps: float | None = None
    policy_regret: PolicyRegret | None = None
    model_version: str | None = None
    as_of_ns: int | None = None
    missing: tuple[str, ...] = ()
