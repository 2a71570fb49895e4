"""TCA over many orders: the desk summary under the reference's two paths, and the A/B report."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from engine.model.wire import Wire
from engine.service.access.scopes import Scope
from engine.service.intelligence.desk_views import AbReport, SummaryView
from engine.service.rest.call import Call
from engine.service.rest.door import Door

__all__ = ["DOORS"]

DATE_LENGTH = 10
# Days that are looked at where no beginning is given: all that a desk would call recent.
FIRST_DAY = "2020-01-01"


class AbQuery(Wire, frozen=True, kw_only=True):
    """`since` and `until` are ISO 8601; whole UTC days are looked at, both included."""

    symbol: Annotated[str, Meta(max_length=512)] | None = None
    since: Annotated[str, Meta(max_length=40)] | None = None
    until: Annotated[str, Meta(max_length=40)] | None = None


class TcaQuery(AbQuery, frozen=True, kw_only=True):
    """With a routing version, the orders whose first decision was made by it."""

    venue: Annotated[str, Meta(max_length=64)] | None = None
    routing_version: Annotated[int, Meta(ge=1, le=3)] | None = None


async def tca(call: Call, query: TcaQuery, body: None) -> SummaryView:
    """What your orders cost, by venue and symbol, over all days or some."""
    return await call.stack.intelligence.summary(
        call.client_id,
        **window(query.since, query.until),
        symbol=await canonical(call, query.symbol),
        venue=query.venue,
        routing_version=query.routing_version,
    )


async def ab_report(call: Call, query: AbQuery, body: None) -> AbReport:
    """Costs by routing version side by side, with the interval of their difference."""
    return await call.stack.intelligence.ab_report(
        call.client_id,
        **window(query.since, query.until),
        symbol=await canonical(call, query.symbol),
    )


def window(since: str | None, until: str | None) -> dict[str, str | None]:
    """The days of two moments."""
    return {
        "start_date": FIRST_DAY if since is None else since[:DATE_LENGTH],
        "end_date": None if until is None else until[:DATE_LENGTH],
    }


async def canonical(call: Call, symbol: str | None) -> str | None:
    """The engine's own name of a symbol that was given."""
    return None if symbol is None else (await call.stack.markets.resolve(symbol)).symbol


DOORS = (
    Door("GET", "/v1/tca", Scope.READ, tca),
    Door("GET", "/v1/analytics/tca", Scope.READ, tca),
    Door("GET", "/v1/analytics/ab_report", Scope.READ, ab_report),
)
