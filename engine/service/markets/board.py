"""`Markets`: everything that is asked about prediction markets, over one engine and a catalogue."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from engine.decisions.market import MarketBlock
from engine.kernels.layout import ASK, BID
from engine.model.graph import Graph
from engine.model.instruments import Environment
from engine.model.units import PRICE_SCALE, QTY_SCALE
from engine.service.api_error import ApiError, ErrorCode
from engine.service.markets.catalogue_port import (
    PAGE_MAX,
    Entry,
    MarketAsk,
    MarketCatalogue,
    expanded,
)
from engine.service.markets.given_orders import GivenOrders
from engine.service.markets.graph_symbols import GraphSymbols
from engine.service.markets.lifecycle import Lifecycle, new_market, resolved_market
from engine.service.markets.resolve import Resolved, Resolver, engine_symbols
from engine.service.markets.rows import (
    MarketFact,
    MarketRow,
    MarketsPage,
    Redeemed,
    Reward,
    Settlement,
    iso_time,
)
from engine.service.markets.settlement import RedeemHook, redeem, settlement_of
from engine.service.markets.simulated_catalogue import CatalogueChanges, SimulatedCatalogue
from engine.service.markets.symbol_forms import read_form
from engine.service.wiring import World
from engine.store.queries import Queries

__all__ = ["Markets"]

UNDERLYING = "BTC-USD"
DAY_S = 86_400
NS_PER_S = 1_000_000_000
Quotes = tuple[float | None, float | None, float | None, float | None]

log = logging.getLogger("execgraph.markets")


class EngineView(Protocol):
    """What is needed of an engine: its joined cast and its record, to look at."""

    @property
    def world(self) -> World: ...

    @property
    def queries(self) -> Queries: ...

    @property
    def environment(self) -> Environment: ...


class Markets:
    """One environment's markets. `catalogue` None is the sandbox's own.

    `given` shows and amends orders as they were placed. `on_redeem` may be set by whoever keeps
    positions. `start` lets markets come and go in the
    background until `close`; `tick` does one step of that.
    """

    def __init__(
        self,
        engine: EngineView,
        catalogue: MarketCatalogue | None = None,
        *,
        on_redeem: RedeemHook | None = None,
        clock_ns: Callable[[], int] = time.time_ns,
        poll_s: float = 1.0,
    ) -> None:
        world = engine.world
        self.on_redeem = on_redeem
        self.lifecycle = Lifecycle()
        self._world = world
        self._clock_ns = clock_ns
        self._start_ns = clock_ns()
        self._poll_s = poll_s
        self._task: asyncio.Task[None] | None = None
        self._advance: Callable[[int], CatalogueChanges] | None = None
        if catalogue is None:
            catalogue = simulated = SimulatedCatalogue(clock_ns, self._underlying_1e9)
            self._advance = simulated.advance
        self.catalogue = catalogue
        self.resolver = Resolver(catalogue, world.symbols, clock_ns)
        self.symbols = GraphSymbols(self.resolver, world.symbols)
        self.given = GivenOrders(engine)
        self._engine_symbols = engine_symbols(world.symbols)

    # -- symbols

    async def resolve(self, symbol: str, venue: str | None = None) -> Resolved:
        """What a symbol means here; see `Resolver.resolve`."""
        return await self.resolver.resolve(symbol, venue)

    async def canonical_graph(self, graph: Graph) -> Graph:
        """The graph in the engine's own symbols, NO sides mirrored; see `GraphSymbols`."""
        return await self.symbols.canonical(graph)

    async def prepare(self, graph: Graph) -> Graph:
        """`canonical_graph`, then truncated floats mended: what goes to `engine.submit`."""
        return await self.symbols.prepare(graph)

    # -- the catalogue

    async def page(
        self, ask: MarketAsk, *, slug: str | None = None, clob_token_id: str | None = None
    ) -> MarketsPage:
        """A page of markets; a slug, ticker or token asks for these whatever their state."""
        if slug is None and clob_token_id is None:
            page = await self.catalogue.page(ask)
            rows = tuple([self._row(entry) for entry in page.entries])
            return MarketsPage(
                markets=rows,
                count=len(rows),
                venue=ask.venue,
                next_cursor=page.cursor,
                has_more=page.cursor is not None,
            )
        facts = await self._direct(ask.venue, slug, clob_token_id)
        entries = expanded(facts) if ask.expand else [Entry(fact) for fact in facts]
        rows = tuple([self._row(one) for one in entries[: min(ask.limit, PAGE_MAX)]])
        return MarketsPage(
            markets=rows, count=len(rows), venue=ask.venue, next_cursor=None, has_more=False
        )

    async def settlement(self, slug: str, *, underlying: bool = False) -> Settlement:
        """How the market of a slug, ticker or URL stands; ApiError as `resolve`."""
        fact, _ = await self.resolver.market(slug)
        curve = await self.catalogue.curve(fact) if underlying else None
        yes_bid, yes_ask, no_bid, no_ask = self._quotes(fact)
        live = _middle(yes_bid, yes_ask), _middle(no_bid, no_ask)
        return settlement_of(fact, live, curve)

    async def redeem(self, slug: str, venue: str, client_id: str) -> Redeemed:
        """Claim a resolved market's winnings; ApiError as `resolve`."""
        fact, _ = await self.resolver.market(slug, venue)
        return await redeem(fact, client_id, self.on_redeem)

    def rewards(self) -> tuple[Reward, ...]:
        """Tokens in a maker reward programme: none, as the sandbox runs no programme."""
        self._need_sandbox("maker rewards")
        return ()

    def reward(self, token_id: str) -> Reward:
        """The programme of one token; ApiError NOT_FOUND outside any."""
        self._need_sandbox("maker rewards")
        text = f"token {token_id!r} is in no reward programme; GET /v1/polymarket/rewards lists all"
        raise ApiError(ErrorCode.NOT_FOUND, text)

    # -- markets that come and go

    async def start(self) -> None:
        """Look after new and resolved markets in the background; nothing where none can come."""
        if self._advance is not None and self._task is None:
            self._task = asyncio.create_task(self._run(), name="markets")

    async def close(self) -> None:
        """End what `start` began."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def tick(self) -> None:
        """Tell of every market that has appeared or resolved by now."""
        if self._advance is None:
            return
        now_ns = self._clock_ns()
        changes = self._advance(now_ns)
        for fact in changes.resolved:
            self.lifecycle.resolved.append(resolved_market(fact, now_ns))
        for fact in changes.minted:
            self.lifecycle.new_markets.append(new_market(self._row(Entry(fact)), now_ns))

    # -- inside

    async def _run(self) -> None:
        while True:
            try:
                self.tick()
            except Exception:  # the next tick tries again; markets must not end for good
                log.exception("new and resolved markets could not be looked after")
            await asyncio.sleep(self._poll_s)

    async def _direct(
        self, venue: str, slug: str | None, clob_token_id: str | None
    ) -> Sequence[MarketFact]:
        """What is asked for by name; nothing for a name that cannot be one."""
        try:
            form = read_form(slug or clob_token_id or "")
        except ApiError:
            return ()
        if form.token:
            fact = await self.catalogue.of_token(form.name)
            return () if fact is None or fact.venue != venue else (fact,)
        if slug is None:
            return ()
        name = form.name.upper() if venue == "kalshi" else form.name
        return await self.catalogue.named(venue, name)

    def _row(self, entry: Entry) -> MarketRow:
        fact, outcome = entry.fact, entry.outcome
        yes_bid, yes_ask, no_bid, no_ask = self._quotes(fact)
        volume_24h, volume_total = self._volumes(fact)
        row = MarketRow(
            venue=fact.venue,
            slug=fact.slug,
            question=fact.question,
            symbol=fact.symbol if not outcome else fact.token_ids[outcome],
            outcomes=fact.outcomes,
            outcome_token_ids=fact.token_ids,
            yes_token_id=fact.token_ids[0],
            no_token_id=fact.token_ids[1],
            event_id=fact.event_id,
            neg_risk=fact.neg_risk,
            volume_24h=volume_24h,
            volume_total=volume_total,
            best_yes_bid=yes_bid,
            best_yes_ask=yes_ask,
            best_no_bid=no_bid,
            best_no_ask=no_ask,
            spread_pct=_spread_pct(yes_bid, yes_ask),
            start_date=iso_time(fact.start_s),
            end_date=iso_time(fact.end_s),
            url=fact.url,
            active=fact.trading,
            closed=fact.status == "resolved",
        )
        return row if outcome is None else with_outcome(row, fact, outcome)

    def _quotes(self, fact: MarketFact) -> Quotes:
        """Best YES bid, YES ask, NO bid and NO ask: of our own books, else the catalogue's."""
        market = self._market(fact)
        if market is None:
            return fact.best
        bid, ask = market.best(BID), market.best(ASK)
        return (
            None if bid is None else bid / PRICE_SCALE,
            None if ask is None else ask / PRICE_SCALE,
            None if ask is None else (PRICE_SCALE - ask) / PRICE_SCALE,
            None if bid is None else (PRICE_SCALE - bid) / PRICE_SCALE,
        )

    def _volumes(self, fact: MarketFact) -> tuple[float | None, float | None]:
        """The catalogue's, else contracts on our own tape: since the start, and of the last day
        as long as that is the same."""
        if fact.volume_total is not None or fact.volume_24h is not None:
            return fact.volume_24h, fact.volume_total
        market = self._market(fact)
        if market is None:
            return None, None
        total = self._world.tapes[market.instrument.symbol].traded_1e8 / QTY_SCALE
        young = self._clock_ns() - self._start_ns < DAY_S * NS_PER_S
        return total if young else None, total

    def _market(self, fact: MarketFact) -> MarketBlock | None:
        symbol = self._engine_symbols.get((fact.venue, fact.symbol))
        return None if symbol is None else self._world.markets[symbol]

    def _underlying_1e9(self) -> int | None:
        market = self._world.markets.get(UNDERLYING)
        mid_x2 = None if market is None else market.mid_x2()
        return None if mid_x2 is None else mid_x2 // 2

    def _need_sandbox(self, what: str) -> None:
        if self._advance is None:
            text = f"{what} of live venues are not connected; ask the venue itself"
            raise ApiError(ErrorCode.NOT_IMPLEMENTED, text)


def with_outcome(row: MarketRow, fact: MarketFact, outcome: int) -> MarketRow:
    """The row as that of one outcome: a candidate of a larger event, or a side of a lone market."""
    lone = fact.siblings == 1
    raw = fact.outcomes[outcome] if lone or fact.candidate is None else fact.candidate
    fields = {name: getattr(row, name) for name in MarketRow.__struct_fields__}
    fields.update(
        parent_event_id=fact.parent_event_id,
        outcome_name=" ".join(raw.split()),
        raw_outcome_name=raw,
        is_placeholder_outcome=fact.placeholder,
        outcome_index=outcome if lone else fact.place,
        parent_slug=fact.event_slug,
    )
    return MarketRow(**fields)


def _middle(bid: float | None, ask: float | None) -> float | None:
    return None if bid is None or ask is None else round((bid + ask) / 2, 9)


def _spread_pct(bid: float | None, ask: float | None) -> float | None:
    """The spread in percent of the mid."""
    if bid is None or ask is None or bid + ask <= 0:
        return None
    return round((ask - bid) / ((ask + bid) / 2) * 100, 6)
