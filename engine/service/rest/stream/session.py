"""One WebSocket connection at work: its frames out, the client's in, and an end within bounds."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable

from aiohttp import WSMsgType, web

from engine.service.api_error import ApiError, ErrorCode
from engine.service.rest.stream.limits import StreamLimits
from engine.service.rest.stream.reader import Reader, error_frame

__all__ = ["Session", "opened"]

log = logging.getLogger("execgraph.stream")

OnText = Callable[[str], Awaitable[None]]


class Session:
    """Writes whole batches of frames straight to the transport, which holds little itself.

    Frames are shared by all readers and need no work here. A peer that does not take a batch in
    `write_timeout_s` is cut off; whatever happens, the connection is gone `close_timeout_s` later.
    """

    def __init__(self, ws: web.WebSocketResponse, request: web.BaseRequest, reader: Reader) -> None:
        self.ws = ws
        self.request = request
        self.reader = reader
        self.limits = reader.limits
        self._draining: asyncio.Task[None] | None = None

    async def run(self, on_text: OnText) -> None:
        """Until the peer leaves or the reader is over; `on_text` answers the client's frames."""
        receiving = asyncio.create_task(self._receive(on_text), name="stream receive")
        writing = asyncio.create_task(self._write(), name="stream write")
        ending = asyncio.create_task(self.reader.over.wait(), name="stream end")
        tasks = (receiving, writing, ending)
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for task in tasks:
                error = None if task.cancelled() else task.exception()
                if error is not None and not isinstance(error, ConnectionError):
                    log.error("a stream connection failed", exc_info=error)
                    self.reader.fail("the connection failed; connect again")
            await self._close()
            if self._draining is not None:
                self._draining.cancel()
                await asyncio.gather(self._draining, return_exceptions=True)

    async def _receive(self, on_text: OnText) -> None:
        async for message in self.ws:
            if message.type is WSMsgType.TEXT:
                await on_text(message.data)
            else:
                self.reader.push(error_frame(ErrorCode.BAD_REQUEST, "frames are JSON text"))

    async def _write(self) -> None:
        reader, request = self.reader, self.request
        while True:
            await reader.wait()
            transport = request.transport
            if reader.ending is not None or transport is None or transport.is_closing():
                return
            transport.write(reader.take())
            if request.protocol.writing_paused and not await self._drained():
                reader.cut_off("this reader took nothing for too long and was cut off")
                return

    async def _drained(self) -> bool:
        """Whether the peer took what the transport held, in time."""
        # Never cancelled while it waits: the library's next drain would be cancelled with it.
        task = self._draining = asyncio.create_task(self.request.writer.drain())
        await asyncio.wait((task,), timeout=self.limits.write_timeout_s)
        return task.done()

    async def _close(self) -> None:
        """Say why, then close; a peer that does not answer is dropped."""
        ending, transport = self.reader.ending, self.request.transport
        if transport is None:
            return
        try:
            if ending is not None and not self.ws.closed and not transport.is_closing():
                if ending.last_frame:
                    transport.write(ending.last_frame)
                # The library's own wait for the peer's answer ends a little earlier.
                async with asyncio.timeout(self.limits.close_timeout_s * 1.5):
                    await self.ws.close(code=ending.code, message=ending.reason.encode())
        except (TimeoutError, ConnectionError) as error:
            log.debug("a stream peer did not answer the close: %r", error)
        finally:
            if transport.get_write_buffer_size():
                transport.abort()


async def opened(request: web.BaseRequest, limits: StreamLimits) -> web.WebSocketResponse:
    """The upgraded connection; ApiError for a request that is no WebSocket handshake."""
    ws = web.WebSocketResponse(
        timeout=limits.close_timeout_s,
        heartbeat=limits.heartbeat_s,
        max_msg_size=limits.frame_bytes,
        # Frames are shared: compressing them anew for each reader would cost more than it saves.
        compress=False,
    )
    if not ws.can_prepare(request).ok:
        text = "this path is a WebSocket; connect with an upgrade"
        raise ApiError(ErrorCode.BAD_REQUEST, text)
    await ws.prepare(request)
    transport = request.transport
    if transport is not None:
        transport.set_write_buffer_limits(high=limits.transport_bytes)
        peer = transport.get_extra_info("socket")
        if peer is not None and limits.socket_bytes is not None:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, limits.socket_bytes)
    return ws
