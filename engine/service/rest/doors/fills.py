"""Fills and traces: what happened to orders, in rows and step by step."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from engine.decisions.classify import classify
from engine.model.order_ids import parse_node_order_id
from engine.model.traces import TraceEvent, trace_events
from engine.model.wire import Wire
from engine.service.access.scopes import Scope
from engine.service.api_error import ApiError, ErrorCode
from engine.service.markets.given_views import entry_as_given
from engine.service.order_views import FillView
from engine.service.rest.call import Call
from engine.service.rest.door import Door
from engine.service.rest.doors.orders import OrderQuery, id_for, order_of, read_page, stored_symbol
from engine.service.rest.pages import page_bounds
from engine.store.queries import Queries

__all__ = ["DOORS"]


class FillPage(msgspec.Struct, frozen=True, kw_only=True):
    """Fills, newest first; pages as those of orders."""

    fills: list[FillView]
    total: int
    limit: int
    offset: int
    has_more: bool
    next_cursor: str | None


class TraceQuery(Wire, frozen=True, kw_only=True):
    """An order's id, or a graph's; the last `limit` steps."""

    node_order_id: str | None = None
    graph_id: str | None = None
    limit: Annotated[int, Meta(ge=1, le=1_000)] = 100


class TracePage(msgspec.Struct, frozen=True, kw_only=True):
    """Steps, oldest first. `has_more`: there are older ones than these."""

    traces: list[TraceEvent]
    count: int
    has_more: bool


async def list_fills(call: Call, query: OrderQuery, body: None) -> FillPage:
    """List your fills, newest first, with what each cost."""
    engine, (limit, offset, cursor) = call.stack.engine, page_bounds(query)
    client, environment = call.client_id, engine.environment
    symbol = await stored_symbol(call, query.symbol)

    def read(queries: Queries) -> tuple[list[FillView], int, int | None]:
        page = queries.fills(
            client,
            environment,
            limit=limit,
            offset=offset,
            cursor=cursor,
            symbol=symbol,
            node_order_id=query.node_order_id,
        )
        return [FillView.of(row) for row in page.rows], page.total, page.next_cursor

    rows, total, after = await read_page(call, query, read)
    return FillPage(
        fills=[shown(call, row) for row in rows],
        total=total,
        limit=limit,
        offset=offset,
        has_more=after is not None,
        next_cursor=None if after is None else str(after),
    )


def shown(call: Call, row: FillView) -> FillView:
    """The fill as its order was given, under the form of id that the key asks for."""
    row = call.stack.markets.given.fill(row, call.client_id)
    if not call.caller.compact_ids:
        return row
    return msgspec.structs.replace(row, node_order_id=id_for(call, row.node_order_id))


async def list_traces(call: Call, query: TraceQuery, body: None) -> TracePage:
    """The steps that an order or a graph went through, with every venue's own words."""
    engine = call.stack.engine
    graph_id, node_id = query.graph_id, None
    if query.node_order_id is not None:
        parts = parse_node_order_id(query.node_order_id)
        await order_of(call, query.node_order_id)
        assert parts is not None, "an order that was found has an id that parses"
        graph_id, node_id = parts[0], parts[1]
    if graph_id is None:
        text = "name an order by node_order_id, or a graph by graph_id"
        raise ApiError(ErrorCode.VALIDATION_ERROR, text, [("node_order_id", text)])
    await engine.flush()
    stored = engine.queries.graph(call.client_id, engine.environment, graph_id)
    if stored is None:
        raise ApiError(ErrorCode.NOT_FOUND, f"you have no graph {graph_id[:100]!r}")
    call.graph_id = graph_id
    entries = engine.queries.history(call.client_id, engine.environment, graph_id)
    given, symbols = call.stack.markets.given, {row.node_id: row.symbol for row in stored.nodes}
    told = (
        entry_as_given(
            entry, given.of(call.client_id, graph_id, entry.node_id, symbols[entry.node_id])
        )
        if entry.node_id in symbols
        else entry
        for entry in entries
    )
    steps = [
        step
        for step in trace_events(told, classified)
        if node_id is None or step.node_id in (node_id, "")
    ]
    shown = steps[-query.limit :]
    return TracePage(traces=shown, count=len(shown), has_more=len(steps) > len(shown))


def classified(venue: str, code: str, text: str) -> str:
    """The engine's word for a venue's refusal."""
    return classify(venue, code, text).failure.value


DOORS = (
    Door("GET", "/v1/fills", Scope.READ, list_fills),
    Door("GET", "/v1/traces", Scope.READ, list_traces),
)
