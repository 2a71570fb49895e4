"""A world of one venue that fills at once, for benchmarks of whole order lives."""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from engine.messages import GroupCommitted, SubmitAnswer, SubmitGraph
from engine.model.fees import FeeSchedule
from engine.model.graph import FixedAmount, Graph, Node, NodeInstrument, Quantity
from engine.model.instruments import Environment, Instrument, InstrumentType, Listing
from engine.model.units import Side
from engine.ports import FeedCodec, JournalSink
from engine.runtime.actor import ActorRef
from engine.runtime.simulated_driver import SimulatedDriver
from engine.runtime.system import ActorSystem
from engine.service.settings import EngineSettings, VenuePorts
from engine.service.sinks import DirectSink
from engine.service.wiring import build_world
from engine.store.journal import SqliteStore
from engine.store.writer import WriterThread
from venues.simulated.exchange import ExchangeConfig, SimulatedExchange
from venues.simulated.feed_codec import SimulatedFeedCodec
from venues.simulated.link import SimulatedLink
from venues.simulated.trade_codec import SimulatedTradeCodec
from venues.simulated.venue import SimulatedVenue

__all__ = ["OrderWorld"]

SYMBOL = "BTC-USD"
PRICE = 64_000 * 10**9
START_NS = 1_700_000_000 * 10**9
STEP_NS = 1_000_000
DEPTH_1E8 = 10**17
TURNS_MAX = 1_000_000


class OrderWorld:
    """`order()` submits one market order and runs it to its end; the journal is on disk.

    `threaded` commits on the writer thread, as an engine does, with the disk's own speed left out.
    """

    def __init__(self, path: Path, *, threaded: bool = False) -> None:
        self.threaded = threaded
        self.writer: WriterThread | None = None
        self.committed: deque[int] = deque()
        self.system = ActorSystem(seed=1)
        self.driver = SimulatedDriver(self.system, start_ns=START_NS, order="fifo")
        self.store = SqliteStore(path)
        # The disk's own speed is measured elsewhere; here only what is kept in memory counts.
        self.store.connection.execute("PRAGMA synchronous = OFF")
        instrument = Instrument(symbol=SYMBOL, type=InstrumentType.SPOT, base="BTC", quote="USD")
        listing = Listing(
            venue="alpha",
            venue_symbol=SYMBOL,
            instrument=instrument,
            venue_index=0,
            tick_1e9=10_000_000,
            lot_1e8=1_000,
            qty_min_1e8=1_000,
            fees=FeeSchedule(taker_ppm=1_000),
        )
        rng = random.Random(1)
        self.exchange = SimulatedExchange("alpha", [listing], rng, ExchangeConfig(closed_max=1_024))
        self.exchange.account.balances["USD"] = 10**24
        for side, price in ((Side.SELL, PRICE), (Side.BUY, PRICE - 10**9)):
            self.exchange.flow_place(SYMBOL, side, DEPTH_1E8, price, START_NS)
        host = self.system.spawn(lambda: SimulatedVenue(self.exchange, None, 0), name="venue:alpha")
        self.feed_link = SimulatedLink(host, 1, private=False)
        self.trade_link = SimulatedLink(host, 2, private=True)
        ports = VenuePorts(
            "alpha",
            (listing,),
            self.make_codec,
            SimulatedTradeCodec("alpha"),
            self.feed_link,
            self.trade_link,
            self.bind,
        )
        self.world = build_world(self.system, EngineSettings(), [ports], self.make_sink)
        self.driver.run_for(2 * 10**9)
        node = Node(
            node_id="order",
            instrument=NodeInstrument(symbol=SYMBOL),
            side="buy",
            quantity=Quantity(fixed=FixedAmount(qty_1e8=100_000)),
        )
        self.graph = Graph(nodes=(node,))
        self.make_request: Callable[[int], SubmitGraph] = lambda reply_to: SubmitGraph(
            reply_to, "bench", Environment.SANDBOX, self.graph
        )

    def order(self) -> SubmitAnswer:
        """One order from submit to completed."""
        box = self.driver.ask(self.world.registry, self.make_request)
        self.driver.run_for(STEP_NS)
        assert isinstance(box.value, SubmitAnswer)
        return box.value

    def batch(self, count: int) -> int:
        """Submit so many at once and run them to their end; how many were accepted."""
        boxes = [self.driver.ask(self.world.registry, self.make_request) for _ in range(count)]
        # The production drain, not the simulated driver's step by step.
        system, until_ns = self.system, self.system.now_ns + STEP_NS
        system.scheduler.drain(TURNS_MAX)
        while (due_ns := system.timers.next_due_ns()) is not None and due_ns <= until_ns:
            system.now_ns = max(system.now_ns, due_ns)
            system.fire_timers()
            system.scheduler.drain(TURNS_MAX)
        system.now_ns = until_ns
        self.pump()
        return sum(isinstance(one.value, SubmitAnswer) and not one.value.reason for one in boxes)

    def pump(self) -> None:
        """Tell the journal what the thread has made durable."""
        while self.committed:
            self.world.journal.tell(GroupCommitted(self.committed.popleft()))

    def settle(self) -> None:
        """Wait until all that was recorded is durable."""
        while self.writer is not None and self.writer.depth:
            time.sleep(0.001)
            self.pump()
            self.driver.run_until_idle()

    def completed(self) -> int:
        """Graphs that the store knows as completed."""
        self.settle()
        sql = "SELECT count(*) FROM graphs WHERE status = 'completed'"
        found: int = self.store.connection.execute(sql).fetchone()[0]
        return found

    def close(self) -> None:
        """Let the store go."""
        self.system.stop()
        if self.writer is not None:
            self.writer.stop()
        self.store.close()

    def make_sink(self, journal: ActorRef) -> JournalSink:
        if not self.threaded:
            return DirectSink(self.store, journal)
        self.writer = WriterThread(self.store, self.committed.append, print)
        return self.writer

    def make_codec(self, listings, rings) -> FeedCodec:  # type: ignore[no-untyped-def]  # as the port
        return SimulatedFeedCodec(listings, rings)

    def bind(self, feed: ActorRef, trade: ActorRef) -> None:
        self.feed_link.bind(feed)
        self.trade_link.bind(trade)
