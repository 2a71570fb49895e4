"""JSON bytes of price levels into rows (side, price_1e9, qty_1e8), exactly or not at all.

Every kernel here answers REFUSED (-1) to whatever it does not know: an escape, an exponent, a
sign, a digit beyond the scale, a value above 63 bits, a zero price, a missing or doubled field,
too few rows, anything that is not JSON. The caller then takes its exact general way. Rows from
`start` on may be overwritten by then; none outside `start` to `end`.

Bytes are passed as `bytes` objects, a type numba unboxes itself (the length bounds all reads, and
the caller's reference keeps them alive). With the copy of a `msgspec.Raw` that is 330 ns a call;
`np.frombuffer` first costs 460, an address as an integer 370 with ctypes and has no length.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from engine.kernels.digits import (
    QUOTE,
    REFUSED,
    SPACE,
    ZERO,
    address_of,
    byte,
    helper,
    is_digit,
    number,
    skip_space,
    whole_number,
)
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
ASCII_END: Final = 127

WORD_BUY = np.uint64(int.from_bytes(b"buy", "little"))
WORD_SELL = np.uint64(int.from_bytes(b"sell", "little"))
WORD_PRICE = np.uint64(int.from_bytes(b"price", "little"))
WORD_SIZE = np.uint64(int.from_bytes(b"size", "little"))
WORD_PX = np.uint64(int.from_bytes(b"px", "little"))
WORD_SZ = np.uint64(int.from_bytes(b"sz", "little"))

BYTES: Final = "Bytes(uint8, 1, 'C', readonly=True)"


@helper
def expect(raw, i, n, wanted):
    """The place after `wanted` and white space before it, or REFUSED."""
    if i >= n or byte(raw, i) != wanted:
        i = skip_space(raw, i, n)
        if i >= n or byte(raw, i) != wanted:
            return np.int64(REFUSED)
    return i + 1


@helper
def text_word(raw, i, n):
    """A plain string at `i`: (its first eight bytes, 0 when it is longer; next place)."""
    i = expect(raw, i, n, QUOTE)
    word = np.uint64(0)
    if i < 0:
        return word, np.int64(REFUSED)
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
    i = skip_space(raw, i, n)
    if i < n and byte(raw, i) == QUOTE:
        value, i = number(raw, i + 1, n, nano)
        if i < 0 or i >= n or byte(raw, i) != QUOTE:
            return np.int64(0), np.int64(REFUSED)
        return value, i + 1
    if is_digit(raw, i + 1, n) and byte(raw, i) == ZERO:
        return np.int64(0), np.int64(REFUSED)
    return number(raw, i, n, nano)


@helper
def skip_scalar(raw, i, n):
    """The place after a plain string or a plain number, or REFUSED."""
    i = skip_space(raw, i, n)
    if i < n and byte(raw, i) == QUOTE:
        _, i = text_word(raw, i, n)
        return i
    if is_digit(raw, i + 1, n) and byte(raw, i) == ZERO:
        return np.int64(REFUSED)
    _, i = whole_number(raw, i, n)
    if i < 0 or i >= n or byte(raw, i) != 46:
        return i
    _, i = whole_number(raw, i + 1, n)
    return i


@helper
def array_level(raw, i, n):
    """`price, qty, ...]` at `i`: (price, quantity, next place)."""
    price, i = value_of(raw, i, n, True)
    qty = np.int64(0)
    if i >= 0:
        i = expect(raw, i, n, COMMA)
    if i >= 0:
        qty, i = value_of(raw, i, n, False)
    while i >= 0:
        after = expect(raw, i, n, CLOSE)
        if after >= 0:
            return price, qty, after
        i = expect(raw, i, n, COMMA)
        if i >= 0:
            i = skip_scalar(raw, i, n)
    return price, qty, np.int64(REFUSED)


@helper
def object_level(raw, i, n, price_key, qty_key):
    """Fields up to `}` at `i`: (price, quantity, next place); each of the two exactly once."""
    price = np.int64(REFUSED)
    qty = np.int64(REFUSED)
    while True:
        key, i = text_word(raw, i, n)
        if i >= 0:
            i = expect(raw, i, n, COLON)
        if i < 0:
            break
        if key == price_key and price < 0:
            price, i = value_of(raw, i, n, True)
        elif key == qty_key and qty < 0:
            qty, i = value_of(raw, i, n, False)
        elif key == price_key or key == qty_key:
            break
        else:
            i = skip_scalar(raw, i, n)
        if i < 0:
            break
        after = expect(raw, i, n, CLOSE_OBJECT)
        if after >= 0:
            if price < 0 or qty < 0:
                break
            return price, qty, after
        i = expect(raw, i, n, COMMA)
        if i < 0:
            break
    return price, qty, np.int64(REFUSED)


@helper
def side_of_text(raw, i, n):
    """`"buy",` or `"sell",` at `i`: (side, next place)."""
    word, i = text_word(raw, i, n)
    if i >= 0:
        i = expect(raw, i, n, COMMA)
    if word == WORD_BUY:
        return np.int64(0), i
    if word == WORD_SELL:
        return np.int64(1), i
    return np.int64(0), np.int64(REFUSED)


@helper
def write_array(raw, i, n, rows, row, end, layout, side):
    """Levels of the array at `i` into rows from `row`: (next row, next place)."""
    refused = np.int64(REFUSED)
    i = expect(raw, i, n, OPEN)
    if i < 0:
        return row, refused
    after = expect(raw, i, n, CLOSE)
    if after >= 0:
        return row, after
    price_key = WORD_PX if layout == PX_SZ else WORD_PRICE
    qty_key = WORD_SZ if layout == PX_SZ else WORD_SIZE
    array = layout == PAIR or layout == SIDED
    while True:
        i = expect(raw, i, n, OPEN if array else OPEN_OBJECT)
        if i < 0 or row >= end:
            return row, refused
        if layout == SIDED:
            side, i = side_of_text(raw, i, n)
            if i < 0:
                return row, refused
        if array:
            price, qty, i = array_level(raw, i, n)
        else:
            price, qty, i = object_level(raw, i, n, price_key, qty_key)
        if i < 0 or price <= 0:
            return row, refused
        at = np.uint64(row)
        rows[at, np.uint64(0)] = side
        rows[at, np.uint64(1)] = price
        rows[at, np.uint64(2)] = qty
        row += 1
        if i < n and byte(raw, i) == COMMA:
            i += 1
            continue
        after = expect(raw, i, n, CLOSE)
        if after >= 0:
            return row, after
        i = expect(raw, i, n, COMMA)
        if i < 0:
            return row, refused


@helper
def write_document(raw, n, rows, row, end, layout, side):
    """An array that is all `n` bytes of `raw`, into rows from `row`: the next row, or REFUSED."""
    row, i = write_array(raw, np.int64(0), n, rows, row, end, layout, side)
    if i < 0 or skip_space(raw, i, n) != n:
        return np.int64(REFUSED)
    return row


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
