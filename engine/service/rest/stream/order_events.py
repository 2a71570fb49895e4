"""Journal entries as stream events: the same entry makes the same events, live or replayed.

What a client is told is in the terms that it gave its order in, as in the rows of the REST doors:
an order on a NO side is shown as NO. An order's row is rebuilt from its graph's acceptance and the
whole state in each `NodeChanged`, not read from the store, which may be ahead of the entry.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import msgspec

from engine.decisions.classify import classify
from engine.decisions.node_memory import unpack_memory
from engine.model.graph import GraphStatus, NodeStatus
from engine.model.instruments import Environment
from engine.model.mirror import mirror_price
from engine.model.records import (
    DecisionRecord,
    FillRecord,
    GraphAccepted,
    GraphChanged,
    JournalEntry,
    NodeChanged,
)
from engine.model.traces import Memory, events_of
from engine.model.units import average_price_1e9, divide_half_even
from engine.service.markets.given_orders import GivenOrders
from engine.service.markets.given_views import (
    entry_as_given,
    fill_as_given,
    fill_row_as_given,
    order_as_given,
)
from engine.service.markets.graph_symbols import Given
from engine.service.order_views import FillView, OrderView
from engine.service.rest.stream.frames import encoded
from engine.service.rest.stream.payloads import Routing, Tca
from engine.service.rest.stream.topics import TopicKind
from engine.store.changes import new_nodes
from engine.store.queries import Queries, decision_record
from engine.store.rows import DecisionRow, FillRow, NodeRow, StoredGraph

__all__ = ["OrderEvent", "OrderEvents"]

GRAPHS_MAX: Final = 2_048
WARM_ENTRIES: Final = 4_096
PAGE: Final = 1_000
RUNNING: Final = (GraphStatus.PAUSED, GraphStatus.ACTIVE)

Kinds = frozenset[TopicKind]


class OrderEvent(msgspec.Struct, frozen=True, gc=False):
    """One event of an entry: which topic, of which graph ("" for none), and its encoded data."""

    kind: TopicKind
    graph_id: str
    data: bytes


class Known:
    """What is remembered of a graph: its nodes' last rows and what its traces said last."""

    __slots__ = ("accepted", "client_id", "paused", "places", "rows", "traces")

    def __init__(self, client_id: str, stored: StoredGraph) -> None:
        nodes = stored.accepted.graph.nodes
        self.client_id = client_id
        self.accepted = stored.accepted
        self.rows: dict[str, NodeRow] = new_nodes(stored.row, stored.accepted.graph)
        self.places = {node.node_id: place for place, node in enumerate(nodes)}
        self.paused = False
        self.traces = Memory()

    def apply(self, entry: JournalEntry) -> None:
        """Move on to the state after the entry, as the store's own reduction does."""
        payload = entry.payload
        if isinstance(payload, GraphChanged):
            self.paused = payload.status is GraphStatus.PAUSED
        row = self.rows.get(entry.node_id)
        if row is None:
            return
        row.updated_ns = entry.ts_ns
        row.last_seq = entry.seq
        if isinstance(payload, NodeChanged):
            row.node_order_id = payload.node_order_id
            row.status = payload.status
            row.failure_reason = payload.reason
            row.qty_1e8 = payload.target_qty_1e8
            row.filled_qty_1e8 = payload.filled_qty_1e8
            row.working_qty_1e8 = payload.working_qty_1e8
            row.unknown_qty_1e8 = payload.unknown_qty_1e8
            row.avg_fill_price_1e9 = average_price_1e9(
                int(payload.price_times_qty), payload.filled_qty_1e8
            )
            row.fees_1e9 = payload.fees_1e9
            row.fill_count = payload.fill_count
            row.policy_state = payload.policy_state

    def view(self, row: NodeRow) -> OrderView:
        """The row as the wire has it."""
        return OrderView.of(row, self.client_id, paused=self.paused)


class OrderEvents:
    """Makes events of entries that come in the order of their sequence.

    At most 2,048 running graphs are remembered. One that is not is read from the store; what its
    traces said before, and the rows of a graph that pauses, come from the last 4,096 entries.
    """

    def __init__(
        self,
        queries: Queries,
        environment: Environment,
        is_prediction: Callable[[str], bool] = lambda symbol: False,
        given: GivenOrders | None = None,
    ) -> None:
        self.queries = queries
        self.given = given
        self.environment = environment
        self.is_prediction = is_prediction
        self._known: dict[tuple[str, str], tuple[Kinds, Known]] = {}

    def of(self, entry: JournalEntry, kinds: Kinds) -> Iterator[OrderEvent]:
        """The events of one entry in topics of these kinds; no other client may get them."""
        graph_id = entry.graph_id
        if TopicKind.FILLS in kinds and isinstance(entry.payload, FillRecord):
            # Its account and order number are not shown.
            fill = FillView.of(FillRow.of(entry, entry.payload, 0, None))
            fill = fill_as_given(fill, self._given(entry, fill.node_id, fill.symbol))
            yield OrderEvent(TopicKind.FILLS, graph_id, encoded(fill))
        kinds -= {TopicKind.FILLS}
        if not kinds:
            return
        known = self._of_graph(entry, kinds) if graph_id else None
        if known is None:
            yield from _steps(entry, Memory(), kinds)
            return
        known.apply(entry)
        if TopicKind.ROUTING in kinds and isinstance(entry.payload, DecisionRecord):
            order = known.rows.get(entry.node_id)
            routing = self._routing(entry, "" if order is None else order.node_order_id)
            yield OrderEvent(TopicKind.ROUTING, graph_id, encoded(routing))
        if TopicKind.ORDERS in kinds:
            for row in _rows_told(entry, known):
                given = self._given(entry, row.node_id, row.symbol)
                view = order_as_given(known.view(row), given)
                yield OrderEvent(TopicKind.ORDERS, graph_id, encoded(view))
        yield from _steps(self._told(entry, known, kinds), known.traces, kinds)
        if TopicKind.TCA in kinds and isinstance(entry.payload, NodeChanged):
            ended = known.rows.get(entry.node_id)
            if ended is not None and ended.status.terminal:
                yield OrderEvent(TopicKind.TCA, graph_id, encoded(self._report(entry, known)))
        if isinstance(entry.payload, GraphChanged) and entry.payload.status not in RUNNING:
            # What still comes of it is rare, and read from the store again.
            self._known.pop((entry.client_id, graph_id), None)

    # -- what is known of a graph

    def _of_graph(self, entry: JournalEntry, kinds: Kinds) -> Known | None:
        key = (entry.client_id, entry.graph_id)
        found = self._known.get(key)
        if found is not None and found[0] == kinds:
            return found[1]
        stored = self.queries.graph(entry.client_id, self.environment, entry.graph_id)
        if stored is None:
            return None
        known = Known(entry.client_id, stored)
        first = max(stored.row.first_seq, entry.seq - WARM_ENTRIES)
        if first > stored.row.first_seq:
            _adopt(known, stored, first)
        if first < entry.seq:
            for earlier in self.queries.entries(first, entry.seq - 1):
                if (earlier.client_id, earlier.graph_id) == key:
                    known.apply(earlier)
                    for _ in events_of(earlier, known.traces, _classified):
                        pass
        self._known[key] = (kinds, known)
        while len(self._known) > GRAPHS_MAX:
            del self._known[next(iter(self._known))]
        return known

    # -- how orders were given

    def _given(self, entry: JournalEntry, node_id: str, symbol: str) -> Given | None:
        if self.given is None or not entry.graph_id:
            return None
        return self.given.of(entry.client_id, entry.graph_id, node_id, symbol)

    def _told(self, entry: JournalEntry, known: Known, kinds: Kinds) -> JournalEntry:
        """The entry as its traces tell it."""
        row = known.rows.get(entry.node_id) if TopicKind.TRACES in kinds else None
        if row is None:
            return entry
        return entry_as_given(entry, self._given(entry, row.node_id, row.symbol))

    def _routing(self, entry: JournalEntry, node_order_id: str) -> Routing:
        record = entry.payload
        assert isinstance(record, DecisionRecord), "only a decision routes"
        event = self.is_prediction(record.symbol)
        made = Routing.of(entry, node_order_id, is_prediction=event)
        return made.as_given(self._given(entry, entry.node_id, record.symbol))

    # -- the report of an ended order

    def _report(self, entry: JournalEntry, known: Known) -> Tca:
        row = known.rows[entry.node_id]
        given = self._given(entry, row.node_id, row.symbol)
        fills = [one for one in self.queries.fills_of(row.order_number) if one.seq <= entry.seq]
        decisions = [one for one in self._decisions(row, entry) if one.seq <= entry.seq]
        arrival = _arrival_mid_1e9(known, row)
        if given is not None and given.mirrored and arrival:
            arrival = mirror_price(arrival)
        return Tca.of(
            order_as_given(known.view(row), given),
            arrival,
            [fill_row_as_given(one, given) for one in fills],
            [self._routing(_as_entry(one, entry), row.node_order_id) for one in decisions],
            is_prediction=self.is_prediction(row.symbol),
        )

    def _decisions(self, row: NodeRow, entry: JournalEntry) -> Sequence[DecisionRow]:
        """The last thousand, oldest first."""
        name = row.node_order_id
        client, environment = entry.client_id, self.environment
        found = self.queries.decisions(client, environment, last_n=PAGE, node_order_id=name)
        return found[::-1]


def _arrival_mid_1e9(known: Known, row: NodeRow) -> int:
    """The mid when the order began to work, as the review of an order has it; 0 when unknown.

    The slices of a paced order take a mid each: for the whole of it, that at its acceptance.
    """
    place = known.places[row.node_id]
    memory = unpack_memory(row.policy_state)
    node = memory.amended or known.accepted.graph.nodes[place]
    if memory.baseline_x2 and node.execution.pacing is None:
        return divide_half_even(memory.baseline_x2, 2)
    doubled = known.accepted.arrival_mids_x2
    return divide_half_even(doubled[place], 2) if place < len(doubled) else 0


def _adopt(known: Known, stored: StoredGraph, before_seq: int) -> None:
    """Rows whose last change is older than what is read again."""
    for row in stored.nodes:
        if row.state_seq < before_seq:
            known.rows[row.node_id] = copy.copy(row)


def _rows_told(entry: JournalEntry, known: Known) -> list[NodeRow]:
    """The orders whose row an entry changes: one, or all of a graph that began or was paused."""
    payload = entry.payload
    if isinstance(payload, NodeChanged):
        row = known.rows.get(entry.node_id)
        return [] if row is None else [row]
    began = isinstance(payload, GraphAccepted)
    if not began and not (isinstance(payload, GraphChanged) and payload.status in RUNNING):
        return []
    nodes = known.accepted.graph.nodes
    spare = {nodes[place].node_id for place in known.accepted.spare}
    return [row for row in known.rows.values() if _is_told(row, spare)]


def _is_told(row: NodeRow, spare: set[str]) -> bool:
    """Not the ended ones, and not a leg that stands by for a flatten until it is needed."""
    if row.status is NodeStatus.PENDING:
        return row.node_id not in spare
    return not row.status.terminal


def _steps(entry: JournalEntry, memory: Memory, kinds: Kinds) -> Iterator[OrderEvent]:
    if TopicKind.TRACES in kinds:
        for step in events_of(entry, memory, _classified):
            yield OrderEvent(TopicKind.TRACES, entry.graph_id, encoded(step))


def _classified(venue: str, code: str, text: str) -> str:
    return classify(venue, code, text).failure.value


def _as_entry(row: DecisionRow, entry: JournalEntry) -> JournalEntry:
    """A stored decision as the entry that it was."""
    return msgspec.structs.replace(
        entry, seq=row.seq, ts_ns=row.ts_ns, payload=decision_record(row)
    )
