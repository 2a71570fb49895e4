"""A server of canned answers on loopback, which keeps what it was asked."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec
from aiohttp import web

__all__ = ["Answer", "Asked", "Stub", "stub", "stub_in_thread"]

Socket = Callable[[web.WebSocketResponse], Awaitable[None]]


class Answer(NamedTuple):
    """One canned answer; `drop` closes the connection instead."""

    status: int = 200
    body: object = None
    headers: Mapping[str, str] = MappingProxyType({})
    drop: bool = False


class Asked(NamedTuple):
    """One request as it arrived."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)


class Stub:
    """Gives `answers` in turn, the last one for ever; sockets are led by `socket`."""

    def __init__(self, answers: Sequence[Answer] = (), socket: Socket | None = None) -> None:
        self.answers = list(answers) or [Answer()]
        self.socket = socket
        self.asked: list[Asked] = []
        self.url = ""

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.asked.append(Asked(request.method, request.raw_path, headers, body))
        if headers.get("upgrade") and self.socket is not None:
            socket = web.WebSocketResponse()
            await socket.prepare(request)
            await self.socket(socket)
            await socket.close()
            return socket
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer.drop:
            assert request.transport is not None
            request.transport.abort()
            await asyncio.sleep(0)
        raw = answer.body if isinstance(answer.body, bytes) else msgspec.json.encode(answer.body)
        return web.Response(status=answer.status, body=raw, headers=answer.headers)


@contextlib.asynccontextmanager
async def stub(*answers: Answer, socket: Socket | None = None) -> AsyncIterator[Stub]:
    """A running stub on the loop that is running."""
    made = Stub(answers, socket)
    runner = web.ServerRunner(web.Server(made.handle))
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield made
    finally:
        await runner.cleanup()


@contextlib.contextmanager
def stub_in_thread(*answers: Answer, socket: Socket | None = None) -> Iterator[Stub]:
    """A running stub on a loop of its own, for clients that block."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    context = stub(*answers, socket=socket)
    try:
        yield asyncio.run_coroutine_threadsafe(context.__aenter__(), loop).result()
    finally:
        leaving = context.__aexit__(None, None, None)
        asyncio.run_coroutine_threadsafe(leaving, loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
