"""Books of several venues as plain levels, merged, mirrored and turned into quotes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from engine.decisions.market import MarketBlock
from engine.kernels.layout import ASK, BID
from engine.model.mirror import mirror_price
from engine.model.units import PRICE_SCALE, QTY_SCALE, divide_half_even
from engine.service.quotes.asked import Asked
from engine.service.quotes.views import BookView, Nbbo, Source, VenueQuote
from engine.service.quotes.walk_views import DepthLevel, DepthView

__all__ = [
    "DEPTH_MAX",
    "Level",
    "VenueBook",
    "book_view",
    "depth_view",
    "merged",
    "microprice_1e9",
    "mirrored",
    "nbbo_of",
    "usable",
    "venue_quotes",
]

DEPTH_MAX: Final = 100
NS_PER_MS: Final = 1_000_000
Level = tuple[int, int]


class VenueBook(msgspec.Struct, frozen=True, gc=False):
    """Levels (price_1e9, qty_1e8) of one venue, best first; `seen_ns` 0 where it is not known
    when they were last right."""

    venue: str
    venue_index: int
    bids: list[Level]
    asks: list[Level]
    seen_ns: int = 0

    @property
    def crossed(self) -> bool:
        """Whether its own bid is at or above its ask."""
        return bool(self.bids and self.asks) and self.bids[0][0] >= self.asks[0][0]


def usable(market: MarketBlock, depth: int) -> list[VenueBook]:
    """The books that may be routed on: healthy, not crossed in themselves, not empty."""
    books = []
    for listing in market.listings:
        v = listing.venue_index
        if market.healthy[v] and market.best_bid[v] < market.best_ask[v]:
            bids, asks = market.levels(v, BID, depth), market.levels(v, ASK, depth)
            if bids or asks:
                books.append(VenueBook(listing.venue, v, bids, asks, market.alive_ns[v]))
    return books


def mirrored(books: Sequence[VenueBook]) -> list[VenueBook]:
    """The other outcome's books: who bids p for one sells the other at 1 - p."""
    return [
        VenueBook(one.venue, one.venue_index, _flip(one.asks), _flip(one.bids), one.seen_ns)
        for one in books
    ]


def merged(books: Sequence[VenueBook], depth: int) -> tuple[list[Level], list[Level]]:
    """Bids and asks over all venues, best first, equal prices added up, at most `depth` each."""
    if len(books) == 1:
        return books[0].bids[:depth], books[0].asks[:depth]
    bids = _added([level for one in books for level in one.bids], depth, falling=True)
    asks = _added([level for one in books for level in one.asks], depth, falling=False)
    return bids, asks


def nbbo_of(bids: Sequence[Level], asks: Sequence[Level]) -> Nbbo:
    """Best prices of a merged book; mid and spread are 0 where venues cross, null one-sided."""
    bid = bids[0] if bids else None
    ask = asks[0] if asks else None
    if bid is None or ask is None:
        return Nbbo(_price(bid), _price(ask), None, None, _size(bid), _size(ask))
    low, high = bid[0], ask[0]
    crossed = low > high
    mid = 0.0 if crossed else (low + high) / (2 * PRICE_SCALE)
    spread = 0.0 if crossed else (high - low) * 20_000 / (low + high)
    return Nbbo(
        low / PRICE_SCALE,
        high / PRICE_SCALE,
        mid,
        spread,
        bid[1] / QTY_SCALE,
        ask[1] / QTY_SCALE,
        crossed,
    )


def venue_quotes(books: Sequence[VenueBook], now_ns: int) -> dict[str, VenueQuote]:
    """Each venue's best prices."""
    return {one.venue: _venue_quote(one, now_ns) for one in books}


def book_view(bids: Sequence[Level], asks: Sequence[Level]) -> BookView:
    """Levels in human numbers."""
    return BookView(
        [(price / PRICE_SCALE, qty / QTY_SCALE) for price, qty in bids],
        [(price / PRICE_SCALE, qty / QTY_SCALE) for price, qty in asks],
    )


def microprice_1e9(bids: Sequence[Level], asks: Sequence[Level]) -> int | None:
    """Best prices weighted by the size on the other side; None one-sided or crossed."""
    if not bids or not asks or bids[0][0] > asks[0][0]:
        return None
    (bid, bid_qty), (ask, ask_qty) = bids[0], asks[0]
    return divide_half_even(bid * ask_qty + ask * bid_qty, bid_qty + ask_qty)


def depth_view(
    asked: Asked, source: Source, books: Sequence[VenueBook], levels: int, now_ns: int
) -> DepthView:
    """Levels of all venues in one order, at most `levels` a side."""
    bids = _side_by_side(books, BID, levels)
    asks = _side_by_side(books, ASK, levels)
    return DepthView(
        symbol=asked.given,
        canonical=asked.canonical,
        mirrored=asked.mirrored,
        source=source,
        crossed=bool(bids and asks) and bids[0].price_1e9 > asks[0].price_1e9,
        bids=bids,
        asks=asks,
        ts_ns=now_ns,
    )


def _side_by_side(books: Sequence[VenueBook], side: int, levels: int) -> list[DepthLevel]:
    sign = 1 if side == ASK else -1
    rows = sorted(
        (sign * price, one.venue_index, one.venue, price, qty)
        for one in books
        for price, qty in (one.asks if side == ASK else one.bids)
    )
    out, total = [], 0
    for _, _, venue, price, qty in rows[:levels]:
        total += qty
        out.append(DepthLevel(venue, price / PRICE_SCALE, qty / QTY_SCALE, price, qty, total))
    return out


def _venue_quote(book: VenueBook, now_ns: int) -> VenueQuote:
    bid = book.bids[0] if book.bids else None
    ask = book.asks[0] if book.asks else None
    age = max(0, now_ns - book.seen_ns) // NS_PER_MS if book.seen_ns else None
    return VenueQuote(_price(bid), _price(ask), _size(bid), _size(ask), age)


def _added(levels: list[Level], depth: int, *, falling: bool) -> list[Level]:
    levels.sort(reverse=falling)
    out: list[Level] = []
    last = -1
    for price, qty in levels:
        if price == last:
            out[-1] = (price, out[-1][1] + qty)
        elif len(out) == depth:
            break
        else:
            out.append((price, qty))
            last = price
    return out


def _flip(levels: Sequence[Level]) -> list[Level]:
    return [(mirror_price(price), qty) for price, qty in levels]


def _price(level: Level | None) -> float | None:
    return None if level is None else level[0] / PRICE_SCALE


def _size(level: Level | None) -> float | None:
    return None if level is None else level[1] / QTY_SCALE
