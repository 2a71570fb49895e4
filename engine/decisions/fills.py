"""A venue's fill as the record that users, accounting and analysis read."""

from __future__ import annotations

from engine.model.fees import fee_1e9
from engine.model.instruments import Listing
from engine.model.orders import ChildOrder, OrderReport, VenueFill
from engine.model.records import FillRecord
from engine.model.units import divide_half_even

__all__ = ["fee_usd_1e9", "fill_record"]


def fill_record(
    node_order_id: str,
    child: ChildOrder,
    fill: VenueFill,
    report: OrderReport,
    mid_1e9: int,
    touch_1e9: int,
) -> FillRecord:
    """The record of one fill. The fee is USD; the native commission stands beside it."""
    listing = child.listing
    commission = fill.fee_1e9
    if commission is None and listing.fees is not None:
        maker = bool(fill.is_maker)
        commission = fee_1e9(listing.fees, fill.price_1e9, fill.qty_1e8, maker=maker)
    return FillRecord(
        f"{listing.venue}:{listing.venue_symbol}:{fill.trade_id}",
        node_order_id,
        child.client_order_id,
        listing.venue,
        listing.instrument.symbol,
        child.side,
        fill.qty_1e8,
        fill.price_1e9,
        report.exchange_ns or report.recv_ns,
        fee_usd_1e9(listing, commission, fill),
        fill.is_maker,
        commission,
        fill.fee_asset,
        fill.taker_fee_bps_applied,
        fill.maker_fee_bps_applied,
        fill.venue_reported_cum_fee_1e9,
        mid_1e9,
        touch_1e9,
    )


def fee_usd_1e9(listing: Listing, commission_1e9: int | None, fill: VenueFill) -> int:
    """The commission in USD at the fill's own price; a fee in the base asset is worth that much.

    A quote that is not a dollar is taken one to one, as the instrument's prices are.
    """
    if commission_1e9 is None:
        return 0
    if fill.fee_asset == listing.instrument.base:
        return divide_half_even(commission_1e9 * fill.price_1e9, 10**9)
    return commission_1e9
