"""`Quotes`: market data of one engine as its doors and the forecast ask for it.

Every number is read from the books, tape and observations that trading itself uses. A cold symbol
goes down the chain of `engine/service/quotes/chain.py`; the answer says how far.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Final

from actors.router import RouterActor
from engine.decisions.market_tape import MarketTape
from engine.service.api_error import ApiError, ErrorCode
from engine.service.engine import ExecutionEngine
from engine.service.quotes import depth as books
from engine.service.quotes.asked import Asked, Resolve, not_listed, plainly
from engine.service.quotes.chain import BookChain, SandboxSnapshots, SnapshotPort
from engine.service.quotes.characters import venue_characters
from engine.service.quotes.fees import FeeTable, fee_table
from engine.service.quotes.funding import (
    FundingHistory,
    FundingRates,
    funding_history,
    funding_rates,
    rates_of,
    refused,
)
from engine.service.quotes.history import PriceHistory, bar_history, tick_history
from engine.service.quotes.listed import edges, pair_venues, symbol_rows
from engine.service.quotes.views import (
    BatchQuote,
    FairPrice,
    FairPrices,
    MissingQuote,
    PairVenues,
    Quote,
    QuoteBatch,
    QuoteList,
    Source,
    SymbolRow,
    VenueEdges,
)
from engine.service.quotes.walk_views import (
    DepthView,
    Preview,
    RoutingView,
    SlippageView,
    VenueCharacters,
)
from engine.service.quotes.walks import SideWord, Walks
from engine.service.quotes.windows import window_ns
from engine.service.wiring import World

__all__ = ["SYMBOLS_MAX", "Quotes"]

SYMBOLS_MAX: Final = 2_000
CONCURRENCY_MAX: Final = 256
TURN_MAX: Final = 16
NS_PER_MS: Final = 1_000_000
NS_PER_S: Final = 1_000_000_000


class Quotes:
    """Market data of a running engine.

    `resolve` turns what a caller wrote into the engine's symbol (slugs, tokens, URLs, `:no`);
    without it only the engine's own symbols and aliases are known. `snapshot` and `public` are
    the chain's ports; the sandbox reads its exchanges' own books and has no public API.
    """

    def __init__(
        self,
        engine: ExecutionEngine,
        *,
        resolve: Resolve | None = None,
        snapshot: SnapshotPort | None = None,
        public: SnapshotPort | None = None,
        clock_ns: Callable[[], int] | None = None,
    ) -> None:
        self.engine = engine
        if snapshot is None and engine.sandbox_venues:
            snapshot = SandboxSnapshots(engine.sandbox_venues)
        self.chain = BookChain(snapshot, public)
        self.walks = Walks(engine.world, self.chain, engine.config.account.collar_bps)
        self._resolve = resolve
        # As the engine's own driver has it: unix time at the start, monotonic from there on.
        offset = time.time_ns() - time.monotonic_ns()
        self._clock_ns = clock_ns or (lambda: time.monotonic_ns() + offset)

    @property
    def now_ns(self) -> int:
        """Unix time, never before what the engine has already seen."""
        return max(self._clock_ns(), self._world.system.now_ns)

    async def asked(self, symbol: str) -> Asked:
        """The instrument behind a symbol; ApiError NOT_FOUND, or whatever `resolve` raises."""
        symbols = self._world.symbols
        handle = symbols.get(symbol)
        if handle is not None:
            return plainly(symbol, handle)
        if self._resolve is None:
            raise not_listed(symbol)
        resolved = await self._resolve(symbol)
        handle = symbols.get(resolved.symbol)
        if handle is None:
            raise not_listed(symbol)
        return Asked(resolved, handle)

    async def warm(self, symbol: str, nowait: bool = False) -> Source:
        """See that a symbol has books, by the same chain as a quote; where they are from."""
        asked = await self.asked(symbol)
        return (await self.chain.books(asked.market, 1, nowait=nowait)).source

    # -- quotes

    async def quote(self, symbol: str, *, depth: int | None = 10, nowait: bool = False) -> Quote:
        """Best prices, each venue's, and the merged book; no book with `depth` None."""
        asked = await self.asked(symbol)
        levels = depth or 1
        found = await self.chain.books(asked.market, levels, nowait=nowait)
        held = books.mirrored(found.books) if asked.mirrored else found.books
        bids, asks = books.merged(held, levels)
        now_ns = self.now_ns
        shown = {} if depth is None else {"book": books.book_view(bids, asks)}
        return Quote(
            symbol=symbol,
            canonical=asked.canonical,
            mirrored=asked.mirrored,
            source=found.source,
            nbbo=books.nbbo_of(bids, asks),
            venues=books.venue_quotes(held, now_ns),
            ts_ns=now_ns,
            **shown,
        )

    async def quotes(self, symbols: Sequence[str] | None, max_age_s: float) -> QuoteList:
        """Quotes without books, of every symbol where none is named.

        Left out, with the reason: what cannot be found, and what no venue has confirmed within
        `max_age_s` (0 leaves all out, as the reference has it).
        """
        names = list(self._world.instruments) if symbols is None else list(dict.fromkeys(symbols))
        batch = await self._gather(names, None, symbols is None, CONCURRENCY_MAX)
        quotes: list[Quote] = []
        missing: list[MissingQuote] = []
        for name, one in zip(names, batch, strict=True):
            if isinstance(one, ApiError):
                missing.append(MissingQuote(name, str(one)))
                continue
            ages = [x.age_ms for x in one.venues.values() if x.age_ms is not None]
            age_ms = min(ages, default=0 if one.venues else None)
            if age_ms is None:
                missing.append(MissingQuote(name, "no venue has a book of it now"))
            elif age_ms >= max_age_s * 1_000:
                missing.append(MissingQuote(name, f"its prices are older than {max_age_s:g} s"))
            else:
                quotes.append(one)
        return QuoteList(quotes, missing)

    async def batch(
        self, symbols: Sequence[str], *, depth: int, nowait: bool, concurrency: int
    ) -> QuoteBatch:
        """One row a symbol; a fault of one is in its row and fails no other."""
        began_ns = time.monotonic_ns()
        found = await self._gather(symbols, depth, nowait, concurrency)
        rows = [_batch_row(name, one) for name, one in zip(symbols, found, strict=True)]
        elapsed = (time.monotonic_ns() - began_ns) // NS_PER_MS
        return QuoteBatch(rows, len(rows), elapsed)

    async def fair_prices(self, symbol: str | None) -> FairPrices:
        """The microprice of one symbol, or of all."""
        names = list(self._world.instruments) if symbol is None else [symbol]
        rows = []
        for name in names:
            asked = await self.asked(name)
            found = await self.chain.books(asked.market, 1, nowait=symbol is None)
            held = books.mirrored(found.books) if asked.mirrored else found.books
            bids, asks = books.merged(held, 1)
            fair = books.microprice_1e9(bids, asks)
            rows.append(
                FairPrice(
                    name,
                    None if fair is None else fair / NS_PER_S,
                    fair,
                    books.nbbo_of(bids, asks).mid if fair is not None else None,
                    found.source,
                    self.now_ns,
                )
            )
        return FairPrices("microprice", rows)

    # -- what is listed

    def symbols(self) -> list[SymbolRow]:
        """Every tradable symbol."""
        return symbol_rows(self._world)

    async def pair_venues(self, symbol: str) -> PairVenues:
        """The venues that list a symbol."""
        return pair_venues(await self.asked(symbol))

    def edges(self) -> VenueEdges:
        """Every venue adapter and its state."""
        return edges(self._world)

    async def fees(self, ticker: str, venues: Sequence[str] | None) -> FeeTable:
        """Maker and taker fees by venue."""
        asked = await self.asked(ticker)
        return fee_table(ticker, asked.handle.listings, venues)

    # -- before an order

    async def preview(
        self,
        symbol: str,
        side: SideWord,
        qty: Decimal,
        *,
        price: Decimal | None = None,
        venue: str | None = None,
    ) -> Preview:
        """What an order would cost now; nothing is submitted."""
        asked = await self.asked(symbol)
        return await self.walks.preview(asked, side, qty, price, venue, self.now_ns)

    async def routing(self, symbol: str, side: SideWord, qty: Decimal) -> RoutingView:
        """The router's split of a market order."""
        return await self.walks.routing(await self.asked(symbol), side, qty, self.now_ns)

    async def slippage(self, symbol: str, side: SideWord, sizes: Sequence[Decimal]) -> SlippageView:
        """Cost of a market order by its size in USD."""
        return await self.walks.slippage(await self.asked(symbol), side, sizes, self.now_ns)

    async def depth(self, symbol: str, levels: int) -> DepthView:
        """Levels of all venues side by side, best first, at most `levels` a side."""
        asked = await self.asked(symbol)
        found = await self.chain.books(asked.market, levels)
        held = books.mirrored(found.books) if asked.mirrored else found.books
        return books.depth_view(asked, found.source, held, levels, self.now_ns)

    async def characters(self, symbol: str) -> VenueCharacters:
        """What each venue is like in this symbol."""
        asked = await self.asked(symbol)
        source = (await self.chain.books(asked.market, 1)).source
        world = self._world
        router = world.system.actor_of(world.routers[asked.canonical])
        assert isinstance(router, RouterActor), "a router ref leads to a router"
        seen, known = router.costs.observations, router.costs.coefficients
        return venue_characters(asked, source, self._tape(asked), seen, known, self.now_ns)

    # -- the past

    async def price_history(
        self,
        symbol: str,
        *,
        named: str,
        fidelity_secs: int,
        start_ts: int | None = None,
        end_ts: int | None = None,
        venue: str | None = None,
        limit: int = 100,
    ) -> PriceHistory:
        """Bars of `fidelity_secs`, or with 0 the newest prints; see `history.py` for bounds."""
        asked = await self.asked(symbol)
        now_ns = self.now_ns
        window = window_ns(named, start_ts, end_ts, now_ns)
        listings = [one for one in asked.handle.listings if venue in (None, one.venue)]
        if not listings:
            raise refused("venue", f"{symbol} is not listed on {venue}")
        tape, mirrored = self._tape(asked), asked.mirrored
        if fidelity_secs:
            held = bar_history(tape, listings, window, fidelity_secs, mirrored=mirrored)
        else:
            within = None if start_ts is None else window
            held = tick_history(tape, listings, within, limit, mirrored=mirrored)
        return PriceHistory(
            symbol=symbol,
            canonical=asked.canonical,
            mirrored=mirrored,
            source="tape",
            venue=venue,
            fidelity_secs=fidelity_secs,
            start_ns=window[0],
            end_ns=window[1],
            covered_from_ns=held[0],
            count=len(held[1]),
            points=held[1],
        )

    async def funding_history(
        self,
        symbol: str,
        venue: str,
        named: str,
        start_ts: int | None = None,
        end_ts: int | None = None,
    ) -> FundingHistory:
        """Funding rates of a perpetual by the hour."""
        asked = await self.asked(symbol)
        window = window_ns(named, start_ts, end_ts, self.now_ns)
        ppm = rates_of(self.engine.sandbox_venues)
        return funding_history(asked.market, venue, ppm, window, self._tape(asked).began_ns)

    async def funding_rates(self, venue: str | None, symbol: str | None) -> FundingRates:
        """Funding in force, by venue and symbol where they are named."""
        markets = list(self._world.markets.values())
        if symbol is not None:
            try:
                markets = [(await self.asked(symbol)).market]
            except ApiError as error:
                # A rate that nobody has is an empty answer, not a fault, to the client's callers.
                if error.code is not ErrorCode.NOT_FOUND:
                    raise
                markets = []
        return funding_rates(markets, rates_of(self.engine.sandbox_venues), venue, self.now_ns)

    # -- inside

    @property
    def _world(self) -> World:
        return self.engine.world

    def _tape(self, asked: Asked) -> MarketTape:
        return self._world.tapes[asked.canonical]

    async def _gather(
        self, symbols: Sequence[str], depth: int | None, nowait: bool, concurrency: int
    ) -> list[Quote | ApiError]:
        """Each symbol's quote or refusal, `concurrency` of them at a time.

        Only a few are begun in one turn of the loop: trading shares it, and does not wait for the
        last of two thousand symbols.
        """

        async def one(symbol: str) -> Quote | ApiError:
            try:
                return await self.quote(symbol, depth=depth, nowait=nowait)
            except ApiError as error:
                return error

        step = min(TURN_MAX, concurrency)
        tasks: list[asyncio.Task[Quote | ApiError]] = []
        async with asyncio.TaskGroup() as group:
            working: set[asyncio.Task[Quote | ApiError]] = set()
            for first in range(0, len(symbols), step):
                while len(working) > concurrency - step:
                    _, working = await asyncio.wait(working, return_when=asyncio.FIRST_COMPLETED)
                begun = [group.create_task(one(name)) for name in symbols[first : first + step]]
                tasks += begun
                await asyncio.sleep(0)
                working.update(task for task in begun if not task.done())
        return [task.result() for task in tasks]


def _batch_row(symbol: str, one: Quote | ApiError) -> BatchQuote:
    if isinstance(one, ApiError):
        return BatchQuote(symbol=symbol, error=str(one))
    return BatchQuote(
        symbol=symbol,
        canonical=one.canonical,
        mirrored=one.mirrored,
        source=one.source,
        nbbo=one.nbbo,
        venues=one.venues,
        book=one.book,
        ts_ns=one.ts_ns,
    )
