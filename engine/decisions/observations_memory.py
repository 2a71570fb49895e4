"""What a router has learned of its venues, as it is kept over a restart.

Outcomes of takes are believed less the longer nothing was seen, half after `OUTAGE_HALF_LIFE_S`;
volatility goes back to its prior with its own half-life. What says how things stand at this very
moment (links, bars, takes of the last seconds) is not kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import Final

import msgspec

from engine.decisions.venue_observations import (
    HALF_LIFE_S,
    HIT_PRIOR,
    LATENCY_SAMPLES,
    MISS_PRIOR,
    NS,
    SIGMA_FLOOR,
    VenueObservations,
)
from engine.model.instruments import Listing

__all__ = ["ObservationsMemory", "VenueMemory", "recall", "remembered"]

OUTAGE_HALF_LIFE_S: Final = 3.0 * 86_400.0


class VenueMemory(msgspec.Struct, frozen=True, array_like=True):
    """Of one venue: one-way latencies in ns, then what came of takes beyond the priors."""

    latencies_ns: list[int]
    misses: float
    hits: float
    drift_mean: float
    drift_weight: float
    delta_mean: float
    delta_count: int


class ObservationsMemory(msgspec.Struct, frozen=True, array_like=True):
    """Of one market at `saved_ns`; `variance` is of a second's return, in bps squared."""

    saved_ns: int
    variance: float
    drift_all: float
    drift_all_weight: float
    venues: dict[str, VenueMemory]


def remembered(
    seen: VenueObservations, listings: Sequence[Listing], now_ns: int
) -> ObservationsMemory:
    """All that is worth keeping now; `listings` are those that `seen` was made of."""
    venues = {
        one.venue: VenueMemory(
            list(seen.samples[v]),
            seen.misses[v] - MISS_PRIOR,
            seen.hits[v] - HIT_PRIOR,
            seen.drift_mean[v],
            seen.drift_n[v],
            seen.delta_mean[v],
            seen.delta_n[v],
        )
        for v, one in enumerate(listings)
    }
    return ObservationsMemory(now_ns, seen.variance, seen.drift_all, seen.drift_all_n, venues)


def recall(
    seen: VenueObservations, listings: Sequence[Listing], memory: ObservationsMemory, now_ns: int
) -> None:
    """Go on from what was kept; a venue that was not known then starts at its prior."""
    away_s = max(0, now_ns - memory.saved_ns) / NS
    share = 0.5 ** (away_s / HALF_LIFE_S)
    seen.variance = share * memory.variance + (1.0 - share) * seen.variance
    seen.sigma = max(SIGMA_FLOOR, sqrt(seen.variance))
    fade = 0.5 ** (away_s / OUTAGE_HALF_LIFE_S)
    seen.drift_all, seen.drift_all_n = memory.drift_all, fade * memory.drift_all_weight
    for v, one in enumerate(listings):
        known = memory.venues.get(one.venue)
        if known is None:
            continue
        for latency_ns in known.latencies_ns[-LATENCY_SAMPLES:]:
            seen.observe_latency(v, latency_ns)
        seen.misses[v] = MISS_PRIOR + fade * known.misses
        seen.hits[v] = HIT_PRIOR + fade * known.hits
        seen.drift_mean[v], seen.drift_n[v] = known.drift_mean, fade * known.drift_weight
        seen.delta_mean[v], seen.delta_n[v] = known.delta_mean, round(fade * known.delta_count)
