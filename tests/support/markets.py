"""Builders of small markets for tests: listings, books and splitters from plain numbers."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from engine.decisions.cost_model import CostModel, RoutingTerms
from engine.decisions.market import MarketBlock
from engine.decisions.venue_observations import VenueObservations
from engine.kernels.delta_ring import DeltaRing
from engine.model.fees import FeeSchedule
from engine.model.instruments import Instrument, InstrumentType, Listing

NOW_NS = 1_700_000_000_000_000_000
TICK = 10_000_000
Levels = Sequence[tuple[int, int]]


def instrument(symbol: str = "BTC-USD", kind: InstrumentType = InstrumentType.SPOT) -> Instrument:
    base, _, quote = symbol.partition("-")
    return Instrument(symbol=symbol, type=kind, base=base, quote=quote or "USD")


def listing(index: int, of: Instrument, **rules: object) -> Listing:
    """A listing of venue `v<index>`; `fee_ppm` is short for a flat taker fee."""
    fee_ppm = rules.pop("fee_ppm", 100)
    if "fees" not in rules:
        assert isinstance(fee_ppm, int)
        rules["fees"] = FeeSchedule(taker_ppm=fee_ppm)
    values = {"venue": f"v{index}", "venue_symbol": of.symbol, "instrument": of, **rules}
    return Listing(venue_index=index, **values)  # type: ignore[arg-type]  # rules are the test's


def market_of(
    listings: Sequence[Listing], books: Sequence[tuple[Levels, Levels]], depth: int = 512
) -> MarketBlock:
    """A market whose books (bids, asks) are healthy at NOW_NS."""
    market = MarketBlock(listings[0].instrument, listings, depth)
    for index, (bids, asks) in enumerate(books):
        write_book(market, index, bids, asks)
    return market


def write_book(market: MarketBlock, index: int, bids: Levels, asks: Levels) -> None:
    """Replace one book, through its slot and a ring as the book actor does."""
    ring = DeltaRing(max(1, len(bids) + len(asks)))
    start = ring.reserve(len(bids) + len(asks))
    row = start
    for side, levels in ((0, bids), (1, asks)):
        for price, qty in levels:
            ring.put(row, side, price, qty)
            row += 1
    ring.commit(start, row - start)
    slot = market.slots[index] or market.slot(index)
    assert slot.replace(ring, start, row - start) >= 0
    slot.mark_healthy(NOW_NS, NOW_NS, 1)


def random_books(
    random: Random, venues: int, levels: int, *, price: int = 6_400_000, lots: Sequence[int] = (1,)
) -> list[tuple[Levels, Levels]]:
    """Random books around `price` ticks; quantities are multiples of each venue's lot."""
    books: list[tuple[Levels, Levels]] = []
    for v in range(venues):
        lot = lots[v % len(lots)]
        sides = []
        for sign in (-1, 1):
            at = price + sign * (1 + random.randrange(40))
            side = []
            for _ in range(levels):
                at += sign * random.randrange(1, 5)
                qty = max(1, int(random.lognormvariate(11, 1.2)) * 1000 // lot) * lot
                side.append((at * TICK, qty))
            sides.append(side)
        books.append((sides[0], sides[1]))
    return books


def plain_terms(
    market: MarketBlock, side: int, *, now_ns: int = NOW_NS, constants: Sequence[int] = ()
) -> RoutingTerms:
    """Terms with the given constants (0 by default) and every usable venue allowed."""
    model = CostModel(market, VenueObservations(market.listings), fresh_only=False)
    terms = model.terms(side, now_ns)
    for v in range(len(market.listings)):
        terms.constants[v] = constants[v] if constants else 0
    return terms
