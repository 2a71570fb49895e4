"""Execution graphs as they stand on the wire, and the words for their states.

These structs are what `POST /v1/orders` accepts and what the library accepts. A simple order is
a one-node graph. Checking what the types cannot say is `engine/model/validation.py`.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Literal

from engine.model.instruments import InstrumentType
from engine.model.orders import TimeInForce
from engine.model.risk import GraphRisk
from engine.model.wire import Wire

__all__ = [
    "Condition",
    "Edge",
    "EdgeAction",
    "Execution",
    "FixedAmount",
    "Graph",
    "GraphStatus",
    "LimitOrder",
    "LimitPrice",
    "Node",
    "NodeInstrument",
    "NodeStatus",
    "NotionalAmount",
    "Pacing",
    "ParticipationPacing",
    "Policy",
    "PriceTrigger",
    "Quantity",
    "SimpleOrder",
    "Sizing",
    "TimeoutTrigger",
    "Trigger",
    "UniformPacing",
    "Urgency",
    "VolumePacing",
    "graph_of",
]


class GraphStatus(StrEnum):
    """States of a graph."""

    ACTIVE = "active"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    FAILED = "failed"
    PAUSED = "paused"


class NodeStatus(StrEnum):
    """States of a node; `partial_fill` is terminal: it stopped with part of its target."""

    PENDING = "pending"
    EXECUTING = "executing"
    FILLED = "filled"
    PARTIAL_FILL = "partial_fill"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    FAILED = "failed"

    @property
    def terminal(self) -> bool:
        return self not in (NodeStatus.PENDING, NodeStatus.EXECUTING)


class Policy(StrEnum):
    """Execution policies of the wire; `iceberg` is beyond the reference."""

    SOR = "sor"
    IOC_SWEEP = "ioc_sweep"
    PASSIVE_LIMIT = "passive_limit"
    AGGRESSIVE_CHASE = "aggressive_chase"
    PASSIVE_LADDER = "passive_ladder"
    TIME_DRIP = "time_drip"
    ICEBERG = "iceberg"


class Urgency(StrEnum):
    """How much cost may be paid for speed."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class EdgeAction(StrEnum):
    """What an edge does to its target when its trigger holds."""

    ACTIVATE = "activate"
    CANCEL = "cancel"
    REDUCE = "reduce"


class NodeInstrument(Wire, frozen=True, kw_only=True):
    """What a node trades; `venue` pins it."""

    symbol: str
    type: InstrumentType = InstrumentType.SPOT
    venue: str | None = None


class LimitPrice(Wire, frozen=True, kw_only=True):
    """A limit price in 1e-9."""

    price_1e9: int


class LimitOrder(Wire, frozen=True, kw_only=True):
    """`{"limit": {"price_1e9": N}}`."""

    limit: LimitPrice


class FixedAmount(Wire, frozen=True, kw_only=True):
    """A quantity in 1e-8."""

    qty_1e8: int


class NotionalAmount(Wire, frozen=True, kw_only=True):
    """A USD amount in 1e-9; the quantity follows from the price at execution."""

    usd_1e9: int


class Quantity(Wire, frozen=True, kw_only=True):
    """`{"fixed": {"qty_1e8": N}}` or `{"notional": {"usd_1e9": N}}`."""

    fixed: FixedAmount | None = None
    notional: NotionalAmount | None = None


class UniformPacing(Wire, frozen=True, kw_only=True):
    """Equal slices at a fixed interval."""

    num_slices: int
    interval_ms: int


class VolumePacing(Wire, frozen=True, kw_only=True):
    """Slices at a fixed interval, sized by the observed volume curve (VWAP)."""

    num_slices: int
    interval_ms: int


class ParticipationPacing(Wire, frozen=True, kw_only=True):
    """A share of the public volume (POV): `participation_bps` of what others trade."""

    participation_bps: int
    interval_ms: int = 1_000


class Pacing(Wire, frozen=True, kw_only=True):
    """Pacing of a node, exactly one: `uniform` is a TWAP, `vwap` and `pov` follow the tape."""

    uniform: UniformPacing | None = None
    vwap: VolumePacing | None = None
    pov: ParticipationPacing | None = None


class Execution(Wire, frozen=True, kw_only=True):
    """How a node is worked. `display_qty_1e8` is what an iceberg shows at a time."""

    policy: Policy = Policy.SOR
    urgency: Urgency = Urgency.MEDIUM
    max_slippage_bps: int | None = None
    horizon_ms: int | None = None
    tif: TimeInForce = TimeInForce.GTC
    pacing: Pacing | None = None
    display_qty_1e8: int | None = None


class Node(Wire, frozen=True, kw_only=True):
    """One order of a graph. `activation` None is derived from the edges."""

    node_id: str
    instrument: NodeInstrument
    side: Literal["buy", "sell"]
    quantity: Quantity | Literal["derived"]
    order_type: Literal["market"] | LimitOrder = "market"
    execution: Execution = Execution()
    activation: Literal["root", "wait"] | None = None
    join: Literal["any", "all"] = "any"
    reduce_only: bool = False

    @property
    def limit_price_1e9(self) -> int | None:
        return None if self.order_type == "market" else self.order_type.limit.price_1e9

    @property
    def fixed_qty_1e8(self) -> int | None:
        quantity = self.quantity
        if isinstance(quantity, str) or quantity.fixed is None:
            return None
        return quantity.fixed.qty_1e8


class TimeoutTrigger(Wire, frozen=True, kw_only=True):
    """Milliseconds after the source's activation."""

    ms: int


class PriceTrigger(Wire, frozen=True, kw_only=True):
    """A price condition against a reference or an absolute price."""

    symbol: str | None = None
    direction: Literal["above", "below"]
    reference: Literal["graph_entry_price"] | None = None
    offset_pct: Decimal | None = None
    price_1e9: int | None = None
    source: Literal["mid", "bid", "ask", "last", "mark"] = "mid"
    hold_ms: int = 0


class Trigger(Wire, frozen=True, kw_only=True):
    """Triggers with parameters: exactly one of the two."""

    on_timeout: TimeoutTrigger | None = None
    on_price: PriceTrigger | None = None


PlainTrigger = Literal[
    "on_accepted",
    "on_first_fill",
    "on_fill",
    "on_fill_ratio",
    "on_full_fill",
    "on_cancel",
    "on_done",
]


class Condition(Wire, frozen=True, kw_only=True):
    """A gate on an edge, whatever its trigger."""

    fill_ratio_gte: Decimal | None = None
    fill_ratio_lt: Decimal | None = None


class Sizing(Wire, frozen=True, kw_only=True):
    """How a derived target follows its source."""

    ratio: Decimal = Decimal(1)
    of: Literal["cumulative", "unfilled", "snapshot"] = "cumulative"


class Edge(Wire, frozen=True, kw_only=True):
    """A dependency between two nodes."""

    from_node: str
    to_node: str
    trigger: PlainTrigger | Trigger
    edge_id: str | None = None
    condition: Condition | None = None
    action: EdgeAction = EdgeAction.ACTIVATE
    sizing: Sizing | None = None


class Graph(Wire, frozen=True, kw_only=True):
    """An execution graph as submitted."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...] = ()
    risk: GraphRisk | None = None
    graph_id: str | None = None
    is_sandbox: bool = False
    sandbox: bool | None = None
    metadata: dict[str, str] | None = None


class SimpleOrder(Wire, frozen=True, kw_only=True):
    """The short form of a one-node graph; quantities and prices in human units, exactly."""

    symbol: str
    side: Literal["buy", "sell"]
    qty: Decimal | None = None
    notional: Decimal | None = None
    price: Decimal | None = None
    venue: str | None = None
    graph_id: str | None = None
    execution: Execution = Execution()
    is_sandbox: bool = False
    sandbox: bool | None = None


def graph_of(order: SimpleOrder, quantity: Quantity, price_1e9: int | None) -> Graph:
    """The one-node graph that a simple order stands for; its node is called `order`."""
    kind = InstrumentType.PERP if order.symbol.endswith("-PERP") else InstrumentType.SPOT
    order_type: Literal["market"] | LimitOrder = "market"
    if price_1e9 is not None:
        order_type = LimitOrder(limit=LimitPrice(price_1e9=price_1e9))
    node = Node(
        node_id="order",
        instrument=NodeInstrument(symbol=order.symbol, type=kind, venue=order.venue),
        side=order.side,
        order_type=order_type,
        quantity=quantity,
        execution=order.execution,
        activation="root",
    )
    return Graph(nodes=(node,), graph_id=order.graph_id, is_sandbox=order.is_sandbox)
