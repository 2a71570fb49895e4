"""Parameters of the execution policies by urgency, as data, and the factory of policies."""

from __future__ import annotations

import msgspec

from engine.decisions.policies.ioc_sweep import IocSweepPolicy
from engine.decisions.policies.policy import Policy
from engine.decisions.policies.sor import SorPolicy
from engine.model.graph import Execution, Urgency
from engine.model.graph import Policy as PolicyName

__all__ = ["DEFAULT_PARAMETERS", "PolicyParameters", "make_policy"]

MS = 1_000_000


class PolicyParameters(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Times in milliseconds for urgency low, medium, high.

    `resweep` False makes `sor` a single sweep, as `execgraph replay` wants it.
    """

    sor_market_horizon_ms: tuple[int, int, int] = (30_000, 10_000, 3_000)
    sor_resweep_ms: tuple[int, int, int] = (1_000, 500, 250)
    ioc_sweep_horizon_ms: int = 3_000
    resweep: bool = True


DEFAULT_PARAMETERS = PolicyParameters()
_RANK = {Urgency.LOW: 0, Urgency.MEDIUM: 1, Urgency.HIGH: 2}


def make_policy(
    execution: Execution, *, limit: bool, parameters: PolicyParameters = DEFAULT_PARAMETERS
) -> Policy:
    """The policy of a node; `horizon_ms` replaces the table's horizon.

    Policies that this version does not execute are refused when the graph is submitted.
    """
    rank = _RANK[execution.urgency]
    given = execution.horizon_ms
    if execution.policy is PolicyName.IOC_SWEEP:
        horizon = given if given is not None else parameters.ioc_sweep_horizon_ms
        return IocSweepPolicy(horizon_ns=horizon * MS, tif=execution.tif)
    assert execution.policy is PolicyName.SOR, "other policies are refused at submit"
    if given is None and not limit:
        given = parameters.sor_market_horizon_ms[rank]
    return SorPolicy(
        horizon_ns=None if given is None else given * MS,
        resweep_ns=parameters.sor_resweep_ms[rank] * MS if parameters.resweep else None,
        tif=execution.tif,
        limit=limit,
    )
