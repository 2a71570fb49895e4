"""A venue's fill as the record that users, accounting and analysis read.

Its price is measured against two marks, `mid_1e9` and `touch_1e9`. A taker's are those of its
decision: mid and far touch at its child's plan, or as it was amended last, however late the fill
comes. A maker's are those of the moment just before the fill. The market is read when the report is
booked, and its feed may by then have shown what the fill did to it. Our order rested there up to
the fill, which tells:

- the venue's book does not reach our price any more, but did before its best prices moved last:
  it is taken as it was before that move;
- the own touch was no worse than our price;
- the far touch was beyond our price, by a tick at least: what lies nearer came after the fill;
- the mid is the middle of these two.

So a fill that is told before its book is measured exactly, and so is one told next after the book
that shows it; what moved besides in the time that the report took counts as if it had before.

Whether it took or rested is the venue's word; where that is missing, what the order itself proves:
an immediate one took, a post-only one rested, and one that filled at a better price than its limit
took on arrival. Of any other it stays unknown.
"""

from __future__ import annotations

from typing import Final

from engine.decisions.market import NO_ASK, NO_BID, MarketBlock
from engine.decisions.node_ledger import Child
from engine.model.fees import fee_1e9
from engine.model.instruments import Listing
from engine.model.orders import ChildOrder, OrderReport, TimeInForce, VenueFill
from engine.model.records import FillRecord
from engine.model.units import Side, divide_half_even

__all__ = [
    "MARKS_AGE_MAX_NS",
    "decision_marks",
    "fee_usd_1e9",
    "fill_marks",
    "fill_record",
    "rested",
]

# As long as a silent book is trusted: a fill told later than this met another market.
MARKS_AGE_MAX_NS: Final = 3_000_000_000
UNKNOWN: Final = (0, 0)
GTC: Final = TimeInForce.GTC


def fill_record(
    node_order_id: str,
    child: ChildOrder,
    fill: VenueFill,
    report: OrderReport,
    mid_1e9: int,
    touch_1e9: int,
) -> FillRecord:
    """The record of one fill. The fee is USD; the native commission stands beside it."""
    listing, maker = child.listing, rested(child, fill)
    commission = fill.fee_1e9
    if commission is None and listing.fees is not None:
        commission = fee_1e9(listing.fees, fill.price_1e9, fill.qty_1e8, maker=bool(maker))
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
        maker,
        commission,
        fill.fee_asset,
        fill.taker_fee_bps_applied,
        fill.maker_fee_bps_applied,
        fill.venue_reported_cum_fee_1e9,
        mid_1e9,
        touch_1e9,
    )


def rested(child: ChildOrder, fill: VenueFill) -> bool | None:
    """Whether a fill is a maker's: by the venue's word or the order's nature, None if neither."""
    if fill.is_maker is not None:
        return fill.is_maker
    if child.tif is not GTC:
        return False
    if child.post_only:
        return True
    # An order that rests fills at its own price; a better one proves that it took on arrival.
    return False if (fill.price_1e9 - child.limit_price_1e9) * child.side.sign < 0 else None


def decision_marks(market: MarketBlock, side: Side) -> tuple[int, int]:
    """Mid and far touch in 1e-9 of an order that is decided now, 0 where there is none."""
    return (market.mid_x2() or 0) // 2, market.best(1 - side) or 0


def fill_marks(
    child: Child, fill: VenueFill, report: OrderReport, market: MarketBlock, now_ns: int
) -> tuple[int, int]:
    """Mid and touch in 1e-9 that a fill of this child is measured against, both 0 if not known.

    They are not known of a maker's fill that is told `MARKS_AGE_MAX_NS` after it happened (after a
    restart, say), or for which the market has no far side.
    """
    order = child.order
    price = fill.price_1e9
    # What nobody knows is measured as a maker's, which does not ask for what was planned long ago.
    if rested(order, fill) is False:
        return (child.mid_1e9, child.touch_1e9) if child.mid_1e9 and child.touch_1e9 else UNKNOWN
    if now_ns - (report.exchange_ns or report.recv_ns) > MARKS_AGE_MAX_NS:
        return UNKNOWN
    bid, ask = top_before(market, order, price)
    tick = order.listing.tick_1e9
    if order.side is Side.BUY:
        own, far, known = max(bid, price), max(ask, price + tick), ask != NO_ASK
    else:
        own, far, known = min(ask, price), min(bid, price - tick), bid != NO_BID
    return ((own + far) // 2, own) if known else UNKNOWN


def top_before(market: MarketBlock, order: ChildOrder, price_1e9: int) -> tuple[int, int]:
    """Best bid and ask over usable books before this order was filled at its price.

    NO_BID and NO_ASK where there was none.
    """
    top_bid, top_ask = NO_BID, NO_ASK
    for v, healthy in enumerate(market.healthy):
        bid, ask = market.best_bid[v], market.best_ask[v]
        if v == order.listing.venue_index:
            was_bid, was_ask = market.was_bid[v], market.was_ask[v]
            if order.side is Side.BUY:
                gone = bid < price_1e9 <= was_bid
            else:
                gone = ask > price_1e9 >= was_ask
            if gone:
                bid, ask = was_bid, was_ask
        if healthy and bid < ask:
            top_bid, top_ask = max(top_bid, bid), min(top_ask, ask)
    return top_bid, top_ask


def fee_usd_1e9(listing: Listing, commission_1e9: int | None, fill: VenueFill) -> int:
    """The commission in USD at the fill's own price; a fee in the base asset is worth that much.

    A quote that is not a dollar is taken one to one, as the instrument's prices are.
    """
    if commission_1e9 is None:
        return 0
    if fill.fee_asset == listing.instrument.base:
        return divide_half_even(commission_1e9 * fill.price_1e9, 10**9)
    return commission_1e9
