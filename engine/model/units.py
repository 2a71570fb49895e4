"""Exact units of the engine: prices in 1e-9, quantities in 1e-8, money in 1e-9, all integers.

Decimal text becomes an integer exactly or not at all. Products of price and quantity do not
fit 64 bits, so accounted money is computed with Python integers and one stated rounding rule.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from enum import IntEnum
from typing import Final

PRICE_DECIMALS = 9
QTY_DECIMALS = 8
PRICE_SCALE = 10**PRICE_DECIMALS
QTY_SCALE = 10**QTY_DECIMALS
PPM = 1_000_000
INT64_MAX = 2**63 - 1
# Numbers of so many digits fit 64 bits whatever they are.
_PLAIN_DIGITS = 18
_PLAIN = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_POWERS = tuple(10**n for n in range(_PLAIN_DIGITS + 1))


class Side(IntEnum):
    """Buy takes asks, sell takes bids; `sign` is +1 for a buy and -1 for a sell."""

    BUY = 0
    SELL = 1

    @property
    def sign(self) -> int:
        return 1 - 2 * int(self)

    @property
    def text(self) -> str:
        return "sell" if self else "buy"

    @property
    def opposite(self) -> Side:
        return _BUY if self else _SELL


# Looking an enum member up by its class costs a tenth of a microsecond each time.
_BUY: Final = Side.BUY
_SELL: Final = Side.SELL


def parse_side(text: str) -> Side:
    """`buy` or `sell` in any case; ValueError otherwise."""
    lowered = text.lower()
    if lowered == "buy":
        return _BUY
    if lowered == "sell":
        return _SELL
    raise ValueError(f"side must be 'buy' or 'sell', not {text!r}")


def is_plain_decimal(text: str) -> bool:
    """Whether the text is a decimal number of ASCII digits, with nothing in or around it."""
    return _PLAIN.fullmatch(text) is not None


def parse_decimal(text: str | Decimal | int, decimals: int) -> int:
    """Exact integer of `text` at 10**-decimals; ValueError when it is inexact or no number.

    A float is refused here: what a caller's float means is decided at the door.
    """
    if type(text) is str:
        # Plain digits, as venues write them; whatever else there may be is left to Decimal.
        whole, point, fraction = text.partition(".")
        shift = decimals - len(fraction)
        if shift >= 0 and len(whole) + decimals <= _PLAIN_DIGITS and text.isascii():
            if whole.isdigit() and (fraction.isdigit() or not point):
                plain: int = int(whole + fraction) * _POWERS[shift]
                return plain
    if isinstance(text, bool | float):
        # A value error like the others, so that callers name the field in one way.
        raise ValueError(  # noqa: TRY004  # see above
            f"a decimal string is needed, not {text!r}"
        )
    try:
        value = Decimal(text)
    except (InvalidOperation, ValueError, TypeError):
        raise ValueError(f"{str(text)!r} is not a decimal number") from None
    if not value.is_finite():
        raise ValueError(f"{str(text)!r} is not a finite number")
    if isinstance(text, str) and not is_plain_decimal(text):
        raise ValueError(f"{text!r} is not a plain decimal number")
    sign, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    shift = exponent + decimals
    if not -40 <= shift <= 40:
        raise ValueError(f"{str(text)!r} is out of range")
    number = 0
    for digit in digits:
        number = number * 10 + digit
    if shift >= 0:
        number *= 10**shift
    else:
        number, rest = divmod(number, 10**-shift)
        if rest:
            raise ValueError(f"{str(text)!r} has more than {decimals} decimals")
    if number > INT64_MAX:
        raise ValueError(f"{str(text)!r} is out of range")
    return int(-number if sign else number)


def price_1e9(text: str | Decimal | int) -> int:
    """Price text in 1e-9."""
    return parse_decimal(text, PRICE_DECIMALS)


def qty_1e8(text: str | Decimal | int) -> int:
    """Quantity text in 1e-8."""
    return parse_decimal(text, QTY_DECIMALS)


def format_decimal(value: int, decimals: int) -> str:
    """Shortest exact decimal text of `value` at 10**-decimals."""
    scale = 10**decimals
    whole, rest = divmod(abs(value), scale)
    sign = "-" if value < 0 else ""
    if not rest:
        return f"{sign}{whole}"
    fraction = str(rest).rjust(decimals, "0").rstrip("0")
    return f"{sign}{whole}.{fraction}"


def format_price(price: int) -> str:
    """Shortest exact text of a price in 1e-9."""
    return format_decimal(price, PRICE_DECIMALS)


def format_qty(qty: int) -> str:
    """Shortest exact text of a quantity in 1e-8."""
    return format_decimal(qty, QTY_DECIMALS)


def divide_half_even(numerator: int, denominator: int) -> int:
    """Integer quotient rounded half to even; the denominator is positive."""
    assert denominator > 0
    quotient, rest = divmod(numerator, denominator)
    if not rest:
        return quotient
    twice = 2 * rest
    if twice > denominator or (twice == denominator and quotient & 1):
        return quotient + 1
    return quotient


def divide_up(numerator: int, denominator: int) -> int:
    """Integer quotient rounded up (towards plus infinity)."""
    assert denominator > 0
    return -(-numerator // denominator)


def notional_1e9(price: int, qty: int) -> int:
    """Money of `qty` (1e-8) at `price` (1e-9), in 1e-9, rounded half to even."""
    return divide_half_even(price * qty, QTY_SCALE)


def average_price_1e9(price_times_qty: int, qty: int) -> int:
    """Average of sum(price x qty) over sum(qty), rounded half to even; 0 when nothing filled."""
    return divide_half_even(price_times_qty, qty) if qty else 0


def floor_to(value: int, step: int) -> int:
    """Largest multiple of `step` not above `value`."""
    return value - value % step


def ceil_to(value: int, step: int) -> int:
    """Smallest multiple of `step` not below `value`."""
    return value + -value % step


def round_passive(price: int, tick: int, side: Side) -> int:
    """`price` on the tick grid, never more aggressive: down for a buy, up for a sell."""
    return floor_to(price, tick) if side is Side.BUY else ceil_to(price, tick)


def snap(value: int, step: int) -> int | None:
    """`value` on the grid when it is within one unit of a multiple of `step`, else None.

    Clients that truncate floats send 28999999 for 0.29; one unit is mended, more is refused.
    """
    if value % step == 0:
        return value
    if (value + 1) % step == 0:
        return value + 1
    if (value - 1) % step == 0:
        return value - 1
    return None
