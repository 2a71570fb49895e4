"""The sandbox account: put positions in place, reset, settings. Live keys have no way in."""

from __future__ import annotations

from engine.model.instruments import Environment
from engine.service.access.scopes import Scope
from engine.service.api_error import ApiError, ErrorCode
from engine.service.portfolio.board import Portfolio
from engine.service.portfolio.seeding import SeedRequest, SettingsRequest
from engine.service.portfolio.views import ResetReceipt, SandboxSettings, SeedReceipt
from engine.service.rest.call import Call
from engine.service.rest.door import Door

__all__ = ["DOORS"]


async def seed_positions(call: Call, query: None, body: SeedRequest) -> SeedReceipt:
    """Put positions in place by venue, kind and symbol; with replace, in place of everything."""
    return await sandbox_of(call).seed(call.client_id, body)


async def reset_sandbox(call: Call, query: None, body: None) -> ResetReceipt:
    """Wipe positions and P&L, and give every quote asset its default balance again."""
    return await sandbox_of(call).reset(call.client_id)


async def show_settings(call: Call, query: None, body: None) -> SandboxSettings:
    """How the sandbox runs, and what of it can be changed."""
    return sandbox_of(call).settings(call.client_id)


async def change_settings(call: Call, query: None, body: SettingsRequest) -> SandboxSettings:
    """Change what the next reset starts over with."""
    return sandbox_of(call).change_settings(call.client_id, body)


def sandbox_of(call: Call) -> Portfolio:
    """The sandbox's portfolio; ApiError 403 for a live key."""
    if call.caller.environment is not Environment.SANDBOX:
        text = "the sandbox takes sandbox keys only; use a seq_test_ key"
        raise ApiError(ErrorCode.FORBIDDEN, text)
    return call.stack.portfolio


DOORS = (
    Door("POST", "/v1/sandbox/positions", Scope.TRADE, seed_positions),
    Door("POST", "/v1/sandbox/reset", Scope.TRADE, reset_sandbox),
    Door("GET", "/v1/sandbox/settings", Scope.READ, show_settings),
    Door("PUT", "/v1/sandbox/settings", Scope.TRADE, change_settings),
)
