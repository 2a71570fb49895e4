"""A market of four venues wired through the real actors, with links that only keep bytes."""

from __future__ import annotations

import random
from collections.abc import Sequence
from time import perf_counter_ns

from actors.node import NodeActor
from actors.node_place import NodePlace
from actors.router import RouterActor
from engine.decisions.node_market import NodeMarket
from engine.decisions.node_plan import NodeIdentity
from engine.decisions.policies.policy import Action, PolicyView, Route
from engine.errors import Reason
from engine.kernels.delta_ring import DeltaRing
from engine.messages import (
    ChildReport,
    FeedFrame,
    GroupCommitted,
    LinkUp,
    StartNode,
)
from engine.model.fees import FeeSchedule
from engine.model.graph import FixedAmount, Node, NodeInstrument, Quantity
from engine.model.instruments import Environment, Instrument, InstrumentType, Listing
from engine.model.orders import OrderReport, ReportKind, TimeInForce
from engine.model.records import JournalEntry
from engine.model.risk import AccountLimits, Limits
from engine.model.units import Side, format_price, format_qty
from engine.ports import FeedCodec, TradeCodec
from engine.runtime.actor import ActorRef
from engine.runtime.simulated_driver import SimulatedDriver
from engine.runtime.system import ActorSystem
from engine.service.wiring import EngineSettings, VenuePorts, build_world
from venues.binance.feed_codec import BinanceFeedCodec
from venues.simulated.trade_codec import SimulatedTradeCodec

__all__ = [
    "FAR_FEES_PPM",
    "NEAR_FEES_PPM",
    "TickWorld",
    "depth_frame",
    "depth_snapshot",
    "make_inputs",
]

TICK = 10_000_000
LOT = 1_000
VENUES = ("alpha", "beta", "gamma", "delta")
NEAR_FEES_PPM = (7, 10, 6, 30)
"""Fees so near that a split of some 20 levels uses three venues."""
FAR_FEES_PPM = (700, 1_000, 600, 1_200)
"""Retail fees: the next venue is reached only after a hundred levels of the one before."""
START_NS = 1_700_000_000 * 10**9
STEP_NS = 100_000_000
FOREVER = 10**17
ANY_PRICE = 2**62


class KeepingLink:
    """Keeps the bytes that left, and when the last of them did."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.left_ns = 0

    def open(self) -> None:
        """Always open."""

    def close(self) -> None:
        """Never closed."""

    def send(self, frame: bytes) -> bool:
        self.sent.append(frame)
        self.left_ns = perf_counter_ns()
        return True

    def request(self, request: str) -> bool:
        return True


class InstantSink:
    """Says at once that a group is durable: the disk is measured elsewhere."""

    def __init__(self, journal: ActorRef) -> None:
        self.journal = journal
        self.entries = 0
        self.last: JournalEntry | None = None

    def submit(self, group: Sequence[JournalEntry]) -> bool:
        self.entries += len(group)
        self.last = group[-1]
        self.journal.tell(GroupCommitted(group[-1].seq))
        return True


class FixedRoute:
    """A policy that routes the same quantity whenever its price is reached."""

    def __init__(self, qty_1e8: int) -> None:
        self.qty_1e8 = qty_1e8

    def start(self, view: PolicyView) -> Sequence[Action]:
        return ()

    def on_attempt_done(self, view: PolicyView, reason: Reason) -> Sequence[Action]:
        return ()

    def on_liquidity(self, view: PolicyView) -> Sequence[Action]:
        return (Route(self.qty_1e8, TimeInForce.IOC, rest=False),)

    def on_wake(self, view: PolicyView) -> Sequence[Action]:
        return ()

    def on_target(self, view: PolicyView) -> Sequence[Action]:
        return ()

    def resume(self, view: PolicyView) -> Sequence[Action]:
        return ()

    def state(self) -> bytes:
        return b""

    def load(self, state: bytes) -> None:
        """It keeps nothing."""


class TickWorld:
    """`tick(frame)` is the measured path; `reset()` ends its children unmeasured."""

    def __init__(
        self,
        snapshots: Sequence[bytes],
        qty_1e8: int,
        fees_ppm: Sequence[int] = NEAR_FEES_PPM,
    ) -> None:
        self.system = ActorSystem(seed=1)
        self.driver = SimulatedDriver(self.system, start_ns=START_NS, order="fifo")
        instrument = Instrument(symbol="BTC-USD", type=InstrumentType.SPOT, base="BTC", quote="USD")
        self.links = [KeepingLink() for _ in VENUES]
        self.listings = [
            Listing(
                venue=venue,
                venue_symbol="BTCUSDT",
                instrument=instrument,
                venue_index=index,
                tick_1e9=TICK,
                lot_1e8=LOT,
                qty_min_1e8=LOT,
                notional_min_1e9=5 * 10**9,
                fees=FeeSchedule(taker_ppm=fees_ppm[index]),
                latency_prior_ns=20_000_000,
            )
            for index, venue in enumerate(VENUES)
        ]
        ports = [
            self.ports(listing, link)
            for listing, link in zip(self.listings, self.links, strict=True)
        ]
        settings = EngineSettings(
            account=AccountLimits(collar_bps=None),
            limits=Limits(book_depth_max=2_048),
            feed_silence_ns=None,
        )
        self.sinks: list[InstantSink] = []
        self.world = build_world(self.system, settings, ports, self.sink)
        for trade in self.world.trades.values():
            trade.tell(LinkUp())
        self.feed = self.world.feeds[VENUES[0]]
        for venue, snapshot in zip(VENUES, snapshots, strict=True):
            self.world.feeds[venue].tell(FeedFrame(START_NS, snapshot))
        self.driver.run_until_idle()
        self.node = self.spawn_node(qty_1e8)
        router = self.system.actor_of(self.world.routers["BTC-USD"])
        assert isinstance(router, RouterActor)
        self.router = router
        self.arm()

    def tick(self, frame: bytes) -> None:
        """Frame bytes in, child order bytes out, and everything in between."""
        self.feed.tell(FeedFrame(self.system.now_ns, frame))
        self.system.drain(1_000)

    def arm(self) -> None:
        """The node waits for any move of the asks."""
        actor = self.system.actor_of(self.node)
        assert isinstance(actor, NodeActor)
        actor.watching = True
        self.router.watches.arm(self.node.actor_id, Side.BUY, ANY_PRICE)

    def reset(self) -> list[bytes]:
        """End the children unfilled, arm again, let virtual time pass; the bytes that left."""
        sent: list[bytes] = []
        for link in self.links:
            sent += link.sent
            link.sent.clear()
        actor = self.system.actor_of(self.node)
        assert isinstance(actor, NodeActor)
        for child in list(actor.ledger.children.values()):
            order = child.order
            report = OrderReport(
                ReportKind.EXPIRED, order.client_order_id, order.listing.venue, cum_qty_1e8=0
            )
            self.node.tell(ChildReport(report))
        self.driver.run_until_idle()
        self.system.now_ns += STEP_NS
        for index in range(len(VENUES)):
            self.world.markets["BTC-USD"].alive_ns[index] = self.system.now_ns
        self.arm()
        return sent

    def spawn_node(self, qty_1e8: int) -> ActorRef:
        symbol = "BTC-USD"
        identity = NodeIdentity(
            "bench",
            Environment.SANDBOX,
            "bench",
            1,
            Node(
                node_id="order",
                instrument=NodeInstrument(symbol=symbol),
                side="buy",
                quantity=Quantity(fixed=FixedAmount(qty_1e8=FOREVER)),
            ),
            0,
            Side.BUY,
            FOREVER,
            self.world.routers[symbol].actor_id,
            None,
        )
        world, market = self.world, self.world.markets[symbol]
        place = NodePlace(
            market,
            NodeMarket(market, world.tapes[symbol], None),
            LOT,
            market.instrument.multiplier_1e8,
            None,
            world.risk,
            world.routers[symbol],
            world.journal,
            world.trades,
            world.price_watches,
            lambda node: FixedRoute(qty_1e8),
        )
        node = self.system.spawn(
            lambda: NodeActor(identity, place, world.registry, []), name="node"
        )
        node.tell(StartNode())
        self.driver.run_until_idle()
        return node

    def sink(self, journal: ActorRef) -> InstantSink:
        self.sinks.append(InstantSink(journal))
        return self.sinks[-1]

    def ports(self, listing: Listing, link: KeepingLink) -> VenuePorts:
        def make(listings: Sequence[Listing], rings: Sequence[DeltaRing]) -> FeedCodec:
            return BinanceFeedCodec(listings, rings)

        codec: TradeCodec = SimulatedTradeCodec(listing.venue)
        return VenuePorts(
            listing.venue, (listing,), make, codec, KeepingLink(), link, lambda feed, trade: None
        )


Level = tuple[int, int]


def depth_frame(first: int, last: int, bids: Sequence[Level], asks: Sequence[Level]) -> bytes:
    """A Binance depth frame with levels as (price_1e9, qty_1e8), as the venue writes them."""
    text = '{"e":"depthUpdate","E":1717171717123,"s":"BTCUSDT","U":%d,"u":%d,"b":[%s],"a":[%s]}'
    return (text % (first, last, _levels(bids), _levels(asks))).encode()


def depth_snapshot(last: int, bids: Sequence[Level], asks: Sequence[Level]) -> bytes:
    """The REST snapshot body."""
    text = '{"lastUpdateId":%d,"bids":[%s],"asks":[%s]}'
    return (text % (last, _levels(bids), _levels(asks))).encode()


def _levels(levels: Sequence[Level]) -> str:
    return ",".join(f'["{_fixed(format_price(p))}","{_fixed(format_qty(q))}"]' for p, q in levels)


def _fixed(text: str) -> str:
    whole, _, fraction = text.partition(".")
    return f"{whole}.{fraction:0<8}"


def make_inputs(ticks: int, seed: int = 7) -> tuple[list[bytes], list[bytes]]:
    """Snapshots of four venues and `ticks` frames of ten levels near the first one's top."""
    rng = random.Random(seed)
    mid = 64_123_450_000_000
    snapshots = []
    books: list[list[Level]] = []
    for shift in (0, 1, 3, -2):
        sides: list[list[Level]] = []
        for sign in (-1, 1):
            price = mid + shift * TICK
            side = []
            for _ in range(500):
                price += sign * TICK * rng.randrange(1, 40)
                side.append((price, rng.randrange(1, 10_000) * LOT))
            sides.append(side)
        books.append(sides[1])
        snapshots.append(depth_snapshot(100, sides[0], sides[1]))
    asks = [price for price, _ in books[0][:40]]
    bids_low = mid - 400 * TICK
    frames = []
    number = 101
    top = 0
    for _ in range(ticks):
        best = rng.randrange(1, 10_000) * LOT
        if best == top:
            # A best level that stays as it was fires nothing.
            best += LOT
        top = best
        changed = [(asks[0], best)]
        changed += [
            (asks[min(39, int(rng.expovariate(0.25)) + 1)], rng.randrange(1, 10_000) * LOT)
            for _ in range(4)
        ]
        bids = [(bids_low - k * TICK, rng.randrange(1, 10_000) * LOT) for k in range(5)]
        frames.append(depth_frame(number, number + 9, bids, changed))
        number += 10
    return snapshots, frames
