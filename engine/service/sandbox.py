"""The embedded sandbox: simulated venues in the same process, ready to be wired to an engine."""

from __future__ import annotations

from collections.abc import Sequence

from engine.kernels.delta_ring import DeltaRing
from engine.model.instruments import Listing
from engine.ports import FeedCodec
from engine.runtime.actor import ActorRef
from engine.runtime.supervision import HALT
from engine.runtime.system import ActorSystem
from engine.service.wiring import VenuePorts
from venues.simulated.catalogue import SandboxVenue
from venues.simulated.faults import FaultModel
from venues.simulated.feed_codec import SimulatedFeedCodec
from venues.simulated.link import SimulatedLink
from venues.simulated.trade_codec import SimulatedTradeCodec
from venues.simulated.venue import SimulatedVenue

__all__ = ["sandbox_ports"]

FEED_SESSION = 1
TRADE_SESSION = 2


def sandbox_ports(
    system: ActorSystem,
    venues: Sequence[SandboxVenue],
    faults: FaultModel | None = None,
    latency_scale: float = 1.0,
) -> list[VenuePorts]:
    """Spawn the hosts of already built venues and return their ports.

    The exchanges outlive the system: the same `venues` may be given to a second engine.
    """
    return [_ports(system, venue, faults, latency_scale) for venue in venues]


def _ports(
    system: ActorSystem, venue: SandboxVenue, faults: FaultModel | None, latency_scale: float
) -> VenuePorts:
    name = venue.profile.name
    latency_ns = int(venue.profile.latency_ns * latency_scale)
    host = system.spawn(
        lambda: SimulatedVenue(venue.exchange, venue.flow, latency_ns, faults),
        name=f"venue:{name}",
        supervision=HALT,
    )
    feed_link = SimulatedLink(host, FEED_SESSION, private=False)
    trade_link = SimulatedLink(host, TRADE_SESSION, private=True)

    def make_feed_codec(listings: Sequence[Listing], rings: Sequence[DeltaRing]) -> FeedCodec:
        return SimulatedFeedCodec(listings, rings)

    def bind(feed: ActorRef, trade: ActorRef) -> None:
        feed_link.bind(feed)
        trade_link.bind(trade)

    codec = SimulatedTradeCodec(name, venue.exchange.config.native)
    return VenuePorts(
        name, tuple(venue.listings), make_feed_codec, codec, feed_link, trade_link, bind
    )
