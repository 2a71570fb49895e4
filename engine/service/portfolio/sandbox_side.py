"""The simulated exchanges' side of the portfolio: adjustments move what the venues hold too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from engine.model.instruments import Listing
from engine.service.portfolio.accounting import Book, Key, key_of
from engine.service.portfolio.views import Difference
from venues.simulated.catalogue import SandboxVenue

__all__ = ["SandboxSide"]


class SandboxSide:
    """The accounts of the embedded exchanges, one a venue, shared by all clients.

    Without embedded exchanges (they stand in another process) nothing is moved.
    """

    def __init__(self, venues: Sequence[SandboxVenue]) -> None:
        self._venues = {venue.profile.name: venue for venue in venues}
        self._listings: dict[Key, Listing] = {}
        for venue in venues:
            for listing in venue.listings:
                self._listings.setdefault(key_of(listing), listing)

    @property
    def venues(self) -> tuple[str, ...]:
        """Names of the exchanges that are here."""
        return tuple(self._venues)

    def shift(self, key: Key, signed_1e8: int, entry_1e9: int) -> None:
        """Move a position; one of a market that is listed no more has no account to move."""
        listing = self._listings.get(key)
        if listing is not None:
            account = self._venues[key[0]].exchange.account
            account.shift(listing, signed_1e8, entry_1e9)

    def pay(self, venue: str, asset: str, amount_1e9: int) -> None:
        """Move money."""
        found = self._venues.get(venue)
        if found is not None:
            found.exchange.account.add(asset, amount_1e9)

    def differences(
        self, books: Iterable[Book], working: Iterable[tuple[str, str]]
    ) -> tuple[Difference, ...]:
        """Where an exchange's position is not the sum of all clients' books.

        `working` are (venue, symbol) of the asking client's open orders.
        """
        recorded: Counter[Key] = Counter()
        for book in books:
            for key, holding in book.holdings.items():
                recorded[key] += holding.qty_1e8
        busy = frozenset(working)
        found = []
        for name, venue in self._venues.items():
            theirs: Counter[Key] = Counter()
            for listing in venue.listings:
                held = venue.exchange.account.positions.get(listing.venue_symbol)
                theirs[key_of(listing)] += held.qty_1e8 if held is not None else 0
            for listing in venue.listings:
                key = key_of(listing)
                difference = theirs[key] - recorded[key]
                symbol = listing.instrument.symbol
                if difference and self._listings[key] is listing:
                    is_open = (name, symbol) in busy
                    found.append(
                        Difference(
                            venue=name,
                            symbol=symbol,
                            difference_1e8=difference,
                            open_orders=is_open,
                        )
                    )
        return tuple(found)
