"""A running facade and a client of one key, inside a test's own event loop."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import ClientSession

from engine.service.access.scopes import Scope
from engine.service.config import EngineConfig, RestConfig, SandboxVenues
from engine.service.rest.service import RestService

__all__ = ["Answer", "RestWorld", "rest_world", "with_rest"]

ALL = frozenset({Scope.ADMIN})
BUY = {"symbol": "BTC-USD", "side": "buy", "qty": 0.01}
# Far from the market: it rests until it is cancelled.
RESTING = {"symbol": "BTC-USD", "side": "buy", "qty": 0.01, "price": 60_000, "venue": "binance"}


class Answer:
    """Status, headers, and the body as JSON where it is JSON."""

    def __init__(self, status: int, headers: Mapping[str, str], text: str) -> None:
        self.status = status
        self.headers = headers
        self.text = text

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def code(self) -> str:
        """The error code of a refusal."""
        return str(self.json["error"]["code"])

    @property
    def message(self) -> str:
        return str(self.json["error"]["message"])


class RestWorld:
    """The service, and requests of its first key (or of another that `key` made)."""

    def __init__(self, service: RestService, session: ClientSession) -> None:
        self.service = service
        self.session = session
        self.raw = self.key()

    def key(
        self,
        scopes: frozenset[Scope] = ALL,
        client: str | None = None,
        *,
        sandbox: bool = True,
    ) -> str:
        """A new raw key."""
        return self.service.desk.keys.create("test", sandbox, scopes, client)[1]

    async def go(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
        data: bytes | None = None,
    ) -> Answer:
        """One request; `key` "" sends none."""
        raw = self.raw if key is None else key
        sent = {"Authorization": f"Bearer {raw}"} if raw else {}
        if body is not None:
            data = json.dumps(body).encode()
        if data is not None:
            sent["Content-Type"] = "application/json"
        sent |= headers or {}
        url = self.service.url + path
        async with self.session.request(method, url, data=data, headers=sent) as answer:
            return Answer(answer.status, answer.headers, await answer.text())

    async def ok(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        """The JSON of a request that must succeed."""
        answer = await self.go(method, path, body, **more)
        assert answer.status == 200, f"{method} {path}: {answer.status} {answer.text}"
        return answer.json

    async def until(self, path: str, holds: Callable[[Any], bool], **more: Any) -> Any:
        """Ask again until the answer holds; fails after ten seconds."""
        for _ in range(500):
            found = await self.ok("GET", path, **more)
            if holds(found):
                return found
            await asyncio.sleep(0.02)
        raise AssertionError(f"{path} never came to it: {found}")

    async def done(self, graph_id: str) -> Any:
        """The graph at its end."""
        ended = ("completed", "cancelled", "failed")
        path = f"/v1/execution_graphs/{graph_id}"
        return await self.until(path, lambda graph: graph["status"] in ended)


@asynccontextmanager
async def rest_world(
    data_dir: Path | None = None, *, latency_scale: float = 0.0, **rest: Any
) -> AsyncIterator[RestWorld]:
    """A facade on the sandbox, on a free port."""
    config = EngineConfig(
        venues=SandboxVenues(latency_scale=latency_scale),
        data_dir=None if data_dir is None else str(data_dir),
        rest=RestConfig(port=0, **rest),
    )
    async with RestService(config) as service, ClientSession() as session:
        yield RestWorld(service, session)


def with_rest(test: Callable[[RestWorld], Awaitable[None]], **options: Any) -> None:
    """Run a test's coroutine on a facade of its own."""

    async def main() -> None:
        async with rest_world(**options) as world:
            await test(world)

    asyncio.run(main())
