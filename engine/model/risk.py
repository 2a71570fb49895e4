"""A graph's own four risk layers, an account's limits, and every bound of the engine."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Literal

import msgspec

from engine.model.wire import Wire

__all__ = [
    "AccountLimits",
    "AdmissionRisk",
    "FailureRisk",
    "GraphRisk",
    "KillScope",
    "Limits",
    "PreTradeRisk",
    "RuntimeRisk",
]


class KillScope(StrEnum):
    """How far a kill switch reaches; all but the desk name what they stop by a key."""

    DESK = "desk"
    CLIENT = "client"
    VENUE = "venue"
    SYMBOL = "symbol"
    GRAPH = "graph"


class AdmissionRisk(Wire, frozen=True, kw_only=True):
    """Checked once, when the graph is submitted."""

    max_notional_usd: Decimal | None = None
    max_nodes: int | None = None
    allowed_venues: tuple[str, ...] | None = None


class PreTradeRisk(Wire, frozen=True, kw_only=True):
    """Checked whenever a node wants to send."""

    max_order_notional_usd: Decimal | None = None
    max_price_deviation_bps: int | None = None
    max_quote_age_ms: int | None = None
    max_position_qty: Decimal | None = None


class RuntimeRisk(Wire, frozen=True, kw_only=True):
    """Watched while the graph runs."""

    max_loss_usd: Decimal | None = None
    max_unhedged_qty: Decimal | None = None
    max_unhedged_ms: int | None = None


class FailureRisk(Wire, frozen=True, kw_only=True):
    """What happens on a breach or a failed node."""

    action: Literal["cancel_all", "pause", "continue", "flatten"] | None = None


class GraphRisk(Wire, frozen=True, kw_only=True):
    """The four layers of a graph's own risk limits."""

    admission: AdmissionRisk | None = None
    pretrade: PreTradeRisk | None = None
    runtime: RuntimeRisk | None = None
    on_failure: FailureRisk | None = None


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Bounds of memory and work, in one place so that the whole can be computed and logged."""

    nodes_per_graph_max: int = 1_000
    edges_per_graph_max: int = 4_000
    graphs_max: int = 200_000
    orders_in_flight_max: int = 100_000
    watches_per_instrument_max: int = 200_000
    takes_in_flight_max: int = 4_096
    book_depth_max: int = 8_192
    delta_rows_max: int = 65_536
    journal_group_max: int = 4_096
    journal_depth_max: int = 65_536
    decisions_kept_max: int = 1_000
    graphs_kept_max: int = 10_000
    tape_prints_max: int = 4_096
    stream_backlog_max: int = 8_192


class AccountLimits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Limits of one client in one environment; None means that the check is off.

    `price_deviation_max_bps` bounds a limit price's distance beyond the touch (fat finger),
    `quote_age_max_ms` the silence of the book that an order relies on. `collar_bps` is the
    slippage cap of a market order that brings none, in bps of the baseline; None switches the
    collar off.
    """

    graph_notional_max_usd: int | None = None
    order_notional_max_usd: int | None = None
    open_notional_max_usd: int | None = None
    price_deviation_max_bps: int | None = 500
    quote_age_max_ms: int | None = 3_000
    collar_bps: int | None = 100
