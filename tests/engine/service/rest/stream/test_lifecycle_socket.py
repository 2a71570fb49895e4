"""The market sockets: the ring first, then live, bare and without gap."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from engine.service.markets.lifecycle import EventRing
from tests.support.stream_server import stream_world


@pytest.mark.parametrize("name", ["new_markets", "resolved"])
def test_the_ring_comes_first_and_then_the_live_events(name: str) -> None:
    async def main() -> None:
        path = "/v1/ws/new_markets" if name == "new_markets" else "/v1/ws/market_resolved"
        async with stream_world() as world:
            rings = {"new_markets": EventRing[object](), "resolved": EventRing[object]()}
            world.markets = SimpleNamespace(lifecycle=SimpleNamespace(**rings))
            ring = rings[name]
            for number in range(200):
                ring.append({"kind": name, "number": number})
            client = await world.connect(path=path)
            seen = [(await client.next())["number"] for _ in range(128)]
            assert seen == list(range(72, 200))
            for number in range(200, 205):
                ring.append({"kind": name, "number": number})
            assert [(await client.next())["number"] for _ in range(5)] == list(range(200, 205))
            await client.ws.send_str('{"subscribe":["orders"]}')
            assert "by itself" in (await client.next())["error"]["message"]
            await client.ws.close()
            async with asyncio.timeout(5):
                while ring._subscribers or world.hub.stats.readers:
                    await asyncio.sleep(0.01)

    asyncio.run(main())
