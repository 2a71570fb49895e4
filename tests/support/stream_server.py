"""A stream over loopback: a real sandbox engine, a bare server around the socket, test clients."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from aiohttp import web

from engine.model.instruments import Environment
from engine.service.access.scopes import Caller, Scope
from engine.service.api_error import ApiError
from engine.service.config import EngineConfig, SandboxVenues
from engine.service.engine import ExecutionEngine
from engine.service.rest.stream.hub import Asks, Hub
from engine.service.rest.stream.lifecycle_socket import (
    new_markets_socket,
    resolved_markets_socket,
)
from engine.service.rest.stream.limits import StreamLimits
from engine.service.rest.stream.socket import stream_socket

__all__ = ["Client", "StreamWorld", "caller_of", "stream_world"]

WAIT_S = 10.0
PATHS: dict[str, Callable[[web.BaseRequest, Caller, Any], Awaitable[web.WebSocketResponse]]] = {
    "/v1/stream": stream_socket,
    "/v1/ws/new_markets": new_markets_socket,
    "/v1/ws/market_resolved": resolved_markets_socket,
}


def caller_of(client_id: str = "local", scopes: frozenset[Scope] | None = None) -> Caller:
    """A caller of the sandbox."""
    return Caller(
        key_id=f"key-{client_id}",
        client_id=client_id,
        environment=Environment.SANDBOX,
        scopes=frozenset(Scope) if scopes is None else scopes,
    )


class Client:
    """One test connection that waits for frames, never longer than ten seconds."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        self.ws = ws

    async def ask(self, **frame: Any) -> dict[str, Any]:
        """Send a frame; the next answer without a channel."""
        await self.ws.send_str(json.dumps(frame))
        while "channel" in (found := await self.next()):
            pass
        return found

    async def next(self) -> dict[str, Any]:
        """The next frame; AssertionError when the connection ends instead."""
        message = await self.ws.receive(WAIT_S)
        assert message.type is aiohttp.WSMsgType.TEXT, message
        found: dict[str, Any] = json.loads(message.data)
        return found

    async def until(self, wanted: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
        """Frames up to and with the first that is wanted."""
        frames = [await self.next()]
        while not wanted(frames[-1]):
            frames.append(await self.next())
        return frames

    async def ended(self) -> tuple[list[dict[str, Any]], int | None]:
        """Every frame up to the close, and its code."""
        frames = []
        while True:
            message = await self.ws.receive(WAIT_S)
            if message.type is not aiohttp.WSMsgType.TEXT:
                return frames, self.ws.close_code
            frames.append(json.loads(message.data))


class StreamWorld:
    """The engine, its hub, and a port to connect to."""

    def __init__(self, engine: ExecutionEngine, hub: Hub, port: int, session: Any) -> None:
        self.engine = engine
        self.hub = hub
        self.port = port
        self.session = session
        self.markets: Any = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def connect(self, client_id: str = "local", path: str = "/v1/stream") -> Client:
        """A connection as that client; the bearer is the client's name."""
        headers = {"Authorization": f"Bearer {client_id}"}
        return Client(await self.session.ws_connect(self.url + path, headers=headers))

    async def stall(self, *channels: str, client_id: str = "local") -> socket.socket:
        """A peer that subscribes and then never reads, with little room before it."""
        loop = asyncio.get_running_loop()
        peer = socket.socket()
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        peer.setblocking(False)
        await loop.sock_connect(peer, ("127.0.0.1", self.port))
        await loop.sock_sendall(
            peer,
            b"GET /v1/stream HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            b"Authorization: Bearer " + client_id.encode() + b"\r\n\r\n",
        )
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += await loop.sock_recv(peer, 1)
        text = json.dumps({"subscribe": channels}).encode()
        assert len(text) < 126
        # A mask of zeros leaves the text as it is.
        await loop.sock_sendall(peer, bytes((0x81, 0x80 | len(text), 0, 0, 0, 0)) + text)
        return peer

    async def buy(
        self, client_id: str = "local", symbol: str = "BTC-USD", qty: str = "0.01"
    ) -> str:
        """Buy at the market to the end; the graph's id."""
        order = {"symbol": symbol, "side": "buy", "qty": qty}
        run = await self.engine.submit(order, client_id=client_id)
        assert run.accepted, run.text
        await run.done(WAIT_S)
        return run.graph_id

    async def head(self) -> int:
        """The last durable sequence."""
        await self.engine.flush()
        return self.engine.journal_parts[0].last_seq


@asynccontextmanager
async def stream_world(
    limits: StreamLimits | None = None, quotes: Asks | None = None
) -> AsyncIterator[StreamWorld]:
    """An engine on instant venues with its stream served on loopback."""
    config = EngineConfig(venues=SandboxVenues(latency_scale=0))
    async with ExecutionEngine(config) as engine:
        await engine.ready()
        while engine.world.markets["BTC-USD"].mid_x2() is None:
            await asyncio.sleep(0.001)
        hub = Hub(engine, quotes, limits=limits)
        async with aiohttp.ClientSession() as session:
            world = StreamWorld(engine, hub, 0, session)

            async def handle(request: web.BaseRequest) -> web.StreamResponse:
                client_id = request.headers["Authorization"].removeprefix("Bearer ")
                try:
                    return await PATHS[request.path](request, caller_of(client_id), world)
                except ApiError as error:
                    return web.Response(status=error.code.status, text=str(error))

            server = web.Server(handle)
            listener = await asyncio.get_running_loop().create_server(server, "127.0.0.1", 0)
            world.port = listener.sockets[0].getsockname()[1]
            try:
                yield world
            finally:
                await session.close()
                await hub.stop()
                listener.close()
                await server.shutdown(1.0)
                await listener.wait_closed()
