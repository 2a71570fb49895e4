"""`/v1/ws/new_markets` and `/v1/ws/market_resolved`: bare events, the last ones first.

Nothing is subscribed and no envelope is put around: a frame is an event.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from aiohttp import web

from engine.service.access.scopes import Caller
from engine.service.api_error import ErrorCode
from engine.service.rest.stream.frames import encoded, framed
from engine.service.rest.stream.hub import Hub
from engine.service.rest.stream.reader import Reader, error_frame
from engine.service.rest.stream.session import Session, opened

__all__ = ["HasLifecycle", "new_markets_socket", "resolved_markets_socket"]

RECENT_MAX = 128


class Ring(Protocol):
    """The last events and those to come; see `EventRing` of the markets service."""

    def recent(self) -> Sequence[Any]: ...

    def subscribe(self, receive: Callable[[Any], None]) -> Callable[[], None]: ...


class LifecycleRings(Protocol):
    """Both kinds of events."""

    @property
    def new_markets(self) -> Ring: ...

    @property
    def resolved(self) -> Ring: ...


class HasRings(Protocol):
    """The markets service, as far as it is needed here."""

    @property
    def lifecycle(self) -> LifecycleRings: ...


class HasLifecycle(Protocol):
    """A stack of services, as far as these sockets need it."""

    @property
    def hub(self) -> Hub: ...

    @property
    def markets(self) -> HasRings: ...


async def new_markets_socket(
    request: web.BaseRequest, caller: Caller, stack: HasLifecycle
) -> web.WebSocketResponse:
    """Each prediction market as it is minted, as a row of `/v1/markets`."""
    return await _serve(request, caller, stack.hub, stack.markets.lifecycle.new_markets)


async def resolved_markets_socket(
    request: web.BaseRequest, caller: Caller, stack: HasLifecycle
) -> web.WebSocketResponse:
    """Each prediction market as it resolves."""
    return await _serve(request, caller, stack.hub, stack.markets.lifecycle.resolved)


async def _serve(
    request: web.BaseRequest, caller: Caller, hub: Hub, ring: Ring
) -> web.WebSocketResponse:
    reader = hub.admit(caller)
    unsubscribe: Callable[[], None] = _nothing
    try:
        ws = await opened(request, hub.limits)
        # No turn of the loop between the two: nothing is missed and nothing comes twice.
        for event in ring.recent()[-RECENT_MAX:]:
            _send(reader, event)
        unsubscribe = ring.subscribe(lambda event: _send(reader, event))

        async def hear(_text: str) -> None:
            sentence = "this socket takes no frames; it sends every event by itself"
            reader.push(error_frame(ErrorCode.BAD_REQUEST.value, sentence))

        await Session(ws, request, reader).run(hear)
    finally:
        unsubscribe()
        hub.leave(reader)
    return ws


def _send(reader: Reader, event: object) -> None:
    reader.push(framed(encoded(event)))


def _nothing() -> None:
    """Nothing was subscribed yet."""
