"""Level arrays of venue frames into rows of a delta ring, exactly.

The one step all feed codecs share: reserve a run, parse JSON bytes of levels into it, commit it.
A kernel parses what is plain; whatever it refuses is parsed here again, in the general way, which
alone decides what is an error.
Real books hold joke asks above 9.2e9, which 64 bits cannot hold in 1e-9: no order reaches them
and they are the worst of their side, so they are left out. Such a bid or quantity is an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from enum import IntEnum
from typing import TypeVar

import msgspec

from engine.errors import DecodeError
from engine.kernels import decimals
from engine.kernels.delta_ring import DeltaRing
from engine.model.units import INT64_MAX, PRICE_DECIMALS, QTY_DECIMALS, parse_decimal

__all__ = [
    "ASK_ROW",
    "BID_ROW",
    "Layout",
    "decode_json",
    "exact_price_1e9",
    "exact_qty_1e8",
    "parse_side_rows",
    "row_bound",
    "write_changes",
    "write_levels",
]

T = TypeVar("T")

BID_ROW = 0
ASK_ROW = 1
BYTES_PER_LEVEL_MIN = 6
SMALL_BYTES = 4_096
NUMBER_TEXT_MAX = 64
BEYOND = INT64_MAX + 1
NUMBER_TEXT = re.compile(r"\d+(\.\d+)?([eE][+-]?\d+)?", re.ASCII)


class Layout(IntEnum):
    """How one level stands in the JSON; whatever follows the named fields is ignored."""

    PAIR = decimals.PAIR
    """`["price", "qty", ...]`, strings or numbers."""
    PRICE_SIZE = decimals.PRICE_SIZE
    """`{"price": .., "size": ..}`."""
    PX_SZ = decimals.PX_SZ
    """`{"px": .., "sz": .., "n": ..}`."""
    SIDED = decimals.SIDED
    """`["buy" | "sell", "price", "qty"]`: only for `write_changes`."""


class PriceSize(msgspec.Struct, gc=False):
    """One level of `Layout.PRICE_SIZE`."""

    price: msgspec.Raw
    size: msgspec.Raw


class PxSz(msgspec.Struct, gc=False):
    """One level of `Layout.PX_SZ`."""

    px: msgspec.Raw
    sz: msgspec.Raw


TEXT_ARRAYS = msgspec.json.Decoder(list[list[str]])
ARRAYS = msgspec.json.Decoder(list[list[msgspec.Raw]])
PRICE_SIZES = msgspec.json.Decoder(list[PriceSize])
PX_SZS = msgspec.json.Decoder(list[PxSz])
SIDE_OF_TEXT = {"buy": BID_ROW, "sell": ASK_ROW}
# What the kernels take: they know plain integers only.
PLAIN = tuple(range(len(Layout)))


def write_levels(
    ring: DeltaRing, layout: Layout, bids: msgspec.Raw | bytes, asks: msgspec.Raw | bytes
) -> tuple[int, int]:
    """Both sides into one committed run: (start, count), start -1 when the ring has no room.

    Either side may be empty bytes. DecodeError leaves the ring as it was.
    """
    bid_bytes, ask_bytes = bytes(bids), bytes(asks)
    bound = (len(bid_bytes) + len(ask_bytes)) // BYTES_PER_LEVEL_MIN + 2
    start = ring.reserve(bound)
    if start < 0:
        bound = row_bound(bid_bytes) + row_bound(ask_bytes)
        start = ring.reserve(bound)
        if start < 0:
            return -1, 0
    count = decimals.parse_sides(
        bid_bytes, ask_bytes, ring.rows, start, start + bound, PLAIN[layout]
    )
    if count < 0:
        count = general_rows(ring, start, layout, BID_ROW, bid_bytes)
        count += general_rows(ring, start + count, layout, ASK_ROW, ask_bytes)
    ring.commit(start, count)
    return start, count


def write_changes(ring: DeltaRing, changes: msgspec.Raw | bytes) -> tuple[int, int]:
    """Rows that name their own side (`Layout.SIDED`); returns as `write_levels`."""
    data = bytes(changes)
    if not data:
        raise DecodeError("a message lacks its changes")
    bound = row_bound(data)
    start = ring.reserve(bound)
    if start < 0:
        return -1, 0
    count = decimals.parse_sides(data, b"", ring.rows, start, start + bound, decimals.SIDED)
    if count < 0:
        count = put_rows(ring, start, (sided_texts(fields) for fields in text_arrays(data)))
    ring.commit(start, count)
    return start, count


def sided_texts(fields: list[str]) -> tuple[int, str, str]:
    """One change as (side, price, quantity)."""
    if len(fields) < 3 or (side := SIDE_OF_TEXT.get(fields[0])) is None:
        raise DecodeError("a book change is not [side, price, quantity]")
    return side, fields[1], fields[2]


def row_bound(raw: msgspec.Raw | bytes) -> int:
    """At least as many rows as `raw` can hold: from its length, or counted where it is long."""
    view = memoryview(raw)
    if view.nbytes <= SMALL_BYTES:
        return view.nbytes // BYTES_PER_LEVEL_MIN + 1
    data = view.tobytes()
    return max(data.count(b"["), data.count(b"{")) + 1


def parse_side_rows(
    ring: DeltaRing, start: int, layout: Layout, side: int, raw: msgspec.Raw | bytes
) -> int:
    """Levels of one side into rows from `start` of a reserved run; the count. Not committed.

    `row_bound(raw)` rows must be free there.
    """
    data = bytes(raw)
    if not data:
        return 0
    end = min(start + row_bound(data), ring.capacity)
    bids, asks = (data, b"") if side == BID_ROW else (b"", data)
    count: int = decimals.parse_sides(bids, asks, ring.rows, start, end, PLAIN[layout])
    if count < 0:
        count = general_rows(ring, start, layout, side, data)
    return count


def general_rows(ring: DeltaRing, start: int, layout: Layout, side: int, raw: bytes) -> int:
    """As `parse_side_rows`, for whatever may stand in a level; DecodeError when it is none."""
    if not raw:
        return 0
    return put_rows(ring, start, ((side, *texts) for texts in level_texts(layout, raw)))


def level_texts(layout: Layout, raw: msgspec.Raw | bytes) -> Iterator[tuple[str, str]]:
    """Price and quantity texts of every level."""
    if layout is Layout.PAIR:
        for fields in text_arrays(raw):
            if len(fields) < 2:
                raise DecodeError("a level is not [price, quantity]")
            yield fields[0], fields[1]
    elif layout is Layout.PRICE_SIZE:
        for level in decode_json(PRICE_SIZES, raw):
            yield number_text(level.price), number_text(level.size)
    else:
        assert layout is Layout.PX_SZ
        for entry in decode_json(PX_SZS, raw):
            yield number_text(entry.px), number_text(entry.sz)


def text_arrays(raw: msgspec.Raw | bytes) -> list[list[str]]:
    """Arrays of strings as they are; arrays with numbers by their exact text."""
    try:
        return TEXT_ARRAYS.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        arrays = decode_json(ARRAYS, raw)
    return [[number_text(field) for field in fields] for fields in arrays]


def put_rows(ring: DeltaRing, start: int, levels: Iterable[tuple[int, str, str]]) -> int:
    """(side, price, quantity) texts into reserved rows; the count, without unreachable asks."""
    rows = []
    for side, price_text, qty_text in levels:
        price = exact(price_text, PRICE_DECIMALS)
        qty = exact(qty_text, QTY_DECIMALS)
        if price == BEYOND and side == ASK_ROW:
            continue
        if not 0 < price <= INT64_MAX or qty > INT64_MAX:
            raise DecodeError(f"level {price_text} x {qty_text} is zero or out of range")
        rows.append((side, price, qty))
    if rows:
        ring.rows[start : start + len(rows)] = rows
    return len(rows)


def exact_price_1e9(text: str) -> int:
    """A positive price in 1e-9 from decimal text; DecodeError when it is not exactly one."""
    value = exact(text, PRICE_DECIMALS)
    if not 0 < value <= INT64_MAX:
        raise DecodeError(f"price {text} is zero or out of range")
    return value


def exact_qty_1e8(text: str) -> int:
    """A quantity (0 deletes) in 1e-8 from decimal text; DecodeError when it is not exactly one."""
    value = exact(text, QTY_DECIMALS)
    if value > INT64_MAX:
        raise DecodeError(f"quantity {text} is out of range")
    return value


def exact(text: str, decimals: int) -> int:
    """A non-negative decimal at 10**-decimals, or `BEYOND` when 64 bits cannot hold it."""
    whole, _, fraction = text.partition(".")
    plain = whole.isdigit() and (fraction.isdigit() or len(whole) == len(text)) and text.isascii()
    if plain and len(fraction) <= decimals and len(whole) + decimals <= 18:
        step: int = 10 ** (decimals - len(fraction))
        return int(whole + fraction) * step
    if len(text) > NUMBER_TEXT_MAX or NUMBER_TEXT.fullmatch(text) is None:
        raise DecodeError(f"{text[:NUMBER_TEXT_MAX]!r} is not a price or quantity")
    if Decimal(text) >= Decimal(BEYOND).scaleb(-decimals):
        return BEYOND
    try:
        return parse_decimal(text, decimals)
    except ValueError as error:
        raise DecodeError(f"a level cannot be held exactly: {error}") from None


def number_text(raw: msgspec.Raw) -> str:
    """The decimal text inside a JSON string or number."""
    data = bytes(raw)
    if data[:1] == b'"':
        data = data[1:-1]
    try:
        return data.decode("ascii")
    except UnicodeDecodeError:
        raise DecodeError("a number is not ASCII") from None


def decode_json(decoder: msgspec.json.Decoder[T], raw: msgspec.Raw | bytes) -> T:
    """`decoder` on the bytes, with every failure as DecodeError."""
    try:
        return decoder.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise DecodeError(f"not a message of this venue: {error}") from None
