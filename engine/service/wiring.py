"""Assembly: every actor of one engine, joined; the file that knows the whole cast.

What differs between production, sandbox, replay and simulation is handed in: the venues' ports,
the journal's sink and the driver. Everything else is the same code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec

from actors.journal import JournalActor
from actors.registry import FingerprintLookup, RegistryActor
from actors.risk import RiskActor
from actors.stream import StreamActor
from engine.decisions.admission import InstrumentHandle
from engine.decisions.market import MarketBlock
from engine.decisions.risk import RiskLedger, TradingSwitch
from engine.model.records import JournalEntry
from engine.ports import JournalSink
from engine.runtime.actor import ActorRef
from engine.runtime.supervision import HALT, RESTART
from engine.runtime.system import ActorSystem
from engine.service.graph_maker import GraphMaker
from engine.service.settings import EngineSettings, VenuePorts
from engine.service.venue_wiring import spawn_feed, spawn_routers, spawn_trade

__all__ = ["EngineSettings", "VenuePorts", "World", "build_world"]


class World(msgspec.Struct, frozen=True):
    """The joined cast, for the roof and for tests."""

    system: ActorSystem
    registry: ActorRef
    risk: ActorRef
    journal: ActorRef
    stream: ActorRef
    feeds: dict[str, ActorRef]
    trades: dict[str, ActorRef]
    routers: dict[str, ActorRef]
    books: dict[tuple[str, str], ActorRef]
    markets: dict[str, MarketBlock]
    instruments: dict[str, InstrumentHandle]
    ledger: RiskLedger
    switch: TradingSwitch


def build_world(
    system: ActorSystem,
    settings: EngineSettings,
    venues: Sequence[VenuePorts],
    make_sink: Callable[[ActorRef], JournalSink],
    *,
    last_seq: int = 0,
    graph_number: int = 0,
    lookup: FingerprintLookup = lambda key: None,
    aliases: Mapping[str, str] | None = None,
) -> World:
    """Spawn and join every actor. Nothing runs until a driver does.

    Listings of one instrument on several venues form one market, in order of `venue_index`.
    """
    switch = TradingSwitch()
    system.on_halt = lambda reason: switch.kill(True, reason)
    stream = system.spawn(StreamActor, name="stream", supervision=RESTART)
    journal = _spawn_journal(system, settings, make_sink, last_seq)
    markets, routers, trade_lists = spawn_routers(system, settings, venues, journal)
    instruments = {
        symbol: InstrumentHandle(symbol, market.listings, market, routers[symbol].actor_id)
        for symbol, market in markets.items()
    }
    by_router = {routers[symbol].actor_id: market for symbol, market in markets.items()}
    ledger = RiskLedger(by_router, settings.account, settings.limits, switch)
    router_refs = {ref.actor_id: ref for ref in routers.values()}
    risk = system.spawn(
        lambda: RiskActor(ledger, settings.account, router_refs, journal, settings.environment),
        name="risk",
        supervision=HALT,
    )
    actor = system.actor_of(journal)
    assert isinstance(actor, JournalActor)
    actor.join(risk, stream)
    trades: dict[str, ActorRef] = {}
    maker = GraphMaker(settings, risk, routers, journal, trades)
    symbols = dict(instruments)
    for alias, symbol in (aliases or {}).items():
        if symbol in instruments:
            symbols[alias] = instruments[symbol]
    registry = _spawn_registry(
        system, settings, graph_number, symbols, risk, journal, maker, lookup
    )
    feeds: dict[str, ActorRef] = {}
    books: dict[tuple[str, str], ActorRef] = {}
    for ports in venues:
        trade = spawn_trade(system, settings, ports, switch, registry)
        trades[ports.venue] = trade
        feed = spawn_feed(system, settings, ports, markets, routers, books)
        feeds[ports.venue] = feed
        ports.bind(feed, trade)
    for symbol, market in markets.items():
        trade_lists[symbol].extend(trades[listing.venue] for listing in market.listings)
    return World(
        system,
        registry,
        risk,
        journal,
        stream,
        feeds,
        trades,
        routers,
        books,
        markets,
        instruments,
        ledger,
        switch,
    )


def _spawn_registry(
    system: ActorSystem,
    settings: EngineSettings,
    graph_number: int,
    symbols: Mapping[str, InstrumentHandle],
    risk: ActorRef,
    journal: ActorRef,
    maker: GraphMaker,
    lookup: FingerprintLookup,
) -> ActorRef:
    return system.spawn(
        lambda: RegistryActor(
            settings.engine_number,
            graph_number,
            symbols,
            settings.account.collar_bps,
            settings.limits,
            risk,
            journal,
            maker.make,
            lookup,
        ),
        name="registry",
        supervision=HALT,
    )


def _spawn_journal(
    system: ActorSystem,
    settings: EngineSettings,
    make_sink: Callable[[ActorRef], JournalSink],
    last_seq: int,
) -> ActorRef:
    holder: list[JournalSink] = []
    sink = _LateSink(holder)
    journal = system.spawn(
        lambda: JournalActor(sink, last_seq, settings.limits), name="journal", supervision=HALT
    )
    holder.append(make_sink(journal))
    return journal


class _LateSink:
    """The sink answers the journal, so it can only be made once the journal has a ref."""

    __slots__ = ("_holder",)

    def __init__(self, holder: list[JournalSink]) -> None:
        self._holder = holder

    def submit(self, group: Sequence[JournalEntry]) -> bool:
        return self._holder[0].submit(group)
