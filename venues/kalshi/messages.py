"""Kalshi's websocket messages as structs, in the current wire format and the older one in cents.

Current: prices in dollars (`price_dollars`, `yes_dollars_fp`), quantities in contracts with
decimals (`delta_fp`, `count_fp`), both as text. Older: integer cents and whole contracts. Where a
message carries both, the current fields are read.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from engine.errors import DecodeError
from engine.model.units import PRICE_SCALE, Side
from venues.level_rows import decode_json, exact_price_1e9, exact_qty_1e8
from venues.venue_time import NS_PER_MS

__all__ = [
    "FRAMES",
    "Change",
    "Levels",
    "Print",
    "read_change",
    "read_print",
    "read_snapshot",
    "read_subscribed",
]

PRICE_PER_CENT = PRICE_SCALE // 100
NS_PER_S = 1_000_000_000
TIME_MS_MAX = 1 << 43

Levels = dict[int, int]


class Frame(msgspec.Struct, gc=False):
    """Envelope: `subscribed` carries its `sid` inside `msg`, data messages outside."""

    type: str
    sid: int = -1
    seq: int = -1
    msg: msgspec.Raw = msgspec.Raw()


class Subscribed(msgspec.Struct, gc=False):
    """The answer to a subscribe command."""

    sid: int
    channel: str = ""


class SnapshotBody(msgspec.Struct, gc=False):
    """A book; a side without bids is left out or empty."""

    market_ticker: str
    yes_dollars_fp: msgspec.Raw = msgspec.Raw()
    no_dollars_fp: msgspec.Raw = msgspec.Raw()
    yes_dollars: msgspec.Raw = msgspec.Raw()
    no_dollars: msgspec.Raw = msgspec.Raw()
    yes: msgspec.Raw = msgspec.Raw()
    no: msgspec.Raw = msgspec.Raw()


class DeltaBody(msgspec.Struct, gc=False):
    """A signed change of the bids of one side at one price."""

    market_ticker: str
    side: Literal["yes", "no"]
    price_dollars: str = ""
    delta_fp: str = ""
    price: int = -1
    delta: int | None = None
    ts_ms: int = 0


class TradeBody(msgspec.Struct, gc=False):
    """A public trade; `taker_side` is the outcome its aggressor bought."""

    market_ticker: str
    taker_side: str = ""
    yes_price_dollars: str = ""
    count_fp: str = ""
    yes_price: int = -1
    count: int = -1
    ts_ms: int = 0
    ts: int = 0


class Change(msgspec.Struct, frozen=True, gc=False):
    """A delta in units: price of its own side, signed quantity."""

    ticker: str
    is_yes: bool
    price_1e9: int
    change_1e8: int
    exchange_ns: int


class Print(msgspec.Struct, frozen=True, gc=False):
    """A trade in units, as a trade of the YES contract."""

    ticker: str
    price_1e9: int
    qty_1e8: int
    side: Side | None
    exchange_ns: int


FRAMES = msgspec.json.Decoder(Frame)
SUBSCRIBED = msgspec.json.Decoder(Subscribed)
SNAPSHOTS = msgspec.json.Decoder(SnapshotBody)
DELTAS = msgspec.json.Decoder(DeltaBody)
TRADES = msgspec.json.Decoder(TradeBody)
LEVELS = msgspec.json.Decoder(list[tuple[str | int, str | int]] | None)
TAKERS = {"yes": Side.BUY, "no": Side.SELL}


def read_subscribed(raw: msgspec.Raw) -> int:
    """The new subscription's `sid`."""
    return decode_json(SUBSCRIBED, raw).sid


def read_snapshot(raw: msgspec.Raw) -> tuple[str, Levels, Levels]:
    """Market ticker, YES bids and NO bids, each price_1e9 -> qty_1e8 of its own side."""
    body = decode_json(SNAPSHOTS, raw)
    yes = body.yes_dollars_fp or body.yes_dollars or body.yes
    no = body.no_dollars_fp or body.no_dollars or body.no
    return body.market_ticker, read_levels(yes), read_levels(no)


def read_levels(raw: msgspec.Raw) -> Levels:
    """Levels of one side; a level of quantity 0 is none."""
    if not raw:
        return {}
    pairs = decode_json(LEVELS, raw) or []
    levels = {contract_price(price): contract_qty(qty) for price, qty in pairs}
    return {price: qty for price, qty in levels.items() if qty}


def read_change(raw: msgspec.Raw) -> Change:
    """A delta; DecodeError where it has neither form."""
    body = decode_json(DELTAS, raw)
    price = contract_price(body.price_dollars or body.price)
    if body.delta_fp:
        negative = body.delta_fp[0] == "-"
        size = exact_qty_1e8(body.delta_fp[1:] if negative else body.delta_fp)
        change = -size if negative else size
    elif body.delta is not None:
        size = contract_qty(abs(body.delta))
        change = -size if body.delta < 0 else size
    else:
        raise DecodeError("an orderbook_delta lacks its quantity")
    return Change(body.market_ticker, body.side == "yes", price, change, time_ns(body.ts_ms, 0))


def read_print(raw: msgspec.Raw) -> Print:
    """A trade; DecodeError where it has neither form."""
    body = decode_json(TRADES, raw)
    price = contract_price(body.yes_price_dollars or body.yes_price)
    qty = contract_qty(body.count_fp or body.count)
    exchange_ns = time_ns(body.ts_ms, body.ts)
    return Print(body.market_ticker, price, qty, TAKERS.get(body.taker_side), exchange_ns)


def contract_price(price: str | int) -> int:
    """Dollars as text, or whole cents, in 1e-9, strictly between 0 and the 1 USD payoff."""
    value = price * PRICE_PER_CENT if isinstance(price, int) else exact_price_1e9(price)
    if not 0 < value < PRICE_SCALE:
        raise DecodeError(f"{str(price)[:32]} is no price of a contract that pays 1 USD")
    return value


def contract_qty(qty: str | int) -> int:
    """Contracts as text or as a whole number, in 1e-8."""
    return exact_qty_1e8(str(qty))


def time_ns(ms: int, seconds: int) -> int:
    """The venue's time, 0 where it gives none; DecodeError out of any range."""
    if not (0 <= ms < TIME_MS_MAX and 0 <= seconds < TIME_MS_MAX // 1000):
        raise DecodeError("a message's time is out of range")
    return ms * NS_PER_MS or seconds * NS_PER_S
