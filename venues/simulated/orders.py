"""Client orders of a venue by client order id: open ones, and a bounded memory of closed ones."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from engine.model.fees import fee_1e9, fee_bps_at
from engine.model.instruments import Listing
from engine.model.orders import TimeInForce
from engine.model.units import Side
from venues.simulated.protocol import (
    CancelReject,
    FillFrame,
    FillRow,
    ListedRow,
    ListOrders,
    OpenOrder,
    OrderState,
    RejectCode,
    Status,
    fixed_price,
    fixed_qty,
)

__all__ = ["CLOSED_MAX", "ClientOrder", "OrderMemory", "fill_order", "no_cancel"]

CLOSED_MAX = 65_536
# Looking an enum member up by its class costs a tenth of a microsecond each time.
OPEN: Final = OrderState.OPEN


class ClientOrder:
    """One order of the account as the venue keeps it."""

    __slots__ = (
        "changed_ns",
        "client_id",
        "code",
        "cum_fee_1e9",
        "cum_qty_1e8",
        "fills",
        "held",
        "limit_1e9",
        "listing",
        "number",
        "post",
        "qty_1e8",
        "reduce",
        "rev",
        "side",
        "state",
        "text",
        "tif",
        "vid",
    )

    def __init__(
        self,
        client_id: str,
        number: int,
        listing: Listing,
        side: Side,
        qty_1e8: int,
        limit_1e9: int,
        tif: TimeInForce,
        changed_ns: int = 0,
        *,
        reduce: bool = False,
        post: bool = False,
    ) -> None:
        self.client_id = client_id
        self.number = number
        self.vid = f"{listing.venue}-{number}"
        self.listing = listing
        self.side = side
        self.qty_1e8 = qty_1e8
        self.limit_1e9 = limit_1e9
        self.tif = tif
        self.changed_ns = changed_ns
        self.reduce = reduce
        self.post = post
        self.rev = 0
        self.state = OPEN
        self.cum_qty_1e8 = 0
        self.cum_fee_1e9 = 0
        self.fills: list[FillRow] = []
        self.held: tuple[str, int] | None = None
        self.code = ""
        self.text = ""

    @property
    def left_1e8(self) -> int:
        return self.qty_1e8 - self.cum_qty_1e8

    def status(self, now_ns: int) -> Status:
        """Answer to a query."""
        return Status(
            id=self.client_id,
            vid=self.vid,
            state=self.state,
            cum=fixed_qty(self.cum_qty_1e8),
            ts=now_ns,
            fills=self.fills,
            code=self.code,
            text=self.text,
            qty=fixed_qty(self.qty_1e8),
            px=fixed_price(self.limit_1e9),
            rev=self.rev,
        )

    def listed(self, now_ns: int) -> ListedRow:
        """The order as a row of a list."""
        return ListedRow(
            sym=self.listing.venue_symbol,
            side=self.side.text,
            px=fixed_price(self.limit_1e9),
            qty=fixed_qty(self.qty_1e8),
            tif=self.tif,
            changed=self.changed_ns,
            order=self.status(now_ns),
        )


class OrderMemory:
    """Open orders, the last `closed_max` closed ones, and as many void ids.

    An id older than that bound is forgotten: a query then answers `not_found`.
    """

    def __init__(self, closed_max: int = CLOSED_MAX) -> None:
        assert closed_max > 0
        self.closed_max = closed_max
        self.open: dict[str, ClientOrder] = {}
        self.closed: OrderedDict[str, ClientOrder] = OrderedDict()
        self.void: OrderedDict[str, None] = OrderedDict()

    def get(self, client_id: str) -> ClientOrder | None:
        """An order, open or remembered."""
        return self.open.get(client_id) or self.closed.get(client_id)

    def add(self, order: ClientOrder) -> None:
        """A new open order; its id is not in use."""
        assert self.get(order.client_id) is None
        self.open[order.client_id] = order

    def close(self, order: ClientOrder, state: OrderState, now_ns: int) -> None:
        """From open to closed; the oldest closed order is forgotten past the bound."""
        order.state = state
        order.changed_ns = now_ns
        self.open.pop(order.client_id, None)
        self.closed[order.client_id] = order
        if len(self.closed) > self.closed_max:
            self.closed.popitem(last=False)

    def open_rows(self) -> list[OpenOrder]:
        """Every open order as a row of the protocol, oldest first."""
        return [
            OpenOrder(
                id=order.client_id,
                vid=order.vid,
                sym=order.listing.venue_symbol,
                side=order.side.text,
                px=fixed_price(order.limit_1e9),
                qty=fixed_qty(order.qty_1e8),
                cum=fixed_qty(order.cum_qty_1e8),
            )
            for order in self.open.values()
        ]

    def listed_rows(self, request: ListOrders, now_ns: int) -> list[ListedRow]:
        """Closed orders that changed lately enough, then open ones, each oldest first."""
        found = [one for one in self.closed.values() if one.changed_ns >= request.since]
        found += self.open.values()
        prefix = request.prefix
        return [one.listed(now_ns) for one in found if one.client_id.startswith(prefix)]

    def make_void(self, client_id: str) -> None:
        """An order with this id may never be placed."""
        self.void[client_id] = None
        if len(self.void) > self.closed_max:
            self.void.popitem(last=False)


def fill_order(
    order: ClientOrder,
    *,
    trade_id: str,
    price_1e9: int,
    qty_1e8: int,
    maker: bool,
    classified: bool,
    now_ns: int,
) -> tuple[FillFrame, int, str]:
    """Book one execution on the order: (its frame, fee in 1e-9, fee asset).

    An unclassified fill says neither whether it was the maker's nor at which rate it was charged.
    """
    assert 0 < qty_1e8 <= order.left_1e8, "a venue never overfills"
    fees = order.listing.fees
    fee = fee_1e9(fees, price_1e9, qty_1e8, maker=maker) if fees else 0
    asset = fees.asset if fees else order.listing.instrument.quote
    bps = fee_bps_at(fees, price_1e9, maker=maker) if fees else 0.0
    order.changed_ns = now_ns
    order.cum_qty_1e8 += qty_1e8
    order.cum_fee_1e9 += fee
    qty_text, fee_text = fixed_qty(qty_1e8), fixed_price(fee)
    row = FillRow(
        trade_id,
        fixed_price(price_1e9),
        qty_text,
        fee_text,
        asset,
        fee_text if order.cum_fee_1e9 == fee else fixed_price(order.cum_fee_1e9),
        now_ns,
        maker if classified else None,
        bps if classified and not maker else None,
        bps if classified and maker else None,
    )
    order.fills.append(row)
    frame = FillFrame(
        order.client_id,
        order.vid,
        order.listing.venue_symbol,
        order.side.text,
        qty_text if order.cum_qty_1e8 == qty_1e8 else fixed_qty(order.cum_qty_1e8),
        row,
    )
    return frame, fee, asset


def no_cancel(client_id: str, order: ClientOrder | None, now_ns: int) -> CancelReject:
    """Why there is nothing to cancel."""
    if order is None:
        code, text = RejectCode.UNKNOWN_ORDER, "no such order"
        return CancelReject(id=client_id, code=code, text=text, ts=now_ns)
    return CancelReject(
        id=client_id,
        code=RejectCode.NOT_OPEN,
        text=f"order is {order.state}",
        ts=now_ns,
        cum=fixed_qty(order.cum_qty_1e8),
    )
