"""The reducer against its slow twin, in any grouping, with and without memory."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from engine.errors import JournalError
from engine.model.instruments import Environment
from engine.model.orders import ChildState, OrderReport, ReportKind
from engine.model.records import (
    ChildrenIntended,
    GraphAccepted,
    JournalEntry,
    NodeChanged,
    ReportRecorded,
)
from engine.model.units import average_price_1e9
from engine.store import projections
from engine.store.memory import MemoryStore
from tests.support import naive_projections as naive
from tests.support.journals import EntryMaker, grouped, story


def stored(entries: Sequence[JournalEntry], sizes: Sequence[int]) -> MemoryStore:
    store = MemoryStore()
    for group in grouped(entries, sizes):
        store.commit(group)
    return store


@pytest.mark.parametrize("sizes", [(1,), (2, 11), (10_000,)])
@pytest.mark.parametrize("seed", [1, 2])
def test_rows_are_those_of_the_slow_twin(sizes: Sequence[int], seed: int) -> None:
    entries = story(25, seed=seed, posted=4)
    tables = stored(entries, sizes).tables
    graphs = [
        (
            row.graph_number,
            row.graph_id,
            row.status,
            row.reason,
            row.node_count,
            row.created_ns,
            row.updated_ns,
            row.first_seq,
            row.last_seq,
        )
        for row in sorted(tables.graphs.values(), key=lambda row: row.graph_number)
    ]
    assert graphs == naive.graphs(entries)
    rows = list(tables.nodes.values())
    assert [
        (
            row.node_order_id,
            row.status,
            row.filled_qty_1e8,
            row.price_times_qty,
            row.fees_1e9,
            row.fill_count,
            row.last_seq,
        )
        for row in rows
    ] == naive.nodes(entries)
    for row in rows:
        average = average_price_1e9(int(row.price_times_qty), row.filled_qty_1e8)
        assert row.avg_fill_price_1e9 == average
    assert [
        (row.seq, row.fill_id, row.node_order_id, row.price_1e9, row.qty_1e8)
        for row in tables.fills
    ] == naive.fills(entries)
    assert [(row.seq, row.decision_id) for row in tables.decisions] == naive.decisions(entries)
    assert [(row.seq, row.decision_id) for row in tables.posts] == naive.posts(entries)
    assert {
        name: (row.filled_qty_1e8, row.state) for name, row in tables.children.items()
    } == naive.children(entries)


def test_memory_of_the_reducer_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = story(40, seed=3)
    with_memory = stored(entries, (5,)).tables.rows()
    for bound in ("ACCOUNTS_KEPT", "NODES_KEPT", "CHILDREN_KEPT"):
        monkeypatch.setattr(projections, bound, 0)
    forgetful = stored(entries, (5,))
    assert forgetful.tables.rows() == with_memory
    reducer = forgetful.reducer
    assert not (reducer.accounts or reducer.graphs or reducer.children or reducer.nodes_kept)


def test_what_has_ended_is_not_remembered() -> None:
    maker = EntryMaker()
    store = MemoryStore()
    for _ in range(50):
        for group in grouped(maker.order(nodes=3), (4,)):
            store.commit(group)
    assert not store.reducer.graphs
    assert not store.reducer.children
    assert store.reducer.nodes_kept == 0
    store.commit(maker.order(nodes=3, ended=False))
    assert store.reducer.nodes_kept == 3


def test_reducing_changes_nothing_until_adopted() -> None:
    entries = story(10)
    store = stored(entries[:40], (7,))
    before = store.tables.rows()
    part = entries[40:60]
    for _ in range(2):
        changes = store.reducer.begin()
        store.reducer.reduce(part, [b""] * len(part), changes)
        assert store.tables.rows() == before
    store.commit(part)
    assert store.tables.rows() == stored(entries[:60], (60,)).tables.rows()


def test_clients_and_environments_do_not_share_graph_ids() -> None:
    maker = EntryMaker()
    store = MemoryStore()
    for client, environment in (
        ("alice", Environment.SANDBOX),
        ("alice", Environment.LIVE),
        ("bob", Environment.SANDBOX),
    ):
        entries = maker.order(client, environment=environment)
        accepted = entries[0].payload
        assert isinstance(accepted, GraphAccepted)
        store.commit(
            [
                type(entry)(
                    entry.version,
                    entry.seq,
                    entry.ts_ns,
                    entry.client_id,
                    entry.environment,
                    "same",
                    entry.node_id,
                    0,
                    entry.payload,
                )
                for entry in entries
            ]
        )
    assert sorted(store.tables.graphs) == [(1, "same"), (2, "same"), (3, "same")]
    assert {row.order_count for row in store.tables.accounts.values()} == {1}


def test_a_graph_accepted_twice_is_refused() -> None:
    maker = EntryMaker()
    first = maker.order()
    again = maker.entry(first[0].payload, "alice", first[0].graph_id)
    with pytest.raises(JournalError, match="accepted twice"):
        MemoryStore().commit([*first, again])
    store = MemoryStore()
    store.commit(first)
    with pytest.raises(JournalError, match="key exists"):
        store.commit([again])
    assert store.last_seq == len(first)


def test_entries_of_unknown_graphs_are_kept_and_change_no_graph() -> None:
    maker = EntryMaker()
    payloads = [entry.payload for entry in maker.order(fills=1)][1:]
    strays = EntryMaker()
    store = MemoryStore()
    store.commit([strays.entry(payload, "", "unknown", "order") for payload in payloads])
    assert not store.tables.graphs
    assert not store.tables.children
    assert [fill.order_number for fill in store.tables.fills] == [None]
    assert [row.order_number for row in store.tables.decisions] == [None]


def test_a_child_follows_its_reports() -> None:
    maker = EntryMaker()
    store = MemoryStore()
    entries = maker.order(fills=0, ended=False)
    store.commit(entries)
    intended = next(e.payload for e in entries if isinstance(e.payload, ChildrenIntended))
    name = intended.children[0].client_order_id
    states = []
    for kind, working in (
        (ReportKind.UNKNOWN, False),
        (ReportKind.STATUS, True),
        (ReportKind.CANCELLED, False),
    ):
        report = OrderReport(kind, name, "alpha", "v-7", working=working)
        store.commit([maker.entry(ReportRecorded(report))])
        states.append(store.tables.children[name].state)
    assert states == [ChildState.UNKNOWN, ChildState.WORKING, ChildState.CANCELLED]
    row = store.tables.children[name]
    assert row.venue_order_id == "v-7"
    assert row.last_seq == maker.seq


def test_meta_keeps_the_last_start_and_halt() -> None:
    maker = EntryMaker()
    store = MemoryStore()
    store.commit([maker.started(1), maker.halted("a"), maker.started(2), maker.halted("")])
    found = {name: (row.number, row.text) for name, row in store.tables.meta.items()}
    assert found == {"engine": (2, "0.1.0"), "halted:sandbox": (0, "")}


def test_a_node_state_may_come_in_a_later_group_than_its_fill() -> None:
    maker = EntryMaker()
    entries = maker.order(fills=2)
    cut = next(i for i, e in enumerate(entries) if isinstance(e.payload, NodeChanged))
    store = MemoryStore()
    store.commit(entries[:cut])
    node = store.tables.nodes[1]
    assert (node.filled_qty_1e8, node.state_seq, node.last_seq) == (0, 0, cut)
    store.commit(entries[cut:])
    assert store.tables.nodes[1].filled_qty_1e8 == 10**8
