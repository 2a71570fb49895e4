"""The state of each venue of an instrument, and which one is deteriorating, with its number."""

from __future__ import annotations

from typing import Final

import msgspec

from engine.decisions.market import MarketBlock
from engine.decisions.venue_observations import HIT_PRIOR, MISS_PRIOR, VenueObservations

__all__ = ["VenueHealth", "deteriorating", "venue_health"]

MS: Final = 1_000_000
GRACE_MS: Final = 500
EVENT_GRACE_MS: Final = 5_000
SLOWER: Final = 1.5
MISSES_MIN: Final = 3
PRIOR_MISS: Final = MISS_PRIOR / (MISS_PRIOR + HIT_PRIOR)
WIDER: Final = 3.0


class VenueHealth(msgspec.Struct, frozen=True, gc=False):
    """One venue. `silence_ms` is since its last frame or heartbeat, null before the first.

    Latency is one way. `concern` names what is wrong in words, `severity` ranks it (0: nothing).
    """

    venue: str
    healthy: bool
    link_up: bool
    routable: bool
    silence_ms: int | None
    latency_p50_ms: float
    latency_p99_ms: float
    latency_prior_ms: float
    miss_rate: float
    takes: int
    spread_bps: float | None
    concern: str
    severity: float


def venue_health(
    market: MarketBlock, seen: VenueObservations, now_ns: int
) -> tuple[VenueHealth, ...]:
    """The health of every venue, in the order of the listings."""
    spreads = [_spread(market, v) for v in range(len(market.listings))]
    known = sorted(one for one in spreads if one is not None)
    usual = known[(len(known) - 1) // 2] if known else None
    return tuple(_one(market, seen, now_ns, v, spreads[v], usual) for v in range(len(spreads)))


def deteriorating(rows: tuple[VenueHealth, ...]) -> VenueHealth | None:
    """The venue with the worst concern, None when there is none."""
    worst = max(rows, key=lambda one: one.severity, default=None)
    return worst if worst is not None and worst.severity > 0 else None


def _one(
    market: MarketBlock,
    seen: VenueObservations,
    now_ns: int,
    v: int,
    spread: float | None,
    usual: float | None,
) -> VenueHealth:
    listing = market.listings[v]
    alive = market.alive_ns[v]
    silence = max(0, now_ns - alive) // MS if alive else None
    samples = sorted(seen.samples[v])
    p50 = samples[len(samples) // 2] / MS
    p99 = samples[min(len(samples) - 1, len(samples) * 99 // 100)] / MS
    prior = listing.latency_prior_ns / MS
    misses, hits = seen.misses[v] - MISS_PRIOR, seen.hits[v] - HIT_PRIOR
    rate = seen.miss_rate(v)
    grace = EVENT_GRACE_MS if seen.event else GRACE_MS
    concern, severity = "", 0.0
    if not seen.link_up[v]:
        concern, severity = "its order line is down", 100.0
    elif not market.healthy[v]:
        concern, severity = "its book is not to be trusted", 90.0
    elif market.best_bid[v] >= market.best_ask[v]:
        concern, severity = "its book is crossed in itself", 80.0
    elif silence is not None and silence > grace:
        concern, severity = f"silent for {silence} ms", 50.0 + min(20.0, silence / grace)
    elif misses >= MISSES_MIN and rate > 2 * PRIOR_MISS:
        concern = f"{misses:.0f} of {misses + hits:.0f} takes missed"
        severity = 30.0 + min(10.0, rate / PRIOR_MISS)
    elif prior and p50 > SLOWER * prior:
        concern = f"answers take {p50:.0f} ms one way instead of {prior:.0f}"
        severity = 20.0 + min(10.0, p50 / prior)
    elif spread is not None and usual is not None and usual > 0 and spread > WIDER * usual:
        concern = f"its spread is {spread:.2f} bps against the usual {usual:.2f}"
        severity = 10.0 + min(10.0, spread / usual)
    return VenueHealth(
        listing.venue,
        market.healthy[v],
        seen.link_up[v],
        seen.usable[v] and market.usable(v),
        silence,
        p50,
        p99,
        prior,
        rate,
        int(misses + hits),
        spread,
        concern,
        severity,
    )


def _spread(market: MarketBlock, v: int) -> float | None:
    """The venue's own spread in bps, None where it has no two sides."""
    if not market.usable(v) or not market.level_count(v, 0) or not market.level_count(v, 1):
        return None
    bid, ask = market.best_bid[v], market.best_ask[v]
    return 2e4 * (ask - bid) / (ask + bid)
