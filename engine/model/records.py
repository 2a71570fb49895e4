"""What the journal keeps: one payload struct for each kind of entry, and the rows users see.

Entries are msgpack arrays, tagged by a small number; a field is only ever added at the end, so
that older journals open. Rows (orders, fills, decisions) are projections of entries.
"""

from __future__ import annotations

import msgspec

from engine.model.graph import Graph, GraphStatus, NodeStatus
from engine.model.instruments import Environment
from engine.model.orders import OrderReport, TimeInForce
from engine.model.risk import KillScope
from engine.model.units import Side

__all__ = [
    "ENTRY_VERSION",
    "ChildIntent",
    "ChildrenIntended",
    "DecisionRecord",
    "EngineStarted",
    "FillRecord",
    "GraphAccepted",
    "GraphChanged",
    "JournalEntry",
    "NodeChanged",
    "RecordPayload",
    "ReportRecorded",
    "TradingHalted",
]

ENTRY_VERSION = 3


class Payload(msgspec.Struct, frozen=True, gc=False, array_like=True, tag_field="kind"):
    """Base of entry payloads."""


class EngineStarted(Payload, frozen=True, gc=False, array_like=True, tag=1):
    """A start of the engine, with what identifies the run."""

    engine_number: int
    version: str
    seed: int


class GraphAccepted(Payload, frozen=True, gc=False, array_like=True, tag=2):
    """A graph passed admission: the whole of it, as it runs, with its number.

    `arrival_mids_1e9` and `expected_fee_bps` are snapshots for each node, in node order; 0 and
    None where no healthy book existed. `arrival_mids_x2` is twice the mid, exactly. `spare` are
    nodes that were added for a flatten.
    """

    graph_number: int
    graph: Graph
    arrival_mids_1e9: tuple[int, ...]
    expected_fee_bps: tuple[float | None, ...]
    arrival_mids_x2: tuple[int, ...] = ()
    spare: tuple[int, ...] = ()


class ChildIntent(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One child order about to be sent."""

    client_order_id: str
    venue: str
    side: Side
    qty_1e8: int
    limit_price_1e9: int
    tif: TimeInForce


class ChildrenIntended(Payload, frozen=True, gc=False, array_like=True, tag=3):
    """The children of one routing attempt, recorded before any of them leaves."""

    attempt: int
    grant_id: int
    children: tuple[ChildIntent, ...]


class DecisionRecord(Payload, frozen=True, gc=False, array_like=True, tag=4):
    """Everything needed to redo a routing choice.

    `inputs` is the packed binary input of the split (levels examined on each venue plus one,
    takes in flight, ages, fees, coefficients), defined and read by `engine/decisions/split.py`.
    `venues` names the rows of the block in order, `eligibility` one reason code a venue ("" is
    eligible), `legs` are (venue index, qty_1e8, limit_price_1e9, expected price x qty numerator).
    """

    decision_id: int
    attempt: int
    routing_version: int
    symbol: str
    side: Side
    qty_1e8: int
    planned_qty_1e8: int
    mid_1e9: int
    est_cost_bps: float
    best_single_venue: str
    best_single_cost_bps: float
    coefficients_id: int
    venues: tuple[str, ...]
    eligibility: tuple[str, ...]
    legs: tuple[tuple[int, int, int], ...]
    inputs: bytes


class ReportRecorded(Payload, frozen=True, gc=False, array_like=True, tag=5):
    """A venue's report that changed something, except fills (they have their own record)."""

    report: OrderReport


class FillRecord(Payload, frozen=True, gc=False, array_like=True, tag=6):
    """One execution with all its measured costs; the row of `/v1/fills`.

    `fee_1e9` is USD and authoritative. `mid_1e9` and `touch_1e9` are the consolidated mid and
    the side's touch at the decision, for later analysis; 0 where unknown.
    """

    fill_id: str
    node_order_id: str
    client_order_id: str
    venue: str
    symbol: str
    side: Side
    qty_1e8: int
    price_1e9: int
    ts_unix_ns: int
    fee_1e9: int
    is_maker: bool | None
    commission_1e9: int | None
    commission_asset: str | None
    taker_fee_bps_applied: float | None
    maker_fee_bps_applied: float | None
    venue_reported_cum_fee_1e9: int | None
    mid_1e9: int = 0
    touch_1e9: int = 0


class NodeChanged(Payload, frozen=True, gc=False, array_like=True, tag=7):
    """The whole state of a node after a change: recovery takes the last one.

    `price_times_qty` is sum(price_1e9 x qty_1e8) as decimal text, since it passes 64 bits.
    `policy_state` is what the node remembers besides: policy, edges, caps and changed terms,
    packed by `engine/decisions/node_memory.py`.
    """

    node_order_id: str
    status: NodeStatus
    reason: str
    target_qty_1e8: int
    filled_qty_1e8: int
    working_qty_1e8: int
    unknown_qty_1e8: int
    price_times_qty: str
    fees_1e9: int
    fill_count: int
    attempt: int
    policy_state: bytes


class GraphChanged(Payload, frozen=True, gc=False, array_like=True, tag=8):
    """A graph's status after a change."""

    status: GraphStatus
    reason: str


class TradingHalted(Payload, frozen=True, gc=False, array_like=True, tag=9):
    """Trading stopped or was cleared in a scope, and why.

    `cancel_open` says that what is open in the scope is to be cancelled, by a later run too.
    """

    halted: bool
    reason: str
    scope: KillScope = KillScope.DESK
    key: str = ""
    cancel_open: bool = False


RecordPayload = (
    EngineStarted
    | GraphAccepted
    | ChildrenIntended
    | DecisionRecord
    | ReportRecorded
    | FillRecord
    | NodeChanged
    | GraphChanged
    | TradingHalted
)


class JournalEntry(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One entry of the journal. `cause` is the `seq` of the entry it follows from, 0 if none."""

    version: int
    seq: int
    ts_ns: int
    client_id: str
    environment: Environment
    graph_id: str
    node_id: str
    cause: int
    payload: RecordPayload
