"""The same order under several strategies, in closed form: cost, spread, fill rate, venues, time.

Every cost is for the *whole* quantity: what a strategy leaves unfilled at its horizon is priced by
sweeping the books then, or passive strategies would look cheap by forgetting what they missed.
With f the share of the resting part that fills, h the half-spread and T the horizon:

    passive = f (-h + maker + AS) + (1 - f) (sweep of the rest + 0.4 sigma sqrt(T))

f is the expected share. An order that rests mostly fills or mostly does not: what its worst tenth
fills, by the same formula, stretches the 0.9-quantile. Where it rests, and so its maker fee and
price, is the router's own choice (`rest_plan`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil, hypot, sqrt
from typing import Final

import msgspec

from engine.decisions.policies.parameters import DEFAULT_PARAMETERS, PolicyParameters
from engine.decisions.policies.time_drip import CHASE_SHARE
from engine.intelligence.distribution import P90, CostDistribution, cold_spread_bps
from engine.intelligence.fill_chance import Shares, fill_chance, fill_shares, mean_time_s
from engine.intelligence.forecast import completion, round_trip_ms, unplaced
from engine.intelligence.frontier import impact_bps
from engine.intelligence.picture import MarketPicture, Sweep
from engine.intelligence.priors import DEFAULT_PRIORS, Priors
from engine.intelligence.rest_plan import RestPlan, rest_plan

__all__ = ["STANDARD", "STRATEGIES", "Strategy", "estimate"]

STANDARD: Final = ("aggressive", "passive", "split")
SHARES: Final = tuple(k / 10 for k in range(1, 10))
MS: Final = 1e3
# The part of a drip's line that its policy leaves to a chase at the end.
CHASED: Final = 1 / CHASE_SHARE
S_PER_MS: Final = 1e-3


class Strategy(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One strategy's estimate. `est_cost_bps` is the median; `fill_rate` is what it fills itself.

    `posts_only` says that it never takes before its horizon ends. `taken_share` is the part that a
    split takes at once. Numbers are null where `reason` says why. `name` is aggressive, passive,
    split or a policy. `p50_cost_bps` and `p90_cost_bps` are quantiles of the all-in cost of the
    whole quantity, + is a cost. `time_to_complete_ms` is the expected time until its work ends.
    `method` is `closed_form`.
    """

    name: str
    policy: str
    urgency: str
    posts_only: bool
    est_cost_bps: float | None = None
    p50_cost_bps: float | None = None
    p90_cost_bps: float | None = None
    fill_rate: float | None = None
    venue_count: int = 0
    venues: tuple[str, ...] = ()
    time_to_complete_ms: int | None = None
    taken_share: float | None = None
    method: str = "closed_form"
    reason: str = ""


class Case(msgspec.Struct, frozen=True):
    """What every strategy is estimated from."""

    picture: MarketPicture
    qty_1e8: int
    swept: Sweep
    walk_bps: float
    rank: int
    urgency: str
    parameters: PolicyParameters
    priors: Priors

    def rest(self) -> RestPlan:
        """Where the whole quantity would rest."""
        return rest_plan(self.picture, self.qty_1e8, self.rank, self.parameters, self.priors)

    def rest_venues(self, rest: RestPlan) -> tuple[str, ...]:
        return tuple(self.picture.listings[v].venue for v in rest.venues)

    def leg_venues(self) -> tuple[str, ...]:
        return tuple(self.picture.listings[leg[0]].venue for leg in self.swept.legs)

    def answer(
        self,
        name: str,
        policy: str,
        cost_bps: float,
        fill_rate: float,
        venues: Sequence[str],
        time_ms: float,
        *,
        posts_only: bool = False,
        taken_share: float | None = None,
        tail_bps: float = 0.0,
    ) -> Strategy:
        """The estimate with its spread: the prior over the time that it is at work.

        `tail_bps` is what the worst tenth costs more for filling less.
        """
        seconds = 0.0 if policy in ("sor", "ioc_sweep") else time_ms * S_PER_MS
        spread = cold_spread_bps(
            self.picture.sigma_bps,
            self.swept.latency_s,
            seconds,
            self.walk_bps,
            self.priors.refill,
        )
        costs = CostDistribution(cost_bps, hypot(spread, tail_bps / P90))
        return Strategy(
            name=name,
            policy=policy,
            urgency=self.urgency,
            posts_only=posts_only,
            est_cost_bps=cost_bps,
            p50_cost_bps=costs.quantile(0.50),
            p90_cost_bps=costs.quantile(0.90),
            fill_rate=fill_rate,
            venue_count=len(venues),
            venues=tuple(venues),
            time_to_complete_ms=round(time_ms),
            taken_share=taken_share,
        )


class Mix(msgspec.Struct, frozen=True):
    """Part taken, part posted: its cost, what the worst tenth adds, what of the rest fills."""

    cost_bps: float
    tail_bps: float
    shares: Shares


def estimate(
    picture: MarketPicture,
    qty_1e8: int,
    name: str,
    rank: int = 1,
    *,
    parameters: PolicyParameters = DEFAULT_PARAMETERS,
    priors: Priors = DEFAULT_PRIORS,
    horizon_ms: int | None = None,
) -> Strategy:
    """The estimate of one of STRATEGIES for urgency `rank` (0 low, 1 medium, 2 high)."""
    policy, posts_only, work = STRATEGIES[name]
    urgency = ("low", "medium", "high")[rank]
    empty = Strategy(name=name, policy=policy, urgency=urgency, posts_only=posts_only)
    if picture.mid_x2 is None or not any(picture.terms.active):
        return msgspec.structs.replace(empty, reason="no venue that may be used shows a price")
    swept = picture.sweep(qty_1e8)
    if swept.qty_1e8 < qty_1e8:
        return msgspec.structs.replace(empty, reason=unplaced(picture, qty_1e8, swept))
    walk = max(0.0, swept.book_bps - picture.touch_bps)
    case = Case(
        picture,
        qty_1e8,
        swept,
        walk,
        rank,
        urgency,
        parameters,
        priors,
    )
    return work(case, name, horizon_ms)


def _sweep(case: Case, name: str, horizon_ms: int | None) -> Strategy:
    """All venues at once up to the cap, with re-sweeps of what missed (sor)."""
    del horizon_ms
    time_ms = round_trip_ms(case.picture, case.swept)
    filled = completion(case.picture, case.swept)
    return case.answer(name, "sor", case.swept.cost_bps, filled, case.leg_venues(), time_ms)


def _one_wave(case: Case, name: str, horizon_ms: int | None) -> Strategy:
    """One wave of immediate orders: a leg that misses is not sent again."""
    del horizon_ms
    missed = case.picture.observations.miss_rate
    filled = sum(qty * (1.0 - missed(v)) for v, qty, _, _ in case.swept.legs) / case.qty_1e8
    time_ms = round_trip_ms(case.picture, case.swept)
    return case.answer(name, "ioc_sweep", case.swept.cost_bps, filled, case.leg_venues(), time_ms)


def _chase(case: Case, name: str, horizon_ms: int | None) -> Strategy:
    """Steps from the far touch until it reaches the sweep's own worst price."""
    table, rank, seen = case.parameters, case.rank, case.picture
    limit_ms = horizon_ms or table.chase_horizon_ms[rank]
    needed = _chase_ms(case, case.swept)
    filled = completion(seen, case.swept) * min(1.0, limit_ms / needed)
    drift = case.priors.cleanup_drift * seen.sigma_bps * sqrt(min(needed, limit_ms) * S_PER_MS)
    cost = case.swept.cost_bps + drift
    return case.answer(
        name, "aggressive_chase", cost, filled, case.leg_venues(), min(needed, limit_ms)
    )


def _chase_ms(case: Case, swept: Sweep) -> float:
    """How long a chase needs until its steps have come to a sweep's worst price."""
    table, rank, seen = case.parameters, case.rank, case.picture
    step = float(table.chase_step_bps[rank])
    if seen.event:
        tick = min(one.tick_1e9 for one in seen.listings)
        step = 1e4 * table.chase_step_event_ticks[rank] * tick / seen.mid
    reach = max(1e4 * seen.sign * (worst - seen.mid) / seen.mid for *_, worst in swept.legs)
    steps = ceil(max(0.0, reach - seen.touch_bps) / step)
    return steps * table.chase_period_ms[rank] + round_trip_ms(seen, swept)


def _passive(case: Case, name: str, horizon_ms: int | None) -> Strategy:
    """Rest all of it post-only at the own touch until the horizon."""
    given, rest = horizon_ms or case.parameters.passive_horizon_ms[case.rank], case.rest()
    policy = STRATEGIES[name][0]
    if not rest.venues:
        why = f"no venue takes a resting order of it: {rest.reason}"
        return Strategy(name=name, policy=policy, urgency=case.urgency, posts_only=True, reason=why)
    mix, venues = _mixed(case, rest, 0.0, given), case.rest_venues(rest)
    return case.answer(
        name,
        policy,
        mix.cost_bps,
        mix.shares.mean,
        venues,
        waiting_ms(rest, case.qty_1e8, given),
        posts_only=True,
        tail_bps=mix.tail_bps,
    )


def _ladder(case: Case, name: str, horizon_ms: int | None) -> Strategy:
    """Rest first, then chase what is left."""
    table, rank = case.parameters, case.rank
    resting, chasing = table.ladder_passive_ms[rank], table.chase_horizon_ms[rank]
    if horizon_ms is not None:
        resting = horizon_ms * resting // (resting + chasing)
    rest = case.rest()
    mix = _mixed(case, rest, 0.0, resting)
    f = mix.shares.mean
    filled = f + (1.0 - f) * completion(case.picture, case.swept)
    places = sorted({*case.rest_venues(rest), *case.leg_venues()})
    time_ms = waiting_ms(rest, case.qty_1e8, resting) + (1.0 - f) * round_trip_ms(
        case.picture, case.swept
    )
    return case.answer(
        name, "passive_ladder", mix.cost_bps, filled, places, time_ms, tail_bps=mix.tail_bps
    )


def _drip(case: Case, name: str, horizon_ms: int | None) -> Strategy:
    """Slices along a line: what crosses pays the touch of a slice, what fills at rest the maker.

    The law's impact is for going on, no more than all at once walks: books that show the whole
    are not moved further by parts of it. The last tenth of the line is chased.
    """
    table, rank, seen = case.parameters, case.rank, case.picture
    given = horizon_ms or table.drip_horizon_ms[rank]
    count = max(1, given // table.drip_interval_ms[rank])
    slice_qty, tail_qty = max(1, case.qty_1e8 // count), max(1, round(case.qty_1e8 * CHASED))
    walk, last = seen.averages([slice_qty])[0], seen.averages([tail_qty])[0]
    assert walk is not None, "a slice of what is visible is visible"
    assert last is not None, "a tenth of what is visible is visible"
    law = impact_bps(seen, case.qty_1e8, case.priors)
    impact = case.priors.impact_average * case.walk_bps if law is None else law
    impact = min(impact, case.walk_bps)
    rest = rest_plan(seen, slice_qty, rank, table, case.priors)
    crossed = _crossed(case, chance(rest, slice_qty, table.drip_interval_ms[rank] / MS), count)
    along = (1.0 - crossed) * rest.filled_bps + crossed * walk
    cost = (1.0 - CHASED) * along + CHASED * last + impact * (1.0 - 1.0 / count)
    filled = completion(seen, case.swept)
    places = sorted({*case.rest_venues(rest), *case.leg_venues()})
    swept = seen.sweep(max(tail_qty, seen.lot_1e8))
    chase_ms = _chase_ms(case, swept) if swept.legs else 0.0
    time_ms = given - CHASED * given + min(chase_ms, CHASED * given)
    return case.answer(name, "time_drip", cost, filled, places, time_ms)


def _crossed(case: Case, fills: float, count: int) -> float:
    """The share of a drip's slices that is crossed, each with `fills` to fill in a round at rest.

    A round crosses with all that is behind the line where the spread is at most its rule's part of
    the usual one, as often as of late; and once the line is too far ahead in any case.
    """
    table, rank = case.parameters, case.rank
    often = case.picture.tape.spread_share(table.drip_spread_pct[rank])
    rounds = count * table.drip_behind_pct[rank] // 100
    left = crossed = 1.0
    if rounds:
        crossed = 0.0
    for _ in range(rounds):
        crossed += left * often
        left *= (1.0 - often) * (1.0 - fills)
    return crossed + left if rounds else 1.0


def _split(case: Case, name: str, horizon_ms: int | None) -> Strategy:
    """Part taken now, part posted: the share with the least cost plus risk of the same model."""
    given = horizon_ms or case.parameters.passive_horizon_ms[case.rank]
    weight = case.priors.risk_aversion[case.rank]
    risk = case.picture.sigma_bps * sqrt(given * S_PER_MS / 3.0)
    rest = case.rest()
    best: tuple[float, float, Mix] | None = None
    for share in SHARES:
        mix = _mixed(case, rest, share, given)
        total = mix.cost_bps + weight * hypot(risk * (1.0 - share), mix.tail_bps / P90)
        if best is None or total < best[0]:
            best = total, share, mix
    assert best is not None, "there are shares to choose from"
    _, share, mix = best
    time_ms = waiting_ms(rest, case.qty_1e8 - round(case.qty_1e8 * share), given)
    filled = share * completion(case.picture, case.swept) + (1.0 - share) * mix.shares.mean
    places = sorted({*case.rest_venues(rest), *case.leg_venues()})
    return case.answer(
        name,
        "split",
        mix.cost_bps,
        filled,
        places,
        max(time_ms, float(round_trip_ms(case.picture, case.swept))),
        taken_share=share,
        tail_bps=mix.tail_bps,
    )


def _mixed(case: Case, rest: RestPlan, share: float, horizon_ms: int) -> Mix:
    """Taking `share` now and posting the rest, in bps of the whole."""
    seen, qty, now = case.picture, case.qty_1e8, 0.0
    horizon_s = horizon_ms * S_PER_MS
    taken = round(qty * share)
    posted = qty - taken
    shares = fill_shares(rest.odds, posted, horizon_s) if rest.venues else Shares()
    if taken:
        first = seen.averages([taken])[0]
        assert first is not None, "part of what is visible is visible"
        now = first
    drift = case.priors.cleanup_drift * seen.sigma_bps * sqrt(horizon_s)

    def cost(filled: float) -> float:
        left = seen.averages([max(1, round(posted * (1.0 - filled)))])[0]
        assert left is not None, "part of what is visible is visible"
        resting = filled * rest.filled_bps + (1.0 - filled) * (left + drift)
        return share * now + (1.0 - share) * resting

    expected, bad = cost(shares.mean), cost(shares.least)
    return Mix(expected, max(0.0, bad - expected), shares)


def waiting_ms(rest: RestPlan, qty_1e8: int, horizon_ms: int) -> float:
    """Expected time until a part of the plan has filled or its horizon ends."""
    horizon_s = horizon_ms * S_PER_MS
    return MS * mean_time_s(rest.odds, qty_1e8, horizon_s) if rest.venues else float(horizon_ms)


def chance(rest: RestPlan, qty_1e8: int, horizon_s: float) -> float:
    """The chance that a part of the plan fills whole; none where nothing can rest."""
    return fill_chance(rest.odds, qty_1e8, horizon_s) if rest.venues else 0.0


STRATEGIES: Final[dict[str, tuple[str, bool, Callable[[Case, str, int | None], Strategy]]]] = {
    "aggressive": ("sor", False, _sweep),
    "passive": ("passive_limit", True, _passive),
    "split": ("split", False, _split),
    "sor": ("sor", False, _sweep),
    "ioc_sweep": ("ioc_sweep", False, _one_wave),
    "passive_limit": ("passive_limit", True, _passive),
    "iceberg": ("iceberg", True, _passive),
    "aggressive_chase": ("aggressive_chase", False, _chase),
    "passive_ladder": ("passive_ladder", False, _ladder),
    "time_drip": ("time_drip", False, _drip),
}
