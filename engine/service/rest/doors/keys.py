"""Doors of a client's own API keys, and of the tickets that open its streams."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from engine.model.instruments import Environment
from engine.model.wire import Wire
from engine.service.access.key_rows import LABEL_MAX
from engine.service.access.keys import KeyInfo
from engine.service.access.scopes import DEFAULT_SCOPES, Caller, Scope
from engine.service.access.tickets import TICKET_MS
from engine.service.api_error import ApiError, ErrorCode
from engine.service.rest.call import Call
from engine.service.rest.door import Door

__all__ = ["DOORS"]

DAY_NS: Final = 86_400 * 1_000_000_000


class NewKey(Wire, frozen=True, kw_only=True):
    """What a key is to be. No scopes means read and trade, which implies cancel and kill."""

    label: Annotated[str, Meta(max_length=LABEL_MAX)] = ""
    sandbox: bool = True
    scopes: Annotated[tuple[Scope, ...], Meta(min_length=1, max_length=len(Scope))] | None = None
    expires_in_days: Annotated[int, Meta(ge=1, le=3_650)] | None = None
    compact_ids: bool = False


class CreatedKey(KeyInfo, frozen=True, kw_only=True):
    """A new key; `api_key` is shown here and never again."""

    api_key: str


class RotatedKey(CreatedKey, frozen=True, kw_only=True):
    """The successor of a key, which itself still works until `old_expires_ns`."""

    old_key_id: str
    old_expires_ns: int


class KeyList(msgspec.Struct, frozen=True):
    """A client's keys, newest first."""

    api_keys: tuple[KeyInfo, ...]
    total: int


class Ticket(msgspec.Struct, frozen=True):
    """Opens one stream, once, as `?ticket=`."""

    ticket: str
    expires_in_ms: int


async def create_key(call: Call, query: None, body: NewKey) -> CreatedKey:
    """Make an API key; its text is in this answer and nowhere else."""
    caller = call.caller
    scopes = DEFAULT_SCOPES if body.scopes is None else frozenset(body.scopes)
    check_powers(caller, Environment.SANDBOX if body.sandbox else Environment.LIVE, scopes)
    expires_ns = None
    if body.expires_in_days is not None:
        expires_ns = time.time_ns() + body.expires_in_days * DAY_NS
    info, raw = await asyncio.to_thread(
        call.desk.keys.create,
        body.label,
        body.sandbox,
        scopes,
        caller.client_id,
        expires_ns=expires_ns,
        compact_ids=body.compact_ids,
    )
    return CreatedKey(**msgspec.structs.asdict(info), api_key=raw)


async def list_keys(call: Call, query: None, body: None) -> KeyList:
    """The client's API keys, newest first, without their text; a sandbox key sees sandbox keys."""
    caller = call.caller
    only = None if caller.environment is Environment.LIVE else caller.environment
    infos = await asyncio.to_thread(call.desk.keys.list, caller.client_id, only)
    return KeyList(infos, len(infos))


async def rotate_key(call: Call, query: None, body: None) -> RotatedKey:
    """Make the successor of a key; both work for 24 hours."""
    info = await own_key(call)
    check_powers(call.caller, info.environment, frozenset(info.scopes))
    keys, client_id = call.desk.keys, call.caller.client_id
    new, raw = await asyncio.to_thread(keys.rotate, info.key_id, client_id)
    old = keys.find(info.key_id, client_id)
    assert old.expires_ns is not None, "a rotated key has an end"
    return RotatedKey(
        **msgspec.structs.asdict(new),
        api_key=raw,
        old_key_id=old.key_id,
        old_expires_ns=old.expires_ns,
    )


async def revoke_key(call: Call, query: None, body: None) -> KeyInfo:
    """End a key at once."""
    info = await own_key(call)
    return await asyncio.to_thread(call.desk.keys.revoke, info.key_id, call.caller.client_id)


async def stream_ticket(call: Call, query: None, body: None) -> Ticket:
    """A ticket that opens one stream within 30 seconds, for clients that can send no header."""
    return Ticket(call.desk.tickets.issue(call.caller), TICKET_MS)


async def own_key(call: Call) -> KeyInfo:
    """The key of the path, if this client and environment reach it; else as if there were none."""
    caller = call.caller
    info = await asyncio.to_thread(call.desk.keys.find, call.path["key_id"], caller.client_id)
    # A sandbox key that rotated a live one would hold a live one.
    if not may_reach(caller, info.environment):
        raise ApiError(ErrorCode.NOT_FOUND, "there is no such key; list the keys there are")
    return info


def may_reach(caller: Caller, environment: Environment) -> bool:
    """A live key may manage sandbox keys, never the other way round."""
    return caller.environment is Environment.LIVE or environment is Environment.SANDBOX


def check_powers(caller: Caller, environment: Environment, scopes: frozenset[Scope]) -> None:
    """ApiError FORBIDDEN where a key would hand out more than it has."""
    if not may_reach(caller, environment):
        text = "a sandbox key makes sandbox keys only; set 'sandbox' to true, or use a live key"
        raise ApiError(ErrorCode.FORBIDDEN, text, details=[("sandbox", text)])
    missing = ", ".join(each.value for each in Scope if each in scopes and not caller.may(each))
    if missing:
        text = f"this key lacks {missing} itself and cannot give it; leave it out"
        raise ApiError(ErrorCode.FORBIDDEN, text, details=[("scopes", text)])


DOORS: tuple[Door, ...] = (
    Door("POST", "/v1/api_keys", Scope.ADMIN, create_key, shown_once=True),
    Door("GET", "/v1/api_keys", Scope.READ, list_keys),
    Door("POST", "/v1/api_keys/{key_id}/rotate", Scope.ADMIN, rotate_key, shown_once=True),
    Door("DELETE", "/v1/api_keys/{key_id}", Scope.ADMIN, revoke_key),
    Door("GET", "/v1/ws/ticket", Scope.READ, stream_ticket),
)
