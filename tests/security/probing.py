"""What security tests share: a victim's data, requests without sockets, and a strict reader."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from unittest import mock
from urllib.parse import quote

import msgspec
from aiohttp import StreamReader, web
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from engine.service.access.scopes import Scope
from engine.service.rest.door import Door, path_names
from engine.service.rest.errors import ErrorEnvelope
from engine.service.rest.limits import BODY_BYTES_MAX
from tests.support.rest_world import Answer, RestWorld

__all__ = [
    "HIDDEN",
    "TRADER",
    "Direct",
    "Records",
    "Victim",
    "check_answer",
    "filled_path",
    "parameters",
    "victim_of",
]

# Stands in everything a victim does; no answer to anyone else may hold it.
HIDDEN = "victimsecret"
TRADER = frozenset({Scope.READ, Scope.TRADE, Scope.CREDENTIALS})
envelope = msgspec.json.Decoder(ErrorEnvelope).decode


class Victim(msgspec.Struct):
    """One client with something of everything, by ids that its neighbours come to know."""

    raw: str
    key_id: str
    graph_id: str
    order_id: str

    def names(self) -> dict[str, str]:
        """Values for the parameters of paths and queries that lead to this client's things."""
        return {
            "node_order_id": self.order_id,
            "graph_id": self.graph_id,
            "node_id": "rest",
            "key_id": self.key_id,
            "order_id": self.order_id,
            "id": self.graph_id,
        }


async def victim_of(
    world: RestWorld, client: str = f"{HIDDEN}-ltd", graph_id: str = "known1"
) -> Victim:
    """A client with a working order, fills, a position, credentials and keys."""
    scopes = frozenset({Scope.ADMIN})
    info, raw = world.service.desk.keys.create(f"{HIDDEN} label", True, scopes, client)
    rest = {
        "node_id": "rest",
        "instrument": {"symbol": "BTC-USD", "venue": "binance"},
        "side": "buy",
        "order_type": {"limit": {"price_1e9": 60_000 * 10**9}},
        "quantity": {"fixed": {"qty_1e8": 7_654_000}},
    }
    take = {
        "node_id": "take",
        "instrument": {"symbol": "ETH-USD"},
        "side": "buy",
        "quantity": {"fixed": {"qty_1e8": 12_345_600}},
    }
    graph = {"graph_id": graph_id, "nodes": [rest, take], "metadata": {"note": HIDDEN}}
    await world.ok("POST", "/v1/orders", graph, key=raw)
    path = f"/v1/execution_graphs/{graph_id}"
    found = await world.until(
        path,
        lambda one: (
            one["nodes"]["rest"]["working_qty_1e8"] > 0
            and one["nodes"]["take"]["filled_qty_1e8"] > 0
        ),
        key=raw,
    )
    secret = {"api_key": f"{HIDDEN}-key-0001", "api_secret": f"{HIDDEN}-secret"}
    await world.ok("PUT", "/v1/credentials/kraken", secret, key=raw)
    return Victim(raw, info.key_id, graph_id, found["nodes"]["rest"]["node_order_id"])


def filled_path(door: Door, names: Mapping[str, str]) -> str:
    """The door's path with these values for its parts."""
    path = door.path
    for name in path_names(door.path):
        value = names.get(name, {"venue": "binance", "symbol": "BTC-USD"}.get(name, "unknown"))
        path = path.replace(f"{{{name}}}", quote(value, safe=""))
    return path


def check_answer(answer: Answer, what: str) -> None:
    """An answer of the facade: never a failure of ours, and the envelope where it refuses."""
    assert answer.status != 500, f"{what}: {answer.text[:500]}"
    assert "Traceback" not in answer.text and 'File "' not in answer.text, what
    assert answer.headers["X-Content-Type-Options"] == "nosniff", what
    if answer.status >= 400:
        assert answer.headers["Content-Type"] == "application/json", what
        found = envelope(answer.text.encode()).error
        assert found.message and found.code.status == answer.status, f"{what}: {answer.text}"
        assert found.request_id == answer.headers["X-Request-Id"], what
        assert len(answer.text) < 16_000, f"{what}: a refusal of {len(answer.text)} characters"


class Direct:
    """Requests straight into the dispatcher: everything but the reading of HTTP is real."""

    def __init__(self, world: RestWorld, raw: str) -> None:
        assert world.service._server is not None
        self.handle = world.service._server.handle
        self.raw = raw
        self.host = world.service.url.removeprefix("http://")

    async def go(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        *,
        raw: str | None = None,
    ) -> Answer:
        """One request."""
        given = CIMultiDict({"Host": self.host, "Content-Type": "application/json"})
        key = self.raw if raw is None else raw
        if key:
            given["Authorization"] = f"Bearer {key}"
        given.update(headers or {})
        loop = asyncio.get_running_loop()
        payload = StreamReader(mock.Mock(), 2**16, loop=loop)
        payload.feed_data(body)
        payload.feed_eof()
        request = make_mocked_request(
            method, path, given, payload=payload, client_max_size=BODY_BYTES_MAX
        )
        response = await self.handle(request)
        assert isinstance(response, web.Response)
        sent = response.body
        assert isinstance(sent, bytes)
        return Answer(response.status, response.headers, sent.decode())


class Records(logging.Handler):
    """Every record of every logger, formatted as a file would have it."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))
        self.lines: list[str] = []
        self.failures: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """One line, with its trace where there is one."""
        line = self.format(record)
        self.lines.append(line)
        if record.exc_info or record.levelno >= logging.ERROR:
            self.failures.append(line)

    @classmethod
    @contextmanager
    def captured(cls, level: int = logging.DEBUG) -> Iterator[Records]:
        """All loggers at a level, within."""
        records, root = cls(), logging.getLogger()
        before = root.level
        root.addHandler(records)
        root.setLevel(level)
        try:
            yield records
        finally:
            root.removeHandler(records)
            root.setLevel(before)


def parameters(door: Door) -> list[str]:
    """Names of the door's query parameters."""
    kind = door.query_type
    if kind is None or kind is dict or not hasattr(kind, "__struct_fields__"):
        return []
    return [field.encode_name for field in msgspec.structs.fields(kind)]
