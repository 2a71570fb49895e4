"""`Intelligence`: the six answers of /v1/execution over one running engine."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import msgspec

from engine.intelligence.strategies import STANDARD
from engine.model.order_ids import parse_node_order_id
from engine.model.units import Side, parse_side
from engine.service.api_error import ApiError, ErrorCode
from engine.service.intelligence.decisions import LAST_N_MAX, decision_views
from engine.service.intelligence.desk import DeskTotals
from engine.service.intelligence.facts import OrderFacts, order_facts, order_row
from engine.service.intelligence.history import MarketHistory
from engine.service.intelligence.live import live_view
from engine.service.intelligence.pictures import Pictures
from engine.service.intelligence.review import full_review
from engine.service.intelligence.summary import day_range, make_summary
from engine.service.intelligence.views import (
    DecisionList,
    ForecastView,
    LiveView,
    Review,
    SimulationView,
    SummaryView,
)

if TYPE_CHECKING:
    from engine.model.fees import FeeSchedule
    from engine.service.engine import ExecutionEngine
    from engine.store.rows import NodeRow

__all__ = ["Intelligence", "Warmer"]


class Named(Protocol):
    """A symbol as the quotes service resolved it."""

    @property
    def canonical(self) -> str:
        """The engine's own name of the instrument."""
        ...

    @property
    def mirrored(self) -> bool:
        """Whether the NO side of an event was asked for."""
        ...


class Warmer(Protocol):
    """What knows the names of instruments and makes cold books come (the quotes service)."""

    async def asked(self, symbol: str) -> Named:
        """The instrument behind a symbol; ApiError for none."""
        ...

    async def warm(self, symbol: str) -> str:
        """Return once the symbol's books are there, or cannot come; where they are from."""
        ...


class Intelligence:
    """Forecast, simulation, live monitor, review, summary and decisions of one engine.

    `start` (or the first answer) begins to watch prices, which markouts and interval benchmarks
    need; `close` ends it. Every answer about orders is of one client; an id of another is a 404.
    """

    def __init__(self, engine: ExecutionEngine, quotes: Warmer | None = None) -> None:
        self.engine = engine
        self.quotes = quotes
        self.pictures = Pictures(engine)
        self.history = MarketHistory(engine)
        self._desk: DeskTotals | None = None

    def start(self) -> None:
        """Begin to watch prices; needs a running event loop."""
        self.history.start()

    def close(self) -> None:
        """Stop watching."""
        self.history.close()

    # -- before the trade

    async def forecast(
        self, symbol: str, side: Side | str, qty_1e8: int, urgency: str = "medium"
    ) -> ForecastView:
        """What an immediate order would cost now."""
        self.start()
        symbol, source = await self._warm(symbol)
        view = self.pictures.forecast(symbol, checked_side(side), qty_1e8, urgency)
        return view if source is None else msgspec.structs.replace(view, source=source)

    async def simulate(
        self,
        symbol: str,
        side: Side | str,
        qty_1e8: int,
        *,
        urgency: str = "medium",
        exclude_venues: Sequence[str] = (),
        passive_only: bool = False,
        max_cost_bps: float | None = None,
        strategies: Sequence[str] = STANDARD,
    ) -> SimulationView:
        """Strategies side by side, in closed form."""
        self.start()
        symbol, _ = await self._warm(symbol)
        return self.pictures.simulate(
            symbol,
            checked_side(side),
            qty_1e8,
            urgency=urgency,
            exclude_venues=exclude_venues,
            passive_only=passive_only,
            max_cost_bps=max_cost_bps,
            strategies=strategies,
        )

    # -- during and after

    async def live(self, client_id: str, node_order_id: str) -> LiveView:
        """The monitor of an order, which may have ended."""
        facts = await self._facts(client_id, node_order_id)
        return live_view(self.pictures, facts)

    async def review(
        self, client_id: str, node_order_id: str, decision_price_1e9: int | None = None
    ) -> Review:
        """The review of an order; of one that still works, as far as it has come."""
        facts = await self._facts(client_id, node_order_id)
        return await full_review(
            facts, self.engine.queries, self.history, self._schedules(facts), decision_price_1e9
        )

    async def summary(
        self,
        client_id: str,
        *,
        start_date: str | None = None,
        end_date: str | None = None,
        symbol: str | None = None,
        venue: str | None = None,
    ) -> SummaryView:
        """Orders and fills of whole UTC days, today where none are given."""
        self.start()
        days = day_range(start_date, end_date, time.time_ns())
        if symbol is not None:
            symbol = self.pictures.handle(symbol).symbol
        queries = self.engine.queries
        desk = self._desk
        if desk is None or desk.queries is not queries:
            desk = self._desk = DeskTotals(queries)
        await desk.catch_up()
        row = queries.account(client_id, self.engine.environment)
        return make_summary(desk, None if row is None else row.account, days, symbol, venue)

    async def decisions(
        self, client_id: str, *, last_n: int = 20, node_order_id: str | None = None
    ) -> DecisionList:
        """The last routing decisions, newest first; more than 1,000 are clamped to that."""
        self.start()
        if last_n < 1:
            text = "last_n is at least 1"
            raise ApiError(ErrorCode.INVALID_PARAMS, text, [("last_n", text)])
        last_n = min(last_n, LAST_N_MAX)
        if node_order_id is not None:
            await self._row(client_id, node_order_id)
        rows = self.engine.queries.decisions(
            client_id, self.engine.environment, last_n=last_n, node_order_id=node_order_id
        )
        return DecisionList(decisions=await decision_views(rows), last_n=last_n)

    # -- inside

    def _schedules(self, facts: OrderFacts) -> dict[str, FeeSchedule | None]:
        """Fees by venue; none of an instrument that is no longer listed."""
        market = self.engine.world.markets.get(facts.row.symbol)
        return {} if market is None else {one.venue: one.fees for one in market.listings}

    async def _warm(self, symbol: str) -> tuple[str, str | None]:
        """The instrument's own symbol and where its books are from, once they are there."""
        if self.quotes is None:
            return self.pictures.handle(symbol).symbol, None
        named = await self.quotes.asked(symbol)
        if named.mirrored:
            text = f"this is the NO side of {named.canonical}; ask for the other side of that"
            raise ApiError(ErrorCode.NOT_IMPLEMENTED, text)
        source = await self.quotes.warm(symbol)
        return named.canonical, str(source)

    async def _row(self, client_id: str, node_order_id: str) -> NodeRow:
        """The durable row: flushed first only if it is not there yet or still changes."""
        if parse_node_order_id(node_order_id) is None:
            text = f"{node_order_id!r:.120} is no order id; it looks like graph:GRAPH:NODE:1"
            raise ApiError(ErrorCode.NOT_FOUND, text)
        queries, environment = self.engine.queries, self.engine.environment
        row = order_row(queries, client_id, environment, node_order_id)
        if row is None or not row.status.terminal:
            await self.engine.flush()
            row = order_row(queries, client_id, environment, node_order_id)
        if row is None:
            text = f"there is no order {node_order_id!r:.120} of this client; check the id"
            raise ApiError(ErrorCode.NOT_FOUND, text)
        return row

    async def _facts(self, client_id: str, node_order_id: str) -> OrderFacts:
        self.start()
        row = await self._row(client_id, node_order_id)
        return order_facts(self.engine.queries, client_id, self.engine.environment, row)


def checked_side(side: Side | str) -> Side:
    """The side; ApiError for what is none."""
    if isinstance(side, Side):
        return side
    try:
        return parse_side(side)
    except ValueError as error:
        raise ApiError(ErrorCode.INVALID_PARAMS, str(error), [("side", str(error))]) from None
