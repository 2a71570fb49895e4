"""An engine that is dropped after a journal record, over exchanges that live on.

One life is one engine on the simulated driver. Dropping it leaves what was durable, the exchanges
with every order, the other participants' plan, and the virtual time; nothing else. Requests that
were under way to a venue still arrive there, or some of them, as a seed says.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from typing import Literal

import msgspec

from engine.kernels.delta_ring import DeltaRing
from engine.messages import (
    FreezeGraphs,
    GraphCommand,
    GraphCommandKind,
    GroupCommitted,
    HaltTrading,
    Record,
    SubmitAnswer,
    SubmitGraph,
)
from engine.model.graph import Graph, GraphStatus
from engine.model.instruments import Environment, Listing
from engine.model.native import NO_NATIVE_VERBS, NativeVerbs
from engine.model.orders import TimeInForce
from engine.model.records import EngineStarted, GraphChanged, JournalEntry
from engine.model.risk import KillScope, Limits
from engine.model.terms import Terms
from engine.model.units import Side
from engine.runtime.actor import ActorRef
from engine.runtime.simulated_driver import Answer, SimulatedDriver
from engine.runtime.supervision import HALT
from engine.runtime.system import ActorSystem
from engine.service.recovery import KILLED, recover, restore_halts
from engine.service.wiring import EngineSettings, VenuePorts, build_world
from engine.store.journal import MEMORY, SqliteStore
from engine.store.queries import Queries
from venues.simulated.exchange import ExchangeConfig, SimulatedExchange
from venues.simulated.feed_codec import SimulatedFeedCodec
from venues.simulated.link import SimulatedLink
from venues.simulated.trade_codec import SimulatedTradeCodec
from venues.simulated.venue import LinkSend, RequestArrives, SimulatedVenue

__all__ = ["CLIENT", "START_NS", "Act", "CrashSite", "Life", "Mode", "Press", "Quote", "Site"]

MS = 1_000_000
S = 1_000_000_000
START_NS = 1_700_000_000 * S
READY_NS = 100 * MS
PATIENCE_NS = 120 * S
SETTLING_NS = 6 * S
TICK_NS = 50 * MS
CLIENT = "desk"
SANDBOX = Environment.SANDBOX
LIMITS = Limits(book_depth_max=64, delta_rows_max=512, tape_prints_max=64)
ENDS = frozenset({GraphStatus.COMPLETED, GraphStatus.CANCELLED, GraphStatus.FAILED})

Mode = Literal["kept", "lost"]
Request = tuple[int, bytes]


class Quote(msgspec.Struct, frozen=True):
    """Somebody else's order, so long after the start; at 0 it is there before the engine."""

    venue: str
    symbol: str
    side: Side
    price_1e9: int
    qty_1e8: int
    at_ms: int = 0
    tif: TimeInForce = TimeInForce.GTC


class Press(msgspec.Struct, frozen=True):
    """Others take what we have resting, `each_1e8` every `every_ms`, until `most_1e8` of ours."""

    venue: str
    symbol: str
    each_1e8: int
    most_1e8: int
    at_ms: int = 1_000
    every_ms: int = 500


class Act(msgspec.Struct, frozen=True):
    """A client's command so long after the start, said again after a drop; or a kill switch,
    thrown again only where it was not recorded."""

    at_ms: int
    kind: GraphCommandKind
    node_id: str = ""
    terms: Terms | None = None
    kill: KillScope | None = None
    key: str = ""


class Site:
    """One venue with everything that outlives an engine."""

    def __init__(
        self,
        venue: str,
        listings: Sequence[Listing],
        latency_ns: int,
        plan: Sequence[object],
        native: NativeVerbs = NO_NATIVE_VERBS,
    ) -> None:
        self.venue = venue
        self.listings = tuple(listings)
        self.latency_ns = latency_ns
        config = ExchangeConfig(native=native)
        self.exchange = SimulatedExchange(venue, listings, random.Random(f"site {venue}"), config)
        self.plan = [one for one in plan if isinstance(one, Quote) and one.venue == venue]
        self.presses = [one for one in plan if isinstance(one, Press) and one.venue == venue]
        self.pressed = [0] * len(self.presses)
        self.due_ns = [START_NS + one.at_ms * MS for one in self.presses]
        self.places: Counter[str] = Counter()
        for quote in self.plan:
            if not quote.at_ms:
                self.place(quote, START_NS)
        self.plan = sorted((one for one in self.plan if one.at_ms), key=lambda one: one.at_ms)

    def run(self, now_ns: int) -> None:
        """What others do until now; the venue's tick asks."""
        while self.plan and START_NS + self.plan[0].at_ms * MS <= now_ns:
            self.place(self.plan.pop(0), now_ns)
        for index, press in enumerate(self.presses):
            if now_ns >= self.due_ns[index] and self.pressed[index] < press.most_1e8:
                self.due_ns[index] = now_ns + press.every_ms * MS
                self.press(index, press, now_ns)

    def place(self, quote: Quote, now_ns: int) -> None:
        self.exchange.flow_place(
            quote.symbol, quote.side, quote.qty_1e8, quote.price_1e9, now_ns, quote.tif
        )

    def press(self, index: int, press: Press, now_ns: int) -> None:
        """Take from the first order of ours that rests, and from whoever stands before it."""
        exchange = self.exchange
        resting = exchange.memory.open.values()
        mine = [one for one in resting if one.listing.venue_symbol == press.symbol]
        if not mine:
            return
        best = max(mine, key=lambda one: one.limit_1e9 * one.side.sign)
        own = {one.number for one in mine}
        side = Side.SELL if best.side is Side.BUY else Side.BUY
        qty = min(press.each_1e8, press.most_1e8 - self.pressed[index])
        _, placed = exchange.flow_place(
            press.symbol, side, qty, best.limit_1e9, now_ns, TimeInForce.IOC
        )
        self.pressed[index] += sum(one.qty_1e8 for one in placed.fills if one.maker_id in own)


class CrashVenue(SimulatedVenue):
    """The host of one life; requests that an earlier one had sent arrive in their time."""

    late: Sequence[Request] = ()

    def on_start(self) -> None:
        super().on_start()
        for due_ns, payload in self.late:
            delay_ns = max(0, due_ns - self.ctx.now_ns)
            self.ctx.after(delay_ns, RequestArrives(0, 0, payload, True))


class CrashSite:
    """The sink of one life: commits `commit_ns` late, and stops everything after one record."""

    def __init__(self, system: ActorSystem, journal: ActorRef, commit_ns: int, stop: int) -> None:
        self.system = system
        self.journal = journal
        self.commit_ns = commit_ns
        self.stop = stop
        self.handed: list[tuple[int, Sequence[JournalEntry]]] = []
        self.crashed = False

    def submit(self, group: Sequence[JournalEntry]) -> bool:
        """Take a group; it is durable, and told to be, after a while."""
        if self.crashed:
            return False
        due_ns = self.system.now_ns + self.commit_ns
        self.handed.append((due_ns, tuple(group)))
        if self.stop and group[-1].seq >= self.stop:
            self.crashed = True
            return True
        if self.commit_ns:
            self.system.timers.set(due_ns, self.journal, GroupCommitted(group[-1].seq))
        else:
            self.journal.tell(GroupCommitted(group[-1].seq))
        return True

    def durable(self, mode: Mode) -> list[JournalEntry]:
        """What a later life finds: all up to the record, or only what was acknowledged."""
        if mode == "kept":
            return [one for _, group in self.handed for one in group if one.seq <= self.stop]
        now_ns = self.system.now_ns
        handed = self.handed if self.commit_ns else self.handed[:-1]
        return [one for due_ns, group in handed if due_ns <= now_ns for one in group]

    def all(self) -> list[JournalEntry]:
        """Everything that was handed over."""
        return [one for _, group in self.handed for one in group]


class Life:
    """One engine over the sites, from `entries` on; `run` says whether it came to the end."""

    def __init__(
        self,
        sites: Sequence[Site],
        graph: Graph,
        acts: Sequence[Act],
        *,
        seed: int,
        now_ns: int = START_NS,
        entries: Sequence[JournalEntry] = (),
        stop: int = 0,
        commit_ns: int = 0,
        late: dict[str, list[Request]] | None = None,
        number: int = 1,
    ) -> None:
        self.sites = sites
        self.graph = graph
        self.acts = acts
        self.past = list(entries)
        self.number = number
        self.late = late or {}
        self.system = ActorSystem(seed)
        self.driver = SimulatedDriver(self.system, seed, now_ns, order="seeded")
        self.store = SqliteStore(MEMORY)
        self.store.commit(self.past)
        queries = self.queries = Queries(self.store)
        engine_number, graph_number = queries.last_numbers()
        self.hosts: dict[int, str] = {}
        self.sinks: list[CrashSite] = []

        def make_sink(journal: ActorRef) -> CrashSite:
            self.sinks.append(CrashSite(self.system, journal, commit_ns, stop))
            return self.sinks[0]

        self.world = build_world(
            self.system,
            EngineSettings(engine_number=engine_number + 1, limits=LIMITS, durable_first=True),
            [self.ports_of(site) for site in sites],
            make_sink,
            last_seq=self.store.last_seq,
            graph_number=graph_number,
            lookup=queries.fingerprint,
            is_recorded=queries.has_fill,
        )
        started = EngineStarted(engine_number + 1, "crash", seed)
        self.driver.tell(self.world.journal, Record("", SANDBOX, "", "", started))
        if self.store.last_seq:
            restore_halts(queries, self.world, SANDBOX, self.driver.tell)
            recover(queries, self.world, SANDBOX, self.driver.tell)
        self.answers: list[Answer] = []

    @property
    def sink(self) -> CrashSite:
        return self.sinks[0]

    @property
    def entries(self) -> list[JournalEntry]:
        """Everything recorded, by earlier lives too."""
        return [*self.past, *self.sink.all()]

    # -- living

    def run(self) -> bool:
        """To the graph's end; False when the engine is dropped before."""
        begun_ns = self.driver.now_ns
        if not self.run_until(begun_ns + READY_NS):
            return False
        self.submit()
        said: list[Act] = []
        for act in self.acts:
            if START_NS + act.at_ms * MS <= begun_ns:
                said.append(act)
        # What was said to an engine that is gone is said again, but for what was undone since.
        for act in said:
            if act.kind is not GraphCommandKind.PAUSE or act is said[-1]:
                self.say(act)
        for act in self.acts[len(said) :]:
            if not self.run_until(max(self.driver.now_ns, START_NS + act.at_ms * MS)):
                return False
            self.say(act)
        deadline_ns = self.driver.now_ns + PATIENCE_NS
        while not self.ended and self.driver.now_ns < deadline_ns:
            if not self.run_until(self.driver.now_ns + S):
                return False
        return self.run_until(self.driver.now_ns + SETTLING_NS)

    def submit(self) -> None:
        """The client hands its graph in, again after every start."""
        make = lambda reply: SubmitGraph(reply, CLIENT, SANDBOX, self.graph)  # noqa: E731  # short
        self.answers.append(self.driver.ask(self.world.registry, make))

    def say(self, act: Act) -> None:
        """A command of the client."""
        if act.kill is not None:
            self.kill(act.kill, act.key, cancel=act.kind is GraphCommandKind.CANCEL)
            return
        graph_id = self.graph.graph_id
        assert graph_id is not None
        self.driver.ask(
            self.world.registry,
            lambda reply: GraphCommand(
                reply, CLIENT, SANDBOX, graph_id, act.kind, act.node_id, terms=act.terms
            ),
        )

    def kill(self, scope: KillScope, key: str = "", *, cancel: bool = True) -> None:
        """The kill switch, as the roof throws it."""
        if self.queries.engaged(SANDBOX):
            return
        self.driver.tell(self.world.risk, HaltTrading(True, "enough", scope, key, cancel))
        freeze = FreezeGraphs(0, SANDBOX, scope, key, cancel, KILLED + "enough")
        self.driver.tell(self.world.registry, freeze)

    def run_until(self, until_ns: int) -> bool:
        """Let virtual time pass; False once the engine is dropped."""
        driver, sink, timers = self.driver, self.sink, self.system.timers
        while True:
            while driver.step():
                if sink.crashed:
                    return False
            due_ns = timers.next_due_ns()
            if due_ns is None or due_ns > until_ns:
                break
            driver.advance_to_next_timer()
        self.system.now_ns = max(self.system.now_ns, until_ns)
        return True

    @property
    def ended(self) -> bool:
        """Whether the graph's end, or its refusal, is known."""
        for entry in reversed(self.entries):
            if isinstance(entry.payload, GraphChanged) and entry.payload.status in ENDS:
                return True
        value = self.answers[0].value if self.answers else None
        return isinstance(value, SubmitAnswer) and value.status is GraphStatus.FAILED

    # -- the drop

    def under_way(self, rng: random.Random) -> dict[str, list[Request]]:
        """Requests that still arrive though the engine is gone: all, none, or the first few."""
        found: dict[str, list[Request]] = {site.venue: [] for site in self.sites}
        latency = {site.venue: site.latency_ns for site in self.sites}
        timers = self.system.timers
        for due_ns, timer_id in sorted(timers._heap):
            live = timers._live.get(timer_id)
            if live is not None and isinstance(live[1], RequestArrives):
                found[self.hosts[live[0].actor_id]].append((due_ns, live[1].payload))
        waiting = [(ref, one) for ref, queue in self.driver._queues.items() for one in queue]
        waiting += [entry for lane in self.system.scheduler.lanes for entry in lane]
        for ref, message in waiting:
            if isinstance(message, LinkSend):
                venue = self.hosts[ref.actor_id]
                found[venue].append((self.driver.now_ns + latency[venue], message.payload))
        for requests in found.values():
            cut = rng.choice((0, len(requests), rng.randrange(len(requests) + 1)))
            del requests[cut:]
        return found

    def close(self) -> None:
        self.store.close()

    # -- building

    def ports_of(self, site: Site) -> VenuePorts:
        def make_venue() -> CrashVenue:
            venue = CrashVenue(site.exchange, site, site.latency_ns, tick_ns=TICK_NS)
            venue.late = self.late.get(site.venue, ())
            return venue

        host = self.system.spawn(make_venue, name=f"venue:{site.venue}", supervision=HALT)
        self.hosts[host.actor_id] = site.venue
        feed_link = SimulatedLink(host, 2 * self.number + 1, private=False)
        trade_link = SimulatedLink(host, 2 * self.number + 2, private=True)

        def make_feed_codec(
            listings: Sequence[Listing], rings: Sequence[DeltaRing]
        ) -> SimulatedFeedCodec:
            return SimulatedFeedCodec(listings, rings)

        def bind(feed: ActorRef, trade: ActorRef) -> None:
            feed_link.bind(feed)
            trade_link.bind(trade)

        codec = SimulatedTradeCodec(site.venue, site.exchange.config.native)
        return VenuePorts(
            site.venue, site.listings, make_feed_codec, codec, feed_link, trade_link, bind
        )
