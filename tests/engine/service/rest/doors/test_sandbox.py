"""Doors of the sandbox account: seeds, reset and settings; live keys are shown out."""

from __future__ import annotations

import pytest

from engine.service.access.scopes import Scope
from engine.service.rest.doors.sandbox import DOORS
from tests.support.rest_world import RestWorld, with_rest

SEED = {"venue": "kraken", "kind": "crypto", "symbol": "ETH", "qty": "2.5", "entry_price_usd": 2000}


def test_seeds_count_in_positions_until_a_reset() -> None:
    async def test(world: RestWorld) -> None:
        answer = await world.ok("POST", "/v1/sandbox/positions", {"positions": [SEED]})
        assert answer == {"written": 1, "deleted": 0}
        path = "/v1/positions?venues=kraken&kinds=crypto"
        (row,) = (await world.ok("GET", path))["positions"]
        assert (row["qty_1e8"], row["entry_price_usd_1e9"]) == (250_000_000, 2_000 * 10**9)
        perp = SEED | {"venue": "hyperliquid", "kind": "perp", "symbol": "BTC-PERP", "qty": -1}
        body = {"positions": [perp], "replace": True}
        answer = await world.ok("POST", "/v1/sandbox/positions", body)
        assert answer == {"written": 1, "deleted": 1}
        assert (await world.ok("GET", path))["positions"] == []
        (short,) = (await world.ok("GET", "/v1/positions/perp"))["positions"]
        assert short["qty_1e8"] == -100_000_000
        reset = await world.ok("POST", "/v1/sandbox/reset")
        assert (reset["deleted"], reset["balance_usd"]) == (1, 1_000_000_000)
        assert (await world.ok("GET", "/v1/positions/perp"))["positions"] == []

    with_rest(test)


@pytest.mark.parametrize(
    "change",
    [{"qty": -1}, {"venue": "okx"}, {"symbol": "DOGE"}, {"kind": "bond"}, {"size": 1}],
    ids=str,
)
def test_bad_seeds_are_refused_whole(change: dict[str, object]) -> None:
    async def test(world: RestWorld) -> None:
        body = {"positions": [SEED, SEED | {"venue": "binance"} | change]}
        answer = await world.go("POST", "/v1/sandbox/positions", body)
        assert (answer.status, answer.code) == (422, "VALIDATION_ERROR")
        found = await world.ok("GET", "/v1/positions?kinds=crypto")
        assert [row for row in found["positions"] if row["instrument"]["symbol"] == "ETH"] == []

    with_rest(test)


def test_settings_say_what_can_change() -> None:
    async def test(world: RestWorld) -> None:
        path = "/v1/sandbox/settings"
        before = await world.ok("GET", path)
        assert before["writable"] == ["default_quote_balance_usd"]
        changed = await world.ok("PUT", path, {"default_quote_balance_usd": 250})
        assert changed == before | {"default_quote_balance_usd": 250}
        assert (await world.ok("POST", "/v1/sandbox/reset"))["balance_usd"] == 250
        for body in ({"seed": 99}, {"fee_multiplier": 2}, {"default_quote_balance_usd": -1}):
            assert (await world.go("PUT", path, body)).status == 422
        assert await world.ok("GET", path) == changed

    with_rest(test)


def test_live_keys_and_narrow_keys_are_shown_out() -> None:
    async def test(world: RestWorld) -> None:
        live = world.key(sandbox=False)
        narrow = world.key(frozenset({Scope.READ}))
        for door in DOORS:
            body: object = {"positions": []} if door.path.endswith("positions") else None
            if door.method == "PUT":
                body = {"default_quote_balance_usd": 1}
            answer = await world.go(door.method, door.path, body, key=live)
            assert (answer.status, answer.code) == (403, "FORBIDDEN"), door.path
            if door.writes:
                answer = await world.go(door.method, door.path, body, key=narrow)
                assert answer.status == 403

    with_rest(test)
