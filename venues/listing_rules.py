"""The grid and minimums of a listing, as read from a venue's own metadata.

What every `catalogue.py` of a venue returns; wiring joins it with the configured instrument.
"""

from __future__ import annotations

import msgspec

from engine.errors import DecodeError
from engine.model.units import (
    PRICE_DECIMALS,
    QTY_DECIMALS,
    format_decimal,
    parse_decimal,
)

__all__ = ["ListingRules", "decimals_of_tick", "rules_of"]

FINEST_DECIMALS = 18


class ListingRules(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Rules of one symbol. `price_decimals` is the number of decimals of the tick."""

    tick_1e9: int
    lot_1e8: int
    qty_min_1e8: int
    notional_min_1e9: int
    base: str
    quote: str
    price_decimals: int


def rules_of(
    *, base: str, quote: str, tick: str, lot: str, qty_min: str = "0", notional_min: str = "0"
) -> ListingRules | None:
    """Rules from the venue's decimal texts; None where the engine's units cannot hold the grid.

    A step of zero means that the venue has switched the rule, and so the symbol, off: None too.
    A minimum of zero is the lot itself. DecodeError when a text is no number.
    """
    tick_1e9, notional_min_1e9 = grid(tick, PRICE_DECIMALS), grid(notional_min, PRICE_DECIMALS)
    lot_1e8, qty_min_1e8 = grid(lot, QTY_DECIMALS), grid(qty_min, QTY_DECIMALS)
    if not tick_1e9 or not lot_1e8 or notional_min_1e9 is None or qty_min_1e8 is None:
        return None
    return ListingRules(
        tick_1e9=tick_1e9,
        lot_1e8=lot_1e8,
        qty_min_1e8=max(lot_1e8, qty_min_1e8),
        notional_min_1e9=notional_min_1e9,
        base=base,
        quote=quote,
        price_decimals=decimals_of_tick(tick_1e9),
    )


def decimals_of_tick(tick_1e9: int) -> int:
    """Decimals needed to write multiples of the tick: 2 for 0.01, 0 for 5."""
    return len(format_decimal(tick_1e9, PRICE_DECIMALS).partition(".")[2])


def grid(text: str, decimals: int) -> int | None:
    """Exact integer at 10**-decimals, None when finer than that; DecodeError when no number."""
    for scale in (decimals, FINEST_DECIMALS):
        try:
            value = parse_decimal(text, scale)
        except ValueError:
            continue
        if value < 0:
            break
        return value if scale == decimals else None
    raise DecodeError(f"listing metadata holds {text!r} where a step or a minimum belongs")
