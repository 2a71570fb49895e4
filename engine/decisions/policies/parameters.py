"""The table of execution policies by urgency, as data, and the factory that reads it.

Every triple is for urgency low, medium, high. Source of the numbers: the design's table of
policies and urgency; they are desk convention, to be refitted, and so can be set in the
configuration.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from engine.decisions.policies.aggressive_chase import AggressiveChasePolicy, ChaseRule
from engine.decisions.policies.iceberg import IcebergPolicy
from engine.decisions.policies.ioc_sweep import IocSweepPolicy
from engine.decisions.policies.paced import SLICES_MAX, PacedPolicy
from engine.decisions.policies.passive_ladder import PassiveLadderPolicy
from engine.decisions.policies.passive_limit import PassiveLimitPolicy
from engine.decisions.policies.pegging import PegRule
from engine.decisions.policies.policy import Policy
from engine.decisions.policies.schedules import ParticipationSchedule, Schedule, SliceSchedule
from engine.decisions.policies.sor import SorPolicy
from engine.decisions.policies.time_drip import DripRule, TimeDripPolicy
from engine.model.graph import Execution, Pacing, Urgency
from engine.model.graph import Policy as PolicyName
from engine.model.orders import TimeInForce

__all__ = ["DEFAULT_PARAMETERS", "PolicyParameters", "execution_faults", "make_policy"]

MS: Final = 1_000_000
BPS: Final = 10_000

Three = tuple[int, int, int]


class PolicyParameters(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Times in milliseconds, shares in percent, for urgency low, medium, high.

    `resweep` False makes `sor` a single sweep, as `execgraph replay` wants it. A `repeg_ticks` of
    0 never follows the touch. `repeg_check_ms` is how often a resting order looks at the touch,
    and how long it waits where the market does not say where to rest.
    """

    sor_market_horizon_ms: Three = (30_000, 10_000, 3_000)
    sor_resweep_ms: Three = (1_000, 500, 250)
    ioc_sweep_horizon_ms: int = 3_000
    resweep: bool = True
    passive_horizon_ms: Three = (600_000, 120_000, 30_000)
    post_inside: tuple[bool, bool, bool] = (False, False, True)
    post_venues_max: Three = (1, 2, 2)
    repeg_ticks: Three = (0, 2, 1)
    repeg_hold_ms: Three = (0, 2_000, 500)
    repeg_check_ms: Three = (1_000, 250, 100)
    post_retry_ms: int = 100
    post_tries_max: int = 10
    chase_horizon_ms: Three = (30_000, 10_000, 5_000)
    chase_period_ms: Three = (2_000, 1_000, 250)
    chase_step_bps: Three = (1, 2, 4)
    chase_step_event_ticks: Three = (1, 1, 2)
    ladder_passive_ms: Three = (300_000, 60_000, 10_000)
    drip_horizon_ms: Three = (600_000, 120_000, 15_000)
    drip_interval_ms: Three = (5_000, 2_000, 500)
    drip_spread_pct: Three = (50, 100, 200)
    drip_behind_pct: Three = (20, 10, 0)
    drip_child_pct: Three = (25, 50, 100)
    pov_horizon_ms: Three = (600_000, 120_000, 15_000)


DEFAULT_PARAMETERS: Final = PolicyParameters()
_RANK: Final = {Urgency.LOW: 0, Urgency.MEDIUM: 1, Urgency.HIGH: 2}
_POSTING: Final = (
    PolicyName.PASSIVE_LIMIT,
    PolicyName.PASSIVE_LADDER,
    PolicyName.TIME_DRIP,
    PolicyName.ICEBERG,
)


class _Terms(msgspec.Struct, frozen=True):
    execution: Execution
    parameters: PolicyParameters
    rank: int
    limit: bool
    event: bool

    def horizon_ns(self, table: Three) -> int:
        given = self.execution.horizon_ms
        return (table[self.rank] if given is None else given) * MS


def make_policy(
    execution: Execution,
    *,
    limit: bool,
    event: bool = False,
    parameters: PolicyParameters = DEFAULT_PARAMETERS,
) -> Policy:
    """The policy of a node; `horizon_ms` replaces the table's horizon.

    With `uniform` or `vwap` pacing that is the horizon of each slice, with `pov` that of the node
    (its slices keep the table's). A ladder keeps the table's proportion of its two parts.
    `limit` says that the node has a limit price, `event` that prices are probabilities, so that
    a chase steps in ticks.
    """
    pacing = execution.pacing
    terms = _Terms(execution, parameters, _RANK[execution.urgency], limit, event)
    if pacing is None:
        return _MAKERS[execution.policy](terms)
    inner = terms
    if pacing.pov is not None:
        plain = msgspec.structs.replace(execution, horizon_ms=None)
        inner = msgspec.structs.replace(terms, execution=plain)
    return PacedPolicy(
        schedule=_schedule(terms, pacing),
        make_inner=lambda: _MAKERS[execution.policy](inner),
    )


def execution_faults(
    execution: Execution,
    *,
    limit: bool,  # noqa: ARG001  # no policy of today needs or forbids a limit price
) -> list[tuple[str, str]]:
    """What contradicts itself in an execution: (path below it, sentence) for each fault."""
    faults: list[tuple[str, str]] = []
    policy, tif = execution.policy, execution.tif
    if policy in _POSTING and tif is not TimeInForce.GTC:
        sentence = f"{policy.value} rests orders and cannot be {tif.value}; use GTC, or ioc_sweep"
        faults.append(("tif", sentence))
    if execution.horizon_ms is not None and execution.horizon_ms < 1:
        faults.append(("horizon_ms", "horizon_ms must be at least 1"))
    display = execution.display_qty_1e8
    if display is not None:
        if policy is not PolicyName.ICEBERG:
            faults.append(("display_qty_1e8", "display_qty_1e8 needs policy iceberg"))
        if display <= 0:
            faults.append(("display_qty_1e8", "display_qty_1e8 must be positive"))
    if execution.pacing is not None:
        faults += _pacing_faults(execution.pacing, tif)
    return faults


def _pacing_faults(pacing: Pacing, tif: TimeInForce) -> list[tuple[str, str]]:
    faults: list[tuple[str, str]] = []
    given = [one for one in (pacing.uniform, pacing.vwap, pacing.pov) if one is not None]
    if len(given) != 1:
        faults.append(("pacing", "pacing needs exactly one of uniform, vwap and pov"))
    if tif is TimeInForce.FOK:
        faults.append(("tif", "FOK fills all at once and cannot be paced; use GTC or IOC"))
    for name, slices in (("uniform", pacing.uniform), ("vwap", pacing.vwap)):
        if slices is None:
            continue
        if not 1 <= slices.num_slices <= SLICES_MAX:
            sentence = f"num_slices must be from 1 to {SLICES_MAX}"
            faults.append((f"pacing.{name}.num_slices", sentence))
        if slices.interval_ms < 1:
            faults.append((f"pacing.{name}.interval_ms", "interval_ms must be at least 1"))
    if pacing.pov is not None:
        if not 1 <= pacing.pov.participation_bps <= BPS:
            sentence = f"participation_bps must be from 1 to {BPS}"
            faults.append(("pacing.pov.participation_bps", sentence))
        if pacing.pov.interval_ms < 1:
            faults.append(("pacing.pov.interval_ms", "interval_ms must be at least 1"))
    return faults


def _schedule(terms: _Terms, pacing: Pacing) -> Schedule:
    if pacing.pov is not None:
        return ParticipationSchedule(
            participation_bps=pacing.pov.participation_bps,
            interval_ns=pacing.pov.interval_ms * MS,
            horizon_ns=terms.horizon_ns(terms.parameters.pov_horizon_ms),
        )
    slices = pacing.uniform or pacing.vwap
    assert slices is not None, "validation wants one kind of pacing"
    return SliceSchedule(
        count=slices.num_slices,
        interval_ns=slices.interval_ms * MS,
        by_volume=pacing.vwap is not None,
    )


def _sor(terms: _Terms) -> Policy:
    parameters, given = terms.parameters, terms.execution.horizon_ms
    if given is None and not terms.limit:
        given = parameters.sor_market_horizon_ms[terms.rank]
    return SorPolicy(
        horizon_ns=None if given is None else given * MS,
        resweep_ns=parameters.sor_resweep_ms[terms.rank] * MS if parameters.resweep else None,
        tif=terms.execution.tif,
        limit=terms.limit,
    )


def _ioc_sweep(terms: _Terms) -> Policy:
    table = terms.parameters.ioc_sweep_horizon_ms
    horizon_ns = terms.horizon_ns((table, table, table))
    return IocSweepPolicy(horizon_ns=horizon_ns, tif=terms.execution.tif)


def _passive_limit(terms: _Terms) -> Policy:
    horizon_ns = terms.horizon_ns(terms.parameters.passive_horizon_ms)
    return PassiveLimitPolicy(horizon_ns=horizon_ns, rule=_peg_rule(terms))


def _iceberg(terms: _Terms) -> Policy:
    return IcebergPolicy(
        horizon_ns=terms.horizon_ns(terms.parameters.passive_horizon_ms),
        rule=_peg_rule(terms),
        display_qty_1e8=terms.execution.display_qty_1e8,
    )


def _chase(terms: _Terms) -> Policy:
    return AggressiveChasePolicy(
        horizon_ns=terms.horizon_ns(terms.parameters.chase_horizon_ms),
        rule=_chase_rule(terms),
        tif=terms.execution.tif,
    )


def _ladder(terms: _Terms) -> Policy:
    passive_ns = terms.parameters.ladder_passive_ms[terms.rank] * MS
    chase_ns = terms.parameters.chase_horizon_ms[terms.rank] * MS
    if terms.execution.horizon_ms is not None:
        given_ns = terms.execution.horizon_ms * MS
        passive_ns = given_ns * passive_ns // (passive_ns + chase_ns)
        chase_ns = given_ns - passive_ns
    return PassiveLadderPolicy(
        passive_horizon_ns=passive_ns,
        chase_horizon_ns=chase_ns,
        peg_rule=_peg_rule(terms),
        chase_rule=_chase_rule(terms),
    )


def _drip(terms: _Terms) -> Policy:
    parameters, rank = terms.parameters, terms.rank
    rule = DripRule(
        interval_ns=parameters.drip_interval_ms[rank] * MS,
        spread_pct=parameters.drip_spread_pct[rank],
        behind_pct=parameters.drip_behind_pct[rank],
        child_pct=parameters.drip_child_pct[rank],
    )
    return TimeDripPolicy(
        horizon_ns=terms.horizon_ns(parameters.drip_horizon_ms),
        rule=rule,
        peg_rule=_peg_rule(terms),
        chase_rule=_chase_rule(terms),
    )


_MAKERS: Final[dict[PolicyName, Callable[[_Terms], Policy]]] = {
    PolicyName.SOR: _sor,
    PolicyName.IOC_SWEEP: _ioc_sweep,
    PolicyName.PASSIVE_LIMIT: _passive_limit,
    PolicyName.ICEBERG: _iceberg,
    PolicyName.AGGRESSIVE_CHASE: _chase,
    PolicyName.PASSIVE_LADDER: _ladder,
    PolicyName.TIME_DRIP: _drip,
}


def _peg_rule(terms: _Terms) -> PegRule:
    parameters, rank = terms.parameters, terms.rank
    return PegRule(
        inside=parameters.post_inside[rank],
        away_ticks=parameters.repeg_ticks[rank],
        hold_ns=parameters.repeg_hold_ms[rank] * MS,
        check_ns=parameters.repeg_check_ms[rank] * MS,
        venues_max=parameters.post_venues_max[rank],
        retry_ns=parameters.post_retry_ms * MS,
        tries_max=parameters.post_tries_max,
    )


def _chase_rule(terms: _Terms) -> ChaseRule:
    parameters, rank = terms.parameters, terms.rank
    return ChaseRule(
        period_ns=parameters.chase_period_ms[rank] * MS,
        step_bps=0 if terms.event else parameters.chase_step_bps[rank],
        step_ticks=parameters.chase_step_event_ticks[rank] if terms.event else 1,
    )
