"""Market topics over the engine: a first frame at once, changes shared, nothing without readers."""

from __future__ import annotations

import asyncio

from engine.service.rest.stream.limits import StreamLimits
from engine.service.rest.stream.market_feeds import MarketRef, PriceFeed
from engine.service.rest.stream.market_pump import MarketPump
from engine.service.rest.stream.reader import Reader
from tests.engine.service.rest.stream.test_market_feeds import market_of, write
from tests.support.stream_server import caller_of


def test_readers_share_one_frame_and_the_last_to_leave_stops_the_ticks() -> None:
    async def main() -> None:
        limits = StreamLimits()
        pump = MarketPump(limits)
        market = market_of(venues=1)
        write(market, 0, [(0, 40, 1), (1, 44, 1)])
        readers = [Reader(caller_of(), limits) for _ in range(3)]
        for reader in readers:
            pump.join(reader, "prices:m", PriceFeed(MarketRef(market), 0.001))
        assert pump.feeds == 1
        first = [reader.take() for reader in readers]
        assert len(set(first)) == 1
        assert b'"bid":0.4,' in first[0]
        write(market, 0, [(0, 41, 1), (1, 44, 1)])
        for reader in readers:
            async with asyncio.timeout(5):
                await reader.wait()
        frames = [reader.take() for reader in readers]
        assert all(frame is frames[0] for frame in frames)
        assert b'"bid":0.41,' in frames[0]
        pump.leave(readers[0], "prices:m")
        write(market, 0, [(0, 42, 1), (1, 44, 1)])
        async with asyncio.timeout(5):
            await readers[1].wait()
        assert readers[0].take() == b""
        for reader in readers[1:]:
            pump.leave(reader, "prices:m")
        assert pump.feeds == 0
        ticked = pump.frames
        write(market, 0, [(0, 43, 1), (1, 44, 1)])
        await asyncio.sleep(0.02)
        assert pump.frames == ticked

    asyncio.run(main())


def test_bursts_between_two_ticks_are_one_frame() -> None:
    async def main() -> None:
        limits = StreamLimits()
        pump = MarketPump(limits)
        market = market_of(venues=1)
        write(market, 0, [(0, 40, 1), (1, 60, 1)])
        reader = Reader(caller_of(), limits)
        pump.join(reader, "prices:m", PriceFeed(MarketRef(market), 0.001))
        reader.take()
        for cents in range(41, 50):
            write(market, 0, [(0, cents, 1), (1, 60, 1)])
        async with asyncio.timeout(5):
            await reader.wait()
        assert reader.take().count(b'"channel"') == 1
        assert reader.conflated == 0
        pump.leave(reader, "prices:m")

    asyncio.run(main())


def test_a_feed_that_breaks_ends_its_readers_with_a_reason() -> None:
    async def main() -> None:
        limits = StreamLimits()
        pump = MarketPump(limits)
        market = market_of(venues=1)
        feed = PriceFeed(MarketRef(market), 0.001)
        reader = Reader(caller_of(), limits)
        pump.join(reader, "prices:m", feed)

        def broken() -> tuple[int, ...]:
            raise ValueError("no such book")

        feed.written = broken  # type: ignore[method-assign]  # the fault is the test
        async with asyncio.timeout(5):
            await reader.over.wait()
        assert reader.ending is not None
        assert b"no such book" in reader.ending.last_frame
        pump.leave(reader, "prices:m")

    asyncio.run(main())
