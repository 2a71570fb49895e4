"""The server itself: slow and broken peers, sizes, and an orderly end."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest
from aiohttp import web

from engine.service.rest import application
from engine.service.rest.application import RestServer


async def hello(request: web.BaseRequest) -> web.StreamResponse:
    body = await request.read()
    return web.Response(body=b"%d" % len(body))


async def raw(server: RestServer, data: bytes) -> bytes:
    """Everything that comes back until the server closes, at most five seconds."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(data)
    try:
        async with asyncio.timeout(5):
            return await reader.read()
    finally:
        writer.close()


def on_server(test: object) -> None:
    async def main() -> None:
        server = RestServer(hello, "127.0.0.1", 0)
        await server.start()
        try:
            await test(server)  # type: ignore[operator]  # the test's own coroutine
        finally:
            await server.stop()

    asyncio.run(main())


def test_requests_are_answered_on_a_free_port() -> None:
    async def test(server: RestServer) -> None:
        assert server.port > 0
        sent = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc"
        answer = await raw(server, sent)
        assert answer.startswith(b"HTTP/1.1 200")
        assert answer.endswith(b"3")

    on_server(test)


@pytest.mark.parametrize(
    "data",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nBad Header: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 20_000 + b"\r\n\r\n",
        b"GET /" + b"y" * 20_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"".join(b"X%d: y\r\n" % k for k in range(200)) + b"\r\n",
    ],
)
def test_what_is_no_request_gets_the_envelope_and_is_cut_off(data: bytes) -> None:
    async def test(server: RestServer) -> None:
        answer = await raw(server, data)
        assert answer[:13] in (b"HTTP/1.0 400 ", b"HTTP/1.1 400 ")
        assert b'"code":"BAD_REQUEST"' in answer
        assert b"Traceback" not in answer

    on_server(test)


@pytest.mark.parametrize("data", [b"", b"GET / HTTP/1.1\r\nHost:"])
def test_who_never_finishes_asking_is_dropped(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(application, "HEADER_S", 0.05)

    async def test(server: RestServer) -> None:
        with suppress(ConnectionResetError):
            assert await raw(server, data) == b""

    on_server(test)


def test_a_second_request_on_the_same_connection_has_its_own_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(application, "HEADER_S", 0.3)

    async def test(server: RestServer) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        for _ in range(4):
            writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            async with asyncio.timeout(5):
                assert b"200" in await reader.readuntil(b"\r\n")
                await reader.readuntil(b"\r\n\r\n")
                await reader.readexactly(1)
            await asyncio.sleep(0.1)
        writer.close()

    on_server(test)


def test_a_taken_port_is_an_os_error() -> None:
    async def test(server: RestServer) -> None:
        with pytest.raises(OSError, match="in use"):
            await RestServer(hello, "127.0.0.1", server.port).start()

    on_server(test)


def test_stopping_without_having_started_is_nothing() -> None:
    asyncio.run(RestServer(hello, "127.0.0.1", 0).stop())
