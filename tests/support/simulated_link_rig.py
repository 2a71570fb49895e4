"""A simulated venue, its links and probe actors on the virtual clock."""

from __future__ import annotations

import random
from typing import Any, Literal

from engine.messages import FeedFrame, LinkDown, LinkUp, TradeFrame
from engine.runtime.actor import Actor, handles
from engine.runtime.simulated_driver import SimulatedDriver
from engine.runtime.system import ActorSystem
from tests.support.simulated_venues import T0
from venues.simulated.faults import FaultModel, FaultRates
from venues.simulated.link import SimulatedLink
from venues.simulated.venue import HostedExchange, HostedFlow, SimulatedVenue

LATENCY_NS = 10_000_000


class Probe(Actor[LinkUp | LinkDown | FeedFrame | TradeFrame]):
    """Keeps (time, message) of all it hears."""

    mailbox_capacity = 65_536

    def __init__(self, link: SimulatedLink) -> None:
        self.link = link
        self.heard: list[tuple[int, Any]] = []

    def on_start(self) -> None:
        self.link.open()

    @handles(LinkUp)
    def on_up(self, message: LinkUp) -> None:
        self.keep(message)

    @handles(LinkDown)
    def on_down(self, message: LinkDown) -> None:
        self.keep(message)

    @handles(FeedFrame)
    def on_feed(self, message: FeedFrame) -> None:
        self.keep(message)

    @handles(TradeFrame)
    def on_trade(self, message: TradeFrame) -> None:
        self.keep(message)

    def keep(self, message: object) -> None:
        self.heard.append((self.ctx.now_ns, message))


class Rig:
    """One venue, a feed link (session 1) and an order link (session 2), opened."""

    def __init__(
        self,
        exchange: HostedExchange,
        flow: HostedFlow | None = None,
        rates: FaultRates | None = None,
        seed: int = 1,
        order: Literal["seeded", "fifo"] = "fifo",
    ) -> None:
        self.faults = FaultModel(rates or FaultRates(), random.Random(seed))
        self.system = ActorSystem(seed=seed)
        self.driver = SimulatedDriver(self.system, seed=seed, start_ns=T0, order=order)
        self.venue = self.system.spawn(
            lambda: SimulatedVenue(exchange, flow, LATENCY_NS, self.faults), name="venue"
        )
        self.feed_link = SimulatedLink(self.venue, 1, private=False, line=3)
        self.trade_link = SimulatedLink(self.venue, 2, private=True)
        self.feed = self.probe(self.feed_link)
        self.trade = self.probe(self.trade_link)

    def probe(self, link: SimulatedLink) -> Probe:
        probe = Probe(link)
        link.bind(self.system.spawn(lambda: probe, name=f"probe {link.session}"))
        return probe

    def connect(self) -> None:
        self.driver.run_for(3 * LATENCY_NS)

    def payloads(self, probe: Probe) -> list[bytes]:
        return [
            message.payload
            for _, message in probe.heard
            if isinstance(message, FeedFrame | TradeFrame)
        ]
