"""Wire shapes of the stream's topics that no other door has, and how they come from the record.

Quantities are in 1e-8, prices and money in 1e-9; costs in bps are of the mid and positive when they
are ours to pay. Those of event contracts also stand in cents of the 1 USD payoff (`*_cents`, null
for all else). Prices of market topics are human numbers for display. Unknown is null.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import msgspec
from msgspec import UNSET, UnsetType

from engine.model.mirror import PAYOFF_1E9, mirror_price
from engine.model.records import DecisionRecord, JournalEntry
from engine.model.units import average_price_1e9
from engine.service.markets.given_views import OTHER_SIDE, mirrored_bps
from engine.service.markets.graph_symbols import Given
from engine.service.order_views import OrderView
from engine.store.rows import FillRow

__all__ = [
    "BookSnapshot",
    "Candidate",
    "Prices",
    "RoutedLeg",
    "Routing",
    "Tca",
    "VenueLevels",
    "VenueShare",
]

PricedLevel = tuple[float, float]


class Prices(msgspec.Struct, frozen=True, gc=False):
    """Best prices over all usable venues; `mid` and `spread_bps` are 0 where venues cross."""

    bid: float | None
    ask: float | None
    mid: float | None
    spread_bps: float | None
    bid_sz: float | None
    ask_sz: float | None
    crossed: bool
    ts_ns: int | None


class VenueLevels(msgspec.Struct, frozen=True):
    """One venue's own levels as [price, size], best first."""

    bids: list[PricedLevel]
    asks: list[PricedLevel]


class BookSnapshot(msgspec.Struct, frozen=True):
    """The merged book, best first; `venues` only where it was asked for."""

    bids: list[PricedLevel]
    asks: list[PricedLevel]
    ts_ns: int | None
    venues: dict[str, VenueLevels] | UnsetType = UNSET


class RoutedLeg(msgspec.Struct, frozen=True, gc=False):
    """One venue's part of a decision."""

    venue: str
    qty_1e8: int
    limit_price_1e9: int


class Candidate(msgspec.Struct, frozen=True, gc=False):
    """A venue that was looked at; `reason` is null for one that could be routed to."""

    venue: str
    eligible: bool
    reason: str | None


class Routing(msgspec.Struct, frozen=True, kw_only=True):
    """A routing decision. `decision_id` is the number of its journal entry; `chosen` is the venue
    of the largest leg, null when nothing was placed; estimates are null where no two-sided book
    was."""

    decision_id: int
    graph_id: str
    node_id: str
    node_order_id: str
    symbol: str
    side: str
    ts_unix_ns: int
    routing_version: int
    attempt: int
    qty_1e8: int
    planned_qty_1e8: int
    mid_1e9: int | None
    est_cost_bps: float | None
    est_cost_cents: float | None
    best_single_venue: str | None
    best_single_cost_bps: float | None
    chosen: str | None
    legs: list[RoutedLeg]
    candidates: list[Candidate]

    @classmethod
    def of(cls, entry: JournalEntry, node_order_id: str, *, is_prediction: bool = False) -> Self:
        """From the entry of a decision; that of an event contract has its costs in bps of the
        payoff, which become bps of the mid."""
        record = entry.payload
        assert isinstance(record, DecisionRecord), "only a decision routes"
        venues = record.venues
        largest = max(record.legs, key=lambda leg: leg[1], default=None)
        pairs = zip(venues, record.eligibility, strict=True)
        estimated = record.mid_1e9 and record.legs
        unit = PAYOFF_1E9 / record.mid_1e9 if is_prediction and record.mid_1e9 else 1.0
        single = record.best_single_venue and (record.mid_1e9 or not is_prediction)
        return cls(
            decision_id=entry.seq,
            graph_id=entry.graph_id,
            node_id=entry.node_id,
            node_order_id=node_order_id,
            symbol=record.symbol,
            side=record.side.text.upper(),
            ts_unix_ns=entry.ts_ns,
            routing_version=record.routing_version,
            attempt=record.attempt,
            qty_1e8=record.qty_1e8,
            planned_qty_1e8=record.planned_qty_1e8,
            mid_1e9=record.mid_1e9 or None,
            est_cost_bps=record.est_cost_bps * unit if estimated else None,
            est_cost_cents=record.est_cost_bps / 100 if estimated and is_prediction else None,
            best_single_venue=record.best_single_venue or None,
            best_single_cost_bps=record.best_single_cost_bps * unit if single else None,
            chosen=None if largest is None else venues[largest[0]],
            legs=[RoutedLeg(venues[leg[0]], leg[1], leg[2]) for leg in record.legs],
            candidates=[Candidate(name, not why, str(why) or None) for name, why in pairs],
        )

    def as_given(self, given: Given | None) -> Routing:
        """The decision as its client gave the order: of a NO order the other side, at 1 - p."""
        if given is None:
            return self
        if not given.mirrored:
            return msgspec.structs.replace(self, symbol=given.symbol)
        mid = self.mid_1e9
        legs = [
            RoutedLeg(one.venue, one.qty_1e8, mirror_price(one.limit_price_1e9))
            for one in self.legs
        ]
        return msgspec.structs.replace(
            self,
            symbol=given.symbol,
            side=OTHER_SIDE[self.side],
            mid_1e9=mirror_price(mid) if mid else None,
            est_cost_bps=mirrored_bps(self.est_cost_bps, mid) if mid else None,
            best_single_cost_bps=mirrored_bps(self.best_single_cost_bps, mid) if mid else None,
            legs=legs,
        )

    @property
    def savings_bps(self) -> float | None:
        """What the split is estimated to save against the best venue alone."""
        if self.est_cost_bps is None or self.best_single_cost_bps is None:
            return None
        return self.best_single_cost_bps - self.est_cost_bps


class VenueShare(msgspec.Struct, frozen=True, gc=False):
    """One venue's part of what was filled; `share` of the quantity, 0 to 1."""

    venue: str
    qty_1e8: int
    share: float
    vwap_1e9: int
    fee_1e9: int


class Tca(msgspec.Struct, frozen=True, kw_only=True):
    """What an ended order cost. The benchmark is the mid when it began to work.

    `slippage_bps` leaves fees out, `total_cost_bps` has them in. `savings_vs_single_venue_bps` is
    the estimate at the decisions, weighted by their quantities. A fill that is reported after the
    end makes a second report, which replaces the first.
    """

    node_order_id: str
    graph_id: str
    node_id: str
    symbol: str
    side: str
    status: str
    is_prediction: bool
    qty_1e8: int
    filled_qty_1e8: int
    fill_count: int
    achieved_vwap_1e9: int | None
    benchmark: str
    benchmark_vwap_1e9: int | None
    slippage_bps: float | None
    slippage_cents: float | None
    total_cost_bps: float | None
    total_cost_cents: float | None
    fees_1e9: int
    est_cost_bps: float | None
    est_cost_cents: float | None
    best_single_venue: str | None
    savings_vs_single_venue_bps: float | None
    venue_mix: list[VenueShare]
    created_unix_ns: int
    ended_unix_ns: int

    @classmethod
    def of(
        cls,
        order: OrderView,
        arrival_mid_1e9: int,
        fills: Sequence[FillRow],
        decisions: Sequence[Routing],
        *,
        is_prediction: bool,
    ) -> Self:
        """From the order's last row, its fills and its decisions, oldest first."""
        filled = sum(fill.qty_1e8 for fill in fills)
        paid = sum(fill.price_1e9 * fill.qty_1e8 for fill in fills)
        fees = sum(fill.fee_1e9 for fill in fills)
        slippage = total = None
        # Cents of the payoff in one bp of the benchmark.
        cents = arrival_mid_1e9 / PAYOFF_1E9 / 100 if is_prediction else None
        if filled and arrival_mid_1e9:
            sign = 1 if order.side == "BUY" else -1
            base = arrival_mid_1e9 * filled
            slippage = sign * (paid - base) / base * 1e4
            total = slippage + fees * 10**8 / base * 1e4
        return cls(
            node_order_id=order.node_order_id,
            graph_id=order.graph_id,
            node_id=order.node_id,
            symbol=order.symbol,
            side=order.side,
            status=order.status,
            is_prediction=is_prediction,
            qty_1e8=order.qty_1e8,
            filled_qty_1e8=filled,
            fill_count=len(fills),
            achieved_vwap_1e9=average_price_1e9(paid, filled) if filled else None,
            benchmark="arrival_mid",
            benchmark_vwap_1e9=arrival_mid_1e9 or None,
            slippage_bps=slippage,
            slippage_cents=None if cents is None or slippage is None else slippage * cents,
            total_cost_bps=total,
            total_cost_cents=None if cents is None or total is None else total * cents,
            fees_1e9=fees,
            est_cost_bps=_weighted([(one, one.est_cost_bps) for one in decisions]),
            est_cost_cents=_weighted([(one, one.est_cost_cents) for one in decisions]),
            best_single_venue=decisions[0].best_single_venue if decisions else None,
            savings_vs_single_venue_bps=_weighted([(one, one.savings_bps) for one in decisions]),
            venue_mix=_venue_mix(fills, filled),
            created_unix_ns=order.created_unix_ns,
            ended_unix_ns=order.updated_unix_ns,
        )


def _weighted(values: Sequence[tuple[Routing, float | None]]) -> float | None:
    """Mean by planned quantity; None as soon as one is not known."""
    placed = [(one.planned_qty_1e8, value) for one, value in values if one.planned_qty_1e8]
    total = sum(qty for qty, _ in placed)
    if not total or any(value is None for _, value in placed):
        return None
    return sum(qty * value for qty, value in placed if value is not None) / total


def _venue_mix(fills: Sequence[FillRow], filled: int) -> list[VenueShare]:
    """Each venue's part, in the order of its first fill."""
    by_venue: dict[str, list[FillRow]] = {}
    for fill in fills:
        by_venue.setdefault(fill.venue, []).append(fill)
    shares = []
    for venue, own in by_venue.items():
        qty = sum(fill.qty_1e8 for fill in own)
        paid = sum(fill.price_1e9 * fill.qty_1e8 for fill in own)
        fees = sum(fill.fee_1e9 for fill in own)
        share = qty / filled if filled else 0.0
        shares.append(VenueShare(venue, qty, share, average_price_1e9(paid, qty), fees))
    return shares
