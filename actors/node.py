"""The node actor: works one order of a graph; the only one who decides what a report means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine.decisions.fills import fill_record
from engine.decisions.market import MarketBlock
from engine.decisions.node_ledger import Applied, Child, NodeLedger
from engine.decisions.node_plan import (
    NodeIdentity,
    ending,
    final_status,
    node_changed,
    node_worst_price,
    route_intent,
)
from engine.decisions.policies.policy import (
    Action,
    CancelWorking,
    Policy,
    PolicyView,
    Route,
    Stop,
    Wake,
    Watch,
)
from engine.errors import Reason
from engine.messages import (
    CancelChild,
    CancelNode,
    ChildrenPlanned,
    ChildReport,
    ExposureChanged,
    ForgetChild,
    LiquidityAppeared,
    NodeEnded,
    PolicyWake,
    QueryChild,
    Record,
    ReplyCheck,
    RouteDenied,
    RouteRequest,
    StartNode,
    TakeSettled,
    UnwatchLiquidity,
    WatchLiquidity,
)
from engine.model.graph import NodeStatus
from engine.model.orders import ChildState, OrderReport, ReportKind, VenueFill
from engine.model.records import RecordPayload, ReportRecorded
from engine.runtime.actor import Actor, ActorRef, Lane, handles

__all__ = ["NodeActor"]

REPLY_CHECK_NS = 3_000_000_000
REPLY_CHECK_MAX_NS = 30_000_000_000
EARLY_REPORTS_MAX = 256


class NodeActor(
    Actor[
        StartNode
        | CancelNode
        | PolicyWake
        | ReplyCheck
        | LiquidityAppeared
        | RouteDenied
        | ChildrenPlanned
        | ChildReport
    ]
):
    """Drives a policy, keeps the ledger of fills, and tells risk, router and graph each fact once.

    A node ends only when every child is proven ended; until then an order whose answer is
    missing stays open and is asked for again.
    """

    lane = Lane.EXECUTION
    mailbox_capacity = 512
    mailbox_hard_capacity = 131_072

    def __init__(
        self,
        identity: NodeIdentity,
        policy: Policy,
        market: MarketBlock,
        collar_bps: int | None,
        graph: ActorRef,
        risk: ActorRef,
        router: ActorRef,
        journal: ActorRef,
        trades: Mapping[str, ActorRef],
    ) -> None:
        self.identity = identity
        self.journal_key = identity.journal_key
        self.policy = policy
        self.market = market
        self.collar_bps = collar_bps
        self.graph = graph
        self.risk = risk
        self.router = router
        self.journal = journal
        self.trades = trades
        self.ledger = NodeLedger(identity.qty_1e8)
        self.status = NodeStatus.PENDING
        self.worst_price_1e9: int | None = None
        self.attempt = 0
        self.attempt_reason = Reason.NONE
        self.mid_1e9 = 0
        self.touch_1e9 = 0
        self.stopping: Reason | None = None
        self.stop_text = ""
        self.refusal = ""
        self.wake_token = 0
        self.reply_delay_ns = REPLY_CHECK_NS
        self.reply_timer = 0
        self.early: list[OrderReport] = []
        self.watching = False
        self.deciding = False
        self.dirty = False

    # -- orders to the node

    @handles(StartNode)
    def on_start_node(self, start: StartNode) -> None:
        self.worst_price_1e9 = node_worst_price(self.identity, self.market, self.collar_bps)
        self.status = NodeStatus.EXECUTING
        self.dirty = True
        self.act(self.policy.start(self.view()))

    @handles(CancelNode)
    def on_cancel(self, cancel: CancelNode) -> None:
        if not self.status.terminal:
            self.stop_text = cancel.reason
            self.stop(Reason.CANCELLED)

    @handles(PolicyWake)
    def on_wake(self, wake: PolicyWake) -> None:
        if wake.token == self.wake_token and self.stopping is None:
            self.act(self.policy.on_wake(self.view()))

    @handles(LiquidityAppeared)
    def on_liquidity(self, liquidity: LiquidityAppeared) -> None:
        self.watching = False
        if self.stopping is None and not self.status.terminal:
            self.act(self.policy.on_liquidity(self.view()))

    # -- answers to an attempt

    @handles(RouteDenied)
    def on_denied(self, denied: RouteDenied) -> None:
        assert denied.attempt == self.attempt, "one attempt is out at a time"
        self.ledger.routing_qty_1e8 = 0
        self.early.clear()
        self.attempt_reason = denied.reason
        self.refusal = denied.text
        self.dirty = True
        self.decide()

    @handles(ChildrenPlanned)
    def on_planned(self, planned: ChildrenPlanned) -> None:
        ledger = self.ledger
        ledger.routing_qty_1e8 = 0
        self.attempt_reason = planned.reason
        self.mid_1e9, self.touch_1e9 = planned.mid_1e9, planned.touch_1e9
        if planned.unplaced_qty_1e8:
            released = ExposureChanged(planned.grant_id, 0, 0, planned.unplaced_qty_1e8)
            self.risk.tell(released)
        now_ns = self.ctx.now_ns
        for order in planned.children:
            ledger.add(order, now_ns)
        early, self.early = self.early, []
        if planned.children:
            self.dirty = True
            self.expect_replies(anew=True)
            for report in early:
                self.book(report)
            if self.stopping is not None:
                # The stop came while this attempt was at risk or router.
                self.cancel_working()
        self.decide()

    @handles(ChildReport)
    def on_report(self, message: ChildReport) -> None:
        self.book(message.report)
        self.decide()

    @handles(ReplyCheck)
    def on_reply_check(self, check: ReplyCheck) -> None:
        """Children that owe an answer are asked for, with a growing pause, until one comes."""
        self.reply_timer = 0
        waiting = False
        asked_before_ns = self.ctx.now_ns - REPLY_CHECK_NS // 2
        for child in self.ledger.children.values():
            if child.owes:
                waiting = True
                if child.asked_ns <= asked_before_ns:
                    self.ask(child)
        if waiting:
            self.reply_delay_ns = min(2 * self.reply_delay_ns, REPLY_CHECK_MAX_NS)
            self.expect_replies()

    def on_batch_end(self) -> None:
        """Record the node's state once for everything that changed in this drain."""
        if self.dirty:
            self.dirty = False
            status, ledger = self.status, self.ledger
            reason = ""
            if status.terminal:
                reason = ending(status, self.stopping, self.stop_text or self.refusal)
            state = self.policy.state()
            self.record(node_changed(self.identity, ledger, status, reason, self.attempt, state))
            if status.terminal:
                # Recorded: the graph hears it and lets this actor go.
                index = self.identity.node_index
                self.graph.tell(NodeEnded(index, status, ledger.filled_qty_1e8, reason))

    # -- what the policy asks for

    def act(self, actions: Sequence[Action]) -> None:
        for action in actions:
            if isinstance(action, Route):
                self.route(action)
            elif isinstance(action, Wake):
                self.wake_token += 1
                delay_ns = max(0, action.at_ns - self.ctx.now_ns)
                self.ctx.after(delay_ns, PolicyWake(self.wake_token))
            elif isinstance(action, Watch):
                self.watching = True
                side, worst = self.identity.side, self.worst_price_1e9
                self.router.tell(WatchLiquidity(self.ctx.actor_id, side, worst))
            elif isinstance(action, CancelWorking):
                self.cancel_working()
            else:
                assert isinstance(action, Stop)
                self.stop(action.reason)

    def route(self, route: Route) -> None:
        """Ask risk for leave to send; one attempt is out at a time."""
        assert self.ledger.routing_qty_1e8 == 0, "one attempt is out at a time"
        self.attempt += 1
        self.ledger.routing_qty_1e8 = route.qty_1e8
        own_id, worst = self.ctx.actor_id, self.worst_price_1e9
        intent = route_intent(self.identity, own_id, self.attempt, route, worst)
        if not self.risk.tell(RouteRequest(intent)):
            text = "risk has no room; try again"
            denied = RouteDenied(self.attempt, route.qty_1e8, Reason.ENGINE_BUSY, text)
            self.ctx.self_ref.tell(denied)

    def cancel_working(self) -> None:
        """Pull what rests; a cancel that is lost on the way is repeated by the reply check."""
        for child in self.ledger.children.values():
            if child.resting and not child.cancelling and not child.state.terminal:
                child.cancelling = True
                child.state = ChildState.CANCEL_SENT
                self.trades[child.order.listing.venue].tell(CancelChild(child.order))
                self.expect_replies(anew=True)

    def ask(self, child: Child) -> None:
        """Have the venue prove the child's state, after a repeated cancel if it is to end."""
        child.asked_ns = self.ctx.now_ns
        if child.state is ChildState.SENT or child.state is ChildState.CANCEL_SENT:
            child.state = ChildState.UNKNOWN
            self.dirty = True
        trade = self.trades[child.order.listing.venue]
        if child.cancelling:
            trade.tell(CancelChild(child.order))
        trade.tell(QueryChild(child.order))

    def stop(self, reason: Reason) -> None:
        """No new attempt; pull what rests; end once every child is proven ended."""
        if self.stopping is None:
            self.stopping = reason
            self.wake_token += 1
            self.unwatch()
            self.cancel_working()
        if not self.deciding:
            self.decide()

    # -- facts

    def book(self, report: OrderReport) -> None:
        applied = self.ledger.apply(report)
        if applied is None:
            # Reports can overtake the plan of their children; they are held until it arrives.
            if self.ledger.routing_qty_1e8 and len(self.early) < EARLY_REPORTS_MAX:
                self.early.append(report)
            return
        child = applied.child
        if report.kind is ReportKind.REJECTED:
            self.attempt_reason = Reason.EXCHANGE_REJECT
            self.refusal = report.text or report.code
        if not applied.changed:
            if child.owes:
                self.expect_replies()
            return
        self.dirty = True
        if applied.fill is not None:
            self.book_fill(child, applied.fill, report)
        if report.kind is not ReportKind.ACCEPTED and report.kind is not ReportKind.FILL:
            self.record(ReportRecorded(report))
        if applied.ended:
            self.end_child(applied)
            return
        if applied.owed or child.state is ChildState.UNKNOWN:
            self.ask(child)
        if child.owes:
            self.expect_replies()

    def book_fill(self, child: Child, fill: VenueFill, report: OrderReport) -> None:
        record = fill_record(
            self.identity.node_order_id, child.order, fill, report, self.mid_1e9, self.touch_1e9
        )
        self.ledger.fees_1e9 += record.fee_1e9
        self.record(record)
        money = fill.price_1e9 * fill.qty_1e8 // 10**8
        order = child.order
        self.risk.tell(ExposureChanged(order.grant_id, fill.qty_1e8, money, 0))

    def end_child(self, applied: Applied) -> None:
        """Proof that nothing more comes: give back what is held at router, risk and trade."""
        child = applied.child
        order = child.order
        filled = child.filled_qty_1e8
        if not child.resting:
            self.router.tell(
                TakeSettled(
                    order.client_order_id,
                    order.listing.venue_index,
                    order.side,
                    order.qty_1e8,
                    filled,
                    child.exchange_ns,
                    child.answer_ns,
                )
            )
        rest = order.qty_1e8 - filled
        if rest > 0:
            self.risk.tell(ExposureChanged(order.grant_id, 0, 0, rest))
        self.trades[order.listing.venue].tell(ForgetChild(order.client_order_id))
        self.ledger.drop_ended(order.client_order_id)

    def decide(self) -> None:
        """After any fact: is the node complete, may it end, or is the policy to go on?"""
        ledger = self.ledger
        if self.status.terminal or self.deciding:
            return
        if ledger.filled_qty_1e8 >= ledger.target_qty_1e8 and not ledger.in_flight:
            self.stopping = self.stopping or Reason.NONE
        self.deciding = True
        if self.stopping is None and not ledger.in_flight and ledger.remaining_qty_1e8:
            if not self.watching:
                self.act(self.policy.on_attempt_done(self.view(), self.attempt_reason))
        self.deciding = False
        if self.stopping is not None and not ledger.children and not ledger.routing_qty_1e8:
            self.end()

    def end(self) -> None:
        self.unwatch()
        self.status = final_status(self.ledger, self.stopping)
        self.dirty = True

    # -- helpers

    def unwatch(self) -> None:
        if self.watching:
            self.watching = False
            self.router.tell(UnwatchLiquidity(self.ctx.actor_id))

    def view(self) -> PolicyView:
        ledger = self.ledger
        return PolicyView(self.ctx.now_ns, ledger.remaining_qty_1e8, ledger.working_qty_1e8)

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
        self.journal.tell(Record(*self.journal_key, payload))
