"""Reads: pages that stay put while rows come, filters, graphs, decisions, history."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from engine.errors import JournalError
from engine.model.instruments import Environment
from engine.model.intake import fingerprint
from engine.model.orders import ChildState, OrderReport, ReportKind
from engine.model.records import (
    DecisionRecord,
    GraphAccepted,
    JournalEntry,
    PostRecord,
    ReportRecorded,
    TradingHalted,
)
from engine.model.risk import KillScope
from engine.store.journal import SqliteStore
from engine.store.queries import Page, Queries, choice_record, decision_record
from engine.store.rows import FillRow, NodeRow
from engine.store.writer import WriterThread
from tests.support.journals import SYMBOLS, EntryMaker, grouped, story

SANDBOX, LIVE = Environment.SANDBOX, Environment.LIVE


def filled(path: str | Path, entries: list[JournalEntry]) -> SqliteStore:
    store = SqliteStore(path)
    for group in grouped(entries, (9, 30)):
        store.commit(group)
    return store


@pytest.mark.parametrize("kind", ["orders", "fills"])
@pytest.mark.parametrize("client", ["alice", "bob", None, "nobody"])
@pytest.mark.parametrize("symbol", [None, "ETH-USD"])
def test_lists_are_all_rows_newest_first(
    tmp_path: Path, kind: str, client: str | None, symbol: str | None
) -> None:
    entries = story(40, seed=4)
    queries = Queries(filled(tmp_path / "a.db", entries))
    read = getattr(queries, kind)
    clients = [client] if client else ["alice", "bob"]
    whole = filled(":memory:", entries)
    table, key = ("nodes", "order_number") if kind == "orders" else ("fills", "seq")
    marks = ",".join("?" * len(clients))
    sql = (
        f"SELECT {key} FROM {table} JOIN accounts USING (account) "
        f"WHERE client_id IN ({marks}) AND environment = 'sandbox' "
    )
    values: list[object] = [*clients]
    if symbol is not None:
        sql += "AND symbol = ? "
        values.append(symbol)
    wanted = [row[0] for row in whole.connection.execute(sql + f"ORDER BY {key} DESC", values)]
    page = read(client, SANDBOX, symbol=symbol, limit=1_000)
    assert [getattr(row, key) for row in page.rows] == wanted
    assert (page.total, page.next_cursor) == (len(wanted), None)
    assert bool(wanted) is (client != "nobody")
    by_offset = [
        getattr(row, key)
        for offset in range(0, len(wanted), 7)
        for row in read(client, SANDBOX, symbol=symbol, limit=7, offset=offset).rows
    ]
    assert by_offset == wanted


@pytest.mark.parametrize("kind", ["orders", "fills"])
def test_cursors_stay_put_while_rows_come(tmp_path: Path, kind: str) -> None:
    maker = EntryMaker()
    store = SqliteStore(tmp_path / "a.db")
    queries = Queries(store)
    for _ in range(20):
        store.commit(maker.order(fills=2))
    read: Callable[..., Page[NodeRow] | Page[FillRow]] = getattr(queries, kind)
    wanted = read("alice", SANDBOX, limit=1_000).rows
    seen: list[NodeRow | FillRow] = []
    page = read("alice", SANDBOX, limit=6)
    while True:
        seen += page.rows
        store.commit(maker.order(fills=2))
        if page.next_cursor is None:
            break
        page = read("alice", SANDBOX, limit=6, cursor=page.next_cursor)
    assert tuple(seen) == wanted
    assert page.total > len(wanted)


def test_a_page_ends_exactly_at_the_last_row(tmp_path: Path) -> None:
    maker = EntryMaker()
    queries = Queries(filled(tmp_path / "a.db", maker.order() + maker.order()))
    page = queries.orders("alice", SANDBOX, limit=2)
    assert (len(page.rows), page.next_cursor) == (2, None)
    page = queries.orders("alice", SANDBOX, limit=1)
    assert page.next_cursor == page.rows[0].order_number == 2
    assert queries.orders("alice", SANDBOX, offset=5).rows == ()


def test_one_order_is_found_by_its_id(tmp_path: Path) -> None:
    maker = EntryMaker()
    entries = maker.order("alice", nodes=3, fills=2) + maker.order("bob", fills=1)
    queries = Queries(filled(tmp_path / "a.db", entries))
    name = "graph:graph-1:n1:1"
    page = queries.orders("alice", SANDBOX, node_order_id=name)
    assert [row.node_order_id for row in page.rows] == [name]
    assert page.total == 1
    fills = queries.fills("alice", SANDBOX, node_order_id=name)
    assert {row.node_order_id for row in fills.rows} == {name}
    assert fills.total == 2
    assert [row.node_id for row in queries.decisions("alice", SANDBOX, node_order_id=name)] == [
        "n1"
    ]
    for client, environment, other in (
        ("bob", SANDBOX, name),
        ("alice", LIVE, name),
        ("alice", SANDBOX, "graph:graph-1:n1:2"),
        ("alice", SANDBOX, "graph:graph-1:zz:1"),
        ("alice", SANDBOX, "nonsense"),
        ("alice", SANDBOX, ""),
    ):
        assert queries.orders(client, environment, node_order_id=other).rows == ()
        assert queries.fills(client, environment, node_order_id=other).total == 0
    assert queries.orders(None, SANDBOX, node_order_id=name).total == 1


def test_a_graph_is_read_whole(tmp_path: Path) -> None:
    maker = EntryMaker()
    entries = maker.order(nodes=2, fills=1, ended=False) + maker.order("bob")
    queries = Queries(filled(tmp_path / "a.db", entries))
    found = queries.graph("alice", SANDBOX, "graph-1")
    assert found is not None
    assert found.accepted == entries[0].payload
    assert [node.node_id for node in found.nodes] == ["n0", "n1"]
    assert [child.state for child in found.children] == [ChildState.WORKING] * 2
    assert queries.graph("bob", SANDBOX, "graph-1") is None
    assert queries.graph("alice", LIVE, "graph-1") is None


def test_open_graphs_are_those_without_an_end(tmp_path: Path) -> None:
    maker = EntryMaker()
    rng = random.Random(3)
    entries: list[JournalEntry] = []
    wanted = []
    for _ in range(30):
        ended = rng.random() < 0.7
        entries += maker.order(rng.choice(("alice", "bob")), ended=ended)
        if not ended:
            wanted.append(f"graph-{maker.graph_number}")
    queries = Queries(filled(tmp_path / "a.db", entries))
    found = list(queries.open_graphs())
    assert [graph.row.graph_id for graph in found] == wanted
    assert {graph.client_id for graph in found} == {"alice", "bob"}
    assert all(graph.row.graph_id == graph.accepted.graph.graph_id for graph in found)


def test_children_that_have_ended_need_no_recovery(tmp_path: Path) -> None:
    maker = EntryMaker()
    store = filled(tmp_path / "a.db", maker.order(nodes=2, fills=0, ended=False))
    queries = Queries(store)
    ended = [state for state in ChildState if state.terminal]
    assert ended == [state for state in ChildState if state >= 4], "the schema's index says 4"
    first, second = next(queries.open_graphs()).children
    report = OrderReport(ReportKind.CANCELLED, first.client_order_id, "alpha")
    store.commit([maker.entry(ReportRecorded(report))])
    assert [graph.children for graph in queries.open_graphs()] == [(second,)]


def test_decisions_keep_their_whole_record(tmp_path: Path) -> None:
    entries = story(20, seed=2)
    queries = Queries(filled(tmp_path / "a.db", entries))
    recorded = [
        entry.payload
        for entry in entries
        if isinstance(entry.payload, DecisionRecord)
        and (entry.client_id, entry.environment) == ("bob", LIVE)
    ]
    rows = queries.decisions("bob", LIVE, last_n=1_000)
    assert [decision_record(row) for row in rows] == recorded[::-1]
    assert [decision_record(row) for row in queries.decisions("bob", LIVE, last_n=2)] == (
        recorded[:-3:-1]
    )


def test_decisions_to_take_and_to_post_are_told_together_or_apart(tmp_path: Path) -> None:
    maker = EntryMaker()
    entries = [maker.started()]
    for client in ("alice", "bob", "alice"):
        entries += [*maker.order(client, nodes=2), *maker.posted(client)]
    queries = Queries(filled(tmp_path / "a.db", entries))
    kinds = DecisionRecord | PostRecord
    made = [one for one in entries if one.client_id == "alice" and isinstance(one.payload, kinds)]
    rows = queries.decisions("alice", SANDBOX, posts=True)
    assert [row.seq for row in rows] == [one.seq for one in made][::-1]
    assert [choice_record(row) for row in rows] == [one.payload for one in made][::-1]
    assert queries.decisions("alice", SANDBOX, posts=True, last_n=2) == rows[:2]
    takes = [row for row in rows if isinstance(choice_record(row), DecisionRecord)]
    assert 0 < len(takes) < len(rows)
    assert list(queries.decisions("alice", SANDBOX)) == takes
    posted = next(row for row in rows if row not in takes)
    name = f"graph:{posted.graph_id}:{posted.node_id}:1"
    assert queries.decisions("alice", SANDBOX, node_order_id=name) == ()
    assert queries.decisions("alice", SANDBOX, node_order_id=name, posts=True) == (posted,)
    assert queries.decisions("bob", SANDBOX, node_order_id=name, posts=True) == ()
    assert posted.order_number is not None
    assert queries.choice_count(posted.order_number) == 1
    (child,) = queries.children_of(posted.order_number)
    assert queries.decision_of(child) is None, "no choice to take made it"
    assert queries.decisions("alice", SANDBOX, decision_id=posted.seq, posts=True) == (posted,)
    assert queries.decisions("bob", SANDBOX, decision_id=posted.seq, posts=True) == ()


def test_the_choice_behind_a_child_is_that_of_its_own_attempt(tmp_path: Path) -> None:
    maker = EntryMaker()
    path = tmp_path / "a.db"
    entries = [maker.started(), *maker.order(), *maker.order()]
    queries = Queries(filled(path, entries))
    made = [one.payload for one in entries if isinstance(one.payload, DecisionRecord)]
    rows = [queries.children_of(number) for number in (1, 2)]
    found = [queries.decision_of(children[0]) for children in rows]
    assert found == made, "of two orders, and neither gets the other's"
    posted = msgspec.structs.replace(rows[0][0], attempt=2)
    assert queries.decision_of(posted) is None, "of another attempt, which was not routed"
    early = msgspec.structs.replace(rows[0][0], first_seq=1)
    assert queries.decision_of(early) is None


def test_the_history_of_a_graph_is_its_own_entries(tmp_path: Path) -> None:
    entries = story(20)
    # Two graphs at once: their entries alternate within one span.
    one, two = EntryMaker(len(entries), 500), EntryMaker(0, 600)
    mixed = [entry for pair in zip(one.order(), two.order(), strict=True) for entry in pair]
    for seq, entry in enumerate(mixed, len(entries) + 1):
        fields = (getattr(entry, name) for name in entry.__struct_fields__)
        values = list(fields)
        values[1] = seq
        entries.append(JournalEntry(*values))
    queries = Queries(filled(tmp_path / "a.db", entries))
    for graph_id in ("graph-1", "graph-501", "graph-601"):
        own = [entry for entry in entries if entry.graph_id == graph_id]
        key = own[0].client_id, own[0].environment
        assert list(queries.history(*key, graph_id)) == own
    assert list(queries.history("alice", SANDBOX, "unknown")) == []
    assert list(queries.entries(3, 8)) == entries[2:8]


def test_counts_are_kept_for_each_client(tmp_path: Path) -> None:
    entries = story(40)
    queries = Queries(filled(tmp_path / "a.db", entries))
    account = queries.account("alice", SANDBOX)
    assert account is not None
    assert account.order_count == queries.orders("alice", SANDBOX, symbol=None).total
    by_symbol = [queries.orders("alice", SANDBOX, symbol=name).total for name in SYMBOLS]
    assert account.order_count == sum(by_symbol) > 0
    assert queries.account("nobody", SANDBOX) is None


def test_the_engines_own_facts(tmp_path: Path) -> None:
    maker = EntryMaker()
    store = SqliteStore(tmp_path / "a.db")
    queries = Queries(store)
    assert queries.last_numbers() == (0, 0)
    assert queries.halted(SANDBOX) is None
    store.commit([maker.started(4), *maker.order(), *maker.order(), maker.halted("by hand")])
    assert queries.last_numbers() == (4, 2)
    assert queries.halted(SANDBOX) == "by hand"
    assert queries.halted(LIVE) is None
    store.commit([maker.halted("")])
    assert queries.halted(SANDBOX) is None


def test_kill_switches_that_are_on_and_which_of_them_cancel(tmp_path: Path) -> None:
    maker = EntryMaker()
    store = SqliteStore(tmp_path / "a.db")
    queries = Queries(store)
    assert queries.engaged(SANDBOX) == queries.halts(SANDBOX) == []
    switches = [
        (KillScope.DESK, "", "all", True),
        (KillScope.CLIENT, "alice", "hers", False),
        (KillScope.VENUE, "north", "gone", True),
    ]
    store.commit(
        [maker.entry(TradingHalted(True, why, *name, cancel)) for *name, why, cancel in switches]
    )
    store.commit([maker.entry(TradingHalted(False, "", KillScope.VENUE, "north"))])
    assert sorted(queries.engaged(SANDBOX)) == sorted(switches[:2])
    assert sorted(queries.halts(SANDBOX)) == sorted(one[:3] for one in switches[:2])
    assert queries.engaged(LIVE) == []


def test_a_graph_id_is_known_whoever_used_it(tmp_path: Path) -> None:
    maker = EntryMaker()
    queries = Queries(filled(tmp_path / "a.db", [*maker.order("alice"), *maker.order("bob")]))
    assert queries.has_graph(SANDBOX, "graph-1") and queries.has_graph(SANDBOX, "graph-2")
    assert not queries.has_graph(SANDBOX, "graph-3")
    assert not queries.has_graph(LIVE, "graph-1")


def test_a_fingerprint_is_the_registrys(tmp_path: Path) -> None:
    entries = EntryMaker().order(nodes=2)
    queries = Queries(filled(tmp_path / "a.db", entries))
    accepted = entries[0].payload
    assert isinstance(accepted, GraphAccepted)
    assert queries.fingerprint(("alice", SANDBOX, "graph-1")) == fingerprint(accepted.graph)
    assert queries.fingerprint(("bob", SANDBOX, "graph-1")) is None


def test_a_closed_journal_is_read_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    entries = story(10)
    filled(path, entries).close()
    queries = Queries(path)
    assert list(queries.entries()) == entries
    queries.close()
    with pytest.raises(JournalError, match="could not be read"):
        queries.orders("alice", SANDBOX)


def test_a_store_in_memory_is_read_on_its_own_connection() -> None:
    store = filled(":memory:", story(10))
    queries = Queries(store)
    assert queries.orders(None, SANDBOX).total
    queries.close()
    assert list(store.entries())


def test_reads_of_a_store_in_memory_never_see_half_a_commit() -> None:
    entries = story(400, seed=8)
    store = SqliteStore(":memory:")
    queries = Queries(store)
    ended = threading.Event()
    writer = WriterThread(store, lambda _: None, lambda _: ended.set(), merge_max=50)
    groups = grouped(entries, (50,))
    for group in groups:
        assert writer.submit(group)
    seen = 0
    while seen < len(entries) and not ended.is_set():
        blocks = queries.entries(max(seen, 1))
        seen = max((entry.seq for entry in blocks), default=0)
        assert seen in (len(entries), *range(0, len(entries), 50))
        for client in ("alice", "bob"):
            assert queries.orders(client, SANDBOX, limit=5).total >= 0
    writer.stop()
    assert not ended.is_set()
    assert list(store.entries()) == entries
