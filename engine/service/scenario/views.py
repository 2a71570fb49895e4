"""What a scenario job answers."""

from __future__ import annotations

import msgspec

from engine.service.scenario.result import StrategyRuns

__all__ = ["FlowSeen", "SimulationJob"]


class FlowSeen(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """How the others' trades on a venue were fitted; `source` is `tape`, or `none` without prints.

    Without prints nobody else trades there, and a resting order fills by moving prices alone.
    `buys_per_s` and `sells_per_s` are trades a second; `mean_size_1e8` is their mean quantity;
    `refill_s` is the time in which a taken touch comes back, in seconds; `latency_p50_ms` is the
    median time to the venue, one way; `levels` is how many levels of its book the markets start
    from.
    """

    venue: str
    source: str
    buys_per_s: float
    sells_per_s: float
    mean_size_1e8: int
    refill_s: float
    latency_p50_ms: float
    levels: int


class SimulationJob(msgspec.Struct, frozen=True, kw_only=True):
    """A simulation in seeded markets. `status` is running, done, failed or cancelled.

    `progress` runs from 0 to 1; strategies tell what the runs so far gave. The same market and
    `seed` give the same numbers. `dropped` names what the filters took out, with the filter. `runs`
    is how many markets each strategy is to be run in; `elapsed_ms` is how long it has worked.
    `method` is `simulated`.
    """

    job_id: str
    status: str
    progress: float
    symbol: str
    side: str
    qty: float
    qty_1e8: int
    urgency: str
    runs: int
    seed: int
    mid: float | None
    sigma_bps: float
    strategies: tuple[StrategyRuns, ...]
    dropped: dict[str, str]
    excluded_venues: tuple[str, ...]
    flow: tuple[FlowSeen, ...]
    as_of_ns: int
    elapsed_ms: int
    reason: str
    method: str = "simulated"
    model_version: str = "scenario-1"
