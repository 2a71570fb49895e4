"""An exchange host and links to it in one loop, with an actor that keeps what the link tells."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from engine.messages import FeedFrame, LinkDown, LinkUp, TradeFrame
from engine.runtime.actor import Actor, handles
from engine.runtime.live_driver import LiveDriver
from engine.runtime.system import ActorSystem
from engine.service.remote_exchange import ExchangeHost
from engine.service.remote_link import RemoteLink
from engine.service.remote_wire import Hello
from venues.simulated.catalogue import build_sandbox

WAIT_S = 10.0


class Hearer(Actor[LinkUp | LinkDown | FeedFrame | TradeFrame]):
    """Keeps all it hears."""

    def __init__(self) -> None:
        self.heard: list[LinkUp | LinkDown | FeedFrame | TradeFrame] = []

    @handles(LinkUp)
    def on_up(self, message: LinkUp) -> None:
        self.heard.append(message)

    @handles(LinkDown)
    def on_down(self, message: LinkDown) -> None:
        self.heard.append(message)

    @handles(FeedFrame)
    def on_feed(self, message: FeedFrame) -> None:
        self.heard.append(message)

    @handles(TradeFrame)
    def on_trade(self, message: TradeFrame) -> None:
        self.heard.append(message)

    def payloads(self) -> list[bytes]:
        return [one.payload for one in self.heard if isinstance(one, FeedFrame | TradeFrame)]


class RemoteRig:
    """One host, one driver, any number of links."""

    def __init__(self, address: str, *, latency_scale: float = 0.0) -> None:
        self.address = address
        self.latency_scale = latency_scale
        self.driver = LiveDriver(ActorSystem(), asyncio.get_running_loop())
        self.links: list[RemoteLink] = []
        self.make_host()

    def make_host(self) -> None:
        """A new host over new venues; not served yet."""
        venues = build_sandbox(5, events=False)
        self.host = ExchangeHost(venues, latency_scale=self.latency_scale)
        self.serving: asyncio.Task[None] | None = None

    def serve(self) -> None:
        self.serving = asyncio.create_task(self.host.serve(self.address))

    async def stop(self) -> None:
        """The host ends, as its process would."""
        self.host.stopped.set()
        if self.serving is not None:
            await self.serving

    def link(self, venue: str = "kraken", *, private: bool = True) -> tuple[RemoteLink, Hearer]:
        hearer = Hearer()
        link = RemoteLink(self.driver, self.address, Hello(venue, 1, private))
        link.bind(self.driver.system.spawn(lambda: hearer, name=f"hearer-{len(self.links)}"))
        self.links.append(link)
        return link, hearer


@asynccontextmanager
async def remote_rig(*, latency_scale: float = 0.0) -> AsyncIterator[RemoteRig]:
    folder = tempfile.mkdtemp(prefix="xg")
    rig = RemoteRig(str(Path(folder) / "x"), latency_scale=latency_scale)
    try:
        yield rig
    finally:
        for link in rig.links:
            link.close()
        await rig.stop()
        rig.driver.close()
        rig.driver.system.stop()
        await asyncio.sleep(0.01)
        shutil.rmtree(folder)


async def until(holds: Callable[[], bool]) -> None:
    """Wait for a fact; TimeoutError when it does not come."""
    async with asyncio.timeout(WAIT_S):
        while not holds():
            await asyncio.sleep(0.002)
