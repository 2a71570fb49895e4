"""Cancel every order of one client that has anything open on one venue."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from actors.node import NodeActor
from engine.messages import GraphCommand, GraphCommandKind

if TYPE_CHECKING:
    from engine.service.engine import ExecutionEngine
    from engine.service.recovering import PastOrder

__all__ = ["cancel_venue", "open_on_venue"]

POLL_S = 0.005
QUIET_S = 5.0


async def cancel_venue(
    engine: ExecutionEngine, venue: str, client_id: str, quiet_s: float = QUIET_S
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(orders with nothing open there any more, orders that still have), by their ids.

    Returns once the venue has confirmed all of it, or after `quiet_s`. Graphs on their way back
    from an earlier run are waited for as long; what does not go on by then is cancelled as it
    comes, and still open in the answer.
    """
    await engine.recovery.finished(quiet_s)
    found = open_on_venue(engine, venue, client_id)
    waiting = {one.node_order_id for one in past_on_venue(engine, venue, client_id)}
    for order_id, (graph_id, node_id) in found.items():
        if order_id in waiting:
            order_cancel(engine, graph_id, node_id, client_id)
        else:
            await engine.cancel_node(graph_id, node_id, client_id=client_id)
    quiet_s = 0.0 if waiting else quiet_s
    for _ in range(int(quiet_s / POLL_S)):
        if not found.keys() & open_on_venue(engine, venue, client_id).keys():
            break
        await asyncio.sleep(POLL_S)
    left = tuple(sorted(found.keys() & open_on_venue(engine, venue, client_id).keys()))
    return tuple(sorted(found.keys() - set(left))), left


def open_on_venue(
    engine: ExecutionEngine, venue: str, client_id: str
) -> dict[str, tuple[str, str]]:
    """Order id -> (graph, node) of what is not proven ended there, read in place."""
    found: dict[str, tuple[str, str]] = {}
    for ref in list(engine.world.system.refs.values()):
        actor: Any = ref.actor
        if not isinstance(actor, NodeActor) or actor.ledger is None:
            continue
        if actor.identity.client_id != client_id:
            continue
        if any(
            child.order.listing.venue == venue and not child.state.terminal
            for child in actor.ledger.children.values()
        ):
            identity = actor.identity
            found[identity.node_order_id] = (identity.graph_id, identity.node.node_id)
    for one in past_on_venue(engine, venue, client_id):
        found[one.node_order_id] = (one.graph_id, one.node_id)
    return found


def past_on_venue(engine: ExecutionEngine, venue: str, client_id: str) -> list[PastOrder]:
    """Those of graphs that wait for their venues' lists."""
    orders = engine.recovery.orders()
    return [one for one in orders if one.client_id == client_id and one.venue == venue]


def order_cancel(engine: ExecutionEngine, graph_id: str, node_id: str, client_id: str) -> None:
    """Cancel a node of a graph that is not there yet: nobody answers before it is."""
    names = client_id, engine.environment, graph_id
    kind, reason = GraphCommandKind.CANCEL_NODE, "cancelled by the client"
    engine.tell(engine.world.registry, GraphCommand(0, *names, kind, node_id, reason))
