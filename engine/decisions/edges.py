"""The edges that lead to one node: cumulative facts of its sources in, what they ask for out.

An edge is evaluated on the present state of its source, never on a single event, so a duplicate,
late, reordered or voided fill converges to the same target. Pure: time is an argument.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from decimal import Decimal
from enum import IntEnum

import msgspec

from engine.decisions.heard import Heard
from engine.model.graph import EdgeAction, Graph, NodeStatus, PriceTrigger
from engine.model.graph_analysis import Shape, edge_id_of
from engine.model.progress import NodeProgress
from engine.model.units import QTY_SCALE, divide_up, floor_to
from engine.model.validation import entry_price_node

__all__ = ["EdgePlan", "EdgeState", "Incoming", "PricePlan", "TriggerKind", "edge_plans"]

ONE_1E9 = 10**9
HUNDRED_PERCENT_1E9 = 100 * ONE_1E9


class TriggerKind(IntEnum):
    """The nine triggers."""

    ACCEPTED = 0
    FIRST_FILL = 1
    FILL = 2
    FILL_RATIO = 3
    FULL_FILL = 4
    TIMEOUT = 5
    PRICE = 6
    CANCEL = 7
    DONE = 8


KINDS = {
    "on_accepted": TriggerKind.ACCEPTED,
    "on_first_fill": TriggerKind.FIRST_FILL,
    "on_fill": TriggerKind.FILL,
    "on_fill_ratio": TriggerKind.FILL_RATIO,
    "on_full_fill": TriggerKind.FULL_FILL,
    "on_cancel": TriggerKind.CANCEL,
    "on_done": TriggerKind.DONE,
}


class PricePlan(msgspec.Struct, frozen=True, gc=False):
    """A price condition: absolute, or `offset_1e9` percent from the entry price of a node."""

    symbol: str
    above: bool
    entry_node: int
    offset_1e9: int
    price_1e9: int
    source: str
    hold_ns: int


class EdgePlan(msgspec.Struct, frozen=True, gc=False):
    """One edge in integers. Gates are fill ratios in 1e-9, -1 where there is none."""

    index: int
    edge_id: str
    source: int
    target: int
    kind: TriggerKind
    action: EdgeAction
    gte_1e9: int
    lt_1e9: int
    ratio_1e9: int
    of: str
    timeout_ns: int = 0
    price: PricePlan | None = None


class EdgeState(msgspec.Struct, array_like=True, gc=False):
    """What an edge remembers: whether it fired (for good), and its source's fill then."""

    fired: bool = False
    fired_ns: int = 0
    snapshot_1e8: int = 0
    touched: bool = False


def edge_plans(graph: Graph) -> list[list[EdgePlan]]:
    """The incoming edges of every node, in the order of the graph; the graph is well formed."""
    places = {node.node_id: index for index, node in enumerate(graph.nodes)}
    plans: list[list[EdgePlan]] = [[] for _ in graph.nodes]
    shape: Shape | None = None
    for index, edge in enumerate(graph.edges):
        source, target = places[edge.from_node], places[edge.to_node]
        trigger, gate, sizing = edge.trigger, edge.condition, edge.sizing
        timeout_ns, price = 0, None
        if isinstance(trigger, str):
            kind = KINDS[trigger]
        elif trigger.on_timeout is not None:
            kind, timeout_ns = TriggerKind.TIMEOUT, trigger.on_timeout.ms * 1_000_000
        else:
            assert trigger.on_price is not None, "a trigger is a timeout or a price"
            kind = TriggerKind.PRICE
            shape = shape or Shape(graph)
            entry = entry_price_node(graph, edge, shape)
            # Without a word of its own a price is compared with the reference's own market.
            default = target if entry is None else entry
            symbol = trigger.on_price.symbol or graph.nodes[default].instrument.symbol
            price = price_plan(trigger.on_price, symbol, -1 if entry is None else entry)
        plans[target].append(
            EdgePlan(
                index,
                # Graphs of one kind name their edges alike; a hundred thousand may wait.
                sys.intern(edge_id_of(graph, index)),
                source,
                target,
                kind,
                edge.action,
                -1 if gate is None or gate.fill_ratio_gte is None else nano(gate.fill_ratio_gte),
                -1 if gate is None or gate.fill_ratio_lt is None else nano(gate.fill_ratio_lt),
                ONE_1E9 if sizing is None else nano(sizing.ratio),
                "cumulative" if sizing is None else sizing.of,
                timeout_ns,
                price,
            )
        )
    return plans


def price_plan(trigger: PriceTrigger, symbol: str, entry_node: int) -> PricePlan:
    """A price condition in integers."""
    absolute = trigger.price_1e9
    return PricePlan(
        symbol,
        trigger.direction == "above",
        -1 if absolute is not None else entry_node,
        0 if trigger.offset_pct is None else nano(trigger.offset_pct),
        absolute or 0,
        trigger.source,
        trigger.hold_ms * 1_000_000,
    )


def nano(value: Decimal) -> int:
    """A decimal in 1e-9; validation has refused more digits."""
    return int(value * ONE_1E9)


class Incoming:
    """The edges of one node with what they remember and what is known of their sources."""

    __slots__ = ("join_all", "plans", "sources", "states")

    def __init__(self, plans: Sequence[EdgePlan], *, join_all: bool) -> None:
        self.plans = tuple(plans)
        self.join_all = join_all
        self.states = tuple([EdgeState() for _ in plans])
        self.sources = Heard()

    def hear(self, progress: NodeProgress) -> bool:
        """Keep the newest word of a source; False when it is not newer than what is known."""
        known = self.sources.get(progress.node_index)
        if known is not None and known.version >= progress.version:
            return False
        self.sources[progress.node_index] = progress
        return True

    def touch(self, edge_index: int) -> None:
        """The price of an edge was reached."""
        for plan, state in zip(self.plans, self.states, strict=True):
            if plan.index == edge_index:
                state.touched = True

    def fire(self, now_ns: int) -> list[EdgePlan]:
        """Edges that fire now: their trigger has come and their gate holds. Each fires once."""
        fired = []
        for plan, state in zip(self.plans, self.states, strict=True):
            if state.fired:
                continue
            source = self.sources.get(plan.source)
            if source is None or not gate_holds(plan, source):
                continue
            if trigger_holds(plan, state, source, now_ns):
                state.fired, state.fired_ns = True, now_ns
                state.snapshot_1e8 = source.net_qty_1e8
                fired.append(plan)
        return fired

    def next_due_ns(self, now_ns: int) -> int | None:
        """When the earliest timeout that lies ahead is due.

        One that is over and waits for its gate only is looked at when its source moves.
        """
        due: int | None = None
        for plan, state in zip(self.plans, self.states, strict=True):
            if state.fired or plan.kind is not TriggerKind.TIMEOUT:
                continue
            source = self.sources.get(plan.source)
            if source is not None and source.started_ns and not hopeless(plan, state, source):
                at_ns = source.started_ns + plan.timeout_ns
                if at_ns > now_ns and (due is None or at_ns < due):
                    due = at_ns
        return due

    def wanted_prices(self) -> list[tuple[EdgePlan, int]]:
        """Price edges to arm now, each with its threshold (twice the price in 1e-9).

        A price edge waits from its source's activation on, while its gate holds and its
        reference is known.
        """
        wanted = []
        for plan, state in zip(self.plans, self.states, strict=True):
            if state.fired or state.touched or plan.price is None:
                continue
            source = self.sources.get(plan.source)
            if source is None or not source.started_ns or not gate_holds(plan, source):
                continue
            threshold = self.threshold_x2(plan.price)
            if threshold is not None:
                wanted.append((plan, threshold))
        return wanted

    def threshold_x2(self, price: PricePlan) -> int | None:
        """Twice the threshold, rounded away from the price so that equality stays exact."""
        if price.entry_node < 0:
            return 2 * price.price_1e9
        reference = self.sources.get(price.entry_node)
        if reference is None or not reference.avg_price_1e9:
            return None
        product = 2 * reference.avg_price_1e9 * (HUNDRED_PERCENT_1E9 + price.offset_1e9)
        if price.above:
            return divide_up(product, HUNDRED_PERCENT_1E9)
        return product // HUNDRED_PERCENT_1E9

    @property
    def activated(self) -> bool:
        """Whether the node may start: any activating edge has fired, or all with join all."""
        answer = False
        for plan, state in zip(self.plans, self.states, strict=True):
            if plan.action is EdgeAction.ACTIVATE:
                if state.fired and not self.join_all:
                    return True
                if not state.fired and self.join_all:
                    return False
                answer = True
        return answer and self.join_all

    @property
    def unreachable(self) -> bool:
        """Whether the node can never start any more."""
        hopes = 0
        for plan, state in zip(self.plans, self.states, strict=True):
            if plan.action is not EdgeAction.ACTIVATE:
                continue
            lost = not state.fired and self.lost(plan, state)
            if lost and self.join_all:
                return True
            hopes += not lost
        return hopes == 0

    @property
    def cancelled_by(self) -> EdgePlan | None:
        """The cancel edge that fired, if one did."""
        for plan, state in zip(self.plans, self.states, strict=True):
            if state.fired and plan.action is EdgeAction.CANCEL:
                return plan
        return None

    @property
    def growing(self) -> bool:
        """Whether the derived target may still grow."""
        for plan, state in zip(self.plans, self.states, strict=True):
            if plan.action is not EdgeAction.ACTIVATE or self.lost(plan, state):
                continue
            source = self.sources.get(plan.source)
            if not state.fired or source is None:
                return True
            if not source.final and plan.of != "snapshot":
                return True
        return False

    @property
    def streaming(self) -> bool:
        """Whether every activating edge that fired follows the source fill by fill."""
        fired = [
            plan
            for plan, state in zip(self.plans, self.states, strict=True)
            if state.fired and plan.action is EdgeAction.ACTIVATE
        ]
        return bool(fired) and all(plan.kind is TriggerKind.FILL for plan in fired)

    def derived_qty_1e8(self, lot_1e8: int, multiplier_1e8: int) -> int:
        """Target: the sum over open edges of ratio x source, on the lot; dust waits for more.

        Sources count in base units, the answer is in the node's own (contracts of
        `multiplier_1e8` base each).
        """
        total = 0
        for plan, state in zip(self.plans, self.states, strict=True):
            source = self.sources.get(plan.source)
            if not state.fired or plan.action is not EdgeAction.ACTIVATE or source is None:
                continue
            if plan.of == "snapshot":
                base = state.snapshot_1e8
            elif plan.of == "unfilled":
                base = max(0, source.target_qty_1e8 - source.filled_qty_1e8) if source.final else 0
            else:
                base = source.net_qty_1e8
            total += plan.ratio_1e9 * base
        return floor_to(total * QTY_SCALE // (ONE_1E9 * multiplier_1e8), lot_1e8)

    def reduction_1e8(self, multiplier_1e8: int) -> int:
        """What the reducing edges have taken off the target so far."""
        total: int = 0
        for plan, state in zip(self.plans, self.states, strict=True):
            source = self.sources.get(plan.source)
            if state.fired and plan.action is EdgeAction.REDUCE and source is not None:
                total += plan.ratio_1e9 * source.filled_qty_1e8
        return int(total * QTY_SCALE // (ONE_1E9 * multiplier_1e8))

    def spent(self, lot_1e8: int, multiplier_1e8: int) -> bool:
        """Whether other exits have taken all that a node which still waits could be for."""
        taken = self.reduction_1e8(multiplier_1e8)
        left = -taken
        for plan in self.plans if taken else ():
            if plan.action is EdgeAction.ACTIVATE:
                source = self.sources.get(plan.source)
                if source is None or not source.final or plan.of == "unfilled":
                    return False
                scaled = plan.ratio_1e9 * source.net_qty_1e8 * QTY_SCALE
                left += scaled // (ONE_1E9 * multiplier_1e8)
        return taken > 0 and left < lot_1e8

    def waits_for_proof(self) -> list[int]:
        """Sources whose rest a fired edge takes over; they are to end first."""
        return [
            plan.source
            for plan, state in zip(self.plans, self.states, strict=True)
            if state.fired
            and plan.of == "unfilled"
            and plan.action is EdgeAction.ACTIVATE
            and plan.source in self.sources
            and not self.sources[plan.source].final
        ]

    def lost(self, plan: EdgePlan, state: EdgeState) -> bool:
        """Whether the edge can never fire any more."""
        if state.fired:
            return False
        source = self.sources.get(plan.source)
        if source is None:
            return False
        if plan.price is not None and plan.price.entry_node >= 0:
            entry = self.sources.get(plan.price.entry_node)
            if entry is not None and entry.final and not entry.avg_price_1e9:
                return True
        return hopeless(plan, state, source)


def gate_holds(plan: EdgePlan, source: NodeProgress) -> bool:
    """Fill ratios are compared by cross-multiplication, never divided."""
    filled, target = source.filled_qty_1e8 * ONE_1E9, source.target_qty_1e8
    if plan.gte_1e9 >= 0 and (target <= 0 or filled < plan.gte_1e9 * target):
        return False
    return plan.lt_1e9 < 0 or target <= 0 or filled < plan.lt_1e9 * target


def trigger_holds(plan: EdgePlan, state: EdgeState, source: NodeProgress, now_ns: int) -> bool:
    """Whether what the trigger names has come, as far as the source's state tells."""
    kind = plan.kind
    if kind is TriggerKind.ACCEPTED:
        return source.accepted
    if kind is TriggerKind.FIRST_FILL or kind is TriggerKind.FILL:
        return source.filled_qty_1e8 > 0
    if kind is TriggerKind.FILL_RATIO:
        return source.target_qty_1e8 > 0
    if kind is TriggerKind.FULL_FILL:
        return source.status is NodeStatus.FILLED
    if kind is TriggerKind.TIMEOUT:
        return source.started_ns > 0 and now_ns >= source.started_ns + plan.timeout_ns
    if kind is TriggerKind.PRICE:
        return state.touched and source.started_ns > 0
    if source.unreachable or not source.final:
        return False
    return kind is TriggerKind.DONE or source.by_cancel


def hopeless(plan: EdgePlan, state: EdgeState, source: NodeProgress) -> bool:
    """Whether the trigger or its gate cannot come any more, whatever the time and the price."""
    if not source.final:
        return False
    if not gate_holds(plan, source):
        return True
    if plan.kind is TriggerKind.TIMEOUT or plan.kind is TriggerKind.PRICE:
        return source.started_ns == 0 and not state.touched
    return not trigger_holds(plan, state, source, 0)
