"""One symbol's public side: its matching book, numbered deltas, tape and subscribers.

Changes gather until the venue publishes; a snapshot first publishes what is pending, so that its
number is exact.
"""

from __future__ import annotations

from collections import deque

from engine.decisions.matching import DEFAULT_ORDERS_MAX, LevelChange, MatchFill, MatchingBook
from engine.model.instruments import Listing
from engine.model.units import Side
from venues.simulated.protocol import (
    Delta,
    Snapshot,
    TradeTape,
    encode,
    fixed_price,
    fixed_qty,
)

__all__ = ["PublishedBook", "SessionFrame"]

SessionFrame = tuple[int, bytes]
"""A session and a payload for it."""

SNAPSHOT_LEVELS = 10_000
TAPE_MAX = 4_096


class PublishedBook:
    """A matching book with what its subscribers have not been told yet.

    Pending changes are bounded by the prices touched between two publications; of more than
    4,096 pending trades the oldest are not printed.
    """

    def __init__(self, listing: Listing, orders_max: int = DEFAULT_ORDERS_MAX) -> None:
        self.listing = listing
        self.symbol = listing.venue_symbol
        self.book = MatchingBook(orders_max)
        self.sequence = 0
        self.pending: dict[tuple[Side, int], int] = {}
        self.tape: deque[tuple[MatchFill, Side]] = deque(maxlen=TAPE_MAX)
        self.subscribers: dict[int, None] = {}
        self.open = True

    def note(
        self, changes: tuple[LevelChange, ...], fills: tuple[MatchFill, ...], aggressor: Side
    ) -> None:
        """Keep the outcome of one operation for the next publication."""
        for change in changes:
            self.pending[change.side, change.price_1e9] = change.qty_1e8
        for fill in fills:
            self.tape.append((fill, aggressor))

    def publish(self, now_ns: int) -> list[SessionFrame]:
        """Trades, then one delta, to every subscriber; nothing when nothing changed."""
        payloads: list[bytes] = []
        if self.subscribers:
            payloads = [self.print_of(fill, side, now_ns) for fill, side in self.tape]
        self.tape.clear()
        if self.pending:
            self.sequence += 1
            if self.subscribers:
                payloads.append(self.delta(now_ns))
            self.pending.clear()
        return [(session, payload) for payload in payloads for session in self.subscribers]

    def snapshot(self, now_ns: int) -> bytes:
        """The whole book under the current number; nothing may be pending."""
        assert not self.pending, "publish before a snapshot"
        bids, asks = (
            [(fixed_price(price), fixed_qty(qty)) for price, qty in levels]
            for levels in (
                self.book.depth(Side.BUY, SNAPSHOT_LEVELS),
                self.book.depth(Side.SELL, SNAPSHOT_LEVELS),
            )
        )
        return encode(Snapshot(sym=self.symbol, seq=self.sequence, ts=now_ns, bids=bids, asks=asks))

    def mid_1e9(self) -> int | None:
        """Middle of the touch, None when a side is empty."""
        bid, ask = self.book.best(Side.BUY), self.book.best(Side.SELL)
        return (bid + ask) // 2 if bid is not None and ask is not None else None

    def delta(self, now_ns: int) -> bytes:
        """The pending changes as one frame."""
        sides: tuple[list[tuple[str, str]], list[tuple[str, str]]] = ([], [])
        for (side, price), qty in self.pending.items():
            sides[side].append((fixed_price(price), fixed_qty(qty)))
        return encode(
            Delta(
                sym=self.symbol,
                prev=self.sequence - 1,
                seq=self.sequence,
                ts=now_ns,
                bids=sides[Side.BUY],
                asks=sides[Side.SELL],
            )
        )

    def print_of(self, fill: MatchFill, aggressor: Side, now_ns: int) -> bytes:
        """One trade for the tape."""
        return encode(
            TradeTape(
                sym=self.symbol,
                id=str(fill.trade_id),
                px=fixed_price(fill.price_1e9),
                qty=fixed_qty(fill.qty_1e8),
                side=aggressor.text,
                ts=now_ns,
            )
        )
