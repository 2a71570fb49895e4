"""`Intelligence`: the six answers of /v1/execution over one running engine."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self

import msgspec

from engine.decisions.placeable import finest_lot_1e8
from engine.intelligence.strategies import STANDARD
from engine.model.order_ids import parse_node_order_id
from engine.model.units import Side
from engine.service.api_error import ApiError, ErrorCode
from engine.service.intelligence.ab_report import AbReports
from engine.service.intelligence.decisions import decision_log, first_choice
from engine.service.intelligence.desk_views import AbReport, SummaryView
from engine.service.intelligence.facts import OrderFacts, order_facts, order_row
from engine.service.intelligence.history import MarketHistory
from engine.service.intelligence.live import live_view
from engine.service.intelligence.live_calibration import LiveCalibration
from engine.service.intelligence.observation_views import ObservationsView, observations_view
from engine.service.intelligence.observer import Observer
from engine.service.intelligence.order_forecast import Said
from engine.service.intelligence.order_pace import AtStart
from engine.service.intelligence.other_side import (
    OtherSideHistory,
    checked_side,
    decision_of_no,
    facts_of_no,
    forecast_of_no,
    named,
    other,
    review_of_no,
    simulation_of_no,
)
from engine.service.intelligence.pictures import Pictures
from engine.service.intelligence.regret import judge_of
from engine.service.intelligence.review import full_review
from engine.service.intelligence.scenario_jobs import RUNS_DEFAULT, ScenarioJobs
from engine.service.intelligence.summary import (
    check_venue,
    day_range,
    event_symbol,
    make_summary,
)
from engine.service.intelligence.upkeep import Upkeep
from engine.service.intelligence.views import (
    DecisionList,
    DecisionView,
    ForecastView,
    LiveView,
    Review,
    SimulationView,
)
from engine.service.markets.given_orders import GivenOrders
from engine.service.markets.graph_symbols import Given
from engine.service.scenario.views import SimulationJob

if TYPE_CHECKING:
    from engine.model.fees import FeeSchedule
    from engine.service.engine import ExecutionEngine
    from engine.service.wiring import World
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
    need; `close` ends it, and `async with` does both. Every answer about orders is of one client
    (`engine.config.client_id`, where the library is used); an id of another is a 404. What cannot
    be answered raises ApiError. Symbols are those of the engine; with `quotes`
    (`Quotes(engine, resolve=Markets(engine).resolve)`) also all others that it resolves, such as
    the NO side of an event contract.
    """

    def __init__(self, engine: ExecutionEngine, quotes: Warmer | None = None) -> None:
        self.engine = engine
        self.quotes = quotes
        self.pictures = Pictures(engine)
        self.history = MarketHistory(engine)
        self.upkeep = Upkeep(engine)
        folder = engine.config.data_dir
        kept = None if folder is None else Path(folder)
        self.observer = Observer(engine, self.history.mid_x2_at, kept)
        self.pictures.observer = self.observer
        self.calibration = LiveCalibration(engine, kept)
        self.scenarios = ScenarioJobs(engine, self.pictures)
        self._reports: AbReports | None = None
        self._known: tuple[World, GivenOrders] | None = None

    async def __aenter__(self) -> Self:
        self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Begin to watch prices; needs a running event loop."""
        self.history.start()
        self.upkeep.start()
        self.observer.start()
        self.calibration.start()
        self.pictures.calibration = self.calibration.state
        if self.calibration.calibrator is not None:
            self.calibration.calibrator.estimates.observer = self.observer

    def close(self) -> None:
        """Stop watching."""
        self.history.close()
        self.upkeep.close()
        self.scenarios.close()
        self.observer.close()
        self.calibration.close()

    # -- before the trade

    async def forecast(
        self, symbol: str, side: Side | str, qty_1e8: int, urgency: str = "medium"
    ) -> ForecastView:
        """What an immediate order would cost now."""
        self.start()
        canonical, source, mirrored = await self._warm(symbol)
        asked = checked_side(side)
        inside = other(asked) if mirrored else asked
        view = self.pictures.forecast(canonical, inside, qty_1e8, urgency)
        if mirrored:
            lot = finest_lot_1e8(self.pictures.handle(canonical).listings)
            view = forecast_of_no(view, symbol, asked, lot)
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
        canonical, _, mirrored = await self._warm(symbol)
        asked = checked_side(side)
        view = self.pictures.simulate(
            canonical,
            other(asked) if mirrored else asked,
            qty_1e8,
            urgency=urgency,
            exclude_venues=exclude_venues,
            passive_only=passive_only,
            max_cost_bps=None if mirrored else max_cost_bps,
            strategies=strategies,
        )
        return simulation_of_no(view, symbol, asked, max_cost_bps) if mirrored else view

    async def simulate_runs(
        self,
        client_id: str,
        symbol: str,
        side: Side | str,
        qty_1e8: int,
        *,
        urgency: str = "medium",
        exclude_venues: Sequence[str] = (),
        passive_only: bool = False,
        max_cost_bps: float | None = None,
        strategies: Sequence[str] = STANDARD,
        runs: int = RUNS_DEFAULT,
        seed: int | None = None,
    ) -> SimulationJob:
        """Strategies side by side in seeded markets: a job, of which `scenarios.view` tells."""
        self.start()
        canonical, _, mirrored = await self._warm(symbol)
        asked = checked_side(side)
        return self.scenarios.begin(
            client_id,
            canonical,
            other(asked) if mirrored else asked,
            qty_1e8,
            urgency=urgency,
            exclude_venues=exclude_venues,
            passive_only=passive_only,
            max_cost_bps=max_cost_bps,
            strategies=strategies,
            runs=runs,
            seed=seed,
            given=symbol if mirrored else None,
        )

    async def observations(self, symbol: str) -> ObservationsView:
        """What was learned of the venues of an instrument."""
        self.start()
        canonical, _, _ = await self._warm(symbol)
        own = self.pictures.handle(canonical).symbol
        return observations_view(self.observer, own, self.engine.world.markets[own])

    # -- during and after

    async def live(self, client_id: str, node_order_id: str) -> LiveView:
        """The monitor of an order, which may have ended."""
        facts = await self._facts(client_id, node_order_id)
        given = self._given_of(client_id, facts)
        row, said = facts.row, self._said(client_id, facts.row.node_order_id)
        first = first_choice(self.engine.queries, row.order_number)
        began = AtStart(said.open, first, said.ended)
        view = live_view(self.pictures, facts, given is not None and given.mirrored, began)
        return view if given is None else named(view, given.symbol)

    async def review(
        self, client_id: str, node_order_id: str, decision_price_1e9: int | None = None
    ) -> Review:
        """The review of an order; of one that still works, as far as it has come."""
        facts = await self._facts(client_id, node_order_id)
        given = self._given_of(client_id, facts)
        schedules, history = self._schedules(facts), self.history
        queries, said = self.engine.queries, self._said(client_id, facts.row.node_order_id)
        price = decision_price_1e9
        if given is None or not given.mirrored:
            judge = judge_of(self.pictures, facts)
            view = await full_review(facts, queries, history, schedules, price, judge, said)
        else:
            # A share of the notional is another on the other side; p (1 - p) is the same.
            bent = {name: one for name, one in schedules.items() if one and one.quadratic}
            told, seen = facts_of_no(facts), OtherSideHistory(history)
            judge = judge_of(self.pictures, facts, mirrored=True)
            view = await full_review(told, queries, seen, bent, price, judge, said, mirrored=True)
            view = review_of_no(view)
        return view if given is None else named(view, given.symbol)

    async def summary(
        self,
        client_id: str,
        *,
        start_date: str | None = None,
        end_date: str | None = None,
        symbol: str | None = None,
        venue: str | None = None,
        routing_version: int | None = None,
    ) -> SummaryView:
        """Orders and fills of whole UTC days, today where none are given."""
        self.start()
        days = day_range(start_date, end_date, time.time_ns())
        if symbol is not None:
            symbol = await self._canonical(symbol)
        queries = self.engine.queries
        desk = self.upkeep.totals()
        await desk.catch_up()
        row = queries.account(client_id, self.engine.environment)
        account = None if row is None else row.account
        gap = self.upkeep.gaps.view(queries, account)
        if venue is not None:
            check_venue(desk, account, venue, self.engine.world.feeds)
        is_event = partial(event_symbol, self.engine.world.symbols)
        return make_summary(desk, account, days, symbol, venue, routing_version, gap, is_event)

    async def ab_report(
        self,
        client_id: str,
        *,
        start_date: str | None = None,
        end_date: str | None = None,
        symbol: str | None = None,
    ) -> AbReport:
        """What orders that ended in whole UTC days cost under each routing version."""
        days = day_range(start_date, end_date, time.time_ns())
        if symbol is not None:
            symbol = await self._canonical(symbol)
        queries = self.engine.queries
        if self._reports is None or self._reports.queries is not queries:
            is_event = partial(event_symbol, self.engine.world.symbols)
            self._reports = AbReports(queries, is_event)
        row = queries.account(client_id, self.engine.environment)
        return await self._reports.report(None if row is None else row.account, days, symbol)

    async def decisions(
        self,
        client_id: str,
        *,
        last_n: int = 20,
        node_order_id: str | None = None,
        decision_id: int | None = None,
    ) -> DecisionList:
        """The last routing decisions, newest first; more than 1,000 are clamped to that.

        With `decision_id` that one; ApiError 404 where the client has none of it.
        """
        self.start()
        if node_order_id is not None:
            await self._row(client_id, node_order_id)
        client = client_id, self.engine.environment
        found, told = await decision_log(
            self.engine.queries, client, last_n, node_order_id, decision_id
        )
        views = tuple(self._as_given(client_id, one) for one in found)
        return DecisionList(decisions=views, last_n=told)

    # -- inside

    def _said(self, client_id: str, node_order_id: str) -> Said:
        """What was forecast of an order."""
        key = client_id, self.engine.environment, node_order_id
        return Said(self.calibration.open_forecast(*key), self.calibration.ended_forecast(*key))

    def _schedules(self, facts: OrderFacts) -> dict[str, FeeSchedule | None]:
        """Fees by venue; none of an instrument that is no longer listed."""
        market = self.engine.world.markets.get(facts.row.symbol)
        return {} if market is None else {one.venue: one.fees for one in market.listings}

    def _given_of(self, client_id: str, facts: OrderFacts) -> Given | None:
        row = facts.row
        return self._given().of(client_id, facts.stored.row.graph_id, row.node_id, row.symbol)

    def _given(self) -> GivenOrders:
        """How orders were given, of the world that runs now."""
        world = self.engine.world
        if self._known is None or self._known[0] is not world:
            self._known = world, GivenOrders(self.engine)
        return self._known[1]

    def _as_given(self, client_id: str, view: DecisionView) -> DecisionView:
        given = self._given().of(client_id, view.graph_id, view.node_id, view.symbol)
        if given is None:
            return view
        return named(decision_of_no(view) if given.mirrored else view, given.symbol)

    async def _canonical(self, symbol: str) -> str:
        """The instrument's own symbol; the two sides of an event contract have one."""
        if self.quotes is None or symbol in self.engine.world.symbols:
            return self.pictures.handle(symbol).symbol
        return (await self.quotes.asked(symbol)).canonical

    async def _warm(self, symbol: str) -> tuple[str, str | None, bool]:
        """The instrument's own symbol, where its books are from, and whether NO was asked for."""
        if self.quotes is None:
            return self.pictures.handle(symbol).symbol, None, False
        asked = await self.quotes.asked(symbol)
        source = await self.quotes.warm(symbol)
        return asked.canonical, str(source), asked.mirrored

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
