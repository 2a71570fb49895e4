"""The chain of a cold symbol: who answers, in which order, and after how long a wait."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from engine.decisions.market import MarketBlock
from engine.model.units import Side
from engine.service.quotes.chain import BookChain, Found, SandboxSnapshots, frozen_market
from engine.service.quotes.depth import VenueBook, usable
from engine.service.quotes.views import Source
from tests.support.builders import BTC, fill_slot, listing, market
from venues.simulated.catalogue import build_sandbox

P = 10**9
GOOD = VenueBook("alpha", 0, [(10 * P, 1), (9 * P, 4)], [(12 * P, 2)])
CROSSED = VenueBook("beta", 1, [(13 * P, 1)], [(12 * P, 2)])


class Port:
    """Answers with what it is given and counts the calls."""

    def __init__(self, *books: VenueBook) -> None:
        self.found = books
        self.calls = 0

    async def books(self, market: MarketBlock, depth: int) -> Sequence[VenueBook]:
        self.calls += 1
        return self.found


def cold() -> MarketBlock:
    block = MarketBlock(BTC, [listing("alpha", 0), listing("beta", 1)], depth=16)
    for index in range(2):
        block.slot(index)
    return block


def ask(chain: BookChain, block: MarketBlock, *, nowait: bool = True) -> Found:
    return asyncio.run(chain.books(block, 5, nowait=nowait))


def test_own_books_go_first_and_ask_no_port() -> None:
    port = Port(GOOD)
    found = ask(BookChain(port), market({"alpha": ([(1, 1)], [(2, 1)])}), nowait=False)
    assert (found.source, found.books[0].bids) == (Source.EDGE_NBBO, [(1, 1)])
    assert port.calls == 0


def test_then_the_snapshot_then_the_public_api_then_nothing() -> None:
    first, second = Port(GOOD), Port(GOOD)
    assert ask(BookChain(first, second), cold()).source is Source.EDGE_RPC_SNAPSHOT
    assert ask(BookChain(Port(), second), cold()).source is Source.VENUE_PUBLIC_API
    assert ask(BookChain(None, second), cold()).source is Source.VENUE_PUBLIC_API
    assert ask(BookChain(Port(CROSSED), None), cold()) == Found(Source.UNAVAILABLE, [])
    assert ask(BookChain(None), cold()) == Found(Source.UNAVAILABLE, [])


def test_a_book_that_comes_during_the_wait_is_used() -> None:
    block, port = cold(), Port(GOOD)

    async def main() -> Found:
        chain = BookChain(port, wait_s=30.0, settle_s=0.0)
        waiting = asyncio.create_task(chain.books(block, 5))
        await asyncio.sleep(0.02)
        assert not waiting.done()
        fill_slot(block.slots[1], [(3, 1)], [(4, 1)])
        return await waiting

    found = asyncio.run(main())
    assert (found.source, [one.venue for one in found.books]) == (Source.EDGE_NBBO, ["beta"])
    assert port.calls == 0


def test_the_wait_ends_and_the_snapshot_answers() -> None:
    found = ask(BookChain(Port(GOOD), wait_s=0.01, settle_s=0.0), cold(), nowait=False)
    assert found == Found(Source.EDGE_RPC_SNAPSHOT, [GOOD])


def test_the_sandbox_snapshot_is_the_exchanges_own_book() -> None:
    venues = build_sandbox(3)
    for one in venues:
        one.flow.run(10**9)
    port = SandboxSnapshots(venues)
    listings = [one for venue in venues for one in venue.listings]
    spot = [one for one in listings if one.instrument.symbol == "ETH-USD"]
    block = MarketBlock(spot[0].instrument, spot, depth=8)
    books = asyncio.run(port.books(block, 3))
    assert [one.venue for one in books] == ["binance", "coinbase", "kraken"]
    own = venues[1].exchange.books["ETH-USD"].book
    assert books[1].bids == own.depth(Side.BUY, 3)
    assert books[1].asks == own.depth(Side.SELL, 3)
    assert asyncio.run(SandboxSnapshots(()).books(block, 3)) == []


def test_a_frozen_market_holds_the_books_and_nothing_else() -> None:
    source = cold()
    frozen = frozen_market(source, [GOOD], 77)
    (only,) = usable(frozen, 9)
    assert (only.bids, only.asks, only.seen_ns) == (GOOD.bids, GOOD.asks, 77)
    assert frozen.mid_x2() == 22 * P
    assert frozen.healthy == [True, False]
    assert source.mid_x2() is None


def test_own_books_that_stay_empty_are_what_there_is() -> None:
    block, port = cold(), Port(GOOD)
    fill_slot(block.slots[0], [], [])
    assert ask(BookChain(port), block) == Found(Source.EDGE_NBBO, [])
    waited = ask(BookChain(port, wait_s=30.0, settle_s=0.01), block, nowait=False)
    assert waited == Found(Source.EDGE_NBBO, [])
    assert port.calls == 0
