"""Cancel every order of one client that has anything open on one venue."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from actors.node import NodeActor

if TYPE_CHECKING:
    from engine.service.engine import ExecutionEngine

__all__ = ["cancel_venue", "open_on_venue"]

POLL_S = 0.005
QUIET_S = 5.0


async def cancel_venue(
    engine: ExecutionEngine, venue: str, client_id: str, quiet_s: float = QUIET_S
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(orders with nothing open there any more, orders that still have), by their ids.

    Returns once the venue has confirmed all of it, or after `quiet_s`.
    """
    found = open_on_venue(engine, venue, client_id)
    for graph_id, node_id in found.values():
        await engine.cancel_node(graph_id, node_id, client_id=client_id)
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
    return found
