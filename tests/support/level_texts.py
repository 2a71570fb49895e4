"""JSON texts of levels for parser tests: generated, and broken in one place."""

from __future__ import annotations

import json
from decimal import Decimal

from hypothesis import strategies as st

from engine.kernels import decimals

__all__ = ["LEVELS", "Level", "broken", "document", "plain_prices", "plain_qtys", "text_of"]

Level = tuple[int, int, int]
"""(side, price_1e9, qty_1e8)."""

# What the kernels take on: a little less than 63 bits, where the exact way goes on alone.
plain_prices = st.one_of(st.integers(1, 10**12), st.integers(1, 9_223_372_035 * 10**9))
plain_qtys = st.one_of(st.integers(0, 10**10), st.integers(0, 92_233_720_367 * 10**8))
LEVELS = st.lists(st.tuples(st.integers(0, 1), plain_prices, plain_qtys), max_size=12)


def text_of(value: int, decimals_: int, bare: bool = False) -> str:
    """Decimal text, without the zeros that say nothing when `bare`."""
    text = format(Decimal(value).scaleb(-decimals_), "f")
    return text.rstrip("0").rstrip(".") if bare and "." in text else text


def document(layout: int, levels: list[Level], bare: bool = False) -> bytes:
    """The levels in one layout, as compact JSON, with fields that are to be skipped."""
    entries: list[object] = []
    for side, price, qty in levels:
        texts = text_of(price, 9, bare), text_of(qty, 8, bare)
        if layout == decimals.PRICE_SIZE:
            entries.append({"size": texts[1], "price": texts[0], "hash": "0xab", "count": 3})
        elif layout == decimals.PX_SZ:
            entries.append({"n": 3, "px": texts[0], "sz": texts[1]})
        elif layout == decimals.SIDED:
            entries.append([("buy", "sell")[side], *texts])
        else:
            entries.append([*texts, "1618678133.365913", 7])
    return json.dumps(entries, separators=(",", ":")).encode()


@st.composite
def broken(draw: st.DrawFn, text: bytes) -> bytes:
    """The text with some bytes replaced, taken out, doubled or put in."""
    data = bytearray(text)
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, max(len(data) - 1, 0)))
        kind = draw(st.integers(0, 3))
        piece = draw(st.sampled_from([*b'0123456789.,:"[]{}-+eE \\\x00\xffps']))
        if kind == 0:
            data[place : place + 1] = bytes([piece])
        elif kind == 1:
            del data[place : place + draw(st.integers(1, 4))]
        elif kind == 2:
            data[place:place] = bytes([piece]) * draw(st.integers(1, 20))
        else:
            data[place:place] = data[place : place + draw(st.integers(1, 24))]
    return bytes(data)
