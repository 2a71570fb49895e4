"""No secret in any log line, any file, or any answer but the one that shows it once."""

from __future__ import annotations

import asyncio
import json
import logging
from pathlib import Path
from typing import Any

import pytest
from aiohttp import WSMsgType

from engine.service.access import keys as keys_module
from engine.service.access.keys import KeyStore
from engine.service.access.scopes import Scope
from tests.security.probing import Direct, Records, check_answer
from tests.support.rest_world import BUY, RESTING, RestWorld, rest_world, with_rest

SECRETS = {
    "api_key": "APIKEYMARKER0123456789",
    "api_secret": "APISECRETMARKER0123456789",
    "passphrase": "PASSPHRASEMARKER0123456789",
}
SIGNER = "PRIVATEKEYMARKER0123456789"
CREDENTIALS: dict[str, Any] = {**SECRETS, "extra_json": {"private_key": SIGNER, "n": 1}}
WRONG = "seq_test_" + "ab" * 32
# Bodies that must be refused, each with the secrets in some place where they do not belong.
FAULTY: tuple[Any, ...] = (
    {**CREDENTIALS, "passphrase": None, "api_secret": ""},
    {**CREDENTIALS, "api_secret": [SECRETS["api_secret"]]},
    {**CREDENTIALS, "api_key": {"key": SECRETS["api_key"]}},
    {**CREDENTIALS, "extra_json": SIGNER},
    {**CREDENTIALS, "extra_json": f'{{"private_key": "{SIGNER}"'},
    {**CREDENTIALS, "extra_json": [SIGNER]},
    {**CREDENTIALS, "extra_json": {"private_key": SIGNER * 2_000}},
    {**CREDENTIALS, "api_secret": SECRETS["api_secret"] * 5_000},
    {**CREDENTIALS, "api_key": SECRETS["api_key"] + "\ud800"},
    {**CREDENTIALS, "secret": SECRETS["api_secret"]},
    [CREDENTIALS],
    json.dumps(CREDENTIALS),
)


class Session:
    """Everything a client may do once, and every text that came back."""

    def __init__(self, world: RestWorld) -> None:
        self.world = world
        self.shown: list[str] = []
        self.raws = [world.raw, WRONG]

    async def go(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        """A request whose answer must tell no secret."""
        answer = await self.world.go(method, path, body, **more)
        check_answer(answer, f"{method} {path}")
        self.shown.append(answer.text + repr(dict(answer.headers)))
        return answer

    async def keys_and_tickets(self) -> None:
        """Keys made, rotated, revoked; tickets used."""
        for path in ("/v1/api_keys", "/v1/api_keys/{}/rotate"):
            known = await self.world.ok("GET", "/v1/api_keys")
            where = path.format(known["api_keys"][0]["key_id"])
            body = {"label": "bot"} if path.endswith("keys") else None
            # The only answers that may show a key.
            made = await self.world.ok("POST", where, body, headers={"Idempotency-Key": path})
            self.raws.append(made["api_key"])
            await self.go("GET", "/v1/orders", key=made["api_key"])
        await self.go("DELETE", f"/v1/api_keys/{made['key_id']}")
        await self.go("GET", "/v1/orders", key=made["api_key"])
        ticket = (await self.world.ok("GET", "/v1/ws/ticket"))["ticket"]
        self.raws.append(ticket)
        url = f"{self.world.service.url}/v1/stream?ticket={ticket}"
        async with self.world.session.ws_connect(url) as stream:
            await stream.send_str('{"subscribe": ["orders"], "api_key": "' + WRONG + '"}')
            await stream.send_str('{"subscribe": ["orders"]}')
            message = await stream.receive(timeout=5)
            assert message.type is WSMsgType.TEXT
            self.shown.append(str(message.data))
        await self.go("GET", f"/v1/stream?ticket={ticket}", key="")
        for path in ("/v1/orders", "/v1/stream", "/v1/unknown"):
            await self.go("GET", f"{path}?api_key={self.raws[0]}")
        for key in (WRONG, f"{WRONG}\t", WRONG.upper()):
            await self.go("GET", "/v1/orders", key=key)
        await self.go("GET", "/v1/orders", key="", headers={"Authorization": f"Basic {WRONG}"})

    async def credentials(self) -> None:
        """Credentials kept, replaced, refused, forgotten."""
        for venue in ("okx", "kraken", "no-such-venue"):
            for method in ("PUT", "POST"):
                # A refusal that is told again is told as it was, with its first id.
                key = {"Idempotency-Key": f"{venue} {method}", "X-Request-Id": "same"}
                for _ in range(2):
                    await self.go(method, f"/v1/credentials/{venue}", CREDENTIALS, headers=key)
        for body in FAULTY:
            answer = await self.go("PUT", "/v1/credentials/okx", body)
            assert answer.status in (400, 422), f"{body!r:.200}: {answer.status}"
        query = f"?api_secret={SECRETS['api_secret']}"
        await self.go("PUT", f"/v1/credentials/okx{query}", CREDENTIALS)
        await self.go("PUT", "/v1/credentials/okx", data=json.dumps(CREDENTIALS).encode()[:-9])
        wrong_door = await self.go("POST", "/v1/orders", CREDENTIALS)
        assert wrong_door.status == 422
        reader = self.world.key(frozenset({Scope.READ}))
        self.raws.append(reader)
        refused = await self.go("PUT", "/v1/credentials/okx", CREDENTIALS, key=reader)
        assert refused.status == 403
        found = await self.go("GET", "/v1/credentials")
        assert found.json["total"] == 2
        await self.go("DELETE", "/v1/credentials/kraken")

    async def trades(self) -> None:
        """Orders that fill, rest, fail; reports of all of it."""
        made = await self.go("POST", "/v1/orders", BUY, headers={"Idempotency-Key": "k"})
        await self.world.done(made.json["graph_id"])
        await self.go("POST", "/v1/orders", RESTING)
        await self.go("POST", "/v1/orders", {**BUY, "qty": 1e9})
        for path in ("/v1/orders", "/v1/fills", "/v1/account", "/metrics", "/v1/health"):
            await self.go("GET", path)
        await self.go("GET", f"/v1/traces?graph_id={made.json['graph_id']}")
        await self.go("POST", "/v1/kill_switch", {"active": True, "reason": "stop"})
        await self.go("POST", "/v1/kill_switch/clear")


def test_a_whole_session_leaves_no_secret_anywhere(tmp_path: Path) -> None:
    found: list[Session] = []

    async def main() -> None:
        async with rest_world(tmp_path) as world:
            session = Session(world)
            found.append(session)
            await session.keys_and_tickets()
            await session.credentials()
            await session.trades()

    with Records.captured(logging.DEBUG) as records:
        asyncio.run(main(), debug=True)
    (session,) = found
    hidden = [*SECRETS.values(), SIGNER, *session.raws]
    assert len(set(session.raws)) >= 6
    logged = "\n".join(records.lines)
    assert "/v1/credentials/okx" in logged, "the session was not logged"
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {"access.db", "audit.db", "journal.db"} <= {path.name for path in files}, files
    contents = {path.name: path.read_bytes() for path in files}
    for secret in hidden:
        assert secret not in logged, f"{secret} was logged"
        for name, content in contents.items():
            assert secret.encode() not in content, f"{secret} stands in {name}"
        for text in session.shown:
            assert secret not in text, f"{secret} was told: {text[:500]}"
    assert not records.failures


def test_an_unforeseen_failure_tells_the_client_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(world: RestWorld) -> None:
        def broken(*_: object, **__: object) -> None:
            raise ValueError("PASSWORDMARKER in engine/service/vault.py")

        monkeypatch.setattr(world.service.desk.vault, "list", broken)
        answer = await world.go("GET", "/v1/credentials", headers={"X-Request-Id": "r-1"})
        assert (answer.status, answer.code) == (500, "INTERNAL_ERROR")
        assert "r-1" in answer.text
        for word in ("MARKER", "ValueError", "vault", "Traceback"):
            assert word not in answer.text

    with_rest(test)


def test_nothing_that_was_sent_comes_back_as_a_page() -> None:
    async def test(world: RestWorld) -> None:
        direct = Direct(world, world.raw)
        page = "<script>alert(1)</script>"
        sent = json.dumps({**BUY, page: page}).encode()
        for method, path, body in (
            ("POST", "/v1/orders", sent),
            ("POST", "/v1/orders", page.encode()),
            ("GET", f"/v1/orders/{page}", b""),
            ("GET", f"/v1/{page}", b""),
            ("GET", f"/v1/orders?{page}={page}", b""),
            ("GET", f"/v1/quotes/{page}", b""),
            ("PUT", f"/v1/credentials/{page}", json.dumps(CREDENTIALS).encode()),
        ):
            answer = await direct.go(method, path, body, {"X-Request-Id": page})
            check_answer(answer, path)
            assert 400 <= answer.status < 500
            assert answer.headers["Cache-Control"] == "no-store"

    with_rest(test)


def test_a_wrong_key_costs_the_same_work_as_an_unknown_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = KeyStore(None)
    info, revoked = store.create("gone", True, frozenset({Scope.READ}))
    _, right = store.create("right", True, frozenset({Scope.READ}))
    store.revoke(info.key_id)
    hashed: list[int] = []
    compared: list[tuple[int, int]] = []
    hashlib, hmac = keys_module.hashlib, keys_module.hmac

    class Hashing:
        @staticmethod
        def sha256(data: bytes) -> Any:
            hashed.append(len(data))
            return hashlib.sha256(data)

    class Comparing:
        @staticmethod
        def compare_digest(one: bytes, two: bytes) -> bool:
            compared.append((len(one), len(two)))
            return hmac.compare_digest(one, two)

    monkeypatch.setattr(keys_module, "hashlib", Hashing)
    monkeypatch.setattr(keys_module, "hmac", Comparing)

    def work(raw: str) -> tuple[list[int], list[tuple[int, int]]]:
        hashed.clear()
        compared.clear()
        assert (store.authenticate(raw) is not None) == (raw == right)
        return list(hashed), list(compared)

    expected = ([73], [(32, 32)])
    last = "0" if right[-1] != "0" else "1"
    first = "0" if right[9] != "0" else "1"
    # However much of a right key it holds, no byte of the key itself is ever compared.
    tried = (right, revoked, right[:-1] + last, right[:9] + first + right[10:], WRONG)
    assert [work(raw) for raw in tried] == [expected] * len(tried)
    assert work("") == ([0], [(32, 32)])
    # A text of any length is hashed within the length of a key and one more.
    assert work("x" * 100_000) == ([74], [(32, 32)])
    store.close()
