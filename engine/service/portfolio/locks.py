"""What a client's open orders hold back, by the rules of the sandbox's own accounts."""

from __future__ import annotations

from collections.abc import Iterable

from engine.model.fees import fee_1e9
from engine.model.instruments import InstrumentType, Listing
from engine.model.orders import ChildState
from engine.model.units import PPM, divide_half_even, notional_1e9
from engine.service.portfolio.accounting import Book, Key, key_of
from engine.service.portfolio.fill_source import OpenChild
from venues.simulated.account import PERP_MARGIN_PPM

__all__ = ["Locks", "locks_of", "over_exposure_1e9"]


class Locks:
    """Money by venue and asset (1e-9), and quantities by holding (1e-8), that orders hold."""

    __slots__ = ("cash", "held")

    def __init__(self) -> None:
        self.cash: dict[tuple[str, str], int] = {}
        self.held: dict[Key, int] = {}


def locks_of(children: Iterable[OpenChild], book: Book) -> Locks:
    """Holds of these orders at their limits, taker fees included.

    A sale holds what it sells; one of more than there is, which goes short, holds money, as a
    buy does. A perp holds its margin.
    """
    locks = Locks()
    for child in children:
        listing = book.listings.get((child.venue, child.symbol))
        if listing is None or not child.left_1e8:
            continue
        key = key_of(listing)
        if child.side and listing.instrument.type is not InstrumentType.PERP:
            holding = book.holdings.get(key)
            taken = locks.held.get(key, 0)
            if holding is not None and holding.qty_1e8 - taken >= child.left_1e8:
                locks.held[key] = taken + child.left_1e8
                continue
        asset = (child.venue, listing.instrument.quote)
        locks.cash[asset] = locks.cash.get(asset, 0) + money_1e9(listing, child)
    return locks


def money_1e9(listing: Listing, child: OpenChild) -> int:
    """Money that an order holds: its margin, its price, or what a short may have to pay."""
    qty, price = child.left_1e8, child.limit_price_1e9
    fees = listing.fees
    fee = max(0, fee_1e9(fees, price, qty, maker=False)) if fees else 0
    notional = notional_1e9(price, qty)
    if listing.instrument.type is InstrumentType.PERP:
        return divide_half_even(notional * PERP_MARGIN_PPM, PPM) + fee
    if child.side and listing.price_max_1e9:
        notional = notional_1e9(listing.price_max_1e9 - price, qty)
    return notional + fee


def over_exposure_1e9(children: Iterable[OpenChild], book: Book) -> int:
    """The most that orders of unproven fate may have traded, at their limits.

    A sale of an event contract counts what it may have to pay, 1 - p.
    """
    total = 0
    for child in children:
        if child.state is ChildState.UNKNOWN:
            listing = book.listings.get((child.venue, child.symbol))
            price = child.limit_price_1e9
            if child.side and listing is not None and listing.price_max_1e9:
                price = listing.price_max_1e9 - price
            total += notional_1e9(price, child.left_1e8)
    return total
