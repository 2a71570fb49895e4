"""Simulations in seeded markets as they run, and what was learned of venues."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from engine.model.wire import Wire
from engine.service.access.scopes import Scope
from engine.service.intelligence.observation_views import ObservationsView
from engine.service.rest.call import Call
from engine.service.rest.door import Door
from engine.service.scenario.views import SimulationJob

__all__ = ["DOORS"]


class ObservationsQuery(Wire, frozen=True, kw_only=True):
    """One symbol."""

    symbol: Annotated[str, Meta(min_length=1, max_length=128)]


async def simulation_job(call: Call, query: None, body: None) -> SimulationJob:
    """How far a simulation in seeded markets has come, and what its runs gave."""
    return call.stack.intelligence.scenarios.view(call.client_id, call.path["job_id"])


async def observations(call: Call, query: ObservationsQuery, body: None) -> ObservationsView:
    """What was learned of an instrument's venues: latency, refusals, fades, markouts, fills."""
    return await call.stack.intelligence.observations(query.symbol)


DOORS = (
    Door("GET", "/v1/execution/simulate/jobs/{job_id}", Scope.READ, simulation_job),
    Door("GET", "/v1/execution/observations", Scope.READ, observations),
)
