"""Slow twins of Kalshi's and Polymarket's books, in Decimals straight from the JSON."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.support.feed_recordings import units

Message = dict[str, Any]


def kalshi_events(folder: Path) -> Iterator[tuple[int, Message]]:
    """(receive ms, event) of all days of one market."""
    for path in sorted(folder.glob("*.gz")):
        with gzip.open(path, "rt") as lines:
            for text in lines:
                line = json.loads(text)
                yield line["recv_ms"], line["event"]


class KalshiTwin:
    """YES bids and NO bids of one market."""

    def __init__(self) -> None:
        self.known = False
        self.sides: dict[str, dict[Decimal, Decimal]] = {"yes": {}, "no": {}}

    def follow(self, event: Message) -> None:
        body = event["msg"]
        if event["type"] == "orderbook_snapshot":
            self.known = True
            for side in self.sides:
                pairs = body.get(f"{side}_dollars_fp", [])
                self.sides[side] = {Decimal(price): Decimal(qty) for price, qty in pairs}
        elif event["type"] == "orderbook_delta" and self.known:
            levels = self.sides[body["side"]]
            price = Decimal(body["price_dollars"])
            levels[price] = levels.get(price, Decimal(0)) + Decimal(body["delta_fp"])
            assert levels[price] >= 0
            if not levels[price]:
                del levels[price]

    def units(self) -> tuple[dict[int, int], dict[int, int]]:
        """Bids and asks of YES in integer units."""
        bids = {units(str(p), 9): units(str(q), 8) for p, q in self.sides["yes"].items()}
        asks = {units(str(1 - p), 9): units(str(q), 8) for p, q in self.sides["no"].items()}
        return bids, asks


class PolymarketTwin:
    """Bids and asks of one token."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.bids: dict[Decimal, Decimal] = {}
        self.asks: dict[Decimal, Decimal] = {}

    def follow(self, message: Message) -> None:
        if message.get("event_type") == "book" and message["asset_id"] == self.token:
            for name in ("bids", "asks"):
                levels = {Decimal(x["price"]): Decimal(x["size"]) for x in message[name]}
                setattr(self, name, levels)
        for change in message.get("price_changes", []):
            if change["asset_id"] == self.token:
                levels = self.bids if change["side"] == "BUY" else self.asks
                levels[Decimal(change["price"])] = Decimal(change["size"])
                if not Decimal(change["size"]):
                    del levels[Decimal(change["price"])]

    def units(self) -> tuple[dict[int, int], dict[int, int]]:
        """Both sides in integer units."""
        bids = {units(str(p), 9): units(str(q), 8) for p, q in self.bids.items()}
        asks = {units(str(p), 9): units(str(q), 8) for p, q in self.asks.items()}
        return bids, asks
