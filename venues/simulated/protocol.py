"""The wire of the simulated venues: JSON objects, decimal strings, one tag field.

Requests carry `op`, frames carry `ev`. Prices and quantities are decimal strings as real venues
write them, times are nanoseconds of the venue's clock. Market data is numbered per symbol: each
delta names the number before it. A client order id may be used once; a query of an id that the
venue does not know *voids* it, which makes `not_found` proof that it never will exist.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from engine.model.orders import TimeInForce
from venues.simulated.amend_frames import Amend, Amended, AmendReject
from venues.simulated.decimal_text import fixed_price, fixed_qty

__all__ = [
    "Ack",
    "Amend",
    "AmendReject",
    "Amended",
    "Batch",
    "Cancel",
    "CancelReject",
    "Cancelled",
    "Delta",
    "Expired",
    "FillFrame",
    "FillRow",
    "Heartbeat",
    "ListOrders",
    "ListedRow",
    "NotFound",
    "OpenOrder",
    "OpenOrders",
    "OpenOrdersAnswer",
    "OrderList",
    "OrderState",
    "Place",
    "Query",
    "Reject",
    "RejectCode",
    "Request",
    "Snapshot",
    "Status",
    "Subscribe",
    "TradeTape",
    "decode_request",
    "encode",
    "fixed_price",
    "fixed_qty",
    "is_cancel",
    "is_heartbeat",
]


class RejectCode(StrEnum):
    """Machine-readable refusals of the simulated venues."""

    MALFORMED = "MALFORMED_REQUEST"
    UNKNOWN_SYMBOL = "UNKNOWN_SYMBOL"
    BAD_QUANTITY = "BAD_QUANTITY"
    BAD_PRICE = "BAD_PRICE"
    BELOW_MINIMUM = "BELOW_MINIMUM"
    OFF_TICK = "OFF_TICK"
    OFF_LOT = "OFF_LOT"
    INSUFFICIENT_BALANCE = "INSUFFICIENT_BALANCE"
    POST_ONLY = "POST_ONLY_WOULD_CROSS"
    REDUCE_ONLY = "REDUCE_ONLY_WOULD_INCREASE"
    RATE_LIMITED = "RATE_LIMITED"
    BUSY = "EXCHANGE_BUSY"
    SERVER_ERROR = "HTTP_503"
    NOT_INDEXED = "METADATA_NOT_INDEXED"
    BAD_SIGNATURE = "INVALID_SIGNATURE"
    DUPLICATE_ID = "DUPLICATE_CLIENT_ORDER_ID"
    VOID_ID = "VOID_CLIENT_ORDER_ID"
    STALE_REQUEST = "STALE_REQUEST"
    NO_LIQUIDITY = "NO_LIQUIDITY"
    MARKET_CLOSED = "MARKET_CLOSED"
    NOT_OPEN = "ORDER_NOT_OPEN"
    UNKNOWN_ORDER = "UNKNOWN_ORDER"
    BELOW_FILLED = "BELOW_FILLED"
    NOT_SUPPORTED = "NOT_SUPPORTED"


class OrderState(StrEnum):
    """State of an order as the venue tells it."""

    OPEN = "open"
    FILLED = "filled"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    REJECTED = "rejected"


# ------------------------------------------------------------------- requests


class Wire(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Base of every request and frame."""


class Place(Wire, frozen=True, gc=False, tag_field="op", tag="place"):
    """A new order; no `px` is a market order (IOC with the venue's price protection)."""

    id: str
    sym: str
    side: str
    qty: str
    tif: TimeInForce
    px: str | None = None
    post: bool = False
    reduce: bool = False
    sent: int = 0


class Cancel(Wire, frozen=True, gc=False, tag_field="op", tag="cancel"):
    """Cancel by client order id."""

    id: str


class Query(Wire, frozen=True, gc=False, tag_field="op", tag="query"):
    """State and every fill of an order, open or closed, by client order id.

    No amendment up to number `rev` is taken after it.
    """

    id: str
    rev: int = 0


class OpenOrders(Wire, frozen=True, gc=False, tag_field="op", tag="open_orders"):
    """All open orders of the account."""


class ListOrders(Wire, frozen=True, gc=False, tag_field="op", tag="list_orders"):
    """Every order of the account whose id starts with `prefix`: the open ones, and of the closed
    ones that the venue remembers those that changed at `since` or later."""

    prefix: str = ""
    since: int = 0


class Subscribe(Wire, frozen=True, gc=False, tag_field="op", tag="subscribe"):
    """Snapshot now, then deltas and trades, of these symbols."""

    syms: tuple[str, ...]


class Batch(Wire, frozen=True, gc=False, tag_field="op", tag="batch"):
    """Several requests in one message, each answered by itself, in order."""

    requests: tuple[Place | Cancel, ...]


Request = Place | Cancel | Amend | Batch | Query | OpenOrders | ListOrders | Subscribe


# ---------------------------------------------------------- market data frames

Levels = list[tuple[str, str]]


class Snapshot(Wire, frozen=True, gc=False, tag_field="ev", tag="snapshot"):
    """The whole visible book, best first."""

    sym: str
    seq: int
    ts: int
    bids: Levels
    asks: Levels


class Delta(Wire, frozen=True, gc=False, tag_field="ev", tag="delta"):
    """Levels that changed, with their new quantity ("0": gone). `prev` is the number before."""

    sym: str
    prev: int
    seq: int
    ts: int
    bids: Levels
    asks: Levels


class TradeTape(Wire, frozen=True, gc=False, tag_field="ev", tag="trade"):
    """A public trade; `side` is the aggressor's."""

    sym: str
    id: str
    px: str
    qty: str
    side: str
    ts: int


class Heartbeat(Wire, frozen=True, gc=False, tag_field="ev", tag="heartbeat"):
    """The line lives; the last number of every subscribed symbol shows a lost last delta."""

    ts: int
    seqs: dict[str, int] = {}


# --------------------------------------------------------------- order frames


class Ack(Wire, frozen=True, gc=False, tag_field="ev", tag="ack"):
    """The order was accepted."""

    id: str
    vid: str
    ts: int


class Reject(Wire, frozen=True, gc=False, tag_field="ev", tag="reject"):
    """The order was refused and does not exist; not so with two codes.

    `RejectCode.DUPLICATE_ID`: an order of that id exists. `RejectCode.SERVER_ERROR`: nobody knows
    whether the request was carried out.
    """

    id: str
    code: str
    text: str
    ts: int


class FillRow(Wire, frozen=True, gc=False):
    """One execution. `maker` is null where the venue did not classify it, and so are the rates."""

    trade: str
    px: str
    qty: str
    fee: str
    fee_asset: str
    cum_fee: str
    ts: int
    maker: bool | None = None
    taker_bps: float | None = None
    maker_bps: float | None = None


class FillFrame(Wire, frozen=True, gc=False, tag_field="ev", tag="fill"):
    """An execution of the account's order, with the cumulative quantity including it."""

    id: str
    vid: str
    sym: str
    side: str
    cum: str
    fill: FillRow


class Cancelled(Wire, frozen=True, gc=False, tag_field="ev", tag="cancelled"):
    """The rest of the order was cancelled: on request or for the reason given."""

    id: str
    vid: str
    cum: str
    ts: int
    reason: str = ""


class Expired(Wire, frozen=True, gc=False, tag_field="ev", tag="expired"):
    """The rest of an IOC, FOK or market order is gone."""

    id: str
    vid: str
    cum: str
    ts: int


class CancelReject(Wire, frozen=True, gc=False, tag_field="ev", tag="cancel_reject"):
    """Nothing to cancel: the fill came first, or the id is not known."""

    id: str
    code: str
    text: str
    ts: int
    cum: str | None = None


class Status(Wire, frozen=True, gc=False, tag_field="ev", tag="status"):
    """Answer to a query: state, cumulative quantity and every fill; total and price in force,
    and the last amendment that was decided."""

    id: str
    vid: str
    state: OrderState
    cum: str
    ts: int
    fills: list[FillRow] = []
    code: str = ""
    text: str = ""
    qty: str = ""
    px: str = ""
    rev: int = 0


class NotFound(Wire, frozen=True, gc=False, tag_field="ev", tag="not_found"):
    """Answer to a query: never existed, and now never will (the id is void)."""

    id: str
    ts: int


class OpenOrder(Wire, frozen=True, gc=False):
    """One row of an open orders answer."""

    id: str
    vid: str
    sym: str
    side: str
    px: str
    qty: str
    cum: str


class OpenOrdersAnswer(Wire, frozen=True, gc=False, tag_field="ev", tag="open_orders"):
    """All open orders of the account, oldest first."""

    ts: int
    orders: list[OpenOrder]


class ListedRow(Wire, frozen=True, gc=False):
    """One order of a list: what was asked for, when it last changed, and how it stands."""

    sym: str
    side: str
    px: str
    qty: str
    tif: TimeInForce
    changed: int
    order: Status


class OrderList(Wire, frozen=True, gc=False, tag_field="ev", tag="order_list"):
    """Answer to `ListOrders`: closed orders first, each group oldest first; always one frame,
    bounded by what the venue remembers."""

    ts: int
    orders: list[ListedRow]


Frame = (
    Snapshot
    | Delta
    | TradeTape
    | Heartbeat
    | Ack
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
)

ENCODER: Final = msgspec.json.Encoder()
# The tag of a payload is its first field, so its kind is known without reading the rest.
CANCEL_START = b'{"op":"cancel"'
HEARTBEAT_START = b'{"ev":"heartbeat"'
REQUESTS: msgspec.json.Decoder[Request] = msgspec.json.Decoder(Request)


def encode(message: Request | Frame) -> bytes:
    """Bytes of a request or frame."""
    return ENCODER.encode(message)


def decode_request(payload: bytes) -> Request | None:
    """A request, or None when it is not one of ours."""
    try:
        return REQUESTS.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def is_cancel(payload: bytes) -> bool:
    """Whether a request is a cancel."""
    return payload.startswith(CANCEL_START)


def is_heartbeat(payload: bytes) -> bool:
    """Whether a frame is a heartbeat."""
    return payload.startswith(HEARTBEAT_START)
