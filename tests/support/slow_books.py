"""The venues' documented book rules in their shortest form: frames in, two dicts out.

Each function starts from nothing and reads all frames up to the moment asked for. Losing a
message is an AssertionError here: the recordings used have no holes where the books are compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

__all__ = ["Levels", "SlowFrame", "book_of"]

Levels = dict[int, int]
Books = tuple[Levels, Levels]
JOKE = 2**63


@dataclass
class SlowFrame:
    """What arrived when; `url` is set for the answer to a request."""

    recv_ns: int
    body: Any
    url: str


def book_of(venue: str, symbol: str, frames: Sequence[SlowFrame]) -> Books:
    """The book of a symbol, as the venue spells it, after these frames."""
    rule = {
        "binance": binance_spot,
        "binance-usdm": binance_futures,
        "binance-coinm": binance_futures,
        "coinbase": coinbase,
        "kraken": kraken,
        "hitbtc": hitbtc,
        "hyperliquid": hyperliquid,
        "kalshi": kalshi,
        "polymarket": polymarket,
    }.get(venue, static_books)
    if frames and "base" in frames[0].body:
        rule = static_books
    bids, asks = rule(symbol, frames)
    return positive(bids), positive(asks)


def exact(text: str | int, decimals: int) -> int:
    """Decimal text as an integer at 10**-decimals; nothing may be lost."""
    value = Decimal(str(text)).scaleb(decimals)
    assert value == int(value), f"{text} has more than {decimals} decimals"
    return int(value)


def put(side: Levels, pairs: Iterable[Sequence[Any]]) -> None:
    """Absolute quantities by price; 0 deletes."""
    for price, qty, *_ in pairs:
        side[exact(price, 9)] = exact(qty, 8)


def positive(side: Levels) -> Levels:
    """Without deleted levels and without prices that no order can name."""
    return {price: qty for price, qty in side.items() if qty and price < JOKE}


def binance_parts(
    symbol: str, frames: Sequence[SlowFrame]
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The snapshot of the symbol, and all its diffs in the order received."""
    snapshots, diffs = [], []
    for frame in frames:
        body = frame.body.get("data", frame.body)
        if "lastUpdateId" in body:
            asked = f"symbol={symbol}&" in f"{frame.url}&"
            if asked or (not frame.url and body.get("symbol", symbol) == symbol):
                snapshots.append(body)
        elif body.get("e") == "depthUpdate" and body["s"] == symbol:
            diffs.append(body)
    return snapshots[0], diffs


def binance_spot(symbol: str, frames: Sequence[SlowFrame]) -> Books:
    """Drop u <= lastUpdateId; the first kept has U <= lastUpdateId + 1; then U = last u + 1."""
    snapshot, diffs = binance_parts(symbol, frames)
    bids: Levels = {}
    asks: Levels = {}
    put(bids, snapshot["bids"])
    put(asks, snapshot["asks"])
    last = snapshot["lastUpdateId"]
    first = True
    for diff in diffs:
        if diff["u"] <= last:
            continue
        assert diff["U"] <= last + 1 if first else diff["U"] == last + 1
        first, last = False, diff["u"]
        put(bids, diff["b"])
        put(asks, diff["a"])
    return bids, asks


def binance_futures(symbol: str, frames: Sequence[SlowFrame]) -> Books:
    """Drop u < lastUpdateId; the first kept has U <= lastUpdateId; then pu = last u."""
    snapshot, diffs = binance_parts(symbol, frames)
    bids: Levels = {}
    asks: Levels = {}
    put(bids, snapshot["bids"])
    put(asks, snapshot["asks"])
    last = -1
    for diff in diffs:
        if diff["u"] < snapshot["lastUpdateId"]:
            continue
        assert diff["U"] <= snapshot["lastUpdateId"] if last < 0 else diff["pu"] == last
        last = diff["u"]
        put(bids, diff["b"])
        put(asks, diff["a"])
    return bids, asks


def coinbase(symbol: str, frames: Sequence[SlowFrame]) -> Books:
    """`snapshot`, then `l2update` with absolute sizes."""
    bids: Levels = {}
    asks: Levels = {}
    for frame in frames:
        body = frame.body
        if body.get("product_id") != symbol:
            continue
        if body["type"] == "snapshot":
            bids, asks = {}, {}
            put(bids, body["bids"])
            put(asks, body["asks"])
        elif body["type"] == "l2update":
            for side, price, qty in body["changes"]:
                put(bids if side == "buy" else asks, [(price, qty)])
    return bids, asks


def kraken(symbol: str, frames: Sequence[SlowFrame]) -> Books:
    """`as`/`bs`, then `a`/`b`; after each message only the best `depth` levels are kept."""
    bids: Levels = {}
    asks: Levels = {}
    for frame in frames:
        body = frame.body
        if not isinstance(body, list) or body[-1] != symbol or not body[-2].startswith("book"):
            continue
        depth = int(body[-2].partition("-")[2] or 10)
        for part in body[1:-2]:
            if "as" in part or "bs" in part:
                bids, asks = {}, {}
            put(asks, part.get("as", []))
            put(bids, part.get("bs", []))
            put(asks, part.get("a", []))
            put(bids, part.get("b", []))
        bids, asks = positive(bids), positive(asks)
        bids = {price: bids[price] for price in sorted(bids, reverse=True)[:depth]}
        asks = {price: asks[price] for price in sorted(asks)[:depth]}
    return bids, asks


def hitbtc(symbol: str, frames: Sequence[SlowFrame]) -> Books:
    """The newest snapshot and each numbered update of any line after it, once."""
    snapshots, updates = {}, {}
    for frame in frames:
        params = frame.body.get("params")
        if not isinstance(params, dict) or params.get("symbol") != symbol:
            continue
        if frame.body["method"] == "snapshotOrderbook":
            snapshots[params["sequence"]] = params
        elif frame.body["method"] == "updateOrderbook":
            updates[params["sequence"]] = params
    bids: Levels = {}
    asks: Levels = {}
    sequence = max(snapshots)
    message: dict[str, Any] | None = snapshots[sequence]
    while message is not None:
        put(bids, [(level["price"], level["size"]) for level in message["bid"]])
        put(asks, [(level["price"], level["size"]) for level in message["ask"]])
        sequence += 1
        message = updates.get(sequence)
    assert not any(number > sequence for number in updates), "an update is missing"
    return bids, asks


def hyperliquid(symbol: str, frames: Sequence[SlowFrame]) -> Books:
    """Every `l2Book` is the whole book."""
    books = [
        frame.body["data"]["levels"]
        for frame in frames
        if frame.body["channel"] == "l2Book" and frame.body["data"]["coin"] == symbol
    ]
    sides = ({exact(row["px"], 9): exact(row["sz"], 8) for row in side} for side in books[-1])
    bids, asks = sides
    return bids, asks


def kalshi(symbol: str, frames: Sequence[SlowFrame]) -> Books:
    """Bids for YES and for NO, signed changes; a NO bid at p offers YES at 1 - p."""
    held: dict[str, Levels] = {"yes": {}, "no": {}}
    for frame in frames:
        message = frame.body["msg"]
        if message.get("market_ticker") != symbol:
            continue
        if frame.body["type"] == "orderbook_snapshot":
            held = {"yes": {}, "no": {}}
            for name in held:
                put(held[name], message.get(f"{name}_dollars_fp") or [])
        elif frame.body["type"] == "orderbook_delta":
            side = held[message["side"]]
            price = exact(message["price_dollars"], 9)
            side[price] = side.get(price, 0) + exact(message["delta_fp"], 8)
            assert side[price] >= 0
    return held["yes"], {10**9 - price: qty for price, qty in held["no"].items()}


def polymarket(symbol: str, frames: Sequence[SlowFrame]) -> Books:
    """`book` replaces, `price_change` sets sizes, both by outcome token."""
    bids: Levels = {}
    asks: Levels = {}
    for frame in frames:
        for body in frame.body if isinstance(frame.body, list) else [frame.body]:
            if body["event_type"] == "book" and body["asset_id"] == symbol:
                bids, asks = {}, {}
                put(bids, [(row["price"], row["size"]) for row in body["bids"]])
                put(asks, [(row["price"], row["size"]) for row in body["asks"]])
            elif body["event_type"] == "price_change":
                for change in body["price_changes"]:
                    if change["asset_id"] == symbol:
                        side = bids if change["side"] == "BUY" else asks
                        put(side, [(change["price"], change["size"])])
    return bids, asks


def static_books(symbol: str, frames: Sequence[SlowFrame]) -> Books:
    """The last standing book of the pair."""
    body = [row.body for row in frames if f"{row.body['base']}-{row.body['quote']}" == symbol][-1]
    bids: Levels = {}
    asks: Levels = {}
    put(bids, body["bids"])
    put(asks, body["asks"])
    return bids, asks
