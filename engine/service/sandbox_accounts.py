"""Brings the simulated exchanges' accounts back after a restart, from the recorded fills.

The exchanges live in the engine's process and are gone with it; the journal is not. Every fill of
every client is booked again through the same `Account.fill` that booked it first, in the same
order, so balances, positions and entries are the same to the last unit. Holds of open orders are
not restored: those orders are gone with the exchange, and recovery finds them so.
"""

from __future__ import annotations

from collections.abc import Sequence

from engine.model.instruments import Environment
from engine.service.portfolio.fill_source import FillSource, StoredFill
from engine.store.queries import Queries
from venues.simulated.catalogue import SandboxVenue

__all__ = ["number_trades", "restore_sandbox_accounts"]

TRADES_A_RUN = 2**32


def restore_sandbox_accounts(
    queries: Queries,
    sandbox_venues: Sequence[SandboxVenue],
    environment: Environment = Environment.SANDBOX,
) -> int:
    """Book every recorded fill on freshly built exchanges; how many there were.

    To be called once, after the exchanges were built and before anything trades on them. Fills of
    venues or symbols that are listed no more are left out, as those have no account.
    """
    accounts = {
        (venue.profile.name, listing.instrument.symbol): (venue.exchange.account, listing)
        for venue in sandbox_venues
        for listing in venue.listings
    }
    if not accounts:
        return 0
    booked = 0
    for fill in FillSource(queries, environment).all():
        found = accounts.get((fill.venue, fill.symbol))
        if found is not None:
            account, listing = found
            fee, asset = charged(fill, listing.instrument.quote)
            account.fill(listing, fill.side, fill.qty_1e8, fill.price_1e9, fee, asset)
            booked += 1
    return booked


def number_trades(sandbox_venues: Sequence[SandboxVenue], run: int) -> None:
    """Let the exchanges of a data folder's `run` (1 for the first) number their trades where no
    earlier run did: a trade's number is part of its fill's id, which is used once."""
    for venue in sandbox_venues:
        for published in venue.exchange.books.values():
            published.book.trade_id = (run - 1) * TRADES_A_RUN


def charged(fill: StoredFill, quote: str) -> tuple[int, str]:
    """Fee of a fill and its asset as the venue charged it; its dollars where it did not say."""
    if fill.commission_1e9 is None or fill.commission_asset is None:
        return fill.fee_1e9, quote
    return fill.commission_1e9, fill.commission_asset
