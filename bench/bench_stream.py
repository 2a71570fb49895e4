"""The stream: what an event costs for fifty readers, and one of them stalled, memory over time.

`python -m bench.bench_stream` serves a sandbox over loopback, fifty readers in the same process;
the pytest entries time the fan-out and a market tick without sockets.
"""

from __future__ import annotations

import asyncio
import resource
import sys
import time
from pathlib import Path
from typing import Any

from engine.kernels.layout import ASK, BID
from engine.service.rest.stream.limits import StreamLimits
from engine.service.rest.stream.market_feeds import BookFeed, MarketRef
from engine.service.rest.stream.order_pump import OrderPump
from engine.service.rest.stream.reader import Reader
from engine.service.rest.stream.topics import Topic, TopicKind
from tests.support.stream_server import StreamWorld, caller_of, stream_world

READERS = 50
ORDERS = 400
KINDS = (TopicKind.ORDERS, TopicKind.FILLS, TopicKind.ROUTING)
CHANNELS = (*[kind.value for kind in KINDS], "book:BTC-USD")
SEQ = b'},"seq":'
ENDED = b'"status":"COMPLETED"'
LIMITS = StreamLimits(readers=200, readers_of_client=200)


def bench_fan_out(benchmark: Any) -> None:
    """One order's entries to fifty readers of three topics: encoded once, queued fifty times."""

    async def main() -> None:
        async with stream_world(LIMITS) as world:
            await world.buy()
            await world.engine.flush()
            entries = [one for one in world.engine.queries.entries() if one.graph_id]
            pump = OrderPump(world.engine, LIMITS)
            readers = [Reader(caller_of(), LIMITS) for _ in range(READERS)]
            for reader in readers:
                for kind in KINDS:
                    reader.topics[kind.value] = Topic(kind.value, kind)
                    pump.join(reader, reader.topics[kind.value])

            def publish() -> int:
                for entry in entries:
                    pump._publish(entry)  # noqa: SLF001  # what is timed is this and nothing else
                return sum(len(reader.take()) for reader in readers)

            assert benchmark(publish) > READERS * 1_000
            pump.stop()

    asyncio.run(main())


def bench_book_tick(benchmark: Any) -> None:
    """A changed book of three venues: merged, compared and encoded, whatever the readers."""

    async def main() -> None:
        async with stream_world() as world:
            market = world.engine.world.markets["BTC-USD"]
            feed = BookFeed(MarketRef(market), 0.025, by_venue=False)

            def tick() -> int:
                feed._written = feed._shown = None  # noqa: SLF001  # as if the books had moved
                feed.tick()
                return len(feed.data or b"")

            assert market.level_count(0, BID)
            assert market.level_count(0, ASK)
            assert benchmark(tick) > 500

    asyncio.run(main())


def bench_stalled_reader_smoke() -> None:
    """A few orders over loopback: every reader but the stalled one gets every fill."""
    asyncio.run(serve(5, 10))


class Counter(asyncio.Protocol):
    """A peer that costs next to nothing: it counts events and completed orders in the bytes."""

    def __init__(self, orders: int) -> None:
        self.orders = orders
        self.frames = self.ended = 0
        self.done = asyncio.get_running_loop().create_future()
        self._tail = b""

    def data_received(self, data: bytes) -> None:
        """Count whole marks; one that is cut in two is counted with the next part."""
        text = self._tail + data
        self._tail = text[-(len(ENDED) - 1) :]
        self.frames += text.count(SEQ) - self._tail.count(SEQ)
        self.ended += text.count(ENDED)
        if self.ended == self.orders and not self.done.done():
            self.done.set_result(None)


async def counter(world: StreamWorld, orders: int) -> Counter:
    """A counting peer that follows the order topics and one book."""
    peer = await world.stall(*CHANNELS)
    loop = asyncio.get_running_loop()
    _, protocol = await loop.create_connection(lambda: Counter(orders), sock=peer)
    return protocol


async def serve(readers: int, orders: int) -> dict[str, float]:
    """Read with `readers` connections, one more never reads; figures of the run."""
    limits = StreamLimits(readers=200, readers_of_client=200, backlog_entries=256)
    async with stream_world(limits) as world:
        peers = [await counter(world, orders) for _ in range(readers)]
        stalled = await world.stall(*CHANNELS)
        await asyncio.sleep(0.3)
        assert world.hub.stats.readers == readers + 1
        memory = resident_bytes()
        began, used = time.perf_counter(), time.process_time()
        for _ in range(orders):
            await world.buy(qty="0.001")
        async with asyncio.timeout(60):
            await asyncio.gather(*[peer.done for peer in peers])
        took, used = time.perf_counter() - began, time.process_time() - used
        frames = [peer.frames for peer in peers]
        assert len(set(frames)) == 1, "every reader gets the same events"
        figures = {
            "orders_s": orders / took,
            "frames_s": sum(frames) / took,
            "cpu_us_frame": used / sum(frames) * 1e6,
            "cut_off": world.hub.stats.cut_off,
            "conflated": world.hub.stats.conflated,
            "grown_mib": (resident_bytes() - memory) / 2**20,
        }
        stalled.close()
        return figures


def resident_bytes() -> int:
    """Resident size now, from the kernel's own account."""
    with Path("/proc/self/statm").open() as statm:
        return int(statm.read().split()[1]) * resource.getpagesize()


def main(readers: int = READERS - 1, orders: int = ORDERS) -> None:
    """Print one line a run; the second shows what memory does once everything is warm."""
    for _ in range(3):
        figures = asyncio.run(serve(readers, orders))
        print("  ".join(f"{name} {value:,.1f}" for name, value in figures.items()), flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]))
