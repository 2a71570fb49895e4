"""The doors of execution intelligence: forecast, simulate, live, review, summary, decisions."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from msgspec import Meta

from engine.model.units import parse_decimal
from engine.model.wire import Wire
from engine.service.access.scopes import Scope
from engine.service.api_error import ApiError, ErrorCode
from engine.service.intelligence.desk_views import SummaryView
from engine.service.intelligence.scenario_jobs import RUNS_DEFAULT, RUNS_MAX
from engine.service.intelligence.views import (
    DecisionList,
    ForecastView,
    LiveView,
    Review,
    SimulationView,
)
from engine.service.rest.call import Call
from engine.service.rest.door import Door
from engine.service.scenario.views import SimulationJob

__all__ = ["DOORS"]

Side = Literal["buy", "sell"]
Level = Literal["low", "medium", "high"]
Symbol = Annotated[str, Meta(min_length=1, max_length=128)]
Names = Annotated[str, Meta(max_length=512)]


class ForecastQuery(Wire, frozen=True, kw_only=True):
    """`qty` in human units."""

    symbol: Symbol
    side: Side
    qty: Decimal
    urgency: Level = "medium"


class SimulateQuery(Wire, frozen=True, kw_only=True):
    """`exclude_venues` and `strategies` are lists with commas; `method` closed_form is at once.

    `method` simulated answers with a job; `runs` and `seed` are its own.
    """

    symbol: Symbol
    side: Side
    qty: Decimal
    urgency: Level = "medium"
    exclude_venues: Names = ""
    passive_only: bool = False
    max_cost_bps: float | None = None
    strategies: Names = "aggressive,passive,split"
    method: Literal["closed_form", "simulated"] = "closed_form"
    runs: Annotated[int, Meta(ge=1, le=RUNS_MAX)] = RUNS_DEFAULT
    seed: Annotated[int, Meta(ge=0, lt=2**31)] | None = None


class ReviewQuery(Wire, frozen=True, kw_only=True):
    """`decision_price` is the price at which the client decided, for the delay."""

    decision_price: Decimal | None = None


class SummaryQuery(Wire, frozen=True, kw_only=True):
    """Days as YYYY-MM-DD in UTC, both included, today where not given."""

    start_date: Annotated[str, Meta(max_length=40)] | None = None
    end_date: Annotated[str, Meta(max_length=40)] | None = None
    symbol: Symbol | None = None
    venue: Annotated[str, Meta(max_length=64)] | None = None


class DecisionsQuery(Wire, frozen=True, kw_only=True):
    """`last_n` above 1000 is 1000."""

    node_order_id: Annotated[str, Meta(max_length=512)] | None = None
    last_n: Annotated[int, Meta(ge=1)] = 20


async def forecast(call: Call, query: ForecastQuery, body: None) -> ForecastView:
    """Pre-trade forecast: cost, downside, fill confidence, capacity, venues, urgency."""
    qty = exact("qty", query.qty, 8)
    return await call.stack.intelligence.forecast(query.symbol, query.side, qty, query.urgency)


async def simulate(call: Call, query: SimulateQuery, body: None) -> SimulationView | SimulationJob:
    """Pre-trade comparison of strategies for the same order; a job for the simulated method."""
    if query.method == "simulated":
        return await call.stack.intelligence.simulate_runs(
            call.caller.client_id,
            query.symbol,
            query.side,
            exact("qty", query.qty, 8),
            urgency=query.urgency,
            exclude_venues=names(query.exclude_venues),
            passive_only=query.passive_only,
            max_cost_bps=query.max_cost_bps,
            strategies=names(query.strategies),
            runs=query.runs,
            seed=query.seed,
        )
    return await call.stack.intelligence.simulate(
        query.symbol,
        query.side,
        exact("qty", query.qty, 8),
        urgency=query.urgency,
        exclude_venues=names(query.exclude_venues),
        passive_only=query.passive_only,
        max_cost_bps=query.max_cost_bps,
        strategies=names(query.strategies),
    )


async def live(call: Call, query: None, body: None) -> LiveView:
    """Live monitor of one order: fills, pace, cost in flight, venue health, advice."""
    return await call.stack.intelligence.live(call.caller.client_id, call.path["node_order_id"])


async def review(call: Call, query: ReviewQuery, body: None) -> Review:
    """Post-trade review of one order: children, decisions, benchmarks, TCA, fees."""
    price = (
        None if query.decision_price is None else exact("decision_price", query.decision_price, 9)
    )
    return await call.stack.intelligence.review(
        call.caller.client_id, call.path["node_order_id"], price
    )


async def summary(call: Call, query: SummaryQuery, body: None) -> SummaryView:
    """Desk summary over whole UTC days: orders, fills, notional, slippage, venues, symbols."""
    return await call.stack.intelligence.summary(
        call.caller.client_id,
        start_date=query.start_date,
        end_date=query.end_date,
        symbol=query.symbol,
        venue=query.venue,
    )


async def decisions(call: Call, query: DecisionsQuery, body: None) -> DecisionList:
    """The last routing decisions of this client, each redone from its record."""
    return await call.stack.intelligence.decisions(
        call.caller.client_id, last_n=query.last_n, node_order_id=query.node_order_id
    )


def exact(name: str, value: Decimal, decimals: int) -> int:
    """A positive decimal as an integer, exactly; ApiError naming the parameter."""
    try:
        number = parse_decimal(value, decimals)
    except ValueError as error:
        text = f"{name}: {error}"
        raise ApiError(ErrorCode.VALIDATION_ERROR, text, [(name, str(error))]) from None
    if number <= 0:
        sentence = f"{name} must be above 0"
        raise ApiError(ErrorCode.VALIDATION_ERROR, sentence, [(name, sentence)])
    return number


def names(text: str) -> tuple[str, ...]:
    """The parts of a list with commas."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


DOORS: tuple[Door, ...] = (
    Door("GET", "/v1/execution/forecast", Scope.READ, forecast),
    Door("GET", "/v1/execution/simulate", Scope.READ, simulate),
    Door("GET", "/v1/execution/live/{node_order_id}", Scope.READ, live),
    Door("GET", "/v1/execution/review/{node_order_id}", Scope.READ, review),
    Door("GET", "/v1/execution/summary", Scope.READ, summary),
    Door("GET", "/v1/execution/decisions", Scope.READ, decisions),
)
