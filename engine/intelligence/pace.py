"""Whether an order is ahead of or behind what it was expected to have done by now.

A schedule's slice has until the next one is due (or a round trip to the venues, where that is
longer) to fill: until then it is in work and late for nothing. What has no schedule is held against
the time that was forecast as it started.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp
from typing import Final

import msgspec

from engine.decisions.policies.paced import Slice
from engine.decisions.policies.schedules import nearest_lot
from engine.model.graph import Execution, Policy

__all__ = ["Expected", "Pace", "as_forecast", "by_schedule", "pace_of"]

MS: Final = 1_000_000
TOLERANCE: Final = 0.05
# These send everything at once: before a round trip nothing is there, after it all should be.
AT_ONCE: Final = frozenset({Policy.SOR, Policy.IOC_SWEEP})
RESTING: Final = frozenset({Policy.PASSIVE_LIMIT, Policy.ICEBERG})
# One round trip as forecast, and one for what missed.
ROUND_TRIPS: Final = 2


class Expected(msgspec.Struct, frozen=True, gc=False):
    """What should be done by now at least, and at most; null where nobody said (`rule`)."""

    least: float | None
    most: float | None
    rule: str


class Pace(msgspec.Struct, frozen=True, gc=False):
    """`status` is ahead, on_track, behind, or unknown where the order has no schedule (`reason`).

    Shares are of the whole quantity; `elapsed_ms` since the node became active. `expected_share` is
    what should be filled by now, `released_share` that and what is in work now. `filled_share` is
    what is filled; `elapsed_ms` is since the node became active; `released_share` is what should be
    filled at most, with what is in work now.
    """

    status: str
    expected_share: float | None
    filled_share: float
    elapsed_ms: int
    reason: str
    released_share: float | None = None


def by_schedule(
    execution: Execution,
    qty_1e8: int,
    elapsed_ns: int,
    *,
    started_ns: int,
    slices: Sequence[Slice] = (),
    round_trip_ns: int = 0,
    lot_1e8: int = 1,
) -> Expected:
    """The share of a paced order: equal slices by the clock, others as they were begun.

    `slices` are those that have begun; what they are to send follows the market's volume.
    """
    pacing = execution.pacing
    assert pacing is not None, "a schedule is asked of what is paced"
    plan = pacing.uniform or pacing.vwap
    if plan is None:
        return Expected(None, None, "a share of the volume has no schedule of its own")
    interval_ns, count = plan.interval_ms * MS, plan.num_slices
    grace_ns = max(interval_ns, round_trip_ns)

    def due(when_ns: int) -> float:
        if pacing.uniform is not None:
            begun = min(count, max(0, when_ns) // interval_ns)
            return nearest_lot(qty_1e8 * begun, count, lot_1e8) / qty_1e8
        sent = [one for one in slices if one.started_ns <= started_ns + when_ns]
        return (sent[-1].filled_before_1e8 + sent[-1].target_qty_1e8) / qty_1e8 if sent else 0.0

    rule = "slices that should have been sent, but for the one in work"
    return Expected(min(1.0, due(elapsed_ns - grace_ns)), min(1.0, due(elapsed_ns)), rule)


def as_forecast(
    policy: Policy, elapsed_ns: int, forecast_ms: int, fill_rate: float | None = None
) -> Expected:
    """The share of an order that was forecast to take `forecast_ms` when it started.

    One that rests was to fill `fill_rate` of itself, at a constant hazard whose mean time at work
    is `forecast_ms`: 1 - exp(-fill_rate t / forecast_ms) by now.
    """
    if policy in AT_ONCE:
        late = elapsed_ns > ROUND_TRIPS * forecast_ms * MS
        return Expected(1.0 if late else 0.0, 1.0, "all at once, in the time forecast at its start")
    times = elapsed_ns / (forecast_ms * MS) if forecast_ms > 0 else float("inf")
    if policy in RESTING and fill_rate is not None:
        share = min(fill_rate, 1.0 - exp(-fill_rate * times)) if fill_rate > 0.0 else 0.0
        return Expected(share, share, "the fill chance by now, as forecast at its start")
    share = min(1.0, times)
    return Expected(share, share, "a straight line to the time forecast at its start")


def pace_of(filled_share: float, expected: Expected, elapsed_ns: int) -> Pace:
    """The verdict, with five percent of the quantity as tolerance."""
    least, most, rule = expected.least, expected.most, expected.rule
    if least is None or most is None:
        return Pace("unknown", None, filled_share, elapsed_ns // MS, rule)
    status = "on_track"
    if filled_share < least - TOLERANCE:
        status = "behind"
    elif filled_share > most + TOLERANCE:
        status = "ahead"
    return Pace(status, least, filled_share, elapsed_ns // MS, rule, most)
