"""The kill switch with its scopes and receipt, and cancelling everything on one venue."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from engine.model.risk import KillScope
from engine.model.wire import Wire
from engine.service.access.scopes import Scope
from engine.service.api_error import ApiError, ErrorCode
from engine.service.commands import KillReceipt
from engine.service.rest.call import Call
from engine.service.rest.door import Door
from engine.service.venue_cancel import cancel_venue

__all__ = ["DOORS"]


class KillSwitch(Wire, frozen=True, kw_only=True):
    """Engage or clear. Without `active` it engages and leaves open orders, as the published
    client expects; `active: true` cancels them too; `cancel_open_orders` overrides either.

    `scope` is the caller's own client unless given: `desk` needs the admin scope.
    """

    active: bool | None = None
    reason: Annotated[str, Meta(max_length=1_024)] | None = None
    scope: KillScope | None = None
    key: Annotated[str, Meta(max_length=128)] = ""
    cancel_open_orders: bool | None = None


class KillState(msgspec.Struct, frozen=True, kw_only=True):
    """The switch after a request, and what engaging it did.

    Cancelled, open and unknown orders are child orders at venues; `orders` are the
    `node_order_id` of all of them, as `/v1/orders` and `/v1/venue_cancel_all` name them.
    `recovering_graphs` of an earlier run still wait for their venues' lists: they stop as they
    come back, and until then their orders are unknown.
    """

    active: bool
    reason: str
    scope: KillScope
    key: str
    cancelled_orders: list[str]
    open_orders: list[str]
    unknown_orders: list[str]
    residual_exposure_1e8: dict[str, int]
    quiet_ms: int | None
    warning: str
    orders: list[str]
    recovering_graphs: int


class SwitchView(msgspec.Struct, frozen=True):
    """One switch that is on."""

    scope: KillScope
    key: str
    reason: str


class KillStates(msgspec.Struct, frozen=True):
    """Every switch that bars this client now."""

    active: bool
    switches: list[SwitchView]


class VenueCancelled(msgspec.Struct, frozen=True, kw_only=True):
    """What cancelling on a venue did; `status` says whether anything is left."""

    venue: str
    status: Literal["cancelled", "pending"]
    cancelled_orders: list[str]
    open_orders: list[str]


async def set_kill_switch(call: Call, query: None, body: KillSwitch | None) -> KillState:
    """Stop new orders, and unless told otherwise cancel open ones; or clear the switch."""
    given = body or KillSwitch()
    scope, key = scope_of(call, given)
    if given.active is False:
        if not call.caller.may(Scope.ADMIN):
            raise ApiError(ErrorCode.FORBIDDEN, "clearing the kill switch needs the admin scope")
        return await cleared(call, scope, key)
    cancel = given.cancel_open_orders
    if cancel is None:
        cancel = given.active is True
    reason = given.reason or "engaged by the client"
    receipt = await call.stack.engine.halt(reason, scope=scope, key=key, cancel_open=cancel)
    return state_of(receipt)


async def clear_kill_switch(call: Call, query: None, body: KillSwitch | None) -> KillState:
    """Clear the kill switch; graphs that it froze stay paused until they are resumed."""
    return await cleared(call, *scope_of(call, body or KillSwitch()))


async def get_kill_switch(call: Call, query: None, body: None) -> KillStates:
    """The switches that bar this client now."""
    engine = call.stack.engine
    await engine.flush()
    switches = [
        SwitchView(scope, key, reason)
        for scope, key, reason in engine.queries.halts(engine.environment)
        if scope is not KillScope.CLIENT or key == call.client_id
    ]
    return KillStates(bool(switches), switches)


async def cancel_on_venue(call: Call, query: None, body: None) -> VenueCancelled:
    """Cancel every order of yours that has anything open on one venue."""
    venue, engine = call.path["venue"], call.stack.engine
    if venue not in engine.world.trades:
        known = ", ".join(sorted(engine.world.trades))
        raise ApiError(ErrorCode.NOT_FOUND, f"there is no venue {venue[:50]!r}; use one of {known}")
    done, left = await cancel_venue(engine, venue, call.client_id)
    return VenueCancelled(
        venue=venue,
        status="pending" if left else "cancelled",
        cancelled_orders=list(done),
        open_orders=list(left),
    )


def scope_of(call: Call, given: KillSwitch) -> tuple[KillScope, str]:
    """The scope and key asked for; ApiError 403 beyond what the caller's key may stop."""
    if given.scope is None or (given.scope is KillScope.CLIENT and not given.key):
        return KillScope.CLIENT, call.client_id
    own = given.scope is KillScope.CLIENT and given.key == call.client_id
    if not own and not call.caller.may(Scope.ADMIN):
        text = f"the scope {given.scope.value!r} concerns other clients; it needs the admin scope"
        raise ApiError(ErrorCode.FORBIDDEN, text)
    if given.scope is KillScope.CLIENT and not own and not is_client(call, given.key):
        text = f"there is no client {given.key[:50]!r}: it has no key, and never had an order"
        raise ApiError(ErrorCode.NOT_FOUND, text)
    return given.scope, given.key


def is_client(call: Call, client_id: str) -> bool:
    """Whether the client has a key here, ever had an order, or is halted already."""
    engine, environment = call.stack.engine, call.stack.engine.environment
    if client_id == engine.config.client_id or call.desk.keys.list(client_id, environment):
        return True
    if engine.queries.account(client_id, environment) is not None:
        return True
    halts = engine.queries.halts(environment)
    return any(one[:2] == (KillScope.CLIENT, client_id) for one in halts)


async def cleared(call: Call, scope: KillScope, key: str) -> KillState:
    """Clear and say so."""
    await call.stack.engine.resume_trading(scope=scope, key=key)
    return KillState(
        active=False,
        reason="",
        scope=scope,
        key=key,
        cancelled_orders=[],
        open_orders=[],
        unknown_orders=[],
        residual_exposure_1e8={},
        quiet_ms=None,
        warning="",
        orders=[],
        recovering_graphs=0,
    )


def state_of(receipt: KillReceipt) -> KillState:
    """The receipt as the wire has it."""
    return KillState(
        active=True,
        reason=receipt.reason,
        scope=receipt.scope,
        key=receipt.key,
        cancelled_orders=list(receipt.cancelled_orders),
        open_orders=list(receipt.open_orders),
        unknown_orders=list(receipt.unknown_orders),
        residual_exposure_1e8=receipt.residual_exposure,
        quiet_ms=receipt.quiet_ms,
        warning=receipt.warning,
        orders=list(receipt.orders),
        recovering_graphs=receipt.recovering,
    )


DOORS = (
    Door("GET", "/v1/kill_switch", Scope.READ, get_kill_switch),
    Door("POST", "/v1/kill_switch", Scope.KILL, set_kill_switch),
    Door("PUT", "/v1/kill_switch", Scope.KILL, set_kill_switch),
    Door("POST", "/v1/kill_switch/clear", Scope.ADMIN, clear_kill_switch),
    Door("POST", "/v1/venue_cancel_all/{venue}", Scope.CANCEL, cancel_on_venue),
)
