"""JSON bytes of price levels into rows (side, price_1e9, qty_1e8), exactly or not at all.

Every kernel here answers REFUSED (-1) to whatever it does not know: an escape, an exponent, a
sign, a digit beyond the scale, a value above 63 bits, a zero price, a missing or doubled field,
white space, which no venue sends, too few rows, anything that is not JSON. The caller then takes
its exact general way. Rows `start` to `end` may be overwritten by then, no others.

Bytes are passed as `bytes` objects, a type numba unboxes itself: the length bounds all reads, and
the caller's reference keeps them alive. A call with the copy of a `msgspec.Raw` was measured at
330 ns, one with `np.frombuffer` at 460; a bare address would be cheaper, but carries no length.
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
    hot,
    is_digit,
    number,
)
from engine.kernels.machine import address_of
from engine.kernels.registry import kernel

__all__ = ["PAIR", "PRICE_SIZE", "PX_SZ", "REFUSED", "SIDED", "parse_sides"]

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


@hot
def value_of(raw, i, n, nano):
    """A number at `i`, in quotes or bare: (value, next place)."""
    inside = expect(raw, i, n, QUOTE)
    if inside < 0 and is_digit(raw, i + 1, n) and byte(raw, i) == ZERO:
        return np.int64(0), np.int64(REFUSED)
    value, i = number(raw, i if inside < 0 else inside, n, nano)
    return value, i if inside < 0 else expect(raw, i, n, QUOTE)


@helper
def skip_digits(raw, i, n):
    """The place after one digit or more, or REFUSED."""
    if not is_digit(raw, i, n):
        return np.int64(REFUSED)
    while is_digit(raw, i, n):
        i += 1
    return i


@helper
def skip_scalar(raw, i, n):
    """The place after a plain string or a plain number, or REFUSED."""
    if expect(raw, i, n, QUOTE) >= 0:
        _, i = text_word(raw, i, n)
        return i
    if is_digit(raw, i + 1, n) and byte(raw, i) == ZERO:
        return np.int64(REFUSED)
    i = skip_digits(raw, i, n)
    point = expect(raw, i, n, DOT)
    return i if point < 0 else skip_digits(raw, point, n)


@helper
def side_of_text(raw, i, n):
    """`"buy",` or `"sell",` at `i`: (side, next place)."""
    word, i = text_word(raw, i, n)
    if word == WORD_BUY:
        return np.int64(0), expect(raw, i, n, COMMA)
    if word == WORD_SELL:
        return np.int64(1), expect(raw, i, n, COMMA)
    return np.int64(0), np.int64(REFUSED)


@hot
def array_level(raw, i, n):
    """`"price","qty",...]` at `i`: (price, quantity, next place)."""
    price = np.int64(0)
    qty = np.int64(0)
    # One loop, so that the machine code of a number stands here once.
    for field in range(2):
        price = qty
        qty, i = value_of(raw, i, n, field == 0)
        if field == 0:
            i = expect(raw, i, n, COMMA)
    after = expect(raw, i, n, CLOSE)
    while i >= 0 and after < 0:
        i = skip_scalar(raw, expect(raw, i, n, COMMA), n)
        after = expect(raw, i, n, CLOSE)
    return price, qty, after


@hot
def object_level(raw, i, n, price_key, qty_key):
    """Fields up to `}` with each of the two exactly once: (price, quantity, next place)."""
    price = np.int64(REFUSED)
    qty = np.int64(REFUSED)
    while i >= 0:
        key, i = text_word(raw, i, n)
        i = expect(raw, i, n, COLON)
        if key == price_key or key == qty_key:
            if (price if key == price_key else qty) >= 0:
                break
            value, i = value_of(raw, i, n, key == price_key)
            if key == price_key:
                price = value
            else:
                qty = value
        else:
            i = skip_scalar(raw, i, n)
        after = expect(raw, i, n, CLOSE_OBJECT)
        if after >= 0:
            return price, qty, after if price >= 0 and qty >= 0 else np.int64(REFUSED)
        i = expect(raw, i, n, COMMA)
    return price, qty, np.int64(REFUSED)


@hot
def put_level(rows, row, side, price, qty):
    """Write one row."""
    at = np.uint64(row)
    rows[at, np.uint64(0)] = side
    rows[at, np.uint64(1)] = price
    rows[at, np.uint64(2)] = qty


@helper
def write_arrays(raw, i, n, rows, row, end, side, sided):
    """Array of arrays at `i` into rows from `row`: (next row, next place)."""
    i = expect(raw, i, n, OPEN)
    after = expect(raw, i, n, CLOSE)
    while i >= 0 and after < 0 and row < end:
        i = expect(raw, i, n, OPEN)
        if sided:
            side, i = side_of_text(raw, i, n)
        price, qty, i = array_level(raw, i, n)
        if i < 0 or price <= 0:
            break
        put_level(rows, row, side, price, qty)
        row += 1
        after = expect(raw, i, n, CLOSE)
        i = expect(raw, i, n, COMMA)
    return row, after


@helper
def write_objects(raw, i, n, rows, row, end, side, layout):
    """Array of objects at `i` into rows from `row`: (next row, next place)."""
    price_key = WORD_PX if layout == PX_SZ else WORD_PRICE
    qty_key = WORD_SZ if layout == PX_SZ else WORD_SIZE
    i = expect(raw, i, n, OPEN)
    after = expect(raw, i, n, CLOSE)
    while i >= 0 and after < 0 and row < end:
        i = expect(raw, i, n, OPEN_OBJECT)
        price, qty, i = object_level(raw, i, n, price_key, qty_key)
        if i < 0 or price <= 0:
            break
        put_level(rows, row, side, price, qty)
        row += 1
        after = expect(raw, i, n, CLOSE)
        i = expect(raw, i, n, COMMA)
    return row, after


@kernel(f"int64({BYTES}, {BYTES}, int64[:,::1], int64, int64, int64)")
def parse_sides(bids, asks, rows, start, end, layout):
    """Bids, then asks, into rows `start` to `end` (exclusive): how many rows, or REFUSED.

    Empty bytes are no levels. SIDED levels name their side, wherever they are given.
    """
    row = np.int64(start)
    for side in range(2):
        raw = address_of(bids) if side == 0 else address_of(asks)
        n = np.int64(len(bids) if side == 0 else len(asks))
        if n == 0:
            continue
        if layout == PRICE_SIZE or layout == PX_SZ:
            row, i = write_objects(raw, 0, n, rows, row, end, side, layout)
        else:
            row, i = write_arrays(raw, 0, n, rows, row, end, side, layout == SIDED)
        if i != n:
            return np.int64(REFUSED)
    return row - start
