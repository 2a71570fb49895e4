"""The link to another process: up, down, up again, and never more than its bound."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from engine.messages import FeedFrame, LinkDown, LinkUp, TradeFrame
from engine.service.remote_link import remote_ports
from tests.support.remote_rig import RemoteRig, remote_rig, until
from venues.simulated.catalogue import sandbox_listings
from venues.simulated.protocol import OpenOrders, Subscribe, encode

LIST = encode(OpenOrders())


def on_rig(work: Callable[[RemoteRig], Awaitable[None]], *, latency_scale: float = 0.0) -> None:
    async def main() -> None:
        async with remote_rig(latency_scale=latency_scale) as rig:
            await work(rig)

    asyncio.run(main())


def test_an_order_line_gets_trade_frames_and_a_feed_gets_feed_frames() -> None:
    async def work(rig: RemoteRig) -> None:
        rig.serve()
        trade, orders = rig.link()
        feed, market = rig.link(private=False)
        assert not trade.send(LIST)
        trade.open()
        feed.open()
        await until(lambda: trade.up and feed.up)
        assert orders.heard == [LinkUp(0)]
        assert trade.send(LIST)
        assert feed.send(encode(Subscribe(syms=("ETH-USD",))))
        await until(lambda: bool(orders.payloads()) and len(market.payloads()) > 2)
        assert all(isinstance(one, TradeFrame) for one in orders.heard[1:])
        assert all(isinstance(one, FeedFrame) for one in market.heard[1:])
        assert orders.payloads()[0].startswith(b'{"ev":"open_orders"')
        assert market.payloads()[0].startswith(b'{"ev":"snapshot"')

    on_rig(work)


def test_it_waits_for_an_exchange_and_comes_back_to_the_next() -> None:
    async def work(rig: RemoteRig) -> None:
        link, hearer = rig.link()
        link.open()
        await asyncio.sleep(0.03)
        assert hearer.heard == []
        rig.serve()
        await until(lambda: link.up)
        await rig.stop()
        await until(lambda: not link.up)
        assert not link.send(LIST)
        rig.make_host()
        rig.serve()
        await until(lambda: link.up)
        assert [type(one) for one in hearer.heard] == [LinkUp, LinkDown, LinkUp]

    on_rig(work)


def test_nothing_follows_a_close() -> None:
    async def work(rig: RemoteRig) -> None:
        rig.serve()
        link, hearer = rig.link()
        link.open()
        await until(lambda: link.up)
        link.close()
        assert not link.send(LIST)
        await until(lambda: not rig.host.sessions)
        await asyncio.sleep(0.05)
        assert hearer.heard == [LinkUp(0)]

    on_rig(work)


def test_a_line_that_is_full_says_so() -> None:
    async def work(rig: RemoteRig) -> None:
        rig.serve()
        link, hearer = rig.link()
        link.open()
        await until(lambda: link.up)
        sent = 0
        # Nothing is read meanwhile, as nothing is awaited: the socket fills, then the queue.
        while link.send(LIST + b" " * 10_000):
            sent += 1
            assert sent < 10_000
        assert sent
        await until(lambda: len(hearer.payloads()) == sent)
        assert link.send(LIST)

    on_rig(work)


def test_ports_cover_every_venue_of_the_sandbox() -> None:
    async def work(rig: RemoteRig) -> None:
        ports = remote_ports(rig.driver, rig.address, events=False)
        listings = [one for each in ports for one in each.listings]
        assert sorted(map(repr, listings)) == sorted(map(repr, sandbox_listings(events=False)))
        assert [one.venue for one in ports] == list(rig.host.venues)

    on_rig(work)
