"""What the shape of a graph says before it runs: cycles, nodes and edges without a future, exits.

Only what is certain from the graph itself is said. Errors refuse the graph; warnings are for the
caller to read, in the answer to a dry run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Literal

import msgspec

from engine.model.graph import Condition, Edge, EdgeAction, Graph, Node
from engine.model.units import format_qty

__all__ = [
    "Analysis",
    "Finding",
    "FindingKind",
    "Severity",
    "Shape",
    "activation_of",
    "analyse",
    "edge_id_of",
    "incoming",
]

ONE_1E9 = 10**9


class Severity(StrEnum):
    """An error refuses the graph, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


class FindingKind(StrEnum):
    """What the analysis looks for; the last one is of the moment, not of the graph."""

    CYCLE = "cycle"
    UNREACHABLE = "unreachable"
    NEVER_FIRES = "never_fires"
    SIZES_TO_NOTHING = "sizes_to_nothing"
    CONFLICTING_EXITS = "conflicting_exits"
    NAKED_HEDGE = "naked_hedge"
    RISK_REFUSES = "risk_refuses"


class Finding(msgspec.Struct, frozen=True, gc=False):
    """One thing found, with the path it stands at."""

    kind: FindingKind
    severity: Severity
    path: str
    text: str


class Analysis(msgspec.Struct, frozen=True):
    """All that was found. `cycles` and `unreachable` name nodes by id."""

    cycles: tuple[tuple[str, ...], ...]
    unreachable: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> tuple[Finding, ...]:
        return tuple(one for one in self.findings if one.severity is Severity.ERROR)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        return tuple(one for one in self.findings if one.severity is Severity.WARNING)


class Shape:
    """A graph by numbers: where ids are, and which activating edges lead where.

    Edges that name an unknown node are left out; `ends` has -1 for what is not there.
    """

    __slots__ = ("activating", "ends", "graph", "places", "roots")

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.places: dict[str, int] = {}
        for index, node in enumerate(graph.nodes):
            self.places.setdefault(node.node_id, index)
        find = self.places.get
        self.ends = [(find(one.from_node, -1), find(one.to_node, -1)) for one in graph.edges]
        self.activating: list[list[int]] = [[] for _ in graph.nodes]
        for number, (source, target) in enumerate(self.ends):
            if graph.edges[number].action is EdgeAction.ACTIVATE and source >= 0 and target >= 0:
                self.activating[target].append(number)
        self.roots = [
            node.activation == "root" or (node.activation is None and not self.activating[index])
            for index, node in enumerate(graph.nodes)
        ]


def activation_of(graph: Graph, index: int) -> Literal["root", "wait"]:
    """How a node starts: as it says, else by whether an activating edge leads to it."""
    node = graph.nodes[index]
    if node.activation is not None:
        return node.activation
    for edge in graph.edges:
        if edge.to_node == node.node_id and edge.action is EdgeAction.ACTIVATE:
            return "wait"
    return "root"


def incoming(graph: Graph, index: int) -> list[int]:
    """Numbers of the edges that lead to a node, whatever they do to it."""
    name = graph.nodes[index].node_id
    return [number for number, edge in enumerate(graph.edges) if edge.to_node == name]


def edge_id_of(graph: Graph, number: int) -> str:
    """An edge's id: the caller's, else one made of its ends and its place in the graph."""
    edge = graph.edges[number]
    return edge.edge_id or f"e_{edge.from_node}_{edge.to_node}_{number}"


def analyse(graph: Graph) -> Analysis:
    """Everything found in a graph whose ids resolve (`graph_faults` comes first)."""
    shape = Shape(graph)
    findings: list[Finding] = []
    dead = _contradictions(graph, findings)
    reached = _reached(shape, dead)
    cycles = _cycles(shape, reached, findings)
    unreachable = []
    inside = {name for cycle in cycles for name in cycle}
    for index, node in enumerate(graph.nodes):
        if not reached[index]:
            unreachable.append(node.node_id)
            if node.node_id not in inside:
                text = f"node {node.node_id!r} can never start: no edge to it can fire"
                findings.append(_warning(FindingKind.UNREACHABLE, f"nodes[{index}]", text))
    for number, (source, _) in enumerate(shape.ends):
        if number not in dead and not reached[source]:
            name = graph.edges[number].from_node
            text = f"the edge never fires: its source {name!r} can never start"
            findings.append(_warning(FindingKind.NEVER_FIRES, f"edges[{number}]", text))
    findings.extend(_conflicting_exits(shape))
    findings.extend(_naked_hedges(shape))
    return Analysis(tuple(cycles), tuple(unreachable), tuple(findings))


def _error(kind: FindingKind, path: str, text: str) -> Finding:
    return Finding(kind, Severity.ERROR, path, text)


def _warning(kind: FindingKind, path: str, text: str) -> Finding:
    return Finding(kind, Severity.WARNING, path, text)


def _contradictions(graph: Graph, findings: list[Finding]) -> set[int]:
    """Edges whose own terms exclude each other."""
    dead: set[int] = set()
    for number, edge in enumerate(graph.edges):
        gate = edge.condition or Condition()
        low, high = gate.fill_ratio_gte, gate.fill_ratio_lt
        path = f"edges[{number}].condition"
        if low is not None and high is not None and low >= high:
            dead.add(number)
            text = f"the edge never fires: no fill ratio is at least {low} and below {high}"
            findings.append(_error(FindingKind.NEVER_FIRES, path, text))
        elif edge.trigger == "on_full_fill" and high is not None:
            dead.add(number)
            text = f"the edge never fires: a full fill is never below the ratio {high}"
            findings.append(_warning(FindingKind.NEVER_FIRES, path, text))
        sizing = edge.sizing
        if edge.trigger == "on_full_fill" and sizing is not None and sizing.of == "unfilled":
            text = "of a node that filled wholly nothing is unfilled, so the edge brings no size"
            path = f"edges[{number}].sizing.of"
            findings.append(_warning(FindingKind.SIZES_TO_NOTHING, path, text))
    return dead


def _reached(shape: Shape, dead: set[int]) -> list[bool]:
    """Which nodes can start: roots, and what living edges lead to from them."""
    nodes = shape.graph.nodes
    outgoing: list[list[int]] = [[] for _ in nodes]
    missing = [1] * len(nodes)
    for target, edges in enumerate(shape.activating):
        if nodes[target].join == "all":
            missing[target] = len(edges)
        for number in edges:
            if number not in dead:
                outgoing[shape.ends[number][0]].append(target)
    reached = list(shape.roots)
    waiting = [index for index, root in enumerate(reached) if root]
    while waiting:
        for target in outgoing[waiting.pop()]:
            missing[target] -= 1
            if missing[target] == 0 and not reached[target]:
                reached[target] = True
                waiting.append(target)
    return reached


def _cycles(
    shape: Shape, reached: Sequence[bool], findings: list[Finding]
) -> list[tuple[str, ...]]:
    """Cycles of activating edges: errors when nothing starts them or sizes feed themselves."""
    nodes = shape.graph.nodes
    found: list[tuple[str, ...]] = []
    for members in _components(shape.activating, shape.ends):
        names = tuple(nodes[index].node_id for index in members)
        found.append(names)
        path, chain = f"nodes[{members[0]}]", ", ".join(names[:8])
        if not any(reached[index] for index in members):
            text = f"the nodes {chain} wait for each other and nothing starts them"
            findings.append(_error(FindingKind.CYCLE, path, text))
            continue
        inside = set(members)
        derived = [
            [
                number
                for number in edges
                if index in inside
                and nodes[index].quantity == "derived"
                and nodes[shape.ends[number][0]].quantity == "derived"
            ]
            for index, edges in enumerate(shape.activating)
        ]
        if any(_components(derived, shape.ends)):
            text = f"the derived quantities of {chain} feed each other without an end"
            findings.append(_error(FindingKind.CYCLE, path, text))
        else:
            text = f"the nodes {chain} form a cycle; every edge fires once, so it does not repeat"
            findings.append(_warning(FindingKind.CYCLE, path, text))
    return found


def _components(
    edges_into: Sequence[Sequence[int]], ends: Sequence[tuple[int, int]]
) -> Iterator[list[int]]:
    """Strongly connected components of two nodes or more, each sorted (Tarjan 1972, a stack)."""
    count = len(edges_into)
    order, low = [0] * count, [0] * count
    stack: list[int] = []
    stacked = [False] * count
    clock = 0
    for start in range(count):
        work = [] if order[start] else [(start, 0)]
        while work:
            node, place = work.pop()
            if place == 0:
                clock += 1
                order[node] = low[node] = clock
                stack.append(node)
                stacked[node] = True
            for step in range(max(place - 1, 0), len(edges_into[node])):
                child = ends[edges_into[node][step]][0]
                if not order[child]:
                    work.extend(((node, step + 1), (child, 0)))
                    break
                if stacked[child]:
                    low[node] = min(low[node], low[child])
            else:
                members = _popped(node, stack, stacked) if low[node] == order[node] else []
                if len(members) > 1:
                    yield sorted(members)


def _popped(node: int, stack: list[int], stacked: list[bool]) -> list[int]:
    """The component whose first visited member is `node`, taken off the stack."""
    members = []
    while True:
        member = stack.pop()
        stacked[member] = False
        members.append(member)
        if member == node:
            return members


def _conflicting_exits(shape: Shape) -> Iterator[Finding]:
    """Nodes that close the same entry for more than it has, and know nothing of each other."""
    graph = shape.graph
    exits: dict[int, dict[int, Edge]] = {}
    linked: set[tuple[int, int]] = set()
    for number, (source, target) in enumerate(shape.ends):
        edge = graph.edges[number]
        if edge.action is not EdgeAction.ACTIVATE:
            linked.add((min(source, target), max(source, target)))
            continue
        entry, leaver = graph.nodes[source], graph.nodes[target]
        if entry.instrument.symbol == leaver.instrument.symbol and entry.side != leaver.side:
            exits.setdefault(source, {}).setdefault(target, edge)
    for source, leaving in sorted(exits.items()):
        groups: list[list[int]] = []
        for target in sorted(leaving):
            near = [
                one for one in groups if any(_exclusive(x, target, leaving, linked) for x in one)
            ]
            merged = [target] + [member for one in near for member in one]
            groups = [one for one in groups if one not in near] + [merged]
        shares = [max(_share(shape, source, x, leaving[x]) for x in one) for one in groups]
        if len(groups) > 1 and sum(shares) > ONE_1E9:
            names = ", ".join(repr(graph.nodes[index].node_id) for index in sorted(leaving))
            entry_id = graph.nodes[source].node_id
            text = (
                f"the exits {names} of {entry_id!r} may together trade more than it filled; "
                "let them reduce or cancel one another"
            )
            yield _warning(FindingKind.CONFLICTING_EXITS, f"nodes[{source}]", text)


def _exclusive(
    one: int, other: int, leaving: dict[int, Edge], linked: set[tuple[int, int]]
) -> bool:
    """Whether two exits know of each other, or can never both run."""
    if (min(one, other), max(one, other)) in linked:
        return True
    triggers = {str(leaving[one].trigger), str(leaving[other].trigger)}
    return triggers == {"on_full_fill", "on_cancel"}


def _share(shape: Shape, source: int, target: int, edge: Edge) -> int:
    """What an exit may take of its entry, in 1e-9 of it; all of it when that is not known."""
    nodes = shape.graph.nodes
    if nodes[target].quantity == "derived":
        return ONE_1E9 if edge.sizing is None else int(edge.sizing.ratio * ONE_1E9)
    whole, part = nodes[source].fixed_qty_1e8, nodes[target].fixed_qty_1e8
    return ONE_1E9 if not whole or part is None else part * ONE_1E9 // whole


def _naked_hedges(shape: Shape) -> Iterator[Finding]:
    """Fixed hedges that start before their source is done: what is naked if it stops there."""
    graph = shape.graph
    for number, (source, target) in enumerate(shape.ends):
        edge = graph.edges[number]
        entry, hedge = graph.nodes[source], graph.nodes[target]
        filled = _filled_at_least(edge, entry)
        qty = hedge.fixed_qty_1e8
        if edge.action is not EdgeAction.ACTIVATE or entry.side == hedge.side:
            continue
        if filled is None or qty is None or qty <= filled:
            continue
        text = (
            f"the edge fires with {format_qty(filled)} of {entry.node_id!r} filled, but "
            f"{hedge.node_id!r} trades {format_qty(qty)}: if its source stops there, "
            f"{format_qty(qty - filled)} is naked; a derived quantity follows the fills"
        )
        yield _warning(FindingKind.NAKED_HEDGE, f"edges[{number}]", text)


def _filled_at_least(edge: Edge, entry: Node) -> int | None:
    """The least that the source has filled when the edge fires; None where it does not apply."""
    whole = entry.fixed_qty_1e8
    if whole is None or edge.trigger not in ("on_fill_ratio", "on_first_fill", "on_accepted"):
        return None
    gate = edge.condition
    if gate is None or gate.fill_ratio_gte is None:
        return 0
    # Up to the next unit: the ratio is reached with this fill and not with one unit less.
    return -(-whole * int(gate.fill_ratio_gte * ONE_1E9) // ONE_1E9)
