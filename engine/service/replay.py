"""A replay: recorded frames through the venues' own codecs and the real actors, and one order.

The clock is the recording's. Everything that could not be redone by hand is off unless asked for:
fees, latency, collar, freshness, re-sweeps and leg slack.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from actors.book import BookActor
from actors.venue_feed import VenueFeedActor
from engine.decisions.policies.parameters import PolicyParameters
from engine.errors import ConfigError, Reason, RuntimeFault
from engine.kernels.delta_ring import DeltaRing
from engine.messages import FeedFrame, FeedReply, StaleReason, SubmitAnswer, SubmitGraph
from engine.model.fees import FeeSchedule
from engine.model.graph import Graph
from engine.model.instruments import Environment, Instrument, Listing
from engine.model.risk import AccountLimits, Limits
from engine.ports import FeedCodec
from engine.runtime.actor import ActorRef
from engine.runtime.simulated_driver import SimulatedDriver
from engine.runtime.supervision import HALT
from engine.runtime.system import ActorSystem
from engine.service.recorded import RecordedBook, RecordedCodec, RecordedLink
from engine.service.replay_report import ReplayOutcome, exclusions, outcome_of
from engine.service.sinks import CollectingSink
from engine.service.wiring import EngineSettings, VenuePorts, build_world
from venues.registry import FeedSetup, FeedVenue, feed_venue
from venues.replay.capture import Capture, CapturedFrame, FrameKind, open_capture, resolve_symbol
from venues.replay.rules import polymarket_terms, recorded_rules
from venues.replay.shift import ShiftedFeedCodec
from venues.replay.trading import ReplayExchange
from venues.simulated.link import SimulatedLink
from venues.simulated.trade_codec import SimulatedTradeCodec
from venues.simulated.venue import SimulatedVenue
from venues.static.feed_codec import StaticFeedCodec

__all__ = ["Feed", "Replay", "ReplayOptions", "open_feeds"]

NS = 1_000_000_000
TAIL_NS = 1_000_000_000
# A venue's full book can be far deeper than what live trading keeps of it.
LEVELS_MAX = 65_536
ROWS_MAX = 1 << 18
CLIENT = "replay"
FREE = FeeSchedule(taker_ppm=0)


class ReplayOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How to replay. `at_ns` None submits once every book is healthy; `speed` None is full."""

    at_ns: int | None = None
    fee_ppm: Mapping[str, int] = {}
    latency_ns: Mapping[str, int] = {}
    speed: float | None = None


class Feed(msgspec.Struct, frozen=True):
    """One opened feed: its recording, its listing, and how its clock and prices are moved."""

    venue: FeedVenue
    capture: Capture
    listing: Listing
    offset_ns: int = 0
    shift_1e9: int = 0

    def make_codec(self, listings: Sequence[Listing], rings: Sequence[DeltaRing]) -> FeedCodec:
        """The venue's own codec; for books recorded as they stood at an instant, the static one."""
        if self.capture.static:
            return StaticFeedCodec(listings, rings)
        complements: dict[str, str] = {}
        if self.venue.name == "polymarket":
            token = self.listing.venue_symbol
            terms = polymarket_terms(self.capture, token)
            if terms is not None:
                first, second = terms.tokens
                complements[token] = second if token == first else first
        setup = FeedSetup(self.capture.lines, complements)
        return self.venue.make_codec(listings, rings, setup)


def open_feeds(
    specs: Sequence[tuple[str, str, str]], options: ReplayOptions
) -> tuple[list[Feed], int, list[str]]:
    """Open (venue, symbol, path) feeds: the feeds, the time `--at` counts from, and notes.

    Recordings that overlap share a clock and begin, as one, with the first frame of the last of
    them to start; those of other times are moved so that they begin at the same moment.
    ConfigError for feeds that cannot be one market.
    """
    feeds: list[Feed] = []
    notes: list[str] = []
    indexes: dict[str, int] = {}
    names: set[str] = set()
    for venue_name, symbol, path in specs:
        venue = feed_venue(venue_name)
        if venue.name in names:
            raise ConfigError(f"{venue.name} is fed twice; give each venue one --feed")
        names.add(venue.name)
        capture = open_capture(path, venue.name, symbol)
        spelled = resolve_symbol(capture, symbol)
        if not is_same_text(symbol, spelled):
            notes.append(f"{symbol} is read from {spelled} of {venue.name}'s recording")
        index = indexes.get(symbol, 0)
        indexes[symbol] = index + 1
        feeds.append(Feed(venue, capture, _listing(venue, capture, symbol, index, options)))
    _refuse_mixtures(feeds)
    origins = _origins([feed.capture for feed in feeds])
    origin_ns = origins[0]
    for index, own_ns in enumerate(origins):
        if own_ns != origin_ns:
            feeds[index] = msgspec.structs.replace(feeds[index], offset_ns=origin_ns - own_ns)
            name = feeds[index].venue.name
            notes.append(f"the recording of {name} is from another time and starts at 0 s here")
    return feeds, origin_ns, notes


class Replay:
    """Feeds and one order on a virtual clock. `play` runs it; everything else only looks."""

    def __init__(self, feeds: Sequence[Feed], origin_ns: int, options: ReplayOptions) -> None:
        self.feeds = list(feeds)
        self.options = options
        self.origin_ns = origin_ns
        self.first_ns = min(feed.capture.first_ns + feed.offset_ns for feed in feeds)
        # Order lines take two latencies to connect; they stand when the recording begins.
        start_ns = self.first_ns - 2 * max(options.latency_ns.values(), default=0)
        self.system = ActorSystem(seed=0)
        self.driver = SimulatedDriver(self.system, start_ns=start_ns, order="fifo")
        settings = EngineSettings(
            account=AccountLimits(
                price_deviation_max_bps=None, quote_age_max_ms=None, collar_bps=None
            ),
            policies=PolicyParameters(resweep=False),
            limits=Limits(book_depth_max=LEVELS_MAX, delta_rows_max=ROWS_MAX),
            fresh_only=False,
            leg_slack=False,
            feed_silence_ns=None,
        )
        self.sinks: list[CollectingSink] = []
        self.recorded: dict[str, RecordedBook] = {}
        self.codecs: dict[str, RecordedCodec] = {}
        ports = [self._ports(feed) for feed in self.feeds]
        self.world = build_world(self.system, settings, ports, self._sink)
        self.submitted_ns = 0
        self.refused = False
        self.stale: dict[str, StaleReason] = {}

    def play(
        self, graph: Graph, progress: Callable[[int, int], None] | None = None
    ) -> ReplayOutcome:
        """Play to the end, submitting `graph` on the way; RuntimeFault when trading halts."""
        options, driver = self.options, self.driver
        at_ns = None if options.at_ns is None else self.origin_ns + options.at_ns
        total = sum(feed.capture.count for feed in self.feeds)
        answer: SubmitAnswer | None = None
        started = time.monotonic()
        for count, (now_ns, index, frame) in enumerate(self._merged()):
            if answer is None and at_ns is not None and now_ns > at_ns:
                driver.run_until(at_ns)
                answer = self._submit(graph)
            if options.speed is not None:
                ahead = (now_ns - self.first_ns) / NS / options.speed - (time.monotonic() - started)
                if ahead > 0:
                    time.sleep(ahead)
            driver.run_until(now_ns)
            self._feed(index, now_ns, frame)
            driver.run_until_idle()
            if answer is None and at_ns is None and self._all_healthy():
                answer = self._submit(graph)
            if progress is not None and count % 1_024 == 0:
                progress(count, total)
        if progress is not None:
            progress(total, total)
        if answer is None:
            driver.run_until(max(driver.now_ns, at_ns or 0))
            answer = self._submit(graph)
        driver.run_for(TAIL_NS + 4 * max(options.latency_ns.values(), default=0))
        if self.system.halted is not None:
            raise RuntimeFault(f"the replay came to a halt: {self.system.halted}")
        entries = self.sinks[0].entries
        return outcome_of(graph, answer, entries, self.submitted_ns, self.book_rows())

    def book_rows(self) -> list[dict[str, object]]:
        """What each book saw, as at the end of the recording."""
        rows: list[dict[str, object]] = []
        for feed in self.feeds:
            listing = feed.listing
            symbol = listing.instrument.symbol
            book = self.system.actor_of(self.world.books[listing.venue, symbol])
            session = self.system.actor_of(self.world.feeds[listing.venue])
            assert isinstance(book, BookActor)
            assert isinstance(session, VenueFeedActor)
            bid, ask = book.slot.best_bid(), book.slot.best_ask()
            rows.append(
                {
                    "venue": listing.venue,
                    "symbol": listing.venue_symbol,
                    "frames": session.frames,
                    "deltas": book.deltas,
                    "gaps": session.gaps,
                    "resyncs": book.resyncs,
                    "checksum_failures": book.checksum_failures,
                    "crossed": book.crossed,
                    "best_bid_1e9": bid[0] if bid else None,
                    "best_ask_1e9": ask[0] if ask else None,
                }
            )
        return rows

    def notes(self, outcome: ReplayOutcome) -> list[str]:
        """What a reader of the outcome should know besides: frames not read, venues left out."""
        notes = []
        for feed in self.feeds:
            name, codec = feed.listing.venue, self.codecs[feed.listing.venue]
            if codec.unread:
                count = f"{codec.unread} of {feed.capture.count} frames of {name}"
                notes.append(f"{count} could not be read, the first because {codec.first_fault}")
        if outcome.filled_qty_1e8:
            notes += [f"{why} and was left out" for why in exclusions(outcome, self.stale)]
        last_ns = max(feed.capture.last_ns + feed.offset_ns for feed in self.feeds)
        if self.submitted_ns > last_ns:
            notes.append("the order came after the last frame; the books are those of the end")
        return notes

    def _submit(self, graph: Graph) -> SubmitAnswer:
        self.submitted_ns = self.driver.now_ns
        market = self.world.markets.get(graph.nodes[0].instrument.symbol)
        if market is not None:
            self.stale = {
                listing.venue: StaleReason(market.stale_reason[listing.venue_index])
                for listing in market.listings
                if not market.healthy[listing.venue_index]
            }
        box = self.driver.ask(
            self.world.registry,
            lambda reply_to: SubmitGraph(reply_to, CLIENT, Environment.SANDBOX, graph),
        )
        self.driver.run_until(self.driver.now_ns)
        assert isinstance(box.value, SubmitAnswer)
        self.refused = box.value.reason is not Reason.NONE
        return box.value

    def _feed(self, index: int, now_ns: int, frame: CapturedFrame) -> None:
        ref = self.world.feeds[self.feeds[index].listing.venue]
        if frame.kind is FrameKind.REPLY:
            self.driver.tell(ref, FeedReply(now_ns, frame.tag, frame.payload))
        else:
            # A broken line of the recording reaches the session as a frame that cannot be read.
            self.driver.tell(ref, FeedFrame(now_ns, frame.payload, frame.line))

    def _merged(self) -> Iterator[tuple[int, int, CapturedFrame]]:
        def stream(index: int, feed: Feed) -> Iterator[tuple[int, int, CapturedFrame]]:
            for frame in feed.capture.frames():
                yield frame.recv_ns + feed.offset_ns, index, frame

        streams = [stream(index, feed) for index, feed in enumerate(self.feeds)]
        return heapq.merge(*streams, key=lambda item: (item[0], item[1]))

    def _all_healthy(self) -> bool:
        return all(
            market.usable(index)
            for market in self.world.markets.values()
            for index in range(len(market.listings))
        )

    def _recorded(self, listing: Listing) -> RecordedBook:
        # Markets are made by the world, which is made after the venues' ports.
        book = self.recorded.get(listing.venue)
        if book is None:
            market = self.world.markets[listing.instrument.symbol]
            book = self.recorded[listing.venue] = RecordedBook(market, listing.venue_index)
        return book

    def _sink(self, journal: ActorRef) -> CollectingSink:
        sink = CollectingSink(journal)
        self.sinks.append(sink)
        return sink

    def _ports(self, feed: Feed) -> VenuePorts:
        listing = feed.listing

        exchange = ReplayExchange(
            listing.venue,
            [listing],
            lambda _, side: self._recorded(listing).levels(side),
            lambda _, side, price_1e9: self._recorded(listing).level_qty(side, price_1e9),
        )
        latency_ns = self.options.latency_ns.get(listing.venue, 0)
        host = self.system.spawn(
            lambda: SimulatedVenue(exchange, None, latency_ns),
            name=f"venue:{listing.venue}",
            supervision=HALT,
        )
        link = SimulatedLink(host, 1, private=True)

        def make_codec(listings: Sequence[Listing], rings: Sequence[DeltaRing]) -> FeedCodec:
            recorded = RecordedCodec(feed.make_codec(listings, rings), rings)
            self.codecs[listing.venue] = recorded
            shift = feed.shift_1e9
            return ShiftedFeedCodec(recorded, rings, shift) if shift else recorded

        return VenuePorts(
            listing.venue,
            (listing,),
            make_codec,
            SimulatedTradeCodec(listing.venue),
            RecordedLink(),
            link,
            lambda feed_ref, trade_ref: link.bind(trade_ref),
        )


def _origins(captures: Sequence[Capture]) -> list[int]:
    """For each recording, the time of its own clock that `--at` counts from.

    Recordings whose receive times overlap, also by way of a third, share a clock.
    """
    order = sorted(range(len(captures)), key=lambda index: captures[index].first_ns)
    origins = [0] * len(captures)
    group: list[int] = []
    last_ns = -1
    for index in order:
        capture = captures[index]
        if capture.first_ns > last_ns:
            group = []
        group.append(index)
        last_ns = max(last_ns, capture.last_ns)
        for member in group:
            origins[member] = capture.first_ns
    return origins


def is_same_text(symbol: str, spelled: str) -> bool:
    """Whether two spellings differ at most in case and separators."""
    plain = ["".join(filter(str.isalnum, text)).upper() for text in (symbol, spelled)]
    return plain[0] == plain[1]


def _listing(
    venue: FeedVenue, capture: Capture, symbol: str, index: int, options: ReplayOptions
) -> Listing:
    venue_symbol = resolve_symbol(capture, symbol)
    rules = recorded_rules(capture, venue_symbol)
    base, _, quote = symbol.partition("-")
    instrument = Instrument(
        symbol=symbol,
        type=venue.type,
        base=rules.base if rules else base,
        quote=rules.quote if rules else quote.removesuffix("-PERP") or "USD",
    )
    fee_ppm = options.fee_ppm.get(venue.name)
    return Listing(
        venue=venue.name,
        venue_symbol=venue_symbol,
        instrument=instrument,
        venue_index=index,
        tick_1e9=rules.tick_1e9 if rules else 1,
        lot_1e8=rules.lot_1e8 if rules else 1,
        qty_min_1e8=rules.qty_min_1e8 if rules else 1,
        notional_min_1e9=rules.notional_min_1e9 if rules else 0,
        price_max_1e9=venue.price_max_1e9,
        fees=FREE if fee_ppm is None else FeeSchedule(taker_ppm=fee_ppm),
        latency_prior_ns=options.latency_ns.get(venue.name, 0),
    )


def _refuse_mixtures(feeds: Sequence[Feed]) -> None:
    for one in feeds:
        for other in feeds:
            if one.listing.instrument.symbol != other.listing.instrument.symbol:
                continue
            if one.venue.contract_sized and not other.venue.contract_sized:
                raise ConfigError(
                    f"{one.venue.name} counts contracts and {other.venue.name} the base asset; "
                    "they are different instruments, give them different symbols"
                )
            if one.listing.price_max_1e9 != other.listing.price_max_1e9:
                raise ConfigError(
                    f"{one.venue.name} and {other.venue.name} trade different kinds of instrument; "
                    "give them different symbols"
                )
