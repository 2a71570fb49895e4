"""Every message of the engine, in hop order: market path, execution path, control and records."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import Protocol

import msgspec

from engine.errors import Reason
from engine.model.graph import Graph, GraphStatus, NodeStatus
from engine.model.instruments import Environment
from engine.model.orders import ChildOrder, Grant, OrderReport, RouteIntent
from engine.model.records import JournalEntry, RecordPayload
from engine.model.units import Side
from engine.runtime.delivery import Command, Event, Signal

# ---------------------------------------------------------------- market path


class StaleReason(IntEnum):
    """Why a book may not be routed on."""

    NOT_STARTED = 0
    LINK_DOWN = 1
    GAP = 2
    CHECKSUM = 3
    OVERFLOW = 4
    BROKEN_FRAME = 5
    SILENT = 6
    VENUE = 7


class LinkUp(Event, frozen=True, gc=False):
    """A link to a venue is open; sessions subscribe and synchronise."""

    line: int = 0


class LinkDown(Event, frozen=True, gc=False):
    """A link to a venue is gone, with the reason as text."""

    reason: str
    line: int = 0


class FeedFrame(Signal, frozen=True, gc=False):
    """Bytes of a market data line, as received. `line` tells parallel connections apart."""

    recv_ns: int
    payload: bytes
    line: int = 0


class FeedReply(Event, frozen=True, gc=False):
    """Body of an answered market data request (a REST snapshot). `tag` is the request's."""

    recv_ns: int
    tag: str
    payload: bytes


class BookDelta(Signal, frozen=True, gc=False):
    """A run of rows in the listing's ring to apply. `listing_id` is the feed's own numbering.

    `checksum` is the venue's expected checksum after applying, or -1. `exchange_ns` is the
    venue's clock, 0 where it gives none.
    """

    listing_id: int
    start: int
    count: int
    recv_ns: int
    exchange_ns: int
    sequence: int
    checksum: int = -1


class BookSnapshot(Signal, frozen=True, gc=False):
    """As `BookDelta`, but the book is cleared first; it makes a stale book healthy again."""

    listing_id: int
    start: int
    count: int
    recv_ns: int
    exchange_ns: int
    sequence: int
    checksum: int = -1


class BookStale(Event, frozen=True, gc=False):
    """The listing's book is not to be trusted until the next snapshot."""

    listing_id: int
    reason: StaleReason


class TradePrint(Signal, frozen=True, gc=False):
    """A public trade; `side` is the aggressor's, or None where the venue does not say."""

    listing_id: int
    price_1e9: int
    qty_1e8: int
    side: Side | None
    recv_ns: int
    exchange_ns: int


class FeedAlive(Signal, frozen=True, gc=False):
    """A heartbeat or any other proof that the listing's line lives."""

    listing_id: int
    recv_ns: int


class Resynchronise(Event, frozen=True, gc=False):
    """Book to feed: the listing's book found itself wrong; start over."""

    listing_id: int


class MidSample(Event, frozen=True, gc=False):
    """A tape's own timer: take the consolidated mid for the volatility estimate."""


class FeedCheck(Event, frozen=True, gc=False):
    """A feed's own timer: which lines have been silent?"""


class SnapshotNeeded(Event, frozen=True, gc=False):
    """The codec cannot go on without a fresh snapshot: `request` for the link, or resubscribe.

    `request` is what the link must fetch (venue specific, e.g. a REST path), None where a
    snapshot comes by subscribing again with the frames of `resubscribe`.
    """

    listing_id: int
    request: str | None
    resubscribe: tuple[bytes, ...] = ()


FeedEvent = (
    BookDelta | BookSnapshot | BookStale | TradePrint | FeedAlive | SnapshotNeeded
)


# ------------------------------------------------------------- execution path


class WatchLiquidity(Event, frozen=True, gc=False):
    """A node asks its router: tell me once the touch that I take reaches `price_1e9`.

    `price_1e9` None asks for any move of the best. One watch a node; a second replaces the first.
    """

    owner_id: int
    side: Side
    price_1e9: int | None


class UnwatchLiquidity(Event, frozen=True, gc=False):
    """The node no longer waits."""

    owner_id: int


class TouchReached(Event, frozen=True, gc=False):
    """From a book to its router: the best of a side reached a watched price."""

    venue_index: int
    side: Side


class LiquidityAppeared(Event, frozen=True, gc=False):
    """From the router to a watching node: its price is available; the watch is spent."""

    price_1e9: int


class RouteRequest(Command, frozen=True, gc=False):
    """Node to risk: may this be sent?"""

    intent: RouteIntent


class RouteDenied(Event, frozen=True, gc=False):
    """Risk, router or trade to the node: nothing more of this attempt was or will be sent.

    `qty_1e8` is the quantity given back.
    """

    attempt: int
    qty_1e8: int
    reason: Reason
    text: str


class ApprovedRoute(Command, frozen=True, gc=False):
    """Risk to router: split and send within the grant."""

    grant: Grant


class ChildrenPlanned(Event, frozen=True, gc=False):
    """Router to node: the children of an attempt, and what could not be placed."""

    attempt: int
    grant_id: int
    children: tuple[ChildOrder, ...]
    unplaced_qty_1e8: int
    reason: Reason
    mid_1e9: int
    touch_1e9: int
    decision_id: int


class ApprovedOrder(Command, frozen=True, gc=False):
    """Router to venue trade: the only message that makes bytes leave."""

    child: ChildOrder
    grant: Grant


class CancelChild(Event, frozen=True, gc=False):
    """Node to venue trade: cancel this child; never refused."""

    child: ChildOrder


class QueryChild(Event, frozen=True, gc=False):
    """Node to venue trade: prove this child's state by its client order id."""

    child: ChildOrder


class ForgetChild(Event, frozen=True, gc=False):
    """Node to venue trade: the child is proven ended; its reports need no route any more."""

    client_order_id: str


class PolicyWake(Event, frozen=True, gc=False):
    """A node's own timer for its policy; `token` tells a superseded timer apart."""

    token: int


class ReplyCheck(Event, frozen=True, gc=False):
    """A node's own timer: which children still owe an answer?"""


class TradeFrame(Event, frozen=True, gc=False):
    """Bytes of a venue's order line, as received."""

    recv_ns: int
    payload: bytes


class ChildReport(Event, frozen=True, gc=False):
    """Venue trade to the owner node: what the venue said of its child."""

    report: OrderReport


TradeEvent = OrderReport


class TakeSettled(Event, frozen=True, gc=False):
    """Node to router: of a child's planned take, nothing more is in flight.

    `exchange_ns` is the venue's time of the last fill (0: unknown), after which the book shows
    the take; `filled_qty_1e8` what was taken of `qty_1e8`; `answer_ns` how long the first answer
    took, 0 where none came.
    """

    client_order_id: str
    venue_index: int
    side: Side
    qty_1e8: int
    filled_qty_1e8: int
    exchange_ns: int
    answer_ns: int


class ExposureChanged(Event, frozen=True, gc=False):
    """Node to risk: proven facts about a grant.

    `released_qty_1e8` will never fill any more; `filled_qty_1e8` did, for `notional_1e9`.
    """

    grant_id: int
    filled_qty_1e8: int
    notional_1e9: int
    released_qty_1e8: int


# ------------------------------------------------------------ graphs and control


class SubmitGraph(Command, frozen=True, gc=False):
    """From outside to the graphs' registry; answered with a `SubmitAnswer`."""

    reply_to: int
    client_id: str
    environment: Environment
    graph: Graph


class SubmitAnswer(msgspec.Struct, frozen=True, gc=False):
    """Accepted (reason NONE) or refused with every fault."""

    graph_id: str
    status: GraphStatus
    node_count: int
    edge_count: int
    reason: Reason
    text: str
    faults: tuple[tuple[str, str], ...] = ()


class AdmitGraph(Command, frozen=True, gc=False):
    """Registry to risk: may this graph start? `worst_notional_1e9` is its larger side's money."""

    registry_id: int
    graph_number: int
    client_id: str
    graph: Graph
    worst_notional_1e9: int


class GraphAdmitted(Event, frozen=True, gc=False):
    """Risk to registry: it may."""

    graph_number: int


class GraphDenied(Event, frozen=True, gc=False):
    """Risk to registry: it may not, and why."""

    graph_number: int
    reason: Reason
    text: str


class CancelGraph(Event, frozen=True, gc=False):
    """From outside: cancel every active node of the graph; answered with the graph's status."""

    reply_to: int
    client_id: str
    environment: Environment
    graph_id: str
    reason: str = "cancelled by the client"


class CancelNode(Event, frozen=True, gc=False):
    """Graph to node: stop working, cancel children, end when the last quantity is proven."""

    reason: str


class StartNode(Event, frozen=True, gc=False):
    """Graph to node: begin."""


class NodeEnded(Event, frozen=True, gc=False):
    """Node to graph: terminal, with its proven quantities."""

    node_index: int
    status: NodeStatus
    filled_qty_1e8: int
    reason: str


class GraphEnded(Event, frozen=True, gc=False):
    """Graph to registry: terminal and recorded; it may be forgotten."""

    graph_number: int


class HaltTrading(Event, frozen=True, gc=False):
    """To risk: stop (or clear); `cancel_open` also cancels working orders."""

    halted: bool
    reason: str
    cancel_open: bool = True


# ----------------------------------------------------------------- records


class StreamSink(Protocol):
    """Whoever listens to the stream; a sink that returns False is cut off."""

    def deliver(self, entries: Sequence[JournalEntry]) -> bool:
        """Take these entries, or refuse and be unsubscribed."""
        ...


class Record(Event, frozen=True, gc=False):
    """Any actor to the journal: keep this. The journal gives it its sequence and stamp."""

    client_id: str
    environment: Environment
    graph_id: str
    node_id: str
    payload: RecordPayload


class Recorded(Event, frozen=True, gc=False):
    """Journal to stream: entries that are now durable as far as the durability mode promises."""

    entries: tuple[JournalEntry, ...]


class JournalWritable(Event, frozen=True, gc=False):
    """Journal to risk: whether entries can be made durable; if not, only cancels may leave."""

    writable: bool
    reason: str


class FlushJournal(Event, frozen=True, gc=False):
    """Roof to journal: answer True once everything recorded so far is durable."""

    reply_to: int


class JournalRetry(Event, frozen=True, gc=False):
    """The journal's own timer after a failed commit."""


class Subscribe(Event, frozen=True):
    """Roof to stream: give entries to this sink; `graph_id` None means all of the client's.

    `client_id` None is the operator's view of everything.
    """

    sink: StreamSink
    client_id: str | None
    graph_id: str | None


class Unsubscribe(Event, frozen=True):
    """Roof to stream: stop giving to this sink."""

    sink: StreamSink


class GroupCommitted(Event, frozen=True, gc=False):
    """Sink to journal: everything up to this sequence is on disk."""

    last_seq: int


class CommitFailed(Event, frozen=True, gc=False):
    """Sink to journal: the group could not be written (disk full, most often)."""

    reason: str
