"""The sandbox's venues as data, and the one function that builds them from a seed."""

from __future__ import annotations

import random
from collections.abc import Sequence

import msgspec

from engine.model.fees import FeeSchedule
from engine.model.instruments import Instrument, InstrumentType, Listing
from engine.model.native import NO_NATIVE_VERBS, NativeVerbs
from engine.model.units import PPM, price_1e9, qty_1e8
from venues.simulated.event_markets import EVENT_DEPTH, EVENT_MARKETS, EventMarket, event_listing
from venues.simulated.exchange import ExchangeConfig, SimulatedExchange
from venues.simulated.order_flow import DepthProfile, FairValue, OrderFlow

__all__ = [
    "SYMBOL_ALIASES",
    "VENUE_PROFILES",
    "SandboxVenue",
    "VenueProfile",
    "build_sandbox",
    "depth_of",
    "native_of",
    "sandbox_listings",
    "unlimited",
]

MS = 1_000_000
STARTS_1E9 = {"BTC": price_1e9("64000"), "ETH": price_1e9("2325"), "SOL": price_1e9("150")}
SYMBOL_ALIASES = {f"{base}-PERP": f"{base}-USD-PERP" for base in STARTS_1E9}
EVENT_SIGMA_PPM = 2_000
PLACES_UNLIMITED = 2**31


class Market(msgspec.Struct, frozen=True, gc=False):
    """Grid, minimums and touch size of one crypto market, as decimal text."""

    base: str
    tick: str
    lot: str
    qty_min: str
    notional_min: str
    touch_qty: str


class VenueProfile(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One venue: latency one way, fees, habits, markets and the shape of their books in ppm."""

    name: str
    latency_ns: int
    fees: FeeSchedule
    config: ExchangeConfig
    markets: tuple[Market, ...] = ()
    perp: bool = False
    half_spread_ppm: int = 0
    step_ppm: int = 0
    funding_ppm_per_hour: int = 0


KEEPS_PLACE = NativeVerbs(decrease=True)
EDITS = NativeVerbs(decrease=True, amend=True)
KALSHI = NativeVerbs(decrease=True, amend=True, batch_max=20)
POLYMARKET = NativeVerbs(batch_max=15)

VENUE_PROFILES: tuple[VenueProfile, ...] = (
    VenueProfile(
        name="binance",
        latency_ns=20 * MS,
        fees=FeeSchedule(taker_ppm=1_000, maker_ppm=900),
        config=ExchangeConfig(places_max=300, native=KEEPS_PLACE),
        half_spread_ppm=30,
        step_ppm=50,
        markets=(
            Market("BTC", "0.01", "0.00001", "0.00001", "5", "0.33"),
            Market("ETH", "0.01", "0.0001", "0.0001", "5", "3"),
            Market("SOL", "0.01", "0.001", "0.001", "5", "28"),
        ),
    ),
    VenueProfile(
        name="coinbase",
        latency_ns=30 * MS,
        fees=FeeSchedule(taker_ppm=1_100, maker_ppm=600),
        config=ExchangeConfig(places_max=200, native=EDITS),
        half_spread_ppm=50,
        step_ppm=50,
        markets=(
            Market("BTC", "0.01", "0.00000001", "0.00001", "1", "0.22"),
            Market("ETH", "0.01", "0.00000001", "0.0001", "1", "2"),
            Market("SOL", "0.01", "0.00000001", "0.001", "1", "18"),
        ),
    ),
    VenueProfile(
        name="kraken",
        latency_ns=40 * MS,
        fees=FeeSchedule(taker_ppm=1_200, maker_ppm=500),
        # This venue leaves a tenth of its fills unclassified, so that nobody relies on the flag.
        config=ExchangeConfig(places_max=100, unclassified_ppm=100_000, native=EDITS),
        half_spread_ppm=80,
        step_ppm=60,
        markets=(
            Market("BTC", "0.1", "0.00000001", "0.00005", "0.5", "0.16"),
            Market("ETH", "0.01", "0.00000001", "0.001", "0.5", "1.5"),
            Market("SOL", "0.01", "0.00000001", "0.02", "0.5", "14"),
        ),
    ),
    VenueProfile(
        name="hyperliquid",
        latency_ns=300 * MS,
        fees=FeeSchedule(taker_ppm=450, maker_ppm=150),
        config=ExchangeConfig(places_max=100, native=EDITS),
        perp=True,
        half_spread_ppm=30,
        step_ppm=40,
        funding_ppm_per_hour=12,
        markets=(
            Market("BTC", "1", "0.00001", "0.00001", "10", "0.8"),
            Market("ETH", "0.1", "0.0001", "0.0001", "10", "8"),
            Market("SOL", "0.01", "0.01", "0.01", "10", "60"),
        ),
    ),
    VenueProfile(
        name="polymarket",
        latency_ns=130 * MS,
        fees=FeeSchedule(taker_ppm=0, asset="USDC"),
        config=ExchangeConfig(places_max=60, unclassified_ppm=50_000, native=POLYMARKET),
    ),
    VenueProfile(
        name="kalshi",
        latency_ns=75 * MS,
        fees=FeeSchedule(taker_ppm=0),
        config=ExchangeConfig(places_max=30, native=KALSHI),
    ),
)


class SandboxVenue(msgspec.Struct, frozen=True):
    """A built venue: its data, its exchange and its order flow. All three outlive the engine."""

    profile: VenueProfile
    listings: tuple[Listing, ...]
    exchange: SimulatedExchange
    flow: OrderFlow


def sandbox_listings(*, events: bool = True) -> list[Listing]:
    """Every open listing, grouped by instrument; `venue_index` counts within each, in the order
    binance, coinbase, kraken, hyperliquid, polymarket, kalshi."""
    groups: dict[str, list[Listing]] = {}
    for profile in VENUE_PROFILES:
        for market in profile.markets:
            symbol = symbol_of(profile, market)
            group = groups.setdefault(symbol, [])
            group.append(crypto_listing(profile, market, symbol, len(group)))
    listings = [listing for group in groups.values() for listing in group]
    if events:
        latency = {profile.name: profile.latency_ns for profile in VENUE_PROFILES}
        listings += [event_listing(market, latency[market.venue]) for market in open_events()]
    return listings


def unlimited() -> dict[str, ExchangeConfig]:
    """The habits of every venue, but for how much may be sent in a time."""
    return {
        profile.name: msgspec.structs.replace(profile.config, places_max=PLACES_UNLIMITED)
        for profile in VENUE_PROFILES
    }


def build_sandbox(
    seed: int, *, events: bool = True, configs: dict[str, ExchangeConfig] | None = None
) -> list[SandboxVenue]:
    """Every venue of the sandbox from one seed; `configs` replaces habits by venue name.

    Each fair value, exchange and flow has its own generator, so that none disturbs another.
    """
    listings = sandbox_listings(events=events)
    fairs = fair_values(seed, listings)
    venues = []
    for profile in VENUE_PROFILES:
        mine = tuple(listing for listing in listings if listing.venue == profile.name)
        if not mine:
            continue
        config = (configs or {}).get(profile.name, profile.config)
        rng = generator(seed, f"exchange {profile.name}")
        exchange = SimulatedExchange(profile.name, mine, rng, config)
        flow = OrderFlow(
            exchange,
            {one.venue_symbol: fairs[fair_name(one)] for one in mine},
            {one.venue_symbol: depth_of(profile, one) for one in mine},
            generator(seed, f"flow {profile.name}"),
        )
        venues.append(SandboxVenue(profile, mine, exchange, flow))
    return venues


def native_of(venue: str) -> NativeVerbs:
    """What one of these venues does natively."""
    found = [one.config.native for one in VENUE_PROFILES if one.name == venue]
    return found[0] if found else NO_NATIVE_VERBS


def depth_of(profile: VenueProfile, listing: Listing) -> DepthProfile:
    """The shape of a listing's book."""
    if listing.instrument.type is InstrumentType.PREDICTION:
        return EVENT_DEPTH
    base = listing.instrument.base
    (touch,) = (market.touch_qty for market in profile.markets if market.base == base)
    start = STARTS_1E9[base]
    return DepthProfile(
        levels=40,
        half_spread_1e9=start * profile.half_spread_ppm // PPM,
        step_1e9=start * profile.step_ppm // PPM,
        qty_1e8=qty_1e8(touch),
    )


def fair_values(seed: int, listings: Sequence[Listing]) -> dict[str, FairValue]:
    """One fair value a coin (spot and perp share it) and one an event market."""
    starts = {market.slug: market.yes_percent for market in open_events()}
    fairs: dict[str, FairValue] = {}
    for listing in listings:
        name = fair_name(listing)
        if name in fairs:
            continue
        rng = generator(seed, f"fair {name}")
        if listing.instrument.type is InstrumentType.PREDICTION:
            start = starts[listing.instrument.symbol] * 10_000_000
            bounds = (20_000_000, 980_000_000)
            fairs[name] = FairValue(start, rng, EVENT_SIGMA_PPM, bounds_1e9=bounds)
        else:
            fairs[name] = FairValue(STARTS_1E9[name], rng)
    return fairs


def crypto_listing(profile: VenueProfile, market: Market, symbol: str, venue_index: int) -> Listing:
    """A spot or perp listing."""
    return Listing(
        venue=profile.name,
        venue_symbol=symbol,
        instrument=Instrument(
            symbol=symbol,
            type=InstrumentType.PERP if profile.perp else InstrumentType.SPOT,
            base=market.base,
            quote="USD",
        ),
        venue_index=venue_index,
        tick_1e9=price_1e9(market.tick),
        lot_1e8=qty_1e8(market.lot),
        qty_min_1e8=qty_1e8(market.qty_min),
        notional_min_1e9=price_1e9(market.notional_min),
        fees=profile.fees,
        latency_prior_ns=profile.latency_ns,
    )


def symbol_of(profile: VenueProfile, market: Market) -> str:
    """`ETH-USD` or `ETH-USD-PERP`."""
    return f"{market.base}-USD-PERP" if profile.perp else f"{market.base}-USD"


def fair_name(listing: Listing) -> str:
    """Which fair value a listing follows."""
    instrument = listing.instrument
    if instrument.type is InstrumentType.PREDICTION:
        return instrument.symbol
    return instrument.base


def open_events() -> tuple[EventMarket, ...]:
    """Event markets that still trade."""
    return tuple(market for market in EVENT_MARKETS if market.resolved is None)


def generator(seed: int, name: str) -> random.Random:
    """A generator of its own for each part, the same on every platform and hash seed."""
    return random.Random(f"{seed} {name}")  # sim-ok: seeded by an argument
