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
        routed = await world.ok("GET", "/v1/tca?routing_version=1")
        assert (routed["total_orders"], routed["total_fills"]) == (1, found["total_fills"])
        assert (await world.ok("GET", "/v1/tca?routing_version=2"))["total_orders"] == 0
        for query in ("since=yesterday", "symbol=NO-SUCH", "routing_version=9"):
            assert (await world.go("GET", f"/v1/tca?{query}")).status in (400, 404, 422)

    with_rest(test)


def test_the_report_by_routing_version_says_when_there_is_not_enough() -> None:
    async def test(world: RestWorld) -> None:
        made = await world.ok("POST", "/v1/orders", BUY)
        await world.done(made["graph_id"])
        found = await world.ok("GET", "/v1/analytics/ab_report?symbol=BTC-USD")
        (row,) = found["versions"]
        assert (row["routing_version"], row["orders"], row["filled_orders"]) == (1, 1, 1)
        assert row["mean_cost_bps"] is not None
        assert row["standard_error_bps"] is None
        assert row["reason"].startswith("not enough")
        assert found["differences"] == []
        other = await world.ok("GET", "/v1/analytics/ab_report?until=2021-01-01T00:00:00Z")
        assert other["versions"] == []
        for query in ("since=yesterday", "symbol=NO-SUCH"):
            assert (await world.go("GET", f"/v1/analytics/ab_report?{query}")).status in (400, 404)

    with_rest(test)
