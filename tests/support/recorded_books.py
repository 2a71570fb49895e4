"""Recorded books of four exchanges at three moments, as exact integers."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

from engine.model.units import price_1e9, qty_1e8
from tests.support.markets import Levels

FILE = Path("multi_exchange") / "multi_exchange_books.json.gz"
LEVELS_MAX = 8_000


def recorded_books(
    shared_data: Path, base: str, levels_max: int = LEVELS_MAX
) -> list[tuple[list[str], list[tuple[Levels, Levels]]]]:
    """For each moment: venues, and their (bids, asks) of `base`-USD, best first."""
    with gzip.open(shared_data / FILE) as file:
        content = json.load(file)
    moments = []
    for snapshot in content["snapshots"]:
        chosen = [b for b in snapshot["books"] if (b["base"], b["quote"]) == (base, "USD")]
        books: list[tuple[Levels, Levels]] = [
            (levels(book["bids"], levels_max), levels(book["asks"], levels_max)) for book in chosen
        ]
        moments.append(([book["venue"] for book in chosen], books))
    return moments


def levels(rows: list[list[str]], levels_max: int) -> Levels:
    """(price_1e9, qty_1e8) rows; a price given twice is one level."""
    merged: dict[int, int] = {}
    for price, qty in rows[:levels_max]:
        key = price_1e9(price)
        merged[key] = merged.get(key, 0) + qty_1e8(qty)
    return [(price, qty) for price, qty in merged.items() if qty]
