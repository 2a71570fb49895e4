"""The pump never leaves a gap: not when its backlog overflows, not when the stream forgets it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from engine.messages import Unsubscribe
from engine.service.api_error import ApiError
from engine.service.engine import ExecutionEngine
from engine.service.rest.stream import order_pump
from engine.service.rest.stream.limits import StreamLimits
from engine.service.rest.stream.order_pump import OrderPump, Resume, head_seq
from engine.service.rest.stream.reader import Reader
from engine.service.rest.stream.topics import Topic, TopicKind
from tests.support.stream_server import StreamWorld, caller_of, stream_world

FILLS = Topic("fills", TopicKind.FILLS)


def joined(pump: OrderPump, *topics: Topic, client_id: str = "local") -> Reader:
    reader = Reader(caller_of(client_id), pump.limits)
    for topic in topics or (FILLS,):
        reader.topics[topic.channel] = topic
        pump.join(reader, topic)
    return reader


async def fills_of(world: StreamWorld, reader: Reader) -> int:
    """Fill frames of a reader once the pump has caught up with the journal."""
    head = await world.head()
    async with asyncio.timeout(10):
        while world.hub.orders.seq < head:
            await asyncio.sleep(0.005)
    return reader.take().count(b'"channel":"fills"')


def test_the_head_is_the_stores() -> None:
    async def main() -> None:
        async with stream_world() as world:
            await world.buy()
            assert await world.head() == head_seq(world.engine.queries)

    asyncio.run(main())


def test_a_backlog_that_overflows_is_read_from_the_store(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        async with stream_world(StreamLimits(idle_check_s=0.05)) as world:
            monkeypatch.setattr(order_pump, "BACKLOG_MAX", 0)
            reader = joined(world.hub.orders)
            for _ in range(3):
                await world.buy()
            assert await fills_of(world, reader) == len(await world.engine.fills())
            world.hub.orders.leave(reader, FILLS)

    asyncio.run(main())


def test_a_stream_that_forgot_the_pump_is_asked_again() -> None:
    async def main() -> None:
        async with stream_world(StreamLimits(idle_check_s=0.05)) as world:
            pump = world.hub.orders
            reader = joined(pump)
            await world.buy()
            world.engine.tell(world.engine.world.stream, Unsubscribe(pump))
            await world.buy()
            assert await fills_of(world, reader) == len(await world.engine.fills())
            before = len(await world.engine.fills())
            await world.buy()
            assert await fills_of(world, reader) == len(await world.engine.fills()) - before
            pump.leave(reader, FILLS)

    asyncio.run(main())


def test_nothing_runs_without_readers() -> None:
    async def main() -> None:
        async with stream_world() as world:
            pump = world.hub.orders
            reader = joined(pump)
            assert pump._task is not None
            pump.leave(reader, FILLS)
            assert pump._task is None
            seq = pump.seq
            await world.buy()
            assert pump.seq == seq
            assert not pump.deliver(list(world.engine.queries.entries(1, 2)))
            again = joined(pump)
            assert again.joined["fills"] == await world.head()
            pump.leave(again, FILLS)

    asyncio.run(main())


def test_a_replay_waits_for_its_reader_and_then_goes_live() -> None:
    async def main() -> None:
        limits = StreamLimits(backlog_entries=8, batch_bytes=1, portion=4)
        async with stream_world(limits) as world:
            pump = world.hub.orders
            for _ in range(12):
                await world.buy()
            await world.engine.flush()
            reader = joined(pump)
            replay = asyncio.create_task(pump.replay(reader, pump.resume(reader, 0)))
            with pytest.raises(ApiError, match="under way"):
                pump.resume(reader, 0)
            await world.buy()
            count = 0
            async with asyncio.timeout(10):
                while not replay.done() or reader.backlog:
                    await asyncio.sleep(0)
                    count += reader.take().count(b'"channel":"fills"')
            assert reader.ending is None
            assert not reader.held
            count += await fills_of(world, reader)
            assert count == len(await world.engine.fills(limit=100))
            pump.leave(reader, FILLS)

    asyncio.run(main())


def test_a_pump_that_breaks_ends_its_readers_with_the_place_to_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def main() -> None:
        async with stream_world() as world:
            pump = world.hub.orders
            reader = joined(pump)

            def broken(*_: object) -> None:
                raise ValueError("no such graph")

            monkeypatch.setattr(pump._events, "of", broken)
            await world.buy()
            async with asyncio.timeout(10):
                await reader.over.wait()
            assert reader.ending is not None
            assert b"no such graph" in reader.ending.last_frame
            assert b'"resume_from"' in reader.ending.last_frame
            pump.leave(reader, FILLS)

    asyncio.run(main())


def test_windows_tell_what_was_missed() -> None:
    reader = Reader(caller_of(), StreamLimits())
    reader.joined = {"fills": 20, "orders": 30}
    resume = Resume(10, 40, {"fills": 20})
    assert [resume.missed(reader, "fills", seq) for seq in (10, 11, 20, 21, 40, 41)] == [
        False, True, True, False, False, True,
    ]  # fmt: skip
    assert [resume.missed(reader, "orders", seq) for seq in (11, 30, 40, 41)] == [
        False, False, False, True,
    ]  # fmt: skip


def test_an_engine_that_ended_before_the_hub_is_no_error() -> None:
    async def main() -> None:
        async with ExecutionEngine.sandbox() as engine:
            await engine.ready()
            pump = OrderPump(engine, StreamLimits())
            reader = joined(pump)
        pump.leave(reader, FILLS)
        assert pump._task is None

    asyncio.run(main())


def test_a_replay_reaches_back_before_a_restart(tmp_path: Path) -> None:
    async def bought(engine: ExecutionEngine) -> None:
        await engine.ready()
        run = await engine.submit({"symbol": "BTC-USD", "side": "buy", "qty": "0.01"})
        await run.done(10)

    async def main() -> None:
        async with ExecutionEngine.sandbox(data_dir=tmp_path) as engine:
            await bought(engine)
            fills = len(await engine.fills())
            assert fills
        async with ExecutionEngine.sandbox(data_dir=tmp_path) as engine:
            pump = OrderPump(engine, StreamLimits())
            reader = joined(pump)
            await pump.replay(reader, pump.resume(reader, 0))
            assert reader.take().count(b'"channel":"fills"') == fills
            pump.leave(reader, FILLS)

    asyncio.run(main())
