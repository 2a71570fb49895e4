"""The sockets' way in: keys by header or by a ticket that works once."""

from __future__ import annotations

import pytest
from aiohttp import WSServerHandshakeError

from engine.service.access.scopes import Scope
from tests.support.rest_world import BUY, RestWorld, with_rest


def test_a_stream_opens_with_a_key_or_once_with_a_ticket() -> None:
    async def test(world: RestWorld) -> None:
        url = world.service.url + "/v1/stream"
        headers = {"Authorization": f"Bearer {world.raw}"}
        ticket = (await world.ok("GET", "/v1/ws/ticket"))["ticket"]
        for how in ({"url": url, "headers": headers}, {"url": f"{url}?ticket={ticket}"}):
            async with world.session.ws_connect(**how) as ws:
                await ws.send_json({"subscribe": ["orders"]})
                assert (await ws.receive_json())["subscribed"] == ["orders"]
                await world.ok("POST", "/v1/orders", BUY)
                event = await ws.receive_json(timeout=5)
                assert event["channel"] == "orders"
        for bad in (f"{url}?ticket={ticket}", url, f"{url}?ticket=x"):
            with pytest.raises(WSServerHandshakeError) as caught:
                await world.session.ws_connect(bad)
            assert caught.value.status == 401

    with_rest(test)


def test_a_revoked_key_ends_its_streams() -> None:
    async def test(world: RestWorld) -> None:
        info, raw = world.service.desk.keys.create("gone", True, frozenset({Scope.READ}))
        headers = {"Authorization": f"Bearer {raw}"}
        url = world.service.url + "/v1/stream"
        async with world.session.ws_connect(url, headers=headers) as ws:
            await ws.send_json({"subscribe": ["orders"]})
            await ws.receive_json()
            world.service.desk.keys.revoke(info.key_id)
            while not ws.closed:
                await ws.receive(timeout=5)
            assert ws.close_code == 1008

    with_rest(test)


def test_other_sites_pages_open_nothing() -> None:
    async def test(world: RestWorld) -> None:
        headers = {"Authorization": f"Bearer {world.raw}", "Origin": "http://evil.example"}
        with pytest.raises(WSServerHandshakeError) as caught:
            await world.session.ws_connect(world.service.url + "/v1/stream", headers=headers)
        assert caught.value.status == 403

    with_rest(test)


def test_a_plain_request_is_no_stream() -> None:
    async def test(world: RestWorld) -> None:
        answer = await world.go("GET", "/v1/stream")
        assert 400 <= answer.status < 500
        assert answer.json["error"]["message"]

    with_rest(test)
