"""Hosted automation and account-wide analytics of the reference, which this server has none of."""

from __future__ import annotations

from typing import Any

from engine.service.access.scopes import Scope
from engine.service.api_error import ApiError, ErrorCode
from engine.service.rest.call import Call
from engine.service.rest.door import Door, Reply

__all__ = ["DOORS"]


async def no_automation(call: Call, query: dict[str, str], body: dict[str, Any] | None) -> Reply:
    """Hosted algos and strategies: not part of an embedded engine, always 501."""
    text = "hosted algos and strategies are not served here; embed the engine in your own process"
    raise ApiError(ErrorCode.NOT_IMPLEMENTED, text)


PATHS = (
    ("GET", "/v1/deployments"),
    ("POST", "/v1/deployments"),
    ("GET", "/v1/deployments/{id}"),
    ("DELETE", "/v1/deployments/{id}"),
    ("POST", "/v1/deployments/{id}/start"),
    ("POST", "/v1/deployments/{id}/stop"),
    ("GET", "/v1/deployments/{id}/logs"),
    ("GET", "/v1/deployments/{id}/mesh"),
    ("GET", "/v1/algos"),
    ("GET", "/v1/algos/{symbol}"),
    ("POST", "/v1/algos/{symbol}/start"),
    ("POST", "/v1/algos/{symbol}/stop"),
    ("GET", "/v1/algos/{symbol}/logs"),
    ("GET", "/v1/algos/{symbol}/stats"),
    ("GET", "/v1/strategies"),
    ("POST", "/v1/strategies"),
    ("GET", "/v1/strategies/{id}"),
    ("DELETE", "/v1/strategies/{id}"),
    ("POST", "/v1/strategies/{id}/start"),
    ("POST", "/v1/strategies/{id}/stop"),
    ("GET", "/v1/strategies/{id}/logs"),
)
DOORS = tuple(Door(method, path, Scope.READ, no_automation) for method, path in PATHS)
