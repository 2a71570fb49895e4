"""The recovery actor: asks venues before open graphs go on, and books what comes for the gone."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping

import msgspec

from engine.decisions.fills import fill_record
from engine.decisions.orphans import StrayOrder, orphan_fill, orphan_order
from engine.decisions.recovery_plan import PastGraph, rebuilt
from engine.messages import (
    AdoptGraph,
    CancelChild,
    ChildReport,
    ExposureChanged,
    ListOrders,
    OrdersListed,
    Record,
    RecoverGraph,
    RecoveryCheck,
    ReserveOpen,
    StrayAgain,
)
from engine.model.instruments import Environment, Listing
from engine.model.listed import ListedOrder
from engine.model.orders import OrderReport, parse_client_order_id
from engine.model.records import FillRecord, ReportRecorded
from engine.runtime.actor import Actor, ActorRef, Lane, handles

__all__ = ["RecoveryActor"]

ASK_AGAIN_NS = 1_000_000_000
BOOKED_MAX = 10_000
WAITING_MAX = 10_000
# Grants of strays count down from here, far from those of an earlier run.
STRAY_GRANTS = -(2**61)
PORTION = 500
NEVER_NS = 2**63 - 1


class RecoveryActor(Actor[RecoverGraph | OrdersListed | RecoveryCheck | ChildReport | StrayAgain]):
    """Holds the graphs of an earlier run until every venue has listed what it remembers of us.

    An order of a graph that nobody knows (its acceptance was lost) is cancelled, and its fills
    are recorded as orphans; orders of this engine itself (`engine_number`) are of graphs that
    came meanwhile. `is_recorded` answers whether a fill id is in the record. Bounded by the
    graphs that were open and the orders that the venues list.
    """

    lane = Lane.EXECUTION
    mailbox_capacity = 1_024
    mailbox_hard_capacity = 262_144

    def __init__(
        self,
        registry: ActorRef,
        journal: ActorRef,
        trades: Mapping[str, ActorRef],
        listings: Mapping[tuple[str, str], Listing],
        environment: Environment,
        engine_number: int,
        is_recorded: Callable[[str], bool],
        risk: ActorRef | None = None,
    ) -> None:
        self.registry = registry
        self.journal = journal
        self.trades = trades
        self.listings = listings
        self.environment = environment
        self.engine_number = engine_number
        self.is_recorded = is_recorded
        self.risk = risk
        self.find_order: Callable[[str], StrayOrder | None] = _nobody
        self.strays = 0
        # Before this no stray is booked: what a venue lists may be the same fill.
        self.settled_ns = 0
        self.waiting = 0
        # Fills booked here, the last ones: the store knows them a moment later.
        self.booked: OrderedDict[str, None] = OrderedDict()
        # Newest first once they go on, so that the next one is the last.
        self.graphs: list[PastGraph] = []
        self.by_node: dict[tuple[int, int], list[ListedOrder]] = {}
        self.listed: dict[str, tuple[ListedOrder, ...]] = {}
        self.asking = False
        self.orphans = 0

    @handles(RecoverGraph)
    def on_graph(self, recover: RecoverGraph) -> None:
        self.settled_ns = NEVER_NS
        if recover.past is not None:
            assert isinstance(recover.past, PastGraph)
            self.graphs.append(recover.past)
        elif not self.asking:
            # The last word of the roof: nobody is asked before every graph is here.
            self.asking = True
            self.on_check(RecoveryCheck())

    @handles(RecoveryCheck)
    def on_check(self, check: RecoveryCheck) -> None:
        """Ask each venue that has not answered yet."""
        missing = [venue for venue in self.trades if venue not in self.listed]
        for venue in missing:
            self.trades[venue].tell(ListOrders(self.ctx.actor_id))
        if missing:
            self.ctx.after(ASK_AGAIN_NS, check)
        else:
            self.adopt_some()

    @handles(OrdersListed)
    def on_listed(self, listed: OrdersListed) -> None:
        if listed.venue in self.listed:
            return
        self.listed[listed.venue] = listed.orders
        if len(self.listed) == len(self.trades):
            self.go_on()

    def go_on(self) -> None:
        """Every venue has spoken: graphs go on with what is theirs, the rest is orphaned."""
        for venue in self.trades:
            for order in self.listed[venue]:
                parsed = parse_client_order_id(order.client_order_id)
                if parsed is not None and parsed[0] != self.engine_number:
                    self.by_node.setdefault((parsed[1], parsed[2]), []).append(order)
            self.listed[venue] = ()
        self.graphs.reverse()
        self.adopt_some()

    def adopt_some(self) -> None:
        """A portion of the graphs, so that no mailbox has to hold what all of them ask for."""
        for _ in range(min(PORTION, len(self.graphs))):
            past = self.graphs.pop()
            seed, number = past.seed, past.seed.graph_number
            restored = tuple(
                None
                if node is None
                else rebuilt(
                    node,
                    self.by_node.pop((number, index), ()),
                    {one.venue: one for one in seed.nodes[index].handle.listings},
                    self.ctx.now_ns,
                )
                for index, node in enumerate(past.nodes)
            )
            self.registry.tell(AdoptGraph(msgspec.structs.replace(seed, restored=restored)))
        if self.graphs:
            self.ctx.self_ref.tell(RecoveryCheck())
            return
        self.settled_ns = self.ctx.now_ns + ASK_AGAIN_NS
        unknown, self.by_node = self.by_node, {}
        for orders in unknown.values():
            for order in orders:
                self.orphan(order)

    def orphan(self, order: ListedOrder) -> None:
        """Nobody's order: end it if it lives, and keep its fills."""
        venue = order.reports[-1].venue if order.reports else ""
        listing = self.listings.get((venue, order.venue_symbol))
        if listing is None:
            return
        child = orphan_order(order, listing)
        if order.reports[-1].working:
            self.orphans += 1
            self.trades[venue].tell(CancelChild(child))
        found = self.find_order(order.client_order_id)
        for report in order.reports:
            if report.fill is None:
                continue
            if found is not None:
                self.book(found, report)
                continue
            record = orphan_fill(child, report)
            if not self.is_recorded(record.fill_id) and self.is_new(record.fill_id):
                self.keep(record)

    @handles(StrayAgain)
    def on_again(self, again: StrayAgain) -> None:
        self.waiting -= 1
        self.on_stray(ChildReport(again.report))

    @handles(ChildReport)
    def on_stray(self, message: ChildReport) -> None:
        """A report of an order whose node has gone: a fill that nobody has booked counts still.

        While graphs are on their way back it waits: their nodes may learn of it as their own.
        """
        report = message.report
        if report.fill is not None and self.ctx.now_ns < self.settled_ns:
            if self.waiting < WAITING_MAX:
                self.waiting += 1
                self.ctx.after(ASK_AGAIN_NS, StrayAgain(report))
                return
        elif report.fill is not None:
            found = self.find_order(report.client_order_id)
            if found is not None and found.ended:
                self.book(found, report)
                return
        self.strays += 1
        self.keep(ReportRecorded(report))

    def book(self, found: StrayOrder, report: OrderReport) -> None:
        """The fill, with the order that it belongs to, unless it is in the record."""
        assert report.fill is not None, "only a fill is booked"
        child, fill = found.child, report.fill
        booked = fill_record(found.node_order_id, child, fill, report, 0, 0)
        if booked.fill_id in found.recorded or not self.is_new(booked.fill_id):
            return
        self.strays += 1
        key = found.client_id, self.environment
        self.journal.tell(Record(*key, found.graph_id, found.node_id, booked))
        if self.risk is not None:
            grant_id = STRAY_GRANTS - self.strays
            account = *key, found.router_id
            held = fill.qty_1e8, fill.price_1e9
            self.risk.tell(ReserveOpen(grant_id, *account, child.side, *held))
            money = fill.price_1e9 * fill.qty_1e8 // 10**8
            self.risk.tell(ExposureChanged(grant_id, fill.qty_1e8, money, 0))

    def is_new(self, fill_id: str) -> bool:
        """Whether this actor has not booked it yet; remembered from now on."""
        if fill_id in self.booked:
            return False
        self.booked[fill_id] = None
        if len(self.booked) > BOOKED_MAX:
            self.booked.popitem(last=False)
        return True

    def keep(self, payload: FillRecord | ReportRecorded) -> None:
        self.journal.tell(Record("", self.environment, "", "", payload))


def _nobody(_: str) -> StrayOrder | None:
    """Without a store no order of the past is known."""
    return None
