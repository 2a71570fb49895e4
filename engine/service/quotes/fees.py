"""What venues charge, as a table: bps of the notional, event contracts at a price of one half."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from engine.model.fees import fee_bps_at
from engine.model.instruments import Listing
from engine.model.units import PRICE_SCALE

__all__ = ["FeeRow", "FeeTable", "fee_table"]

NOTE: Final = (
    "event contracts: the fee is a rate x contracts x (p (1 - p))^exponent; these bps of the "
    "notional are at p = 0.50, and are more below it and less above it; for an order at its own "
    "price ask /v1/preview"
)


class FeeRow(msgspec.Struct, frozen=True):
    """One venue's fees; null where they are not known, which means: do not route there."""

    venue: str
    maker_bps: float | None
    taker_bps: float | None


class FeeTable(msgspec.Struct, frozen=True):
    """Fees of one ticker. `note` says at what price they hold, where that matters."""

    ticker: str
    fees: list[FeeRow]
    note: str | None = None


def fee_table(
    ticker: str, listings: Sequence[Listing], venues: Sequence[str] | None = None
) -> FeeTable:
    """One row a venue, in the order asked; a venue that does not list the ticker has no data."""
    by_venue = {listing.venue: listing for listing in listings}
    names = list(by_venue) if venues is None else list(dict.fromkeys(venues))
    rows = [_row(name, by_venue.get(name)) for name in names]
    quadratic = any(one.fees is not None and one.fees.quadratic for one in listings)
    return FeeTable(ticker, rows, NOTE if quadratic else None)


def _row(venue: str, listing: Listing | None) -> FeeRow:
    schedule = None if listing is None else listing.fees
    if schedule is None:
        return FeeRow(venue, None, None)
    half = PRICE_SCALE // 2
    return FeeRow(
        venue, fee_bps_at(schedule, half, maker=True), fee_bps_at(schedule, half, maker=False)
    )
