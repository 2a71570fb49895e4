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
    """An order to be. `qty` is in units of the instrument: coins or contracts."""

    symbol: Symbol
    side: Side
    qty: Decimal
    urgency: Level = "medium"


class SimulateQuery(Wire, frozen=True, kw_only=True):
    """An order to be, and how it might be worked.

    `qty` is in units of the instrument: coins or contracts. `strategies` are aggressive, passive,
    split or policies, with commas. `exclude_venues` are left out, with commas. `passive_only` keeps
    strategies that never take before their horizon ends; `max_cost_bps` keeps those whose median
    cost is at most that, + is a cost. `method` is `closed_form`, which answers at once, or
    `simulated`, which answers with a job; `runs` is that job's number of markets; `seed` is what
    they are drawn from, a new one unless given.
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
    """`decision_price` is the price at which the client decided, in USD a unit; the cost of the
    delay since is then told apart.
    """

    decision_price: Decimal | None = None


class SummaryQuery(Wire, frozen=True, kw_only=True):
    """Whole UTC days.

    `start_date` and `end_date` are the first and the last as YYYY-MM-DD, both included, today where
    not given. `venue` counts only what filled there; `symbol` counts only that instrument.
    """

    start_date: Annotated[str, Meta(max_length=40)] | None = None
    end_date: Annotated[str, Meta(max_length=40)] | None = None
    symbol: Symbol | None = None
    venue: Annotated[str, Meta(max_length=64)] | None = None


class DecisionsQuery(Wire, frozen=True, kw_only=True):
    """`node_order_id` looks at one order, all of the client otherwise.

    `last_n` is how many at most, newest first; above 1000 is 1000. `decision_id` looks at one
    decision.
    """

    node_order_id: Annotated[str, Meta(max_length=512)] | None = None
    last_n: Annotated[int, Meta(ge=1)] = 20
    decision_id: Annotated[int, Meta(ge=1, le=2**63 - 1)] | None = None


async def forecast(call: Call, query: ForecastQuery, body: None) -> ForecastView:
    """Pre-trade forecast: cost, downside, fill confidence, capacity, venues, urgency.

    Of an order that takes at once, on the books as they are now. Books of a symbol that nobody
    looked at for a while are asked for first, which takes up to half a second.
    """
    qty = exact("qty", query.qty, 8)
    return await call.stack.intelligence.forecast(query.symbol, query.side, qty, query.urgency)


async def simulate(call: Call, query: SimulateQuery, body: None) -> SimulationView | SimulationJob:
    """Pre-trade comparison of strategies for the same order; a job for the simulated method.

    The closed form is at once. The job plays the real policies in seeded markets that start from
    the books of now; `GET /v1/execution/simulate/jobs/{job_id}` tells how far it has come.
    """
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
    """Live monitor of one order: fills, pace, cost in flight, venue health, advice.

    Quantities are 1e-8 and sum: filled, working, unknown (asked of the venue) and what is not out
    yet. Costs are bps of the arrival mid, + is a cost. An order that has ended is answered as it
    ended, with `terminal`; an order of another client, or of nobody, is 404.
    """
    return await call.stack.intelligence.live(call.caller.client_id, call.path["node_order_id"])


async def review(call: Call, query: ReviewQuery, body: None) -> Review:
    """Post-trade review of one order: children, decisions, benchmarks, TCA, fees.

    Money is 1e-9 USD, + is a cost; the parts of `tca` sum to its shortfall to the last unit. An
    order that still works is reviewed as far as it has come: what depends on its end is null, and
    `missing` says so. It survives a restart; markouts come in as their time passes.
    """
    price = (
        None if query.decision_price is None else exact("decision_price", query.decision_price, 9)
    )
    return await call.stack.intelligence.review(
        call.caller.client_id, call.path["node_order_id"], price
    )


async def summary(call: Call, query: SummaryQuery, body: None) -> SummaryView:
    """Desk summary over whole UTC days: orders, fills, notional, slippage, venues, symbols.

    All orders of this client, from the durable record. Slippage is price only, against the mid at
    each order's arrival, + is a cost.
    """
    return await call.stack.intelligence.summary(
        call.caller.client_id,
        start_date=query.start_date,
        end_date=query.end_date,
        symbol=query.symbol,
        venue=query.venue,
    )


async def decisions(call: Call, query: DecisionsQuery, body: None) -> DecisionList:
    """The last routing decisions of this client, each redone from its record.

    Newest first: what was chosen, what every venue would have cost, and the best that could be.
    """
    return await call.stack.intelligence.decisions(
        call.caller.client_id,
        last_n=query.last_n,
        node_order_id=query.node_order_id,
        decision_id=query.decision_id,
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
