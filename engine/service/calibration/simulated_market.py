"""Simulated markets for calibration: small seeded worlds, the whole engine in each, virtual time.

Every world has three coins on three venues: one liquid, one usual, one thin. Latencies are drawn
for each world, 50 ms one way and more, and worlds follow each other on the clock.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import msgspec

from engine.decisions.policies.parameters import PolicyParameters
from engine.errors import RuntimeFault
from engine.intelligence.calibration import Calibration
from engine.kernels.delta_ring import DeltaRing
from engine.messages import Subscribe
from engine.model.instruments import Listing
from engine.model.records import JournalEntry
from engine.model.risk import Limits
from engine.runtime.actor import ActorRef
from engine.runtime.simulated_driver import SimulatedDriver
from engine.runtime.supervision import HALT
from engine.runtime.system import ActorSystem
from engine.service.calibration.orders import EndWatch, Lane, check_sound
from engine.service.intelligence.calibrator import Calibrator
from engine.service.intelligence.forecast_log import ForecastLog, ScoredRow
from engine.service.sinks import CommitsGroups, DirectSink
from engine.service.wiring import EngineSettings, VenuePorts, build_world
from venues.simulated.catalogue import VENUE_PROFILES, depth_of, sandbox_listings
from venues.simulated.exchange import ExchangeConfig, SimulatedExchange
from venues.simulated.feed_codec import SimulatedFeedCodec
from venues.simulated.link import SimulatedLink
from venues.simulated.order_flow import DepthProfile, FairValue, OrderFlow
from venues.simulated.trade_codec import SimulatedTradeCodec
from venues.simulated.venue import SimulatedVenue

__all__ = ["SYMBOLS", "SimulatedMarket", "simulated_orders"]

S: Final = 1_000_000_000
MS: Final = 1_000_000
START_NS: Final = 1_700_000_000 * S
DAY_NS: Final = 86_400 * S
TICK_NS: Final = 100 * MS
WARM_UP_S: Final = 15
STEP_NS: Final = 100 * MS
ORDERS_A_LANE: Final = 30
PATIENCE_S: Final = 60
SYMBOLS: Final = ("BTC-USD", "ETH-USD", "SOL-USD")
VENUES: Final = ("binance", "coinbase", "kraken")
LATENCIES_MS: Final = (50, 120)
RUNGS: Final = 10
EVENTS_PER_S: Final = 20
# Factors on distance and size of the quotes: liquid, usual, thin.
SHAPES: Final = {"BTC-USD": (1, 1), "ETH-USD": (4, 2), "SOL-USD": (12, 4)}
LIMITS: Final = Limits(book_depth_max=256, delta_rows_max=2_048, tape_prints_max=256)
FEED, TRADE = 1, 2


class Forgetful(CommitsGroups):
    """A store that keeps nothing: what is scored is scored off the stream."""

    def commit(self, group: Sequence[JournalEntry]) -> None:
        """Taken."""


class SimulatedMarket:
    """One world; `run` works `orders` orders of each symbol, one after another."""

    def __init__(
        self,
        seed: int,
        start_ns: int,
        log: ForecastLog,
        calibration: Calibration,
        scored: Callable[[ScoredRow], None],
    ) -> None:
        self.seed = seed
        self.system = ActorSystem(seed)
        self.driver = SimulatedDriver(self.system, seed, start_ns, order="fifo")
        rng = random.Random(f"calibration {seed}")
        listings = listings_of(rng)
        names = dict.fromkeys(one.instrument.symbol for one in listings)
        self.fairs = {name: fair_of(seed, name) for name in names}
        ports = [self.ports_of(venue, listings) for venue in VENUES]
        settings = EngineSettings(limits=LIMITS, policies=PolicyParameters())
        self.world = build_world(
            self.system, settings, ports, lambda journal: DirectSink(Forgetful(), journal)
        )
        self.calibrator = Calibrator(
            self.world,
            log,
            lambda: self.driver.now_ns,
            calibration=calibration,
            scored=scored,
            seed=seed,
        )
        self.lanes = [
            Lane(self.driver, self.world, symbol, random.Random(f"{symbol} {seed}"), f"w{seed}-{n}")
            for n, symbol in enumerate(names)
        ]
        self.driver.tell(self.world.stream, Subscribe(self.calibrator, None, None))
        self.driver.tell(self.world.stream, Subscribe(EndWatch(self.lanes), None, None))

    def run(self, orders: int = ORDERS_A_LANE) -> None:
        """Warm up, then orders until each lane had its number; RuntimeFault when it halts."""
        driver = self.driver
        driver.run_for(WARM_UP_S * S)
        waited = 0
        while waited < PATIENCE_S * S:
            busy = False
            for lane in self.lanes:
                if lane.submitted < orders:
                    lane.turn()
                    busy = True
                elif not lane.free:
                    busy = True
                    waited += STEP_NS
            if not busy:
                break
            driver.run_for(STEP_NS)
            check_sound(self.system)

    def ports_of(self, venue: str, listings: Sequence[Listing]) -> VenuePorts:
        """One venue: its exchange, its order flow, its lines."""
        own = tuple(one for one in listings if one.venue == venue)
        config = ExchangeConfig(places_max=100_000)
        rng = random.Random(f"exchange {venue} {self.seed}")
        exchange = SimulatedExchange(venue, own, rng, config)
        flow = OrderFlow(
            exchange,
            {one.venue_symbol: self.fairs[one.instrument.symbol] for one in own},
            {one.venue_symbol: shape_of(venue, one) for one in own},
            random.Random(f"flow {venue} {self.seed}"),
        )
        latency_ns = own[0].latency_prior_ns
        host = self.system.spawn(
            lambda: SimulatedVenue(exchange, flow, latency_ns, None, TICK_NS),
            name=f"venue:{venue}",
            supervision=HALT,
        )
        feed_link = SimulatedLink(host, FEED, private=False)
        trade_link = SimulatedLink(host, TRADE, private=True)

        def make_feed_codec(
            listings: Sequence[Listing], rings: Sequence[DeltaRing]
        ) -> SimulatedFeedCodec:
            return SimulatedFeedCodec(listings, rings)

        def bind(feed: ActorRef, trade: ActorRef) -> None:
            feed_link.bind(feed)
            trade_link.bind(trade)

        codec = SimulatedTradeCodec(venue, exchange.config.native)
        return VenuePorts(venue, own, make_feed_codec, codec, feed_link, trade_link, bind)


def simulated_orders(
    count: int,
    seed: int,
    log: ForecastLog,
    calibration: Calibration,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[ScoredRow]:
    """`count` scored orders, in the order they ended; worlds follow each other on the clock."""
    found: list[ScoredRow] = []
    world = told = 0
    start_ns = START_NS
    while told < count:
        market = SimulatedMarket(seed * 10_000 + world, start_ns, log, calibration, found.append)
        market.run()
        if not found:
            raise RuntimeFault("no order of a whole world could be scored")
        for row in found:
            if told < count:
                told += 1
                yield row
        if progress is not None:
            progress(told, count)
        found.clear()
        world += 1
        start_ns += DAY_NS


def listings_of(rng: random.Random) -> list[Listing]:
    """The spot listings of the three venues, with latencies of this world."""
    latency = {venue: rng.randrange(*LATENCIES_MS) * MS for venue in VENUES}
    return [
        msgspec.structs.replace(one, latency_prior_ns=latency[one.venue])
        for one in sandbox_listings(events=False)
        if one.venue in VENUES and one.instrument.symbol in SYMBOLS
    ]


def shape_of(venue: str, listing: Listing) -> DepthProfile:
    """The venue's own shape, stretched and thinned by coin, with few quotes, to be cheap."""
    (profile,) = (one for one in VENUE_PROFILES if one.name == venue)
    plain = depth_of(profile, listing)
    wider, thinner = SHAPES[listing.instrument.symbol]
    return msgspec.structs.replace(
        plain,
        levels=RUNGS,
        events_per_s=EVENTS_PER_S,
        half_spread_1e9=plain.half_spread_1e9 * wider,
        step_1e9=plain.step_1e9 * (1 + wider // 4),
        qty_1e8=plain.qty_1e8 // thinner,
    )


def fair_of(seed: int, symbol: str) -> FairValue:
    """A coin's fair value."""
    rng = random.Random(f"fair {symbol} {seed}")
    start = {"BTC-USD": 64_000, "ETH-USD": 2_325, "SOL-USD": 150}[symbol]
    return FairValue(start * S, rng)
