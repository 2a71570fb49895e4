"""Decimal digits in raw bytes, eight at a time, into exact integers.

A word of eight bytes is read at once; the arithmetic of the whole word tells how many digits it
begins with and what they are worth (pairs, then fours, then eight, by three multiplications).
Nothing is read at or after `n`: near the end a word is put together byte by byte.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from engine.kernels.lent import helper_of

__all__ = [
    "REFUSED",
    "byte",
    "expect",
    "helper",
    "hot",
    "is_digit",
    "load_word",
    "number",
    "trailing_zeros",
    "whole_number",
]

REFUSED: Final = -1
QUOTE: Final = 34
DOT: Final = 46
ZERO: Final = 48
NINE: Final = 57
SURPLUS_ZEROS_MAX: Final = 16

# Lent arrays are not counted: counting is atomic and dearer than the work.
helper: Any = helper_of()
# Small or run twice a level: inlined by LLVM whatever it thinks, for a fifth off the time.
hot: Any = helper_of(forceinline=True)

ZEROS = np.uint64(0x3030303030303030)
SIXES = np.uint64(0x0606060606060606)
HIGH_HALVES = np.uint64(0xF0F0F0F0F0F0F0F0)
PAIRS = np.uint64(0x00FF00FF00FF00FF)
FOURS = np.uint64(0x0000FFFF0000FFFF)
EIGHT = np.uint64(0x00000000FFFFFFFF)
ONE = np.uint64(1)
TEN = np.uint64(10)
HUNDRED = np.uint64(100)
TEN_THOUSAND = np.uint64(10_000)
POWERS = np.array([10**k for k in range(9)], np.int64)
# The largest whole part whose every fraction still fits 63 bits, and one more.
PRICE_WHOLE_END: Final = (2**63 - 1) // 10**9
QTY_WHOLE_END: Final = (2**63 - 1) // 10**8


@intrinsic
def load_word(context: Any, raw: Any, index: Any) -> Any:
    """Eight bytes at address `raw` + `index`, first byte lowest; the caller checks the bounds."""
    del context, raw, index

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        place = builder.add(arguments[0], arguments[1])
        word = builder.load(builder.inttoptr(place, ir.IntType(64).as_pointer()))
        word.align = 1
        return word

    return types.uint64(types.int64, types.int64), generate


@intrinsic
def byte(context: Any, raw: Any, index: Any) -> Any:
    """The byte at address `raw` + `index`; the caller checks the bounds."""
    del context, raw, index

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        place = builder.add(arguments[0], arguments[1])
        loaded = builder.load(builder.inttoptr(place, ir.IntType(8).as_pointer()))
        return builder.zext(loaded, ir.IntType(64))

    return types.int64(types.int64, types.int64), generate


@intrinsic
def trailing_zeros(context: Any, word: Any) -> Any:
    """Zero bits below the lowest one; 64 for 0."""
    del context, word

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.int64(types.uint64), generate


@hot
def load(raw, i, n):
    """The word at `i`; bytes from `n` on are 0, which is no digit."""
    if i + 8 <= n:
        return load_word(raw, i)
    word = np.uint64(0)
    for j in range(n - i):
        word |= np.uint64(byte(raw, i + j)) << np.uint64(8 * j)
    return word


@hot
def count_digits(word):
    """How many digits the word begins with."""
    # A byte is a digit when, without its 0x30, neither it nor it plus 6 reaches the high half.
    # A carry out of a byte only spoils later ones, and the first bad byte is all that is asked.
    bare = word ^ ZEROS
    return trailing_zeros((bare | (bare + SIXES)) & HIGH_HALVES) >> 3


@hot
def worth(bare):
    """Value of eight digits without their 0x30, the first one in the lowest byte."""
    pairs = (bare * TEN + (bare >> np.uint64(8))) & PAIRS
    fours = (pairs * HUNDRED + (pairs >> np.uint64(16))) & FOURS
    return np.int64((fours * TEN_THOUSAND + (fours >> np.uint64(32))) & EIGHT)


@hot
def leading(word, count):
    """Value of the first `count` (1 to 8) digits."""
    return worth((word ^ ZEROS) << np.uint64(64 - 8 * count))


@hot
def is_digit(raw, i, n):
    """Whether there is a digit at `i`."""
    return np.uint64(i) < np.uint64(n) and ZERO <= byte(raw, i) <= NINE


@hot
def expect(raw, i, n, wanted):
    """The place after the byte `wanted` at `i`, else REFUSED; as is when `i` is REFUSED."""
    if np.uint64(i) < np.uint64(n) and byte(raw, i) == wanted:
        return i + 1
    return np.int64(REFUSED)


@helper
def whole_number(raw, i, n):
    """Up to 16 digits at `i`: (value, next place), next REFUSED when there is none or more."""
    if np.uint64(i) >= np.uint64(n):
        return np.int64(0), np.int64(REFUSED)
    word = load(raw, i, n)
    count = count_digits(word)
    if count == 0:
        return np.int64(0), np.int64(REFUSED)
    value = leading(word, count)
    i += count
    if count == 8:
        word = load(raw, i, n)
        count = count_digits(word)
        if count > 0:
            value = value * POWERS[np.uint64(count)] + leading(word, count)
            i += count
            if is_digit(raw, i, n):
                return np.int64(0), np.int64(REFUSED)
    return value, i


@hot
def number(raw, i, n, nano):
    """Digits, and a point with digits: (value, next place) at 1e-9 when `nano`, else at 1e-8.

    Next is REFUSED when it is no such number, or not exact at the scale, or above 63 bits.
    """
    whole, i = whole_number(raw, i, n)
    if i < 0 or whole >= (PRICE_WHOLE_END if nano else QTY_WHOLE_END):
        return np.int64(0), np.int64(REFUSED)
    fraction = np.int64(0)
    ninth = np.int64(0)
    if i < n and byte(raw, i) == DOT:
        i += 1
        word = load(raw, i, n)
        count = count_digits(word)
        if count == 0:
            return np.int64(0), np.int64(REFUSED)
        bare = word ^ ZEROS
        if count < 8:
            fraction = worth(bare & ((ONE << np.uint64(8 * count)) - ONE))
        else:
            fraction = worth(bare)
        i += count
        if count == 8 and is_digit(raw, i, n):
            if nano:
                ninth = byte(raw, i) - ZERO
                i += 1
            surplus = i
            while i < n and byte(raw, i) == ZERO:
                i += 1
            if i - surplus > SURPLUS_ZEROS_MAX or is_digit(raw, i, n):
                return np.int64(0), np.int64(REFUSED)
    if nano:
        return whole * 1_000_000_000 + fraction * 10 + ninth, i
    return whole * 100_000_000 + fraction, i
