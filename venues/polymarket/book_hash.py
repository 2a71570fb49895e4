"""Polymarket's book hash: computing it, and checking books against it.

The rule, as the venue's official clients state it: SHA-1 over the compact JSON of market,
asset_id, timestamp, an empty hash, bids, asks, min_order_size, tick_size, neg_risk and
last_trade_price, in this order. A `price_change` carries the hash of the book after the change,
which makes it the feed's only proof that nothing was lost.

The minimum size and the kind of market do not stand in the frames. They are learnt from the first
book whose hash some usual pair reproduces; until then a book can neither be proved nor refuted.
The last trade's price may move unseen; it stands last in the JSON, so a few thousand prices are
tried on a copy of the state before a hash counts as wrong.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from enum import IntEnum
from typing import Final

__all__ = ["BookFacts", "HashVerdict", "book_hash", "book_head", "level_text"]

MINIMUM_SIZES: Final = ("5", "15", "1", "10", "20", "50", "100", "0.1", "0.01", "0")
KINDS: Final = ("false", "true")


class HashVerdict(IntEnum):
    """What a hash says about a book."""

    RIGHT = 0
    WRONG = 1
    UNPROVED = 2
    """The market's facts are not known (yet), or the message carries no hash."""


def level_text(price: str, size: str) -> str:
    """One level as the hashed JSON writes it, with the texts as sent."""
    return f'{{"price":"{price}","size":"{size}"}}'


def book_hash(
    head: str, min_order_size: str, tick_size: str, neg_risk: str, last_trade_price: str
) -> str:
    """The hash as 40 hexadecimal digits; `head` is that of `book_head`."""
    tail = facts_text(min_order_size, tick_size, neg_risk) + last_trade_price + '"}'
    return digest((head + tail).encode(errors="replace"))


def book_head(
    market: str, asset: str, timestamp: str, bids: Iterable[str], asks: Iterable[str]
) -> str:
    """The hashed JSON up to the levels' end; levels by `level_text`, in the venue's order."""
    return (
        f'{{"market":"{market}","asset_id":"{asset}","timestamp":"{timestamp}","hash":"",'
        f'"bids":[{",".join(bids)}],"asks":[{",".join(asks)}],'
    )


def facts_text(min_order_size: str, tick_size: str, neg_risk: str) -> str:
    """The hashed JSON from the levels' end to the last trade's price."""
    return (
        f'"min_order_size":"{min_order_size}","tick_size":"{tick_size}",'
        f'"neg_risk":{neg_risk},"last_trade_price":"'
    )


def digest(data: bytes) -> str:
    """SHA-1 in hexadecimal."""
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()


class BookFacts:
    """What the hashes of one market's two books depend on besides their levels."""

    __slots__ = ("last_trade_price", "min_order_size", "minimum_sizes", "neg_risk", "tick_size")

    def __init__(self, likely_minimum: str) -> None:
        self.minimum_sizes = (likely_minimum, *MINIMUM_SIZES)
        self.min_order_size = ""
        self.neg_risk = ""
        self.tick_size = ""
        self.last_trade_price = ""

    def check(self, head: str, expected: str) -> HashVerdict:
        """Whether a book with this head has this hash; learns from a right one."""
        if not (expected and self.tick_size):
            return HashVerdict.UNPROVED
        if self.neg_risk:
            return self.check_known(head, expected)
        for minimum in self.minimum_sizes:
            for kind in KINDS:
                found = book_hash(head, minimum, self.tick_size, kind, self.last_trade_price)
                if found == expected:
                    self.min_order_size, self.neg_risk = minimum, kind
                    return HashVerdict.RIGHT
        return HashVerdict.UNPROVED

    def check_known(self, head: str, expected: str) -> HashVerdict:
        """As `check`, with the last trade's price the only thing that may have moved."""
        text = head + facts_text(self.min_order_size, self.tick_size, self.neg_risk)
        state = hashlib.sha1(text.encode(errors="replace"), usedforsecurity=False)
        for price in self.likely_prices():
            attempt = state.copy()
            attempt.update(f'{price}"}}'.encode(errors="replace"))
            if attempt.hexdigest() == expected:
                self.last_trade_price = price
                return HashVerdict.RIGHT
        return HashVerdict.WRONG

    def likely_prices(self) -> Iterator[str]:
        """The last known price first, then every one in the forms the venue writes."""
        yield self.last_trade_price
        yield ""
        for thousandths in range(1001):
            text = f"{thousandths // 1000}.{thousandths % 1000:03d}"
            yield text
            yield text.rstrip("0").rstrip(".")
        if self.tick_size == "0.0001":
            for parts in range(10_000):
                yield f"0.{parts:04d}"
