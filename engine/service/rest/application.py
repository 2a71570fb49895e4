"""The HTTP server: aiohttp's low-level one over the dispatcher, with its patience bounded."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from engine.service.api_error import ApiError, ErrorCode
from engine.service.rest.answers import error_sent, response_of
from engine.service.rest.limits import (
    BODY_BYTES_MAX,
    HEADER_BYTES_MAX,
    HEADER_S,
    HEADERS_MAX,
    KEEPALIVE_S,
    LINE_BYTES_MAX,
)
from engine.service.rest.reading import fresh_id

__all__ = ["RestServer"]

STOP_S = 10.0
Handle = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
quiet = logging.getLogger("execgraph.http")


class RestServer:
    """Listens on one address. `port` 0 takes a free one; `port` tells which after `start`."""

    def __init__(self, handle: Handle, host: str, port: int) -> None:
        self.handle = handle
        self.host = host
        self.port = port
        self.server: web.Server | None = None
        self.listener: asyncio.Server | None = None

    async def start(self) -> None:
        """Accept requests from now on; OSError where the address is not to be had."""
        loop = asyncio.get_running_loop()
        server = self.server = PatientServer(
            self.handle,
            request_factory=make_request,
            keepalive_timeout=KEEPALIVE_S,
            max_line_size=LINE_BYTES_MAX,
            max_field_size=HEADER_BYTES_MAX,
            max_headers=HEADERS_MAX,
            # A small body can be a very large one compressed.
            auto_decompress=False,
            access_log=None,
            logger=quiet,
        )
        self.listener = await loop.create_server(server, self.host, self.port)
        self.port = self.listener.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """No new connection, what is being answered comes to its end, then all are closed."""
        if self.listener is None or self.server is None:
            return
        self.listener.close()
        self.server.pre_shutdown()
        await self.server.shutdown(STOP_S)
        await self.listener.wait_closed()


class PatientServer(web.Server):
    """Makes connections that do not wait for ever."""

    def __call__(self) -> web.RequestHandler:
        return Connection(self, loop=asyncio.get_running_loop(), **self._kwargs)


class Connection(web.RequestHandler):
    """One connection: its headers come within a bounded time, or it is dropped."""

    __slots__ = ("_deadline",)

    def __init__(self, manager: web.Server, **options: Any) -> None:
        super().__init__(manager, **options)
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for a first request, not for ever."""
        super().connection_made(transport)
        self._await_request()

    def data_received(self, data: bytes) -> None:
        """Part of a request, or all of it."""
        super().data_received(data)
        waits = not self._messages and self._current_request is None
        if waits and self._deadline is None:
            self._await_request()
        elif not waits and self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def connection_lost(self, exc: BaseException | None) -> None:
        """Nobody is there to wait for."""
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        super().connection_lost(exc)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """What is no HTTP gets the same envelope as any other refusal, and nothing of ours."""
        self.close()
        code = ErrorCode.BAD_REQUEST if status < 500 else ErrorCode.INTERNAL_ERROR
        text = "this is no HTTP request that can be read" if status < 500 else "something failed"
        request_id = fresh_id()
        return response_of(error_sent(ApiError(code, text), request_id), request_id)

    def _await_request(self) -> None:
        loop = asyncio.get_running_loop()
        self._deadline = loop.call_later(HEADER_S, self._too_slow)

    def _too_slow(self) -> None:
        self._deadline = None
        if self.transport is not None:
            self.transport.abort()


def make_request(
    message: Any, payload: Any, protocol: Any, writer: Any, task: Any
) -> web.BaseRequest:
    """A request whose body is bounded."""
    return web.BaseRequest(
        message,
        payload,
        protocol,
        writer,
        task,
        asyncio.get_running_loop(),
        client_max_size=BODY_BYTES_MAX,
    )
