"""JSON bytes of price levels into rows (side, price_1e9, qty_1e8), exactly or not at all.

Every kernel here answers REFUSED (-1) to whatever it does not know: an escape, an exponent, a
sign, a digit beyond the scale, a value above 63 bits, a zero price, a missing or doubled field,
white space, which no venue sends, too few rows, anything that is not JSON. The caller then takes its exact general way. Rows from
`start` on may be overwritten by then; none outside `start` to `end`.

Bytes are passed as `bytes` objects, a type numba unboxes itself (the length bounds all reads, and
the caller's reference keeps them alive). With the copy of a `msgspec.Raw` that is 330 ns a call;
`np.frombuffer` first costs 460, an address as an integer 370 with ctypes and has no length.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from engine.kernels.digits import (
    DOT,
    QUOTE,
    REFUSED,
    ZERO,
    byte,
    expect,
    helper,
    is_digit,
    number,
    whole_number,
)
from engine.kernels.machine import address_of
from engine.kernels.registry import kernel

__all__ = ["PAIR", "PRICE_SIZE", "PX_SZ", "REFUSED", "SIDED", "parse_levels", "parse_sides"]

PAIR: Final = 0
"""`["price", "qty", ...]`, strings or numbers; scalars after them are skipped."""
PRICE_SIZE: Final = 1
"""`{"price": .., "size": ..}`, in any order; other fields with scalars are skipped."""
PX_SZ: Final = 2
"""`{"px": .., "sz": ..}`, likewise."""
SIDED: Final = 3
"""`["buy" | "sell", "price", "qty", ...]`."""

COMMA: Final = 44
COLON: Final = 58
OPEN: Final = 91
CLOSE: Final = 93
OPEN_OBJECT: Final = 123
CLOSE_OBJECT: Final = 125
BACKSLASH: Final = 92
SPACE: Final = 32
ASCII_END: Final = 127

WORD_BUY = np.uint64(int.from_bytes(b"buy", "little"))
WORD_SELL = np.uint64(int.from_bytes(b"sell", "little"))
WORD_PRICE = np.uint64(int.from_bytes(b"price", "little"))
WORD_SIZE = np.uint64(int.from_bytes(b"size", "little"))
WORD_PX = np.uint64(int.from_bytes(b"px", "little"))
WORD_SZ = np.uint64(int.from_bytes(b"sz", "little"))

BYTES: Final = "Bytes(uint8, 1, 'C', readonly=True)"


@helper
def text_word(raw, i, n):
    """A plain string at `i`: (its first eight bytes, 0 when it is longer; next place)."""
    i = expect(raw, i, n, QUOTE)
    word = np.uint64(0)
    if i < 0:
        return word, i
    start = i
    while i < n:
        c = byte(raw, i)
        if c == QUOTE:
            return word if i - start <= 8 else np.uint64(0), i + 1
        if c < SPACE or c >= ASCII_END or c == BACKSLASH:
            break
        if i - start < 8:
            word |= np.uint64(c) << np.uint64(8 * (i - start))
        i += 1
    return word, np.int64(REFUSED)


@helper
def value_of(raw, i, n, nano):
    """A number at `i`, in quotes or bare: (value, next place)."""
    inside = expect(raw, i, n, QUOTE)
    if inside >= 0:
        value, i = number(raw, inside, n, nano)
        return value, expect(raw, i, n, QUOTE)
    if is_digit(raw, i + 1, n) and byte(raw, i) == ZERO:
        return np.int64(0), np.int64(REFUSED)
    return number(raw, i, n, nano)


@helper
def skip_scalar(raw, i, n):
    """The place after a plain string or a plain number, or REFUSED."""
    if expect(raw, i, n, QUOTE) >= 0:
        _, i = text_word(raw, i, n)
        return i
    if is_digit(raw, i + 1, n) and byte(raw, i) == ZERO:
        return np.int64(REFUSED)
    _, i = whole_number(raw, i, n)
    point = expect(raw, i, n, DOT)
    if point >= 0:
        _, i = whole_number(raw, point, n)
    return i


@helper
def array_level(raw, i, n, sided):
    """`["price","qty",...]`, or with the side before: (price, quantity, side, next place)."""
    side = np.int64(0)
    i = expect(raw, i, n, OPEN)
    if sided:
        word, i = text_word(raw, i, n)
        i = expect(raw, i, n, COMMA)
        if word == WORD_SELL:
            side = np.int64(1)
        elif word != WORD_BUY:
            i = np.int64(REFUSED)
    price, i = value_of(raw, i, n, True)
    qty, i = value_of(raw, expect(raw, i, n, COMMA), n, False)
    while i >= 0:
        after = expect(raw, i, n, CLOSE)
        if after >= 0:
            return price, qty, side, after
        i = skip_scalar(raw, expect(raw, i, n, COMMA), n)
    return price, qty, side, i


@helper
def object_level(raw, i, n, price_key, qty_key):
    """`{..}` with each of the two fields exactly once: (price, quantity, next place)."""
    price = np.int64(REFUSED)
    qty = np.int64(REFUSED)
    i = expect(raw, i, n, OPEN_OBJECT)
    while i >= 0:
        key, i = text_word(raw, i, n)
        i = expect(raw, i, n, COLON)
        if key == price_key and price < 0:
            price, i = value_of(raw, i, n, True)
        elif key == qty_key and qty < 0:
            qty, i = value_of(raw, i, n, False)
        elif key == price_key or key == qty_key:
            break
        else:
            i = skip_scalar(raw, i, n)
        after = expect(raw, i, n, CLOSE_OBJECT)
        if after >= 0:
            if price < 0 or qty < 0:
                break
            return price, qty, after
        i = expect(raw, i, n, COMMA)
    return price, qty, np.int64(REFUSED)


@helper
def write_array(raw, i, n, rows, row, end, layout, side):
    """Levels of the array at `i` into rows from `row`: (next row, next place)."""
    i = expect(raw, i, n, OPEN)
    after = expect(raw, i, n, CLOSE)
    if after >= 0:
        return row, after
    price_key = WORD_PX if layout == PX_SZ else WORD_PRICE
    qty_key = WORD_SZ if layout == PX_SZ else WORD_SIZE
    sided = layout == SIDED
    while i >= 0 and row < end:
        if layout == PAIR or sided:
            price, qty, named, i = array_level(raw, i, n, sided)
            if sided:
                side = named
        else:
            price, qty, i = object_level(raw, i, n, price_key, qty_key)
        if i < 0 or price <= 0:
            break
        at = np.uint64(row)
        rows[at, np.uint64(0)] = side
        rows[at, np.uint64(1)] = price
        rows[at, np.uint64(2)] = qty
        row += 1
        after = expect(raw, i, n, CLOSE)
        if after >= 0:
            return row, after
        i = expect(raw, i, n, COMMA)
    return row, np.int64(REFUSED)


@helper
def write_document(raw, n, rows, row, end, layout, side):
    """An array that is all `n` bytes of `raw`, into rows from `row`: the next row, or REFUSED."""
    row, i = write_array(raw, np.int64(0), n, rows, row, end, layout, side)
    return row if i == n else np.int64(REFUSED)


@kernel(f"int64({BYTES}, int64[:,::1], int64, int64, int64, int64)")
def parse_levels(raw, rows, start, end, layout, side):
    """One array of levels into rows `start` to `end` (exclusive): their count, or REFUSED.

    `side` goes into every row, except for SIDED, whose levels name it.
    """
    row = write_document(address_of(raw), len(raw), rows, start, end, layout, side)
    return row - start if row >= 0 else row


@kernel(f"int64({BYTES}, {BYTES}, int64[:,::1], int64, int64, int64)")
def parse_sides(bids, asks, rows, start, end, layout):
    """Bids then asks as `parse_levels`; either may be empty bytes, which are no levels."""
    row = start
    if len(bids) > 0:
        row = write_document(address_of(bids), len(bids), rows, row, end, layout, np.int64(0))
    if row >= 0 and len(asks) > 0:
        row = write_document(address_of(asks), len(asks), rows, row, end, layout, np.int64(1))
    return row - start if row >= 0 else row
