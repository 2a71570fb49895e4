"""A journal with real decisions: splits of random books, their orders, fills and node states."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

import msgspec

from engine.decisions.decision_record import DecisionRecorder
from engine.decisions.split import Splitter
from engine.model.graph import FixedAmount, Graph, GraphStatus, Node, NodeInstrument, Quantity
from engine.model.graph import NodeStatus as Status
from engine.model.instruments import Environment, Listing
from engine.model.orders import TimeInForce, client_order_id
from engine.model.records import (
    ChildIntent,
    ChildrenIntended,
    DecisionRecord,
    FillRecord,
    GraphAccepted,
    GraphChanged,
    JournalEntry,
    NodeChanged,
    RecordPayload,
)
from engine.model.units import Side
from engine.service.incident import Incident, export_graph
from engine.store.journal import SqliteStore
from engine.store.queries import Queries
from tests.support.journals import EntryMaker
from tests.support.markets import TICK, instrument, listing, market_of, plain_terms, random_books

__all__ = ["CLIENT", "GRAPH", "altered", "incident_of", "listings_of", "real_story", "store_of"]

CLIENT = "alice"
GRAPH = "graph-1"
NODE = "order"
SYMBOL = "BTC-USD"
ATTEMPTS = 3


def listings_of(venues: int = 4) -> list[Listing]:
    """Listings of one instrument with fees that differ."""
    of = instrument(SYMBOL)
    return [listing(v, of, fee_ppm=100 * (v + 1), tick_1e9=TICK) for v in range(venues)]


def real_story(seed: int = 1, venues: int = 4) -> list[JournalEntry]:
    """An engine's start, another client's order, and a graph whose decisions can be redone."""
    maker = EntryMaker()
    entries = [maker.started(1), *maker.order("bob"), maker.started(2)]
    random = Random(seed)
    splitter = Splitter(market_of(listings_of(venues), random_books(random, venues, 30)))
    recorder = DecisionRecorder(splitter)
    node = Node(
        node_id=NODE,
        instrument=NodeInstrument(symbol=SYMBOL),
        side="buy",
        quantity=Quantity(fixed=FixedAmount(qty_1e8=10**10)),
    )
    accepted = GraphAccepted(
        maker.graph_number + 1, Graph(nodes=(node,)), (64_000 * 10**9,), (1.0,)
    )
    entries.append(maker.entry(accepted, CLIENT, GRAPH))
    sums = [0, 0, 0, 0]
    for attempt in range(1, ATTEMPTS + 1):
        terms = plain_terms(splitter.market, 0, constants=[random.randrange(TICK)] * venues)
        plan = splitter.plan(0, 2 * 10**9 * attempt, None, terms)
        record = recorder.record(plan, terms, attempt, attempt)
        for payload in attempt_of(record, sums):
            entries.append(maker.entry(payload, CLIENT, GRAPH, NODE))
        entries.append(maker.halted("a halt of the desk"))
    entries.append(maker.entry(GraphChanged(GraphStatus.COMPLETED, ""), CLIENT, GRAPH))
    return entries


def attempt_of(record: DecisionRecord, sums: list[int]) -> list[RecordPayload]:
    """The decision, its children, a fill of each at its limit, and the node's state after it."""
    attempt = record.attempt
    children = tuple(
        ChildIntent(
            client_order_id(2, 2, 0, attempt, index),
            record.venues[venue],
            Side.BUY,
            qty,
            limit,
            TimeInForce.IOC,
        )
        for index, (venue, qty, limit) in enumerate(record.legs)
    )
    payloads: list[RecordPayload] = [record, ChildrenIntended(attempt, attempt, children)]
    for child in children:
        qty, price = child.qty_1e8, child.limit_price_1e9
        sums[:] = [sums[0] + qty, sums[1] + qty * price, sums[2] + 7, sums[3] + 1]
        of = f"graph:{GRAPH}:{NODE}:1", child.client_order_id, child.venue, SYMBOL, Side.BUY
        name = f"{child.venue}:{sums[3]}"
        fill = FillRecord(name, *of, qty, price, 1, 7, False, 7, "USD", 1.0, None, None)
        told = str(sums[1])
        state = NodeChanged(
            of[0], Status.EXECUTING, "", 10**11, sums[0], 0, 0, told, sums[2], sums[3], attempt, b""
        )
        payloads += [fill, state]
    return payloads


def store_of(entries: list[JournalEntry], path: str | Path = ":memory:") -> SqliteStore:
    """A store that holds these entries."""
    store = SqliteStore(path)
    store.commit(entries)
    return store


def incident_of(seed: int = 1) -> Incident:
    """The export of the story's graph."""
    store = store_of(real_story(seed))
    try:
        return export_graph(Queries(store), CLIENT, Environment.SANDBOX, GRAPH)
    finally:
        store.close()


def altered(
    incident: Incident, kind: type[RecordPayload], change: Callable[[RecordPayload], RecordPayload]
) -> tuple[Incident, int]:
    """The incident with its first entry of a kind changed, and that entry's number."""
    entries = list(incident.entries)
    index = next(i for i, entry in enumerate(entries) if type(entry.payload) is kind)
    entry = entries[index]
    entries[index] = msgspec.structs.replace(entry, payload=change(entry.payload))
    return Incident(incident.header, tuple(entries), incident.venues), entry.seq
