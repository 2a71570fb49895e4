"""Small recordings built by hand, in the venues' own wire formats."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any
from zlib import crc32

__all__ = [
    "START",
    "binance_snapshot",
    "coinbase_snapshot",
    "coinbase_update",
    "hyperliquid_book",
    "kraken_lines",
    "spot_diff",
    "stamped",
]

START = 1_700_000_000_000_000_000
NS = 10**9
Row = tuple[int, Any]
LEVELS = 12


def stamped(rows: Iterable[Row]) -> str:
    """Lines `<receive ns> <json>`."""
    return "".join(f"{stamp} {json.dumps(body)}\n" for stamp, body in rows)


def ladder(first: int, step: int, qty: str = "1.0") -> list[list[str]]:
    """Levels as [price, quantity] texts."""
    return [[str(first + step * number), qty] for number in range(LEVELS)]


def hyperliquid_book(second: int) -> Row:
    """Bids from 100 down, asks from 101 up, 1 each, at this second."""
    sides = [
        [{"px": price, "sz": qty, "n": 1} for price, qty in ladder(first, step)]
        for first, step in ((100, -1), (101, 1))
    ]
    time_ms = START // 10**6 + 1_000 * second
    body = {"channel": "l2Book", "data": {"coin": "BTC", "time": time_ms, "levels": sides}}
    return START + second * NS, body


def binance_snapshot(last: int) -> dict[str, Any]:
    """A depth answer as it stands in a stamped recording: without its symbol."""
    return {"lastUpdateId": last, "bids": ladder(100, -1), "asks": ladder(101, 1)}


def spot_diff(first: int, last: int, qty: int) -> dict[str, Any]:
    """A spot diff that sets one bid and one ask."""
    return {
        "e": "depthUpdate",
        "E": 1,
        "s": "BTCUSDT",
        "U": first,
        "u": last,
        "b": [["99", f"{qty}.0"]],
        "a": [["102", f"{qty}.0"]],
    }


def coinbase_snapshot(symbol: str, bid: int) -> dict[str, Any]:
    """A level 2 snapshot around `bid`."""
    sides = {"bids": ladder(bid, -1), "asks": ladder(bid + 10, 1)}
    return {"type": "snapshot", "product_id": symbol, **sides}


def coinbase_update(symbol: str, bid: int) -> dict[str, Any]:
    """A level 2 update with one new bid."""
    changes = [["buy", str(bid), "1.0"]]
    return {"type": "l2update", "product_id": symbol, "changes": changes, "time": TIME}


TIME = "2023-11-14T22:13:20.000000Z"


def kraken_lines(pair: str, wrong_checksum_at: int) -> list[Row]:
    """A snapshot and three updates of the best bid, a second apart; one checksum is wrong."""
    bids = {100 - n: "1.00000000" for n in range(LEVELS)}
    asks = {101 + n: "1.00000000" for n in range(LEVELS)}
    first = {
        "as": [[f"{price}.0", qty, f"{START // NS}.000000"] for price, qty in asks.items()],
        "bs": [[f"{price}.0", qty, f"{START // NS}.000000"] for price, qty in bids.items()],
    }
    rows: list[Row] = [(START, [7, first, "book-1000", pair])]
    for second in range(1, 4):
        bids[100] = f"{second + 1}.00000000"
        check = checksum(bids, asks) + (second == wrong_checksum_at)
        change = [["100.0", bids[100], f"{START // NS + second}.000000"]]
        body = [7, {"b": change, "c": str(check)}, "book-1000", pair]
        rows.append((START + second * NS, body))
    return rows


def checksum(bids: dict[int, str], asks: dict[int, str]) -> int:
    """CRC-32 over the ten best asks, then bids, each without point and leading zeros."""
    best = [(price, asks[price]) for price in sorted(asks)[:10]]
    best += [(price, bids[price]) for price in sorted(bids, reverse=True)[:10]]
    text = "".join(f"{price}0" + qty.replace(".", "").lstrip("0") for price, qty in best)
    return crc32(text.encode())
