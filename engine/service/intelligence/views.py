"""What the six answers look like on the wire; null is unknown, and a sentence beside says why."""

from __future__ import annotations

import msgspec

from engine.intelligence.attribution import Shortfall
from engine.intelligence.audit import Candidate
from engine.intelligence.capacity import CapacityPoint, SizeAtCost
from engine.intelligence.forecast import BookCost, FillConfidence, VenueCost
from engine.intelligence.frontier import UrgencyTradeoff
from engine.intelligence.pace import Pace
from engine.intelligence.policy_regret import PolicyRegret
from engine.intelligence.strategies import Strategy
from engine.intelligence.venue_health import VenueHealth
from engine.service.intelligence.review_views import (
    Benchmarks,
    ChildEvent,
    FeeReview,
    OrderForecast,
    OrderState,
    VenueFees,
)

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
    "OrderForecast",
    "OrderState",
    "Review",
    "SimulationView",
    "VenueFees",
    "View",
]


class View(msgspec.Struct, frozen=True, kw_only=True):
    """Base of answers."""


class BookAge(View, frozen=True, kw_only=True):
    """How fresh one venue's book was; null before its first frame.

    `age_ms` is since its last frame or heartbeat.
    """

    venue: str
    healthy: bool
    age_ms: int | None


class ForecastView(View, frozen=True, kw_only=True):
    """`GET /v1/execution/forecast`. Costs are all-in bps of the mid, + is a cost.

    `*_cents` are the same for event contracts, in cents of the 1 USD payoff. `sample_size` counts
    the forecasts of its kind that were scored; `observed_coverage` is the share of them whose cost
    was within the P90, null until they are 50. `expected_cost_bps`, `mean_cost_bps` and
    `downside_cost_bps` are median, mean and 0.9-quantile of the all-in cost against the mid, + is a
    cost; `expected_cost_usd` is the median as money. `at_least` says that the books do not show all
    of it, so that expected, mean and downside alike are lower bounds of taking it at once: an order
    that waits for books to refill can cost less. `beyond_books` is what the capacity curve is past
    the books: `square_root_law`, or `lower_bound`, which flattens, while no day's volume is known.
    `completion_probability` is that of all being filled; `expected_horizon_ms` is how long filling
    takes. `day_volume_1e8` is what trades in a day, null while the tape is short. `source` tells
    what it was made from, `live_books` or `event_books`, or where cold books came from. `priors_id`
    names the priors that stand in for what was not observed.
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
    beyond_books: str = ""


class SimulationView(View, frozen=True, kw_only=True):
    """`GET /v1/execution/simulate`: strategies side by side, cheapest first.

    `dropped` names what the filters took out, with the filter. `method` is `closed_form`.
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
    """One fill. `slippage_bps` is against the arrival mid, price only, + is a cost.

    `slippage_cents` is the same in cents.
    """

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
    """Cost so far against the arrival mid, what the rest would cost now, and both together.

    `forecast_cost_bps` and `forecast_downside_bps` are median and P90 of what the whole was
    forecast to cost as it started, + is a cost; null where it was not. `slippage_bps` and
    `fees_bps` are price and fees of what was filled, + is a cost; `cost_so_far_bps` is their sum, +
    is a cost; `drift_bps` is what the mid has moved against the order since its arrival, + is a
    cost. `remaining_cost_bps` is what its own policy would pay for the rest from now on, all-in
    against the mid of now, + is a cost; of a paced order what its next slice would; null for what
    works inside a limit. `remaining_basis` says how it was found, or why there is none.
    `projected_cost_bps` is the whole order's cost with it, + is a cost.
    """

    arrival_mid: float | None
    mid: float | None
    avg_fill_price_1e9: int | None
    slippage_bps: float | None
    fees_bps: float | None
    cost_so_far_bps: float | None
    drift_bps: float | None
    remaining_cost_bps: float | None
    projected_cost_bps: float | None
    forecast_cost_bps: float | None = None
    forecast_downside_bps: float | None = None
    remaining_basis: str = ""


class Advice(View, frozen=True, kw_only=True):
    """What to do, why, and the number behind it. `action`: reroute, more_aggressive, wait, none.

    `value` is that number in `unit` (`%`, `ms`, `bps` or `cents`, null without one): behind its
    pace the share of the whole quantity that is late, or how far the best price is beyond the limit
    that holds it back; for a venue what `concern_value` says of it.
    """

    action: str
    reason: str
    value: float | None
    unit: str = ""


class LiveView(View, frozen=True, kw_only=True):
    """`GET /v1/execution/live/{node_order_id}`.

    `total_qty_1e8` is what is wanted; `remaining_qty_1e8` is what is left of it. `fill_pct` is the
    filled part in percent, 0 to 100; null while the total is not known. `deteriorating_venue` is
    the venue with the worst concern, null without one.
    """

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


class DecisionLeg(View, frozen=True, kw_only=True):
    """One order of a decision."""

    venue: str
    qty_1e8: int
    limit_price_1e9: int


class DecisionView(View, frozen=True, kw_only=True):
    """One routing decision, redone from its record.

    `selection_error_bps` is at most the plan's landed cost above the best that the recorded books
    allowed, never negative. `realised_cost_bps` and `est_filled_cost_bps` are price and fee of what
    was filled in bps of the mid that the decision saw, as it came and as it was planned, + is a
    cost; `forecast_error_bps` is the first less the second, + means dearer than planned; null with
    its reason beside it. `decision_id` is the number of its entry in the journal: no other decision
    of this engine has it, and it never changes; `planned_qty_1e8` is what its legs sum to; `chosen`
    are their venues; `why` is the choice in words. `est_cost_bps` is price and fee of the plan;
    `best_single_venue` is the cheapest venue that holds all alone, null without one;
    `best_single_cost_bps` is its price and fee; `saving_vs_single_bps` is what the split saved
    against it, + means that the split was cheaper. `redone` says that the record gave the same legs
    bit for bit. `forecast_error_reason` says why there is no `forecast_error_bps`. `kind` is `take`
    for levels that were to be taken, `post` for an order that was to rest: its `est_cost_bps` is
    that of a maker's fills at its prices, and instead of one best venue `next_venue` is the
    cheapest maker that got nothing, null without one; `next_fee_bps` is its maker fee, + is a cost;
    `saving_vs_next_bps` is how much more that is than the fee of what was chosen, + means that the
    choice is cheaper. `missing` says of what has no meaning for its kind why it is null.
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
    coefficients_id: int | None
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
    filled_qty_1e8: int | None = None
    est_filled_cost_bps: float | None = None
    forecast_error_reason: str = ""
    kind: str = "take"
    next_venue: str | None = None
    next_fee_bps: float | None = None
    saving_vs_next_bps: float | None = None
    missing: tuple[str, ...] = ()


class DecisionList(View, frozen=True, kw_only=True):
    """`GET /v1/execution/decisions`, newest first; `last_n` as it was applied."""

    decisions: tuple[DecisionView, ...]
    last_n: int


class Review(View, frozen=True, kw_only=True):
    """`GET /v1/execution/review/{node_order_id}`. Money is 1e-9, + is a cost.

    `tca_bps` and `tca_cents` are the parts of `tca` in bps of the notional at arrival and in cents
    a contract (event contracts only), + is a cost; `tca` is null while nothing has filled.
    `forecast` is what was said of the order as it started, null with its reason in `missing`.
    `policy_regret_bps` is realised less the best strategy's estimate, + means that another would
    have cost less. `model_version` is that of `forecast`; without one that of the closed forms
    behind `policy_regret`.
    """

    order: OrderState
    children: tuple[ChildEvent, ...]
    decisions: tuple[DecisionView, ...]
    benchmarks: Benchmarks
    tca: Shortfall | None
    tca_bps: dict[str, float | None] | None
    tca_cents: dict[str, float | None] | None
    fees: FeeReview
    forecast: OrderForecast | None = None
    policy_regret_bps: float | None
    policy_regret: PolicyRegret | None = None
    model_version: str
    as_of_ns: int
    missing: tuple[str, ...]
