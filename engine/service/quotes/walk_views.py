"""The wire shapes of depth, slippage, routing and preview, and of what venues are like.

Costs are positive when they are ours to pay, in bps of the mid. Prices of a mirrored symbol are
of the outcome that was asked for.
"""

from __future__ import annotations

import msgspec

from engine.service.quotes.views import Source

__all__ = [
    "Candidate",
    "DepthLevel",
    "DepthView",
    "LegView",
    "Preview",
    "RoutingView",
    "SlippagePoint",
    "SlippageView",
    "VenueCharacter",
    "VenueCharacters",
]


class Candidate(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One venue before the walk: whether it may be used, and why not."""

    venue: str
    eligible: bool
    reason: str | None
    taker_fee_bps: float | None
    latency_ms: float
    planned_qty_1e8: int


class LegView(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One order that the router would send."""

    venue: str
    qty: float
    qty_1e8: int
    share: float
    avg_price_1e9: int
    worst_price_1e9: int
    limit_price_1e9: int
    notional_1e9: int
    fee_1e9: int
    fee_bps: float | None


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What an order would cost now; nothing was submitted.

    `resting_qty_1e8` is what of a limit order would rest; `unplaced_qty_1e8` what of a market
    order would find no counterpart inside `worst_price_1e9`, with `reason`.
    """

    symbol: str
    canonical: str
    mirrored: bool
    side: str
    order_type: str
    source: Source
    qty: float
    qty_1e8: int
    planned_qty_1e8: int
    resting_qty_1e8: int
    unplaced_qty_1e8: int
    reason: str | None
    mid: float | None
    avg_price: float | None
    avg_price_1e9: int | None
    worst_price_1e9: int | None
    notional_1e9: int
    estimated_fee_1e9: int
    estimated_slippage_1e9: int | None
    estimated_total_cost_1e9: int | None
    estimated_fee_usd: float
    estimated_slippage_usd: float | None
    estimated_total_cost_usd: float | None
    estimated_fee_bps: float | None
    estimated_slippage_bps: float | None
    estimated_total_cost_bps: float | None
    legs: list[LegView]
    candidate_venues: list[Candidate]
    ts_ns: int


class RoutingView(msgspec.Struct, frozen=True, kw_only=True):
    """The router's split of exactly this order. `est_cost_bps`, in bps of the mid, is what its
    decision would be shown with; `est_cost_cents`, of event contracts only, is in cents of the
    1 USD payoff."""

    symbol: str
    canonical: str
    mirrored: bool
    side: str
    source: Source
    routing_version: int
    qty: float
    qty_1e8: int
    planned_qty_1e8: int
    unplaced_qty_1e8: int
    reason: str | None
    worst_price_1e9: int | None
    est_cost_bps: float | None
    est_cost_cents: float | None
    legs: list[LegView]
    candidates: list[Candidate]
    ts_ns: int


class SlippagePoint(msgspec.Struct, frozen=True, kw_only=True):
    """One size of the curve. `complete` False: the books end before it, costs are of the rest.

    `inside_collar` says whether a market order without a cap of its own would go so far.
    """

    size_usd: float
    qty_1e8: int
    planned_qty_1e8: int
    complete: bool
    reason: str | None
    inside_collar: bool | None
    avg_price_1e9: int | None
    slippage_bps: float | None
    fee_bps: float | None
    total_cost_bps: float | None
    venues: list[str]


class SlippageView(msgspec.Struct, frozen=True, kw_only=True):
    """The cost of taking liquidity by size, by the router's own walk."""

    symbol: str
    canonical: str
    mirrored: bool
    side: str
    source: Source
    mid: float | None
    curve: list[SlippagePoint]
    ts_ns: int


class DepthLevel(msgspec.Struct, frozen=True, gc=False):
    """One level of one venue; `cumulative_qty_1e8` counts from the best price down to it."""

    venue: str
    price: float
    qty: float
    price_1e9: int
    qty_1e8: int
    cumulative_qty_1e8: int


class DepthView(msgspec.Struct, frozen=True, kw_only=True):
    """Levels of all venues in one order, best first; equal prices by venue."""

    symbol: str
    canonical: str
    mirrored: bool
    source: Source
    crossed: bool
    bids: list[DepthLevel]
    asks: list[DepthLevel]
    ts_ns: int


class VenueCharacter(msgspec.Struct, frozen=True, kw_only=True):
    """What a venue is like in this symbol; null where there is nothing yet to judge by.

    `market_share` is of the volume since then; `toxicity_bps` the drift against our takes there
    within a second; `quote_to_trade` book changes for each print; `miss_rate` the share of takes
    that found nothing.
    """

    venue: str
    market_share: float | None
    traded_qty_1e8: int
    prints: int
    spread_bps: float | None
    toxicity_bps: float | None
    quote_to_trade: float | None
    miss_rate: float
    latency_ms: float
    taker_fee_bps: float | None
    healthy: bool
    reason: str | None


class VenueCharacters(msgspec.Struct, frozen=True, kw_only=True):
    """Every venue of a symbol; volume is counted over the prints since `since_ns`.

    `spread_regime` compares the spread over all venues with its median of five minutes: `tight`
    below two thirds of it, `wide` above one and a half, else `normal`; `crossed` below zero.
    """

    symbol: str
    canonical: str
    source: Source
    spread_bps: float | None
    usual_spread_bps: float | None
    spread_regime: str | None
    sigma_bps_per_sqrt_s: float | None
    since_ns: int | None
    venues: list[VenueCharacter]
    ts_ns: int
