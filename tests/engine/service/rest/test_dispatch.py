"""The dispatcher over real HTTP: keys, scopes, limits, encodings, ids, and what nobody expected."""

from __future__ import annotations

import asyncio
import json
import logging
from pathlib import Path

import pytest

from engine.service.access.scopes import Scope
from engine.service.rest.limits import BODY_BYTES_MAX
from tests.support.rest_world import BUY, RestWorld, rest_world, with_rest

READ = frozenset({Scope.READ})
TRADE = frozenset({Scope.READ, Scope.TRADE})


def test_who_may_what() -> None:
    async def test(world: RestWorld) -> None:
        reader, live = world.key(READ), world.key(TRADE, sandbox=False)
        for key in ("", "seq_test_" + "0" * 64, "nonsense", "x" * 4_000):
            answer = await world.go("GET", "/v1/orders", key=key)
            assert (answer.status, answer.code) == (401, "UNAUTHORIZED")
            assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert (await world.go("GET", "/v1/orders", key=reader)).status == 200
        answer = await world.go("POST", "/v1/orders", BUY, key=reader)
        assert (answer.status, answer.code) == (403, "FORBIDDEN")
        answer = await world.go("POST", "/v1/orders", BUY, key=live)
        assert (answer.status, answer.code) == (501, "NOT_IMPLEMENTED")
        assert "seq_test_" in answer.message
        keys = world.service.desk.keys
        info, gone = keys.create("gone", True, READ)
        assert (await world.go("GET", "/v1/orders", key=gone)).status == 200
        keys.revoke(info.key_id)
        assert (await world.go("GET", "/v1/orders", key=gone)).status == 401

    with_rest(test)


def test_wrong_keys_lock_their_address_out_for_a_while() -> None:
    async def test(world: RestWorld) -> None:
        seen = set()
        for _ in range(30):
            answer = await world.go("GET", "/v1/orders", key="seq_test_wrong")
            seen.add(answer.status)
        assert seen == {401, 429}
        assert int(answer.headers["Retry-After"]) >= 1
        # Right keys of the same address go on.
        assert (await world.go("GET", "/v1/orders")).status == 200

    with_rest(test)


def test_a_raw_key_is_kept_nowhere(tmp_path: Path) -> None:
    async def main() -> bytes:
        async with rest_world(tmp_path) as world:
            key = {"Idempotency-Key": "k"}
            body = {"label": "bot", "sandbox": True}
            made = await world.go("POST", "/v1/api_keys", body, headers=key)
            assert made.status == 200
            again = await world.go("POST", "/v1/api_keys", body, headers=key)
            assert (again.status, again.code) == (409, "CONFLICT")
            return str(made.json["api_key"]).encode()

    raw = asyncio.run(main())
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) >= 3
    assert not [path for path in files if raw in path.read_bytes()]


def test_a_client_that_asks_too_often_is_told_when_to_come_back() -> None:
    async def test(world: RestWorld) -> None:
        answers = [await world.go("GET", "/v1/health/live") for _ in range(8)]
        assert {one.status for one in answers} == {200}
        asked = [world.go("GET", "/v1/kill_switch") for _ in range(60)]
        answers = await asyncio.gather(*asked)
        assert {one.status for one in answers} == {200, 429}
        refused = next(one for one in answers if one.status == 429)
        assert refused.code == "RATE_LIMITED"
        assert refused.json["error"]["retryable"]
        assert int(refused.headers["Retry-After"]) >= 1
        # What ends risk has tokens of its own.
        answer = await world.go("DELETE", "/v1/execution_graphs/g1")
        assert answer.status == 404

    with_rest(test, requests_per_second=2)


def test_bodies_and_queries_are_strict() -> None:
    async def test(world: RestWorld) -> None:
        async def post(data: bytes, **headers: str) -> tuple[int, str]:
            answer = await world.go("POST", "/v1/orders", data=data, headers=headers)
            return answer.status, answer.code

        good = json.dumps(BUY).encode()
        assert await post(b"") == (400, "BAD_REQUEST")
        assert await post(b"{") == (422, "VALIDATION_ERROR")
        assert await post(b"[]") == (422, "VALIDATION_ERROR")
        assert await post(b"[" * 100_000) == (422, "VALIDATION_ERROR")
        for torn in (b'{"symbol": "\xff"}', b'{"sy\xe3mbol": 1}', b"\xed\xa0\x80"):
            assert await post(torn) == (400, "BAD_REQUEST")
        assert await post(b" " * (BODY_BYTES_MAX + 1)) == (413, "TOO_LARGE")
        assert await post(good, **{"Content-Type": "text/plain"}) == (415, "UNSUPPORTED_MEDIA_TYPE")
        assert await post(good, **{"Content-Encoding": "gzip"}) == (415, "UNSUPPORTED_MEDIA_TYPE")
        answer = await world.go("POST", "/v1/orders", {**BUY, "priec": 1})
        assert answer.json["error"]["details"][0]["field"] == "priec"
        for query, field in (
            ("nothing=1", "nothing"),
            ("limit=0", "limit"),
            ("limit=1&limit=2", "limit"),
        ):
            answer = await world.go("GET", f"/v1/orders?{query}")
            assert answer.status == 422
            assert answer.json["error"]["details"][0]["field"] == field
        many = "&".join(f"a{k}=1" for k in range(100))
        assert (await world.go("GET", f"/v1/orders?{many}")).status == 422
        assert (await world.go("GET", "/v1/health?a=1")).status == 422
        assert (await world.go("PATCH", "/v1/health")).status == 405
        assert (await world.go("GET", "/v1/unknown")).status == 404

    with_rest(test)


def test_numbers_are_plain_and_keys_stand_once() -> None:
    async def test(world: RestWorld) -> None:
        path = "/v1/execution/forecast?symbol=BTC-USD&side=buy"
        for text in ("1_000", "%D9%A3", "%201", "nan", "inf", "1%20"):
            answer = await world.go("GET", f"{path}&qty={text}")
            assert (answer.status, answer.code) == (422, "VALIDATION_ERROR")
            assert answer.json["error"]["details"][0]["field"] == "qty"
        assert (await world.go("GET", f"{path}&qty=1e-1")).status == 200
        asked = "/v1/execution/simulate?symbol=BTC-USD&side=buy&qty=1&max_cost_bps="
        for text in ("nan", "inf", "-inf"):
            answer = await world.go("GET", asked + text)
            assert answer.json["error"]["details"][0]["field"] == "max_cost_bps"
        twice = b'{"symbol":"BTC-USD","side":"buy","qty":1,"qty":2}'
        answer = await world.go("POST", "/v1/orders", data=twice)
        assert (answer.status, answer.json["error"]["details"][0]["field"]) == (422, "qty")
        twice = b'{"new_qty_1e8":100000000,"new_qty_1e8":200000000}'
        answer = await world.go("PATCH", "/v1/orders/graph:g:order:1", data=twice)
        assert (answer.status, answer.json["error"]["details"][0]["field"]) == (422, "new_qty_1e8")

    with_rest(test)


def test_request_ids_are_echoed_or_made() -> None:
    async def test(world: RestWorld) -> None:
        answer = await world.go("GET", "/v1/health", headers={"X-Request-Id": "mine-1"})
        assert answer.headers["X-Request-Id"] == "mine-1"
        answer = await world.go("GET", "/v1/nothing", headers={"X-Request-Id": "x" * 129})
        made = answer.headers["X-Request-Id"]
        assert len(made) == 36
        assert answer.json["error"]["request_id"] == made

    with_rest(test)


def test_large_integers_as_text_when_asked() -> None:
    async def test(world: RestWorld) -> None:
        made = await world.ok("POST", "/v1/orders", BUY)
        await world.done(made["graph_id"])
        plain = (await world.ok("GET", "/v1/orders"))["orders"][0]["created_unix_ns"]
        assert isinstance(plain, int)
        for more in (
            {"path": "/v1/orders?int64=string"},
            {"path": "/v1/orders", "headers": {"Accept": "application/json;int64=string"}},
        ):
            path = more.pop("path")
            row = (await world.ok("GET", path, **more))["orders"][0]
            assert row["created_unix_ns"] == str(plain)
            assert row["qty_1e8"] == 1_000_000
        assert (await world.go("GET", "/v1/orders?int64=maybe")).status == 422

    with_rest(test)


def test_hosts_and_pages_of_others_are_refused() -> None:
    async def test(world: RestWorld) -> None:
        answer = await world.go("GET", "/v1/health/live", headers={"Host": "evil.example"})
        assert answer.status == 403
        answer = await world.go("GET", "/v1/orders", headers={"Origin": "http://evil.example"})
        assert answer.status == 403

    with_rest(test)


def test_a_repeated_key_gets_the_first_answer() -> None:
    async def test(world: RestWorld) -> None:
        key = {"Idempotency-Key": "order 1"}
        first = await world.go("POST", "/v1/orders", BUY, headers=key)
        again = await world.go("POST", "/v1/orders", BUY, headers=key)
        assert first.status == 200
        assert first.text == again.text
        other = await world.go("POST", "/v1/orders", {**BUY, "qty": 0.02}, headers=key)
        assert (other.status, other.code) == (409, "CONFLICT")
        await world.done(first.json["graph_id"])
        assert (await world.ok("GET", "/v1/orders"))["total"] == 1
        # A refusal is an answer too.
        key = {"Idempotency-Key": "order 2"}
        bad = {**BUY, "symbol": "NO-SUCH"}
        first = await world.go("POST", "/v1/orders", bad, headers=key)
        assert first.status >= 400
        assert (await world.go("POST", "/v1/orders", bad, headers=key)).text == first.text
        for wrong in ("", "x" * 300):
            answer = await world.go("POST", "/v1/orders", BUY, headers={"Idempotency-Key": wrong})
            assert answer.status == 422

    with_rest(test)


def test_the_same_key_at_the_same_time_is_one_order() -> None:
    async def test(world: RestWorld) -> None:
        key = {"Idempotency-Key": "order"}
        asked = [world.go("POST", "/v1/orders", BUY, headers=key) for _ in range(20)]
        answers = await asyncio.gather(*asked)
        assert {one.status for one in answers} <= {200, 409}
        graphs = {one.json["graph_id"] for one in answers if one.status == 200}
        assert len(graphs) == 1
        await world.done(graphs.pop())
        assert (await world.ok("GET", "/v1/orders"))["total"] == 1

    with_rest(test)


def test_what_nobody_expected_tells_nothing(caplog: pytest.LogCaptureFixture) -> None:
    async def test(world: RestWorld) -> None:
        engine = world.service.engine

        async def broken(*_: object, **__: object) -> None:
            raise RuntimeError("a secret of ours")

        engine.flush = broken  # type: ignore[method-assign]  # the test breaks it on purpose
        answer = await world.go("GET", "/v1/orders", headers={"X-Request-Id": "r7"})
        del engine.flush
        assert (answer.status, answer.code) == (500, "INTERNAL_ERROR")
        assert "secret" not in answer.text
        assert answer.json["error"]["request_id"] == "r7"

    with caplog.at_level(logging.ERROR, "execgraph.rest"):
        with_rest(test)
    assert "r7" in caplog.text


def test_a_log_line_tells_who_and_what_but_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    async def test(world: RestWorld) -> None:
        made = await world.go("POST", "/v1/orders", BUY, headers={"X-Request-Id": "r8"})
        await world.done(made.json["graph_id"])
        line = json.loads(next(one for one in caplog.messages if "r8" in one))
        assert line["graph_id"] == made.json["graph_id"]
        assert (line["method"], line["status"], line["client_id"]) == ("POST", 200, "local")
        assert world.raw not in caplog.text

    with caplog.at_level(logging.INFO, "execgraph.rest"):
        with_rest(test)
