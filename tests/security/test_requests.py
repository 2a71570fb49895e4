"""Hostile HTTP: smuggling shapes, odd paths and headers, slow and many peers, bombs."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from engine.service.rest import application, reading
from engine.service.rest.limits import BODY_BYTES_MAX
from tests.security.probing import Direct, Records, check_answer
from tests.support.rest_world import BUY, RestWorld, rest_world, with_rest

OK = b"HTTP/1.1 200"


class Wire:
    """Bytes to the server and back, nothing in between."""

    def __init__(self, world: RestWorld) -> None:
        self.world = world
        self.host = world.service.url.removeprefix("http://")
        name, _, port = self.host.partition(":")
        self.address = (name, int(port))

    def head(self, method: str, path: str, *lines: str, raw: str | None = None) -> bytes:
        """A request's head; `raw` "" sends no key."""
        key = self.world.raw if raw is None else raw
        auth = [f"Authorization: Bearer {key}"] if key else []
        text = [f"{method} {path} HTTP/1.1", f"Host: {self.host}", *auth, *lines, "", ""]
        return "\r\n".join(text).encode("latin-1")

    async def send(self, data: bytes, seconds: float = 5.0) -> bytes:
        """All that comes back until the server closes, or nothing more comes."""
        reader, writer = await asyncio.open_connection(*self.address)
        writer.write(data)
        found = b""
        try:
            async with asyncio.timeout(seconds):
                while part := await reader.read(65_536):
                    found += part
        except (TimeoutError, ConnectionResetError):
            pass
        finally:
            writer.close()
        return found


def check_bytes(answer: bytes) -> None:
    """Refused or answered, but nothing of ours broke and nothing of ours is told."""
    for line in answer.split(b"\r\n"):
        if line.startswith(b"HTTP/1."):
            assert line[9:12] != b"500", answer[:600]
    assert b"Traceback" not in answer
    assert b".py" not in answer


def on_wire(test: Callable[[RestWorld, Wire], Awaitable[None]]) -> None:
    """The test on a facade; nothing failed unexpectedly meanwhile."""

    async def main() -> None:
        async with rest_world() as world:
            await test(world, Wire(world))
            assert (await world.go("GET", "/v1/orders")).status == 200

    with Records.captured() as records:
        asyncio.run(main())
    ours = [line for line in records.failures if "execgraph" in line]
    assert not ours


CLOSE = "Connection: close"
SMUGGLING = {
    "two lengths": ("Content-Length: 3", "Content-Length: 30"),
    "length and chunks": ("Content-Length: 3", "Transfer-Encoding: chunked"),
    "negative length": ("Content-Length: -1",),
    "length with plus": ("Content-Length: +3",),
    "hexadecimal length": ("Content-Length: 0x3",),
    "list of lengths": ("Content-Length: 3, 3",),
    "huge length": ("Content-Length: 99999999999999999999",),
    "chunked twice": ("Transfer-Encoding: chunked, chunked",),
    "chunked and more": ("Transfer-Encoding: chunked, identity",),
    "unknown coding": ("Transfer-Encoding: xchunked",),
    "space before colon": ("Content-Length : 3",),
    "folded header": ("X-A: b\r\n c: d",),
    "bare line feed": ("X-A: b\nContent-Length: 30",),
    "NUL in a header": ("X-A: b\x00c",),
    "name with a space": ("X A: b",),
    "empty name": (": b",),
}


@pytest.mark.parametrize("shape", SMUGGLING)
def test_no_second_request_hides_in_the_first(shape: str) -> None:
    async def test(world: RestWorld, wire: Wire) -> None:
        inner = wire.head("POST", "/v1/sandbox/reset", CLOSE)
        kind = "Content-Type: application/json"
        data = wire.head("POST", "/v1/orders", kind, *SMUGGLING[shape]) + b"0\r\n\r\n" + inner
        answer = await wire.send(data, 0.3)
        check_bytes(answer)
        # Whatever came of the first, it was told to nobody as a success.
        assert OK not in answer, answer

    on_wire(test)


PATHS = (
    "/v1/orders/%00",
    "/v1/orders/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "/v1/../v1/orders",
    "/v1/./orders",
    "//v1/orders",
    "/v1//orders",
    "/v1/orders/",
    "/v1/orders;a=b",
    "/v1/orders%2f",
    "/V1/ORDERS",
    "/v1/orders/%",
    "/v1/orders/%zz",
    "/v1/orders/%ff%fe",
    "/v1/orders/%ed%a0%80",
    "/v1/orders/%0d%0aSet-Cookie:%20a=b",
    "/v1/orders/%3Cscript%3Ealert(1)%3C%2Fscript%3E",
    "/v1/orders/" + "a" * 6_000,
    "/v1/orders/" + "%41" * 2_000,
    "/" + "a/" * 3_000,
    "/v1/execution_graphs/%E2%80%AE/nodes/%F0%9F%98%80",
    "/v1/execution_graphs/'%20OR%201=1--",
    "/v1/traces?graph_id=%00",
    "/v1/traces?graph_id=%ff",
    "/v1/orders?symbol=%00%ff",
    "/v1/orders?cursor=%D9%A1%D9%A2",
    "/v1/quotes/%00",
    "/v1/markets?q=%ff%00",
    "*",
    "http://127.0.0.1/v1/orders",
    "v1/orders",
    "?",
    "/",
    "/v1/orders?" + "&".join(f"a{k}=b" for k in range(500)),
    "/v1/orders?limit=" + "9" * 5_000,
)


def test_odd_paths_are_refused_in_words() -> None:
    async def test(world: RestWorld, wire: Wire) -> None:
        for path in PATHS:
            for method in ("GET", "DELETE", "PATCH"):
                body = ("Content-Type: application/json", "Content-Length: 2")
                more = () if method == "GET" else body
                data = wire.head(method, path, CLOSE, *more) + (b"{}" if more else b"")
                answer = await wire.send(data)
                check_bytes(answer)
                status = answer[9:12]
                what = f"{method} {path[:80]}: {answer[:300]!r}"
                assert status in (b"400", b"404", b"405", b"422") or method == "GET", what
                head, _, rest = answer.partition(b"\r\n\r\n")
                assert b"Set-Cookie" not in head, what
                assert b"application/json" in head and b"nosniff" in head, what
                assert len(rest) < 4_000, what

    on_wire(test)


def test_bytes_that_are_no_text_in_a_path_are_refused() -> None:
    async def test(world: RestWorld, wire: Wire) -> None:
        for path in (
            "/v1/orders/\xff\xfe",
            "/v1/orders/\xed\xa0\x80",
            "/v1/execution_graphs/\xc3(",
            "/v1/orders?symbol=\xff",
            "/v1/traces?graph_id=\xff",
            "/v1/orders?\xff=1",
            "/v1/quotes/\xff",
            "/\xff",
        ):
            for method in ("GET", "DELETE"):
                answer = await wire.send(wire.head(method, path, CLOSE))
                check_bytes(answer)
                assert answer[9:12] in (b"400", b"404", b"405", b"422"), f"{path!r}: {answer!r}"

    on_wire(test)


HEADERS = (
    "X-Request-Id: a\x01b",
    "X-Request-Id: \xff\xfe",
    "X-Request-Id: " + "a" * 4_000,
    "X-Request-Id: <script>",
    "X-HTTP-Method-Override: DELETE",
    "X-HTTP-Method: DELETE",
    "X-Forwarded-For: 1.2.3.4",
    "X-Forwarded-Host: evil.example",
    "Forwarded: for=1.2.3.4;host=evil.example",
    "X-Original-URL: /v1/api_keys",
    "X-Rewrite-URL: /v1/api_keys",
    "Upgrade: websocket\r\nConnection: Upgrade",
    "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__",
    "Expect: 100-continue",
    "Expect: nonsense",
    "Accept: \xff",
    "Accept: application/json;int64=string;int64=number",
    "Cookie: a=\x7f",
    "Range: bytes=0-1",
    "If-None-Match: *",
    "Origin: null",
    "Origin: http://[",
    "Origin: http://evil.example",
    "Origin: \xff",
    "Idempotency-Key: \xff",
    "Content-Length: 5",
    "Content-Type: \xff",
)


def test_odd_headers_change_nothing() -> None:
    async def test(world: RestWorld, wire: Wire) -> None:
        made = await world.ok("POST", "/v1/orders", {**BUY, "price": 60_000, "venue": "binance"})
        path = f"/v1/execution_graphs/{made['graph_id']}"
        for header in HEADERS:
            lines = (header,) if "Connection" in header else (header, CLOSE)
            body = b"abcde" if "Content-Length" in header else b""
            answer = await wire.send(wire.head("GET", path, *lines) + body, 0.5)
            check_bytes(answer)
            assert b"Set-Cookie" not in answer and b"evil.example" not in answer
            assert answer[9:12] in (b"200", b"400", b"403", b"417", b"100"), (
                f"{header!r}: {answer!r}"
            )
            if header.startswith("Origin"):
                assert answer[9:12] in (b"400", b"403"), f"{header!r}: {answer!r}"
        assert (await world.ok("GET", path))["status"] == "active"

    on_wire(test)


@pytest.mark.parametrize(
    ("host", "right"),
    [
        ("127.0.0.1", True),
        ("LOCALHOST", True),
        ("evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("localhost:80:80", True),
        ("localhost@evil.example", False),
        ("\xff", False),
        ("", False),
    ],
)
def test_only_names_of_ours_are_answered(host: str, right: bool) -> None:
    async def test(world: RestWorld, wire: Wire) -> None:
        head = f"GET /v1/orders HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {world.raw}\r\n"
        answer = await wire.send(f"{head}{CLOSE}\r\n\r\n".encode("latin-1"))
        check_bytes(answer)
        assert answer.startswith(OK) == right, answer
        twice = f"{head}Host: evil.example\r\n{CLOSE}\r\n\r\n".encode("latin-1")
        check_bytes(await wire.send(twice))

    on_wire(test)


def test_methods_that_are_none_of_ours_do_nothing() -> None:
    async def test(world: RestWorld, wire: Wire) -> None:
        for method in ("OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get", "GETX", "G\x00T"):
            answer = await wire.send(wire.head(method, "/v1/orders", CLOSE))
            check_bytes(answer)
            assert OK not in answer, f"{method}: {answer!r}"
            # TRACE would send the key back.
            assert world.raw.encode() not in answer
            assert b"Access-Control" not in answer

    on_wire(test)


def test_bodies_that_unpack_into_more_are_refused_unread() -> None:
    async def test(world: RestWorld, wire: Wire) -> None:
        plain = b'{"symbol":"' + b"a" * 20_000_000
        for coding, data in (
            ("gzip", gzip.compress(plain)),
            ("deflate", zlib.compress(plain)),
            ("br", b"\x00" * 50),
            ("identity", b"{}"),
        ):
            headers = {"Content-Encoding": coding}
            answer = await world.go("POST", "/v1/orders", data=data, headers=headers)
            assert (answer.status, answer.code) == (415, "UNSUPPORTED_MEDIA_TYPE")
        # One chunk after the other has no length to refuse beforehand.
        kind = "Content-Type: application/json"
        head = wire.head("POST", "/v1/orders", kind, "Transfer-Encoding: chunked", CLOSE)
        chunk = b"8000\r\n" + b" " * 0x8000 + b"\r\n"
        answer = await wire.send(head + chunk * (BODY_BYTES_MAX // 0x8000 + 2) + b"0\r\n\r\n")
        assert b"413" in answer[:16], answer[:200]

    on_wire(test)


def test_a_slow_body_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "BODY_S", 0.1)

    async def test(world: RestWorld, wire: Wire) -> None:
        kind = "Content-Type: application/json"
        head = wire.head("POST", "/v1/orders", kind, "Content-Length: 100", CLOSE)
        answer = await wire.send(head + b'{"symbol":', 1.0)
        assert answer[9:12] == b"408", answer[:200]
        check_bytes(answer)

    on_wire(test)


def test_many_idle_connections_keep_nobody_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(application, "HEADER_S", 0.5)

    async def test(world: RestWorld, wire: Wire) -> None:
        lines = [await asyncio.open_connection(*wire.address) for _ in range(200)]
        try:
            for k, (_, writer) in enumerate(lines):
                if k % 2:
                    writer.write(b"POST /v1/orders HTTP/1.1\r\nHost: a\r\nX-Slow: ")
            assert (await world.go("POST", "/v1/orders", BUY)).status == 200
            async with asyncio.timeout(10):
                for reader, _ in lines:
                    with suppress(ConnectionResetError):
                        assert await reader.read() == b""
        finally:
            for _, writer in lines:
                writer.close()

    on_wire(test)


def test_a_socket_is_only_where_one_is_served() -> None:
    async def test(world: RestWorld) -> None:
        direct = Direct(world, world.raw)
        upgrade = {
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
            "Sec-WebSocket-Version": "13",
        }
        for path in ("/v1/orders", "/v1/kill_switch", "/v1/health/live"):
            answer = await direct.go("GET", path, headers=upgrade)
            assert answer.status == 200
            assert "Sec-WebSocket-Accept" not in answer.headers
        for path in ("/v1/stream", "/v1/ws/new_markets", "/v1/ws/market_resolved"):
            answer = await direct.go("GET", path)
            assert answer.status == 400
            check_answer(answer, path)
            evil = {**upgrade, "Origin": "http://evil.example"}
            assert (await direct.go("GET", path, headers=evil)).status == 403
            assert (await direct.go("GET", path, headers=upgrade, raw="wrong")).status == 401

    with_rest(test)
