"""Doors of market data over HTTP: paths, parameters, refusals and shapes."""

from __future__ import annotations

import asyncio
from urllib.parse import quote

from engine.service.rest.doors.market import DOORS, words
from tests.support.rest_world import RestWorld, with_rest

EVENT = "home-team-wins-final"
FAST = 100_000


async def filled(world: RestWorld, symbol: str) -> None:
    """Wait until the symbol has two sides; books of a new sandbox begin empty."""
    await world.until(f"/v1/quotes/{symbol}", lambda found: found["nbbo"]["mid"])


def test_comma_lists_are_joined_and_trimmed() -> None:
    assert words(None, None) is None
    assert words("a, b", "c,") == ["a", "b", "c"]
    assert words("") == []


def test_every_door_is_for_readers_and_says_what_it_is() -> None:
    assert {str(door.scope) for door in DOORS} == {"read"}
    assert all(door.summary for door in DOORS)
    assert len({(door.method, door.path) for door in DOORS}) == len(DOORS)


def test_quotes_one_many_and_in_batches() -> None:
    async def check(world: RestWorld) -> None:
        await filled(world, "ETH-USD")
        one = await world.ok("GET", "/v1/quotes/ETH-USD?depth=2&nowait=true")
        assert (one["source"], len(one["book"]["bids"])) == ("edge_nbbo", 2)
        many = await world.ok("GET", "/v1/quotes?symbols=ETH-USD,BTC-USD&symbol=SOL-USD")
        names = [row["symbol"] for row in many["quotes"] + many["missing"]]
        assert sorted(names) == ["BTC-USD", "ETH-USD", "SOL-USD"]
        assert (await world.ok("GET", "/v1/quotes?symbol=ETH-USD&max_age_s=0"))["quotes"] == []
        body = {"symbols": ["ETH-USD", "nobody"], "instrument_type": "spot"}
        batch = await world.ok("POST", "/v1/quotes_batch", body)
        assert (batch["count"], set(batch["quotes"][1])) == (2, {"symbol", "error"})

    with_rest(check, requests_per_second=FAST)


def test_the_no_side_is_quoted_by_its_own_name() -> None:
    async def check(world: RestWorld) -> None:
        await filled(world, EVENT)
        no = await world.ok("GET", f"/v1/quotes/{quote(EVENT + ':no', safe='')}")
        assert (no["symbol"], no["canonical"], no["mirrored"]) == (f"{EVENT}:no", EVENT, True)
        url = quote(f"https://polymarket.com/event/{EVENT}", safe="")
        assert (await world.ok("GET", f"/v1/quotes/{url}"))["canonical"] == EVENT
        body = {"symbol": f"{EVENT}:no", "side": "buy", "order_type": "market", "qty": 10.0}
        preview = await world.ok("POST", "/v1/orders/preview", body)
        assert preview["qty_1e8"] == 10 * 10**8
        assert 0 < preview["avg_price"] < 1

    with_rest(check, requests_per_second=FAST)


def test_parameters_out_of_range_or_unknown_are_refused() -> None:
    async def check(world: RestWorld) -> None:
        preview = {"symbol": "ETH-USD", "side": "buy", "qty": 1}
        asks = [
            ("GET", "/v1/quotes/ETH-USD?depth=0", None, 422),
            ("GET", "/v1/quotes/ETH-USD?depth=101", None, 422),
            ("GET", "/v1/quotes/ETH-USD?deep=5", None, 422),
            ("GET", "/v1/quotes/nobody", None, 404),
            ("GET", "/v1/quotes?max_age_s=-1", None, 422),
            ("POST", "/v1/quotes_batch", {"symbols": ["a"] * 2_001}, 422),
            ("POST", "/v1/quotes_batch", {"symbols": ["a"], "concurrency": 257}, 422),
            ("GET", "/v1/fees", None, 422),
            ("POST", "/v1/orders/preview", {**preview, "side": "hold"}, 422),
            ("POST", "/v1/orders/preview", {**preview, "order_type": "limit"}, 422),
            ("POST", "/v1/orders/preview", {**preview, "price": 5}, 422),
            ("POST", "/v1/orders/preview", {**preview, "qty": -1}, 422),
            ("GET", "/v1/price_history/ETH-USD?range=1w&venue=kraken", None, 501),
            ("GET", "/v1/price_history/ETH-USD?range=soon", None, 400),
            ("GET", "/v1/price_history/ETH-USD?underlying=true", None, 501),
            ("GET", "/v1/price_history/ETH-USD?limit=50001", None, 422),
            ("GET", "/v1/funding_history/BTC-USD?venue=binance", None, 400),
            ("GET", "/v1/funding_history/BTC-USD-PERP", None, 422),
        ]
        for method, path, body, status in asks:
            answer = await world.go(method, path, body)
            assert answer.status == status, f"{path}: {answer.status} {answer.text}"
            assert answer.json["error"]["message"]

    with_rest(check, requests_per_second=FAST)


def test_what_is_listed_what_it_costs_and_what_it_did() -> None:
    async def check(world: RestWorld) -> None:
        await filled(world, "BTC-USD")
        rows = await world.ok("GET", "/v1/symbols")
        assert {"BTC-USD", "BTC-USD-PERP"} <= {row["symbol"] for row in rows}
        pair = await world.ok("GET", "/v1/pairs/BTC-PERP/venues")
        assert (pair["canonical"], len(pair["venues"])) == ("BTC-USD-PERP", 1)
        fair = await world.ok("GET", "/v1/fair_price?symbol=BTC-USD")
        assert [row["symbol"] for row in fair["prices"]] == ["BTC-USD"]
        assert len((await world.ok("GET", "/v1/fair_price"))["prices"]) == len(rows)
        edges = await world.ok("GET", "/v1/edges")
        assert all(row["connected"] for row in edges["edges"])
        fees = await world.ok("GET", "/v1/fees?ticker=BTC-USD&venues=kraken,okx")
        unknown = {"venue": "okx", "maker_bps": None, "taker_bps": None}
        assert fees["fees"] == [{"venue": "kraken", "maker_bps": 5.0, "taker_bps": 12.0}, unknown]
        path = "/v1/price_history/BTC-USD?fidelity_secs=0&limit=3"
        ticks = await world.until(path, lambda found: found["count"] == 3)
        assert set(ticks["points"][0]) == {"ts_ns", "price_1e9", "qty_1e8", "side", "venue_id"}
        bars = await world.ok("GET", "/v1/price_history/BTC-USD?range=6h")
        assert set(bars["points"][0]) == {"ts_ns", "price_1e9"}
        rates = await world.ok("GET", "/v1/market/funding-rates?venue=hyperliquid")
        assert (rates["unit"], len(rates["rates"])) == ("bps_per_hour", 3)
        path = "/v1/funding_history/BTC-USD-PERP?venue=hyperliquid&range=1d"
        assert (await world.ok("GET", path))["symbol"] == "BTC-USD-PERP"

    with_rest(check, requests_per_second=FAST)


def test_many_readers_at_once_get_their_own_answers() -> None:
    async def check(world: RestWorld) -> None:
        names = ["BTC-USD", "ETH-USD", "SOL-USD", "BTC-USD-PERP"] * 3
        asks = (world.ok("GET", f"/v1/quotes/{name}?nowait=true") for name in names)
        assert [one["symbol"] for one in await asyncio.gather(*asks)] == names

    with_rest(check, requests_per_second=FAST)
