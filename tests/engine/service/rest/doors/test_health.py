"""Health: live needs nothing, ready says why not."""

from __future__ import annotations

from tests.support.rest_world import RestWorld, with_rest


def test_live_and_ready_need_no_key() -> None:
    async def test(world: RestWorld) -> None:
        assert await world.ok("GET", "/v1/health/live", key="") == {"status": "ok"}
        found = await world.ok("GET", "/v1/health/ready", key="")
        assert found == {"status": "ready", "ready": True, "reasons": []}
        assert await world.ok("GET", "/v1/health", key="") == found

    with_rest(test)


def test_a_market_without_a_healthy_book_is_named() -> None:
    async def test(world: RestWorld) -> None:
        market = world.service.engine.world.markets["SOL-USD"]
        market.healthy[:] = [False] * len(market.healthy)
        answer = await world.go("GET", "/v1/health/ready", key="")
        assert answer.status == 503
        assert answer.json["reasons"] == ["sandbox: no healthy book of SOL-USD"]
        assert (await world.go("GET", "/v1/health", key="")).status == 200

    with_rest(test)


def test_the_front_door_tells_where_to_read_on_and_head_is_answered() -> None:
    async def test(world: RestWorld) -> None:
        found = await world.ok("GET", "/", key="")
        assert (await world.go("GET", found["docs"], key="")).status == 200
        answer = await world.go("HEAD", "/docs", key="")
        assert (answer.status, answer.text) == (200, "")

    with_rest(test)
