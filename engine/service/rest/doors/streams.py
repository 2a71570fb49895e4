"""Sockets: the stream, and the two of prediction markets that come and go."""

from __future__ import annotations

from aiohttp import web

from engine.service.access.scopes import Scope
from engine.service.rest.call import Call
from engine.service.rest.door import Door
from engine.service.rest.stream.lifecycle_socket import (
    new_markets_socket,
    resolved_markets_socket,
)
from engine.service.rest.stream.socket import stream_socket

__all__ = ["DOORS"]


async def stream(request: web.BaseRequest, call: Call, body: None) -> web.StreamResponse:
    """Orders, fills, decisions and market data as they happen; see the topics in the README."""
    return await stream_socket(request, call.caller, call.stack)


async def new_markets(request: web.BaseRequest, call: Call, body: None) -> web.StreamResponse:
    """Each prediction market as it is minted, after the last 128."""
    return await new_markets_socket(request, call.caller, call.stack)


async def market_resolved(request: web.BaseRequest, call: Call, body: None) -> web.StreamResponse:
    """Each prediction market as it resolves, after the last 128."""
    return await resolved_markets_socket(request, call.caller, call.stack)


DOORS = (
    Door.of_socket("/v1/stream", Scope.READ, stream),
    Door.of_socket("/v1/ws/new_markets", Scope.READ, new_markets),
    Door.of_socket("/v1/ws/market_resolved", Scope.READ, market_resolved),
)
