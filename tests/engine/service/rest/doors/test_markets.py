"""Doors of prediction markets over HTTP, asked the way the published client asks."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from engine.service.access.scopes import Scope
from engine.service.rest.doors.markets import DOORS
from tests.support.rest_world import RestWorld, with_rest
from venues.simulated.event_markets import EVENT_MARKETS

ROW = {
    "venue",
    "slug",
    "question",
    "symbol",
    "outcomes",
    "outcome_token_ids",
    "yes_token_id",
    "no_token_id",
    "event_id",
    "neg_risk",
    "volume_24h",
    "volume_total",
    "best_yes_bid",
    "best_yes_ask",
    "best_no_bid",
    "best_no_ask",
    "spread_pct",
    "start_date",
    "end_date",
    "url",
    "active",
    "closed",
}
EXPANSION = {
    "parent_event_id",
    "outcome_name",
    "raw_outcome_name",
    "is_placeholder_outcome",
    "outcome_index",
    "parent_slug",
}


def test_the_list_and_its_pages() -> None:
    async def test(world: RestWorld) -> None:
        asked = "/v1/markets?venue=polymarket&limit=7&active=true&order=volume&ascending=false"
        page = await world.ok("GET", asked)
        assert set(page) == {"markets", "count", "venue", "next_cursor", "has_more"}
        assert (page["count"], page["venue"], page["has_more"]) == (7, "polymarket", True)
        assert all(set(row) == ROW for row in page["markets"])
        slugs = [row["slug"] for row in page["markets"]]
        while page["has_more"]:
            page = await world.ok("GET", f"{asked}&cursor={page['next_cursor']}")
            slugs += [row["slug"] for row in page["markets"]]
        listed = [m.slug for m in EVENT_MARKETS if m.venue == "polymarket" and not m.resolved]
        assert slugs[: len(listed)] == listed
        most = await world.ok("GET", "/v1/markets?limit=999999")
        assert not most["has_more"]
        expanded = await world.ok("GET", "/v1/markets?q=rivermouth&expand=outcomes&active=false")
        assert expanded["count"] == 5
        assert all(set(row) == ROW | EXPANSION for row in expanded["markets"])
        for bad in ("limit=0", "cursor=%24", "limit=x", "colour=red", "venue=kraken"):
            answer = await world.go("GET", f"/v1/markets?{bad}")
            assert answer.status in (400, 422), bad

    with_rest(test)


def test_settlement_and_redemption() -> None:
    async def test(world: RestWorld) -> None:
        url = quote("https://polymarket.com/event/btc-updown-yesterday", safe="")
        found = await world.ok("GET", f"/v1/settlement/{url}?underlying=false")
        assert (found["status"], found["resolved_outcome"]) == ("resolved", "Up")
        assert found["underlying"] is None
        assert (await world.go("GET", "/v1/settlement/nobody")).status == 404
        answer = await world.go("GET", "/v1/settlement/KXBTCZ-26DEC31")
        assert (answer.status, answer.code) == (422, "VALIDATION_ERROR")
        assert len(answer.json["error"]["details"]) == 3
        redeem = "/v1/markets/btc-updown-yesterday/redeem?venue="
        assert (await world.ok("POST", redeem + "polymarket"))["mode"] == "noop"
        assert (await world.go("POST", redeem + "kalshi")).status == 404
        kalshi = await world.ok("POST", "/v1/markets/KXRECSSNBER-26/redeem?venue=kalshi", {})
        assert kalshi["mode"] == "auto_settled"
        reader = world.key(frozenset({Scope.READ}))
        assert (await world.go("POST", redeem + "polymarket", key=reader)).status == 403
        assert (await world.go("POST", "/v1/markets/x/redeem")).status == 422

    with_rest(test)


def test_orders_take_every_name_of_a_market() -> None:
    async def test(world: RestWorld) -> None:
        def order(symbol: str, **fields: object) -> dict[str, object]:
            return {"symbol": symbol, "side": "buy", "qty": 5.0, "price": 0.05, **fields}

        slug = "fed-cut-next-meeting"
        (fed,) = [one for one in EVENT_MARKETS if one.slug == slug]
        for name in (
            slug,
            f"{slug}:no",
            fed.no_token_id,
            f"https://polymarket.com/event/{slug}",
            "KXBTCZ-26DEC31-T99000:NO",
        ):
            sent = await world.ok("POST", "/v1/orders", order(name))
            assert sent["status"] == "active"
            await world.ok("DELETE", f"/v1/execution_graphs/{sent['graph_id']}")
        several = await world.go("POST", "/v1/orders", order("next-mayor-of-rivermouth"))
        assert (several.status, several.code) == (422, "VALIDATION_ERROR")
        choices = several.json["error"]["details"]
        assert {one["field"] for one in choices} == {"nodes[0].instrument.symbol"}
        assert any("lena-maro" in one["message"] for one in choices)
        dear = await world.go("POST", "/v1/orders", order(f"{slug}:no", price=1.5))
        assert dear.status == 422
        assert dear.json["error"]["details"][0]["field"] == "nodes[0].order_type.limit.price_1e9"

    with_rest(test)


def test_winnings_arrive() -> None:
    async def test(world: RestWorld) -> None:
        (won,) = [one for one in EVENT_MARKETS if one.slug == "btc-updown-yesterday"]
        position = {
            "venue": "polymarket",
            "kind": "event_contract",
            "symbol": won.yes_token_id,
            "qty": 12,
            "entry_price_usd": 0.5,
        }
        await world.ok("POST", "/v1/sandbox/positions", {"positions": [position]})
        before = (await world.ok("GET", "/v1/positions"))["totals"]["cash_usd_1e9"]
        redeem = f"/v1/markets/{won.slug}/redeem?venue=polymarket"
        answer = await world.ok("POST", redeem)
        assert answer["mode"] == "relayer_submitted"
        assert answer["token_ids"] == [won.yes_token_id, won.no_token_id]
        after = (await world.ok("GET", "/v1/positions"))["totals"]["cash_usd_1e9"]
        assert int(after) - int(before) == 12 * 10**9
        assert (await world.ok("POST", redeem))["mode"] == "noop"

    with_rest(test)


def test_rewards() -> None:
    async def test(world: RestWorld) -> None:
        assert await world.ok("GET", "/v1/polymarket/rewards") == []
        assert (await world.go("GET", f"/v1/polymarket/rewards/{'1' * 77}")).status == 404

    with_rest(test)


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.name)
def test_writes_need_the_right_to_trade(door: object) -> None:
    scopes = {True: Scope.TRADE, False: Scope.READ}
    assert door.scope is scopes[door.writes]  # type: ignore[attr-defined]  # ids make it an object
