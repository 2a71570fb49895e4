"""Positions in one envelope, the older filtered views of it, the account and its limits."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from engine.model.wire import Wire
from engine.service.access.scopes import Scope
from engine.service.api_error import ApiError, ErrorCode
from engine.service.portfolio.accounting import Kind
from engine.service.portfolio.views import (
    AccountView,
    Positions,
    RiskLimitsView,
    Summary,
    SyncReport,
)
from engine.service.rest.call import Call
from engine.service.rest.door import Door

__all__ = ["DOORS", "PositionQuery"]

MONEY = frozenset((Kind.FIAT, Kind.CRYPTO))


class PositionQuery(Wire, frozen=True, kw_only=True):
    """Lists are separated by commas; what is left out lets everything through."""

    venues: Annotated[str, Meta(max_length=1_024)] | None = None
    kinds: Annotated[str, Meta(max_length=128)] | None = None
    include_closed: bool = False


async def list_positions(call: Call, query: PositionQuery, body: None) -> Positions:
    """List what you hold at every venue, with prices, P&L and totals in USD."""
    return await call.stack.portfolio.positions(
        call.client_id,
        venues=listed(query.venues),
        kinds=kinds_of(query.kinds),
        include_closed=query.include_closed,
    )


async def list_balances(call: Call, query: None, body: None) -> Positions:
    """List fiat and crypto balances (deprecated: positions with kinds=fiat,crypto)."""
    return await call.stack.portfolio.positions(call.client_id, kinds=MONEY)


async def list_perps(call: Call, query: None, body: None) -> Positions:
    """List perp positions (deprecated: positions with kinds=perp)."""
    return await call.stack.portfolio.positions(call.client_id, kinds=(Kind.PERP,))


async def portfolio_summary(call: Call, query: None, body: None) -> Summary:
    """The totals of everything that you hold (deprecated: the totals of positions)."""
    return await call.stack.portfolio.summary(call.client_id)


async def sync_positions(call: Call, query: None, body: None) -> SyncReport:
    """Compare the recorded positions with the venues, and answer what differs."""
    return await call.stack.portfolio.sync(call.client_id)


async def show_account(call: Call, query: None, body: None) -> AccountView:
    """Who this key belongs to, what it may do, and how much there is of the account."""
    caller = call.caller
    scopes = sorted(scope.value for scope in caller.scopes)
    return await call.stack.portfolio.account(caller.client_id, key_id=caller.key_id, scopes=scopes)


async def show_risk_limits(call: Call, query: None, body: None) -> RiskLimitsView:
    """Limits of the account and the engine, kill switches in force, and how much is used."""
    return await call.stack.portfolio.risk_limits(call.client_id)


def listed(text: str | None) -> frozenset[str] | None:
    """The names of a list, lower case; None for no list."""
    names = frozenset(name.strip().lower() for name in (text or "").split(",")) - {""}
    return names or None


def kinds_of(text: str | None) -> frozenset[Kind] | None:
    """The kinds of a list; ApiError for a name that is none."""
    names = listed(text)
    if names is None:
        return None
    unknown = sorted(names.difference(Kind))
    if unknown:
        sentence = f"{unknown[0]!r:.80} is no kind; there are {', '.join(Kind)}"
        raise ApiError(ErrorCode.VALIDATION_ERROR, sentence, [("kinds", sentence)])
    return frozenset(Kind(name) for name in names)


DOORS = (
    Door("GET", "/v1/positions", Scope.READ, list_positions),
    Door("GET", "/v1/positions/unified", Scope.READ, list_positions),
    Door("GET", "/v1/portfolio/unified", Scope.READ, list_positions),
    Door("GET", "/v1/balances", Scope.READ, list_balances),
    Door("GET", "/v1/positions/perp", Scope.READ, list_perps),
    Door("GET", "/v1/portfolio/summary", Scope.READ, portfolio_summary),
    Door("POST", "/v1/positions/sync", Scope.READ, sync_positions),
    Door("GET", "/v1/account", Scope.READ, show_account),
    Door("GET", "/v1/risk_limits", Scope.READ, show_risk_limits),
)
