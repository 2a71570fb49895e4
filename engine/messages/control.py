"""Messages that start and stop graphs, halt trading, and keep and publish the record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from engine.errors import Reason
from engine.model.graph import Graph, GraphStatus, NodeStatus
from engine.model.instruments import Environment
from engine.model.records import JournalEntry, RecordPayload
from engine.runtime.delivery import Command, Event

__all__ = [
    "AdmitGraph",
    "CancelGraph",
    "CancelNode",
    "CommitFailed",
    "FlushJournal",
    "GraphAdmitted",
    "GraphDenied",
    "GraphEnded",
    "GroupCommitted",
    "HaltTrading",
    "JournalRetry",
    "JournalWritable",
    "NodeEnded",
    "Record",
    "Recorded",
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
