"""Assembly: every actor of one engine, joined; the only file that knows the whole cast.

What differs between production, sandbox, replay and simulation is handed in: the venues' ports,
the journal's sink and the driver. Everything else is the same code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec

from actors.book import BookActor
from actors.graph import GraphActor, NodeFactory
from actors.journal import JournalActor
from actors.node import NodeActor
from actors.registry import FingerprintLookup, GraphSeed, RegistryActor
from actors.risk import RiskActor
from actors.router import RouterActor
from actors.stream import StreamActor
from actors.tape import TapeActor
from actors.venue_feed import VenueFeedActor
from actors.venue_trade import VenueTradeActor
from engine.decisions.admission import InstrumentHandle
from engine.decisions.cost_model import Coefficients, CostModel, routing_version
from engine.decisions.market import BookSlot, MarketBlock
from engine.decisions.node_plan import NodeIdentity
from engine.decisions.policies.parameters import PolicyParameters, make_policy
from engine.decisions.risk import RiskLedger, TradingSwitch
from engine.decisions.split import Splitter
from engine.decisions.venue_observations import VenueObservations
from engine.decisions.watches import Watches
from engine.kernels.delta_ring import DeltaRing
from engine.model.instruments import Environment, Listing
from engine.model.records import JournalEntry
from engine.model.risk import AccountLimits, Limits
from engine.ports import FeedCodec, JournalSink, Link, TradeCodec
from engine.runtime.actor import ActorRef
from engine.runtime.supervision import HALT, RESTART
from engine.runtime.system import ActorSystem

__all__ = ["EngineSettings", "VenuePorts", "World", "build_world"]


class EngineSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What an engine is made with, besides its venues.

    `fresh_only` False drops freshness from routing, `leg_slack` False sends each leg at exactly
    its worst planned level; both are for replay, whose walk must be redone by hand.
    """

    engine_number: int = 1
    environment: Environment = Environment.SANDBOX
    account: AccountLimits = AccountLimits()
    limits: Limits = Limits()
    policies: PolicyParameters = PolicyParameters()
    coefficients: Coefficients = Coefficients()
    fresh_only: bool = True
    leg_slack: bool = True
    feed_silence_ns: int | None = 10_000_000_000


class VenuePorts(msgspec.Struct, frozen=True):
    """One venue's way in and out.

    `make_feed_codec` is called again when the feed restarts, so that no broken state survives.
    `bind` tells the links which actors own them.
    """

    venue: str
    listings: tuple[Listing, ...]
    make_feed_codec: Callable[[Sequence[Listing], Sequence[DeltaRing]], FeedCodec]
    trade_codec: TradeCodec
    feed_link: Link
    trade_link: Link
    bind: Callable[[ActorRef, ActorRef], None]


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
    markets, routers, trade_lists = _spawn_routers(system, settings, venues, journal)
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
    maker = GraphMaker(settings, instruments, risk, routers, journal, trades)
    symbols = dict(instruments)
    for alias, symbol in (aliases or {}).items():
        if symbol in instruments:
            symbols[alias] = instruments[symbol]
    registry = system.spawn(
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
    feeds: dict[str, ActorRef] = {}
    books: dict[tuple[str, str], ActorRef] = {}
    for ports in venues:
        trade = _spawn_trade(system, settings, ports, switch, registry)
        trades[ports.venue] = trade
        feed = _spawn_feed(system, settings, ports, markets, routers, books)
        feeds[ports.venue] = feed
        ports.bind(feed, trade)
    for symbol, market in markets.items():
        trade_lists[symbol].extend(trades[listing.venue] for listing in market.listings)
    return World(
        system, registry, risk, journal, stream, feeds, trades, routers, books, markets,
        instruments, ledger, switch,
    )


class GraphMaker:
    """Factories of graph and node actors; it is how the registry starts graphs unseen."""

    def __init__(
        self,
        settings: EngineSettings,
        instruments: Mapping[str, InstrumentHandle],
        risk: ActorRef,
        routers: Mapping[str, ActorRef],
        journal: ActorRef,
        trades: Mapping[str, ActorRef],
    ) -> None:
        self.settings = settings
        self.risk = risk
        self.routers = routers
        self.journal = journal
        self.trades = trades
        self.instruments = instruments

    def make(self, seed: GraphSeed, registry: ActorRef) -> Callable[[], GraphActor]:
        """The factory of one graph's actor."""
        factories = [self.node_factory(seed, index) for index in range(len(seed.nodes))]
        return lambda: GraphActor(
            seed.client_id,
            seed.environment,
            seed.graph_id,
            seed.graph_number,
            factories,
            registry,
            self.journal,
        )

    def node_factory(self, seed: GraphSeed, index: int) -> NodeFactory:
        """The factory of one node's actor, given its graph's ref."""
        resolved = seed.nodes[index]
        node, handle = resolved.node, resolved.handle
        identity = NodeIdentity(
            seed.client_id,
            seed.environment,
            seed.graph_id,
            seed.graph_number,
            node,
            index,
            resolved.side,
            resolved.qty_1e8,
            handle.router_id,
            seed.graph.risk.pretrade if seed.graph.risk is not None else None,
            int(routing_version(seed.graph_id)),
        )

        def make(graph: ActorRef) -> NodeActor:
            policy = make_policy(
                node.execution,
                limit=node.limit_price_1e9 is not None,
                parameters=self.settings.policies,
            )
            return NodeActor(
                identity,
                policy,
                handle.market,
                self.settings.account.collar_bps,
                graph,
                self.risk,
                self.routers[handle.symbol],
                self.journal,
                self.trades,
            )

        return make


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


def _spawn_routers(
    system: ActorSystem,
    settings: EngineSettings,
    venues: Sequence[VenuePorts],
    journal: ActorRef,
) -> tuple[dict[str, MarketBlock], dict[str, ActorRef], dict[str, list[ActorRef]]]:
    by_symbol: dict[str, list[Listing]] = {}
    for ports in venues:
        for listing in ports.listings:
            by_symbol.setdefault(listing.instrument.symbol, []).append(listing)
    markets: dict[str, MarketBlock] = {}
    routers: dict[str, ActorRef] = {}
    trade_lists: dict[str, list[ActorRef]] = {}
    for symbol, listings in by_symbol.items():
        listings.sort(key=lambda listing: listing.venue_index)
        market = MarketBlock(listings[0].instrument, listings, settings.limits.book_depth_max)
        seen = VenueObservations(listings)
        costs = CostModel(market, seen, settings.coefficients, fresh_only=settings.fresh_only)
        splitter = Splitter(market)
        watches = Watches(market, settings.limits.watches_per_instrument_max)
        refs: list[ActorRef] = []

        def make(
            splitter: Splitter = splitter,
            costs: CostModel = costs,
            watches: Watches = watches,
            refs: list[ActorRef] = refs,
        ) -> RouterActor:
            return RouterActor(
                settings.engine_number, splitter, costs, watches, journal, refs, settings.leg_slack
            )

        markets[symbol] = market
        trade_lists[symbol] = refs
        routers[symbol] = system.spawn(make, name=f"router:{symbol}", supervision=RESTART)
    return markets, routers, trade_lists


def _spawn_trade(
    system: ActorSystem,
    settings: EngineSettings,
    ports: VenuePorts,
    switch: TradingSwitch,
    registry: ActorRef,
) -> ActorRef:
    return system.spawn(
        lambda: VenueTradeActor(
            ports.venue,
            ports.trade_codec,
            ports.trade_link,
            switch,
            registry,
            settings.limits.orders_in_flight_max,
        ),
        name=f"trade:{ports.venue}",
        supervision=RESTART,
    )


def _spawn_feed(
    system: ActorSystem,
    settings: EngineSettings,
    ports: VenuePorts,
    markets: Mapping[str, MarketBlock],
    routers: Mapping[str, ActorRef],
    books: dict[tuple[str, str], ActorRef],
) -> ActorRef:
    rings = [DeltaRing(settings.limits.delta_rows_max) for _ in ports.listings]
    codecs: list[FeedCodec] = []
    own_books: list[ActorRef] = []
    tapes: list[ActorRef] = []

    def make_feed() -> VenueFeedActor:
        codec = ports.make_feed_codec(ports.listings, rings)
        codecs[:] = [codec]
        silence_ns = settings.feed_silence_ns
        link = ports.feed_link
        return VenueFeedActor(ports.venue, codec, rings, link, own_books, tapes, silence_ns)

    feed = system.spawn(make_feed, name=f"feed:{ports.venue}", supervision=RESTART)
    depth = codecs[0].checksum_depth
    for listing_id, listing in enumerate(ports.listings):
        symbol = listing.instrument.symbol
        market = markets[symbol]
        slot = market.slot(listing.venue_index)

        def make_book(
            slot: BookSlot = slot, listing_id: int = listing_id, router: ActorRef = routers[symbol]
        ) -> BookActor:
            # The feed's own codec, also after a restart, knows how the venue writes its numbers.
            return BookActor(
                slot,
                rings[listing_id],
                feed,
                listing_id,
                router,
                lambda *levels: codecs[0].checksum(*levels),
                depth,
            )

        book = system.spawn(make_book, name=f"book:{ports.venue}:{symbol}", supervision=RESTART)
        own_books.append(book)
        books[ports.venue, symbol] = book
        tapes.append(_tape_of(system, settings, market, routers[symbol]))
    return feed


def _tape_of(
    system: ActorSystem, settings: EngineSettings, market: MarketBlock, router: ActorRef
) -> ActorRef:
    """One tape an instrument, shared by its listings."""
    name = f"tape:{market.instrument.symbol}"
    for ref in system.refs.values():
        if ref.name == name:
            return ref
    actor = system.actor_of(router)
    assert isinstance(actor, RouterActor)
    seen = actor.costs.observations
    prints_max = settings.limits.tape_prints_max
    return system.spawn(
        lambda: TapeActor(market, seen, prints_max), name=name, supervision=RESTART
    )
