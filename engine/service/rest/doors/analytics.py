"""TCA over many orders: the desk summary under the reference's two paths, and the A/B report."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated

from msgspec import Meta

from engine.model.wire import Wire
from engine.service.access.scopes import Scope
from engine.service.api_error import ApiError, ErrorCode
from engine.service.intelligence.desk_views import AbReport, SummaryView
from engine.service.rest.call import Call
from engine.service.rest.door import Door

__all__ = ["DOORS"]

# Days that are looked at where no beginning is given: all that a desk would call recent.
FIRST_DAY = date(2020, 1, 1)


class AbQuery(Wire, frozen=True, kw_only=True):
    """`since` and `until` are days or moments as ISO 8601; whole UTC days are looked at, both
    included, all up to today where not given. `symbol` looks at one instrument.
    """

    symbol: Annotated[str, Meta(max_length=512)] | None = None
    since: Annotated[str, Meta(max_length=40)] | None = None
    until: Annotated[str, Meta(max_length=40)] | None = None


class TcaQuery(AbQuery, frozen=True, kw_only=True):
    """`routing_version` keeps orders whose first decision was made by it; `venue` keeps what filled
    there.
    """

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
    """The UTC days of two moments; ApiError that names the one which is none."""
    start = None if since is None else utc_day("since", since)
    end = None if until is None else utc_day("until", until)
    if start is not None and start > (end or datetime.now(UTC).date()):
        text = "since lies after until, which is today where it is not given; exchange them"
        raise ApiError(ErrorCode.INVALID_PARAMS, text, [("since", text)])
    if start is None:
        start = FIRST_DAY if end is None else min(FIRST_DAY, end)
    return {
        "start_date": start.isoformat(),
        "end_date": None if end is None else end.isoformat(),
    }


def utc_day(name: str, text: str) -> date:
    """The day of a moment; one without an offset is in UTC already."""
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo is None else moment.astimezone(UTC)).date()
    except (ValueError, OverflowError):
        sentence = f"{name} is a day or moment as ISO 8601 (2026-01-31), not {text!r:.40}"
        raise ApiError(ErrorCode.INVALID_PARAMS, sentence, [(name, sentence)]) from None


async def canonical(call: Call, symbol: str | None) -> str | None:
    """The engine's own name of a symbol that was given."""
    return None if symbol is None else (await call.stack.markets.resolve(symbol)).symbol


DOORS = (
    Door("GET", "/v1/tca", Scope.READ, tca),
    Door("GET", "/v1/analytics/tca", Scope.READ, tca),
    Door("GET", "/v1/analytics/ab_report", Scope.READ, ab_report),
)
