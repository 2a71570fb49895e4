"""TCA over many orders: the desk summary under the two paths that the reference gives it."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from engine.model.wire import Wire
from engine.service.access.scopes import Scope
from engine.service.api_error import ApiError, ErrorCode
from engine.service.intelligence.views import SummaryView
from engine.service.rest.call import Call
from engine.service.rest.door import Door

__all__ = ["DOORS"]

DATE_LENGTH = 10
# Days that are looked at where no beginning is given: all that a desk would call recent.
FIRST_DAY = "2020-01-01"


class TcaQuery(Wire, frozen=True, kw_only=True):
    """`since` and `until` are ISO 8601; whole UTC days are looked at, both included."""

    symbol: Annotated[str, Meta(max_length=512)] | None = None
    since: Annotated[str, Meta(max_length=40)] | None = None
    until: Annotated[str, Meta(max_length=40)] | None = None
    venue: Annotated[str, Meta(max_length=64)] | None = None
    routing_version: Annotated[int, Meta(ge=1, le=3)] | None = None


async def tca(call: Call, query: TcaQuery, body: None) -> SummaryView:
    """What your orders cost, by venue and symbol, over all days or some."""
    if query.routing_version is not None:
        text = "reports by routing version are not served yet; leave the filter out"
        raise ApiError(ErrorCode.NOT_IMPLEMENTED, text, [("routing_version", text)])
    symbol = query.symbol
    if symbol is not None:
        symbol = (await call.stack.markets.resolve(symbol)).symbol
    return await call.stack.intelligence.summary(
        call.client_id,
        start_date=FIRST_DAY if query.since is None else query.since[:DATE_LENGTH],
        end_date=None if query.until is None else query.until[:DATE_LENGTH],
        symbol=symbol,
        venue=query.venue,
    )


DOORS = (
    Door("GET", "/v1/tca", Scope.READ, tca),
    Door("GET", "/v1/analytics/tca", Scope.READ, tca),
)
