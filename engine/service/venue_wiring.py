"""The part of the assembly that is made once a market or once a venue: routers, books, sessions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from actors.book import BookActor, Levels
from actors.price_watch import PriceWatchActor
from actors.router import RouterActor
from actors.tape import TapeActor
from actors.venue_feed import FrameRecorder, VenueFeedActor
from actors.venue_trade import VenueTradeActor
from engine.decisions.cost_model import CostModel
from engine.decisions.market import BookSlot, MarketBlock
from engine.decisions.market_tape import MarketTape
from engine.decisions.risk import TradingSwitch
from engine.decisions.split import Splitter
from engine.decisions.venue_observations import VenueObservations
from engine.decisions.watches import Watches
from engine.kernels.delta_ring import DeltaRing
from engine.model.instruments import Listing
from engine.ports import FeedCodec
from engine.runtime.actor import ActorRef
from engine.runtime.supervision import HALT, RESTART
from engine.runtime.system import ActorSystem
from engine.service.settings import EngineSettings, VenuePorts

__all__ = ["spawn_feed", "spawn_price_watches", "spawn_routers", "spawn_trade"]


def spawn_routers(
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


def spawn_price_watches(
    system: ActorSystem,
    settings: EngineSettings,
    markets: Mapping[str, MarketBlock],
    tapes: Mapping[str, MarketTape],
) -> dict[str, ActorRef]:
    """One price watch an instrument. Nodes arm it, so it may not forget: it halts on a fault."""
    most = settings.limits.watches_per_instrument_max
    return {
        symbol: system.spawn(
            partial(PriceWatchActor, market, tapes[symbol], most),
            name=f"prices:{symbol}",
            supervision=HALT,
        )
        for symbol, market in markets.items()
    }


def spawn_trade(
    system: ActorSystem,
    settings: EngineSettings,
    ports: VenuePorts,
    switch: TradingSwitch,
    strays: ActorRef,
) -> ActorRef:
    # Halting keeps what the session knows of open orders: no new one leaves, cancels still do.
    return system.spawn(
        lambda: VenueTradeActor(
            ports.venue,
            ports.trade_codec,
            ports.trade_link,
            switch,
            strays,
            settings.limits.orders_in_flight_max,
        ),
        name=f"trade:{ports.venue}",
        supervision=HALT,
    )


def spawn_feed(
    system: ActorSystem,
    settings: EngineSettings,
    ports: VenuePorts,
    markets: Mapping[str, MarketBlock],
    routers: Mapping[str, ActorRef],
    books: dict[tuple[str, str], ActorRef],
    watches: Mapping[str, ActorRef],
    market_tapes: Mapping[str, MarketTape],
    recorder: FrameRecorder | None = None,
) -> ActorRef:
    rings = [DeltaRing(settings.limits.delta_rows_max) for _ in ports.listings]
    codecs: list[FeedCodec] = []
    own_books: list[ActorRef] = []
    tapes: list[ActorRef] = []

    def make_feed() -> VenueFeedActor:
        restarted = bool(codecs)
        codecs[:] = [ports.make_feed_codec(ports.listings, rings)]
        return VenueFeedActor(
            ports.venue,
            codecs[0],
            rings,
            ports.feed_link,
            own_books,
            tapes,
            settings.feed_silence_ns,
            restarted,
            recorder,
        )

    feed = system.spawn(make_feed, name=f"feed:{ports.venue}", supervision=RESTART)
    depth = codecs[0].checksum_depth

    def checksum(listing_id: int, bids: Levels, asks: Levels) -> int:
        # The feed's own codec, also after a restart, knows how the venue writes its numbers.
        return codecs[0].checksum(listing_id, bids, asks)

    for listing_id, listing in enumerate(ports.listings):
        symbol = listing.instrument.symbol
        market = markets[symbol]
        slot = market.slot(listing.venue_index)

        def make_book(
            slot: BookSlot = slot, listing_id: int = listing_id, symbol: str = symbol
        ) -> BookActor:
            return BookActor(
                slot,
                rings[listing_id],
                feed,
                listing_id,
                routers[symbol],
                checksum,
                depth,
                watches[symbol],
                market_tapes[symbol],
            )

        book = system.spawn(make_book, name=f"book:{ports.venue}:{symbol}", supervision=RESTART)
        own_books.append(book)
        books[ports.venue, symbol] = book
        tapes.append(_tape_of(system, settings, slot, routers[symbol], market_tapes[symbol]))
    return feed


def _tape_of(
    system: ActorSystem,
    settings: EngineSettings,
    slot: BookSlot,
    router: ActorRef,
    tape: MarketTape,
) -> ActorRef:
    """One a listing, all writing the instrument's tape; the first of them also samples mids."""
    market, index = slot.market, slot.venue_index
    symbol = market.instrument.symbol
    first = not tape.rings
    name = f"tape:{symbol}" if first else f"prints:{market.listings[index].venue}:{symbol}"
    actor = system.actor_of(router)
    assert isinstance(actor, RouterActor)
    seen = actor.costs.observations
    prints_max = settings.limits.tape_prints_max
    return system.spawn(
        lambda: TapeActor(market, seen, prints_max, tape, index, sampling=first),
        name=name,
        supervision=RESTART,
    )
