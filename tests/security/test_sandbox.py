"""A sandbox key trades the sandbox whatever a body claims; no byte leaves the machine."""

from __future__ import annotations

import ipaddress
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from engine.model.instruments import Environment
from engine.service.engine import ExecutionEngine
from tests.support.rest_world import BUY, RestWorld, with_rest

Address = tuple[str, Any]
NETWORK = ("socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname")


class Tripwire:
    """Told by the interpreter of every socket that is connected and every name looked up."""

    def __init__(self) -> None:
        self.armed = False
        self.touched: list[Address] = []
        self.seen = 0
        sys.addaudithook(self.audit)

    def audit(self, event: str, args: tuple[Any, ...]) -> None:
        """An audit hook stays for the life of the process, so it can be disarmed."""
        if not self.armed or event not in NETWORK:
            return
        self.seen += 1
        where = args[1] if event in ("socket.connect", "socket.sendto") else args
        host = where[0] if isinstance(where, tuple) else where
        if not is_here(host):
            self.touched.append((event, where))

    @contextmanager
    def watching(self) -> Iterator[None]:
        self.armed = True
        self.touched.clear()
        self.seen = 0
        try:
            yield
        finally:
            self.armed = False


def is_here(host: object) -> bool:
    """Whether the address is of this machine: loopback, or a unix path."""
    text = host.decode() if isinstance(host, bytes) else str(host)
    try:
        return ipaddress.ip_address(text).is_loopback
    except ValueError:
        return text == "localhost" or text.startswith("/")


TRIPWIRE = Tripwire()
CLAIMS: tuple[dict[str, Any], ...] = (
    {"is_sandbox": False},
    {"sandbox": False},
    {"is_sandbox": False, "sandbox": False},
    {"is_sandbox": True, "sandbox": False},
)
GRAPH = {
    "nodes": [
        {
            "node_id": "a",
            "instrument": {"symbol": "ETH-USD"},
            "side": "buy",
            "quantity": {"fixed": {"qty_1e8": 10_000_000}},
        }
    ]
}


def check_engine(engine: ExecutionEngine) -> None:
    """All of its links lead to simulated exchanges."""
    assert engine.environment is Environment.SANDBOX
    assert engine._ports
    for port in engine._ports:
        for part in (port.trade_link, port.feed_link):
            assert type(part).__module__.startswith("venues.simulated."), port.venue


@pytest.mark.parametrize("claim", CLAIMS, ids=str)
def test_no_claim_of_a_body_leads_out_of_the_sandbox(claim: dict[str, Any]) -> None:
    async def test(world: RestWorld) -> None:
        service = world.service
        assert set(service.desk.stacks) == {Environment.SANDBOX}
        check_engine(service.engine)
        for body in ({**BUY, **claim}, {**GRAPH, **claim}):
            made = await world.ok("POST", "/v1/orders", body)
            graph = await world.done(made["graph_id"])
            assert graph["status"] == "completed"
            stored = [
                service.engine.queries.graph("local", environment, made["graph_id"])
                for environment in (Environment.SANDBOX, Environment.LIVE)
            ]
            assert stored[0] is not None
            assert stored[1] is None
        fills = (await world.ok("GET", "/v1/fills"))["fills"]
        simulated = {venue.profile.name for venue in service.engine.sandbox_venues}
        assert fills
        assert {row["venue"] for row in fills} <= simulated

    with TRIPWIRE.watching():
        with_rest(test)
    assert TRIPWIRE.seen, "the tripwire saw not even the test's own requests"
    assert not TRIPWIRE.touched


def test_a_key_says_its_environment_and_nothing_in_a_request_changes_it() -> None:
    async def test(world: RestWorld) -> None:
        live = world.key(sandbox=False)
        for headers in (
            {"X-Environment": "sandbox"},
            {"X-Sandbox": "true"},
            {"Environment": "sandbox"},
        ):
            for body in (BUY, {**BUY, "is_sandbox": True}, {**BUY, "sandbox": True}):
                answer = await world.go("POST", "/v1/orders", body, key=live, headers=headers)
                assert (answer.status, answer.code) == (501, "NOT_IMPLEMENTED")
        for key in (live, world.raw):
            answer = await world.go("POST", "/v1/orders?sandbox=true", BUY, key=key)
            assert answer.status == 422
            answer = await world.go("POST", "/v1/orders", {**BUY, "environment": "live"}, key=key)
            assert answer.status in (422, 501)
        assert (await world.ok("GET", "/v1/orders"))["total"] == 0

    with TRIPWIRE.watching():
        with_rest(test)
    assert not TRIPWIRE.touched
