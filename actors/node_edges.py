"""The half of a node that hears its sources: edges, target, shared allowance, own progress.

A part of the node actor (`actors/node.py`). Edges are evaluated on cumulative facts, so nothing
here depends on how often or in which order they are told.
"""

from __future__ import annotations

from collections.abc import Sequence

from actors.node_orders import LIVING, NodeOrders
from actors.node_place import NodePlace
from engine.decisions.allowance import Allowance
from engine.decisions.edges import EdgePlan, Incoming
from engine.decisions.node_memory import NodeMemory, pack_memory
from engine.decisions.node_plan import ENDED_BY_TIF, NodeIdentity, ending, node_changed
from engine.decisions.policies.policy import Route
from engine.errors import Reason
from engine.messages import (
    ArmPrice,
    CancelNode,
    DisarmPrice,
    EdgeDue,
    NodeEnded,
    NodeMoved,
    PriceReached,
    PriceRefused,
    PriceSource,
    ShareChanged,
    UpstreamChanged,
)
from engine.model.graph import EdgeAction, Node
from engine.model.orders import TimeInForce
from engine.model.progress import NodeProgress
from engine.model.units import QTY_SCALE, average_price_1e9, floor_to
from engine.runtime.actor import ActorRef, handles

__all__ = ["NodeEdges"]

NO_EDGES = Incoming((), join_all=False)
SOURCES = {source.name.lower(): source for source in PriceSource}
UNKNOWN_ENDINGS = ENDED_BY_TIF | {Reason.CANCELLED, Reason.EXPIRED, Reason.REDUCED}


class NodeEdges(NodeOrders):
    """What wakes, sizes, reduces and cancels a node, and what it tells the nodes after it."""

    __slots__ = (
        "after",
        "armed",
        "as_submitted",
        "edge_timer",
        "fresh",
        "grown",
        "held",
        "idle",
        "incoming",
        "resuming",
        "started_ns",
        "unreachable",
        "version",
        "watched",
    )

    def __init__(
        self,
        identity: NodeIdentity,
        place: NodePlace,
        graph: ActorRef,
        peers: list[ActorRef],
        incoming: Incoming | None,
        after: Sequence[int],
        allowance: Allowance | None,
        watched: bool,
    ) -> None:
        super().__init__(identity, place, graph, peers, allowance)
        self.incoming = incoming or NO_EDGES
        self.after = after
        self.watched = watched
        self.as_submitted = True
        # Edge and threshold of each price that is waited for.
        self.armed: tuple[tuple[int, int], ...] = ()
        self.edge_timer: tuple[int, int] | None = None
        self.idle: Reason | None = None
        self.fresh = False
        self.grown = False
        self.held = False
        self.resuming = False
        self.started_ns = 0
        self.unreachable = False
        self.version = 0

    def begin(self) -> None:
        """Start to work; the node's other half does."""
        raise NotImplementedError

    def stop(self, reason: Reason) -> None:
        """End the node; its other half does."""
        raise NotImplementedError

    # -- what comes in

    @handles(UpstreamChanged)
    def on_upstream(self, change: UpstreamChanged) -> None:
        before = 0 if self.allowance is None else self.allowed_1e8()
        source = change.progress.node_index
        first = source not in self.incoming.sources
        if self.incoming.hear(change.progress):
            # An exit may have more out once its entry has filled more.
            self.grown = self.grown or (before < self.allowed_1e8() and self.allowance is not None)
            if first and not self.status.terminal:
                # After a restart an edge may have fired and its word to the source be lost.
                self.claim_rest([one for one in self.incoming.plans if one.source == source])
            self.look()

    @handles(PriceReached)
    def on_price(self, reached: PriceReached) -> None:
        if self.spend(reached.edge_index):
            self.incoming.touch(reached.edge_index)
            self.look()

    @handles(PriceRefused)
    def on_price_refused(self, refused: PriceRefused) -> None:
        """Nobody will tell the price: the node ends, rather than wait for ever."""
        if self.spend(refused.edge_index):
            self.stop_text = "too many orders wait for prices of this instrument; try again later"
            self.stop(Reason.ENGINE_BUSY)

    def spend(self, edge_index: int) -> bool:
        """The price of this edge is waited for no more; whether it was."""
        before = self.armed
        self.armed = tuple([one for one in before if one[0] != edge_index])
        return len(self.armed) < len(before)

    @handles(EdgeDue)
    def on_edge_due(self, due: EdgeDue) -> None:
        self.edge_timer = None
        self.look()

    @handles(ShareChanged)
    def on_share(self, change: ShareChanged) -> None:
        """The allowance moved: yield, or use more room than at the last try, lest two loop."""
        if self.ledger is None or self.status.terminal or self.allowance is None:
            return
        free = self.allowance.free_1e8(self.identity.node_index, self.allowed_1e8())
        if self.ledger.sent_qty_1e8 > free:
            self.make_room()
        elif self.ledger.remaining_qty_1e8 and self.ledger.sent_qty_1e8 < free:
            tried = 0 if self.last_wish is None else self.last_wish.qty_1e8
            self.grown |= self.remaining_1e8() > tried or self.ledger.open_qty_1e8 > 0
        self.decide()

    def look(self) -> None:
        """Fire the edges whose time has come; that is recorded before an order of theirs leaves."""
        if self.status.terminal or self.frozen or self.stopping is not None:
            return
        incoming = self.incoming
        fired = incoming.fire(self.ctx.now_ns)
        self.dirty = self.dirty or bool(fired)
        self.claim_rest(fired)
        self.arm()
        cancel = incoming.cancelled_by
        if cancel is not None:
            self.stop_text = f"by edge {cancel.edge_id}"
            self.stop(Reason.CANCELLED)
        elif self.ledger is not None:
            if fired:
                self.announce(self.record_state())
            self.retarget()
        elif incoming.activated and self.target_1e8() > 0:
            self.begin()
        elif incoming.spent(self.place.lot_1e8, self.place.multiplier_1e8) or (
            self.unreduced_1e8() and not self.target_1e8() and not self.may_grow
        ):
            self.stop_text = "nothing is left to exit"
            self.stop(Reason.REDUCED)
        elif incoming.unreachable or (incoming.activated and not self.may_grow):
            self.unreachable = True
            self.stop(Reason.UNREACHABLE)

    def claim_rest(self, plans: Sequence[EdgePlan]) -> None:
        """What a source has not filled goes on here: it is to end first."""
        for plan in plans:
            if plan.source in self.incoming.waits_for_proof():
                peer = self.peers[plan.source]
                if peer is not self.graph:
                    peer.tell(CancelNode(f"its rest goes on by edge {plan.edge_id}"))

    def retarget(self) -> None:
        """The edges ask for another target than the one that is worked."""
        ledger, target = self.working(), self.target_1e8()
        if target == ledger.target_qty_1e8:
            self.decide()
            return
        self.dirty = True
        grown = target > ledger.target_qty_1e8
        ledger.target_qty_1e8 = max(target, ledger.filled_qty_1e8)
        self.shared()
        if grown:
            self.grown = True
        elif target == 0 and not ledger.filled_qty_1e8:
            self.stop_text = "nothing is left to exit"
            self.stop(Reason.REDUCED)
        elif ledger.sent_qty_1e8 > target:
            self.make_room()
        self.decide()

    def make_room(self) -> None:
        """Pull what rests; once that is proven the policy works what is left of the target."""
        self.cancel_working()
        self.grown = self.grown or self.idle is None

    def target_1e8(self) -> int:
        """What the node is to fill in all, by its own quantity, its edges and their reductions."""
        target = self.unreduced_1e8()
        incoming, place = self.incoming, self.place
        if target and incoming.plans:
            target = max(0, target - incoming.reduction_1e8(place.multiplier_1e8))
            target = floor_to(target, place.lot_1e8)
        return target

    def unreduced_1e8(self) -> int:
        """The target before other exits took their part."""
        own, incoming, place = self.identity.qty_1e8, self.incoming, self.place
        if self.identity.node.quantity == "derived":
            return incoming.derived_qty_1e8(place.lot_1e8, place.multiplier_1e8)
        if incoming.plans and incoming.streaming:
            return min(own, incoming.derived_qty_1e8(place.lot_1e8, place.multiplier_1e8))
        return own

    @property
    def lowered(self) -> bool:
        """Whether an amendment or an edge may have taken the target down."""
        return not self.as_submitted or bool(self.incoming.plans)

    @property
    def may_grow(self) -> bool:
        """Whether the target follows sources that are not at their end."""
        incoming = self.incoming
        if not incoming.plans or not incoming.growing:
            return False
        if self.identity.node.quantity == "derived":
            return True
        return incoming.streaming and self.unreduced_1e8() < self.identity.qty_1e8

    def allowed_1e8(self) -> int:
        """What the exits of one entry may have out together: never more than it has filled."""
        allowed = self.unreduced_1e8()
        node, incoming = self.identity.node, self.incoming
        for plan in incoming.plans:
            source = incoming.sources.get(plan.source)
            entry = plan.action is EdgeAction.ACTIVATE and plan.source not in self.group()
            if entry and source is not None and node.quantity != "derived":
                net = source.net_qty_1e8 * QTY_SCALE // self.place.multiplier_1e8
                allowed = min(allowed, floor_to(net, self.place.lot_1e8))
        return allowed

    def group(self) -> Sequence[int]:
        """The nodes that share this one's allowance."""
        return () if self.allowance is None else self.allowance.members

    # -- waiting for times and prices

    def arm(self) -> None:
        """Wait for the next timeout and for every price that is wanted now, and no other."""
        incoming = self.incoming
        if not incoming.plans:
            return
        due = incoming.next_due_ns(self.ctx.now_ns)
        timer = self.edge_timer
        if timer is not None and timer[0] != due:
            self.ctx.cancel(timer[1])
            timer = self.edge_timer = None
        if due is not None and timer is None:
            delay_ns = max(0, due - self.ctx.now_ns)
            self.edge_timer = (due, self.ctx.after(delay_ns, EdgeDue()))
        wanted = incoming.wanted_prices()
        if not wanted and not self.armed:
            return
        armed = dict(self.armed)
        for plan, threshold in wanted:
            if armed.get(plan.index) != threshold:
                armed[plan.index] = threshold
                self.arm_price(plan, threshold)
        keep = {plan.index for plan, _ in wanted}
        for plan in incoming.plans:
            if plan.index in armed and plan.index not in keep:
                del armed[plan.index]
                self.disarm_price(plan)
        self.armed = tuple(armed.items())

    def arm_price(self, plan: EdgePlan, threshold_x2: int) -> None:
        price = plan.price
        assert price is not None, "only price edges wait for prices"
        watch = self.place.prices[price.symbol]
        source, own_id = SOURCES[price.source], self.ctx.actor_id
        watch.tell(ArmPrice(own_id, plan.index, price.above, threshold_x2, source, price.hold_ns))

    def disarm_price(self, plan: EdgePlan) -> None:
        assert plan.price is not None, "only price edges wait for prices"
        watch = self.place.prices[plan.price.symbol]
        watch.tell(DisarmPrice(self.ctx.actor_id, plan.index))

    def disarm(self) -> None:
        """Wait for nothing any more."""
        if self.edge_timer is not None:
            self.ctx.cancel(self.edge_timer[1])
            self.edge_timer = None
        if self.armed:
            armed, self.armed = dict(self.armed), ()
            for plan in self.incoming.plans:
                if plan.index in armed:
                    self.disarm_price(plan)

    # -- what goes out

    def on_batch_end(self) -> None:
        """Record the node's state once for everything that changed in this drain."""
        if not self.dirty:
            return
        reason = self.record_state()
        if self.after or self.watched or self.status not in LIVING:
            self.announce(reason)

    def record_state(self) -> str:
        """The whole state to the journal; returns why the node ended, if it did."""
        self.dirty = False
        self.version += 1
        status, ledger = self.status, self.ledger
        reason = ""
        if status not in LIVING:
            reason = ending(status, self.stopping, self.stop_text or self.refusal)
        memory = pack_memory(self.memory())
        self.record(node_changed(self.identity, ledger, status, reason, self.attempt, memory))
        return reason

    def announce(self, reason: str) -> None:
        """Recorded: now the nodes after this one and the graph may hear of it."""
        progress = self.progress()
        for index in self.after:
            self.peers[index].tell(UpstreamChanged(progress))
        ledger = self.ledger
        if self.watched and ledger is not None:
            out = ledger.open_qty_1e8 + ledger.routing_qty_1e8, ledger.unknown_qty_1e8
            money = ledger.price_times_qty, ledger.fees_1e9
            self.graph.tell(NodeMoved(progress, *out, *money))
        if self.status not in LIVING:
            shortfall = 0
            if self.identity.node.quantity == "derived" and ledger is not None:
                rest = ledger.target_qty_1e8 - ledger.filled_qty_1e8
                shortfall = rest if rest >= self.place.lot_1e8 else 0
            lingers = ledger is not None and bool(ledger.ended)
            self.graph.tell(NodeEnded(progress, reason, shortfall, lingers))

    def progress(self) -> NodeProgress:
        """The node's cumulative facts, for the nodes after it and the graph."""
        ledger, status = self.ledger, self.status
        final = status not in LIVING
        by_cancel = final and self.stopping in UNKNOWN_ENDINGS
        index, version, own_qty = self.identity.node_index, self.version, self.identity.qty_1e8
        if ledger is None:
            out = final, by_cancel, self.unreachable
            return NodeProgress(index, version, status, False, 0, own_qty, 0, 0, 0, *out)
        filled, target = ledger.filled_qty_1e8, ledger.target_qty_1e8
        net = ledger.net_qty_1e8(self.identity.side, self.place.multiplier_1e8)
        average = average_price_1e9(ledger.price_times_qty, filled)
        begun = self.accepted, self.started_ns
        ends = final, by_cancel and filled < target, False
        return NodeProgress(index, version, status, *begun, target, filled, net, average, *ends)

    def memory(self) -> NodeMemory:
        """What recovery needs besides the ledger."""
        amended: Node | None = None if self.as_submitted else self.identity.node
        stopping = None if self.stopping is None else self.stopping.value
        wish = self.last_wish
        return NodeMemory(
            self.version,
            self.accepted,
            self.started_ns,
            self.baseline_x2,
            self.worst_price_1e9,
            stopping,
            self.stop_text or self.refusal,
            None if self.idle is None else self.idle.value,
            self.stopping in UNKNOWN_ENDINGS,
            self.unreachable,
            self.identity.seq,
            self.identity.qty_1e8,
            tuple(self.incoming.states),
            amended,
            b"" if self.policy is None else self.policy.state(),
            self.fresh,
            wish if isinstance(wish, Route) and wish.tif is not TimeInForce.GTC else None,
        )
