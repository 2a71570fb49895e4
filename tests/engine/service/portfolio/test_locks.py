"""Holds of open orders: the same as the simulated exchange's own account would hold."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.model.instruments import Listing
from engine.model.orders import ChildState
from engine.model.units import Side
from engine.service.portfolio.accounting import Kind, Seed, key_of
from engine.service.portfolio.fill_source import OpenChild
from engine.service.portfolio.locks import locks_of, over_exposure_1e9
from tests.support.portfolio import ONE, SLUG, USD, book_of, event
from tests.support.simulated_venues import perp, spot
from venues.simulated.account import Account

LISTINGS = (spot(), perp(), event())
ORDERS = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.sampled_from(Side),
        st.integers(1, 5 * ONE),
        st.integers(1, 99 * USD // 100),
    ),
    max_size=8,
)


def child(
    listing: Listing, side: Side, qty: int, price: int, *, state: ChildState = ChildState.WORKING
) -> OpenChild:
    return OpenChild(listing.venue, listing.instrument.symbol, side, qty, 0, price, state)


@given(ORDERS, st.integers(0, 8 * ONE))
def test_holds_are_those_of_the_exchange(
    orders: list[tuple[int, Side, int, int]], held: int
) -> None:
    book = book_of()
    account = Account({"USD": 10**18})
    for listing in (spot(), event()):
        _, kind, symbol = key_of(listing)
        book.apply(Seed(listing.venue, kind, symbol, held, USD // 2))
        account.shift(listing, held, USD // 2)
    children = []
    for index, side, qty, price in orders:
        listing = LISTINGS[index]
        children.append(child(listing, side, qty, price))
        assert account.hold(account.required(listing, side, qty, price))
    locks = locks_of(children, book)
    # The exchange has one account a venue; here both venues' money is in one.
    assert sum(locks.cash.values()) == account.held.get("USD", 0)
    assert locks.held.get(("test", Kind.CRYPTO, "ETH"), 0) * 10 == account.held.get("ETH", 0)
    assert locks.held.get(("kalshi", Kind.EVENT_CONTRACT, SLUG), 0) * 10 == account.held.get(
        SLUG, 0
    )


def test_what_is_not_listed_or_all_filled_holds_nothing() -> None:
    book = book_of(spot())
    done = OpenChild("test", "ETH-USD", Side.BUY, ONE, ONE, USD, ChildState.WORKING)
    gone = OpenChild("test", "GONE", Side.BUY, ONE, 0, USD, ChildState.WORKING)
    assert locks_of([done, gone], book).cash == {}


def test_only_orders_of_unproven_fate_are_over_exposure() -> None:
    book = book_of()
    unknown = ChildState.UNKNOWN
    children = [
        child(spot(), Side.BUY, 2 * ONE, 3 * USD, state=unknown),
        child(spot(), Side.SELL, ONE, 5 * USD, state=unknown),
        child(event(), Side.SELL, 10 * ONE, USD // 4, state=unknown),
        child(event(), Side.BUY, 10 * ONE, USD // 4, state=unknown),
        child(spot(), Side.BUY, ONE, 100 * USD),
    ]
    assert over_exposure_1e9(children, book) == (6 + 5) * USD + 10 * USD
