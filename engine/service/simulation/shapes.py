"""Random graphs: single orders, and the forms that real ones take, mixed with random wiring.

Every graph is well formed by the rules of `engine/model/validation.py` on the listings it is
drawn for; whether it makes sense is another matter, and none of the engine's business.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Literal

import msgspec

from engine.model.graph import (
    Condition,
    Edge,
    EdgeAction,
    Execution,
    Graph,
    Node,
    Policy,
    Sizing,
    TimeoutTrigger,
    Trigger,
)
from engine.model.instruments import InstrumentType, Listing
from engine.model.orders import TimeInForce
from engine.service.simulation.node_shapes import (
    SIDES,
    draw_derived,
    draw_node,
    draw_risk,
)
from engine.service.simulation.trigger_shapes import AnyTrigger, draw_trigger, price_trigger

__all__ = ["NODES_MAX", "draw_graph", "draw_single"]

NODES_MAX = 8
RATIOS = (Decimal(1), Decimal(1), Decimal("0.5"), Decimal("0.25"), Decimal("1.5"))

STARTS: tuple[AnyTrigger, ...] = ("on_first_fill", "on_fill", "on_full_fill", "on_done")
HITS: tuple[AnyTrigger, ...] = ("on_first_fill", "on_done")
NEXT: tuple[AnyTrigger, ...] = (
    Trigger(on_timeout=TimeoutTrigger(ms=300)),
    "on_done",
    "on_accepted",
)
SIZED_OF: tuple[Literal["cumulative", "unfilled", "snapshot"], ...] = (
    "cumulative",
    "cumulative",
    "unfilled",
    "snapshot",
)
OTHER: dict[str, Literal["buy", "sell"]] = {"buy": "sell", "sell": "buy"}

Listings = Sequence[Listing]
Form = Callable[[random.Random, Listings], Graph]


def draw_single(rng: random.Random, listings: Listings) -> Graph:
    """One order, as any client without a plan submits it."""
    return Graph(nodes=(draw_node(rng, rng.choice(listings), listings, "order", simple=True),))


def draw_graph(rng: random.Random, listings: Listings) -> Graph:
    """A graph of one to `NODES_MAX` nodes of any form, at times with limits of its own."""
    form: Form = rng.choice(FORMS)
    graph = form(rng, listings)
    if rng.random() < 0.4:
        graph = msgspec.structs.replace(graph, risk=draw_risk(rng, graph, listings))
    return graph


def lone(rng: random.Random, listings: Listings) -> Graph:
    """One node of any policy and pacing."""
    return Graph(nodes=(draw_node(rng, rng.choice(listings), listings, "order"),))


def hedge(rng: random.Random, listings: Listings) -> Graph:
    """An entry whose every fill is hedged, on the perp of the same coin where there is one."""
    entry_on = rng.choice(listings)
    entry = draw_node(rng, entry_on, listings, "entry")
    coin = entry_on.instrument.base
    perps = [
        one
        for one in listings
        if one.instrument.base == coin and one.instrument.type is InstrumentType.PERP
    ]
    hedge_on = rng.choice(perps) if perps else entry_on
    side = OTHER[entry.side]
    cover = draw_derived(rng, hedge_on, listings, "hedge", side)
    return Graph(nodes=(entry, cover), edges=(draw_cover(rng, "entry", "hedge"),))


def draw_cover(rng: random.Random, source: str, target: str) -> Edge:
    """A derived node follows what its source has filled."""
    sizing = rng.choice((None, Sizing(ratio=rng.choice(RATIOS))))
    trigger: AnyTrigger = "on_fill"
    condition = None
    if rng.random() < 0.5:
        trigger, condition = "on_fill_ratio", Condition(fill_ratio_gte=Decimal("0.5"))
    return Edge(
        from_node=source, to_node=target, trigger=trigger, condition=condition, sizing=sizing
    )


def bracket(rng: random.Random, listings: Listings) -> Graph:
    """An entry, and a take-profit and a stop that share what it filled."""
    listing = rng.choice(listings)
    entry = draw_node(rng, listing, listings, "entry", simple=True)
    side = OTHER[entry.side]
    profit = draw_derived(rng, listing, listings, "take-profit", side)
    stop = draw_derived(rng, listing, listings, "stop", side)
    up = entry.side == "buy"
    action = rng.choice((EdgeAction.REDUCE, EdgeAction.REDUCE, EdgeAction.CANCEL))
    hit: AnyTrigger = "on_fill"
    if action is EdgeAction.CANCEL:
        hit = rng.choice(HITS)
    target: AnyTrigger = rng.choice(STARTS)
    if rng.random() < 0.3:
        target = price_trigger(rng, listing, above=up)
    edges = (
        Edge(from_node="entry", to_node="take-profit", trigger=target),
        Edge(from_node="entry", to_node="stop", trigger=price_trigger(rng, listing, above=not up)),
        Edge(from_node="take-profit", to_node="stop", trigger=hit, action=action),
        Edge(from_node="stop", to_node="take-profit", trigger=hit, action=action),
    )
    return Graph(nodes=(entry, profit, stop), edges=edges)


def escalation(rng: random.Random, listings: Listings) -> Graph:
    """A patient order; after a while its unfilled rest goes to an urgent one."""
    listing = rng.choice(listings)
    patient = draw_node(rng, listing, listings, "patient")
    patient = msgspec.structs.replace(
        patient, execution=Execution(policy=Policy.PASSIVE_LIMIT, tif=TimeInForce.GTC)
    )
    urgent = draw_derived(rng, listing, listings, "urgent", patient.side)
    after = Trigger(on_timeout=TimeoutTrigger(ms=rng.choice((50, 500, 2_000))))
    gate = Condition(fill_ratio_lt=rng.choice((Decimal(1), Decimal("0.8"))))
    edges = (
        Edge(
            from_node="patient",
            to_node="urgent",
            trigger=after,
            condition=gate,
            sizing=Sizing(ratio=Decimal(1), of="unfilled"),
        ),
    )
    return Graph(nodes=(patient, urgent), edges=edges)


def chain(rng: random.Random, listings: Listings) -> Graph:
    """Slices by timeouts, or one order after the other."""
    count = rng.randrange(2, NODES_MAX + 1)
    listing = rng.choice(listings)
    nodes = [draw_node(rng, listing, listings, f"slice-{k}", simple=True) for k in range(count)]
    trigger = rng.choice(NEXT)
    edges = [
        Edge(from_node=nodes[k].node_id, to_node=nodes[k + 1].node_id, trigger=trigger)
        for k in range(count - 1)
    ]
    return Graph(nodes=tuple(nodes), edges=tuple(edges))


def wild(rng: random.Random, listings: Listings) -> Graph:
    """Any nodes, each but the roots behind one to three earlier ones, any trigger and action."""
    count = rng.randrange(2, NODES_MAX + 1)
    home = rng.choice(listings)
    nodes: list[Node] = []
    edges: list[Edge] = []
    for index in range(count):
        listing = home if rng.random() < 0.6 else rng.choice(listings)
        name = f"n{index}"
        if index == 0 or rng.random() < 0.15:
            nodes.append(draw_node(rng, listing, listings, name))
            continue
        derived = rng.random() < 0.5
        if derived:
            node = draw_derived(rng, listing, listings, name, rng.choice(SIDES))
        else:
            node = draw_node(rng, listing, listings, name)
        sources = rng.sample(range(index), min(index, rng.choice((1, 1, 2, 3))))
        edges.extend(draw_edge(rng, nodes, one, node, derived=derived) for one in sources)
        if len(sources) > 1 and rng.random() < 0.4:
            node = msgspec.structs.replace(node, join="all")
        nodes.append(node)
    edges.extend(draw_meddlesome(rng, nodes))
    return named(rng, Graph(nodes=tuple(nodes), edges=tuple(edges)))


def draw_edge(
    rng: random.Random, nodes: Sequence[Node], source: int, target: Node, *, derived: bool
) -> Edge:
    """An activating edge; only derived targets are sized by it."""
    trigger, condition = draw_trigger(rng, nodes, source, target)
    sizing = None
    if derived and rng.random() < 0.6:
        sizing = Sizing(ratio=rng.choice(RATIOS), of=rng.choice(SIZED_OF))
    return Edge(
        from_node=nodes[source].node_id,
        to_node=target.node_id,
        trigger=trigger,
        condition=condition,
        sizing=sizing,
    )


def draw_meddlesome(rng: random.Random, nodes: Sequence[Node]) -> list[Edge]:
    """At times one node ends or reduces another, whichever stands first."""
    edges = []
    for _ in range(rng.choice((0, 0, 1, 2))):
        source, target = rng.sample(range(len(nodes)), 2)
        trigger, condition = draw_trigger(rng, nodes, source, nodes[target])
        action = EdgeAction.CANCEL
        if nodes[target].quantity == "derived" and rng.random() < 0.5:
            action, trigger, condition = EdgeAction.REDUCE, "on_fill", None
        edges.append(
            Edge(
                from_node=nodes[source].node_id,
                to_node=nodes[target].node_id,
                trigger=trigger,
                condition=condition,
                action=action,
            )
        )
    return edges


def named(rng: random.Random, graph: Graph) -> Graph:
    """Some callers name their edges and say what is derived otherwise."""
    if rng.random() < 0.5:
        return graph
    edges = tuple(
        msgspec.structs.replace(edge, edge_id=f"e{number}")
        for number, edge in enumerate(graph.edges)
    )
    starts = {edge.to_node for edge in edges if edge.action is EdgeAction.ACTIVATE}
    nodes = tuple(
        msgspec.structs.replace(node, activation="wait" if node.node_id in starts else "root")
        for node in graph.nodes
    )
    return msgspec.structs.replace(graph, nodes=nodes, edges=edges)


FORMS: tuple[Form, ...] = (lone, hedge, hedge, bracket, bracket, escalation, chain, wild, wild)
