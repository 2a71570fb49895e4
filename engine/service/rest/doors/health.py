"""Health and metrics: is it there, may it trade, and if not, why."""

from __future__ import annotations

from typing import Literal

import msgspec

from engine.service.access.scopes import Scope
from engine.service.rest.call import Call
from engine.service.rest.desk import Stack
from engine.service.rest.door import Door, Reply, ReplyAs
from engine.service.rest.metrics import metrics_text

__all__ = ["DOORS"]

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Live(msgspec.Struct, frozen=True):
    """The process answers."""

    status: Literal["ok"]


class Welcome(msgspec.Struct, frozen=True):
    """Where to go from here."""

    service: str
    docs: str
    openapi: str
    health: str


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """Whether orders would be taken; `reasons` says what stands in the way, nothing if ready."""

    status: Literal["ready", "not_ready"]
    ready: bool
    reasons: list[str]


async def welcome(call: Call, query: None, body: None) -> Welcome:
    """What this is, and where to read on; needs no key."""
    return Welcome("execgraph", "/docs", "/openapi.json", "/v1/health/ready")


async def live(call: Call, query: None, body: None) -> Live:
    """Whether the process answers; needs no key."""
    return Live("ok")


async def ready(call: Call, query: None, body: None) -> Reply:
    """Whether orders would be taken, and if not, why; 503 while not."""
    found = readiness(call)
    return Reply(msgspec.json.encode(found), status=200 if found.ready else 503)


async def health(call: Call, query: None, body: None) -> Ready:
    """Whether orders would be taken, and if not, why; always 200."""
    return readiness(call)


async def metrics(call: Call, query: None, body: None) -> Reply:
    """Counters and gauges in Prometheus' text format; needs a key that may read."""
    text = metrics_text(call.desk, call.desk.requests)
    return Reply(text.encode(), METRICS_TYPE)


def readiness(call: Call) -> Ready:
    """Of all environments of this server."""
    reasons = ["the server is stopping"] if call.desk.stopping else []
    for environment, stack in call.desk.stacks.items():
        reasons += [f"{environment.value}: {text}" for text in troubles(stack)]
    ok = not reasons
    return Ready(status="ready" if ok else "not_ready", ready=ok, reasons=reasons)


def troubles(stack: Stack) -> list[str]:
    """What keeps an engine from trading. A market needs one healthy book, not all of them."""
    world = stack.engine.world
    found = []
    if world.switch.halted:
        found.append(f"trading is halted: {world.switch.reason}")
    if world.system.halted:
        found.append(f"the engine has stopped: {world.system.halted}")
    if world.switch.journal_reason:
        found.append(f"the journal cannot be written: {world.switch.journal_reason}")
    if recovering := stack.engine.recovery.text:
        found.append(recovering)
    dark = [symbol for symbol, market in world.markets.items() if not any(market.healthy)]
    if dark:
        more = f" and {len(dark) - 5} more" if len(dark) > 5 else ""
        found.append(f"no healthy book of {', '.join(dark[:5])}{more}")
    return found


DOORS = (
    Door("GET", "/", None, welcome),
    Door("GET", "/v1/health/live", None, live),
    Door(
        "GET",
        "/v1/health/ready",
        None,
        ready,
        reply_as=ReplyAs("application/json", Ready, (503,)),
    ),
    Door("GET", "/v1/health", None, health),
    Door("GET", "/metrics", Scope.READ, metrics, reply_as=ReplyAs("text/plain", str)),
)
