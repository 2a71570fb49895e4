"""Messages that start and stop graphs, halt trading, and keep and publish the record."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import Protocol

import msgspec

from engine.errors import Reason
from engine.model.dry_run import DryRunReport
from engine.model.graph import Graph, GraphStatus
from engine.model.instruments import Environment
from engine.model.listed import ListedOrder
from engine.model.progress import NodeProgress
from engine.model.records import JournalEntry, RecordPayload
from engine.model.risk import KillScope
from engine.model.terms import Terms
from engine.model.units import Side
from engine.runtime.delivery import Command, Event

__all__ = [
    "AdmitGraph",
    "AdoptGraph",
    "AmendNode",
    "BarVenue",
    "CancelNode",
    "CommandAnswer",
    "CommitFailed",
    "EdgeDue",
    "FlushJournal",
    "FreezeGraphs",
    "GraphAdmitted",
    "GraphCommand",
    "GraphCommandKind",
    "GraphDenied",
    "GraphDurable",
    "GraphEnded",
    "GroupCommitted",
    "HaltTrading",
    "JournalRetry",
    "JournalWritable",
    "KillNode",
    "LingerOver",
    "ListOrders",
    "NodeEnded",
    "NodeMoved",
    "OrdersListed",
    "PauseNode",
    "Record",
    "Recorded",
    "RecoverGraph",
    "RecoverNode",
    "RecoveryCheck",
    "ReserveOpen",
    "ResumeNode",
    "RetryDue",
    "RiskMark",
    "ShareChanged",
    "StartNode",
    "StreamSink",
    "SubmitAnswer",
    "SubmitGraph",
    "Subscribe",
    "Unsubscribe",
]


class SubmitGraph(Command, frozen=True, gc=False):
    """From outside to the graphs' registry; answered with a `SubmitAnswer`."""

    reply_to: int
    client_id: str
    environment: Environment
    graph: Graph
    dry_run: bool = False


class SubmitAnswer(msgspec.Struct, frozen=True, gc=False):
    """Accepted (reason NONE) or refused with every fault; `report` answers a dry run."""

    graph_id: str
    status: GraphStatus
    node_count: int
    edge_count: int
    reason: Reason
    text: str
    faults: tuple[tuple[str, str], ...] = ()
    report: DryRunReport | None = None


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


class CancelNode(Event, frozen=True, gc=False):
    """To a node: stop working, cancel children, end when the last quantity is proven.

    `disarm` ends its edges first, so that nothing starts because of the cancel itself.
    """

    reason: str
    disarm: bool = False


class StartNode(Event, frozen=True, gc=False):
    """Graph to node: begin; with `qty_1e8` for a leg whose quantity is known only now."""

    qty_1e8: int = 0


class KillNode(Event, frozen=True, gc=False):
    """Graph to node: a kill switch of a venue or symbol; the node knows whether it is meant."""

    venue: str
    symbol: str
    cancel: bool
    reason: str


class BarVenue(Event, frozen=True, gc=False):
    """Risk to routers: leave this venue out of routing, or take it back in."""

    venue: str
    barred: bool


class RecoverNode(Event, frozen=True, gc=False):
    """Graph to a node that was rebuilt from the record: go on; `frozen` while paused.

    A `root` that had not started does so now. `pending_only` leaves what works unfrozen.
    """

    frozen: bool = False
    root: bool = False
    pending_only: bool = False


class PauseNode(Event, frozen=True, gc=False):
    """Graph to node: freeze policy, edges and retries; resting orders are pulled unless told."""

    leave_working: bool = False


class ResumeNode(Event, frozen=True, gc=False):
    """Graph to node: go on from what is true now."""


class EdgeDue(Event, frozen=True, gc=False):
    """A node's own timer: a timeout of one of its edges may have come."""


class RetryDue(Event, frozen=True, gc=False):
    """A node's own timer: the pause after a transient refusal is over."""


class ShareChanged(Event, frozen=True, gc=False):
    """Node to a node of its allowance group: look again at what you may have out."""


class AmendNode(Event, frozen=True, gc=False):
    """Graph to node: work under these terms from now on; answered with a `CommandAnswer`."""

    reply_to: int
    terms: Terms


class CommandAnswer(msgspec.Struct, frozen=True, gc=False):
    """What became of a command on a graph or node; reason NONE when it was taken."""

    reason: Reason
    text: str = ""
    node_order_id: str = ""
    mode: str = ""


class GraphCommandKind(IntEnum):
    """What may be asked of a running graph."""

    CANCEL = 0
    PAUSE = 1
    RESUME = 2
    FREEZE = 3
    CANCEL_NODE = 4
    AMEND_NODE = 5


class GraphCommand(Event, frozen=True, gc=False):
    """From outside to the registry and on to the graph; answered with a `CommandAnswer`."""

    reply_to: int
    client_id: str
    environment: Environment
    graph_id: str
    kind: GraphCommandKind
    node_id: str = ""
    reason: str = ""
    terms: Terms | None = None
    venue: str = ""
    symbol: str = ""


class FreezeGraphs(Event, frozen=True, gc=False):
    """From outside to the registry after a kill: freeze the graphs of the scope, with `cancel`
    end them. `reply_to` gets the ids of the graphs that it concerned."""

    reply_to: int
    environment: Environment
    scope: KillScope
    key: str
    cancel: bool
    reason: str


class NodeMoved(Event, frozen=True, gc=False):
    """Node to a graph that watches its risk: progress and what is still out."""

    progress: NodeProgress
    open_qty_1e8: int
    unknown_qty_1e8: int
    price_times_qty: int
    fees_1e9: int


class RiskMark(Event, frozen=True, gc=False):
    """A graph's own timer: mark its position to market."""


class LingerOver(Event, frozen=True, gc=False):
    """A graph's own timer: no late fill is waited for any more."""


class NodeEnded(Event, frozen=True, gc=False):
    """Node to graph: terminal, with its proven quantities.

    `shortfall_1e8` is what a hedge still lacked; a node that `lingers` may hear of a late fill.
    """

    progress: NodeProgress
    reason: str
    shortfall_1e8: int = 0
    lingers: bool = False


class GraphEnded(Event, frozen=True, gc=False):
    """Graph to registry: terminal and recorded; it may be forgotten."""

    graph_number: int


class HaltTrading(Event, frozen=True, gc=False):
    """To risk: stop (or clear) new orders in a scope; outranks every queue, and is recorded, with
    `cancel` that what is open there is to end, in a later run too."""

    halted: bool
    reason: str
    scope: KillScope = KillScope.DESK
    key: str = ""
    cancel: bool = False


class RecoverGraph(Event, frozen=True, gc=False):
    """Roof to registry to recovery at a start: a graph that was open (a `PastGraph`).

    It goes on once every venue was asked; None only has the venues asked.
    """

    past: object


class AdoptGraph(Event, frozen=True, gc=False):
    """Recovery to registry: the graph (a `GraphSeed`) may go on from here."""

    seed: object


class ListOrders(Event, frozen=True, gc=False):
    """Recovery to venue trade: which orders of ours does the venue remember?"""

    reply_to: int


class RecoveryCheck(Event, frozen=True, gc=False):
    """Recovery's own timer: which venues still owe their list?"""


class OrdersListed(Event, frozen=True, gc=False):
    """Venue trade to registry: every order of ours that the venue remembers, and their fills."""

    venue: str
    orders: tuple[ListedOrder, ...]


class ReserveOpen(Event, frozen=True, gc=False):
    """Node to risk: hold what a child may fill (after a restart), or filled after its end."""

    grant_id: int
    client_id: str
    environment: Environment
    router_id: int
    side: Side
    qty_1e8: int
    price_1e9: int


class GraphDurable(Event, frozen=True, gc=False):
    """Journal to registry: the graph's acceptance is on disk; its orders may leave."""

    graph_number: int


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


class Subscribe(Event, frozen=True, gc=False):
    """Roof to stream: give entries to this sink; `graph_id` None means all of the client's.

    `client_id` None is the operator's view of everything.
    """

    sink: StreamSink
    client_id: str | None
    graph_id: str | None


class Unsubscribe(Event, frozen=True, gc=False):
    """Roof to stream: stop giving to this sink."""

    sink: StreamSink


class GroupCommitted(Event, frozen=True, gc=False):
    """Sink to journal: everything up to this sequence is on disk."""

    last_seq: int


class CommitFailed(Event, frozen=True, gc=False):
    """Sink to journal: the group could not be written (disk full, most often)."""

    reason: str
