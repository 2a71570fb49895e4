"""Batches over REST: a result for each item, and the truth of how they left."""

from __future__ import annotations

from typing import Any

from tests.support.rest_world import RestWorld, with_rest

TICKER = "KXBTCZ-26DEC31-T70000"


def limit(qty: int, price: float, **more: Any) -> dict[str, Any]:
    return {"symbol": TICKER, "side": "buy", "qty": qty, "price": price, **more}


def test_each_item_has_its_own_result() -> None:
    async def test(world: RestWorld) -> None:
        first = await world.ok(
            "POST", "/v1/orders/batch", {"venue": "kalshi", "submits": [limit(10, 0.05)]}
        )
        (made,) = first["submits"]
        assert made["status"] == "accepted"
        found = await world.ok(
            "POST",
            "/v1/orders/batch",
            {
                "venue": "kalshi",
                "submits": [limit(10, 0.06), limit(-1, 0.05), limit(5, 0.07), {"qty": 1}],
                "cancels": [made["node_order_id"], "graph:nobody:order:1"],
            },
        )
        assert [one["status"] for one in found["submits"]] == [
            "accepted",
            "rejected",
            "accepted",
            "rejected",
        ]
        assert found["submits"][3]["details"]
        assert [one["status"] for one in found["cancels"]] == ["accepted", "rejected"]
        assert found["mode"] in ("native_batch", "serial")
        page = await world.ok("GET", "/v1/orders")
        assert page["total"] == 3

    with_rest(test)


def test_two_good_submits_leave_as_one_batch_where_the_venue_takes_it() -> None:
    async def test(world: RestWorld) -> None:
        submits = [limit(10, 0.05), limit(10, 0.06)]
        body = {"venue": "kalshi", "submits": submits}
        assert (await world.ok("POST", "/v1/orders/batch", body))["mode"] == "native_batch"
        crypto = [
            {"symbol": "BTC-USD", "side": "buy", "qty": 0.01, "price": 60_000 - k} for k in range(2)
        ]
        body = {"venue": "kraken", "submits": crypto}
        assert (await world.ok("POST", "/v1/orders/batch", body))["mode"] == "serial"

    with_rest(test)


def test_a_repeated_key_is_one_batch() -> None:
    async def test(world: RestWorld) -> None:
        key = {"Idempotency-Key": "b1"}
        body = {"venue": "kalshi", "submits": [limit(10, 0.05)]}
        first = await world.go("POST", "/v1/orders/batch", body, headers=key)
        assert (await world.go("POST", "/v1/orders/batch", body, headers=key)).text == first.text
        assert (await world.ok("GET", "/v1/orders"))["total"] == 1

    with_rest(test)


def test_a_batch_that_cannot_be_is_refused_whole() -> None:
    async def test(world: RestWorld) -> None:
        for body, status in (
            ({"venue": "nowhere", "submits": [limit(1, 0.05)]}, 400),
            ({"venue": "kalshi"}, 400),
            ({"venue": "kalshi", "submits": [limit(1, 0.05)] * 101}, 422),
            ({"submits": []}, 422),
        ):
            answer = await world.go("POST", "/v1/orders/batch", body)
            assert answer.status == status, answer.text

    with_rest(test)
