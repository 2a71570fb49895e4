"""Nothing of one client on another's stream: not live, not replayed, not by a known id."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

from aiohttp import ClientWebSocketResponse, WSMsgType

from engine.service.access.scopes import Scope
from tests.security.probing import HIDDEN, Records, victim_of
from tests.support.mutations import Mutations
from tests.support.rest_world import BUY, RestWorld, with_rest

READ = frozenset({Scope.READ, Scope.TRADE})
FRAMES = 200
CHANNELS = ["orders", "fills", "routing", "tca", "traces", "traces:known1", "traces:known2"]


async def frames_until(stream: ClientWebSocketResponse, graph_id: str) -> list[str]:
    """Every frame until the last one of an own graph."""
    texts: list[str] = []
    async with asyncio.timeout(20):
        async for message in stream:
            assert message.type is WSMsgType.TEXT
            texts.append(message.data)
            if "GRAPH_COMPLETED" in message.data and graph_id in message.data:
                return texts
    raise AssertionError(f"the stream ended early: {texts[-3:]}")


async def listens(world: RestWorld, raw: str, frame: dict[str, Any]) -> list[str]:
    """What a client hears while a victim and it itself trade."""
    url, headers = f"{world.service.url}/v1/stream", {"Authorization": f"Bearer {raw}"}
    async with world.session.ws_connect(url, headers=headers) as stream:
        await stream.send_str(json.dumps(frame))
        first = await stream.receive(timeout=10)
        texts = [str(first.data)]
        await victim_of(world, f"{HIDDEN}-other", "known2")
        made = await world.ok("POST", "/v1/orders", BUY, key=raw)
        return texts + await frames_until(stream, made["graph_id"])


def test_a_stream_tells_its_own_client_only() -> None:
    async def test(world: RestWorld) -> None:
        await victim_of(world)
        raw = world.key(READ, "attacker")
        for frame in (
            {"subscribe": CHANNELS},
            {"subscribe": CHANNELS, "resume_from": 0},
            {"subscribe": ["orders", "fills", "traces"], "resume_from": 1},
        ):
            texts = await listens(world, raw, frame)
            assert len(texts) > 3
            assert json.loads(texts[0])["subscribed"], texts[0]
            heard = "\n".join(texts[1:])
            assert '"channel":"orders"' in heard
            for word in (HIDDEN, "known1", "known2", "7654000", "12345600"):
                assert word not in heard, f"{frame}: {word} in {heard[:2_000]}"

    with_rest(test)


def test_no_frame_of_a_client_breaks_its_stream_or_shows_anything() -> None:
    async def test(world: RestWorld) -> None:
        await victim_of(world)
        mutations, raw = Mutations(6), world.key(READ, "attacker")
        valid = {"subscribe": CHANNELS, "unsubscribe": ["fills"], "resume_from": 3}
        bodies = [mutations.body(valid) for _ in range(FRAMES)]
        texts = [body.decode(errors="replace") for body in bodies if len(body) < 50_000]
        url, headers = f"{world.service.url}/v1/stream", {"Authorization": f"Bearer {raw}"}
        closes = refused = 0
        stream = await world.session.ws_connect(url, headers=headers)
        try:
            for text in texts:
                await stream.send_str(text)
                message = await stream.receive(timeout=10)
                if message.type is not WSMsgType.TEXT:
                    # Too much of it: the stream is cut off, with a reason.
                    assert message.type is WSMsgType.CLOSE and message.extra
                    closes += 1
                    await stream.close()
                    stream = await world.session.ws_connect(url, headers=headers)
                    continue
                refused += "error" in json.loads(message.data)
                assert HIDDEN not in message.data
                assert "Traceback" not in message.data and "INTERNAL" not in message.data
                assert len(message.data) < 40_000, message.data[:300]
        finally:
            await stream.close()
        assert refused > FRAMES // 3
        assert closes < FRAMES // 4
        assert (await world.ok("GET", "/v1/orders"))["total"] == 0

    with Records.captured(logging.INFO) as records:
        with_rest(test)
    assert not records.failures


def test_a_stream_ends_with_its_key() -> None:
    async def test(world: RestWorld) -> None:
        keys = world.service.desk.keys
        info, raw = keys.create("gone", True, READ, "attacker")
        ticket = (await world.ok("GET", "/v1/ws/ticket", key=raw))["ticket"]
        keys.revoke(info.key_id)
        answer = await world.go("GET", f"/v1/stream?ticket={ticket}", key="")
        assert (answer.status, answer.code) == (401, "UNAUTHORIZED")
        answer = await world.go("GET", "/v1/stream", key=raw)
        assert answer.status == 401

    with_rest(test)
