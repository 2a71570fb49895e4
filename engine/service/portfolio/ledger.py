"""Folds the durable fills of all clients, and what was done from outside, into their books.

Everything is read once; after that each call reads the rows that came since, so it costs as much
as there is new. A restart folds the same rows in the same order and comes to the same books.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Protocol

from engine.model.instruments import Listing
from engine.service.portfolio.accounting import Adjustment, Book, Key, Trade
from engine.service.portfolio.fill_source import FillSource, StoredFill
from engine.service.portfolio.store_positions import PositionStore

__all__ = ["Ledger", "Outside"]


class Outside(Protocol):
    """The venue's side of an adjustment; `entry_1e9` is the price of what is held after it."""

    def shift(self, key: Key, signed_1e8: int, entry_1e9: int) -> None: ...

    def pay(self, venue: str, asset: str, amount_1e9: int) -> None: ...


class Ledger:
    """Books by client. Bounded by the clients of the store, each by the listings."""

    def __init__(
        self,
        source: FillSource,
        store: PositionStore,
        listings: Iterable[Listing],
        balance_1e9: int,
        outside: Outside,
    ) -> None:
        self._source = source
        self._store = store
        self._listings = tuple(listings)
        self._balance_1e9 = balance_1e9
        self._outside = outside
        self._pending = deque(store.adjustments())
        self.books: dict[str, Book] = {}
        self.seq = 0

    def read_page(self) -> bool:
        """Fold the next page of fills; False once there is none."""
        page = self._source.after(self.seq)
        for fill in page:
            self._apply_until(fill.seq)
            self._book_of(fill.client_id).book(self._trade(fill))
            self.seq = fill.seq
        if not page:
            # After the last fill; or of a journal that has lost its end, which is as far.
            self._apply_until(None)
        return bool(page)

    def book(self, client_id: str) -> Book:
        """The client's book as far as read; a fresh one, which is not kept, before its first."""
        return self.books.get(client_id) or Book(self._listings, self._balance_1e9)

    def adjust(self, client_id: str, ts_ns: int, adjustments: Sequence[Adjustment]) -> None:
        """Record these after the last fill read, then book them; ApiError when refused."""
        self._store.add(client_id, self.seq, ts_ns, adjustments)
        for one in adjustments:
            self._apply(client_id, one)

    def _apply_until(self, seq: int | None) -> None:
        pending = self._pending
        while pending and (seq is None or pending[0].after_seq < seq):
            stored = pending.popleft()
            self._apply(stored.client_id, stored.adjustment)

    def _apply(self, client_id: str, adjustment: Adjustment) -> None:
        book = self._book_of(client_id)
        cash = book.venue_cash()
        held = {key: holding.qty_1e8 for key, holding in book.holdings.items()}
        book.apply(adjustment)
        for key in {**held, **book.holdings}:
            after = book.holdings.get(key)
            moved = (after.qty_1e8 if after else 0) - held.get(key, 0)
            if moved:
                self._outside.shift(key, moved, after.entry_1e9 if after else 0)
        now = book.venue_cash()
        for venue, asset in {**cash, **now}:
            amount = now.get((venue, asset), 0) - cash.get((venue, asset), 0)
            if amount:
                self._outside.pay(venue, asset, amount)

    def _book_of(self, client_id: str) -> Book:
        book = self.books.get(client_id)
        if book is None:
            book = self.books[client_id] = Book(self._listings, self._balance_1e9)
        return book

    def _trade(self, fill: StoredFill) -> Trade:
        base_fee = 0
        if fill.commission_asset is not None and fill.commission_1e9:
            listing = self.books[fill.client_id].listings.get((fill.venue, fill.symbol))
            if listing is not None and listing.instrument.base == fill.commission_asset:
                base_fee = fill.commission_1e9
        return Trade(
            fill.venue,
            fill.symbol,
            fill.signed_1e8,
            fill.price_1e9,
            fill.fee_1e9,
            fill.commission_asset,
            base_fee,
        )
