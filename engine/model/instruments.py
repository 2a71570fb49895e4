"""Instruments and their listings: what is traded, and by which rules on which venue."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from engine.errors import Reason
from engine.model.fees import FeeSchedule
from engine.model.units import ceil_to, divide_up, floor_to, notional_1e9

__all__ = ["Environment", "Instrument", "InstrumentType", "Listing", "ListingFault", "check_order"]

SYMBOL_LENGTH_MAX = 128


class Environment(StrEnum):
    """Sandbox and live are kept apart by type, from key to journal."""

    SANDBOX = "sandbox"
    LIVE = "live"


class InstrumentType(StrEnum):
    """The wire's instrument types."""

    SPOT = "spot"
    PERP = "perp"
    PREDICTION = "prediction"


class Instrument(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What is traded, the same thing on every venue that lists it.

    `multiplier_1e8` is the base quantity of one contract (1e8 where quantity is the base asset
    itself). Contract-sized instruments never merge with base-sized ones.
    """

    symbol: str
    type: InstrumentType
    base: str
    quote: str
    multiplier_1e8: int = 100_000_000


class Listing(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One instrument on one venue: its symbol there, grid, minimums, fees and latency.

    `venue_index` is its row in the instrument's market block and the order of configuration.
    `fees` None means unknown, which is not routable. `price_max_1e9` bounds event contracts.
    """

    venue: str
    venue_symbol: str
    instrument: Instrument
    venue_index: int
    tick_1e9: int = 1
    lot_1e8: int = 1
    qty_min_1e8: int = 1
    notional_min_1e9: int = 0
    price_max_1e9: int | None = None
    fees: FeeSchedule | None = None
    latency_prior_ns: int = 0

    def __post_init__(self) -> None:
        if self.tick_1e9 < 1 or self.lot_1e8 < 1 or self.qty_min_1e8 < 1:
            raise ValueError("tick, lot and minimum quantity of a listing must be positive")
        if self.notional_min_1e9 < 0 or self.latency_prior_ns < 0:
            raise ValueError("minimum notional and latency of a listing must not be negative")


class ListingFault(msgspec.Struct, frozen=True, gc=False):
    """Why an order does not fit a listing, with the nearest values that would."""

    reason: Reason
    message: str
    lower: int | None = None
    upper: int | None = None


def check_order(listing: Listing, qty_1e8: int, price_1e9: int | None) -> ListingFault | None:
    """The first rule of the listing that the order breaks, or None.

    A market order passes `price_1e9` None; its notional is then checked by whoever knows a price.
    """
    if qty_1e8 <= 0:
        return ListingFault(Reason.BAD_QUANTITY, "quantity must be positive")
    lot = listing.lot_1e8
    if qty_1e8 % lot:
        lower, upper = floor_to(qty_1e8, lot), ceil_to(qty_1e8, lot)
        text = f"quantity is off the lot of {listing.venue}"
        return ListingFault(Reason.OFF_LOT, text, lower, upper)
    if qty_1e8 < listing.qty_min_1e8:
        text = f"quantity is below the minimum of {listing.venue}"
        return ListingFault(Reason.BELOW_MINIMUM, text, None, ceil_to(listing.qty_min_1e8, lot))
    if price_1e9 is None:
        return None
    tick = listing.tick_1e9
    if price_1e9 <= 0 or (listing.price_max_1e9 and price_1e9 >= listing.price_max_1e9):
        return ListingFault(Reason.BAD_PRICE, "price is out of range")
    if price_1e9 % tick:
        text = f"price is off the tick of {listing.venue}"
        lower, upper = floor_to(price_1e9, tick), ceil_to(price_1e9, tick)
        return ListingFault(Reason.OFF_TICK, text, lower, upper)
    if notional_1e9(price_1e9, qty_1e8) < listing.notional_min_1e9:
        needed = ceil_to(divide_up(listing.notional_min_1e9 * 10**8, price_1e9), lot)
        text = f"notional is below the minimum of {listing.venue}"
        return ListingFault(Reason.BELOW_MINIMUM, text, None, needed)
    return None
