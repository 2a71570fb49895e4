"""What may be followed, first frames at once, bounds on connections, and the counts."""

from __future__ import annotations

import asyncio

import pytest

from engine.model.instruments import InstrumentType
from engine.model.mirror import Resolved
from engine.service.api_error import ApiError
from engine.service.quotes.asked import Asked, not_listed
from engine.service.rest.stream.hub import Hub
from engine.service.rest.stream.limits import StreamLimits
from tests.support.stream_server import caller_of, stream_world

EVENT = "btc-above-70k-year-end"


def test_market_topics_begin_with_a_frame_each() -> None:
    async def main() -> None:
        async with stream_world() as world:
            client = await world.connect()
            channels = [
                "prices:BTC-USD",
                f"book:{EVENT}",
                "book:BTC-USD?venues",
                "fair_price:ETH",
                "funding:hyperliquid:BTC-PERP",
                "prices:NOTHING",
                "funding:kraken",
            ]
            ack = await client.ask(subscribe=channels)
            assert ack["subscribed"] == channels[:5]
            assert ack["rejected"] == channels[5:]
            assert "NOTHING" in ack["reasons"]["prices:NOTHING"]
            first = {}
            while len(first) < 5:
                frame = await client.next()
                first.setdefault(frame["channel"], frame["data"])
                assert "seq" not in frame
            prices = first["prices:BTC-USD"]
            assert 0 < prices["bid"] < prices["ask"]
            book = first[f"book:{EVENT}"]
            assert book["bids"][0][0] < book["asks"][0][0]
            assert set(first["book:BTC-USD?venues"]["venues"]) == {"binance", "coinbase", "kraken"}
            assert first["fair_price:ETH"]["symbol"] in ("ETH-USD", "ETH-USD-PERP")
            assert first["funding:hyperliquid:BTC-PERP"]["rate_bps_per_hour"] == 0.12

    asyncio.run(main())


def test_without_a_name_every_market_is_meant() -> None:
    async def main() -> None:
        async with stream_world() as world:
            client = await world.connect()
            await client.ask(subscribe=["fair_price", "funding"])
            markets = world.engine.world.markets
            fair: set[str] = set()
            funded: set[str] = set()
            while len(fair) < len(markets) or len(funded) < 3:
                frame = await client.next()
                (fair if frame["channel"] == "fair_price" else funded).add(frame["data"]["symbol"])
            assert fair == set(markets)
            await client.ask(unsubscribe=["fair_price", "funding"])
            assert world.hub.markets.feeds == 0

    asyncio.run(main())


def test_symbols_are_what_the_quotes_service_says() -> None:
    class Quotes:
        engine: object = None

        async def asked(self, symbol: str) -> Asked:
            if symbol != "the-no-token":
                raise not_listed(symbol)
            kind = InstrumentType.PREDICTION
            resolved = Resolved(given=symbol, symbol=EVENT, type=kind, mirrored=True)
            return Asked(resolved, world.engine.world.symbols[EVENT])

    async def main() -> None:
        nonlocal world
        async with stream_world(quotes=Quotes()) as world:
            market = world.engine.world.markets[EVENT]
            client = await world.connect()
            ack = await client.ask(subscribe=["prices:the-no-token", "prices:BTC-USD"])
            assert ack["rejected"] == ["prices:BTC-USD"]
            data = (await client.next())["data"]
            assert data["bid"] == (10**9 - market.best_ask[0]) / 10**9

    world = None
    asyncio.run(main())


def test_connections_are_bounded_for_all_and_for_one_client() -> None:
    async def main() -> None:
        async with stream_world() as world:
            hub = Hub(world.engine, limits=StreamLimits(readers=3, readers_of_client=2))
            first, _ = hub.admit(caller_of("a")), hub.admit(caller_of("a"))
            with pytest.raises(ApiError, match="too many"):
                hub.admit(caller_of("a"))
            hub.admit(caller_of("b"))
            with pytest.raises(ApiError, match="too many"):
                hub.admit(caller_of("c"))
            hub.leave(first)
            hub.leave(first)
            assert hub.stats.readers == 2
            hub.admit(caller_of("c"))
            assert hub.stats.readers == 3

    asyncio.run(main())


def test_counts_outlive_their_readers() -> None:
    async def main() -> None:
        async with stream_world() as world:
            hub = Hub(world.engine)
            reader = hub.admit(caller_of())
            reader.offer("x", b"1")
            reader.offer("x", b"2")
            reader.cut_off("too slow")
            assert (hub.stats.conflated, hub.stats.cut_off) == (1, 1)
            hub.leave(reader)
            assert (hub.stats.conflated, hub.stats.cut_off) == (1, 1)
            assert hub.stats.readers == 0

    asyncio.run(main())


def test_a_key_that_is_no_longer_valid_loses_its_connections_and_no_other() -> None:
    async def main() -> None:
        async with stream_world() as world:
            alice, bob = await world.connect("alice"), await world.connect("bob")
            for client in (alice, bob):
                await client.ask(subscribe=["orders"])
            assert world.hub.end_key("key-alice") == 1
            assert (await alice.ended())[1] == 1008
            await world.buy("bob")
            assert (await bob.next())["channel"] == "orders"

    asyncio.run(main())
