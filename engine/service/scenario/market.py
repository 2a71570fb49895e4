"""One seeded run: the whole engine on a virtual clock over a market that starts from the setting.

Actors, policies, router, codecs and exchanges are the real ones; only the others' trades and the
clock are made up. The order is submitted once every book is there, and from then on others move.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Final

from engine.decisions.market import MarketBlock
from engine.errors import Reason
from engine.kernels.delta_ring import DeltaRing
from engine.messages import SubmitAnswer, SubmitGraph
from engine.model.fees import fee_bps_at
from engine.model.graph import (
    Execution,
    FixedAmount,
    Graph,
    GraphStatus,
    Node,
    NodeInstrument,
    Quantity,
)
from engine.model.instruments import Environment, Listing
from engine.model.records import FillRecord, GraphChanged
from engine.model.risk import AccountLimits, Limits
from engine.model.units import Side
from engine.runtime.actor import ActorRef
from engine.runtime.simulated_driver import SimulatedDriver
from engine.runtime.supervision import HALT
from engine.runtime.system import ActorSystem
from engine.service.scenario.flow import LiveFlow
from engine.service.scenario.setting import Outcome, Plan, Setting, VenueStart
from engine.service.sinks import CollectingSink
from engine.service.wiring import EngineSettings, VenuePorts, build_world
from venues.simulated.catalogue import native_of
from venues.simulated.exchange import ExchangeConfig, SimulatedExchange
from venues.simulated.feed_codec import SimulatedFeedCodec
from venues.simulated.link import SimulatedLink
from venues.simulated.order_flow import FairValue
from venues.simulated.trade_codec import SimulatedTradeCodec
from venues.simulated.venue import SimulatedVenue

__all__ = ["run_plan"]

MS: Final = 1_000_000
NS: Final = 1_000_000_000
START_NS: Final = 1_700_000_000 * NS
CLIENT: Final = "scenario"
READY_NS: Final = 10 * NS
GRACE_NS: Final = 15 * NS
TICK_NS: Final = 5 * MS
LOOK_NS: Final = 50 * MS
TICKS_MAX: Final = 1_200
PULL_S: Final = 10**7
LIMITS: Final = Limits(book_depth_max=512, delta_rows_max=4_096, tape_prints_max=1_024)
ENDS: Final = (GraphStatus.COMPLETED, GraphStatus.CANCELLED, GraphStatus.FAILED)


def run_plan(setting: Setting, plan: Plan, index: int, seed: int) -> Outcome:
    """One run of a plan; `index` is its place among the plans. The same for the same arguments."""
    return ScenarioMarket(setting, horizon_ns(setting, plan), seed).run(plan, index, seed)


class ScenarioMarket:
    """The world of one run."""

    def __init__(self, setting: Setting, longest_ns: int, seed: int) -> None:
        self.setting = setting
        self.longest_ns = longest_ns
        # Long horizons are looked at more coarsely, so that a run stays short.
        self.tick_ns = max(TICK_NS, longest_ns // TICKS_MAX // MS * MS)
        self.system = ActorSystem(seed)
        self.driver = SimulatedDriver(self.system, seed, START_NS, order="fifo")
        self.sinks: list[CollectingSink] = []
        self.flows: list[LiveFlow] = []
        start_1e9 = setting.mid_x2 // 2
        most = setting.venues[0].listing.price_max_1e9
        self.fair = FairValue(
            start_1e9,
            generator(seed, "fair"),
            sigma_ppm=round(100 * setting.sigma_bps),
            pull_s=PULL_S,
            step_ns=self.tick_ns,
            bounds_1e9=(start_1e9 // 2, min(start_1e9 * 2, most or start_1e9 * 2)),
        )
        settings = EngineSettings(
            account=AccountLimits(
                price_deviation_max_bps=None,
                quote_age_max_ms=None,
                collar_bps=setting.collar_bps,
            ),
            limits=LIMITS,
            policies=setting.policies,
        )
        ports = [self.ports_of(one, seed) for one in setting.venues]
        self.world = build_world(self.system, settings, ports, self.make_sink)
        self.market = next(iter(self.world.markets.values()))

    def run(self, plan: Plan, index: int, seed: int) -> Outcome:
        """Wait for the books, submit, let others move, and look at what it cost."""
        driver, market = self.driver, self.market
        latest_ns = driver.now_ns + READY_NS
        while not books_stand(market) and driver.now_ns < latest_ns:
            driver.run_for(LOOK_NS)
        mid_x2 = market.mid_x2()
        if not books_stand(market) or not mid_x2:
            return faulty(index, seed, "the simulated books did not come up")
        for flow in self.flows:
            flow.moving = True
        began_ns = driver.now_ns
        box = driver.ask(
            self.world.registry,
            lambda reply_to: SubmitGraph(
                reply_to, CLIENT, Environment.SANDBOX, graph_of_plan(self.setting, plan)
            ),
        )
        driver.run_until_idle()
        answer = box.value
        assert isinstance(answer, SubmitAnswer), "the registry answers at once"
        if answer.reason is not Reason.NONE:
            return faulty(index, seed, answer.text)
        ended_ns = self.work(began_ns + self.longest_ns + GRACE_NS)
        if self.system.halted is not None:
            return faulty(index, seed, f"the simulated engine halted: {self.system.halted}")
        payloads = [one.payload for one in self.sinks[0].entries]
        filled = [one for one in payloads if isinstance(one, FillRecord)]
        cost = whole_cost_bps(self.setting, market, mid_x2, filled)
        qty = sum(one.qty_1e8 for one in filled)
        complete = qty >= self.setting.qty_1e8
        last_ns = max((one.ts_unix_ns for one in filled), default=ended_ns)
        time_ns = (last_ns if complete else ended_ns) - began_ns
        venues = tuple(dict.fromkeys(one.venue for one in filled))
        rate = min(1.0, qty / self.setting.qty_1e8)
        return Outcome(index, seed, cost, rate, max(0, time_ns) // MS, venues)

    def work(self, until_ns: int) -> int:
        """Let time pass until the graph has ended; when that was."""
        seen, entries, driver = 0, self.sinks[0].entries, self.driver
        while driver.now_ns < until_ns and self.system.halted is None:
            driver.run_for(LOOK_NS)
            for entry in entries[seen:]:
                if isinstance(entry.payload, GraphChanged) and entry.payload.status in ENDS:
                    return entry.ts_ns
            seen = len(entries)
        return driver.now_ns

    def make_sink(self, journal: ActorRef) -> CollectingSink:
        sink = CollectingSink(journal)
        self.sinks.append(sink)
        return sink

    def ports_of(self, start: VenueStart, seed: int) -> VenuePorts:
        """One venue with its book as it stood."""
        listing = start.listing
        native = native_of(listing.venue)
        exchange = SimulatedExchange(
            listing.venue,
            (listing,),
            generator(seed, f"exchange {listing.venue}"),
            ExchangeConfig(native=native),
        )
        rng = generator(seed, f"flow {listing.venue}")
        latency_ns = start.latencies_ns[int(rng.random() * len(start.latencies_ns))]
        flow = LiveFlow(exchange, start, self.fair, rng)
        # The book is there before anybody connects.
        flow.run(START_NS)
        self.flows.append(flow)
        host = self.system.spawn(
            lambda: SimulatedVenue(exchange, flow, latency_ns, None, self.tick_ns),
            name=f"venue:{listing.venue}",
            supervision=HALT,
        )
        feed_link = SimulatedLink(host, 1, private=False)
        trade_link = SimulatedLink(host, 2, private=True)

        def make_feed_codec(
            listings: Sequence[Listing], rings: Sequence[DeltaRing]
        ) -> SimulatedFeedCodec:
            return SimulatedFeedCodec(listings, rings)

        def bind(feed: ActorRef, trade: ActorRef) -> None:
            feed_link.bind(feed)
            trade_link.bind(trade)

        codec = SimulatedTradeCodec(listing.venue, native)
        return VenuePorts(
            listing.venue, (listing,), make_feed_codec, codec, feed_link, trade_link, bind
        )


def books_stand(market: MarketBlock) -> bool:
    """Whether every venue shows both sides."""
    return all(
        market.healthy[v] and market.level_count(v, 0) > 0 and market.level_count(v, 1) > 0
        for v in range(len(market.listings))
    )


def graph_of_plan(setting: Setting, plan: Plan) -> Graph:
    """The order as a graph: a node for each part."""
    instrument = setting.venues[0].listing.instrument
    nodes = tuple(
        Node(
            node_id=f"part{number}",
            instrument=NodeInstrument(symbol=instrument.symbol, type=instrument.type),
            side="sell" if setting.side else "buy",
            quantity=Quantity(fixed=FixedAmount(qty_1e8=qty)),
            execution=Execution(policy=policy, urgency=plan.urgency, horizon_ms=plan.horizon_ms),
        )
        for number, (policy, qty) in enumerate(plan.parts)
    )
    return Graph(nodes=nodes, graph_id="scenario")


def horizon_ns(setting: Setting, plan: Plan) -> int:
    """The longest that any part of a plan may work."""
    if plan.horizon_ms is not None:
        return plan.horizon_ms * MS
    rank = ("low", "medium", "high").index(plan.urgency.value)
    table = setting.policies
    known = {
        "sor": table.sor_market_horizon_ms[rank],
        "ioc_sweep": table.ioc_sweep_horizon_ms,
        "passive_limit": table.passive_horizon_ms[rank],
        "iceberg": table.passive_horizon_ms[rank],
        "aggressive_chase": table.chase_horizon_ms[rank],
        "passive_ladder": table.ladder_passive_ms[rank] + table.chase_horizon_ms[rank],
        "time_drip": table.drip_horizon_ms[rank],
    }
    return max(known[policy.value] for policy, _ in plan.parts) * MS


def whole_cost_bps(
    setting: Setting, market: MarketBlock, mid_x2: int, fills: Sequence[FillRecord]
) -> float:
    """All-in cost in bps of the whole quantity against the mid at the start, fees in."""
    sign = Side(setting.side).sign
    filled = sum(one.qty_1e8 for one in fills)
    paid = sum(sign * (2 * one.price_1e9 - mid_x2) * one.qty_1e8 for one in fills) / 2
    # Money of 1e-9 is a price times a quantity of one.
    paid += sum(one.fee_1e9 for one in fills) * 1e8
    left = setting.qty_1e8 - filled
    if left > 0:
        paid += swept(setting, market, mid_x2, left)
    return 1e4 * paid / (setting.qty_1e8 * mid_x2 / 2)


def swept(setting: Setting, market: MarketBlock, mid_x2: int, qty_1e8: int) -> float:
    """What sweeping the rest now would pay above the mid at the start, with the taker's fees.

    Beyond the last level it goes on at that level's price.
    """
    sign = Side(setting.side).sign
    offers: list[tuple[float, int]] = []
    for v, one in enumerate(market.listings):
        if market.healthy[v] and one.fees is not None:
            for price, qty in market.levels(v, 1 - setting.side, market.depth):
                offers.append((price * (sign + fee_bps_at(one.fees, price) * 1e-4), qty))
    offers.sort()
    paid, last = 0.0, sign * mid_x2 / 2
    for landed, qty in offers:
        part = min(qty, qty_1e8)
        paid += (landed - sign * mid_x2 / 2) * part
        qty_1e8 -= part
        last = landed
        if not qty_1e8:
            return paid
    return paid + (last - sign * mid_x2 / 2) * qty_1e8


def faulty(index: int, seed: int, why: str) -> Outcome:
    """A run without a number."""
    return Outcome(index, seed, 0.0, 0.0, 0, (), why)


def generator(seed: int, name: str) -> random.Random:
    """Each part has a generator of its own, the same on every platform."""
    return random.Random(f"scenario {seed} {name}")
