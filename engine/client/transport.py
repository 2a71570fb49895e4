"""The way to the server: one pooled HTTP session, keys on every write, retries where safe."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar
from urllib.parse import urlsplit
from uuid import uuid4

import aiohttp
import msgspec

from engine.client.errors import NETWORK, UNREADABLE, ClientError, refusal
from engine.client.request import Request
from engine.client.retry import ATTEMPTS, wait_before_next

__all__ = ["BASE_URL", "Transport"]

T = TypeVar("T")
BASE_URL: Final = "http://127.0.0.1:8080"
TIMEOUT_S: Final = 30.0
CONNECTIONS_MAX: Final = 64
HEARTBEAT_S: Final = 20.0
FRAME_BYTES_MAX: Final = 4 * 1024 * 1024


class Transport:
    """Sends requests of one key to one server. `sleep` is replaced by tests.

    Used from one event loop only. Its text never shows the key.
    """

    def __init__(
        self,
        api_key: str,
        base_url: str = BASE_URL,
        *,
        timeout_s: float = TIMEOUT_S,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        parts = urlsplit(base_url)
        if parts.scheme not in ("http", "https") or not parts.netloc or parts.query:
            raise ValueError(f"base_url is like 'http://127.0.0.1:8080', not {base_url!r}")
        self.base_url = base_url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {api_key}", "Accept": "application/json"}
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._sleep = sleep
        self._session: aiohttp.ClientSession | None = None
        self._closed = False

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.base_url!r})"

    async def send(self, request: Request[T]) -> T:
        """The typed answer; ClientError when there is none.

        A write gets one idempotency key that all its attempts share, so it is done at most once.
        """
        headers = dict(self._headers)
        data: bytes | None = None
        if request.writes:
            headers["Idempotency-Key"] = str(uuid4())
            headers["Content-Type"] = "application/json"
            if request.body is not None:
                data = msgspec.json.encode(request.body)
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return await self._once(request, headers, data)
            except ClientError as error:
                keyed = "Idempotency-Key" in headers
                wait = wait_before_next(attempt, error, keyed=keyed, reads=not request.writes)
                if wait is None:
                    raise
            await self._sleep(wait)
        raise AssertionError("the last attempt returns or raises")

    async def socket(self, path: str) -> aiohttp.ClientWebSocketResponse:
        """An open websocket at `path`, authorised by the header; ClientError when refused."""
        address = self.base_url.replace("http", "ws", 1) + path
        try:
            return await self._open().ws_connect(
                address,
                headers=self._headers,
                heartbeat=HEARTBEAT_S,
                max_msg_size=FRAME_BYTES_MAX,
            )
        except aiohttp.WSServerHandshakeError as error:
            raise ClientError(error.status, "STREAM_REFUSED", error.message) from None
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise _unreachable(self.base_url, error) from None

    async def close(self) -> None:
        """Close all connections, for good."""
        self._closed = True
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _once(self, request: Request[T], headers: dict[str, str], data: bytes | None) -> T:
        try:
            async with self._open().request(
                request.method,
                self.base_url + request.target,
                headers=headers,
                data=data,
                # A redirect would carry the key to wherever it points.
                allow_redirects=False,
            ) as response:
                body = await response.read()
                status = response.status
                request_id = response.headers.get("X-Request-Id", "")
                retry_after = response.headers.get("Retry-After")
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise _unreachable(self.base_url, error) from None
        if not 200 <= status < 300:
            raise refusal(status, body, request_id, retry_after)
        try:
            return msgspec.json.decode(body or b"null", type=request.answer)
        except msgspec.MsgspecError as error:
            text = f"the answer of {request.method} {request.path} cannot be read: {error}"
            raise ClientError(status, UNREADABLE, text, request_id=request_id) from None

    def _open(self) -> aiohttp.ClientSession:
        if self._closed:
            raise RuntimeError("this client is closed; make a new one")
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=self._timeout,
                connector=aiohttp.TCPConnector(limit=CONNECTIONS_MAX),
                # No cookies, no proxy settings, no netrc of whoever runs it.
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
            )
        return self._session


def _unreachable(base: str, error: Exception) -> ClientError:
    # The operating system's word is enough; the library's has settings of its own in it.
    cause = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return ClientError(0, NETWORK, f"no answer from {base}: {cause}", retryable=True)
