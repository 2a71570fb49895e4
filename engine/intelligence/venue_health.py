"""The state of each venue of an instrument, and which one is deteriorating, with its number.

A fade is what of an immediate order did not fill, as a share of its quantity: one definition here
and in what was learned (`GET /v1/execution/observations`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from engine.decisions.market import MarketBlock
from engine.decisions.venue_observations import HIT_PRIOR, MISS_PRIOR, VenueObservations
from engine.intelligence.learned.forgetting import DecayedRate
from engine.model.units import PRICE_SCALE

__all__ = ["FADES", "SILENT", "SLOW", "VenueHealth", "deteriorating", "venue_health"]

MS: Final = 1_000_000
GRACE_MS: Final = 500
EVENT_GRACE_MS: Final = 5_000
SLOWER: Final = 1.5
TAKES_MIN: Final = 3
# What fades anyway, and how many takes that is worth, as the router begins with.
USUAL_FADE: Final = MISS_PRIOR / (MISS_PRIOR + HIT_PRIOR)
FADE_WEIGHT: Final = MISS_PRIOR + HIT_PRIOR
WIDER: Final = 3.0
NOTHING: Final = DecayedRate()
WIDE, SLOW, FADES, SILENT, CROSSED, UNTRUSTED, DOWN = range(1, 8)


class VenueHealth(msgspec.Struct, frozen=True, gc=False):
    """One venue. `silence_ms` is since its last frame or heartbeat, null before the first.

    Latency is one way. `link_up` says that its order line is up; `routable` says that orders may go
    there now. `latency_p50_ms` and `latency_p99_ms` are quantiles of the way there;
    `latency_prior_ms` is what it was taken for before any were seen. `fade_rate` is the mean share
    of an immediate order that did not fill, null before the first, and `takes` how many it rests
    on, both as in what was learned of it. `partial_fill_probability` is the router's estimate of
    the chance that an immediate order does not fill whole, by however little: the mean of a Beta
    posterior that starts at 2 of 100, so that it is never 0. `spread_bps` is that of its own book,
    below 0 where it is crossed, null where it is one-sided. `concern` names what is wrong in words;
    `concern_value` is its number and `concern_usual` what that is held against, both in
    `concern_unit`, null where the concern has no number. `severity` says which kind it is: 0 none,
    1 wide spread, 2 slow, 3 fades, 4 silent, 5 crossed, 6 book not to be trusted, 7 line down.
    """

    venue: str
    healthy: bool
    link_up: bool
    routable: bool
    silence_ms: int | None
    latency_p50_ms: float
    latency_p99_ms: float
    latency_prior_ms: float
    fade_rate: float | None
    takes: float
    partial_fill_probability: float
    spread_bps: float | None
    concern: str
    concern_value: float | None
    concern_usual: float | None
    concern_unit: str
    severity: int


class Concern(msgspec.Struct, frozen=True, gc=False):
    """What is wrong with a venue, with the number that shows it."""

    severity: int = 0
    text: str = ""
    value: float | None = None
    usual: float | None = None
    unit: str = ""


def venue_health(
    market: MarketBlock,
    seen: VenueObservations,
    now_ns: int,
    fades: Sequence[DecayedRate] = (),
) -> tuple[VenueHealth, ...]:
    """The health of every venue, in the order of the listings; so are `fades`, or not known."""
    spreads = [_spread(market, v) for v in range(len(market.listings))]
    known = sorted(one for one in spreads if one is not None)
    usual = known[(len(known) - 1) // 2] if known else None
    rows = []
    for v, spread in enumerate(spreads):
        faded = fades[v] if fades else NOTHING
        rows.append(_one(market, seen, now_ns, v, spread, usual, faded))
    return tuple(rows)


def deteriorating(rows: tuple[VenueHealth, ...]) -> VenueHealth | None:
    """The venue with the worst concern, None when there is none; of one kind the furthest off."""
    worst = max(rows, key=_badness, default=None)
    return worst if worst is not None and worst.severity > 0 else None


def _badness(one: VenueHealth) -> tuple[int, float]:
    value, usual = one.concern_value, one.concern_usual
    return one.severity, value / usual if value is not None and usual else 0.0


def _one(
    market: MarketBlock,
    seen: VenueObservations,
    now_ns: int,
    v: int,
    spread: float | None,
    usual: float | None,
    faded: DecayedRate,
) -> VenueHealth:
    listing = market.listings[v]
    alive = market.alive_ns[v]
    silence = max(0, now_ns - alive) // MS if alive else None
    samples = sorted(seen.samples[v])
    p50 = samples[len(samples) // 2] / MS
    p99 = samples[min(len(samples) - 1, len(samples) * 99 // 100)] / MS
    prior = listing.latency_prior_ns / MS
    concern = _outage(market, seen, v, silence)
    if not concern.severity:
        concern = _faded(faded)
    if not concern.severity and prior and p50 > SLOWER * prior:
        text = f"answers take {p50:.0f} ms one way instead of {prior:.0f}"
        concern = Concern(SLOW, text, p50, prior, "ms")
    if not concern.severity and spread is not None and usual is not None and usual > 0:
        concern = _wide(market, seen.event, v, spread, usual)
    return VenueHealth(
        listing.venue,
        market.healthy[v],
        seen.link_up[v],
        seen.usable[v] and market.usable(v),
        silence,
        p50,
        p99,
        prior,
        faded.rate(),
        faded.total,
        seen.miss_rate(v),
        spread,
        concern.text,
        concern.value,
        concern.usual,
        concern.unit,
        concern.severity,
    )


def _outage(
    market: MarketBlock, seen: VenueObservations, v: int, silence_ms: int | None
) -> Concern:
    """That nothing, or nothing that can be believed, is heard of it."""
    grace = EVENT_GRACE_MS if seen.event else GRACE_MS
    if not seen.link_up[v]:
        return Concern(DOWN, "its order line is down")
    if not market.healthy[v]:
        return Concern(UNTRUSTED, "its book is not to be trusted")
    if market.best_bid[v] >= market.best_ask[v]:
        return Concern(CROSSED, "its book is crossed in itself")
    if silence_ms is not None and silence_ms > grace:
        return Concern(SILENT, f"silent for {silence_ms} ms", silence_ms, grace, "ms")
    return Concern()


def _faded(seen: DecayedRate) -> Concern:
    """That more of what is sent there at once finds nothing than usual, few takes counting less."""
    rate, held = seen.rate(), seen.rate(USUAL_FADE, FADE_WEIGHT)
    if rate is None or held is None or seen.total < TAKES_MIN or held <= 2 * USUAL_FADE:
        return Concern()
    count = f"{seen.total:.0f} takes"
    text = f"{100 * rate:.1f} % of what was sent there at once did not fill ({count})"
    return Concern(FADES, text, 100 * rate, 100 * USUAL_FADE, "%")


def _wide(market: MarketBlock, event: bool, v: int, spread: float, usual: float) -> Concern:
    """That its book is wider than the others'; of an event contract in cents, as on both sides."""
    if spread <= WIDER * usual:
        return Concern()
    value, unit = spread, "bps"
    if event:
        value, unit = 100.0 * (market.best_ask[v] - market.best_bid[v]) / PRICE_SCALE, "cents"
    held = usual * value / spread
    text = f"its spread is {value:.2f} {unit} against the usual {held:.2f}"
    return Concern(WIDE, text, value, held, unit)


def _spread(market: MarketBlock, v: int) -> float | None:
    """The venue's own spread in bps, None where it has no two sides."""
    if not market.usable(v) or not market.level_count(v, 0) or not market.level_count(v, 1):
        return None
    bid, ask = market.best_bid[v], market.best_ask[v]
    return 2e4 * (ask - bid) / (ask + bid)
