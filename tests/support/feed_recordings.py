"""Recorded venue frames for codec tests, and the slow obvious book they are checked against."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from engine.kernels.delta_ring import DeltaRing
from engine.messages import BookDelta, BookSnapshot, FeedEvent, TradePrint
from engine.model.instruments import Instrument, InstrumentType, Listing

Side = dict[int, int]


def listings_of(venue: str, symbols: Sequence[str]) -> list[Listing]:
    """Listings of these symbols, each its own instrument."""
    return [
        Listing(
            venue=venue,
            venue_symbol=symbol,
            instrument=Instrument(
                symbol=symbol, type=InstrumentType.SPOT, base=symbol, quote="QUOTE"
            ),
            venue_index=0,
        )
        for symbol in symbols
    ]


def rings_of(count: int, capacity: int = 1 << 16) -> list[DeltaRing]:
    """One ring for each listing."""
    return [DeltaRing(capacity) for _ in range(count)]


def seconds_ns(text: str) -> int:
    """Decimal seconds as nanoseconds."""
    return int(Decimal(text) * 10**9)


def cryptofeed_frames(path: Path) -> Iterator[tuple[int, bytes]]:
    """Received frames `<seconds>: <payload>`; what the recorder sent itself is left out."""
    with gzip.open(path, "rt") as lines:
        for text in lines:
            stamp, colon, payload = text.rstrip("\n").partition(": ")
            if colon and " " not in stamp and payload:
                yield seconds_ns(stamp), payload.encode()


def cryptofeed_replies(path: Path) -> Iterator[tuple[int, str, bytes]]:
    """Recorded REST answers `<url> -> <seconds>: <payload>` as (receive time, path, payload)."""
    with gzip.open(path, "rt") as lines:
        for text in lines:
            url, arrow, rest = text.rstrip("\n").partition(" -> ")
            if arrow:
                stamp, _, payload = rest.partition(": ")
                request = "/" + url.removeprefix("https://").partition("/")[2]
                yield seconds_ns(stamp), request, payload.encode()


def cryptofeed_metadata(path: Path) -> bytes:
    """The body of the first recorded metadata answer."""
    return next(cryptofeed_replies(path))[2]


def stamped_frames(path: Path) -> Iterator[tuple[int, bytes]]:
    """Lines `<receive ns> <payload>`."""
    with gzip.open(path, "rt") as lines:
        for text in lines:
            stamp, _, payload = text.rstrip("\n").partition(" ")
            yield int(stamp), payload.encode()


def mapper_vectors(path: Path, exchange: str) -> Iterator[tuple[Any, list[dict[str, Any]]]]:
    """Native messages of one exchange with what another project's mapper made of them."""
    with gzip.open(path, "rt") as lines:
        for text in lines:
            vector = json.loads(text)
            if vector["exchange"] == exchange:
                yield vector["message"], vector["expected_normalized"]


def expected_prints(expected: Iterable[dict[str, Any]]) -> list[tuple[int, int, str]]:
    """Normalised trades as (price_1e9, qty_1e8, side)."""
    return [
        (units(str(trade["price"]), 9), units(str(trade["amount"]), 8), trade["side"])
        for trade in expected
        if trade["type"] == "trade"
    ]


def prints(events: Iterable[FeedEvent]) -> list[tuple[int, int, str]]:
    """Trade prints in the same form."""
    return [
        (event.price_1e9, event.qty_1e8, event.side.text if event.side is not None else "unknown")
        for event in events
        if isinstance(event, TradePrint)
    ]


def units(text: str, decimals: int) -> int:
    """Exact integer of a decimal text at 10**-decimals."""
    value = Decimal(text).scaleb(decimals)
    assert value == int(value)
    return int(value)


def put_pairs(side: Side, pairs: Iterable[Sequence[str]]) -> None:
    """Absolute quantities by [price, quantity, ...] texts.

    Zero deletes, and a price that int64 cannot hold stays out.
    """
    for price, qty, *_ in pairs:
        key, value = units(price, 9), units(qty, 8)
        if value and key < 2**63:
            side[key] = value
        else:
            side.pop(key, None)


class TwinBook:
    """Two dicts price -> quantity, written straight from the venue's JSON."""

    def __init__(self) -> None:
        self.bids: Side = {}
        self.asks: Side = {}

    def reset(self, bids: Iterable[Sequence[str]], asks: Iterable[Sequence[str]]) -> None:
        self.bids, self.asks = {}, {}
        self.update(bids, asks)

    def update(self, bids: Iterable[Sequence[str]], asks: Iterable[Sequence[str]]) -> None:
        put_pairs(self.bids, bids)
        put_pairs(self.asks, asks)

    def sides(self) -> tuple[Side, Side]:
        return self.bids, self.asks


class RingReader:
    """What a book would hold that follows the codec's events, and a count of each event kind."""

    def __init__(self, rings: Sequence[DeltaRing]) -> None:
        self.rings = rings
        self.books: list[tuple[Side, Side]] = [({}, {}) for _ in rings]
        self.counts: dict[str, int] = {}

    def follow(self, events: Iterable[FeedEvent]) -> None:
        for event in events:
            kind = type(event).__name__
            self.counts[kind] = self.counts.get(kind, 0) + 1
            if isinstance(event, BookDelta | BookSnapshot):
                self.apply(event)

    def apply(self, event: BookDelta | BookSnapshot) -> None:
        if isinstance(event, BookSnapshot):
            self.books[event.listing_id] = ({}, {})
        ring = self.rings[event.listing_id]
        rows = ring.rows[event.start : event.start + event.count].tolist()
        for side, price, qty in rows:
            levels = self.books[event.listing_id][side]
            assert price > 0
            if qty:
                levels[price] = qty
            else:
                levels.pop(price, None)
        ring.release(event.start, event.count)

    def top(self, listing_id: int, count: int) -> tuple[list[tuple[int, int]], ...]:
        """Best `count` levels of bids and of asks, best first."""
        bids, asks = self.books[listing_id]
        best_bids = [(price, bids[price]) for price in sorted(bids, reverse=True)[:count]]
        return best_bids, [(price, asks[price]) for price in sorted(asks)[:count]]
