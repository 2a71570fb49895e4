"""Typed answers about what an order would cost: by size, by venue and by patience."""

from __future__ import annotations

from engine.client.results import Answer

__all__ = [
    "BookAge",
    "BookCost",
    "CapacityPoint",
    "CostLevel",
    "Forecast",
    "FrontierPoint",
    "SizeAtCost",
    "UrgencyChoice",
    "UrgencyTradeoff",
    "VenueCost",
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


class SizeAtCost(Answer, frozen=True, kw_only=True):
    """The largest size on the lot within a cost, in bps or in cents of the payoff.

    `qty` is None where even the smallest order costs more, as `reason` says.
    """

    cost_bps: float | None = None
    cost_cents: float | None = None
    qty: float | None = None
    reason: str = ""


class FrontierPoint(Answer, frozen=True, kw_only=True):
    """What a horizon costs and risks."""

    horizon_ms: int
    cost_bps: float | None = None
    risk_bps: float | None = None
    passive_share: float | None = None
    slices: int | None = None


class UrgencyChoice(Answer, frozen=True, kw_only=True):
    """The horizon of one urgency; `saving_bps` is against that of high."""

    cost_bps: float | None = None
    horizon_ms: int | None = None
    risk_bps: float | None = None
    saving_bps: float | None = None


class UrgencyTradeoff(Answer, frozen=True, kw_only=True):
    """What patience costs and saves: the three urgencies on their frontier."""

    low: UrgencyChoice | None = None
    medium: UrgencyChoice | None = None
    high: UrgencyChoice | None = None
    frontier: tuple[FrontierPoint, ...] = ()
    impact_source: str | None = None


class BookCost(Answer, frozen=True, kw_only=True):
    """The sweep behind a forecast; `price_times_qty` is exact, in units of 1e-17 USD."""

    qty_1e8: int
    avg_price_1e9: int | None = None
    price_times_qty: str | None = None
    book_cost_bps: float | None = None
    fee_bps: float | None = None
    latency_cost_bps: float | None = None
    half_spread_bps: float | None = None
    walk_bps: float | None = None
    visible_qty_1e8: int | None = None


class BookAge(Answer, frozen=True, kw_only=True):
    """How fresh one venue's book was; None before its first frame."""

    venue: str
    healthy: bool | None = None
    age_ms: int | None = None


class Forecast(Answer, frozen=True, kw_only=True):
    """What an order would cost: median, P90, by size, by venue and by patience.

    `*_cents` are those of event contracts, in cents of the 1 USD payoff, and None for others.
    `qty_1e8` is what can be ordered of the quantity asked for. `missing` names what was left out or
    could not be computed, and why; those fields are None or empty.
    """

    symbol: str
    side: str
    qty: float | None = None
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
    size_at_cost: tuple[SizeAtCost, ...] = ()
    venue_ranking: tuple[VenueCost, ...] = ()
    urgency_tradeoff: UrgencyTradeoff | None = None
    book: BookCost | None = None
    sigma_bps: float | None = None
    day_volume_1e8: int | None = None
    source: str | None = None
    books: tuple[BookAge, ...] = ()
    as_of_ns: int | None = None
    model_version: str | None = None
    priors_id: int | None = None
    coefficients_id: int | None = None
    sample_size: int | None = None
    observed_coverage: float | None = None
    missing: tuple[str, ...] = ()
    beyond_books: str | None = None
