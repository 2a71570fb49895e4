"""Counters, log lines and the audit trail of requests."""

from __future__ import annotations

import json
import logging

import pytest

from engine.model.instruments import Environment
from engine.service.access.scopes import Caller, Scope
from engine.service.rest.answers import Sent
from engine.service.rest.call import Call
from engine.service.rest.door import Door
from engine.service.rest.requests_log import BUCKETS_S, DoorMeter, RequestLog

ALICE = Caller(
    key_id="k1", client_id="alice", environment=Environment.SANDBOX, scopes=frozenset(Scope)
)


async def act(call: Call, query: None, body: None) -> int:
    """Does something."""
    return 0


READ, WRITE = Door("GET", "/v1/a", Scope.READ, act), Door("POST", "/v1/a", Scope.TRADE, act)


class Trail:
    def __init__(self) -> None:
        self.rows: list[tuple[object, ...]] = []

    def request(self, *row: object) -> None:
        self.rows.append(row)


def test_only_writes_enter_the_trail() -> None:
    trail = Trail()
    log = RequestLog(trail)
    log.done(READ, "GET", "/v1/a", ALICE, "r1", Sent(200, b""), 1_000)
    log.done(WRITE, "POST", "/v1/a", ALICE, "r2", Sent(422, b"", graph_id="g"), 1_000)
    log.done(None, "GET", "/v1/b", None, "r3", Sent(404, b""), 1_000)
    assert trail.rows == [(ALICE, "POST", "/v1/a", "r2", 422, "g")]
    assert log.meters["act"].statuses == {200: 1, 422: 1}
    assert log.unmatched.statuses == {404: 1}


@pytest.mark.parametrize("bound", BUCKETS_S)
def test_a_time_falls_into_its_bucket(bound: float) -> None:
    meter = DoorMeter()
    meter.add(200, int(bound * 1e9))
    meter.add(200, int(bound * 1e9) + 1_000)
    place = BUCKETS_S.index(bound)
    assert meter.buckets[place : place + 2] == [1, 1]


def test_a_line_is_json_without_what_does_not_apply(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "execgraph.rest"):
        log = RequestLog()
        log.done(READ, "GET", "/v1/a", ALICE, "r1", Sent(200, b""), 2_500)
        log.opened(READ, "/v1/stream", ALICE, "r2")
    first, second = (json.loads(line) for line in caplog.messages)
    assert first == {
        "request_id": "r1",
        "method": "GET",
        "path": "/v1/a",
        "status": 200,
        "took_us": 2,
        "client_id": "alice",
        "key_id": "k1",
    }
    assert second["request_id"] == "r2"
    assert log.sockets_opened == 1
