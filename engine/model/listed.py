"""An order as a venue lists it: enough to adopt one that the engine has forgotten."""

from __future__ import annotations

import msgspec

from engine.model.orders import OrderReport, TimeInForce
from engine.model.units import Side

__all__ = ["ListedOrder"]


class ListedOrder(msgspec.Struct, frozen=True, gc=False):
    """One order of the account, open or recently closed.

    `reports` are what a query of the order would have given: each fill with the cumulative
    quantity including it, then one report of how the order stands or ended.
    """

    client_order_id: str
    venue_order_id: str
    venue_symbol: str
    side: Side
    qty_1e8: int
    limit_price_1e9: int
    tif: TimeInForce
    reports: tuple[OrderReport, ...]
