"""The facade as a whole: restart in the middle of work, and what stopping does."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from engine import ConfigError
from engine.service.config import EngineConfig, RestConfig
from engine.service.rest.service import RestService, is_loopback
from tests.support.held_recovery import HeldRecovery
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


def test_a_kill_during_recovery_and_one_before_a_stop_end_what_was_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kill = {"active": True, "reason": "enough"}

    async def main() -> None:
        paths = []
        async with rest_world(tmp_path) as world:
            raw = world.raw
            for _ in range(3):
                made = await world.ok("POST", "/v1/orders", RESTING)
                paths.append(f"/v1/execution_graphs/{made['graph_id']}")
            for path in paths:
                await world.until(path, lambda got: got["nodes"]["order"]["working_qty_1e8"] > 0)
        held = HeldRecovery(monkeypatch)
        async with rest_world(tmp_path) as world:
            answer = await world.go("GET", "/v1/health/ready", key="")
            assert answer.status == 503
            assert answer.json["reasons"] == ["sandbox: recovery of 3 graphs is not finished"]
            leave = {"active": True, "cancel_open_orders": False}
            state = await world.ok("POST", "/v1/kill_switch", leave, key=raw)
            assert len(state["unknown_orders"]) == len(state["orders"]) == 3
            assert (state["quiet_ms"], state["recovering_graphs"]) == (None, 3)
            assert state["cancelled_orders"] == []
            cancel = asyncio.create_task(world.ok("POST", "/v1/kill_switch", kill, key=raw))
            await asyncio.sleep(0.1)
            assert not cancel.done()
            # Stopped before anything came back: only the record knows of the switch.
            cancel.cancel()
        held.release()
        async with rest_world(tmp_path) as world:
            for path in paths:
                await world.until(path, lambda got: got["status"] == "cancelled", key=raw)
            assert (await world.ok("GET", "/v1/kill_switch", key=raw))["active"]
            await world.ok("POST", "/v1/kill_switch/clear", key=raw)
            assert (await world.ok("GET", "/v1/health/ready", key=""))["ready"]
            for path in paths:
                assert (await world.ok("GET", path, key=raw))["status"] == "cancelled"

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
