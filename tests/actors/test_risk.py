"""The risk actor: checks, holds, forwards, releases."""

from __future__ import annotations

from actors.risk import RiskActor
from engine.decisions.risk import RiskLedger, TradingSwitch
from engine.errors import Reason
from engine.messages import (
    AdmitGraph,
    ApprovedRoute,
    ExposureChanged,
    GraphAdmitted,
    GraphDenied,
    HaltTrading,
    JournalWritable,
    Record,
    RouteDenied,
    RouteRequest,
)
from engine.model.instruments import Environment
from engine.model.records import TradingHalted
from engine.model.risk import AccountLimits, KillScope, Limits
from tests.support.builders import graph, intent, market
from tests.support.probe import Stage

PRICE = 64_000 * 10**9
QTY = 10**8


class RiskStage(Stage):
    def __init__(self, **limits: int) -> None:
        super().__init__()
        self.router, self.node = self.probe("router"), self.probe("node")
        self.journal, self.registry = self.probe("journal"), self.probe("registry")
        books = {"alpha": ([(PRICE - 10**10, QTY)], [(PRICE, QTY)])}
        block = market(books, now_ns=self.driver.now_ns)
        account = AccountLimits(**limits)
        self.switch = TradingSwitch()
        router_id = self.router.actor_id
        self.ledger = RiskLedger({router_id: block}, account, Limits(), self.switch)
        self.ref, self.actor = self.spawn(
            lambda: RiskActor(
                self.ledger, account, {router_id: self.router}, self.journal, Environment.SANDBOX
            )
        )

    def request(self, qty: int = QTY) -> RouteRequest:
        return RouteRequest(
            intent(owner_id=self.node.actor_id, router_id=self.router.actor_id, qty_1e8=qty)
        )

    def admit(self, notional: int) -> AdmitGraph:
        return AdmitGraph(self.registry.actor_id, 1, "alice", graph(), notional)


def test_an_allowed_route_goes_to_its_router_and_holds_money() -> None:
    stage = RiskStage()
    stage.tell(stage.ref, stage.request())
    (route,) = stage.take(stage.router, ApprovedRoute)
    assert (route.grant.qty_1e8, route.grant.notional_1e9) == (QTY, PRICE)
    assert stage.ledger.reserved_1e9("alice", Environment.SANDBOX) == PRICE
    stage.tell(stage.ref, ExposureChanged(route.grant.grant_id, QTY // 4, 1, QTY // 4))
    assert stage.ledger.reserved_1e9("alice", Environment.SANDBOX) == PRICE // 2
    stage.tell(stage.ref, ExposureChanged(route.grant.grant_id, 0, 0, QTY // 2))
    assert stage.ledger.open_grants == 0


def test_a_denied_route_goes_back_to_its_node() -> None:
    stage = RiskStage(order_notional_max_usd=1)
    stage.tell(stage.ref, stage.request())
    (denied,) = stage.take(stage.node, RouteDenied)
    assert (denied.attempt, denied.qty_1e8, denied.reason) == (1, QTY, Reason.NOTIONAL_LIMIT)
    assert stage.got(stage.router) == []


def test_a_full_router_gives_the_hold_back() -> None:
    stage = RiskStage()
    stage.router.capacity = 1
    stage.tell(stage.ref, stage.request(), stage.request())
    assert len(stage.take(stage.router, ApprovedRoute)) == 1
    assert [one.reason for one in stage.take(stage.node, RouteDenied)] == [Reason.ENGINE_BUSY]
    assert stage.ledger.open_grants == 1


def test_graphs_are_admitted_within_the_account() -> None:
    stage = RiskStage(graph_notional_max_usd=10)
    stage.tell(stage.ref, stage.admit(10 * 10**9), stage.admit(11 * 10**9))
    assert stage.got(stage.registry) == ["GraphAdmitted", "GraphDenied"]
    stage.take(stage.registry, GraphAdmitted)
    assert stage.take(stage.registry, GraphDenied)[0].reason is Reason.NOTIONAL_LIMIT


def test_a_halt_is_recorded_and_stops_graphs_and_routes() -> None:
    stage = RiskStage()
    stage.tell(stage.ref, HaltTrading(True, "fire"), stage.admit(1), stage.request())
    assert stage.take(stage.registry, GraphDenied)[0].reason is Reason.KILL_SWITCH
    assert stage.take(stage.node, RouteDenied)[0].reason is Reason.KILL_SWITCH
    (record,) = stage.take(stage.journal, Record)
    assert record.payload == TradingHalted(True, "fire")
    stage.tell(stage.ref, HaltTrading(False, ""), stage.admit(1))
    assert stage.got(stage.registry) == ["GraphAdmitted"]


def test_the_record_of_a_halt_says_whether_it_cancels_and_keeps_that_until_it_is_cleared() -> None:
    stage = RiskStage()
    halts = [("a", True), ("a", False), ("b", False)]
    for key, cancel in halts:
        stage.tell(stage.ref, HaltTrading(True, "x", KillScope.CLIENT, key, cancel))
    stage.tell(stage.ref, HaltTrading(False, "", KillScope.CLIENT, "a"))
    stage.tell(stage.ref, HaltTrading(True, "x", KillScope.CLIENT, "a"))
    records = [one.payload for one in stage.take(stage.journal, Record)]
    found = [(one.key, one.cancel_open) for one in records if isinstance(one, TradingHalted)]
    expected = [("a", True), ("a", True), ("b", False), ("a", False), ("a", False)]
    assert found == expected


def test_a_journal_that_cannot_be_written_stops_orders_until_it_can() -> None:
    stage = RiskStage()
    stage.tell(stage.ref, JournalWritable(False, "disk full"), stage.request())
    assert len(stage.take(stage.node, RouteDenied)) == 1
    stage.tell(stage.ref, JournalWritable(True, ""), stage.request())
    assert stage.got(stage.router) == ["ApprovedRoute"]
