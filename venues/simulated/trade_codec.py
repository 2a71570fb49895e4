"""Order codec of the simulated venues: child orders to requests, frames to reports.

A duplicate-id refusal speaks of an order that exists, and a server error of one that may, so they
report UNKNOWN (ask again), never REJECTED. The venue's rate limit is reported with the code "429",
as real venues answer it. A query's answer repeats every fill before its status: what was lost on
the way is proven by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from engine.errors import DecodeError
from engine.messages import TradeEvent
from engine.model.instruments import Listing
from engine.model.listed import ListedOrder
from engine.model.native import NO_NATIVE_VERBS, NativeVerbs
from engine.model.orders import (
    ID_PREFIX,
    ChildOrder,
    OrderReport,
    OrderTerms,
    ReportKind,
    VenueFill,
)
from engine.model.units import (
    PRICE_DECIMALS,
    QTY_DECIMALS,
    Side,
    format_decimal,
    parse_decimal,
    parse_side,
)
from venues.simulated.amend_frames import Amend, Amended, AmendReject
from venues.simulated.protocol import (
    Ack,
    Cancel,
    Cancelled,
    CancelReject,
    Expired,
    FillFrame,
    FillRow,
    Heartbeat,
    ListedRow,
    ListOrders,
    NotFound,
    OpenOrders,
    OpenOrdersAnswer,
    OrderList,
    OrderState,
    Query,
    Reject,
    RejectCode,
    Status,
    encode,
    fixed_price,
    fixed_qty,
)

__all__ = ["SimulatedTradeCodec"]

OrderFrame = (
    Ack
    | Reject
    | FillFrame
    | Cancelled
    | Expired
    | CancelReject
    | Amended
    | AmendReject
    | Status
    | NotFound
    | OpenOrdersAnswer
    | OrderList
    | Heartbeat
)
FRAMES: Final[msgspec.json.Decoder[OrderFrame]] = msgspec.json.Decoder(OrderFrame)
ENDS: Final = {
    OrderState.CANCELLED: ReportKind.CANCELLED,
    OrderState.EXPIRED: ReportKind.EXPIRED,
    OrderState.REJECTED: ReportKind.REJECTED,
}
UNSURE: Final = (RejectCode.DUPLICATE_ID, RejectCode.SERVER_ERROR)
RATE_LIMIT_STATUS = "429"
# Looking an enum member up by its class costs a tenth of a microsecond each time.
ACCEPTED: Final = ReportKind.ACCEPTED
FILL: Final = ReportKind.FILL
LIST_SPAN_NS = 86_400_000_000_000
FORMS_MAX = 4_096


class SimulatedTradeCodec:
    """Implements `TradeCodec` for one venue. The number forms of up to 4,096 symbols are kept."""

    native: NativeVerbs = NO_NATIVE_VERBS

    def __init__(self, venue: str, native: NativeVerbs = NO_NATIVE_VERBS) -> None:
        self.venue = venue
        self.native = native
        self.forms: dict[str, Form] = {}

    def encode_place(self, child: ChildOrder, now_ns: int) -> bytes:
        """A place request; `now_ns` lets the venue refuse it when it arrives too late."""
        listing = child.listing
        form = self.forms.get(listing.venue_symbol)
        if form is None or form.listing is not listing:
            form = self.remember(listing)
        price, qty = child.limit_price_1e9, child.qty_1e8
        flags = ""
        if child.post_only:
            flags = ',"post":true'
        if child.reduce_only:
            flags += ',"reduce":true'
        # The id and the time in force hold only plain ASCII; the symbol is escaped in the form.
        # Adding the unit and dropping its digit pads with zeros at half the cost of a format.
        # The time in force is joined on, not formatted: formatting an enum is a slow call.
        qty_part = str(form.qty_one + qty % 100_000_000 // form.qty_unit)[1:]
        price_part = str(form.price_one + price % 1_000_000_000 // form.price_unit)[1:]
        text = (
            f"{form.heads[child.side]}{qty // 100_000_000}.{qty_part}"
            f'","px":"{price // 1_000_000_000}.{price_part}","tif":"'
        )
        text += child.tif
        text += f'","id":"{child.client_order_id}","sent":{now_ns}{flags}}}'
        return text.encode()

    def encode_cancel(self, child: ChildOrder, now_ns: int) -> bytes:
        """A cancel request."""
        return encode(Cancel(id=child.client_order_id))

    def encode_query(self, child: ChildOrder, now_ns: int) -> bytes:
        """A query by client order id."""
        return encode(Query(id=child.client_order_id, rev=child.amendment))

    def encode_amend(self, child: ChildOrder, now_ns: int) -> bytes:
        """A native amendment of the resting order."""
        return encode(
            Amend(
                id=child.client_order_id,
                rev=child.amendment,
                qty=fixed_qty(child.qty_1e8),
                px=fixed_price(child.limit_price_1e9),
                sent=now_ns,
            )
        )

    def encode_batch(self, requests: Sequence[bytes]) -> bytes:
        """Places and cancels in one message."""
        return b'{"op":"batch","requests":[' + b",".join(requests) + b"]}"

    def encode_open_orders(self) -> bytes:
        """A request for all open orders of the account."""
        return encode(OpenOrders())

    def encode_list(self, now_ns: int) -> bytes:
        """A request for the engine's own orders: all open ones, closed ones of the last day."""
        return encode(ListOrders(prefix=ID_PREFIX, since=max(0, now_ns - LIST_SPAN_NS)))

    def decode_list(self, payload: bytes, recv_ns: int) -> tuple[ListedOrder, ...] | None:
        """The orders of an answer to a list, None for any other frame."""
        frame = self.read(payload)
        if not isinstance(frame, OrderList):
            return None
        return tuple(self.listed(row, recv_ns) for row in frame.orders)

    def decode(self, payload: bytes, recv_ns: int) -> Sequence[TradeEvent]:
        """Reports of one frame; DecodeError when it is not of this protocol."""
        frame = self.read(payload)
        if isinstance(frame, FillFrame):
            return (self.fill_report(frame.id, frame.vid, frame.fill, qty(frame.cum), recv_ns),)
        if isinstance(frame, Status):
            return self.status_reports(frame, recv_ns)
        if isinstance(frame, OpenOrdersAnswer):
            return [
                self.report(
                    ReportKind.STATUS, row.id, recv_ns, frame.ts, row.vid, row.cum, working=True
                )
                for row in frame.orders
            ]
        if isinstance(frame, OrderList):
            rows = frame.orders
            return [report for row in rows for report in self.status_reports(row.order, recv_ns)]
        if isinstance(frame, Heartbeat):
            return ()
        if isinstance(frame, Amended | AmendReject):
            return (self.amend_report(frame, recv_ns),)
        return (self.plain_report(frame, recv_ns),)

    def read(self, payload: bytes) -> OrderFrame:
        """The frame; DecodeError when it is none."""
        try:
            return FRAMES.decode(payload)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise DecodeError(f"not an order frame of {self.venue}: {error}") from None

    def listed(self, row: ListedRow, recv_ns: int) -> ListedOrder:
        """One row of a list."""
        return ListedOrder(
            client_order_id=row.order.id,
            venue_order_id=row.order.vid,
            venue_symbol=row.sym,
            side=side(row.side),
            qty_1e8=qty(row.qty),
            limit_price_1e9=amount(row.px),
            tif=row.tif,
            reports=tuple(self.status_reports(row.order, recv_ns)),
        )

    def plain_report(
        self,
        frame: Ack | Reject | Cancelled | Expired | CancelReject | NotFound,
        recv_ns: int,
    ) -> OrderReport:
        """Frames that become one report without a fill."""
        if isinstance(frame, Ack):
            return self.report(ACCEPTED, frame.id, recv_ns, frame.ts, frame.vid)
        if isinstance(frame, Reject):
            kind = ReportKind.UNKNOWN if frame.code in UNSURE else ReportKind.REJECTED
            code = RATE_LIMIT_STATUS if frame.code == RejectCode.RATE_LIMITED else frame.code
            return self.report(kind, frame.id, recv_ns, frame.ts, code=code, text=frame.text)
        if isinstance(frame, CancelReject):
            return self.report(
                ReportKind.CANCEL_REJECTED,
                frame.id,
                recv_ns,
                frame.ts,
                cum=frame.cum,
                code=frame.code,
                text=frame.text,
            )
        if isinstance(frame, NotFound):
            return self.report(ReportKind.NOT_FOUND, frame.id, recv_ns, frame.ts, cum="0")
        if isinstance(frame, Cancelled):
            return self.report(
                ReportKind.CANCELLED,
                frame.id,
                recv_ns,
                frame.ts,
                frame.vid,
                frame.cum,
                code=frame.reason,
            )
        return self.report(ReportKind.EXPIRED, frame.id, recv_ns, frame.ts, frame.vid, frame.cum)

    def status_reports(self, frame: Status, recv_ns: int) -> list[OrderReport]:
        """Every fill, then how the order stands."""
        reports: list[OrderReport] = []
        cum = 0
        for row in frame.fills:
            cum += qty(row.qty)
            reports.append(self.fill_report(frame.id, frame.vid, row, cum, recv_ns))
        kind = ENDS.get(frame.state, ReportKind.STATUS)
        reports.append(
            self.report(
                kind,
                frame.id,
                recv_ns,
                frame.ts,
                frame.vid,
                frame.cum,
                working=frame.state is OrderState.OPEN,
                code=frame.code,
                text=frame.text,
                terms=terms(frame.qty, frame.px, frame.rev),
            )
        )
        return reports

    def amend_report(self, frame: Amended | AmendReject, recv_ns: int) -> OrderReport:
        """An amendment in force, refused, or with an outcome that nobody knows."""
        if isinstance(frame, Amended):
            kind, vid, code, text = ReportKind.AMENDED, frame.vid, "", ""
        else:
            kind, vid, code, text = ReportKind.AMEND_REJECTED, "", frame.code, frame.text
        found = terms(frame.qty, frame.px, frame.rev)
        if found is None:
            kind = ReportKind.UNKNOWN
        id_, ts, cum = frame.id, frame.ts, frame.cum
        return self.report(kind, id_, recv_ns, ts, vid, cum, code=code, text=text, terms=found)

    def fill_report(
        self, client_id: str, vid: str, row: FillRow, cum_qty_1e8: int, recv_ns: int
    ) -> OrderReport:
        """One execution with everything that the venue said of it."""
        try:
            fill = VenueFill(
                row.trade,
                parse_decimal(row.px, PRICE_DECIMALS),
                parse_decimal(row.qty, QTY_DECIMALS),
                parse_decimal(row.fee, PRICE_DECIMALS),
                row.fee_asset,
                row.maker,
                row.taker_bps,
                row.maker_bps,
                parse_decimal(row.cum_fee, PRICE_DECIMALS),
            )
        except ValueError as error:
            raise unreadable(error) from None
        return OrderReport(
            FILL, client_id, self.venue, vid, row.ts, recv_ns, cum_qty_1e8, False, fill
        )

    def report(
        self,
        kind: ReportKind,
        client_id: str,
        recv_ns: int,
        exchange_ns: int,
        vid: str = "",
        cum: str | None = None,
        *,
        working: bool = False,
        code: str = "",
        text: str = "",
        terms: OrderTerms | None = None,
    ) -> OrderReport:
        """A report without a fill."""
        cum_qty_1e8 = qty(cum) if cum is not None else -1
        return OrderReport(
            kind,
            client_id,
            self.venue,
            vid,
            exchange_ns,
            recv_ns,
            cum_qty_1e8,
            working,
            None,
            code,
            text,
            msgspec.UNSET if terms is None else terms,
        )

    def remember(self, listing: Listing) -> Form:
        """The number form of a listing, kept."""
        if len(self.forms) >= FORMS_MAX:
            self.forms.clear()
        form = self.forms[listing.venue_symbol] = Form(listing)
        return form


class Form:
    """How numbers of one listing are written, with the start of its requests ready."""

    __slots__ = ("heads", "listing", "price_one", "price_unit", "qty_one", "qty_unit")

    def __init__(self, listing: Listing) -> None:
        self.listing = listing
        price_digits = max(1, decimals_of(listing.tick_1e9, PRICE_DECIMALS))
        qty_digits = max(1, decimals_of(listing.lot_1e8, QTY_DECIMALS))
        self.price_one, self.price_unit = 10**price_digits, 10 ** (PRICE_DECIMALS - price_digits)
        self.qty_one, self.qty_unit = 10**qty_digits, 10 ** (QTY_DECIMALS - qty_digits)
        symbol = msgspec.json.encode(listing.venue_symbol).decode()
        self.heads = tuple(
            f'{{"op":"place","sym":{symbol},"side":"{side}","qty":"' for side in ("buy", "sell")
        )


def decimals_of(step: int, decimals: int) -> int:
    """Decimals that multiples of the step need."""
    return len(format_decimal(step, decimals).partition(".")[2])


def terms(total: str | None, price: str | None, number: int) -> OrderTerms | None:
    """What is in force, None where the frame does not say it."""
    return OrderTerms(qty(total), amount(price), number) if total and price else None


def side(text: str) -> Side:
    """A side; DecodeError when it is none."""
    try:
        return parse_side(text)
    except ValueError as error:
        raise DecodeError(f"a side of an order frame is wrong: {error}") from None


def qty(text: str) -> int:
    """Quantity in 1e-8; DecodeError when it is none."""
    return exact(text, QTY_DECIMALS)


def amount(text: str) -> int:
    """Price or money in 1e-9, negative for a rebate; DecodeError when it is none."""
    return exact(text, PRICE_DECIMALS)


def exact(text: str, decimals: int) -> int:
    """Exact integer of decimal text; DecodeError when it is none."""
    try:
        return parse_decimal(text, decimals)
    except ValueError as error:
        raise unreadable(error) from None


def unreadable(error: ValueError) -> DecodeError:
    """A number of a frame is none."""
    return DecodeError(f"a number of an order frame is wrong: {error}")
