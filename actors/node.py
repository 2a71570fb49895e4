"""The node actor: one order of a graph, from the edges that wake it to its proven end.

Here is what others may ask of it, and how it comes back after a restart. Its parts are
`actors/node_amend.py` (new terms),
`actors/node_work.py` (life and policy), `actors/node_edges.py` (sources, target, what it tells)
and `actors/node_orders.py` (what is out), each standing on the next.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from actors.node_amend import NodeAmend
from actors.node_place import NodePlace
from engine.decisions.allowance import Allowance
from engine.decisions.edges import Incoming
from engine.decisions.node_ledger import NodeLedger
from engine.decisions.node_plan import NodeIdentity
from engine.decisions.node_restore import RestoredNode
from engine.decisions.policies.policy import Route
from engine.errors import Reason
from engine.messages import (
    AmendDenied,
    AmendGranted,
    AmendNode,
    CancelNode,
    ChildrenPlanned,
    ChildReport,
    EdgeDue,
    KillNode,
    LiquidityAppeared,
    PauseNode,
    PolicyWake,
    PriceReached,
    PriceRefused,
    RecoverNode,
    ReplyCheck,
    ReserveOpen,
    ResumeNode,
    RetryDue,
    RouteDenied,
    ShareChanged,
    StartNode,
    UpstreamChanged,
)
from engine.model.graph import FixedAmount, NodeStatus, Quantity
from engine.model.orders import OrderReport
from engine.runtime.actor import Actor, ActorRef, Lane, handles

__all__ = ["NodeActor"]

GRANT_STRIDE = 10_000

QTY_TIMES_PRICE = 10**8


class NodeActor(
    NodeAmend,
    Actor[
        StartNode
        | RecoverNode
        | CancelNode
        | KillNode
        | PauseNode
        | ResumeNode
        | AmendNode
        | AmendGranted
        | AmendDenied
        | UpstreamChanged
        | PriceReached
        | PriceRefused
        | EdgeDue
        | ShareChanged
        | PolicyWake
        | ReplyCheck
        | RetryDue
        | LiquidityAppeared
        | RouteDenied
        | ChildrenPlanned
        | ChildReport
    ],
):
    """Waits for its edges, works its target, and ends only when every child is proven ended.

    `after` are the nodes that hear of its progress. `watched` says that the graph watches risk.
    A node whose target may still grow outlives its policy's horizon and starts it anew.
    """

    __slots__ = ("policy_known", "reports", "root", "sent_of_wish_1e8")

    lane = Lane.EXECUTION
    mailbox_capacity = 512
    mailbox_hard_capacity = 131_072

    def __init__(
        self,
        identity: NodeIdentity,
        place: NodePlace,
        graph: ActorRef,
        peers: list[ActorRef],
        incoming: Incoming | None = None,
        after: Sequence[int] = (),
        allowance: Allowance | None = None,
        *,
        watched: bool = False,
        restored: RestoredNode | None = None,
    ) -> None:
        super().__init__(identity, place, graph, peers, incoming, after, allowance, watched)
        self.policy_known = True
        self.root = False
        self.sent_of_wish_1e8: int | None = None
        self.reports: Sequence[OrderReport] = ()
        if restored is not None:
            self.restore(restored)

    # -- orders to the node

    @handles(StartNode)
    def on_start_node(self, start: StartNode) -> None:
        if self.ledger is not None or self.stopping is not None:
            return
        # A pause holds a graph's own orders back, never what closes its position.
        self.frozen = self.frozen and not start.qty_1e8
        if self.frozen:
            return
        if start.qty_1e8:
            # A flatten leg: from now on an order of this much.
            fixed = Quantity(fixed=FixedAmount(qty_1e8=start.qty_1e8))
            node = msgspec.structs.replace(self.identity.node, quantity=fixed)
            self.identity = msgspec.structs.replace(self.identity, node=node, qty_1e8=start.qty_1e8)
            self.as_submitted = False
        self.begin()

    @handles(CancelNode)
    def on_cancel(self, cancel: CancelNode) -> None:
        if cancel.disarm:
            self.disarm()
            self.after = ()
        if not self.status.terminal:
            self.stop_text = cancel.reason
            self.stop(Reason.CANCELLED)

    @handles(KillNode)
    def on_kill(self, kill: KillNode) -> None:
        """A kill switch of a venue or a symbol: freeze and end what it means, pull the rest."""
        if self.status.terminal:
            return
        meant = not kill.symbol or kill.symbol == self.place.market.instrument.symbol
        if kill.venue and kill.venue != self.identity.node.instrument.venue:
            if kill.cancel:
                self.cancel_working(kill.venue)
        elif meant and kill.cancel:
            self.on_cancel(CancelNode(kill.reason, disarm=True))
        elif meant:
            self.on_pause(PauseNode(leave_working=True))

    @handles(PauseNode)
    def on_pause(self, pause: PauseNode) -> None:
        if self.status.terminal:
            return
        if not self.frozen:
            self.frozen = True
            self.wake_token += 1
            self.disarm()
            self.unwatch()
            if self.retry_timer:
                self.ctx.cancel(self.retry_timer)
                self.retry_timer = 0
        if not pause.leave_working:
            self.cancel_working()

    @handles(ResumeNode)
    def on_resume(self, resume: ResumeNode) -> None:
        """What is true now counts: elapsed timeouts fire, a price touched meanwhile does not."""
        if self.status.terminal or not self.frozen:
            return
        self.frozen = False
        self.resuming = self.ledger is not None
        if self.ledger is None and self.root:
            self.begin()
        self.look()
        self.decide()

    # -- after a restart

    def restore(self, restored: RestoredNode) -> None:
        """Take over the last recorded state; `RecoverNode` then sets it going."""
        memory = restored.memory
        self.version = memory.version
        self.accepted = restored.accepted
        self.started_ns = restored.started_ns
        self.baseline_x2 = restored.baseline_x2
        self.attempt = restored.attempt
        self.reports = restored.reports
        if memory.stopping is not None:
            self.stopping, self.stop_text = Reason(memory.stopping), memory.stop_text
        if memory.amended is not None:
            self.as_submitted = False
        qty = memory.target_1e8 or self.identity.qty_1e8
        node = memory.amended or self.identity.node
        self.identity = msgspec.structs.replace(
            self.identity, node=node, qty_1e8=qty, seq=memory.seq
        )
        for state, known in zip(memory.edges, self.incoming.states, strict=False):
            known.fired, known.fired_ns = state.fired, state.fired_ns
            known.snapshot_1e8, known.touched = state.snapshot_1e8, state.touched
        self.ledger = restored.ledger
        if self.ledger is not None:
            self.idle = None if memory.idle is None else Reason(memory.idle)
            self.status = NodeStatus.EXECUTING
            self.worst_price_1e9 = memory.worst_price_1e9
            if memory.worst_price_1e9 is None:
                self.recap()
            self.policy = self.place.make_policy(node)
            begun = bool(restored.attempt)
            self.policy_known = bool(memory.policy) and not (begun and restored.pristine)
            self.fresh = not begun or (memory.fresh and self.policy_known)
            if self.policy_known:
                self.policy.load(memory.policy)
            self.last_wish, self.unsent_1e8 = memory.wish, restored.unsent_1e8
            self.sent_of_wish_1e8 = restored.sent_of_wish_1e8
            if self.allowance is not None:
                # Known to the others before any of them goes on.
                ledger, index = self.ledger, self.identity.node_index
                out = ledger.sent_qty_1e8, ledger.target_qty_1e8
                self.allowance.restore(index, self.started_ns, *out)
            if not memory.started_ns:
                # It had begun, so a price that it waited for had been reached.
                for plan, known in zip(self.incoming.plans, self.incoming.states, strict=True):
                    known.touched = plan.price is not None

    @handles(RecoverNode)
    def on_recover(self, recover: RecoverNode) -> None:
        """Say where the node stands, have every open child proven, then go on."""
        works = self.ledger is not None and recover.pending_only
        self.frozen, self.root = recover.frozen and not works, recover.root
        self.held = bool(self.incoming.plans)
        self.dirty = True
        ledger = self.ledger
        if ledger is None:
            if self.stopping is not None:
                self.decide()
            elif self.root and not self.frozen:
                self.begin()
            return
        assert self.policy is not None, "a ledger comes with a policy"
        if self.baseline_x2 is None:
            self.baseline_x2 = self.place.market.mid_x2()
            self.recap()
        if not self.policy_known:
            # It had been started, since it has orders: bring it to the state after that.
            begun = msgspec.structs.replace(
                self.view(),
                now_ns=self.started_ns,
                remaining_qty_1e8=ledger.target_qty_1e8,
                in_flight=False,
            )
            for action in self.policy.start(begun):
                if isinstance(action, Route):
                    self.last_wish = action
        wish = self.last_wish
        if self.sent_of_wish_1e8 is not None and wish is not None:
            self.unsent_1e8 = max(0, wish.qty_1e8 - self.sent_of_wish_1e8)
        self.reserve()
        self.resuming = not self.fresh
        reports, self.reports = self.reports, ()
        for report in reports:
            self.book(report)
        if not ledger.target_qty_1e8:
            self.find_target(ledger)
        for child in list(ledger.children.values()):
            # One more amendment than is known may be under way from before.
            number = child.order.amendment + 1
            child.order = msgspec.structs.replace(child.order, amendment=number)
            self.ask(child)
        if self.stopping is not None:
            self.cancel_working()
        if ledger.children:
            self.expect_replies(anew=True)
        self.shared()
        self.decide()

    def find_target(self, ledger: NodeLedger) -> None:
        """A quantity that was never recorded: what is out, and what is left of the money."""
        quantity, qty = self.identity.node.quantity, ledger.sent_qty_1e8
        if not isinstance(quantity, str) and quantity.notional is not None:
            spent_1e9 = ledger.price_times_qty // QTY_TIMES_PRICE
            rest = self.notional_qty_1e8(max(0, quantity.notional.usd_1e9 - spent_1e9))
            qty = max(ledger.filled_qty_1e8 + rest, qty)
        self.identity = msgspec.structs.replace(self.identity, qty_1e8=qty)
        ledger.target_qty_1e8 = qty

    def reserve(self) -> None:
        """What may live at venues is exposure again; grants of an earlier run count from below."""
        ledger = self.working()
        identity = self.identity
        for number, child in enumerate(ledger.children.values()):
            order = child.order
            grant_id = -(identity.graph_number * GRANT_STRIDE + identity.node_index) * GRANT_STRIDE
            grant_id -= number + 1
            child.order = msgspec.structs.replace(
                order, grant_id=grant_id, owner_id=self.ctx.actor_id
            )
            if not child.open_qty_1e8:
                # Filled in full, though its end is yet to be told: there is nothing to hold.
                continue
            if child.resting:
                self.place.tell_resting(child)
            self.place.risk.tell(
                ReserveOpen(
                    grant_id,
                    identity.client_id,
                    identity.environment,
                    identity.router_id,
                    order.side,
                    child.open_qty_1e8,
                    order.limit_price_1e9,
                )
            )
