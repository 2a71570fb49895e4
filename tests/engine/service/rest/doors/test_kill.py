"""The kill switch over REST: both spellings, scopes, receipts; and cancelling on one venue."""

from __future__ import annotations

from engine.service.access.scopes import Scope
from tests.support.rest_world import BUY, RESTING, RestWorld, with_rest

TRADER = frozenset({Scope.READ, Scope.TRADE})


async def resting(world: RestWorld, key: str | None = None) -> str:
    """Path of a graph whose one order rests."""
    made = await world.ok("POST", "/v1/orders", RESTING, key=key)
    path = f"/v1/execution_graphs/{made['graph_id']}"
    await world.until(path, lambda graph: graph["nodes"]["order"]["working_qty_1e8"] > 0, key=key)
    return path


def test_active_true_cancels_and_blocks_and_false_clears() -> None:
    async def test(world: RestWorld) -> None:
        path = await resting(world)
        state = await world.ok("POST", "/v1/kill_switch", {"active": True, "reason": "limit"})
        assert (state["active"], state["reason"], state["scope"]) == (True, "limit", "client")
        assert len(state["cancelled_orders"]) == 1
        assert state["open_orders"] == []
        assert state["quiet_ms"] is not None
        assert (await world.ok("GET", path))["status"] in ("cancelled", "paused")
        answer = await world.go("POST", "/v1/orders", BUY)
        assert (answer.status, answer.code) == (409, "CONFLICT")
        assert {"field": "reason", "message": "KILL_SWITCH"} in answer.json["error"]["details"]
        assert (await world.ok("GET", "/v1/kill_switch"))["active"]
        state = await world.ok("POST", "/v1/kill_switch", {"active": False})
        assert state["active"] is False
        assert not (await world.ok("GET", "/v1/kill_switch"))["active"]
        await world.done((await world.ok("POST", "/v1/orders", BUY))["graph_id"])

    with_rest(test)


def test_the_published_clients_form_leaves_open_orders() -> None:
    async def test(world: RestWorld) -> None:
        path = await resting(world)
        state = await world.ok("POST", "/v1/kill_switch", {"reason": None})
        assert state["cancelled_orders"] == []
        assert len(state["open_orders"]) == 1
        assert state["warning"]
        assert (await world.go("POST", "/v1/orders", BUY)).status == 409
        await world.ok("POST", "/v1/kill_switch/clear")
        await world.ok("DELETE", path)
        path = await resting(world)
        body = {"cancel_open_orders": True}
        assert len((await world.ok("PUT", "/v1/kill_switch", body))["cancelled_orders"]) == 1

    with_rest(test)


def test_one_client_stops_itself_and_no_other() -> None:
    async def test(world: RestWorld) -> None:
        bob = world.key(TRADER, "bob")
        await resting(world)
        state = await world.ok("POST", "/v1/kill_switch", {"active": True}, key=bob)
        assert (state["key"], state["cancelled_orders"]) == ("bob", [])
        assert (await world.go("POST", "/v1/orders", BUY, key=bob)).status == 409
        await world.done((await world.ok("POST", "/v1/orders", BUY))["graph_id"])
        for body in (
            {"active": True, "scope": "desk"},
            {"active": True, "scope": "client", "key": "local"},
            {"active": True, "scope": "venue", "key": "binance"},
        ):
            answer = await world.go("POST", "/v1/kill_switch", body, key=bob)
            assert (answer.status, answer.code) == (403, "FORBIDDEN")
        for path in ("/v1/kill_switch", "/v1/kill_switch/clear"):
            answer = await world.go("POST", path, {"active": False}, key=bob)
            assert answer.status == 403
        body = {"active": False, "scope": "client", "key": "bob"}
        await world.ok("POST", "/v1/kill_switch", body)
        made = await world.ok("POST", "/v1/orders", BUY, key=bob)
        assert made["status"] == "active"

    with_rest(test)


def test_an_administrator_stops_a_symbol_or_all() -> None:
    async def test(world: RestWorld) -> None:
        await world.ok(
            "POST", "/v1/kill_switch", {"active": True, "scope": "symbol", "key": "BTC-USD"}
        )
        assert (await world.go("POST", "/v1/orders", BUY)).status in (409, 422)
        other = await world.ok("POST", "/v1/orders", {**BUY, "symbol": "ETH-USD"})
        await world.done(other["graph_id"])
        await world.ok(
            "POST", "/v1/kill_switch", {"active": False, "scope": "symbol", "key": "BTC-USD"}
        )
        await world.ok("POST", "/v1/kill_switch", {"active": True, "scope": "desk"})
        answer = await world.go("GET", "/v1/health/ready", key="")
        assert answer.status == 503
        assert "halted" in answer.json["reasons"][0]
        await world.ok("POST", "/v1/kill_switch", {"active": False, "scope": "desk"})
        answer = await world.go(
            "POST", "/v1/kill_switch", {"active": True, "scope": "symbol", "key": "X"}
        )
        assert answer.status == 400

    with_rest(test)


def test_a_target_that_nobody_knows_is_not_found() -> None:
    async def test(world: RestWorld) -> None:
        path = await resting(world)
        graph_id = path.rpartition("/")[2]
        for active in (True, False):
            for target in ({"scope": "graph", "key": "typo"}, {"scope": "client", "key": "nobody"}):
                answer = await world.go("POST", "/v1/kill_switch", {"active": active, **target})
                assert (answer.status, answer.code) == (404, "NOT_FOUND")
        assert not (await world.ok("GET", "/v1/kill_switch"))["active"]
        # A key is enough to be known.
        world.key(TRADER, "bob")
        body = {"active": True, "scope": "client", "key": "bob"}
        assert (await world.ok("POST", "/v1/kill_switch", body))["orders"] == []
        body = {"active": True, "scope": "graph", "key": graph_id}
        state = await world.ok("POST", "/v1/kill_switch", body)
        assert state["orders"] == [f"graph:{graph_id}:order:1"]
        assert len(state["cancelled_orders"]) == 1

    with_rest(test)


def test_everything_on_one_venue_is_cancelled() -> None:
    async def test(world: RestWorld) -> None:
        bob = world.key(TRADER, "bob")
        path, others = await resting(world), await resting(world, bob)
        state = await world.ok("POST", "/v1/venue_cancel_all/kraken")
        assert state["cancelled_orders"] == []
        state = await world.ok("POST", "/v1/venue_cancel_all/binance")
        assert (state["status"], len(state["cancelled_orders"])) == ("cancelled", 1)
        await world.until(path, lambda graph: graph["status"] == "cancelled")
        assert (await world.ok("GET", others, key=bob))["status"] == "active"
        assert (await world.go("POST", "/v1/venue_cancel_all/nowhere")).status == 404

    with_rest(test)
