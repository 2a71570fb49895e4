"""From one life of the engine to the next: the store that a crash leaves, and the start over it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from engine.messages import Record
from engine.model.records import EngineStarted, JournalEntry
from engine.ports import JournalSink
from engine.runtime.actor import ActorRef
from engine.runtime.simulated_driver import SimulatedDriver
from engine.runtime.system import ActorSystem
from engine.service.recovery import recover, restore_halts
from engine.service.wiring import EngineSettings, VenuePorts, World, build_world
from engine.store.journal import MEMORY, SqliteStore
from engine.store.queries import Queries

__all__ = ["reopened", "stored"]

VERSION = "simulated"
GROUP = 128


def stored(entries: Sequence[JournalEntry]) -> SqliteStore:
    """A database that holds these entries, and what follows from them."""
    store = SqliteStore(MEMORY)
    for start in range(0, len(entries), GROUP):
        store.commit(entries[start : start + GROUP])
    return store


def reopened(
    system: ActorSystem,
    driver: SimulatedDriver,
    settings: EngineSettings,
    ports: Sequence[VenuePorts],
    make_sink: Callable[[ActorRef], JournalSink],
    store: SqliteStore,
) -> World:
    """What `ExecutionEngine` does on entering: number, halts, and every graph that was open."""
    queries = Queries(store)
    engine_number, graph_number = queries.last_numbers()
    engine_number += 1
    world = build_world(
        system,
        msgspec.structs.replace(settings, engine_number=engine_number),
        ports,
        make_sink,
        last_seq=store.last_seq,
        graph_number=graph_number,
        lookup=queries.fingerprint,
        is_recorded=queries.has_fill,
    )
    started = EngineStarted(engine_number, VERSION, 0)
    driver.tell(world.journal, Record("", settings.environment, "", "", started))
    restore_halts(queries, world, settings.environment, driver.tell)
    if store.last_seq:
        recover(queries, world, settings.environment, driver.tell)
    return world
