"""Amounts as callers write them, made exact: never through binary arithmetic, never rounded."""

from __future__ import annotations

import math
from decimal import Decimal

import msgspec

from engine.model.units import parse_decimal

__all__ = ["Amount", "exact_1e8", "exact_1e9", "json_number", "plain_text"]

Amount = int | Decimal | str | float
"""A human amount. A float means its shortest decimal text: 0.29 is 0.29."""


def exact_1e8(amount: Amount, name: str = "qty") -> int:
    """A quantity in 1e-8; ValueError when it is no number or has more digits than that."""
    return _exact(amount, 8, name)


def exact_1e9(amount: Amount, name: str = "price") -> int:
    """A price or money in 1e-9; ValueError when it is no number or has more digits than that."""
    return _exact(amount, 9, name)


def plain_text(amount: Amount, name: str = "qty") -> str:
    """The amount in plain digits, for a query string; ValueError when it is no finite number."""
    if isinstance(amount, bool):
        raise ValueError(f"{name}: {amount!r} is not an amount")  # noqa: TRY004  # one kind of fault
    if isinstance(amount, float):
        if not math.isfinite(amount):
            raise ValueError(f"{name}: {amount!r} is not a finite number")
        amount = repr(amount)
    try:
        value = Decimal(amount)
    except (ArithmeticError, TypeError, ValueError):
        raise ValueError(f"{name}: {str(amount)!r} is not a decimal number") from None
    if not value.is_finite():
        raise ValueError(f"{name}: {str(amount)!r} is not a finite number")
    return f"{value:f}"


def json_number(amount: Amount, name: str = "qty") -> msgspec.Raw:
    """The amount as a JSON number with exactly its digits."""
    return msgspec.Raw(plain_text(amount, name).encode())


def _exact(amount: Amount, decimals: int, name: str) -> int:
    try:
        return parse_decimal(plain_text(amount, name), decimals)
    except ValueError as error:
        text = str(error)
        raise ValueError(text if text.startswith(f"{name}:") else f"{name}: {text}") from None
