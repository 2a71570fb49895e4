"""Orders: submit, list, look at, amend, decrease, cancel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal, TypeVar

import msgspec
from msgspec import Meta

from engine.errors import Reason
from engine.model.dry_run import DryRunReport
from engine.model.graph import Graph, SimpleOrder
from engine.model.intake import parse_graph
from engine.model.order_ids import node_order_id, parse_node_order_id
from engine.model.wire import Wire
from engine.service.access.scopes import Scope
from engine.service.api_error import ApiError, ErrorCode
from engine.service.order_views import OrderView
from engine.service.rest.call import Call
from engine.service.rest.door import Door
from engine.service.rest.errors import refused
from engine.service.rest.idempotency import graph_id_of_key
from engine.service.rest.pages import PageQuery, is_long, page_bounds
from engine.store.queries import Queries

__all__ = [
    "DOORS",
    "OrderQuery",
    "Submitted",
    "checked_graph",
    "id_for",
    "order_of",
    "read_page",
    "stored_order",
]

GRAPH_PREFIX = "graph"
T = TypeVar("T")
# Paths in the graph that a simple order stands for, as the short form calls them.
SHORT_NAMES = {
    "nodes[0].quantity.fixed.qty_1e8": "qty",
    "nodes[0].quantity.notional.usd_1e9": "notional",
    "nodes[0].order_type.limit.price_1e9": "price",
    "nodes[0].instrument.symbol": "symbol",
    "nodes[0].instrument.venue": "venue",
    "nodes[0].side": "side",
    "nodes[0]": "order",
}


class SubmitQuery(Wire, frozen=True, kw_only=True):
    """`dry_run=true` checks everything and submits nothing."""

    dry_run: bool = False


class Submitted(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a submit. `dry_run` is what a dry run found, null for a real submission."""

    graph_id: str
    status: str
    node_count: int
    edge_count: int
    dry_run: DryRunReport | None = None


class OrderPage(msgspec.Struct, frozen=True, kw_only=True):
    """Orders, newest first. `next_cursor` continues below the last row, whatever came meanwhile."""

    orders: list[OrderView]
    total: int
    limit: int
    offset: int
    has_more: bool
    next_cursor: str | None


class OrderQuery(PageQuery, frozen=True, kw_only=True):
    """Filters of a list of orders or fills."""

    symbol: str | None = None
    node_order_id: str | None = None


class NewConstraints(Wire, frozen=True, kw_only=True):
    """`max_price_1e9` is the limit price, of buys and of sells."""

    max_price_1e9: Annotated[int, Meta(gt=0)] | None = None


class AmendOrder(Wire, frozen=True, kw_only=True):
    """A new total quantity (no delta), a new limit price, or both."""

    new_qty_1e8: Annotated[int, Meta(gt=0)] | None = None
    new_constraints: NewConstraints | None = None


class DecreaseOrder(Wire, frozen=True, kw_only=True):
    """How much to take off what remains, at the same price."""

    reduce_by_1e8: Annotated[int, Meta(gt=0)]


class OrderChanged(msgspec.Struct, frozen=True, kw_only=True):
    """An order after a change. `mode` says how it is done; the id is the order's current one."""

    node_order_id: str
    status: Literal["accepted"]
    mode: str


async def submit_order(call: Call, query: SubmitQuery, body: bytes) -> Submitted:
    """Submit a simple order or an execution graph.

    A graph without an id that comes with an Idempotency-Key is named by the key, so that the
    same key is the same graph, also after a restart.
    """
    stack = call.stack
    if not body:
        raise ApiError(ErrorCode.BAD_REQUEST, "an order is a JSON object; the body is empty")
    graph = parse_graph(body)
    if graph.graph_id == GRAPH_PREFIX:
        text = "'graph' is no graph id: it begins every order id"
        raise ApiError(ErrorCode.VALIDATION_ERROR, text, [("graph_id", text)])
    if graph.graph_id is None and call.idempotency_key:
        name = graph_id_of_key(call.client_id, call.idempotency_key)
        graph = msgspec.structs.replace(graph, graph_id=name)
    graph = await stack.markets.prepare(graph)
    run = await stack.engine.submit(graph, client_id=call.client_id, dry_run=query.dry_run)
    answer = run.answer
    call.graph_id = answer.graph_id
    if not run.accepted:
        raise refused_order(body, run.reason, run.text, run.faults)
    return Submitted(
        graph_id=answer.graph_id,
        status=answer.status.value,
        node_count=answer.node_count,
        edge_count=answer.edge_count,
        dry_run=answer.report,
    )


def refused_order(
    body: bytes, reason: Reason, text: str, faults: tuple[tuple[str, str], ...]
) -> ApiError:
    """The refusal in the words in which the order was given, where that was the short form."""
    if b'"nodes"' in body:
        return refused(reason, text, faults)
    for path, name in SHORT_NAMES.items():
        text = text.replace(path, name)
        faults = tuple((name if field == path else field, said) for field, said in faults)
    return refused(reason, text, faults)


async def list_orders(call: Call, query: OrderQuery, body: None) -> OrderPage:
    """List your orders, newest first."""
    engine, (limit, offset, cursor) = call.stack.engine, page_bounds(query)
    client, environment = call.client_id, engine.environment
    symbol = await stored_symbol(call, query.symbol)

    def read(queries: Queries) -> tuple[list[OrderView], int, int | None]:
        page = queries.orders(
            client,
            environment,
            limit=limit,
            offset=offset,
            cursor=cursor,
            symbol=symbol,
            node_order_id=query.node_order_id,
        )
        paused = queries.paused_graphs(client, environment)
        rows = [OrderView.of(row, client, paused=row.graph_number in paused) for row in page.rows]
        return rows, page.total, page.next_cursor

    rows, total, after = await read_page(call, query, read)
    return OrderPage(
        orders=[shown(call, row) for row in rows],
        total=total,
        limit=limit,
        offset=offset,
        has_more=after is not None,
        next_cursor=None if after is None else str(after),
    )


async def read_page(call: Call, query: PageQuery, read: Callable[[Queries], T]) -> T:
    """What `read` finds among all that is recorded so far; a long page beside the loop."""
    engine = call.stack.engine
    await engine.flush()
    return await call.stack.reads.run(read) if is_long(query) else read(engine.queries)


async def get_order(call: Call, query: None, body: None) -> OrderView:
    """One order, by either form of its id, an old one included."""
    return await order_of(call, call.path["node_order_id"])


async def amend_order(call: Call, query: None, body: AmendOrder) -> OrderChanged:
    """Give an order a new total quantity, a new limit price, or both."""
    name = call.path["node_order_id"]
    limit = None if body.new_constraints is None else body.new_constraints.max_price_1e9
    if body.new_qty_1e8 is None and limit is None:
        text = "an amendment needs new_qty_1e8, new_constraints.max_price_1e9, or both"
        raise ApiError(ErrorCode.VALIDATION_ERROR, text, [("", text)])
    row = await stored_order(call, name)
    # The engine knows event contracts by their YES side; the client speaks of what it gave.
    qty, limit = call.stack.markets.given.amendment(
        call.client_id,
        row.graph_id,
        row.node_id,
        row.symbol,
        qty_1e8=body.new_qty_1e8,
        limit_1e9=limit,
    )
    answer = await call.stack.engine.amend_order(
        name, new_qty_1e8=qty, limit_1e9=limit, client_id=call.client_id
    )
    if answer.reason is not Reason.NONE:
        raise refused(answer.reason, answer.text)
    return OrderChanged(
        node_order_id=id_for(call, answer.node_order_id or name),
        status="accepted",
        mode=answer.mode,
    )


async def decrease_order(call: Call, query: None, body: DecreaseOrder) -> OrderChanged:
    """Take a quantity off what remains of an order, at the same price."""
    name = call.path["node_order_id"]
    await order_of(call, name)
    answer = await call.stack.engine.decrease_order(
        name, body.reduce_by_1e8, client_id=call.client_id
    )
    if answer.reason is not Reason.NONE:
        raise refused(answer.reason, answer.text)
    return OrderChanged(
        node_order_id=id_for(call, answer.node_order_id or name),
        status="accepted",
        mode=answer.mode,
    )


async def cancel_order(call: Call, query: None, body: None) -> OrderView:
    """Cancel one order, or with a bare graph id its whole graph; 200 when it has ended already."""
    name, engine = call.path["node_order_id"], call.stack.engine
    if parse_node_order_id(name) is None:
        state = await engine.cancel(checked_graph(name), client_id=call.client_id)
        call.graph_id = name
        first = next(iter(state.nodes))
        return await order_of(call, node_order_id(name, first, 1))
    row = await order_of(call, name)
    if row.status in ("ACCEPTED", "RUNNING", "PAUSED"):
        await engine.cancel_order(name, client_id=call.client_id)
        row = await order_of(call, name)
    return row


async def order_of(call: Call, name: str) -> OrderView:
    """The caller's order as it was given, by its id; ApiError 404 for anything else."""
    return shown(call, await stored_order(call, name))


def shown(call: Call, row: OrderView) -> OrderView:
    """The order as its client gave it, under the form of id that its key asks for."""
    row = call.stack.markets.given.order(row)
    if not call.caller.compact_ids:
        return row
    return msgspec.structs.replace(row, node_order_id=id_for(call, row.node_order_id))


def id_for(call: Call, name: str) -> str:
    """An order's id with its prefix, or without for keys that ask for the compact form: under
    that, the published client's `cancel` finds the graph."""
    return name.removeprefix("graph:") if call.caller.compact_ids else name


async def stored_order(call: Call, name: str) -> OrderView:
    """The caller's order in the engine's own terms; another client's is not there."""
    engine = call.stack.engine
    if parse_node_order_id(name) is not None:
        await engine.flush()
        page = engine.queries.orders(
            call.client_id, engine.environment, limit=1, node_order_id=name
        )
        if page.rows:
            row = page.rows[0]
            paused = engine.queries.paused_graphs(call.client_id, engine.environment)
            view = OrderView.of(row, call.client_id, paused=row.graph_number in paused)
            call.graph_id = view.graph_id
            return view
    text = f"you have no order {name[:200]!r}; ids look like graph:GRAPH_ID:NODE_ID:1"
    raise ApiError(ErrorCode.NOT_FOUND, text)


def checked_graph(name: str) -> str:
    """A graph id; ApiError 404 for the word that a truncated order id leaves."""
    if name == GRAPH_PREFIX:
        text = (
            "'graph' is no graph id: it is the first part of an order id; pass the graph's own id, "
            "or the whole order id to DELETE /v1/orders/{node_order_id}"
        )
        raise ApiError(ErrorCode.NOT_FOUND, text)
    return name


async def stored_symbol(call: Call, symbol: str | None) -> str | None:
    """The symbol under which its orders are stored; one that names nothing matches nothing."""
    if symbol is None:
        return None
    try:
        return (await call.stack.markets.resolve(symbol)).symbol
    except ApiError:
        return symbol


DOORS = (
    Door("POST", "/v1/orders", Scope.TRADE, submit_order, body_as=Graph | SimpleOrder),
    Door("GET", "/v1/orders", Scope.READ, list_orders),
    Door("GET", "/v1/orders/{node_order_id}", Scope.READ, get_order),
    Door("PATCH", "/v1/orders/{node_order_id}", Scope.TRADE, amend_order),
    Door("POST", "/v1/orders/{node_order_id}/decrease", Scope.TRADE, decrease_order, once=True),
    Door("DELETE", "/v1/orders/{node_order_id}", Scope.CANCEL, cancel_order),
)
