"""Batches: several orders at one venue in one call, each with its own result."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from engine.errors import EngineError, Reason
from engine.model.graph import Graph
from engine.model.intake import parse_graph
from engine.model.wire import Wire
from engine.service.access.scopes import Scope
from engine.service.batch import ITEMS_MAX, BatchItem
from engine.service.rest.call import Call
from engine.service.rest.door import Door
from engine.service.rest.errors import ErrorDetail, api_error_of

__all__ = ["DOORS"]


class Batch(Wire, frozen=True, kw_only=True):
    """Orders to submit, in either form and of one node each, and ids of orders to cancel."""

    venue: str
    submits: Annotated[tuple[dict[str, Any], ...], Meta(max_length=ITEMS_MAX)] = ()
    cancels: Annotated[tuple[str, ...], Meta(max_length=ITEMS_MAX)] = ()


class BatchResult(msgspec.Struct, frozen=True, kw_only=True):
    """One item: its order, or why it was refused."""

    node_order_id: str
    status: str
    reason: str | None = None
    message: str | None = None
    details: list[ErrorDetail] = []


class BatchAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Results in the order of what was asked. `mode` is `native_batch` when all accepted submits
    left in one message that the venue takes as a batch, else `serial`."""

    venue: str
    mode: str
    submits: list[BatchResult]
    cancels: list[BatchResult]


async def batch_orders(call: Call, query: None, body: Batch) -> BatchAnswer:
    """Cancel and submit several orders at one venue in one call."""
    stack = call.stack
    graphs: list[Graph] = []
    refused: dict[int, BatchResult] = {}
    for place, given in enumerate(body.submits):
        try:
            graphs.append(await stack.markets.prepare(parse_graph(given)))
        except EngineError as error:
            refused[place] = refusal(error)
    receipt = None
    if graphs or body.cancels or not refused:
        receipt = await stack.engine.batch(
            body.venue, graphs, body.cancels, client_id=call.client_id
        )
    taken = iter(() if receipt is None else receipt.submits)
    return BatchAnswer(
        venue=body.venue,
        mode="serial" if receipt is None else receipt.mode,
        submits=[
            refused[place] if place in refused else result_of(next(taken))
            for place in range(len(body.submits))
        ],
        cancels=[] if receipt is None else [result_of(item) for item in receipt.cancels],
    )


def refusal(error: EngineError) -> BatchResult:
    """An item that could not even be read."""
    found = api_error_of(error)
    return BatchResult(
        node_order_id="",
        status="rejected",
        reason=found.code.value,
        message=str(found),
        details=[ErrorDetail(field, text) for field, text in found.details],
    )


def result_of(item: BatchItem) -> BatchResult:
    """An item as the wire has it."""
    if item.reason is Reason.NONE:
        return BatchResult(node_order_id=item.node_order_id, status="accepted")
    return BatchResult(
        node_order_id=item.node_order_id,
        status="rejected",
        reason=item.reason.value,
        message=item.text,
    )


DOORS = (Door("POST", "/v1/orders/batch", Scope.TRADE, batch_orders, once=True),)
