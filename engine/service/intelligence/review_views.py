"""The parts of a review on the wire: the order, its children, benchmarks and fees."""

from __future__ import annotations

import msgspec

from engine.intelligence.benchmarks import Markout

__all__ = ["Benchmarks", "ChildEvent", "FeeReview", "OrderForecast", "OrderState", "VenueFees"]


class OrderState(msgspec.Struct, frozen=True, kw_only=True):
    """The order as it is or ended.

    `order_type` is `market` or `limit`; `intended_qty_1e8` is what was wanted in all; `started_ns`
    is when its work began; `is_prediction` says that it is of an event contract.
    """

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


class ChildEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One slice: a child order from its intent to its end.

    `tif` is its time in force; `state` is where it stands; `sent_ns` is when it left;
    `last_fill_ns` is when it last filled, null where it did not; `reject_reason` is the venue's,
    null unless refused.
    """

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


class Benchmarks(msgspec.Struct, frozen=True, kw_only=True):
    """The stack, in bps of each benchmark, + is a cost; markouts + is good. Prices in USD.

    `arrival_slippage_bps` and `arrival_slippage_cents` are against `arrival_mid`; `arrival_basis`
    says which moment's mid that is. `interval_vwap` and `twap` are the market's average prices
    while the order worked, by volume without our own and by time, in USD a unit; `pwp` is that of
    the market's first volume of which our fills would be the share `pwp_participation`, in USD a
    unit; `pwp_participation` is that share, from 0 to 1. `vwap_slippage_bps`, `twap_slippage_bps`
    and `pwp_slippage_bps` are against these. `sample_ms` is how often the mid was looked at.
    """

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


class OrderForecast(msgspec.Struct, frozen=True, kw_only=True):
    """What was said of the order as it started, and what it came to by the same measure.

    `made_ns` is when it was said; `mid` is the mid then, in USD a unit. `p50_cost_bps`,
    `p90_cost_bps` and `realised_cost_bps` are all-in costs of the whole quantity in bps of that
    mid, + is a cost: price and fees of what filled, and what did not fill at the price of taking it
    as the order ended. `p50_cost_cents`, `p90_cost_cents` and `realised_cost_cents` are these in
    cents a contract, + is a cost; null unless an event contract. `within_p90` says whether it came
    to its P90 at most. `model_version` is that of the model that said it, empty where it was not
    kept; `sample_size` is how many scored forecasts stood behind it, 0 for the prior. `counted`
    says that it is among those by which later forecasts are calibrated; `reason` says why it is
    not, or not yet.
    """

    made_ns: int
    mid: float
    p50_cost_bps: float
    p90_cost_bps: float
    realised_cost_bps: float | None
    within_p90: bool | None
    p50_cost_cents: float | None
    p90_cost_cents: float | None
    realised_cost_cents: float | None
    model_version: str
    sample_size: int | None
    counted: bool
    reason: str


class VenueFees(msgspec.Struct, frozen=True, kw_only=True):
    """Fees of one venue: charged, by its schedule, and as its own running total says.

    `drift_1e9` and `reported_drift_1e9` are charged less schedule and charged less reported, +
    means that more was charged; null where the schedule or the venue's figure is not known.
    `realised_1e9` is what was charged, + is a cost; `expected_1e9` is what its schedule gives on
    these very fills, maker or taker as each was, + is a cost; `notional_1e9` is theirs;
    `venue_reported_1e9` is what the venue reports in total, + is a cost.
    """

    venue: str
    fills: int
    notional_1e9: int
    realised_1e9: int
    expected_1e9: int | None
    drift_1e9: int | None
    venue_reported_1e9: int | None
    reported_drift_1e9: int | None


class FeeReview(msgspec.Struct, frozen=True, kw_only=True):
    """Fees of the order against what was expected when it was accepted, all on one basis.

    `basis` names it: bps of the arrival mid times the quantity that filled, as the fees in
    `tca_bps` are of an order that filled whole. `realised_1e9` and `realised_bps` are what was
    charged, + is a cost. `expected_bps` is what the rate that was expected as the order was
    accepted makes of what was traded (before a fill: that rate, of the touch then), + is a cost:
    the maker fee where the policy only posts (passive_limit, iceberg), the taker fee where it
    takes, null where it does both in shares that nobody knows beforehand (passive_ladder,
    time_drip). `drift_bps` is charged less expected, + means dearer than expected.
    `realised_cents`, `expected_cents` and `drift_cents` are these in cents a contract, + is a cost;
    null unless an event contract. `role_unknown_fills` counts fills of which neither the venue nor
    the order tells whether they rested.
    """

    realised_1e9: int
    realised_bps: float | None
    expected_bps: float | None
    drift_bps: float | None
    realised_cents: float | None
    expected_cents: float | None
    drift_cents: float | None
    basis: str
    role_unknown_fills: int
    per_venue: tuple[VenueFees, ...]
