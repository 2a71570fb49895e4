"""Every door of the facade, in one table."""

from __future__ import annotations

from functools import cache

from engine.service.rest.docs_page import documentation_doors
from engine.service.rest.door import Door
from engine.service.rest.doors import (
    analytics,
    automation,
    batches,
    credentials,
    execution,
    fills,
    graphs,
    health,
    intelligence_views,
    keys,
    kill,
    market,
    markets,
    orders,
    portfolio,
    sandbox,
    scenarios,
    streams,
)

__all__ = ["all_doors"]

MODULES = (
    orders,
    batches,
    graphs,
    fills,
    kill,
    execution,
    scenarios,
    analytics,
    market,
    intelligence_views,
    markets,
    portfolio,
    sandbox,
    keys,
    credentials,
    streams,
    health,
    automation,
)


@cache
def all_doors() -> tuple[Door, ...]:
    """In the order of the documentation, which comes last and describes the others."""
    doors = tuple(door for module in MODULES for door in module.DOORS)
    return (*doors, *documentation_doors(doors))
