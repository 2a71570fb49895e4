"""Execution graphs: status, cancel, pause, resume, and new terms for a node."""

from __future__ import annotations

from typing import Annotated, Self

import msgspec
from msgspec import Meta

from engine.errors import GraphError, Reason
from engine.model.graph import Urgency
from engine.model.mirror import mirror_price
from engine.model.order_ids import node_order_id, parse_node_order_id
from engine.model.wire import Wire
from engine.service.access.scopes import Scope
from engine.service.api_error import ApiError, ErrorCode
from engine.service.graph_view import EdgeState, GraphState, NodeState
from engine.service.markets.graph_symbols import Given
from engine.service.rest.call import Call
from engine.service.rest.door import Door
from engine.service.rest.doors.orders import checked_graph, stored_order
from engine.service.rest.errors import refused

__all__ = ["DOORS"]


class NodeView(msgspec.Struct, frozen=True, kw_only=True):
    """A node; quantities in 1e-8, prices and money in 1e-9, the price on the side that was given.

    A paced node's slices stand beside it. They are parts of the node that `slice_of` names, whose
    numbers hold theirs already: sum where `slice_of` is null. Of a slice null is what only its
    node knows, such as what works at venues now.
    """

    status: str
    target_qty_1e8: int
    filled_qty_1e8: int
    avg_fill_price_1e9: int | None
    fill_count: int | None
    fees_1e9: int | None
    working_qty_1e8: int | None
    unknown_qty_1e8: int | None
    reason: str
    node_order_id: str
    slice_of: str | None

    @classmethod
    def of(cls, state: NodeState, given: Given | None) -> Self:
        """From the engine's state, which has NO orders as the other side of YES."""
        known, whole = state.fills_known, not state.slice_of
        average = state.avg_fill_price_1e9
        if given is not None and given.mirrored and average:
            average = mirror_price(average)
        return cls(
            status=state.status,
            target_qty_1e8=state.target_qty_1e8,
            filled_qty_1e8=state.filled_qty_1e8,
            avg_fill_price_1e9=average if known else None,
            fill_count=state.fill_count if known else None,
            fees_1e9=state.fees_1e9 if known else None,
            working_qty_1e8=state.working_qty_1e8 if whole else None,
            unknown_qty_1e8=state.unknown_qty_1e8 if whole else None,
            reason=state.reason,
            node_order_id=state.node_order_id,
            slice_of=state.slice_of or None,
        )


class GraphView(msgspec.Struct, frozen=True, kw_only=True):
    """A graph with its nodes and edges; `reason` says why it paused or ended.

    `residual_exposure_1e8` is the signed sum of proven fills by underlying, where not zero; that
    of an event contract counts YES contracts, so that NO contracts are negative.
    """

    graph_id: str
    client_id: str
    status: str
    reason: str | None
    nodes: dict[str, NodeView]
    edges: dict[str, EdgeState]
    residual_exposure_1e8: dict[str, int]


class PauseGraph(Wire, frozen=True, kw_only=True):
    """Why it is paused; stands in its status."""

    reason: Annotated[str, Meta(max_length=1_024)] = ""


class AmendNode(Wire, frozen=True, kw_only=True):
    """New terms of a running node; only what is given changes, and the quantity is its total."""

    qty_1e8: Annotated[int, Meta(gt=0)] | None = None
    limit_price_1e9: Annotated[int, Meta(gt=0)] | None = None
    urgency: Urgency | None = None
    max_slippage_bps: Annotated[int, Meta(ge=0, le=10_000)] | None = None
    horizon_ms: Annotated[int, Meta(gt=0)] | None = None


class NodeAmended(msgspec.Struct, frozen=True, kw_only=True):
    """The node after its amendment; `mode` says how its resting part is changed."""

    graph_id: str
    node_id: str
    mode: str
    node: NodeView


async def graph_status(call: Call, query: None, body: None) -> GraphView:
    """The status of a graph, its nodes and its edges."""
    state = await call.stack.engine.status(graph_name(call), client_id=call.client_id)
    return view_of(call, state)


async def cancel_graph(call: Call, query: None, body: None) -> GraphView:
    """Cancel every active node of a graph; 200 also when it has ended already.

    With an order's id, in either form, that one order is cancelled.
    """
    given = call.path["graph_id"]
    engine = call.stack.engine
    parts = parse_node_order_id(given)
    if parts is not None:
        graph_id, node_id, _ = parts
        call.graph_id = graph_id
        await engine.status(graph_id, client_id=call.client_id)
        await engine.cancel_node(graph_id, node_id, client_id=call.client_id)
        return view_of(call, await engine.status(graph_id, client_id=call.client_id))
    state = await engine.cancel(graph_name(call), client_id=call.client_id)
    return view_of(call, state)


async def pause_graph(call: Call, query: None, body: PauseGraph | None) -> GraphView:
    """Freeze a graph and pull what rests; fills on their way still count."""
    graph_id, engine = graph_name(call), call.stack.engine
    reason = "" if body is None else body.reason
    answer = await engine.pause(
        graph_id, reason or "paused by the client", client_id=call.client_id
    )
    if answer.reason is not Reason.NONE:
        raise refused(answer.reason, answer.text)
    return view_of(call, await engine.status(graph_id, client_id=call.client_id))


async def resume_graph(call: Call, query: None, body: None) -> GraphView:
    """Let a paused graph go on; conditions that are true now fire, once."""
    graph_id, engine = graph_name(call), call.stack.engine
    answer = await engine.resume(graph_id, client_id=call.client_id)
    if answer.reason is not Reason.NONE:
        raise refused(answer.reason, answer.text)
    return view_of(call, await engine.status(graph_id, client_id=call.client_id))


async def amend_node(call: Call, query: None, body: AmendNode) -> NodeAmended:
    """New terms for a running node: quantity, limit, urgency, slippage cap, horizon."""
    graph_id, node_id, engine = graph_name(call), call.path["node_id"], call.stack.engine
    if body == AmendNode():
        text = "an amendment changes something; give at least one field"
        raise ApiError(ErrorCode.VALIDATION_ERROR, text, [("", text)])
    before = await engine.status(graph_id, client_id=call.client_id)
    if node_id not in before.nodes:
        text = f"graph {graph_id!r} has no node {node_id[:100]!r}"
        raise ApiError(ErrorCode.NOT_FOUND, text)
    symbol = await engine_symbol(call, graph_id, node_id)
    qty, limit = call.stack.markets.given.amendment(
        call.client_id,
        graph_id,
        node_id,
        symbol,
        qty_1e8=body.qty_1e8,
        limit_1e9=body.limit_price_1e9,
    )
    answer = await engine.amend_node(
        graph_id,
        node_id,
        qty_1e8=qty,
        limit_1e9=limit,
        urgency=body.urgency,
        max_slippage_bps=body.max_slippage_bps,
        horizon_ms=body.horizon_ms,
        client_id=call.client_id,
    )
    if answer.reason is not Reason.NONE:
        raise refused(answer.reason, answer.text)
    after = await engine.status(graph_id, client_id=call.client_id)
    return NodeAmended(
        graph_id=graph_id,
        node_id=node_id,
        mode=answer.mode,
        node=node_of(call, after, node_id),
    )


def graph_name(call: Call) -> str:
    """The graph id of the path, for the log too."""
    name = checked_graph(call.path["graph_id"])
    if ":" in name:
        raise GraphError(f"there is no graph {name[:200]!r} of this client; check the id")
    call.graph_id = name
    return name


async def engine_symbol(call: Call, graph_id: str, node_id: str) -> str:
    """What the engine calls the instrument of a node that exists."""
    row = await stored_order(call, node_order_id(graph_id, node_id, 1))
    return row.symbol


def view_of(call: Call, state: GraphState) -> GraphView:
    """As the wire has it, every node in the terms that its client gave it in."""
    return GraphView(
        graph_id=state.graph_id,
        client_id=call.client_id,
        status=state.status.value,
        reason=state.reason or None,
        nodes={name: node_of(call, state, name) for name in state.nodes},
        edges=state.edges,
        residual_exposure_1e8=state.residual_exposure,
    )


def node_of(call: Call, state: GraphState, name: str) -> NodeView:
    """One node of a graph, or a slice of one."""
    node = state.nodes[name]
    given = call.stack.markets.given.graph(call.client_id, state.graph_id)
    return NodeView.of(node, given.get(node.slice_of or name))


GRAPH = "/v1/execution_graphs/{graph_id}"
DOORS = (
    Door("GET", GRAPH, Scope.READ, graph_status),
    Door("DELETE", GRAPH, Scope.CANCEL, cancel_graph),
    Door("POST", f"{GRAPH}/pause", Scope.TRADE, pause_graph),
    Door("POST", f"{GRAPH}/resume", Scope.TRADE, resume_graph),
    Door("PATCH", f"{GRAPH}/nodes/{{node_id}}", Scope.TRADE, amend_node),
)
