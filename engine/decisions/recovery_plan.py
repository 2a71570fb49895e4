"""Putting an open graph together again from what was recorded and what the venues remember.

The record may lack its last group; the venues know every order that left. An order that is at a
venue and not in the record is adopted by its id, so nothing is sent twice and no fill is lost.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from engine.decisions.admission import ResolvedNode
from engine.decisions.node_memory import NodeMemory
from engine.decisions.node_restore import PastChild, PastFill, RestoredNode, restored_node
from engine.model.graph import Graph, NodeStatus
from engine.model.instruments import Environment, Listing
from engine.model.listed import ListedOrder
from engine.model.orders import ChildOrder, OrderReport, ReportKind, parse_client_order_id
from engine.model.progress import NodeProgress
from engine.model.units import average_price_1e9

__all__ = [
    "CANCELLING",
    "FLATTENING",
    "RESUMED",
    "GraphSeed",
    "GraphStart",
    "PastGraph",
    "PastNode",
    "ended_progress",
    "rebuilt",
]

# How the reason of a graph that goes on begins, so that a restart knows what was under way.
CANCELLING = "cancelling"
FLATTENING = "flattening"
RESUMED = "resumed"


class GraphSeed(msgspec.Struct, frozen=True):
    """An admitted graph on its way to becoming an actor; after a restart with what was known.

    `spare` are nodes that only a flatten starts. `ended` are the last words of nodes that had
    ended, `restored` the states of the others, in node order. `said` is the last reason that was
    recorded for the graph, `short` that an ended node left a part of its derived target, `lapsed`
    that one ended without having been called off, `killed` that a kill switch ended one.
    """

    client_id: str
    environment: Environment
    graph_id: str
    graph_number: int
    graph: Graph
    nodes: tuple[ResolvedNode, ...]
    spare: tuple[int, ...] = ()
    recovered: bool = False
    paused: str | None = None
    ended: tuple[NodeProgress, ...] = ()
    restored: tuple[RestoredNode | None, ...] = ()
    said: str = ""
    short: bool = False
    lapsed: bool = False
    killed: bool = False

    @property
    def unused(self) -> tuple[int, ...]:
        """The spare nodes that nothing has started or ended yet."""
        if not self.restored:
            return self.spare
        states = ((index, self.restored[index]) for index in self.spare)
        return tuple(
            index
            for index, one in states
            if one is not None and one.ledger is None and one.memory.stopping is None
        )


class GraphStart(msgspec.Struct, frozen=True):
    """How a graph begins: which nodes start by themselves, and after a restart what was known.

    `ended` are the last words of nodes that had ended; `paused` is why the graph was paused.
    `spare` are nodes that only a flatten starts; the last five are those of `GraphSeed`.
    """

    roots: tuple[int, ...]
    node_ids: tuple[str, ...]
    spare: tuple[int, ...] = ()
    recovered: bool = False
    paused: str | None = None
    ended: tuple[NodeProgress, ...] = ()
    said: str = ""
    short: bool = False
    unused: tuple[int, ...] = ()
    lapsed: bool = False
    killed: bool = False


class PastNode(msgspec.Struct, frozen=True):
    """One node as the record has it. `filled_by_child` covers every child, ended ones too.

    `attempt` is that of its last state, `planned_attempt` the last one whose children were
    recorded; `refused_1e8` is what of those no venue took.
    """

    node_index: int
    status: NodeStatus
    memory: NodeMemory
    target_1e8: int
    attempt: int
    fills: tuple[PastFill, ...]
    children: tuple[PastChild, ...]
    filled_by_child: Mapping[str, int]
    arrival_x2: int | None
    created_ns: int
    planned_attempt: int = 0
    refused_1e8: int = 0


class PastGraph(msgspec.Struct, frozen=True):
    """A graph that was open when the engine ended: its seed, and its open nodes as recorded."""

    seed: GraphSeed
    nodes: tuple[PastNode | None, ...]


def rebuilt(
    past: PastNode, listed: Sequence[ListedOrder], listings: Mapping[str, Listing], now_ns: int
) -> RestoredNode:
    """The node to go on with; `listed` are the orders of this node that venues remember.

    `listings` are by venue. The reports of adopted and open orders come with the answer, to be
    booked as if they had just arrived.
    """
    children = list(past.children)
    known = {child.order.client_order_id for child in children}
    reports: list[OrderReport] = []
    newest, adopted_1e8 = 0, 0
    for order in listed:
        parsed = parse_client_order_id(order.client_order_id)
        assert parsed is not None, "only orders with our ids are listed"
        listing = listings.get(order.reports[-1].venue) if order.reports else None
        terms = order.reports[-1].terms if order.reports else None
        if order.client_order_id not in known:
            filled = sum(one.fill.qty_1e8 for one in order.reports if one.fill is not None)
            if past.filled_by_child.get(order.client_order_id, -1) == filled or listing is None:
                continue
            adopted = ChildOrder(
                order.client_order_id,
                0,
                0,
                parsed[4],
                listing,
                order.side,
                order.qty_1e8,
                order.limit_price_1e9,
                order.tif,
            )
            children.append(PastChild(adopted, parsed[3]))
            if order.client_order_id not in past.filled_by_child:
                adopted_1e8 = order.qty_1e8 + (adopted_1e8 if parsed[3] == newest else 0)
                newest = max(newest, parsed[3])
        elif terms is not None and differs(order, children):
            # Before its fills, which may be beyond what is recorded of it.
            kind = ReportKind.AMENDED
            reports.append(msgspec.structs.replace(order.reports[-1], kind=kind, fill=None))
        reports.extend(order.reports)
    # Of an attempt without a recorded plan, all is unsent but what venues know.
    lost_plan = max(newest, past.attempt) > past.planned_attempt
    return msgspec.structs.replace(
        restored_node(
            past.memory,
            past.target_1e8,
            past.attempt,
            past.fills,
            children,
            arrival_x2=past.arrival_x2,
            created_ns=past.created_ns,
            now_ns=now_ns,
        ),
        attempt=max(past.attempt, past.planned_attempt, newest),
        reports=tuple(reports),
        pristine=past.attempt == 0,
        unsent_1e8=past.refused_1e8,
        sent_of_wish_1e8=adopted_1e8 if lost_plan else None,
    )


def differs(listed: ListedOrder, children: Sequence[PastChild]) -> bool:
    """Whether the venue has the order with another total or price than the record."""
    (order,) = (
        one.order for one in children if one.order.client_order_id == listed.client_order_id
    )
    terms = listed.qty_1e8, listed.limit_price_1e9
    return (order.qty_1e8, order.limit_price_1e9) != terms


def ended_progress(past: PastNode, filled_1e8: int, net_1e8: int, money: int) -> NodeProgress:
    """The last word of a node that had ended, for the nodes after it."""
    memory = past.memory
    return NodeProgress(
        past.node_index,
        memory.version,
        past.status,
        memory.accepted,
        memory.started_ns,
        past.target_1e8,
        filled_1e8,
        net_1e8,
        average_price_1e9(money, filled_1e8),
        True,
        memory.by_cancel and filled_1e8 < past.target_1e8,
        memory.unreachable,
    )
