"""The venue's side: what adjustments move there, and where it differs from the books."""

from __future__ import annotations

from engine.service.portfolio.accounting import Book, Kind, Seed
from engine.service.portfolio.sandbox_side import SandboxSide
from tests.support.portfolio import BALANCE, ONE, USD
from venues.simulated.account import SEED_BALANCE_1E9
from venues.simulated.catalogue import build_sandbox

PERP = ("hyperliquid", Kind.PERP, "ETH-USD-PERP")
COIN = ("kraken", Kind.CRYPTO, "ETH")


def test_moves_reach_the_account_of_their_venue() -> None:
    venues = build_sandbox(1)
    side = SandboxSide(venues)
    accounts = {venue.profile.name: venue.exchange.account for venue in venues}
    side.shift(COIN, 2 * ONE, 2_000 * USD)
    side.shift(PERP, -ONE, 2_100 * USD)
    side.pay("kraken", "USD", -5)
    side.shift(("kraken", Kind.CRYPTO, "DOGE"), ONE, USD)
    side.pay("nowhere", "USD", 5)
    assert accounts["kraken"].balance("ETH") == 2 * USD
    assert accounts["kraken"].balance("USD") == SEED_BALANCE_1E9 - 5
    assert accounts["hyperliquid"].position("ETH-USD-PERP").qty_1e8 == -ONE
    assert accounts["hyperliquid"].balance("USD") == SEED_BALANCE_1E9
    assert side.venues == tuple(accounts)


def test_differences_are_of_all_books_together() -> None:
    venues = build_sandbox(1)
    side = SandboxSide(venues)
    listings = [one for venue in venues for one in venue.listings]
    books = [Book(listings, BALANCE) for _ in range(2)]
    assert side.differences(books, []) == ()
    for book in books:
        book.apply(Seed(*COIN, 3 * ONE, USD))
        side.shift(COIN, 3 * ONE, USD)
    assert side.differences(books, []) == ()
    side.shift(PERP, ONE, USD)
    books[0].apply(Seed(*COIN, 5 * ONE, USD))
    found = {(one.venue, one.symbol): one for one in side.differences(books, [PERP[::2]])}
    assert {key: one.difference_1e8 for key, one in found.items()} == {
        ("kraken", "ETH-USD"): -2 * ONE,
        ("hyperliquid", "ETH-USD-PERP"): ONE,
    }
    assert found["hyperliquid", "ETH-USD-PERP"].open_orders
    assert not found["kraken", "ETH-USD"].open_orders


def test_no_exchange_here_moves_nothing() -> None:
    side = SandboxSide([])
    side.shift(COIN, ONE, USD)
    side.pay("kraken", "USD", 1)
    assert (side.venues, side.differences([], [])) == ((), ())
