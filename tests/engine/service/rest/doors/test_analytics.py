"""TCA of many orders is the summary of all days."""

from __future__ import annotations

from tests.support.rest_world import BUY, RestWorld, with_rest


def test_both_paths_tell_what_orders_cost() -> None:
    async def test(world: RestWorld) -> None:
        made = await world.ok("POST", "/v1/orders", BUY)
        await world.done(made["graph_id"])
        found = await world.ok("GET", "/v1/tca?symbol=BTC-USD")
        assert (found["total_orders"], found["symbol"]) == (1, "BTC-USD")
        assert found["total_fills"] >= 1
        assert found["total_fees_1e9"] > 0
        assert await world.ok("GET", "/v1/analytics/tca?symbol=BTC-USD") == found
        assert (await world.ok("GET", "/v1/tca?until=2021-01-01T00:00:00Z"))["total_orders"] == 0
        assert (await world.go("GET", "/v1/tca?routing_version=2")).status == 501
        for query in ("since=yesterday", "symbol=NO-SUCH", "routing_version=9"):
            assert (await world.go("GET", f"/v1/tca?{query}")).status in (400, 404, 422)

    with_rest(test)
