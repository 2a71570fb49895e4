"""The sandbox: listings in order, starting prices, splits over venues, books that stay sane."""

from __future__ import annotations

from engine.model.instruments import InstrumentType
from engine.model.units import Side, price_1e9, qty_1e8
from tests.support.simulated_venues import T0
from venues.simulated.account import SEED_BALANCE_1E9
from venues.simulated.catalogue import (
    STARTS_1E9,
    SYMBOL_ALIASES,
    VENUE_PROFILES,
    SandboxVenue,
    build_sandbox,
    sandbox_listings,
)
from venues.simulated.exchange import ExchangeConfig

TICK_NS = 50_000_000
PPM = 1_000_000


def started(seed: int, ticks: int, *, events: bool = False) -> list[SandboxVenue]:
    venues = build_sandbox(seed, events=events)
    for tick in range(ticks):
        for venue in venues:
            venue.flow.run(T0 + tick * TICK_NS)
            venue.exchange.publish(T0 + tick * TICK_NS)
    return venues


def sweep(venues: list[SandboxVenue], qty: int) -> tuple[dict[str, int], int]:
    """Greedy by landed price over the spot venues: (taken by venue, worst raw price)."""
    rows = []
    for venue in venues[:3]:
        rate = venue.profile.fees.taker_ppm
        for price, shown in venue.exchange.books["ETH-USD"].book.depth(Side.SELL, 1_000):
            rows.append((price * (PPM + rate), price, shown, venue.profile.name))
    taken: dict[str, int] = {}
    worst = 0
    for _, price, shown, name in sorted(rows):
        part = min(shown, qty)
        taken[name] = taken.get(name, 0) + part
        worst = max(worst, price)
        qty -= part
        if not qty:
            break
    assert not qty, "the books are deep enough"
    return taken, worst


def test_listings_are_grouped_and_indexed_by_instrument() -> None:
    listings = sandbox_listings()
    groups: dict[str, list[str]] = {}
    for listing in listings:
        group = groups.setdefault(listing.instrument.symbol, [])
        assert listing.venue_index == len(group)
        group.append(listing.venue)
    spot_venues = ["binance", "coinbase", "kraken"]
    assert groups["BTC-USD"] == groups["ETH-USD"] == groups["SOL-USD"] == spot_venues
    assert groups["ETH-USD-PERP"] == ["hyperliquid"]
    symbols = [listing.instrument.symbol for listing in listings]
    assert symbols == sorted(symbols, key=symbols.index), "an instrument's listings are together"
    assert all(listing.fees is not None for listing in listings)
    assert SYMBOL_ALIASES["ETH-PERP"] == "ETH-USD-PERP"
    assert len(sandbox_listings(events=False)) == 12


def test_every_venue_is_its_own() -> None:
    rules = {
        listing.venue: (listing.tick_1e9, listing.lot_1e8, listing.qty_min_1e8, listing.fees)
        for listing in sandbox_listings()
        if listing.instrument.base == "BTC"
    }
    assert len({*map(str, rules.values())}) == 4
    assert len({profile.latency_ns for profile in VENUE_PROFILES}) == len(VENUE_PROFILES)


def test_books_start_at_the_promised_mids() -> None:
    for venue in started(1, 1):
        for symbol, book in venue.exchange.books.items():
            mid = book.mid_1e9()
            assert mid is not None
            start = STARTS_1E9[symbol.split("-")[0]]
            assert abs(mid - start) * 10_000 < 2 * start, "within two basis points"


def test_fifty_eth_split_over_three_venues_and_two_hundred_fill() -> None:
    for seed in range(5):
        venues = started(seed, 40)
        taken, worst = sweep(venues, qty_1e8("50"))
        assert len(taken) == 3
        assert min(taken.values()) > qty_1e8("0.5")
        _, worst = sweep(venues, qty_1e8("200"))
        assert worst < price_1e9("2400")


def test_consolidated_books_do_not_stay_crossed() -> None:
    venues = build_sandbox(3, events=False)
    crossed_run = longest = 0
    for tick in range(600):
        for venue in venues:
            venue.flow.run(T0 + tick * TICK_NS)
        books = [venue.exchange.books["ETH-USD"].book for venue in venues[:3]]
        bids = [book.best(Side.BUY) or 0 for book in books]
        asks = [book.best(Side.SELL) or 10**18 for book in books]
        crossed_run = crossed_run + 1 if max(bids) >= min(asks) else 0
        longest = max(longest, crossed_run)
    assert longest <= 10, "never longer than half a second"


def test_event_books_trade_within_their_bounds() -> None:
    for venue in started(1, 30, events=True)[4:]:
        assert venue.listings[0].instrument.type is InstrumentType.PREDICTION
        for book in venue.exchange.books.values():
            bid, ask = book.book.best(Side.BUY), book.book.best(Side.SELL)
            assert bid is not None
            assert ask is not None
            assert 0 < bid < ask < price_1e9("1")


def test_balances_and_overrides() -> None:
    config = ExchangeConfig(busy_ppm=5)
    venues = build_sandbox(1, configs={"kraken": config})
    by_name = {venue.profile.name: venue.exchange for venue in venues}
    assert by_name["kraken"].config is config
    assert by_name["binance"].account.balances == {"USD": SEED_BALANCE_1E9}
    assert by_name["polymarket"].account.balances == {"USDC": SEED_BALANCE_1E9}


def test_it_repeats_by_seed() -> None:
    def books(seed: int) -> list[list[tuple[int, int]]]:
        return [
            book.book.depth(Side.BUY, 100)
            for venue in started(seed, 20)
            for book in venue.exchange.books.values()
        ]

    assert books(4) == books(4) != books(5)
