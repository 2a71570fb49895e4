"""The half of a node that has orders out: attempts, children, reports, proof, retries.

A part of the node actor (`actors/node.py`), which decides what to do; here is how it is done, and
how every fact is told once to risk, router, venue and journal.
"""

from __future__ import annotations

from typing import Any

from actors.node_place import NodePlace
from engine.decisions.allowance import Allowance
from engine.decisions.classify import Failure, classify
from engine.decisions.fills import fill_marks, fill_record
from engine.decisions.node_ledger import Applied, Child, NodeLedger
from engine.decisions.node_plan import NodeIdentity, route_intent
from engine.decisions.policies.policy import Policy, Post, Route
from engine.errors import Reason
from engine.messages import (
    CancelChild,
    ChildrenPlanned,
    ExposureChanged,
    ForgetChild,
    QueryChild,
    Record,
    ReplyCheck,
    ReserveOpen,
    RouteDenied,
    RouteRequest,
    ShareChanged,
    TakeSettled,
)
from engine.model.graph import NodeStatus
from engine.model.orders import ChildOrder, ChildState, OrderReport, ReportKind, VenueFill
from engine.model.records import RecordPayload
from engine.runtime.actor import Actor, ActorRef, handles

__all__ = ["NodeOrders"]

ACCEPTED, FILL = ReportKind.ACCEPTED, ReportKind.FILL
LIVING, NO_REASON = (NodeStatus.PENDING, NodeStatus.EXECUTING), Reason.NONE
REPLY_CHECK_NS = 3_000_000_000
REPLY_CHECK_MAX_NS = 30_000_000_000
EARLY_REPORTS_MAX = 256


class NodeOrders(Actor[Any]):
    """What a node has out. `ledger` and `policy` are there from the node's activation on."""

    __slots__ = (
        "accepted",
        "allowance",
        "attempt",
        "attempt_reason",
        "baseline_x2",
        "deciding",
        "dirty",
        "early",
        "frozen",
        "graph",
        "identity",
        "last_wish",
        "ledger",
        "peers",
        "place",
        "policy",
        "refusal",
        "refusing",
        "reply_delay_ns",
        "reply_timer",
        "retries",
        "retry_timer",
        "status",
        "stop_text",
        "stopping",
        "unsent_1e8",
        "worst_price_1e9",
    )

    def __init__(
        self,
        identity: NodeIdentity,
        place: NodePlace,
        graph: ActorRef,
        peers: list[ActorRef],
        allowance: Allowance | None,
    ) -> None:
        self.identity = identity
        self.place = place
        self.graph = graph
        self.peers = peers
        self.allowance = allowance
        self.ledger: NodeLedger | None = None
        self.policy: Policy | None = None
        self.status: NodeStatus = LIVING[0]
        self.accepted = False
        self.baseline_x2: int | None = None
        self.worst_price_1e9: int | None = None
        self.attempt = 0
        self.attempt_reason: Reason = NO_REASON
        self.last_wish: Route | Post | None = None
        self.unsent_1e8 = 0
        self.stopping: Reason | None = None
        self.stop_text = ""
        self.refusal = ""
        self.refusing: tuple[str, ...] = ()
        self.reply_delay_ns = REPLY_CHECK_NS
        self.reply_timer = 0
        self.retries = 0
        self.retry_timer = 0
        self.early: list[OrderReport] | None = None
        self.frozen = False
        self.deciding = False
        self.dirty = False

    def decide(self) -> None:
        """After any fact: complete, ended, or is the policy to go on? The node knows."""
        raise NotImplementedError

    def turned_down(self, venue: str, reason: Reason) -> None:
        """Risk ("") or a venue said no, and would again: is there a way left?"""
        raise NotImplementedError

    def try_later(self) -> None:
        """The same wish again after a pause."""
        raise NotImplementedError

    def amended(self, applied: Applied, report: OrderReport) -> None:
        """A report proved what is in force of an amendment of this child."""
        raise NotImplementedError

    def pull_late(self) -> None:
        """What was planned may not be wanted any more."""
        raise NotImplementedError

    def on_stop(self) -> None:
        """Let go: a fill of a cancelled child that comes later than this is a stray."""
        for child in () if self.ledger is None else self.ledger.ended.values():
            trade = self.place.trades[child.order.listing.venue]
            if not trade.stopped:
                trade.tell(ForgetChild(child.order.client_order_id))

    # -- answers to an attempt

    @handles(RouteDenied)
    def on_denied(self, denied: RouteDenied) -> None:
        assert denied.attempt == self.attempt, "one attempt is out at a time"
        ledger = self.working()
        ledger.routing_qty_1e8 = 0
        self.early = None
        self.attempt_reason = denied.reason
        self.refusal = denied.text
        self.dirty = True
        self.turned_down("", denied.reason)
        self.shared()
        self.decide()

    @handles(ChildrenPlanned)
    def on_planned(self, planned: ChildrenPlanned) -> None:
        ledger = self.working()
        ledger.routing_qty_1e8 = 0
        self.attempt_reason = planned.reason
        if planned.unplaced_qty_1e8:
            self.place.risk.tell(ExposureChanged(planned.grant_id, 0, 0, planned.unplaced_qty_1e8))
        now_ns = self.ctx.now_ns
        for order in planned.children:
            ledger.add(order, now_ns, planned.mid_1e9, planned.touch_1e9)
        early, self.early = self.early, None
        if planned.children:
            self.accepted = True
            self.dirty = True
            self.expect_replies(anew=True)
            for report in early or ():
                self.book(report)
            self.pull_late()
        self.shared()
        self.decide()

    @handles(ReplyCheck)
    def on_reply_check(self, check: ReplyCheck) -> None:
        """Children that owe an answer are asked for, with a growing pause, until one comes."""
        self.reply_timer = 0
        waiting = False
        asked_before_ns = self.ctx.now_ns - REPLY_CHECK_NS // 2
        for child in self.working().children.values():
            if child.owes:
                waiting = True
                if child.asked_ns <= asked_before_ns:
                    self.ask(child)
        if waiting:
            self.reply_delay_ns = min(2 * self.reply_delay_ns, REPLY_CHECK_MAX_NS)
            self.expect_replies()

    # -- sending

    def send(self, wish: Route | Post) -> None:
        """Ask risk for leave to send; one attempt is out at a time."""
        ledger = self.working()
        assert ledger.routing_qty_1e8 == 0, "one attempt is out at a time"
        assert wish.qty_1e8 <= self.remaining_1e8(), "a policy asks for what is free"
        self.attempt += 1
        self.last_wish, self.unsent_1e8 = wish, 0
        ledger.routing_qty_1e8 = wish.qty_1e8
        self.shared()
        own_id, worst = self.ctx.actor_id, self.worst_price_1e9
        avoid = self.refusing
        intent = route_intent(self.identity, own_id, self.attempt, wish, worst, avoid)
        if not self.place.risk.tell(RouteRequest(intent)):
            text = "risk has no room; try again"
            denied = RouteDenied(self.attempt, wish.qty_1e8, Reason.ENGINE_BUSY, text)
            self.ctx.self_ref.tell(denied)

    def cancel_working(self, venue: str | None = None) -> None:
        """Pull what rests; a cancel that is lost on the way is repeated by the reply check."""
        if self.ledger is None:
            return
        for child in self.ledger.children.values():
            if venue is not None and child.order.listing.venue != venue:
                continue
            if child.resting and not child.cancelling and not child.state.terminal:
                child.cancelling = True
                child.state = ChildState.CANCEL_SENT
                self.place.trades[child.order.listing.venue].tell(CancelChild(child.order))
                self.expect_replies(anew=True)

    def ask(self, child: Child) -> None:
        """Have the venue prove the child's state, after a repeated cancel if it is to end."""
        child.asked_ns = self.ctx.now_ns
        if child.state is ChildState.SENT or child.state is ChildState.CANCEL_SENT:
            child.state = ChildState.UNKNOWN
            self.dirty = True
        trade = self.place.trades[child.order.listing.venue]
        if child.cancelling:
            trade.tell(CancelChild(child.order))
        trade.tell(QueryChild(child.amending or child.order))

    # -- facts

    def book(self, report: OrderReport) -> None:
        """Apply one venue report and pass on what it changed."""
        ledger = self.working()
        applied = ledger.apply(report)
        if applied is None:
            # Reports can overtake the plan of their children; they are held until it arrives.
            if ledger.routing_qty_1e8:
                self.early = self.early or []
                if len(self.early) < EARLY_REPORTS_MAX:
                    self.early.append(report)
            return
        child = applied.child
        if not applied.changed:
            if child.owes:
                self.expect_replies()
            return
        self.dirty = True
        if child.resting:
            self.place.tell_resting(child)
        if applied.before is not None:
            self.amended(applied, report)
        if applied.fill is not None:
            self.book_fill(child, applied.fill, report)
        if report.kind is ACCEPTED:
            self.retries = 0
            if self.refusing:
                self.refusing = tuple([one for one in self.refusing if one != report.venue])
        elif report.kind is not FILL:
            self.record(applied.record(report))
            if report.kind is ReportKind.REJECTED or report.kind is ReportKind.NOT_FOUND:
                self.unsent_1e8 += child.order.qty_1e8
                self.refused(report)
        if applied.ended:
            self.end_child(applied)
            return
        if applied.owed or child.state is ChildState.UNKNOWN:
            self.ask(child)
        if child.owes:
            self.expect_replies()

    def refused(self, report: OrderReport) -> None:
        """A child that is proven not to exist: is it worth the same try again?"""
        if report.kind is ReportKind.NOT_FOUND:
            transient, reason = True, Reason.UNKNOWN_OUTCOME
            self.refusal = "the venue never saw the order"
        else:
            found = classify(report.venue, report.code, report.text)
            transient, reason = found.failure is Failure.TRANSIENT, found.reason
            self.refusal = report.text or report.code
        self.attempt_reason = reason
        if transient:
            self.try_later()
        else:
            self.turned_down(report.venue, reason)

    def book_fill(self, child: Child, fill: VenueFill, report: OrderReport) -> None:
        """One new execution: recorded, and told to risk."""
        ledger, name = self.working(), self.identity.node_order_id
        marks = fill_marks(child, fill, report, self.place.market, self.ctx.now_ns)
        record = fill_record(name, child.order, fill, report, *marks)
        ledger.fees_1e9 += record.fee_1e9
        if ledger.filled_qty_1e8 > ledger.target_qty_1e8 and self.lowered:
            # What filled on its way while the target was lowered is the total now.
            ledger.target_qty_1e8 = ledger.filled_qty_1e8
        self.retries = 0
        self.record(record)
        if child.order.client_order_id in ledger.ended:
            self.hold_again(child.order, fill)
        money = fill.price_1e9 * fill.qty_1e8 // 10**8
        self.place.risk.tell(ExposureChanged(child.order.grant_id, fill.qty_1e8, money, 0))

    def hold_again(self, order: ChildOrder, fill: VenueFill) -> None:
        """The grant was given back with the child's end; risk is to count this fill all the same.

        Else a limit on the position would not see what a venue reports late.
        """
        owner = self.identity
        held = fill.qty_1e8, fill.price_1e9
        account = owner.client_id, owner.environment, owner.router_id
        self.place.risk.tell(ReserveOpen(order.grant_id, *account, order.side, *held))

    def end_child(self, applied: Applied) -> None:
        """Proof that nothing more comes: give back what is held at router, risk and trade."""
        child = applied.child
        order = child.order
        filled = child.filled_qty_1e8
        if not child.resting:
            self.place.router.tell(
                TakeSettled(
                    order.client_order_id,
                    order.listing.venue_index,
                    order.side,
                    order.qty_1e8,
                    filled,
                    child.exchange_ns,
                    child.answer_ns,
                    child.price_times_qty,
                )
            )
        rest = order.qty_1e8 - filled
        if rest > 0:
            self.place.risk.tell(ExposureChanged(order.grant_id, 0, 0, rest))
        if not self.working().drop_ended(order.client_order_id):
            self.place.trades[order.listing.venue].tell(ForgetChild(order.client_order_id))
        self.shared()

    # -- helpers

    def working(self) -> NodeLedger:
        assert self.ledger is not None, "only a started node has orders"
        return self.ledger

    def remaining_1e8(self) -> int:
        """Free to be sent: what the target leaves, and what the shared allowance does."""
        ledger = self.working()
        remaining, allowance = ledger.remaining_qty_1e8, self.allowance
        if allowance is not None and remaining:
            member = self.identity.node_index
            free = allowance.free_1e8(member, self.allowed_1e8()) - ledger.sent_qty_1e8
            remaining = min(remaining, max(0, free))
        return remaining

    @property
    def lowered(self) -> bool:
        """Whether the target may have been taken down while orders were out."""
        raise NotImplementedError

    def allowed_1e8(self) -> int:
        """What the whole allowance group may have out; the node knows its edges."""
        raise NotImplementedError

    def shared(self) -> None:
        """Tell the allowance group what is out; those who wait for room hear of less."""
        allowance = self.allowance
        if allowance is None or self.ledger is None:
            return
        member = self.identity.node_index
        before, now = allowance.exposed[member], self.ledger.sent_qty_1e8
        allowance.exposed[member] = now
        allowance.wanted[member] = 0 if self.status.terminal else self.ledger.target_qty_1e8
        if now < before or self.status.terminal:
            for other in allowance.members:
                peer = self.peers[other]
                # The place of a node that had ended before a restart is held by the graph.
                if other != member and peer is not self.graph and not peer.stopped:
                    peer.tell(ShareChanged())

    def expect_replies(self, *, anew: bool = False) -> None:
        """Set the reply check; `anew` starts over with the short pause."""
        if anew:
            self.reply_delay_ns = REPLY_CHECK_NS
            if self.reply_timer:
                self.ctx.cancel(self.reply_timer)
                self.reply_timer = 0
        if not self.reply_timer:
            self.reply_timer = self.ctx.after(self.reply_delay_ns, ReplyCheck())

    def record(self, payload: RecordPayload) -> None:
        """To the journal, under the node's key."""
        self.place.journal.tell(Record(*self.identity.journal_key, payload))
