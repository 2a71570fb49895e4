"""Assembly: every actor of one engine, joined; the file that knows the whole cast.

What differs between production, sandbox, replay and simulation is handed in: the venues' ports,
the journal's sink and the driver. Everything else is the same code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import msgspec

from actors.journal import JournalActor
from actors.recovery import RecoveryActor
from actors.registry import FingerprintLookup, RegistryActor
from actors.risk import RiskActor
from actors.stream import StreamActor
from actors.venue_feed import FrameRecorder
from engine.decisions.admission import InstrumentHandle
from engine.decisions.intake_checks import IntakeChecks
from engine.decisions.market import MarketBlock
from engine.decisions.market_tape import MarketTape
from engine.decisions.risk import RiskLedger, TradingSwitch
from engine.model.instruments import InstrumentType
from engine.model.records import JournalEntry
from engine.ports import JournalSink
from engine.runtime.actor import ActorRef
from engine.runtime.supervision import HALT, RESTART
from engine.runtime.system import ActorSystem
from engine.service.graph_maker import GraphMaker
from engine.service.settings import EngineSettings, VenuePorts
from engine.service.venue_wiring import (
    spawn_feed,
    spawn_price_watches,
    spawn_routers,
    spawn_trade,
)

__all__ = ["EngineSettings", "VenuePorts", "World", "build_world"]


T = TypeVar("T")


class World(msgspec.Struct, frozen=True):
    """The joined cast, for the roof and for tests; `symbols` are instruments with their aliases."""

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
    symbols: dict[str, InstrumentHandle]
    ledger: RiskLedger
    switch: TradingSwitch
    recovery: ActorRef
    price_watches: dict[str, ActorRef]
    tapes: dict[str, MarketTape]


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
    is_recorded: Callable[[str], bool] = lambda fill_id: False,
    recorder_of: Callable[[str], FrameRecorder | None] = lambda venue: None,
) -> World:
    """Spawn and join every actor. Nothing runs until a driver does.

    Listings of one instrument on several venues form one market, in order of `venue_index`.
    """
    switch = _switch_of(system)
    stream = system.spawn(StreamActor, name="stream", supervision=RESTART)
    journal = _spawn_journal(system, settings, make_sink, last_seq)
    markets, routers, trade_lists = spawn_routers(system, settings, venues, journal)
    instruments = {
        symbol: InstrumentHandle(symbol, market.listings, market, routers[symbol].actor_id)
        for symbol, market in markets.items()
    }
    by_router = {routers[symbol].actor_id: market for symbol, market in markets.items()}
    ledger = RiskLedger(by_router, settings.account, settings.limits, switch)
    risk = _spawn_risk(system, settings, ledger, routers, journal, stream)
    tapes = {symbol: _tape_of(market) for symbol, market in markets.items()}
    watches = spawn_price_watches(system, settings, markets, tapes)
    trades: dict[str, ActorRef] = {}
    prices = _with_aliases(watches, aliases or {})
    maker = GraphMaker(settings, risk, routers, journal, trades, prices, tapes, ledger.refusal)
    symbols = _with_aliases(instruments, aliases or {})
    registry = _spawn_registry(
        system, settings, graph_number, symbols, risk, journal, maker, lookup, ledger
    )
    recovery = _spawn_recovery(system, settings, venues, registry, journal, trades, is_recorded)
    feeds: dict[str, ActorRef] = {}
    books: dict[tuple[str, str], ActorRef] = {}
    for ports in venues:
        venue = ports.venue
        maker.native[venue] = ports.trade_codec.native
        trade = trades[venue] = spawn_trade(system, settings, ports, switch, recovery)
        feed = feeds[venue] = spawn_feed(
            system, settings, ports, markets, routers, books, watches, tapes, recorder_of(venue)
        )
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
        symbols,
        ledger,
        switch,
        recovery,
        watches,
        tapes,
    )


def _switch_of(system: ActorSystem) -> TradingSwitch:
    """A switch that a system which fails closed throws by itself."""
    switch = TradingSwitch()
    system.on_halt = lambda reason: switch.kill(True, reason)
    return switch


def _tape_of(market: MarketBlock) -> MarketTape:
    return MarketTape(market.instrument.type is InstrumentType.PREDICTION)


def _with_aliases(by_symbol: Mapping[str, T], aliases: Mapping[str, str]) -> dict[str, T]:
    """The same things also under the other names of their symbols."""
    named = {alias: by_symbol[symbol] for alias, symbol in aliases.items() if symbol in by_symbol}
    return {**by_symbol, **named}


def _spawn_risk(
    system: ActorSystem,
    settings: EngineSettings,
    ledger: RiskLedger,
    routers: Mapping[str, ActorRef],
    journal: ActorRef,
    stream: ActorRef,
) -> ActorRef:
    by_id = {ref.actor_id: ref for ref in routers.values()}
    risk = system.spawn(
        lambda: RiskActor(ledger, settings.account, by_id, journal, settings.environment),
        name="risk",
        supervision=HALT,
    )
    actor = system.actor_of(journal)
    assert isinstance(actor, JournalActor)
    actor.join(risk, stream)
    return risk


def _spawn_recovery(
    system: ActorSystem,
    settings: EngineSettings,
    venues: Sequence[VenuePorts],
    registry: ActorRef,
    journal: ActorRef,
    trades: Mapping[str, ActorRef],
    is_recorded: Callable[[str], bool],
) -> ActorRef:
    listings = {(one.venue, one.venue_symbol): one for ports in venues for one in ports.listings}
    entrance = system.actor_of(registry)
    assert isinstance(entrance, RegistryActor)
    recovery = system.spawn(
        lambda: RecoveryActor(
            registry,
            journal,
            trades,
            listings,
            settings.environment,
            settings.engine_number,
            is_recorded,
            entrance.risk,
        ),
        name="recovery",
        supervision=HALT,
    )
    entrance.recovery = recovery
    return recovery


def _spawn_registry(
    system: ActorSystem,
    settings: EngineSettings,
    graph_number: int,
    symbols: Mapping[str, InstrumentHandle],
    risk: ActorRef,
    journal: ActorRef,
    maker: GraphMaker,
    lookup: FingerprintLookup,
    ledger: RiskLedger,
) -> ActorRef:
    writer = system.actor_of(journal)
    assert isinstance(writer, JournalActor)
    return system.spawn(
        lambda: RegistryActor(
            settings.engine_number,
            graph_number,
            IntakeChecks(
                symbols, settings.account.collar_bps, settings.limits, settings.environment
            ),
            settings.limits,
            risk,
            journal,
            maker.make,
            lookup,
            writer.load,
            durable_first=settings.durable_first,
            refusal=ledger.refusal,
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
