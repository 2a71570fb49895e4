"""What routing to a venue costs beyond price and fee, term by term; routing versions 1, 2 and 3.

All terms are bps of the consolidated mid m (events: cents of the 1 USD payoff). With s = +1 buy,
-1 sell, and x the venue's quote rate:

    V1 = 1e4 s(p x - m)/m + fee_v(p) + c sigma sqrt(L) + c sigma (sqrt(L + a) - sqrt(L))
    V2 = V1 + A + r R + kappa u
    V3 = V2 + delta

Price and fee are the sweep's own (exact) business. Here: the constant c sigma sqrt(L + a), the V2
and V3 constants, and the slope kappa/depth. Coefficients are priors kept as data with an id.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from enum import IntEnum
from hashlib import sha256
from math import sqrt
from typing import Final

import msgspec

from engine.decisions.market import MarketView
from engine.decisions.venue_observations import VenueObservations
from engine.errors import Reason
from engine.kernels.landed import (
    ACTIVE,
    COEFFICIENTS_ID,
    CONSTANT,
    MID_X2,
    NOW_NS,
    ROUTING_VERSION,
    SLOPE,
    TERMS_END,
)
from engine.model.instruments import InstrumentType, Listing

__all__ = [
    "ALL_FIRST_VERSION",
    "Coefficients",
    "CostModel",
    "RoutingTerms",
    "RoutingVersion",
    "Urgency",
    "routing_version",
]

NS: Final = 1_000_000_000
TABLE_SIZE: Final = 10_000
ALL_FIRST_VERSION: Final = bytes([1]) * TABLE_SIZE
SLOPE_UNIT: Final = 2.0**44
CENT_1E9: Final = 10_000_000
ELIGIBLE: Final = Reason.NONE
FIRST: Final = 1


class RoutingVersion(IntEnum):
    """Which cost formula ranks venues."""

    V1 = 1
    V2 = 2
    V3 = 3


class Urgency(IntEnum):
    """Index into the urgency weights."""

    LOW = 0
    MEDIUM = 1
    HIGH = 2


class Coefficients(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Coefficients of the cost terms: priors, to be refitted; `id` names the set in decisions."""

    id: int = 1
    latency_weight: tuple[float, float, float] = (0.2, 0.4, 0.8)
    grace_ns: int = NS // 2
    event_grace_ns: int = 5 * NS
    silence_max_ns: int = 3 * NS
    event_silence_max_ns: int = 30 * NS
    adverse_max_bps: float = 5.0
    adverse_shrink: float = 50.0
    reject_floor_bps: float = 0.5
    reject_sigma_share: float = 0.4
    reply_extra_s: float = 0.05
    kappa_bps: float = 1.0
    event_kappa_cents: float = 0.2
    depth_window_bps: int = 10
    event_depth_ticks: int = 5
    delta_shrink: float = 100.0
    delta_min_bps: float = -2.0
    delta_max_bps: float = 3.0


class RoutingTerms:
    """Terms and eligibility of every venue for one decision; reused, valid until the next call.

    `reasons[v]` is NONE when the venue may be used. `active`, `constants` (1e-9 price units,
    rounded once) and `slopes` (2^-44 price units per 1e-8 quantity) are windows on `cells`, a
    view of `inputs`, which lie as the kernels want them (`ACTIVE` is the first field).
    """

    __slots__ = (
        "active",
        "cells",
        "constants",
        "inputs",
        "mid_x2",
        "now_ns",
        "pinned",
        "reasons",
        "side",
        "slopes",
        "slopes_used",
    )

    def __init__(self, venues: int) -> None:
        self.side = 0
        self.now_ns = 0
        self.mid_x2: int | None = None
        self.pinned: str | None = None
        self.reasons: list[Reason] = [Reason.NONE] * venues
        self.inputs = array("q", bytes(8 * TERMS_END))
        self.cells = memoryview(self.inputs)
        self.active = self.cells[ACTIVE : ACTIVE + venues]
        self.constants = self.cells[CONSTANT : CONSTANT + venues]
        self.slopes = self.cells[SLOPE : SLOPE + venues]
        self.slopes_used = False

    @property
    def version(self) -> int:
        return self.inputs[ROUTING_VERSION]

    @property
    def coefficients_id(self) -> int:
        return self.inputs[COEFFICIENTS_ID]


def routing_version(parent_id: str, table: Sequence[int] = ALL_FIRST_VERSION) -> RoutingVersion:
    """The version a parent is routed by: table[sha256(parent id) mod 10000]."""
    assert len(table) == TABLE_SIZE, "a routing table has ten thousand entries"
    digest = int.from_bytes(sha256(parent_id.encode()).digest(), "big")
    return RoutingVersion(table[digest % TABLE_SIZE])


class CostModel:
    """Fills in the terms of one market's venues.

    `fresh_only` False (replay) leaves out freshness: silence neither costs nor excludes.
    """

    __slots__ = (
        "coefficients",
        "event",
        "fresh_only",
        "grace_ns",
        "listings",
        "market",
        "observations",
        "silence_max_ns",
        "terms_made",
    )

    def __init__(
        self,
        market: MarketView,
        observations: VenueObservations,
        coefficients: Coefficients | None = None,
        *,
        fresh_only: bool = True,
    ) -> None:
        chosen = coefficients or Coefficients()
        self.market = market
        self.listings: tuple[Listing, ...] = market.listings
        self.observations = observations
        self.coefficients = chosen
        self.fresh_only = fresh_only
        self.event = market.listings[0].instrument.type is InstrumentType.PREDICTION
        self.grace_ns = chosen.event_grace_ns if self.event else chosen.grace_ns
        silence = chosen.event_silence_max_ns if self.event else chosen.silence_max_ns
        self.silence_max_ns = silence
        self.terms_made = RoutingTerms(len(market.listings))

    def terms(
        self,
        side: int,
        now_ns: int,
        urgency: int = Urgency.MEDIUM,
        version: int = RoutingVersion.V1,
        pinned: str | None = None,
        in_flight: Sequence[int] | None = None,
    ) -> RoutingTerms:
        """Terms for taking `side` (0 buy, 1 sell) now. `in_flight` is needed by V2 and V3 only."""
        market, seen, out = self.market, self.observations, self.terms_made
        mid_x2 = market.mid_x2()
        out.side, out.now_ns, out.mid_x2, out.pinned = side, now_ns, mid_x2, pinned
        known, inputs = self.coefficients, out.inputs
        inputs[MID_X2] = mid_x2 or 0
        inputs[NOW_NS] = now_ns
        inputs[ROUTING_VERSION] = version
        inputs[COEFFICIENTS_ID] = known.id
        if self.event:
            unit = known.latency_weight[urgency] * seen.sigma_at(mid_x2, now_ns) * CENT_1E9
        else:
            unit = known.latency_weight[urgency] * seen.sigma * (mid_x2 or 0) * 0.5e-4
        reasons = out.reasons
        oldest = now_ns - self.grace_ns if self.fresh_only else -1
        facts = zip(
            market.healthy,
            market.best_bid,
            market.best_ask,
            market.alive_ns,
            seen.usable,
            seen.latency_root,
            strict=True,
        )
        for v, (healthy, bid, ask, alive_ns, usable, root) in enumerate(facts):
            if healthy and usable and bid < ask and alive_ns >= oldest and pinned is None:
                reasons[v] = ELIGIBLE
                inputs[v] = 1
                inputs[CONSTANT + v] = round(unit * root)
            else:
                self._judge(v, now_ns - alive_ns, pinned, unit)
        if version > FIRST:
            self._add_second(out, in_flight or [0] * len(self.listings))
        elif out.slopes_used:
            out.slopes[:] = array("q", [0]) * len(self.listings)
            out.slopes_used = False
        return out

    def constant_bps(self, venue: int, urgency: int, silence_ns: int, mid_x2: int | None) -> float:
        """The latency and freshness terms of V1 for a venue, in bps (events: cents)."""
        late = max(0, silence_ns - self.grace_ns) if self.fresh_only else 0
        sigma = self.observations.sigma_at(mid_x2, self.observations.last_ns)
        weight = self.coefficients.latency_weight[urgency]
        return weight * sigma * sqrt((self.observations.latency_ns[venue] + late) / NS)

    def _judge(self, v: int, silence: int, pinned: str | None, unit: float) -> None:
        """Reason and constant of a venue that is pinned, silent or not to be used."""
        out = self.terms_made
        reason = self._reason(v, self.listings[v], silence, pinned)
        out.reasons[v] = reason
        out.active[v] = reason is Reason.NONE
        late = max(0, silence - self.grace_ns) if self.fresh_only else 0
        out.constants[v] = round(unit * sqrt((self.observations.latency_ns[v] + late) / NS))

    def _reason(self, v: int, listing: Listing, silence: int, pinned: str | None) -> Reason:
        market, seen = self.market, self.observations
        if pinned is not None and listing.venue != pinned:
            return Reason.PINNED_ELSEWHERE
        if listing.fees is None:
            return Reason.FEE_UNKNOWN
        if not seen.link_up[v]:
            return Reason.LINK_DOWN
        if not seen.usable[v]:
            return Reason.BAD_VENUE
        if not market.healthy[v] or (self.fresh_only and silence > self.silence_max_ns):
            return Reason.STALE_VENUE
        if market.best_bid[v] >= market.best_ask[v]:
            return Reason.CROSSED_BOOK
        return Reason.NONE

    def _add_second(self, out: RoutingTerms, in_flight: Sequence[int]) -> None:
        """Add V2's A + r R + kappa u (and V3's delta) to the constants, and the slopes."""
        mid_x2 = out.mid_x2
        if mid_x2 is None:
            return
        unit = float(CENT_1E9) if self.event else mid_x2 * 0.5e-4
        out.slopes_used = True
        for v in range(len(self.listings)):
            out.slopes[v] = 0
            if not out.active[v]:
                continue
            depth, gap_bps = self._depth(v, out.side, mid_x2)
            slope = unit * self._kappa() / max(depth, 1)
            out.slopes[v] = round(slope * SLOPE_UNIT)
            before = in_flight[v] + self.observations.own_takes(v, out.side, out.now_ns)
            extra = unit * self._extra_bps(v, gap_bps, mid_x2, out) + slope * before
            out.constants[v] += round(extra)

    def _extra_bps(self, v: int, gap_bps: float, mid_x2: int, out: RoutingTerms) -> float:
        """A + r R, and delta in V3."""
        known, seen = self.coefficients, self.observations
        sigma = seen.sigma_at(mid_x2, out.now_ns)
        reply_s = 2 * seen.latency_ns[v] / NS + known.reply_extra_s
        slip_bps = known.reject_sigma_share * sigma * sqrt(reply_s) + gap_bps
        miss_bps = max(known.reject_floor_bps, slip_bps)
        adverse = min(max(seen.adverse(v, known.adverse_shrink), 0.0), known.adverse_max_bps)
        extra = adverse + seen.miss_rate(v) * miss_bps
        return extra + self.delta(v) if out.version >= RoutingVersion.V3 else extra

    def delta(self, venue: int) -> float:
        """V3's correction of a venue in bps (events: cents), within its bounds."""
        known = self.coefficients
        delta = self.observations.delta(venue, known.delta_shrink)
        return min(max(delta, known.delta_min_bps), known.delta_max_bps)

    def _kappa(self) -> float:
        return self.coefficients.event_kappa_cents if self.event else self.coefficients.kappa_bps

    def _depth(self, v: int, side: int, mid_x2: int) -> tuple[int, float]:
        """Visible quantity within the window of the best, and the gap to the second level."""
        market, book_side = self.market, 1 - side
        best = market.best_ask[v] if book_side else market.best_bid[v]
        if self.event:
            window = self.coefficients.event_depth_ticks * self.listings[v].tick_1e9
        else:
            window = best * self.coefficients.depth_window_bps // 10_000
        depth, second = 0, best
        for index, (price, qty) in enumerate(market.levels(v, book_side, DEPTH_LEVELS_MAX)):
            if abs(price - best) > window:
                break
            depth += qty
            if index == 1:
                second = price
        gap = abs(second - best)
        return depth, gap / CENT_1E9 if self.event else gap * 2e4 / mid_x2


DEPTH_LEVELS_MAX: Final = 256
