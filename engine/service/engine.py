"""`ExecutionEngine`: the engine as a host embeds it, an async context manager over the cast.

Asks go in as messages, answers about the past come from the store. No global state: several
engines may live in one process.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from engine.decisions.amend_limit import amend_denial
from engine.decisions.risk import Denial
from engine.errors import ActorStopped, ConfigError, EngineError, GraphError, JournalError, Reason
from engine.kernels.warm_up import warm_up
from engine.messages import (
    CommitFailed,
    FlushJournal,
    GroupCommitted,
    Record,
    SubmitAnswer,
    SubmitGraph,
    Subscribe,
)
from engine.model.graph import Graph, GraphStatus, SimpleOrder
from engine.model.instruments import Environment
from engine.model.intake import parse_graph
from engine.model.records import EngineStarted
from engine.ports import JournalSink
from engine.runtime.actor import ActorRef
from engine.runtime.delivery import Message
from engine.runtime.live_driver import LiveDriver
from engine.runtime.system import ActorSystem
from engine.service.commands import EngineCommands
from engine.service.config import EngineConfig, RemoteVenues, SandboxVenues, checked_client
from engine.service.flight_recorder import INCIDENTS_NAME, FlightRecorder
from engine.service.graph_view import GraphState
from engine.service.incident_watch import IncidentWatch
from engine.service.journal_place import JOURNAL_NAME, JournalPlace
from engine.service.readiness import wait_until_ready
from engine.service.recovering import Recovering
from engine.service.recovery import (
    join_recovery,
    recover,
    resolved_nodes,
    restore_halts,
    restore_positions,
)
from engine.service.remote_link import remote_ports
from engine.service.run import Changes, GraphRun
from engine.service.sandbox import sandbox_ports
from engine.service.sandbox_accounts import number_trades, restore_sandbox_accounts
from engine.service.wiring import EngineSettings, VenuePorts, World, build_world
from engine.store.journal import SqliteStore
from engine.store.queries import Queries
from engine.store.rows import FillRow, NodeRow
from engine.store.writer import WriterThread
from venues.simulated.catalogue import SYMBOL_ALIASES, SandboxVenue, build_sandbox, unlimited

__all__ = ["JOURNAL_NAME", "ExecutionEngine"]

VERSION = "0.1.0"
GATHER_NS = 2_000_000
FLUSH_TIMEOUT_S = 10.0

log = logging.getLogger("execgraph")
log.addHandler(logging.NullHandler())


class ExecutionEngine(EngineCommands):
    """One engine. `async with ExecutionEngine.sandbox() as engine:` is all it takes.

    Kernels are compiled (or read from their cache) on entering; `progress(done, total, name)` is
    told. A refused order is an answer, not an exception; a malformed one raises GraphError.
    """

    def __init__(
        self,
        config: EngineConfig | None = None,
        *,
        progress: Callable[[int, int, str], None] | None = None,
    ) -> None:
        self.config = config or EngineConfig()
        self.environment = Environment.SANDBOX
        self._progress = progress
        self._world: World | None = None
        self._driver: LiveDriver | None = None
        self._store: SqliteStore | None = None
        self._queries: Queries | None = None
        self._writer: WriterThread | None = None
        self._place = JournalPlace()
        self._ports: Sequence[VenuePorts] = ()
        self._flight: FlightRecorder | None = None
        self._recovered = 0
        self.sandbox_venues: Sequence[SandboxVenue] = ()

    @classmethod
    def sandbox(
        cls,
        *,
        seed: int = 1,
        data_dir: str | Path | None = None,
        progress: Callable[[int, int, str], None] | None = None,
    ) -> Self:
        """An engine on the embedded simulated venues; with `data_dir` its journal is kept there."""
        folder = None if data_dir is None else str(data_dir)
        config = EngineConfig(venues=SandboxVenues(seed=seed), data_dir=folder)
        return cls(config, progress=progress)

    # -- life

    async def __aenter__(self) -> Self:
        warm_up(self._progress)
        config = self.config
        loop = asyncio.get_running_loop()
        path = self._place.take(config.data_dir)
        store = self._store = SqliteStore(path)
        queries = self._queries = Queries(store)
        engine_number, graph_number = queries.last_numbers()
        engine_number += 1
        system = ActorSystem(seed=int.from_bytes(os.urandom(8)))
        driver = self._driver = LiveDriver(system, loop)
        ports = self._ports = self._make_ports(system, driver)
        folder = path.parent / INCIDENTS_NAME
        by_venue = {one.venue: one.listings for one in ports}
        flight = self._flight = FlightRecorder(folder, by_venue, run=engine_number)
        settings = EngineSettings(
            engine_number=engine_number,
            environment=self.environment,
            account=config.account,
            limits=config.limits,
            policies=config.policies,
            coefficients=config.coefficients,
            durable_first=config.durability == "accepted",
        )
        world = self._world = build_world(
            system,
            settings,
            ports,
            self._make_sink,
            last_seq=store.last_seq,
            graph_number=graph_number,
            lookup=queries.fingerprint,
            aliases=SYMBOL_ALIASES,
            is_recorded=queries.has_fill,
            recorder_of=flight.ring,
        )
        halt = system.on_halt

        def on_halt(reason: str) -> None:
            flight.spill(f"engine halted: {reason}", system.now_ns)
            if halt is not None:
                halt(reason)

        system.on_halt = on_halt
        driver.tell(world.stream, Subscribe(IncidentWatch(flight), None, None))
        started = EngineStarted(engine_number, VERSION, config.venues.seed)
        driver.tell(world.journal, Record("", self.environment, "", "", started))
        restore_halts(queries, world, self.environment, driver.tell)
        join_recovery(queries, world)
        number_trades(self.sandbox_venues, engine_number)
        if store.last_seq:
            restore_positions(queries, world, self.environment)
            restore_sandbox_accounts(queries, self.sandbox_venues, self.environment)
            self._recovered = recover(queries, world, self.environment, driver.tell)
        driver.pump()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Flush what is recorded, then let everything go."""
        world, driver, store, writer = self._parts()
        try:
            await self.flush()
        except EngineError as failure:
            log.warning("the journal could not be flushed on leaving: %s", failure)
        driver.close()
        world.system.stop()
        if isinstance(self.config.venues, RemoteVenues):
            for ports in self._ports:
                ports.feed_link.close()
                ports.trade_link.close()
        assert self._flight is not None
        self._flight.close(driver.read_clock_ns())
        writer.stop()
        self.queries.close()
        store.close()
        self._place.release()
        self._world = None

    async def ready(self, timeout_s: float = 30.0, *, recovered: bool = True) -> None:
        """Wait until every book is healthy, and unless told otherwise until recovery is finished;
        ConfigError naming what is missing after that."""
        await wait_until_ready(self.world, timeout_s, self.recovery if recovered else None)

    # -- orders

    async def submit(
        self,
        order: Graph | SimpleOrder | Mapping[str, Any] | bytes | str,
        *,
        client_id: str | None = None,
        dry_run: bool = False,
    ) -> GraphRun:
        """Submit a graph or a simple order.

        GraphError for what cannot be read; a refusal by validation or risk is a run whose
        `reason` says why. With durability `accepted` it returns, and the first order leaves,
        once the graph is committed. A dry run checks everything and submits nothing; its
        `report` holds the findings and the worst case.
        """
        graph = parse_graph(order)
        client = checked_client(client_id or self.config.client_id)
        world, driver = self._parts()[:2]
        try:
            answer = await driver.ask(
                world.registry,
                lambda reply_to: SubmitGraph(reply_to, client, self.environment, graph, dry_run),
            )
        except ActorStopped:
            answer = self._refusal(graph)
        assert isinstance(answer, SubmitAnswer)
        return GraphRun(self, client, answer)

    async def status(self, graph_id: str, *, client_id: str | None = None) -> GraphState:
        """The graph and its nodes; GraphError for an id that this client never used."""
        await self.flush()
        client = client_id or self.config.client_id
        found = self.queries.graph(client, self.environment, graph_id)
        if found is None:
            raise GraphError(f"there is no graph {graph_id!r} of this client; check the id")
        return GraphState.of(found, self.world.symbols, self.queries.fills_of)

    async def orders(
        self,
        *,
        limit: int = 50,
        offset: int = 0,
        symbol: str | None = None,
        node_order_id: str | None = None,
        client_id: str | None = None,
    ) -> Sequence[NodeRow]:
        """Orders, newest first."""
        await self.flush()
        client = client_id or self.config.client_id
        page = self.queries.orders(
            client,
            self.environment,
            limit=limit,
            offset=offset,
            symbol=symbol,
            node_order_id=node_order_id,
        )
        return page.rows

    async def fills(
        self,
        *,
        limit: int = 50,
        offset: int = 0,
        symbol: str | None = None,
        node_order_id: str | None = None,
        client_id: str | None = None,
    ) -> Sequence[FillRow]:
        """Fills, newest first."""
        await self.flush()
        client = client_id or self.config.client_id
        page = self.queries.fills(
            client,
            self.environment,
            limit=limit,
            offset=offset,
            symbol=symbol,
            node_order_id=node_order_id,
        )
        return page.rows

    def changes(self, *, graph_id: str | None = None, client_id: str | None = None) -> Changes:
        """Durable entries from now on, in order; ends with JournalError for a reader too slow."""
        world, driver = self._parts()[:2]
        client = client_id or self.config.client_id
        backlog = self.config.limits.stream_backlog_max
        return Changes(driver, world.stream, client, graph_id, backlog)

    async def flush(self) -> None:
        """Return once everything recorded so far is durable; JournalError when it cannot be."""
        world, driver, _, writer = self._parts()
        if world.switch.journal_reason:
            raise JournalError(world.switch.journal_reason)
        writer.hurry()
        await driver.ask(world.journal, FlushJournal, FLUSH_TIMEOUT_S)

    async def ask(self, ref: ActorRef, make: Callable[[int], Message]) -> object:
        """Ask an actor from outside; the answer is the actor's."""
        return await self._parts()[1].ask(ref, make)

    def tell(self, ref: ActorRef, message: Message) -> bool:
        """Tell an actor from outside, for tools of the roof."""
        return self._parts()[1].tell(ref, message)

    def amend_refused(
        self, graph_id: str, node_id: str, qty_1e8: int, client_id: str | None
    ) -> Denial | None:
        """Whether this total would pass the limits that the graph was admitted under."""
        client, world = client_id or self.config.client_id, self._parts()[0]
        stored = self.queries.graph(client, self.environment, graph_id)
        if stored is None:
            return None
        nodes = resolved_nodes(stored, world.symbols)
        graph = stored.accepted.graph
        return amend_denial(graph, nodes, node_id, qty_1e8, self.config.account)

    # -- inside

    def _make_ports(self, system: ActorSystem, driver: LiveDriver) -> Sequence[VenuePorts]:
        venues = self.config.venues
        if isinstance(venues, RemoteVenues):
            return remote_ports(driver, venues.socket, events=venues.events)
        configs = None if venues.rate_limits else unlimited()
        self.sandbox_venues = build_sandbox(venues.seed, events=venues.events, configs=configs)
        return sandbox_ports(system, self.sandbox_venues, latency_scale=venues.latency_scale)

    def _refusal(self, graph: Graph) -> SubmitAnswer:
        """What a system that takes no commands answers: halted for good, or full for now."""
        halted = self.world.system.halted
        reason = Reason.KILL_SWITCH if halted else Reason.ENGINE_BUSY
        text = f"trading is halted: {halted}" if halted else "too much is waiting; try again"
        sizes = len(graph.nodes), len(graph.edges)
        return SubmitAnswer(graph.graph_id or "", GraphStatus.FAILED, *sizes, reason, text)

    @property
    def world(self) -> World:
        """The joined cast, for tests and tools that look without touching."""
        return self._parts()[0]

    @property
    def recovery(self) -> Recovering:
        """How far the graphs of an earlier run are."""
        return Recovering(self.world, self._recovered)

    @property
    def recovering(self) -> int:
        """Graphs of an earlier run that do not go on yet, 0 once recovery is finished."""
        return self.recovery.graphs

    @property
    def journal_hash(self) -> str:
        """The running hash after the last durable entry."""
        return self._parts()[2].head_hash

    def _parts(self) -> tuple[World, LiveDriver, SqliteStore, WriterThread]:
        if self._world is None or self._driver is None or self._store is None:
            raise ConfigError("the engine is not running; use it inside 'async with'")
        assert self._writer is not None
        return self._world, self._driver, self._store, self._writer

    @property
    def queries(self) -> Queries:
        """Reads of the durable record; `flush` first to read what was done just now."""
        assert self._queries is not None, "the engine is not running"
        return self._queries

    @property
    def journal_parts(self) -> tuple[SqliteStore, Queries, WriterThread]:
        """The store, its reads and its one writer, for what the roof keeps beside the journal."""
        _, _, store, writer = self._parts()
        return store, self.queries, writer

    def _make_sink(self, journal: ActorRef) -> JournalSink:
        driver, store = self._driver, self._store
        assert driver is not None
        assert store is not None

        def committed(last_seq: int) -> None:
            driver.tell_from_thread(journal, GroupCommitted(last_seq))

        def failed(reason: str) -> None:
            driver.tell_from_thread(journal, CommitFailed(reason))

        # Who submits under `async` awaits no commit, so these may be few.
        gather_ns = GATHER_NS if self.config.durability == "async" else 0
        self._writer = WriterThread(store, committed, failed, gather_ns=gather_ns)
        return self._writer
