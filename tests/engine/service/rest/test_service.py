"""The facade as a whole: restart in the middle of work, and what stopping does."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from engine import ConfigError
from engine.service.config import EngineConfig, RestConfig
from engine.service.rest.service import RestService, is_loopback
from tests.support.rest_world import BUY, RESTING, rest_world


def test_a_restart_loses_no_order_and_no_answer(tmp_path: Path) -> None:
    key = {"Idempotency-Key": "first"}

    async def main() -> None:
        async with rest_world(tmp_path) as world:
            raw = world.raw
            first = await world.go("POST", "/v1/orders", BUY, headers=key)
            await world.done(first.json["graph_id"])
            resting = await world.ok("POST", "/v1/orders", RESTING)
            path = f"/v1/execution_graphs/{resting['graph_id']}"
            await world.until(path, lambda graph: graph["nodes"]["order"]["working_qty_1e8"] > 0)
        async with rest_world(tmp_path) as world:
            again = await world.go("POST", "/v1/orders", BUY, headers=key, key=raw)
            assert again.text == first.text
            assert (await world.ok("GET", "/v1/orders", key=raw))["total"] == 2
            graph = await world.ok("GET", path, key=raw)
            assert graph["status"] == "active"
            ended = await world.ok("DELETE", path, key=raw)
            assert ended["graph_id"] == resting["graph_id"]
            await world.done(resting["graph_id"])

    asyncio.run(main())


def test_working_orders_are_cancelled_on_stopping_where_that_is_wanted(tmp_path: Path) -> None:
    async def main() -> None:
        async with rest_world(tmp_path, on_stop="cancel") as world:
            resting = await world.ok("POST", "/v1/orders", RESTING)
            path = f"/v1/execution_graphs/{resting['graph_id']}"
            await world.until(path, lambda graph: graph["nodes"]["order"]["working_qty_1e8"] > 0)
        async with rest_world(tmp_path) as world:
            graph = await world.ok("GET", path)
            assert graph["status"] == "cancelled"

    asyncio.run(main())


def test_a_taken_port_is_one_sentence() -> None:
    async def main() -> None:
        async with rest_world() as world:
            port = int(world.service.url.rpartition(":")[2])
            with pytest.raises(ConfigError, match="choose another --port"):
                async with RestService(EngineConfig(rest=RestConfig(port=port))):
                    pass

    asyncio.run(main())


def test_a_stopping_server_takes_nothing_new() -> None:
    async def main() -> None:
        async with rest_world() as world:
            world.service.desk.stopping = True
            answer = await world.go("POST", "/v1/orders", BUY)
            assert (answer.status, answer.code) == (503, "SERVICE_UNAVAILABLE")
            answer = await world.go("GET", "/v1/health/ready", key="")
            assert answer.status == 503
            assert answer.json["reasons"] == ["the server is stopping"]

    asyncio.run(main())


@pytest.mark.parametrize(
    ("host", "own"),
    [("localhost", True), ("127.0.0.5", True), ("::1", True), ("0.0.0.0", False), ("a.b", False)],
)
def test_which_addresses_stay_on_this_machine(host: str, own: bool) -> None:
    assert is_loopback(host) is own
