"""What is remembered of each request: counters for the metrics, a log line, and the audit trail."""

from __future__ import annotations

import logging
from bisect import bisect_left
from typing import Final, Protocol

import msgspec

from engine.service.access.scopes import Caller
from engine.service.rest.answers import Sent
from engine.service.rest.door import Door

__all__ = ["AuditTrail", "DoorMeter", "RequestLog"]

BUCKETS_S: Final = (0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5)
log = logging.getLogger("execgraph.rest")


class AuditTrail(Protocol):
    """Where writes are recorded for good; see `engine/service/access/audit.py`."""

    def request(
        self,
        caller: Caller | None,
        method: str,
        path: str,
        request_id: str,
        status: int,
        graph_id: str,
    ) -> None:
        """One write that was asked for, whatever became of it."""
        ...


class DoorMeter:
    """Counts of one door: answers by status, and how long they took in cumulative buckets."""

    __slots__ = ("buckets", "statuses", "sum_ns")

    def __init__(self) -> None:
        self.statuses: dict[int, int] = {}
        self.buckets = [0] * (len(BUCKETS_S) + 1)
        self.sum_ns = 0

    def add(self, status: int, took_ns: int) -> None:
        """One answer."""
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self.buckets[bisect_left(BUCKETS_S, took_ns / 1e9)] += 1
        self.sum_ns += took_ns


class Line(msgspec.Struct, omit_defaults=True):
    """One structured log line. It never holds a body, a query or a header: those may be secret."""

    request_id: str
    method: str
    path: str
    status: int
    took_us: int
    client_id: str = ""
    key_id: str = ""
    graph_id: str = ""
    code: str = ""


encode = msgspec.json.Encoder().encode


class RequestLog:
    """Told of every request at its end. One meter a door, so it is bounded by the door table."""

    def __init__(self, audit: AuditTrail | None = None) -> None:
        self.audit = audit
        self.meters: dict[str, DoorMeter] = {}
        self.unmatched = DoorMeter()
        self.sockets_opened = 0

    def done(
        self,
        door: Door | None,
        method: str,
        path: str,
        caller: Caller | None,
        request_id: str,
        sent: Sent,
        took_ns: int,
    ) -> None:
        """One request has its answer."""
        if door is None:
            self.unmatched.add(sent.status, took_ns)
        else:
            meter = self.meters.get(door.name)
            if meter is None:
                meter = self.meters[door.name] = DoorMeter()
            meter.add(sent.status, took_ns)
            if door.writes and self.audit is not None:
                self.audit.request(caller, method, path, request_id, sent.status, sent.graph_id)
        if log.isEnabledFor(logging.INFO):
            who = ("", "") if caller is None else (caller.client_id, caller.key_id)
            line = Line(
                request_id,
                method,
                path[:200],
                sent.status,
                took_ns // 1_000,
                *who,
                sent.graph_id,
                sent.code,
            )
            log.info("%s", encode(line).decode())

    def opened(self, door: Door, path: str, caller: Caller | None, request_id: str) -> None:
        """A socket was opened; what it says is told elsewhere."""
        self.sockets_opened += 1
        who = "" if caller is None else caller.client_id
        line = Line(request_id, "GET", path[:200], door.status, 0, who)
        log.info("%s", encode(line).decode())
