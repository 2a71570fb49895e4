"""One seed's world: the real actors, codecs and decisions over simulated venues and a seed's order.

The safety phase runs the workload under faults, then everything is healed, and in the liveness
phase every graph must end within `LIVENESS_NS` of virtual time.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import msgspec

from actors.journal import JournalActor
from engine.kernels.delta_ring import DeltaRing
from engine.messages import ApprovedRoute
from engine.model.instruments import Listing
from engine.model.orders import Grant
from engine.model.records import GraphAccepted, GraphChanged, JournalEntry
from engine.model.risk import Limits
from engine.runtime.actor import Actor, ActorRef
from engine.runtime.simulated_driver import SimulatedDriver
from engine.runtime.supervision import HALT
from engine.runtime.system import ActorSystem
from engine.service.simulation.clients import Clients
from engine.service.simulation.disk import Disk, DiskSink
from engine.service.simulation.evidence import ENDS, GRANTS_A_LIFE
from engine.service.simulation.lives import reopened, stored
from engine.service.simulation.mailboxes import narrow, widen
from engine.service.simulation.swarm import Crash, S, Swarm, VenueDraw
from engine.service.wiring import EngineSettings, VenuePorts, World, build_world
from engine.store.journal import SqliteStore
from venues.simulated.catalogue import VENUE_PROFILES, depth_of, fair_name, fair_values, generator
from venues.simulated.exchange import SimulatedExchange
from venues.simulated.faults import FaultModel
from venues.simulated.feed_codec import SimulatedFeedCodec
from venues.simulated.link import SimulatedLink
from venues.simulated.order_flow import OrderFlow
from venues.simulated.trade_codec import SimulatedTradeCodec
from venues.simulated.venue import FlowSwitch, LinkClose, RequestArrives, SimulatedVenue

__all__ = ["LIVENESS_NS", "Plant", "SimulatedWorld"]

START_NS = 1_700_000_000 * S
CLIENT_PATIENCE_NS = 20 * S
LIVENESS_NS = 120 * S
SETTLING_NS = 15 * S
TICK_NS = 100_000_000
FIRINGS_MAX = 1_000
FEED, TRADE = 1, 2
# Small on purpose: a book of eight rungs a side needs no more, and zeroing rows costs time.
LIMITS = Limits(book_depth_max=256, delta_rows_max=2_048, tape_prints_max=256)
BOOK_RUNGS = 8

Plant = Callable[["SimulatedWorld"], None]


class SimulatedWorld:
    """Everything of one run; `run` goes through all its phases.

    `entries` is all that was recorded, `grants` every leave that risk gave, seen on its way to
    the router. `lives` are the first sequence numbers of each engine of this run; `crashed` is
    called while a dropped one can still be looked at, `restarting` before the next. `patch` is
    for planted bugs; what it changes is put back by `restore`.
    """

    def __init__(self, swarm: Swarm) -> None:
        self.swarm = swarm
        seed = swarm.seed
        self.system = ActorSystem(seed)
        self.driver = SimulatedDriver(self.system, seed, START_NS, order="seeded")
        self.exchanges: dict[str, SimulatedExchange] = {}
        self.faults: list[FaultModel] = []
        self.hosts: list[ActorRef] = []
        self.patches: list[tuple[Any, str, Any]] = []
        listings = [one for venue in swarm.venues for one in venue.listings]
        self.fairs = fair_values(seed, listings)
        for venue in swarm.venues:
            self.host(venue)
        self.disks: list[Disk] = []
        self.grants: dict[int, Grant] = {}
        self.lives: list[int] = []
        self.stores: list[SqliteStore] = []
        self.down = False
        self.letters: Counter[tuple[str, str]] = Counter()
        self.crashed: Callable[[], None] = nobody
        self.restarting: Callable[[], None] = nobody
        self.world = self.boot(None)
        self.clients = Clients(swarm, self.driver, self.world)

    @property
    def durable(self) -> list[JournalEntry]:
        """What is on the disk."""
        return self.disks[-1].entries

    @property
    def entries(self) -> list[JournalEntry]:
        """What was recorded, durable or not yet, in order."""
        if self.down:
            return self.durable
        journal = self.system.actor_of(self.world.journal)
        assert isinstance(journal, JournalActor)
        durable = self.durable
        last = durable[-1].seq if durable else 0
        waiting = [one for group in journal.uncommitted for one in group if one.seq > last]
        return [*durable, *waiting, *journal.group]

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
        """Submit, meddle and cancel as drawn, while the lines are bad."""
        happens: dict[int, list[Callable[[], None]]] = {self.swarm.faults_at_ns: [self.spoil]}
        for at_ns, act in self.clients.plan():
            happens.setdefault(at_ns, []).append(act)
        for crash in self.swarm.crashes:
            happens.setdefault(crash.at_ns, []).append(partial(self.drop, crash))
            back_ns = crash.at_ns + crash.outage_ns
            happens.setdefault(back_ns, []).append(self.start_again)
        for moment in sorted(happens):
            self.run_until(START_NS + moment)
            watch(self)
            for act in happens[moment]:
                act()

    def spoil(self) -> None:
        """The lines turn bad."""
        for model in self.faults:
            model.on = True

    def heal(self) -> None:
        """Honest lines, a quick disk, room for market data and a clear switch from here on."""
        for ref in self.system.refs.values():
            if ref.name.partition(":")[0] in ("feed", "book", "venue"):
                widen(self.system, ref)
        self.disks[-1].commit_ns = 0
        for model in self.faults:
            model.heal()
        if self.swarm.flow_stops:
            self.stop_flow()
        self.clients.relent()

    def run_liveness(self) -> None:
        """Clients lose patience after a while; then every graph must end, and books be right."""
        start = self.driver.now_ns
        self.run_while_active(start + CLIENT_PATIENCE_NS)
        self.clients.give_up()
        self.run_while_active(start + LIVENESS_NS)
        # Repeated reports and overdue frames may still be on their way, and feeds recover.
        self.stop_flow()
        self.run_until(self.driver.now_ns + SETTLING_NS)

    def run_while_active(self, until_ns: int) -> None:
        while self.active_graphs() and self.driver.now_ns < until_ns:
            self.run_until(self.driver.now_ns + S)

    def run_until(self, until_ns: int) -> None:
        """Let time pass as the driver does; AssertionError where timers keep it from passing."""
        driver, timers = self.driver, self.system.timers
        driver.run_until_idle()
        stands_ns, firings = driver.now_ns, 0
        while (due_ns := timers.next_due_ns()) is not None and due_ns <= until_ns:
            driver.advance_to_next_timer()
            driver.run_until_idle()
            firings += 1
            if driver.now_ns != stands_ns:
                stands_ns, firings = driver.now_ns, 0
            assert firings < FIRINGS_MAX, "time stands still: a timer is set for now, for ever"
        driver.run_until(until_ns)

    def active_graphs(self) -> list[str]:
        """Graphs that were accepted and have not ended, as the journal tells."""
        active: dict[str, None] = {}
        for entry in self.entries:
            if isinstance(entry.payload, GraphAccepted):
                active[entry.graph_id] = None
            elif isinstance(entry.payload, GraphChanged) and entry.payload.status in ENDS:
                active.pop(entry.graph_id, None)
        return list(active)

    def stop_flow(self) -> None:
        """The other participants pause."""
        for host in self.hosts:
            self.driver.tell(host, FlowSwitch(False))

    # -- looking on and meddling from outside

    def tap(
        self,
        ref: ActorRef,
        kind: type,
        see: Callable[..., None],
        passes: Callable[[Any], bool] = lambda message: True,
    ) -> None:
        """Show every message of a kind to `see` before the actor handles it; spent by a restart.

        What does not pass is lost.
        """
        inner = ref.table[kind]

        def handle(actor: Actor[Any], message: Any) -> None:
            see(message)
            if passes(message):
                inner(actor, message)

        ref.table = {**ref.table, kind: handle}

    def see_grant(self, approved: ApprovedRoute) -> None:
        grant = approved.grant
        self.grants[grant.grant_id + (len(self.lives) - 1) * GRANTS_A_LIFE] = grant

    def patch(self, owner: Any, name: str, value: Any) -> None:
        """Put `value` in place of an attribute of a class, module or object until `restore`.

        A handler of an actor class is replaced in the class's table too.
        """
        before = getattr(owner, name)
        self.patches.append((owner, name, before))
        swap(owner, name, before, value)

    def restore(self) -> None:
        """Take back every patch, the last one first, and let the stores go."""
        while self.stores:
            self.stores.pop().close()
        while self.patches:
            owner, name, before = self.patches.pop()
            swap(owner, name, getattr(owner, name), before)

    # -- the engine's lives

    def boot(self, store: SqliteStore | None) -> World:
        """Build and join an engine over the venues; with a store it goes on from there."""
        settings = EngineSettings(limits=LIMITS, durable_first=bool(self.swarm.crashes))
        ports = [self.ports_of(number) for number in range(len(self.swarm.venues))]
        first_seq = self.durable[-1].seq + 1 if self.disks and self.durable else 1
        self.lives.append(first_seq)
        make_sink = partial(self.make_sink, store)
        if store is None and not self.swarm.crashes:
            world = build_world(self.system, settings, ports, make_sink)
        else:
            store = store or stored(())
            self.stores.append(store)
            make_sink = partial(self.make_sink, store)
            world = reopened(self.system, self.driver, settings, ports, make_sink, store)
        for router in world.routers.values():
            self.tap(router, ApprovedRoute, self.see_grant)
        for ref in self.system.refs.values():
            small = self.swarm.capacities.get(ref.name.partition(":")[0])
            if small is not None and (len(self.lives) == 1 or ref not in self.hosts):
                narrow(self.system, ref, small)
        return world

    def drop(self, crash: Crash) -> None:
        """The engine vanishes in the middle of what it does; the venues go on."""
        assert not self.down, "only a running engine is dropped"
        self.driver.advance_to_next_timer()
        for _ in range(crash.steps):
            self.driver.step()
        self.crashed()
        if crash.kept:
            self.disks[-1].flush()
        self.letters = Counter(self.system.dead_letters)
        for ref in reversed(list(self.system.refs.values())):
            if ref not in self.hosts:
                self.system.stop_actor(ref)
        self.down = True
        for host in self.hosts:
            for kind in (FEED, TRADE):
                self.driver.tell(host, LinkClose(self.session(kind)))
        self.driver.run_until_idle()

    def start_again(self) -> None:
        """A new engine over what the disk holds; requests still under way have got lost."""
        # What was in the mailboxes is gone with them, as is what came meanwhile.
        self.system.dead_letters.clear()
        self.system.dead_letters.update(self.letters)
        self.restarting()
        self.world = self.clients.world = self.boot(stored(self.durable))
        self.down = False
        self.clients.ask_again()

    def session(self, kind: int) -> int:
        """Each life of the engine has sessions of its own."""
        return kind + 2 * len(self.lives)

    # -- building

    def make_sink(self, store: SqliteStore | None, journal: ActorRef) -> DiskSink:
        draw = self.swarm.disk
        fails_ns = START_NS + draw.fails_ns[0], START_NS + draw.fails_ns[1]
        past = self.durable if self.disks else ()
        disk = Disk(journal, draw.commit_ns, fails_ns, past, store)
        self.disks.append(disk)
        self.system.spawn(lambda: disk, name="disk", supervision=HALT)
        return DiskSink(disk, draw.groups_max)

    def host(self, draw: VenueDraw) -> None:
        """Exchange, order flow and faults of one venue; they outlive the engine."""
        seed, name = self.swarm.seed, draw.name
        exchange = SimulatedExchange(
            name, draw.listings, generator(seed, f"exchange {name}"), draw.config
        )
        flow = self.flow_of(exchange, draw)
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
        if self.swarm.crashes:
            self.tap(host, RequestArrives, nobody, self.is_current)

    def is_current(self, request: RequestArrives) -> bool:
        """Whether a request is of the engine that lives, or of the one that lived last."""
        return request.session in (self.session(FEED), self.session(TRADE))

    def ports_of(self, number: int) -> VenuePorts:
        """The lines of one venue."""
        draw, host = self.swarm.venues[number], self.hosts[number]
        life = 2 * (len(self.lives) + 1)
        feed_link = SimulatedLink(host, FEED + life, private=False)
        trade_link = SimulatedLink(host, TRADE + life, private=True)

        def make_feed_codec(
            listings: Sequence[Listing], rings: Sequence[DeltaRing]
        ) -> SimulatedFeedCodec:
            return SimulatedFeedCodec(listings, rings)

        def bind(feed: ActorRef, trade: ActorRef) -> None:
            feed_link.bind(feed)
            trade_link.bind(trade)

        name = draw.name
        codec = SimulatedTradeCodec(name, draw.config.native)
        return VenuePorts(name, draw.listings, make_feed_codec, codec, feed_link, trade_link, bind)

    def flow_of(self, exchange: SimulatedExchange, draw: VenueDraw) -> OrderFlow:
        """The other participants of a venue: shallow books, to be cheap."""
        (profile,) = (one for one in VENUE_PROFILES if one.name == draw.name)
        depths = {
            one.venue_symbol: msgspec.structs.replace(
                depth_of(profile, one), levels=BOOK_RUNGS, events_per_s=self.swarm.flow_per_s
            )
            for one in draw.listings
        }
        fairs = {one.venue_symbol: self.fairs[fair_name(one)] for one in draw.listings}
        return OrderFlow(exchange, fairs, depths, generator(self.swarm.seed, f"flow {draw.name}"))


def nobody(*_: object) -> None:
    """Looks at nothing."""


def swap(owner: Any, name: str, before: Any, value: Any) -> None:
    """Set an attribute; in an actor class also where its handlers are looked up."""
    setattr(owner, name, value)
    table = vars(owner).get("handler_table") if isinstance(owner, type) else None
    if table is not None:
        for kind in [kind for kind, handler in table.items() if handler is before]:
            table[kind] = value
