"""A whole engine on a virtual clock over small venues with scripted books, driven by graph JSON.

Nobody trades at these venues but the engine and the script: every fill, price move and refusal of
a test is one that the test asked for.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from engine.decisions.classify import classify
from engine.decisions.policies.parameters import PolicyParameters
from engine.errors import Reason
from engine.kernels.delta_ring import DeltaRing
from engine.messages import (
    CommandAnswer,
    FreezeGraphs,
    GraphCommand,
    GraphCommandKind,
    HaltTrading,
    SubmitAnswer,
    SubmitGraph,
)
from engine.model.instruments import Environment, Listing
from engine.model.intake import parse_graph
from engine.model.orders import TimeInForce
from engine.model.risk import AccountLimits, KillScope, Limits
from engine.model.terms import Terms
from engine.model.traces import TraceEvent, trace_events
from engine.model.units import Side, qty_1e8
from engine.model.units import price_1e9 as to_price
from engine.runtime.actor import ActorRef
from engine.runtime.simulated_driver import Answer, SimulatedDriver
from engine.runtime.supervision import HALT
from engine.runtime.system import ActorSystem
from engine.service.graph_view import GraphState
from engine.service.recovery import recover
from engine.service.sinks import DirectSink
from engine.service.wiring import EngineSettings, VenuePorts, World, build_world
from engine.store.journal import SqliteStore
from engine.store.queries import Queries
from engine.store.rows import FillRow, NodeRow
from venues.simulated.catalogue import sandbox_listings
from venues.simulated.exchange import ExchangeConfig, SimulatedExchange
from venues.simulated.faults import FaultModel, FaultRates
from venues.simulated.feed_codec import SimulatedFeedCodec
from venues.simulated.link import SimulatedLink
from venues.simulated.trade_codec import SimulatedTradeCodec
from venues.simulated.venue import SimulatedVenue

__all__ = ["CLIENT", "EVENT", "KALSHI", "SANDBOX", "GraphWorld"]

MS = 1_000_000
START_NS = 1_700_000_000 * 1_000 * MS
TICK_NS = 50 * MS
LATENCY_NS = 10 * MS
FEED, TRADE = 1, 2
SANDBOX = Environment.SANDBOX
CLIENT = "client_abc"
LIMITS = Limits(book_depth_max=256, delta_rows_max=2_048, tape_prints_max=256)
EVENT = "btc-above-70k-year-end"
KALSHI = "KXBTCZ-26DEC31-T70000"
# Venues that a world may have, with the one symbol of each book: (venue, symbol) -> bid, ask.
QUOTES = {
    ("binance", "ETH-USD"): ("2324.50", "2325.50"),
    ("coinbase", "ETH-USD"): ("2324.50", "2325.50"),
    ("hyperliquid", "ETH-USD-PERP"): ("2324.5", "2325.5"),
    ("polymarket", EVENT): ("0.41", "0.43"),
    ("kalshi", KALSHI): ("0.40", "0.42"),
}
DEEP = "1000"


class GraphWorld:
    """The engine, its venues and the script's hand on them.

    Books start with one level of `DEEP` a side. `config` holds venue habits by name; `rates` the
    faults of the lines, off until `faults[venue].on`; `sterner` are least quantities that a venue
    wants without its listings saying so. `before` is an engine that was dropped `down_ms` ago:
    this one goes on from its journal, at the same exchanges.
    """

    def __init__(
        self,
        venues: Sequence[str] = ("binance", "hyperliquid"),
        *,
        config: Mapping[str, ExchangeConfig] | None = None,
        account: AccountLimits | None = None,
        policies: PolicyParameters | None = None,
        rates: FaultRates | None = None,
        sterner: Mapping[str, str] | None = None,
        latency_ns: int = LATENCY_NS,
        tick_ns: int = TICK_NS,
        seed: int = 1,
        before: GraphWorld | None = None,
        down_ms: int = 0,
    ) -> None:
        self.system = ActorSystem(seed)
        start_ns = START_NS if before is None else before.now_ns + down_ms * MS
        self.driver = SimulatedDriver(self.system, seed, start_ns, order="seeded")
        self.number = 1 if before is None else before.number + 1
        self.exchanges = {} if before is None else dict(before.exchanges)
        self.faults: dict[str, FaultModel] = {}
        self.quotes = {} if before is None else before.quotes
        self.store = SqliteStore(":memory:") if before is None else before.store
        self.queries = Queries(self.store)
        self.times = latency_ns, tick_ns
        self.seed = seed
        self.sterner = sterner or {}
        ports = []
        for venue in venues:
            self.faults[venue] = FaultModel(rates or FaultRates(), random.Random(seed))
            self.faults[venue].on = False
            ports.append(self.ports_of(venue, listings_of(venue, venues), config or {}))
        settings = EngineSettings(
            account=account or AccountLimits(),
            limits=LIMITS,
            policies=policies or PolicyParameters(),
            engine_number=self.number,
        )
        self.world: World = build_world(
            self.system,
            settings,
            ports,
            lambda journal: DirectSink(self.store, journal),
            last_seq=self.store.last_seq,
            graph_number=self.queries.last_numbers()[1],
            is_recorded=self.queries.has_fill,
        )
        if before is not None:
            recover(self.queries, self.world, SANDBOX, self.driver.tell)
        for (venue, symbol), (bid, ask) in QUOTES.items():
            if venue in venues and before is None:
                self.quote(venue, symbol, bid, ask)
        self.run(1_000)

    def ports_of(
        self, venue: str, listings: tuple[Listing, ...], config: Mapping[str, ExchangeConfig]
    ) -> VenuePorts:
        """One venue: its exchange without order flow, and its lines."""
        own = listings
        if venue in self.sterner:
            least = qty_1e8(self.sterner[venue])
            own = tuple(msgspec.structs.replace(one, qty_min_1e8=least) for one in listings)
        exchange = self.exchanges.get(venue)
        if exchange is None:
            exchange = SimulatedExchange(venue, own, random.Random(self.seed), config.get(venue))
            self.exchanges[venue] = exchange
        latency_ns, tick_ns = self.times
        host = self.system.spawn(
            lambda: SimulatedVenue(exchange, None, latency_ns, self.faults[venue], tick_ns),
            name=f"venue:{venue}",
            supervision=HALT,
        )
        sessions = 2 * (self.number - 1)
        feed_link = SimulatedLink(host, sessions + FEED, private=False)
        trade_link = SimulatedLink(host, sessions + TRADE, private=True)

        def make_feed_codec(
            listings: Sequence[Listing], rings: Sequence[DeltaRing]
        ) -> SimulatedFeedCodec:
            return SimulatedFeedCodec(listings, rings)

        def bind(feed: ActorRef, trade: ActorRef) -> None:
            feed_link.bind(feed)
            trade_link.bind(trade)

        codec = SimulatedTradeCodec(venue, self.exchanges[venue].config.native)
        return VenuePorts(venue, listings, make_feed_codec, codec, feed_link, trade_link, bind)

    # -- the script

    def run(self, ms: int) -> None:
        """Let virtual time pass; a halt of the system is a failure of the test."""
        self.driver.run_for(ms * MS)
        assert self.system.halted is None, self.system.halted

    def quote(
        self, venue: str, symbol: str, bid: str | None, ask: str | None, qty: str = DEEP
    ) -> None:
        """Replace what the script quotes there; a quote that crosses our resting order fills it."""
        exchange, name = self.exchanges[venue], self.name_of(venue, symbol)
        mine = self.quotes.setdefault((venue, symbol), [])
        for number in mine:
            exchange.flow_cancel(name, number)
        mine.clear()
        for side, price in ((Side.BUY, bid), (Side.SELL, ask)):
            if price is not None:
                mine.append(self.flow(venue, symbol, side, qty, price, TimeInForce.GTC))

    def add(self, venue: str, symbol: str, side: str, qty: str, price: str) -> None:
        """One more resting order of somebody else, until the next `quote`."""
        way = Side.BUY if side == "buy" else Side.SELL
        number = self.flow(venue, symbol, way, qty, price, TimeInForce.GTC)
        self.quotes.setdefault((venue, symbol), []).append(number)

    def trade(self, venue: str, symbol: str, side: str, qty: str, price: str) -> None:
        """Somebody else's IOC, to fill what rests."""
        way = Side.BUY if side == "buy" else Side.SELL
        self.flow(venue, symbol, way, qty, price, TimeInForce.IOC)

    def flow(
        self, venue: str, symbol: str, side: Side, qty: str, price: str, tif: TimeInForce
    ) -> int:
        exchange = self.exchanges[venue]
        number, _ = exchange.flow_place(
            self.name_of(venue, symbol), side, qty_1e8(qty), to_price(price), self.now_ns, tif
        )
        return number

    def name_of(self, venue: str, symbol: str) -> str:
        """What the venue calls an instrument."""
        listings = self.exchanges[venue].listings.values()
        (name,) = (one.venue_symbol for one in listings if one.instrument.symbol == symbol)
        return name

    @property
    def now_ns(self) -> int:
        return self.driver.now_ns

    # -- the client

    def submit(
        self, wire: Mapping[str, Any], *, client: str = CLIENT, dry_run: bool = False
    ) -> SubmitAnswer:
        """Submit JSON as the reference writes it; the answer."""
        parsed = parse_graph(wire)
        answer = self.driver.ask(
            self.world.registry,
            lambda reply: SubmitGraph(reply, client, SANDBOX, parsed, dry_run),
        )
        self.run(0)
        assert isinstance(answer.value, SubmitAnswer)
        return answer.value

    def start(self, wire: Mapping[str, Any], ms: int = 0, *, client: str = CLIENT) -> str:
        """Submit, insist that it is accepted, let time pass; the graph's id."""
        answer = self.submit(wire, client=client)
        assert answer.reason is Reason.NONE, answer.text
        self.run(ms)
        return answer.graph_id

    def command(
        self,
        graph_id: str,
        kind: GraphCommandKind,
        node_id: str = "",
        terms: Terms | None = None,
        reason: str = "",
    ) -> CommandAnswer:
        """One command on a running graph."""
        answer = self.driver.ask(
            self.world.registry,
            lambda reply: GraphCommand(
                reply, CLIENT, SANDBOX, graph_id, kind, node_id, reason, terms
            ),
        )
        self.run(100)
        assert isinstance(answer.value, CommandAnswer)
        return answer.value

    def amend(self, graph_id: str, node_id: str, **terms: Any) -> CommandAnswer:
        """New terms for a node."""
        return self.command(graph_id, GraphCommandKind.AMEND_NODE, node_id, Terms(**terms))

    def tell_amend(self, graph_id: str, node_id: str, **terms: Any) -> Answer:
        """The same without waiting; what will be answered."""
        kind = GraphCommandKind.AMEND_NODE
        return self.driver.ask(
            self.world.registry,
            lambda reply: GraphCommand(
                reply, CLIENT, SANDBOX, graph_id, kind, node_id, terms=Terms(**terms)
            ),
        )

    def kill(
        self, scope: KillScope, key: str = "", *, cancel: bool = True, reason: str = "risk limit"
    ) -> tuple[str, ...]:
        """Throw the kill switch of a scope as the roof does; the graphs that it concerned."""
        self.driver.tell(self.world.risk, HaltTrading(True, reason, scope, key, cancel))
        text = f"kill switch: {reason}"
        answer = self.driver.ask(
            self.world.registry,
            lambda reply: FreezeGraphs(reply, SANDBOX, scope, key, cancel, text),
        )
        self.run(100)
        assert isinstance(answer.value, tuple)
        return answer.value

    def clear(self, scope: KillScope = KillScope.DESK, key: str = "") -> None:
        """Clear the kill switch of a scope."""
        self.driver.tell(self.world.risk, HaltTrading(False, "", scope, key))
        self.run(100)

    # -- what is seen

    def state(self, graph_id: str, client: str = CLIENT) -> GraphState:
        """The graph as its user sees it."""
        found = self.queries.graph(client, SANDBOX, graph_id)
        assert found is not None, f"no graph {graph_id}"
        return GraphState.of(found, self.world.symbols, self.queries.fills_of)

    def fills(self, client: str = CLIENT) -> Sequence[FillRow]:
        """Every fill, newest first."""
        return self.queries.fills(client, SANDBOX, limit=1_000).rows

    def orders(self, client: str = CLIENT, **filters: Any) -> Sequence[NodeRow]:
        """Every order, newest first."""
        return self.queries.orders(client, SANDBOX, **filters).rows

    def traces(self, graph_id: str) -> list[TraceEvent]:
        """What happened, step by step."""

        def name(venue: str, code: str, text: str) -> str:
            return classify(venue, code, text).failure.value

        return [one for one in trace_events(self.store.entries(), name) if one.graph_id == graph_id]

    def rejects(self, graph_id: str) -> list[TraceEvent]:
        """Refusals by the venues."""
        return [one for one in self.traces(graph_id) if one.event == "EXCHANGE_REJECT"]

    def held(self, venue: str, symbol: str) -> int:
        """The venue's own word for our position, in 1e-8."""
        return self.exchanges[venue].account.position(self.name_of(venue, symbol)).qty_1e8

    def resting(self, venue: str) -> list[tuple[str, int, int]]:
        """Our open orders at a venue: (side, left in 1e-8, limit in 1e-9)."""
        found = self.exchanges[venue].by_number.values()
        return [(one.side.text, one.left_1e8, one.limit_1e9) for one in found]


def listings_of(venue: str, venues: Sequence[str]) -> tuple[Listing, ...]:
    """The listings of `QUOTES` of a venue, counted as if only `venues` existed."""
    wanted = {one for one in QUOTES if one[0] in venues}
    counts: dict[str, int] = {}
    found = []
    for one in sandbox_listings():
        if (one.venue, one.instrument.symbol) not in wanted:
            continue
        index = counts.get(one.instrument.symbol, 0)
        counts[one.instrument.symbol] = index + 1
        if one.venue == venue:
            assert one.venue_index == index, "venues keep the order of the catalogue"
            found.append(one)
    return tuple(found)
