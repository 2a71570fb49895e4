"""A whole Binance `depthUpdate` frame into numbers and level rows in one pass, or not at all.

Bare, or in the envelope of the combined stream (`stream`, then `data`); the fields of the body in
any order, except that bids come before asks, as rows do. Anything else is REFUSED: a field that is
not known, is doubled or is lacking, a number that is no plain integer, a level of `decimals`'
refusal. The general way then reads the frame.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from engine.kernels.decimals import (
    BYTES,
    CLOSE_OBJECT,
    COLON,
    COMMA,
    OPEN_OBJECT,
    text_word,
    write_arrays,
)
from engine.kernels.digits import (
    REFUSED,
    ZERO,
    byte,
    expect,
    helper,
    is_digit,
    load_word,
    trailing_zeros,
    whole_number,
)
from engine.kernels.machine import address_of
from engine.kernels.registry import kernel

__all__ = ["FIELDS", "REFUSED", "parse_depth_update"]

FIELDS: Final = 7
"""Cells of `out`: event ms, engine ms (0: none), first id, last id, previous id (-1: none), and
where the symbol begins and ends in the frame."""
EVENT_MS: Final = 0
ENGINE_MS: Final = 1
FIRST_ID: Final = 2
LAST_ID: Final = 3
PREVIOUS_ID: Final = 4
SYMBOL_BEGIN: Final = 5
SYMBOL_END: Final = 6

KEY_KIND = np.uint64(ord("e"))
KEY_EVENT_MS = np.uint64(ord("E"))
KEY_ENGINE_MS = np.uint64(ord("T"))
KEY_SYMBOL = np.uint64(ord("s"))
KEY_PAIR = np.uint64(int.from_bytes(b"ps", "little"))
KEY_FIRST = np.uint64(ord("U"))
KEY_LAST = np.uint64(ord("u"))
KEY_PREVIOUS = np.uint64(int.from_bytes(b"pu", "little"))
KEY_BIDS = np.uint64(ord("b"))
KEY_ASKS = np.uint64(ord("a"))
KEY_STREAM = np.uint64(int.from_bytes(b"stream", "little"))
KEY_DATA = np.uint64(int.from_bytes(b"data", "little"))
# `depthUpdate` and its closing quote, longer than a word, as two that overlap.
KIND_HEAD = np.uint64(int.from_bytes(b"depthUpd", "little"))
KIND_TAIL = np.uint64(int.from_bytes(b'hUpdate"', "little"))

SEEN_SYMBOL: Final = 1 << 8
SEEN_KIND: Final = 1 << 9
SEEN_PAIR: Final = 1 << 10
SEEN_BIDS: Final = 1 << 11
SEEN_ASKS: Final = 1 << 12
NEEDED: Final = (
    1 << EVENT_MS | 1 << FIRST_ID | 1 << LAST_ID | SEEN_SYMBOL | SEEN_KIND | SEEN_BIDS | SEEN_ASKS
)


@helper
def integer(raw, i, n):
    """A plain JSON integer that is not negative: (value, next place)."""
    if is_digit(raw, i + 1, n) and byte(raw, i) == ZERO:
        return np.int64(0), np.int64(REFUSED)
    return whole_number(raw, i, n)


@helper
def is_depth_update(raw, start, n):
    """Whether the string whose first letter stands at `start` is `depthUpdate`."""
    if start + 12 > n:
        return False
    tail = load_word(raw, start + 4)
    return load_word(raw, start) == KIND_HEAD and tail == KIND_TAIL


@helper
def body_start(raw, n):
    """The place of the body's `{`: 0, or that in the envelope, or REFUSED."""
    start = expect(raw, np.int64(0), n, OPEN_OBJECT)
    key, i = text_word(raw, start, n)
    if key != KEY_STREAM:
        return np.int64(0)
    _, i = text_word(raw, expect(raw, i, n, COLON), n)
    key, i = text_word(raw, expect(raw, i, n, COMMA), n)
    if key != KEY_DATA:
        return np.int64(REFUSED)
    return expect(raw, i, n, COLON)


@helper
def field_of(key):
    """A field's bit, which is 1 << its place in the order of `out`; 0 for other fields."""
    if key == KEY_EVENT_MS:
        return 1 << EVENT_MS
    if key == KEY_ENGINE_MS:
        return 1 << ENGINE_MS
    if key == KEY_FIRST:
        return 1 << FIRST_ID
    if key == KEY_LAST:
        return 1 << LAST_ID
    if key == KEY_PREVIOUS:
        return 1 << PREVIOUS_ID
    if key == KEY_SYMBOL:
        return SEEN_SYMBOL
    if key == KEY_KIND:
        return SEEN_KIND
    if key == KEY_PAIR:
        return SEEN_PAIR
    if key == KEY_BIDS:
        return SEEN_BIDS
    if key == KEY_ASKS:
        return SEEN_ASKS
    return 0


@helper
def write_body(raw, i, n, rows, row, end, out):
    """The object at `i`: (next row, next place)."""
    seen = 0
    i = expect(raw, i, n, OPEN_OBJECT)
    while i >= 0:
        key, i = text_word(raw, i, n)
        i = expect(raw, i, n, COLON)
        bit = field_of(key)
        if bit == 0 or seen & bit or (bit == SEEN_BIDS and seen & SEEN_ASKS):
            break
        seen |= bit
        if bit >= SEEN_BIDS:
            side = np.int64(bit == SEEN_ASKS)
            row, i = write_arrays(raw, i, n, rows, row, end, side, False)
        elif bit >= SEEN_SYMBOL:
            begin = i + 1
            _, i = text_word(raw, i, n)
            if bit == SEEN_SYMBOL:
                out[np.uint64(SYMBOL_BEGIN)] = begin
                out[np.uint64(SYMBOL_END)] = i - 1
            elif bit == SEEN_KIND and not is_depth_update(raw, begin, n):
                break
        else:
            value, i = integer(raw, i, n)
            out[np.uint64(trailing_zeros(np.uint64(bit)))] = value
        after = expect(raw, i, n, CLOSE_OBJECT)
        if after >= 0:
            if seen & NEEDED != NEEDED:
                break
            return row, after
        i = expect(raw, i, n, COMMA)
    return row, np.int64(REFUSED)


@kernel(f"int64({BYTES}, int64[:,::1], int64, int64, int64[::1])")
def parse_depth_update(frame, rows, start, end, out):
    """A frame's levels into rows `start` to `end` (exclusive), its numbers into `out` (FIELDS).

    Returns the count of rows, or REFUSED; `out` then means nothing. Levels' quantity 0 deletes.
    """
    raw = address_of(frame)
    n = np.int64(len(frame))
    out[np.uint64(ENGINE_MS)] = 0
    out[np.uint64(PREVIOUS_ID)] = -1
    body = body_start(raw, n)
    row, i = write_body(raw, body, n, rows, start, end, out)
    if body > 0:
        i = expect(raw, i, n, CLOSE_OBJECT)
    return row - start if i == n else np.int64(REFUSED)
