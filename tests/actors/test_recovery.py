"""The recovery actor: every venue is asked first, graphs go on once, and nobody's orders end."""

from __future__ import annotations

import msgspec

from actors.recovery import ASK_AGAIN_NS, PORTION, RecoveryActor
from engine.decisions.admission import InstrumentHandle, ResolvedNode
from engine.decisions.node_memory import NodeMemory
from engine.decisions.orphans import StrayOrder
from engine.decisions.recovery_plan import GraphSeed, PastGraph, PastNode
from engine.messages import (
    AdoptGraph,
    CancelChild,
    ChildReport,
    ExposureChanged,
    ListOrders,
    OrdersListed,
    Record,
    RecoverGraph,
    ReserveOpen,
)
from engine.model.graph import NodeStatus
from engine.model.instruments import Environment
from engine.model.listed import ListedOrder
from engine.model.orders import ChildOrder, OrderReport, ReportKind, TimeInForce, VenueFill
from engine.model.records import FillRecord, ReportRecorded
from engine.model.units import Side
from tests.support.builders import graph, market, node
from tests.support.node_stage import PRICE, QTY
from tests.support.probe import Stage

SANDBOX = Environment.SANDBOX
BLOCK = market({name: ([(PRICE - 10**10, QTY)], [(PRICE, QTY)]) for name in ("alpha", "beta")})
HANDLE = InstrumentHandle("BTC-USD", BLOCK.listings, BLOCK, 1)
THIS_ENGINE = 5


def past(number: int) -> PastGraph:
    """An open graph of one started node."""
    made = node(QTY)
    seed = GraphSeed(
        "alice",
        SANDBOX,
        f"g{number}",
        number,
        graph(made),
        (ResolvedNode(made, HANDLE, Side.BUY, QTY),),
        recovered=True,
    )
    memory = NodeMemory(version=1, accepted=True, started_ns=7)
    one = PastNode(0, NodeStatus.EXECUTING, memory, QTY, 1, (), (), {}, None, 7)
    return PastGraph(seed, (one,))


def listed(
    name: str, venue: str = "alpha", *, fills: tuple[str, ...] = (), working: bool = True
) -> ListedOrder:
    reports = [
        OrderReport(ReportKind.FILL, name, venue, fill=VenueFill(trade, PRICE, 1_000))
        for trade in fills
    ]
    reports.append(OrderReport(ReportKind.STATUS, name, venue, working=working))
    tif = TimeInForce.GTC
    return ListedOrder(name, "v", "BTCUSD", Side.BUY, QTY, PRICE, tif, tuple(reports))


class RecoveryStage(Stage):
    """Two venues; the test is venues, registry and journal."""

    def __init__(self, *recorded: str) -> None:
        super().__init__()
        self.registry, self.journal = self.probe("registry"), self.probe("journal")
        self.risk = self.probe("risk")
        self.trades = {name: self.probe(name) for name in ("alpha", "beta")}
        listings = {(one.venue, one.venue_symbol): one for one in BLOCK.listings}
        self.ref, self.actor = self.spawn(
            lambda: RecoveryActor(
                self.registry,
                self.journal,
                self.trades,
                listings,
                SANDBOX,
                THIS_ENGINE,
                set(recorded).__contains__,
                self.risk,
            )
        )

    def asked(self) -> list[str]:
        return [name for name, ref in self.trades.items() if self.take(ref, ListOrders)]

    def answer(self, venue: str, *orders: ListedOrder) -> None:
        self.tell(self.ref, OrdersListed(venue, orders))

    def adopted(self) -> list[GraphSeed]:
        seeds = [one.seed for one in self.take(self.registry, AdoptGraph)]
        assert all(isinstance(seed, GraphSeed) for seed in seeds)
        return seeds  # type: ignore[return-value]  # just checked

    def cancelled(self) -> list[str]:
        return [
            one.child.client_order_id
            for ref in self.trades.values()
            for one in self.take(ref, CancelChild)
        ]

    def kept(self) -> list[str]:
        records = [one.payload for one in self.take(self.journal, Record)]
        return [one.fill_id for one in records if isinstance(one, FillRecord)]


def test_nobody_is_asked_before_the_last_graph_and_nothing_goes_on_before_every_answer() -> None:
    stage = RecoveryStage()
    stage.tell(stage.ref, RecoverGraph(past(1)))
    assert stage.asked() == []
    stage.tell(stage.ref, RecoverGraph(past(2)), RecoverGraph(None))
    assert stage.asked() == ["alpha", "beta"]
    stage.answer("alpha")
    assert stage.adopted() == []
    stage.answer("beta")
    assert [seed.graph_number for seed in stage.adopted()] == [1, 2]


def test_a_venue_that_is_silent_is_asked_again_and_alone() -> None:
    stage = RecoveryStage()
    stage.tell(stage.ref, RecoverGraph(None))
    assert stage.asked() == ["alpha", "beta"]
    stage.answer("beta")
    stage.run(ASK_AGAIN_NS)
    assert stage.asked() == ["alpha"]
    stage.answer("alpha")
    stage.run(3 * ASK_AGAIN_NS)
    assert stage.asked() == []


def test_orders_go_to_their_node_and_a_second_list_changes_nothing() -> None:
    stage = RecoveryStage()
    stage.tell(stage.ref, RecoverGraph(past(7)), RecoverGraph(None))
    stage.answer("alpha", listed("xg4-7-0-3-0", fills=("t1",)))
    stage.answer("alpha", listed("xg4-7-0-4-0"))
    stage.answer("beta")
    (seed,) = stage.adopted()
    (restored,) = seed.restored
    assert restored is not None and restored.ledger is not None
    assert list(restored.ledger.children) == ["xg4-7-0-3-0"]
    assert (restored.attempt, len(restored.reports)) == (3, 2)
    assert stage.cancelled() == [] and stage.kept() == []
    stage.answer("beta")
    assert stage.adopted() == []


def test_an_order_of_a_graph_that_nobody_knows_is_cancelled_and_its_fills_are_kept() -> None:
    stage = RecoveryStage("alpha:BTCUSD:t1")
    stage.tell(stage.ref, RecoverGraph(None))
    stage.answer("alpha", listed("xg4-99-0-1-0", fills=("t1", "t2")))
    stage.answer("beta", listed("xg4-98-0-1-0", "beta", fills=("t1",), working=False))
    assert stage.cancelled() == ["xg4-99-0-1-0"], "what rests no more is not cancelled"
    assert stage.kept() == ["alpha:BTCUSD:t2", "beta:BTCUSD:t1"], "what is recorded is not again"
    assert stage.actor.orphans == 1


def test_foreign_orders_and_those_of_this_run_are_left_alone() -> None:
    stage = RecoveryStage()
    stage.tell(stage.ref, RecoverGraph(None))
    stage.answer("alpha", listed("somebody-else"), listed(f"xg{THIS_ENGINE}-9-0-1-0", fills=("t",)))
    stage.answer("beta")
    assert stage.cancelled() == [] and stage.kept() == []


def test_an_orphan_on_a_symbol_that_is_not_configured_is_left_where_it_is() -> None:
    stage = RecoveryStage()
    stage.tell(stage.ref, RecoverGraph(None))
    other = msgspec.structs.replace(listed("xg4-99-0-1-0"), venue_symbol="GONE")
    stage.answer("alpha", other)
    stage.answer("beta")
    assert stage.cancelled() == []


def test_graphs_go_on_in_portions_and_in_their_order() -> None:
    stage = RecoveryStage()
    many = 2 * PORTION + 1
    for number in range(many):
        stage.actor.on_graph(RecoverGraph(past(number)))
    for venue in stage.trades:
        stage.actor.on_listed(OrdersListed(venue, ()))
    assert stage.registry.depth == PORTION
    stage.run()
    adopted = stage.take(stage.registry, AdoptGraph)
    numbers = [one.seed.graph_number for one in adopted if isinstance(one.seed, GraphSeed)]
    assert numbers == list(range(many))


def stray(name: str, trade: str) -> ChildReport:
    fill = VenueFill(trade, PRICE, 1_000)
    return ChildReport(OrderReport(ReportKind.FILL, name, "alpha", fill=fill))


def test_a_late_fill_of_a_node_that_has_gone_is_booked_once_and_moves_the_position() -> None:
    stage = RecoveryStage()
    listing = BLOCK.listings[0]
    order = ChildOrder("xg1-3-0-1-0", 0, 0, 0, listing, Side.BUY, QTY, PRICE, TimeInForce.GTC)
    before = frozenset({"alpha:BTCUSD:old"})
    known = StrayOrder("alice", "g3", "order", "graph:g3:order:1", 7, order, before)
    stage.actor.find_order = {"xg1-3-0-1-0": known}.get
    stage.tell(stage.ref, *[stray("xg1-3-0-1-0", trade) for trade in ("old", "late", "late")])
    (record,) = stage.take(stage.journal, Record)
    assert (record.client_id, record.graph_id, record.node_id) == ("alice", "g3", "order")
    assert isinstance(record.payload, FillRecord)
    assert (record.payload.fill_id, record.payload.qty_1e8) == ("alpha:BTCUSD:late", 1_000)
    (held,) = stage.take(stage.risk, ReserveOpen)
    (filled,) = stage.take(stage.risk, ExposureChanged)
    assert (held.router_id, held.side, held.qty_1e8) == (7, Side.BUY, 1_000)
    assert (filled.grant_id, filled.filled_qty_1e8) == (held.grant_id, 1_000)


def test_reports_of_nobody_are_recorded_as_they_are() -> None:
    stage = RecoveryStage()
    report = stray("xg1-9-0-1-0", "t")
    stage.tell(stage.ref, report)
    (record,) = stage.take(stage.journal, Record)
    assert record.payload == ReportRecorded(report.report)
    assert stage.actor.strays == 1


def test_a_stray_of_a_graph_on_its_way_back_waits_for_what_its_node_books() -> None:
    stage = RecoveryStage()
    listing = BLOCK.listings[0]
    order = ChildOrder("xg1-3-0-1-0", 0, 0, 0, listing, Side.BUY, QTY, PRICE, TimeInForce.GTC)
    known = StrayOrder("alice", "g3", "order", "graph:g3:order:1", 7, order)
    stage.actor.find_order = lambda name: known
    stage.tell(stage.ref, RecoverGraph(past(1)), RecoverGraph(None))
    stage.tell(stage.ref, stray("xg1-3-0-1-0", "booked"), stray("xg1-3-0-1-0", "nobody"))
    stage.answer("alpha")
    stage.answer("beta")
    stage.adopted()
    assert stage.kept() == []
    # The node has come back and has booked one of them as its own.
    known = msgspec.structs.replace(known, recorded=frozenset({"alpha:BTCUSD:booked"}))
    stage.run(2 * ASK_AGAIN_NS)
    assert stage.kept() == ["alpha:BTCUSD:nobody"]


def test_a_stray_of_an_order_still_worked_is_left_to_its_node() -> None:
    stage = RecoveryStage()
    listing = BLOCK.listings[0]
    order = ChildOrder("xg1-3-0-1-0", 0, 0, 0, listing, Side.BUY, QTY, PRICE, TimeInForce.GTC)
    known = StrayOrder("alice", "g3", "order", "graph:g3:order:1", 7, order, ended=False)
    stage.actor.find_order = {"xg1-3-0-1-0": known}.get
    stage.tell(stage.ref, stray("xg1-3-0-1-0", "theirs"))
    (record,) = stage.take(stage.journal, Record)
    assert isinstance(record.payload, ReportRecorded)


def test_a_listed_fill_of_an_ended_order_is_booked_once_however_it_comes() -> None:
    stage = RecoveryStage()
    trade = listed("xg1-3-0-1-0", fills=("late",), working=False)
    block = BLOCK.listings[0]
    order = ChildOrder("xg1-3-0-1-0", 0, 0, 0, block, Side.BUY, QTY, PRICE, TimeInForce.GTC)
    known = StrayOrder("alice", "g3", "order", "graph:g3:order:1", 7, order)
    stage.actor.find_order = {"xg1-3-0-1-0": known}.get
    stage.tell(stage.ref, RecoverGraph(None), stray("xg1-3-0-1-0", "late"))
    stage.answer("alpha", trade)
    stage.answer("beta")
    stage.run(2 * ASK_AGAIN_NS)
    assert stage.kept() == ["alpha:BTCUSD:late"]
