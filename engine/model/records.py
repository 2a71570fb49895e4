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
    "PostRecord",
    "PostRules",
    "RecordPayload",
    "ReportRecorded",
    "TradingHalted",
]

ENTRY_VERSION = 4


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

    `fee_1e9` is USD and authoritative. `mid_1e9` and `touch_1e9` are what its price is measured
    against, over all venues: of a taker the mid and the far touch at its child's plan, of a maker
    the mid and its own touch just before the fill (`engine/decisions/fills.py`). Both are 0 where
    they are not known.
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


class PostRules(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What of a venue's rules decides whether an order rests there.

    `maker_ppm` is None where its fees are not known. `exponent` is that of an event contract's fee
    (see `engine/model/fees.py`), 0 where the fee is a share of the notional.
    """

    venue: str
    maker_ppm: int | None
    exponent: int
    tick_1e9: int
    lot_1e8: int
    qty_min_1e8: int
    notional_min_1e9: int


class PostRecord(Payload, frozen=True, gc=False, array_like=True, tag=10):
    """Everything needed to redo the choice of where an order rests.

    At most `venues_max` venues were wanted, post-only; 0 is the rest of a limit order, which goes
    to one venue and may take there. `price_1e9` is the price asked for, before any venue's tick.
    One value a venue, in the order of the market's listings: `rules`, `eligibility` (a reason
    code, "" is eligible), `own_1e9` and `far_1e9` (the best price of the order's own side and of
    the other one as the block held them: a bid of 0 and an ask of 2^63 - 1 are none), and for the
    rest of a limit order `meets_own`, whether it would have met one of our own orders there.
    `places` are (venue index, qty_1e8, price_1e9); `reason` says why not all has one.
    """

    decision_id: int
    attempt: int
    routing_version: int
    symbol: str
    side: Side
    qty_1e8: int
    price_1e9: int
    venues_max: int
    mid_1e9: int
    rules: tuple[PostRules, ...]
    eligibility: tuple[str, ...]
    own_1e9: tuple[int, ...]
    far_1e9: tuple[int, ...]
    meets_own: tuple[bool, ...]
    places: tuple[tuple[int, int, int], ...]
    unplaced_qty_1e8: int
    reason: str

    @property
    def venues(self) -> tuple[str, ...]:
        """The names that venue indexes stand for."""
        return tuple(one.venue for one in self.rules)


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
    | PostRecord
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
