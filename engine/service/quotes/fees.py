"""What venues charge, as a table: bps of the notional, event contracts at a price of one half."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from engine.model.fees import fee_bps_at
from engine.model.instruments import Listing
from engine.model.units import PRICE_SCALE

__all__ = ["FeeRow", "FeeTable", "fee_table"]


class FeeRow(msgspec.Struct, frozen=True):
    """One venue's fees; null where they are not known, which means: do not route there."""

    venue: str
    maker_bps: float | None
    taker_bps: float | None


class FeeTable(msgspec.Struct, frozen=True):
    """Fees of one ticker."""

    ticker: str
    fees: list[FeeRow]


def fee_table(
    ticker: str, listings: Sequence[Listing], venues: Sequence[str] | None = None
) -> FeeTable:
    """One row a venue, in the order asked; a venue that does not list the ticker has no data."""
    by_venue = {listing.venue: listing for listing in listings}
    names = list(by_venue) if venues is None else list(dict.fromkeys(venues))
    return FeeTable(ticker, [_row(name, by_venue.get(name)) for name in names])


def _row(venue: str, listing: Listing | None) -> FeeRow:
    schedule = None if listing is None else listing.fees
    if schedule is None:
        return FeeRow(venue, None, None)
    half = PRICE_SCALE // 2
    return FeeRow(
        venue, fee_bps_at(schedule, half, maker=True), fee_bps_at(schedule, half, maker=False)
    )
