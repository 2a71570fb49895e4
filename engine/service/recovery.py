"""From the store to the actors: every graph that was open, put together to go on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from actors.recovery import RecoveryActor
from engine.decisions.admission import InstrumentHandle, ResolvedNode, resolve_node
from engine.decisions.decision_record import far_touch_1e9
from engine.decisions.node_memory import unpack_memory
from engine.decisions.node_restore import PastChild, PastFill
from engine.decisions.orphans import StrayOrder
from engine.decisions.recovery_plan import GraphSeed, PastGraph, PastNode, ended_progress
from engine.decisions.roll_up import called_off
from engine.errors import JournalError
from engine.messages import FreezeGraphs, HaltTrading, RecoverGraph
from engine.model.graph import EdgeAction, GraphStatus
from engine.model.instruments import Environment, Listing
from engine.model.orders import ChildOrder, ChildState, parse_client_order_id
from engine.model.records import DecisionRecord
from engine.model.units import QTY_SCALE, Side
from engine.runtime.actor import ActorRef
from engine.runtime.delivery import Message
from engine.service.wiring import World
from engine.store.queries import Queries
from engine.store.rows import ChildRow, FillRow, NodeRow, StoredGraph

__all__ = [
    "KILLED",
    "join_recovery",
    "past_graphs",
    "recover",
    "resolved_nodes",
    "restore_halts",
    "restore_positions",
    "stray_order",
]

# How the reason of what a kill switch did begins, in the record too.
KILLED = "kill switch: "

Tell = Callable[[ActorRef, Message], object]


def restore_halts(queries: Queries, world: World, environment: Environment, tell: Tell) -> None:
    """Every kill switch that is on stays on, before anything goes on."""
    for scope, key, reason, cancel in queries.engaged(environment):
        tell(world.risk, HaltTrading(True, reason, scope, key, cancel))


def recover(queries: Queries, world: World, environment: Environment, tell: Tell) -> int:
    """What was open goes on once the venues have said what they know; the number of graphs.

    What a kill switch promised is carried out first: its graphs freeze, or end, as they come.
    """
    count = 0
    for past in past_graphs(queries, world.symbols):
        tell(world.registry, RecoverGraph(past))
        count += 1
    for scope, key, reason, cancel in queries.engaged(environment):
        freeze = FreezeGraphs(0, environment, scope, key, cancel, KILLED + reason)
        tell(world.registry, freeze)
    tell(world.registry, RecoverGraph(None))
    return count


def past_graphs(
    queries: Queries, instruments: Mapping[str, InstrumentHandle]
) -> Iterator[PastGraph]:
    """Every open graph of the store, one at a time; JournalError where its instrument is gone."""
    for stored in queries.open_graphs():
        yield past_graph(stored, queries, instruments)


def resolved_nodes(
    stored: StoredGraph, symbols: Mapping[str, InstrumentHandle]
) -> list[ResolvedNode]:
    """The nodes of a stored graph on their instruments; JournalError where one is gone."""
    nodes: list[ResolvedNode] = []
    for index, node in enumerate(stored.accepted.graph.nodes):
        resolved = resolve_node(node, f"nodes[{index}]", symbols)
        if not isinstance(resolved, ResolvedNode):
            text = f"graph {stored.row.graph_id} cannot go on: {resolved[0][1]}"
            raise JournalError(f"{text}; configure its venues again")
        nodes.append(resolved)
    return nodes


def join_recovery(queries: Queries, world: World) -> None:
    """Let the recovery actor look up orders whose nodes have gone, for their late fills."""
    actor = world.system.actor_of(world.recovery)
    assert isinstance(actor, RecoveryActor)
    actor.find_order = partial(stray_order, queries, world)


def stray_order(queries: Queries, world: World, client_order_id: str) -> StrayOrder | None:
    """An order of the past on its listing; None for one that was never ours."""
    found = queries.order_of(client_order_id)
    if found is None:
        return None
    row, node, client_id, graph_id = found
    handle = world.symbols.get(node.symbol)
    listings = {} if handle is None else {one.venue: one for one in handle.listings}
    if handle is None or row.venue not in listings:
        return None
    child = past_child(row, listings).order
    names = client_id, graph_id, node.node_id, node.node_order_id
    recorded = frozenset(fill.fill_id for fill in queries.fills_of(node.order_number))
    ended = node.status.terminal or row.state.terminal
    return StrayOrder(*names, handle.router_id, child, recorded, ended)


def restore_positions(queries: Queries, world: World, environment: Environment) -> None:
    """Position limits count what earlier runs traded; instruments no longer listed are left out."""
    for client_id, symbol, net_1e8 in queries.positions(environment):
        handle = world.symbols.get(symbol)
        if handle is not None:
            world.ledger.restore_position(client_id, environment, handle.router_id, net_1e8)


def past_graph(
    stored: StoredGraph, queries: Queries, instruments: Mapping[str, InstrumentHandle]
) -> PastGraph:
    """One open graph: what its nodes were told and did, as far as it was recorded."""
    accepted = stored.accepted
    nodes = resolved_nodes(stored, instruments)
    past: list[PastNode | None] = []
    ended = []
    for index, (resolved, row) in enumerate(zip(nodes, stored.nodes, strict=True)):
        one = past_node(stored, index, row, resolved, queries)
        if row.status.terminal:
            fills = one.fills
            gross = sum(fill.qty_1e8 for fill in fills)
            money = sum(fill.qty_1e8 * fill.price_1e9 for fill in fills)
            multiplier = resolved.handle.market.instrument.multiplier_1e8
            net = gross * multiplier // QTY_SCALE
            if resolved.side is Side.BUY:
                net -= -(-sum(fill.base_fee_1e9 for fill in fills) // 10)
            ended.append(ended_progress(one, gross, net, money))
            past.append(None)
        else:
            past.append(one)
    graph = stored.row
    seed = GraphSeed(
        stored.client_id,
        stored.environment,
        graph.graph_id,
        graph.graph_number,
        accepted.graph,
        tuple(nodes),
        accepted.spare,
        True,
        graph.reason if graph.status is GraphStatus.PAUSED else None,
        tuple(ended),
        said=graph.reason,
        short=any(
            nodes[one.node_index].node.quantity == "derived"
            and one.target_qty_1e8 - one.filled_qty_1e8 >= lot_1e8(nodes[one.node_index])
            for one in ended
        ),
        killed=any(row.status.terminal and KILLED in row.failure_reason for row in stored.nodes),
        lapsed=any(
            row.status.terminal and not called_off(row.failure_reason) for row in stored.nodes
        ),
    )
    return PastGraph(seed, tuple(past))


def lot_1e8(resolved: ResolvedNode) -> int:
    """The finest lot of the venues that a node may use."""
    pinned = resolved.node.instrument.venue
    return min(one.lot_1e8 for one in resolved.handle.listings if pinned in (None, one.venue))


def past_node(
    stored: StoredGraph, index: int, row: NodeRow, resolved: ResolvedNode, queries: Queries
) -> PastNode:
    """One node with its fills and children."""
    listings = {listing.venue: listing for listing in resolved.handle.listings}
    fills = queries.fills_of(row.order_number)
    children = queries.children_of(row.order_number)
    mids = stored.accepted.arrival_mids_x2
    arrival = mids[index] if index < len(mids) and mids[index] else None
    graph = stored.accepted.graph
    waited = graph.nodes[index].activation != "root" and any(
        edge.to_node == graph.nodes[index].node_id and edge.action is EdgeAction.ACTIVATE
        for edge in graph.edges
    )
    planned = max((child.attempt for child in children), default=0)
    return PastNode(
        index,
        row.status,
        unpack_memory(row.policy_state),
        row.qty_1e8 or resolved.qty_1e8,
        row.attempt,
        tuple(past_fill(fill, listings) for fill in fills),
        tuple(
            past_child(child, listings, queries.decision_of(child))
            for child in children
            if not child.state.terminal and child.venue in listings
        ),
        {child.client_order_id: child.filled_qty_1e8 for child in children},
        None if waited else arrival,
        0 if waited else row.created_ns,
        planned,
        sum(
            child.qty_1e8
            for child in children
            if child.attempt == planned and child.state is ChildState.REJECTED
        ),
    )


def past_fill(row: FillRow, listings: Mapping[str, Listing]) -> PastFill:
    """A recorded fill as the ledger counts it."""
    listing = listings.get(row.venue)
    base_fee = 0
    if listing is not None and row.commission_asset == listing.instrument.base:
        base_fee = row.commission_1e9 or 0
    trade_id = row.fill_id
    if listing is not None:
        trade_id = row.fill_id.removeprefix(f"{row.venue}:{listing.venue_symbol}:")
    return PastFill(
        row.client_order_id, trade_id, row.price_1e9, row.qty_1e8, row.fee_1e9, base_fee
    )


def past_child(
    row: ChildRow, listings: Mapping[str, Listing], choice: DecisionRecord | None = None
) -> PastChild:
    """A child that may live, with what its choice saw of the market."""
    parsed = parse_client_order_id(row.client_order_id)
    order = ChildOrder(
        row.client_order_id,
        0,
        0,
        0 if parsed is None else parsed[4],
        listings[row.venue],
        row.side,
        row.qty_1e8,
        row.limit_price_1e9,
        row.tif,
    )
    marks = (0, 0) if choice is None else (choice.mid_1e9, far_touch_1e9(choice))
    return PastChild(order, row.attempt, *marks)
