"""Exact decimal text of integers, as the simulated venues write prices and quantities."""

from __future__ import annotations

__all__ = ["fixed_price", "fixed_qty"]


def fixed_price(price_1e9: int) -> str:
    """Exact decimal text of a price or an amount in 1e-9, without trailing zeros."""
    if price_1e9 < 0:
        return "-" + fixed_price(-price_1e9)
    whole, rest = divmod(price_1e9, 1_000_000_000)
    # Adding the unit and dropping its digit pads with zeros at half the cost of a format.
    return f"{whole}.{str(1_000_000_000 + rest)[1:].rstrip('0')}" if rest else str(whole)


def fixed_qty(qty_1e8: int) -> str:
    """Exact decimal text of a non-negative quantity in 1e-8, without trailing zeros."""
    whole, rest = divmod(qty_1e8, 100_000_000)
    return f"{whole}.{str(100_000_000 + rest)[1:].rstrip('0')}" if rest else str(whole)
