"""What was learned of the venues of one instrument, as it is answered."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING, Final

import msgspec

from engine.decisions.market import MarketBlock
from engine.intelligence.learned.fill_hazard import FEATURES, FillHazard, features_of
from engine.intelligence.learned.forgetting import FADE, DecayedMean, DecayedQuantiles
from engine.intelligence.learned.records import HORIZONS_NS, SCALES_S, InstrumentRecord, VenueRecord
from engine.intelligence.learned.resting import Resting

if TYPE_CHECKING:
    from engine.service.intelligence.observer import Observer

__all__ = ["ObservationsView", "VenueSeen", "observations_view", "touch_chance"]

MS: Final = 1_000_000
DAY_S: Final = 86_400.0
CHANCES_S: Final = (1.0, 10.0, 60.0)


class TimesSeen(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Quantiles in milliseconds, exact to within 7.5 %; null before the first.

    `p50_ms`, `p90_ms` and `p99_ms` are the quantiles.
    """

    p50_ms: float | None
    p90_ms: float | None
    p99_ms: float | None
    weight: float


class MarkoutSeen(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Mean move after our fills in bps, + is good for us. `weight` is how many stand behind it.

    `mean_bps` is that move, + is good for us; `stderr_bps` is the standard error of that mean,
    never negative.
    """

    horizon_ms: int
    mean_bps: float | None
    stderr_bps: float | None
    weight: float


class FillModel(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The hazard of a resting order. Its log loss should be below that of the mean rate.

    `weights` are its coefficients by feature; `seconds` and `fills` are what it was learned from:
    seconds of watching, and fills of resting orders. `log_loss` and `base_log_loss` are its own and
    that of the mean rate, null before the first second.
    """

    weights: dict[str, float]
    seconds: int
    fills: int
    log_loss: float | None
    base_log_loss: float | None


class TouchChance(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Chance that an order placed now at the end of the queue at the touch fills in time.

    `probability` is that chance, from 0 to 1; `within_s` is the time it has, in seconds.
    """

    side: str
    within_s: float
    probability: float


class VenueSeen(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One venue; rates are null where no order of ours was there. See `VenueRecord`.

    `answer` is the time from an order's intent to the venue's first answer; `frame_age` is how old
    the last word of its book was. `reject_rate` is the share of `orders` that were refused;
    `fade_rate` is the share of an immediate order that was not there any more; `orders` and `takes`
    are how many these rest on, old ones counting less. `taker_markouts` and `maker_markouts` are of
    takes and of resting fills; `spread_bps` is the mean spread, never negative. `traded_qty_1e8` is
    what traded there by the tape.
    """

    venue: str
    answer: TimesSeen
    frame_age: TimesSeen
    reject_rate: float | None
    orders: float
    fade_rate: float | None
    takes: float
    spread_bps: float | None
    taker_markouts: tuple[MarkoutSeen, ...]
    maker_markouts: tuple[MarkoutSeen, ...]
    fill_model: FillModel
    touch_chances: tuple[TouchChance, ...]
    traded_qty_1e8: int


class ObservationsView(msgspec.Struct, frozen=True, kw_only=True):
    """`sigma_bps` is per square root of a second, by the seconds over which it was seen.

    `volume_curve` are the shares of the 48 half hours of a UTC day, null until all were seen whole.
    What is `half_life_days` old counts half. `sigma_bps` is never negative. `half_hours_known`
    counts those seen whole. `last_entry` is the last entry of the journal that was learned from;
    `skipped_entries` counts those that were too many to catch up with; `kept` says that all this
    outlives a restart.
    """

    symbol: str
    venues: tuple[VenueSeen, ...]
    sigma_bps: dict[str, float | None]
    volume_curve: tuple[float, ...] | None
    half_hours_known: int
    half_life_days: float
    last_entry: int
    skipped_entries: int
    kept: bool


def observations_view(seen: Observer, symbol: str, market: MarketBlock) -> ObservationsView:
    """What the observer knows of one instrument."""
    instrument = seen.instrument(symbol)
    curve = instrument.volume_shares()
    return ObservationsView(
        symbol=symbol,
        venues=tuple(
            venue_seen(
                one.venue,
                seen.venue(one.venue, symbol),
                market,
                v,
                (seen.resting(one.venue, symbol, 0), seen.resting(one.venue, symbol, 1)),
            )
            for v, one in enumerate(market.listings)
        ),
        sigma_bps=sigmas(instrument),
        volume_curve=None if curve is None else tuple(curve),
        half_hours_known=sum(one is not None for one in instrument.volume_1e8),
        half_life_days=FADE / DAY_S,
        last_entry=seen.seq,
        skipped_entries=seen.skipped,
        kept=seen.folder is not None,
    )


def venue_seen(
    venue: str,
    record: VenueRecord,
    market: MarketBlock,
    index: int,
    resting: tuple[Resting | None, Resting | None],
) -> VenueSeen:
    """One venue's record in words."""
    chances = []
    for side, one in enumerate(resting):
        for horizon_s in CHANCES_S:
            found = touch_chance(record.hazard, one, market, index, side, horizon_s)
            if found is not None:
                name = "sell" if side else "buy"
                chances.append(TouchChance(side=name, within_s=horizon_s, probability=found))
    return VenueSeen(
        venue=venue,
        answer=times_seen(record.answer_s),
        frame_age=times_seen(record.frame_age_s),
        reject_rate=record.rejects.rate(),
        orders=record.rejects.total,
        fade_rate=record.fades.rate(),
        takes=record.fades.total,
        spread_bps=record.spread_bps.mean if record.spread_bps.weight else None,
        taker_markouts=markouts_seen(record.taker_markouts),
        maker_markouts=markouts_seen(record.maker_markouts),
        fill_model=model_seen(record.hazard),
        touch_chances=tuple(chances),
        traded_qty_1e8=int(record.traded_1e8),
    )


def touch_chance(
    hazard: FillHazard,
    resting: Resting | None,
    market: MarketBlock,
    venue: int,
    side: int,
    horizon_s: float,
) -> float | None:
    """Chance that an order placed now at the venue's own touch fills in time; None unknown."""
    own, other = market.levels(venue, side, 1), market.levels(venue, 1 - side, 1)
    if resting is None or not own or not other or not market.healthy[venue]:
        return None
    (best, size), (far, far_size) = own[0], other[0]
    x = features_of(
        size,
        resting.outflow_1e8,
        2e4 * abs(far - best) / (far + best),
        (size - far_size) / (size + far_size),
        0.0,
    )
    return hazard.chance(x, horizon_s)


def sigmas(record: InstrumentRecord) -> dict[str, float | None]:
    """Volatility by scale; None where too little was seen."""
    return {
        f"{scale:g}s": sqrt(seen.mean) if seen.weight >= 5.0 else None
        for scale, seen in zip(SCALES_S, record.returns, strict=True)
    }


def times_seen(seen: DecayedQuantiles) -> TimesSeen:
    """Seconds as milliseconds."""
    found = [seen.quantile(level) for level in (0.5, 0.9, 0.99)]
    p50, p90, p99 = (None if one is None else 1e3 * one for one in found)
    return TimesSeen(p50_ms=p50, p90_ms=p90, p99_ms=p99, weight=seen.weight)


def markouts_seen(means: list[DecayedMean]) -> tuple[MarkoutSeen, ...]:
    """By horizon."""
    rows = []
    for horizon_ns, seen in zip(HORIZONS_NS, means, strict=True):
        known = seen.weight > 0.0
        rows.append(
            MarkoutSeen(
                horizon_ms=horizon_ns // MS,
                mean_bps=seen.mean if known else None,
                stderr_bps=sqrt(seen.variance / seen.weight) if seen.weight > 1.0 else None,
                weight=seen.weight,
            )
        )
    return tuple(rows)


def model_seen(hazard: FillHazard) -> FillModel:
    """The hazard with its names."""
    return FillModel(
        weights=dict(zip(FEATURES, hazard.weights, strict=True)),
        seconds=hazard.seconds,
        fills=hazard.fills,
        log_loss=hazard.loss if hazard.seconds else None,
        base_log_loss=hazard.base_loss if hazard.seconds else None,
    )
