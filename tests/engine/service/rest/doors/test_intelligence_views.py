"""Doors of depth, slippage, routing and venues over HTTP."""

from __future__ import annotations

from engine.service.rest.doors.intelligence_views import DOORS
from tests.support.rest_world import RestWorld, with_rest

FAST = 100_000


def test_every_door_is_for_readers() -> None:
    assert {str(door.scope) for door in DOORS} == {"read"}
    assert all(door.path.startswith("/v1/intelligence/") for door in DOORS)


def test_the_four_views_of_one_symbol() -> None:
    async def check(world: RestWorld) -> None:
        path = "/v1/intelligence/depth?symbol=ETH-USD"
        depth = await world.until(path, lambda found: found["bids"] and found["asks"])
        totals = [row["cumulative_qty_1e8"] for row in depth["bids"]]
        assert totals == sorted(totals)
        assert 0 < len(depth["asks"]) <= 100
        few = await world.ok("GET", path + "&depth=2")
        assert (len(few["bids"]), len(few["asks"])) == (2, 2)
        path = "/v1/intelligence/slippage?symbol=ETH-USD&side=sell&sizes=1000,10000"
        curve = (await world.ok("GET", path))["curve"]
        assert [row["size_usd"] for row in curve] == [1_000.0, 10_000.0]
        plain = await world.ok("GET", "/v1/intelligence/slippage?symbol=ETH-USD")
        assert len(plain["curve"]) == 4
        routing = await world.ok("GET", "/v1/intelligence/routing?symbol=ETH-USD&qty=2.5")
        assert routing["qty_1e8"] == 250_000_000
        assert sum(leg["qty_1e8"] for leg in routing["legs"]) == 250_000_000
        default = await world.ok("GET", "/v1/intelligence/routing?symbol=ETH-USD")
        assert (default["qty"], default["side"]) == (1.0, "buy")
        venues = await world.ok("GET", "/v1/intelligence/venues?symbol=ETH-USD")
        assert [row["venue"] for row in venues["venues"]] == ["binance", "coinbase", "kraken"]

    with_rest(check, requests_per_second=FAST)


def test_what_cannot_be_answered_is_refused() -> None:
    async def check(world: RestWorld) -> None:
        asks = [
            ("depth?symbol=nobody", 404),
            ("depth", 422),
            ("slippage?symbol=ETH-USD&sizes=0", 400),
            ("slippage?symbol=ETH-USD&side=up", 422),
            ("routing?symbol=ETH-USD&qty=NaN", 422),
            ("routing?symbol=ETH-USD&qty=0", 422),
            ("routing?symbol=ETH-USD&qty=much", 422),
            ("venues?symbol=", 422),
        ]
        for path, status in asks:
            answer = await world.go("GET", f"/v1/intelligence/{path}")
            assert answer.status == status, f"{path}: {answer.status} {answer.text}"

    with_rest(check, requests_per_second=FAST)
