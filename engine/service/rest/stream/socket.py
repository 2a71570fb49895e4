"""`GET /v1/stream`: one socket for every topic, by frames of the client."""

from __future__ import annotations

import asyncio
import logging
from typing import Protocol

from aiohttp import web

from engine.service.access.scopes import Caller
from engine.service.api_error import ApiError
from engine.service.rest.stream.frames import read
from engine.service.rest.stream.hub import Hub
from engine.service.rest.stream.order_pump import Resume
from engine.service.rest.stream.reader import Reader, error_frame
from engine.service.rest.stream.session import Session, opened

__all__ = ["HasHub", "stream_socket"]

log = logging.getLogger("execgraph.stream")


class HasHub(Protocol):
    """A stack of services, as far as the stream needs it."""

    @property
    def hub(self) -> Hub: ...


async def stream_socket(
    request: web.BaseRequest, caller: Caller, stack: HasHub
) -> web.WebSocketResponse:
    """Serve one connection until it ends.

    ApiError before the upgrade: for what is no handshake, and when too many streams are open.
    """
    hub = stack.hub
    reader = hub.admit(caller)
    talk = Conversation(hub, reader)
    try:
        ws = await opened(request, hub.limits)
        await Session(ws, request, reader).run(talk.hear)
    finally:
        await talk.end()
        hub.leave(reader)
    return ws


class Pace:
    """A token bucket that makes its user wait: `burst` at once, then `rate` a second."""

    __slots__ = ("_burst", "_full_at", "_rate")

    def __init__(self, rate: float, burst: int) -> None:
        self._rate = rate
        self._burst = burst
        self._full_at = 0.0

    def wait_s(self, now_s: float) -> float:
        """Take one; how long to wait first."""
        self._full_at = max(self._full_at, now_s) + 1 / self._rate
        return max(0.0, self._full_at - now_s - self._burst / self._rate)


class Conversation:
    """Answers the frames of one client, one at a time; a replay runs beside them.

    Who sends more frames than the pace allows is read more slowly.
    """

    def __init__(self, hub: Hub, reader: Reader) -> None:
        self.hub = hub
        self.reader = reader
        self._replay: asyncio.Task[None] | None = None
        self._pace = Pace(hub.limits.frames_per_s, hub.limits.frames_burst)

    async def hear(self, text: str) -> None:
        """One frame of the client; a fault is answered, and the connection goes on."""
        wait_s = self._pace.wait_s(asyncio.get_running_loop().time())
        if wait_s:
            await asyncio.sleep(wait_s)
        try:
            resume = await self.hub.handle(self.reader, read(text))
        except ApiError as error:
            self.reader.push(error_frame(error.code.value, str(error)))
            return
        if resume is not None:
            self._replay = asyncio.create_task(self._run(resume), name="stream replay")

    async def end(self) -> None:
        """Let the replay go."""
        if self._replay is not None:
            self._replay.cancel()
            await asyncio.gather(self._replay, return_exceptions=True)

    async def _run(self, resume: Resume) -> None:
        try:
            await self.hub.orders.replay(self.reader, resume)
        except Exception as error:
            # A replay that breaks leaves a gap, and the reader must know.
            log.exception("a replay failed")
            self.reader.fail(f"the replay failed: {error}")
