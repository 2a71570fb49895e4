"""The book of one listed outcome token, read from its own messages or from its complement's.

Both tokens of a market show one book: a bid for one at p is an offer of the other at 1 - p. A book
is read from one token at a time, its source, so that nothing is counted twice. The own token's
snapshot always makes it the source; the complement's does only while the own book is not
synchronised, as in recordings that hold the other token alone. Mirroring happens here, once.
"""

from __future__ import annotations

from collections.abc import Iterable

from engine.kernels.delta_ring import DeltaRing
from engine.model.units import PRICE_SCALE
from venues.level_rows import ASK_ROW, BID_ROW

__all__ = ["LevelRow", "Texts", "TokenBook"]

LevelRow = tuple[int, int, int, str]
"""(row side, price_1e9, qty_1e8, text in hashes) as the source token shows it."""
Texts = dict[int, str]
LEVELS_MAX = 10_000


class TokenBook:
    """One listing: which token it is read from, and that token's levels as hashed."""

    __slots__ = ("asks", "bids", "complement", "listing_id", "ring", "source", "token")

    def __init__(self, listing_id: int, token: str, complement: str, ring: DeltaRing) -> None:
        self.listing_id = listing_id
        self.token = token
        self.complement = complement
        self.ring = ring
        self.forget()

    def forget(self) -> None:
        """Nothing is synchronised."""
        self.source = ""
        self.bids: Texts = {}
        self.asks: Texts = {}

    def takes_book_of(self, token: str) -> bool:
        """Whether a snapshot of this token is to be applied."""
        return token == self.token or self.source != self.token

    def replace(self, token: str, rows: Iterable[LevelRow]) -> bool:
        """Take a snapshot's levels from `token`; False when there are too many."""
        self.source = token
        self.bids, self.asks = {}, {}
        return self.update(rows)

    def update(self, rows: Iterable[LevelRow]) -> bool:
        """Apply absolute levels of the source token; False when there are too many."""
        for side, price, qty, text in rows:
            levels = self.bids if side == BID_ROW else self.asks
            if qty:
                levels[price] = text
            else:
                levels.pop(price, None)
        return max(len(self.bids), len(self.asks)) <= LEVELS_MAX

    def write(self, rows: list[LevelRow]) -> int:
        """Rows into the ring, mirrored where the complement is the source; the start, or -1."""
        ring = self.ring
        start = ring.reserve(len(rows))
        if start < 0:
            return -1
        own = self.source == self.token
        for offset, (side, price, qty, _) in enumerate(rows):
            if own:
                ring.put(start + offset, side, price, qty)
            else:
                ring.put(start + offset, BID_ROW + ASK_ROW - side, PRICE_SCALE - price, qty)
        ring.commit(start, len(rows))
        return start

    def sorted_texts(self) -> tuple[list[str], list[str]]:
        """Bids ascending and asks descending by price, as the venue hashes them."""
        bids, asks = self.bids, self.asks
        return [bids[price] for price in sorted(bids)], [
            asks[price] for price in sorted(asks, reverse=True)
        ]
