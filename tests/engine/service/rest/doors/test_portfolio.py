"""Doors of the portfolio over HTTP: one envelope, its filtered views, account and limits."""

from __future__ import annotations

import pytest

from engine.service.access.scopes import Scope
from engine.service.api_error import ApiError
from engine.service.portfolio.accounting import Kind
from engine.service.rest.doors.portfolio import DOORS, kinds_of, listed
from tests.support.rest_world import BUY, RestWorld, with_rest

ENVELOPE = {"positions", "totals", "as_of_ns"}


def test_positions_and_their_views() -> None:
    async def test(world: RestWorld) -> None:
        graph = await world.ok("POST", "/v1/orders", BUY)
        await world.done(graph["graph_id"])
        found = await world.ok("GET", "/v1/positions")
        assert set(found) == ENVELOPE
        coins = [row for row in found["positions"] if row["instrument"]["symbol"] == "BTC"]
        assert sum(row["qty_1e8"] for row in coins) == 1_000_000
        for path in ("/v1/positions/unified", "/v1/portfolio/unified"):
            other = await world.ok("GET", path)
            assert set(other) == ENVELOPE
            assert [row["id"] for row in other["positions"]] == [
                row["id"] for row in found["positions"]
            ]
        money = await world.ok("GET", "/v1/balances")
        query = "/v1/positions/unified?kinds=fiat,Crypto&venues=kraken,binance&include_closed=true"
        filtered = await world.ok("GET", query)
        for one in (money, filtered):
            kinds = {row["instrument"]["kind"] for row in one["positions"]}
            assert kinds <= {"fiat", "crypto"}
        assert {row["venue"] for row in filtered["positions"]} == {"kraken", "binance"}
        assert (await world.ok("GET", "/v1/positions/perp"))["positions"] == []
        summary = await world.ok("GET", "/v1/portfolio/summary")
        assert summary["counts"]["crypto"] == len(
            [row for row in found["positions"] if row["instrument"]["kind"] == "crypto"]
        )
        assert summary["totals"]["fees_usd_1e9"] == found["totals"]["fees_usd_1e9"] > 0
        assert (await world.ok("POST", "/v1/positions/sync"))["differences"] == []

    with_rest(test)


def test_account_and_limits_are_the_callers() -> None:
    async def test(world: RestWorld) -> None:
        other = world.key(frozenset({Scope.READ}), "else")
        graph = await world.ok("POST", "/v1/orders", BUY)
        await world.done(graph["graph_id"])
        account = await world.ok("GET", "/v1/account")
        assert account["counts"]["orders"] == 1
        assert account["environment"] == "sandbox"
        theirs = await world.ok("GET", "/v1/account", key=other)
        assert (theirs["client_id"], theirs["scopes"]) == ("else", ["read"])
        assert theirs["counts"]["orders"] == theirs["counts"]["fills"] == 0
        limits = await world.ok("GET", "/v1/risk_limits")
        assert limits["usage"]["positions"] == {"BTC": 1_000_000}
        assert (await world.ok("GET", "/v1/risk_limits", key=other))["usage"]["positions"] == {}
        positions = await world.ok("GET", "/v1/positions", key=other)
        assert not [row for row in positions["positions"] if row["instrument"]["symbol"] == "BTC"]

    with_rest(test)


def test_unknown_filters_are_refused() -> None:
    async def test(world: RestWorld) -> None:
        answer = await world.go("GET", "/v1/positions?kinds=fiat,bonds")
        assert (answer.status, answer.code) == (422, "VALIDATION_ERROR")
        assert answer.json["error"]["details"][0]["field"] == "kinds"
        assert (await world.go("GET", "/v1/positions?kind=fiat")).status == 422
        assert (await world.go("GET", "/v1/positions", key="")).status == 401
        assert (await world.ok("GET", "/v1/positions?venues=okx"))["positions"] == []

    with_rest(test)


def test_lists() -> None:
    assert listed(" Kraken,,okx ") == frozenset(("kraken", "okx"))
    assert listed(None) is listed(" , ") is None
    assert kinds_of("perp") == frozenset((Kind.PERP,))
    assert kinds_of("") is None
    with pytest.raises(ApiError, match="no kind"):
        kinds_of("x" * 500)
    assert {door.scope for door in DOORS} == {Scope.READ}
