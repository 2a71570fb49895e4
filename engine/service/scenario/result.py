"""The runs of a scenario as one estimate a strategy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from engine.service.scenario.setting import Outcome

__all__ = ["StrategyRuns", "quantile", "strategy_runs"]


class StrategyRuns(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What the seeded runs of one strategy gave; costs are all in, bps of the whole quantity.

    `est_cost_bps` is the median as in the closed form; `stderr_bps` is the standard error of the
    mean, never negative. `fill_rate` is what the strategy filled itself, on average; the rest was
    swept at the end. Numbers are null before the first run and where `reason` says why. `name` is
    aggressive, passive, split or a policy. `runs` are done and counted; `failed_runs` ended in a
    fault. `mean_cost_bps` is the mean, + is a cost; `p50` and `p90` are quantiles of the cost in
    bps, + is a cost. `closed_form_bps` is the closed form's median for the same order, + is a cost.
    """

    name: str
    policy: str
    urgency: str
    runs: int
    failed_runs: int = 0
    est_cost_bps: float | None = None
    mean_cost_bps: float | None = None
    stderr_bps: float | None = None
    p50: float | None = None
    p90: float | None = None
    fill_rate: float | None = None
    venue_count: int = 0
    venues: tuple[str, ...] = ()
    time_to_complete_ms: int | None = None
    closed_form_bps: float | None = None
    reason: str = ""


def strategy_runs(
    name: str,
    policy: str,
    urgency: str,
    outcomes: Sequence[Outcome],
    closed_form_bps: float | None = None,
) -> StrategyRuns:
    """The estimate from the runs so far. Venues are those of at least every tenth run."""
    good = [one for one in outcomes if not one.fault]
    faults = [one.fault for one in outcomes if one.fault]
    if not good:
        return StrategyRuns(
            name=name,
            policy=policy,
            urgency=urgency,
            runs=0,
            failed_runs=len(faults),
            closed_form_bps=closed_form_bps,
            reason=faults[0] if faults else "no run has ended yet",
        )
    costs = sorted(one.cost_bps for one in good)
    count = len(costs)
    mean = sum(costs) / count
    spread = sum((cost - mean) ** 2 for cost in costs) / max(1, count - 1)
    met = Counter(venue for one in good for venue in one.venues)
    venues = tuple(sorted(venue for venue, times in met.items() if 10 * times >= count))
    middle = quantile(costs, 0.5)
    return StrategyRuns(
        name=name,
        policy=policy,
        urgency=urgency,
        runs=count,
        failed_runs=len(faults),
        est_cost_bps=middle,
        mean_cost_bps=mean,
        stderr_bps=(spread / count) ** 0.5,
        p50=middle,
        p90=quantile(costs, 0.9),
        fill_rate=sum(one.fill_rate for one in good) / count,
        venue_count=len(venues),
        venues=venues,
        time_to_complete_ms=round(quantile(sorted(one.time_ms for one in good), 0.5)),
        closed_form_bps=closed_form_bps,
        reason=faults[0] if faults else "",
    )


def quantile(ordered: Sequence[float], level: float) -> float:
    """The quantile of values in order, between neighbours in proportion."""
    at = level * (len(ordered) - 1)
    below = int(at)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (at - below) * (ordered[above] - ordered[below])
