"""Every door of the table against every kind of key that must not open it, and others' ids."""

from __future__ import annotations

import json
import time
from typing import Any

from engine.model.instruments import Environment
from engine.service.access.buckets import LockOut
from engine.service.access.scopes import Scope
from engine.service.rest.door import Door, path_names
from engine.service.rest.table import all_doors
from tests.security.bodies import VALID
from tests.security.probing import (
    HIDDEN,
    Direct,
    Victim,
    check_answer,
    filled_path,
    parameters,
    victim_of,
)
from tests.support.rest_world import BUY, Answer, RestWorld, with_rest

SAME_ID = {"X-Request-Id": "probe"}
# Names of parameters that stand for something of one client.
IDS = ("node_order_id", "graph_id", "node_id", "order_id", "key_id")
# Doors that a live key may open here: they stand on keys and sealed credentials, not on venues.
VENUELESS = ("keys", "credentials", "health")


def valid_body(door: Door) -> bytes:
    """A body that the door takes."""
    known = VALID.get((door.method, door.path))
    return json.dumps(known[0]).encode() if known and known[0] else b""


def guarded() -> list[Door]:
    """All doors but the public ones."""
    return [door for door in all_doors() if door.scope is not None]


def expired_key(world: RestWorld) -> str:
    """A key whose end has come, as the store sees the time."""
    keys = world.service.desk.keys
    soon = time.time_ns() + 3_600 * 10**9
    _, raw = keys.create("short", True, frozenset({Scope.ADMIN}), expires_ns=soon)
    entry = next(one for one in keys._by_hash.values() if one.expires_ns == soon)
    entry.expires_ns = time.time_ns()
    return raw


def test_no_door_opens_without_a_valid_key_and_all_say_the_same() -> None:
    async def test(world: RestWorld) -> None:
        desk, direct = world.service.desk, Direct(world, "")
        info, revoked = desk.keys.create("gone", True, frozenset({Scope.ADMIN}))
        desk.keys.revoke(info.key_id)
        right = world.raw
        wrong = {
            "revoked": revoked,
            "expired": expired_key(world),
            "unknown": "seq_test_" + "0" * 64,
            "another environment": "seq_live_" + right[9:],
            "shorter": right[:-1],
            "longer": right + "0",
            "upper case": right.upper(),
            "with NUL": right + "\x00",
            "not ASCII": right[:-1] + "\u00e9",
            "its id": info.key_id,
            "empty": " ",
        }
        schemes = {"Basic": f"Basic {right}", "bare": right, "Token": f"Token {right}"}
        headers = {name: {"Authorization": f"Bearer {text}"} for name, text in wrong.items()}
        headers |= {name: {"Authorization": text} for name, text in schemes.items()}
        headers |= {"none": {}, "as a cookie": {"Cookie": f"Authorization={right}"}}
        bodies: set[str] = set()
        for door in guarded():
            path = filled_path(door, {})
            for name, given in headers.items():
                desk.lock_out = LockOut()
                answer = await direct.go(door.method, path, valid_body(door), given | SAME_ID)
                assert answer.status == 401, f"{door.method} {path} with a key that is {name}"
                assert answer.headers["WWW-Authenticate"] == "Bearer"
                bodies.add(answer.text)
        assert len(bodies) == 1
        # A key in an address would stand in every log on its way; a ticket opens sockets only.
        for query in (
            f"key={right}",
            f"api_key={right}",
            f"access_token={right}",
            f"ticket={right}",
        ):
            for door in guarded():
                desk.lock_out = LockOut()
                answer = await direct.go(door.method, f"{filled_path(door, {})}?{query}")
                assert answer.status == 401, door.path
        ticket = (await world.ok("GET", "/v1/ws/ticket"))["ticket"]
        answer = await direct.go("GET", f"/v1/orders?ticket={ticket}")
        assert answer.status == 401

    with_rest(test)


def test_no_door_opens_to_a_key_without_its_scope() -> None:
    async def test(world: RestWorld) -> None:
        direct, reader, trader = Direct(world, ""), None, None
        reader = world.key(frozenset({Scope.READ}))
        trader = world.key(frozenset({Scope.TRADE, Scope.CREDENTIALS}))
        seen = set()
        for door in guarded():
            lacking = trader if door.scope is Scope.READ else reader
            answer = await direct.go(
                door.method, filled_path(door, {}), valid_body(door), raw=lacking
            )
            assert (answer.status, answer.code) == (403, "FORBIDDEN"), door.path
            check_answer(answer, door.path)
            seen.add(door.scope)
            if door.scope is Scope.ADMIN:
                answer = await direct.go(door.method, filled_path(door, {}), b"", raw=trader)
                assert answer.status == 403, door.path
        assert seen == set(Scope)
        assert (await world.ok("GET", "/v1/orders"))["total"] == 0

    with_rest(test)


def test_a_live_key_reaches_no_sandbox() -> None:
    async def test(world: RestWorld) -> None:
        victim = await victim_of(world)
        # Even of the same client: what is its own in the sandbox is not there for its live key.
        live = world.key(frozenset({Scope.ADMIN}), f"{HIDDEN}-ltd", sandbox=False)
        direct = Direct(world, live)
        statuses: dict[str, set[int]] = {}
        for door in guarded():
            if door.tag in VENUELESS:
                continue
            names = dict.fromkeys(parameters(door), "") if not door.socket else {}
            needed = {name: value for name, value in QUERY.items() if name in names}
            query = "&".join(f"{name}={value}" for name, value in needed.items())
            path = filled_path(door, victim.names()) + (f"?{query}" if query else "")
            answer = await direct.go(door.method, path, valid_body(door))
            check_answer(answer, path)
            assert answer.status in (403, 501), f"{door.method} {path}: {answer.text}"
            statuses.setdefault(door.tag, set()).add(answer.status)
            assert HIDDEN not in answer.text
        assert statuses["sandbox"] == {403}
        assert statuses["orders"] == statuses["graphs"] == {501}
        assert (await direct.go("GET", "/v1/credentials")).json["total"] == 0
        graph = await world.ok("GET", f"/v1/execution_graphs/{victim.graph_id}", key=victim.raw)
        assert graph["status"] == "active"
        engine = world.service.engine
        assert engine.environment is Environment.SANDBOX

    with_rest(test)


QUERY = {
    "ticker": "BTC-USD",
    "symbol": "BTC-USD",
    "side": "buy",
    "qty": "1",
    "venue": "binance",
    "quantity": "1",
    "qty_1e8": "100000000",
    "node_order_id": "graph%3Aknown1%3Arest%3A1",
}


async def own_view(world: RestWorld, victim: Victim) -> list[Any]:
    """All that the victim sees of itself and that nobody else may change."""
    paths = [
        f"/v1/execution_graphs/{victim.graph_id}",
        "/v1/orders",
        "/v1/fills",
        "/v1/credentials",
    ]
    views = [await world.ok("GET", path, key=victim.raw) for path in paths]
    keys = await world.ok("GET", "/v1/api_keys", key=victim.raw)
    kept = [{k: v for k, v in row.items() if k != "last_used_ns"} for row in keys["api_keys"]]
    return [*views, kept]


def test_ids_of_another_client_lead_nowhere() -> None:
    async def test(world: RestWorld) -> None:
        victim = await victim_of(world)
        before = await own_view(world, victim)
        direct = Direct(world, world.key(client="attacker"))
        asked = 0

        def check(answer: Answer, what: str, *, named: bool) -> None:
            check_answer(answer, what)
            assert HIDDEN not in answer.text, f"{what}: {answer.text}"
            if named:
                # The same as of an id that nobody has.
                assert answer.status == 404, f"{what}: {answer.status} {answer.text}"

        for door in guarded():
            if door.socket:
                continue
            parts = [name for name in path_names(door.path) if name in IDS]
            names = victim.names()
            path = filled_path(door, {**names, "venue": "kraken"})
            whole = door.tag == "kill" and door.writes
            if not whole:
                answer = await direct.go(door.method, path, valid_body(door))
                check(answer, f"{door.method} {path}", named=bool(parts))
                asked += bool(parts)
            for name in parameters(door):
                if name not in IDS:
                    continue
                answer = await direct.go(door.method, f"{path}?{name}={names[name]}")
                check(answer, f"{door.method} {path}?{name}", named=False)
                if answer.status == 200:
                    rows = [value for value in answer.json.values() if isinstance(value, list)]
                    assert not any(rows), f"{path}?{name}: {answer.text}"
                asked += 1
        assert asked >= 15
        assert await own_view(world, victim) == before

    with_rest(test)


def test_a_kill_by_one_client_leaves_the_others_alone() -> None:
    async def test(world: RestWorld) -> None:
        victim = await victim_of(world)
        before = await own_view(world, victim)
        trader = world.key(frozenset({Scope.READ, Scope.TRADE}), "attacker")
        direct = Direct(world, trader)
        for body, status in (
            ({"active": True}, 200),
            ({"active": True, "scope": "client", "key": f"{HIDDEN}-ltd"}, 403),
            ({"active": True, "scope": "desk"}, 403),
            ({"active": True, "scope": "graph", "key": victim.graph_id}, 403),
            ({"active": False}, 403),
        ):
            sent = json.dumps(body).encode()
            answer = await direct.go("POST", "/v1/kill_switch", sent)
            assert answer.status == status, f"{body}: {answer.text}"
            assert HIDDEN not in answer.text.replace(f"{HIDDEN}-ltd", "")
        answer = await direct.go("POST", "/v1/venue_cancel_all/binance")
        assert answer.json["cancelled_orders"] == answer.json["open_orders"] == []
        assert (await direct.go("POST", "/v1/orders", json.dumps(BUY).encode())).status == 409
        assert await own_view(world, victim) == before
        made = await world.ok("POST", "/v1/orders", BUY, key=victim.raw)
        assert made["status"] == "active"

    with_rest(test)


def test_a_key_cannot_make_more_of_itself() -> None:
    async def test(world: RestWorld) -> None:
        victim = await victim_of(world)
        direct = Direct(world, world.key(client="attacker"))
        for body in (
            {"sandbox": False},
            {"sandbox": True, "client_id": f"{HIDDEN}-ltd"},
            {"sandbox": True, "environment": "live"},
        ):
            answer = await direct.go("POST", "/v1/api_keys", json.dumps(body).encode())
            assert answer.status in (403, 422), answer.text
        for path in (f"{victim.key_id}/rotate", victim.key_id):
            method = "POST" if "/" in path else "DELETE"
            assert (await direct.go(method, f"/v1/api_keys/{path}")).status == 404
        # The same Idempotency-Key of two clients is two keys.
        key = {"Idempotency-Key": "shared"}
        sent = json.dumps(BUY).encode()
        mine = await direct.go("POST", "/v1/orders", sent, key)
        theirs = await direct.go("POST", "/v1/orders", sent, key, raw=victim.raw)
        assert mine.status == theirs.status == 200
        assert mine.json["graph_id"] != theirs.json["graph_id"]

    with_rest(test)
