"""One seed's world: the real actors, codecs and decisions over simulated venues and a seed's order.

The safety phase runs the workload under faults, then everything is healed, and in the liveness
phase every graph must end within `LIVENESS_NS` of virtual time.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Sequence
from functools import partial

import msgspec

from actors.journal import JournalActor
from engine.kernels.delta_ring import DeltaRing
from engine.messages import CancelGraph, SubmitAnswer, SubmitGraph
from engine.model.instruments import Environment, Listing
from engine.model.records import GraphAccepted, GraphChanged, JournalEntry
from engine.model.risk import Limits
from engine.runtime.actor import ActorRef
from engine.runtime.simulated_driver import Answer, SimulatedDriver
from engine.runtime.supervision import HALT
from engine.runtime.system import ActorSystem
from engine.service.wiring import EngineSettings, VenuePorts, build_world
from tests.simulation.disk import Disk, DiskSink
from tests.simulation.workload import S, Submission, Swarm, VenueDraw
from tests.support.probe import narrow, widen
from venues.simulated.catalogue import VENUE_PROFILES, depth_of, fair_name, fair_values, generator
from venues.simulated.exchange import SimulatedExchange
from venues.simulated.faults import FaultModel
from venues.simulated.feed_codec import SimulatedFeedCodec
from venues.simulated.link import SimulatedLink
from venues.simulated.order_flow import OrderFlow
from venues.simulated.trade_codec import SimulatedTradeCodec
from venues.simulated.venue import FlowSwitch, SimulatedVenue

__all__ = ["LIVENESS_NS", "SimulatedWorld", "journal_hash"]

START_NS = 1_700_000_000 * S
CLIENT_PATIENCE_NS = 20 * S
LIVENESS_NS = 120 * S
SETTLING_NS = 15 * S
TICK_NS = 100_000_000
FEED, TRADE = 1, 2
LIMITS = Limits(book_depth_max=256, delta_rows_max=2_048, tape_prints_max=256)


class SimulatedWorld:
    """Everything of one run; `run` goes through all its phases."""

    def __init__(self, swarm: Swarm) -> None:
        self.swarm = swarm
        seed = swarm.seed
        self.system = ActorSystem(seed)
        self.driver = SimulatedDriver(self.system, seed, START_NS, order="seeded")
        self.exchanges: dict[str, SimulatedExchange] = {}
        self.faults: list[FaultModel] = []
        self.hosts: list[ActorRef] = []
        listings = [one for venue in swarm.venues for one in venue.listings]
        self.fairs = fair_values(seed, listings)
        ports = [self.ports_of(venue) for venue in swarm.venues]
        self.disks: list[Disk] = []
        self.world = build_world(self.system, EngineSettings(limits=LIMITS), ports, self.make_sink)
        self.answers: list[tuple[Submission, Answer]] = []
        self.cancels: list[tuple[int, str, str]] = []
        for ref in self.system.refs.values():
            small = swarm.capacities.get(ref.name.partition(":")[0])
            if small is not None:
                narrow(self.system, ref, small)

    @property
    def durable(self) -> list[JournalEntry]:
        """What is on the disk."""
        return self.disks[0].entries

    @property
    def entries(self) -> list[JournalEntry]:
        """What was recorded, durable or not yet, in order."""
        journal = self.system.actor_of(self.world.journal)
        assert isinstance(journal, JournalActor)
        waiting = [entry for group in journal.uncommitted for entry in group]
        return [*self.durable, *waiting, *journal.group]

    @property
    def elapsed_ns(self) -> int:
        return self.driver.now_ns - START_NS

    @property
    def started_ns(self) -> int:
        return START_NS

    def run(self, watch: Callable[[SimulatedWorld], None] = lambda run: None) -> None:
        """Safety, heal, liveness; `watch` looks on whenever the clients act."""
        self.run_safety(watch)
        self.driver.run_until_idle()
        self.heal()
        self.run_liveness()

    def run_safety(self, watch: Callable[[SimulatedWorld], None]) -> None:
        """Submit and cancel as drawn, while the lines are bad."""
        happens: dict[int, list[Callable[[], None]]] = {self.swarm.faults_at_ns: [self.spoil]}
        for number, one in enumerate(self.swarm.submissions):
            happens.setdefault(one.at_ns, []).append(partial(self.submit, one))
            if one.cancel_at_ns is not None:
                happens.setdefault(one.cancel_at_ns, []).append(partial(self.cancel, number))
        for moment in sorted(happens):
            self.driver.run_until(START_NS + moment)
            watch(self)
            for act in happens[moment]:
                act()

    def spoil(self) -> None:
        """The lines turn bad."""
        for model in self.faults:
            model.on = True

    def heal(self) -> None:
        """Honest lines, a quick disk and room for market data from here on."""
        for ref in self.system.refs.values():
            if ref.name.partition(":")[0] in ("feed", "book", "venue"):
                widen(self.system, ref)
        self.disks[0].commit_ns = 0
        for model in self.faults:
            model.heal()
        if self.swarm.flow_stops:
            for host in self.hosts:
                self.driver.tell(host, FlowSwitch(False))

    def run_liveness(self) -> None:
        """Clients lose patience after a while; then every graph must end, and books be right."""
        start = self.driver.now_ns
        self.run_while_active(start + CLIENT_PATIENCE_NS)
        for number in range(len(self.answers)):
            self.cancel(number)
        self.run_while_active(start + LIVENESS_NS)
        # Repeated reports and overdue frames may still be on their way, and feeds recover.
        for host in self.hosts:
            self.driver.tell(host, FlowSwitch(False))
        self.driver.run_for(SETTLING_NS)

    def run_while_active(self, until_ns: int) -> None:
        while self.active_graphs() and self.driver.now_ns < until_ns:
            self.driver.run_for(S)

    def active_graphs(self) -> list[str]:
        """Graphs that were accepted and have not ended, as the journal tells."""
        active: dict[str, None] = {}
        for entry in self.entries:
            if isinstance(entry.payload, GraphAccepted):
                active[entry.graph_id] = None
            elif isinstance(entry.payload, GraphChanged):
                active.pop(entry.graph_id, None)
        return list(active)

    def submit(self, one: Submission) -> None:
        answer = self.driver.ask(
            self.world.registry,
            lambda reply: SubmitGraph(reply, one.client_id, Environment.SANDBOX, one.graph),
        )
        self.answers.append((one, answer))
        if self.swarm.seed % 2:
            self.driver.run_until_idle()

    def cancel(self, number: int) -> None:
        """The client of a submission asks for its end; nothing where it was never accepted."""
        if number >= len(self.answers):
            return
        one, answer = self.answers[number]
        if isinstance(answer.value, SubmitAnswer) and answer.value.graph_id:
            graph_id = answer.value.graph_id
            self.driver.ask(
                self.world.registry,
                lambda reply: CancelGraph(reply, one.client_id, Environment.SANDBOX, graph_id),
            )

    def make_sink(self, journal: ActorRef) -> DiskSink:
        draw = self.swarm.disk
        fails_ns = START_NS + draw.fails_ns[0], START_NS + draw.fails_ns[1]
        disk = Disk(journal, draw.commit_ns, fails_ns)
        self.disks.append(disk)
        self.system.spawn(lambda: disk, name="disk", supervision=HALT)
        return DiskSink(disk, draw.groups_max)

    def ports_of(self, draw: VenueDraw) -> VenuePorts:
        """Exchange, order flow, faults and lines of one venue."""
        seed, name = self.swarm.seed, draw.name
        (profile,) = (one for one in VENUE_PROFILES if one.name == name)
        exchange = SimulatedExchange(
            name, draw.listings, generator(seed, f"exchange {name}"), draw.config
        )
        depths = {
            one.venue_symbol: msgspec.structs.replace(
                depth_of(profile, one), levels=8, events_per_s=30
            )
            for one in draw.listings
        }
        fairs = {one.venue_symbol: self.fairs[fair_name(one)] for one in draw.listings}
        flow = OrderFlow(exchange, fairs, depths, generator(seed, f"flow {name}"))
        faults = FaultModel(draw.rates, random.Random(f"faults {seed} {name}"))
        faults.on = False
        host = self.system.spawn(
            lambda: SimulatedVenue(exchange, flow, draw.latency_ns, faults, TICK_NS),
            name=f"venue:{name}",
            supervision=HALT,
        )
        self.exchanges[name] = exchange
        self.faults.append(faults)
        self.hosts.append(host)
        feed_link = SimulatedLink(host, FEED, private=False)
        trade_link = SimulatedLink(host, TRADE, private=True)

        def make_feed_codec(
            listings: Sequence[Listing], rings: Sequence[DeltaRing]
        ) -> SimulatedFeedCodec:
            return SimulatedFeedCodec(listings, rings)

        def bind(feed: ActorRef, trade: ActorRef) -> None:
            feed_link.bind(feed)
            trade_link.bind(trade)

        codec = SimulatedTradeCodec(name)
        return VenuePorts(name, draw.listings, make_feed_codec, codec, feed_link, trade_link, bind)


def journal_hash(entries: Sequence[JournalEntry]) -> str:
    """One number for a whole run."""
    return hashlib.sha256(msgspec.msgpack.encode(list(entries))).hexdigest()
