"""The half of a node that works: it begins, drives its policy, and ends only by proof.

A part of the node actor (`actors/node.py`).
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from actors.node_edges import NodeEdges
from actors.node_orders import LIVING, NO_REASON
from actors.node_place import NodePlace
from engine.decisions.allowance import Allowance
from engine.decisions.classify import backoff_ns
from engine.decisions.edges import Incoming
from engine.decisions.market_facts import taken_touch_1e9
from engine.decisions.node_ledger import NodeLedger
from engine.decisions.node_plan import NodeIdentity, final_status, node_worst_price
from engine.decisions.policies.policy import (
    Action,
    CancelWorking,
    Policy,
    PolicyView,
    Post,
    Rebase,
    Route,
    Stop,
    Wake,
    Watch,
)
from engine.decisions.risk import DENIED_FOR_GOOD
from engine.errors import Reason
from engine.messages import (
    ChildReport,
    LiquidityAppeared,
    PolicyWake,
    RetryDue,
    ShareChanged,
    UnwatchLiquidity,
    WatchLiquidity,
)
from engine.model.orders import TimeInForce
from engine.model.units import floor_to
from engine.runtime.actor import ActorRef, handles

__all__ = ["NodeWork"]

QTY_TIMES_PRICE = 10**8
SENDING = (Route, Post)
LASTING = frozenset(
    {
        Reason.METADATA_NOT_INDEXED,
        Reason.INVALID_SIGNATURE,
        Reason.TOO_SMALL,
        Reason.OFF_TICK,
        Reason.OFF_LOT,
        Reason.BAD_PRICE,
        Reason.BAD_QUANTITY,
        Reason.INSUFFICIENT_BALANCE,
        Reason.UNKNOWN_SYMBOL,
        Reason.MARKET_CLOSED,
        Reason.EXCHANGE_REJECT,
    }
)


class NodeWork(NodeEdges):
    """Drives the policy. A node whose target may still grow outlives its policy's horizon."""

    __slots__ = ("wake_token", "watching")

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
        super().__init__(identity, place, graph, peers, incoming, after, allowance, watched)
        self.wake_token = 0
        self.watching = False

    # -- the policy's events

    @handles(PolicyWake)
    def on_wake(self, wake: PolicyWake) -> None:
        if wake.token == self.wake_token and self.stopping is None and self.idle is None:
            assert self.policy is not None, "only a started policy sets a wake"
            self.act(self.policy.on_wake(self.view()))

    @handles(LiquidityAppeared)
    def on_liquidity(self, liquidity: LiquidityAppeared) -> None:
        if not self.watching:
            return
        self.watching = False
        if self.stopping is None and not self.status.terminal and self.idle is None:
            assert self.policy is not None, "only a started policy watches"
            self.act(self.policy.on_liquidity(self.view()))

    @handles(ChildReport)
    def on_report(self, message: ChildReport) -> None:
        if self.ledger is None:
            return
        late = self.status not in LIVING
        before, out = self.ledger.filled_qty_1e8, len(self.ledger.children)
        self.book(message.report)
        if out and not self.ledger.children:
            # Nothing rests any more: the policy is to say what now, not to wait for the market.
            self.unwatch()
        if late and self.ledger.filled_qty_1e8 != before:
            # After a cancel that the venue had acknowledged: it counts all the same.
            self.status = final_status(self.ledger, self.stopping)
        self.shared()
        self.decide()

    # -- life

    def begin(self) -> None:
        """The node is active: baseline, cap, policy, first actions."""
        self.started_ns = self.ctx.now_ns
        self.baseline_x2 = self.place.market.mid_x2()
        self.recap()
        node = self.identity.node
        if not isinstance(node.quantity, str) and node.quantity.notional is not None:
            qty = self.notional_qty_1e8(node.quantity.notional.usd_1e9)
            self.identity = msgspec.structs.replace(self.identity, qty_1e8=qty)
        self.ledger = NodeLedger(self.target_1e8())
        self.policy = self.place.make_policy(node)
        self.status = LIVING[1]
        self.dirty = True
        if not self.ledger.target_qty_1e8:
            self.stop_text = "there is no price to take the quantity from"
            self.stop(Reason.NO_LIQUIDITY)
            return
        if self.allowance is not None:
            self.allowance.claim(self.identity.node_index)
            self.shared()
            for index in self.allowance.below(self.identity.node_index):
                self.peers[index].tell(ShareChanged())
        # What another exit still has out must come back before anything may be sent.
        self.fresh = True
        if self.incoming.plans or node.fixed_qty_1e8 is None or not self.as_submitted:
            # Baseline, cap and quantity are of this moment: known before an order leaves.
            self.announce(self.record_state())
        self.decide()

    def recap(self) -> None:
        """The cap from the baseline under the present terms."""
        place = self.place
        baseline, collar = self.baseline_x2, place.collar_bps
        self.worst_price_1e9 = node_worst_price(self.identity, place.market, baseline, collar)

    def notional_qty_1e8(self, usd_1e9: int) -> int:
        """What the money buys at the touch now, on the lot; 0 where nothing is offered."""
        touch = self.identity.node.limit_price_1e9
        touch = touch or taken_touch_1e9(self.place.market, self.identity.side)
        if not touch:
            return 0
        return floor_to(usd_1e9 * QTY_TIMES_PRICE // touch, self.place.lot_1e8)

    def rework(self, *, anew: bool) -> None:
        """After an amendment: pull what rests, then go on; `anew` with a policy of new terms.

        A new policy counts its horizon from now. A new quantity or price alone leaves the clocks of
        a paced node as they are.
        """
        ledger = self.working()
        ledger.target_qty_1e8 = max(self.target_1e8(), ledger.filled_qty_1e8)
        self.recap()
        if anew or self.idle is not None:
            self.policy = self.place.make_policy(self.identity.node)
            self.fresh = True
        self.idle, self.grown, self.resuming = None, False, not self.fresh
        self.wake_token += 1
        self.unwatch()
        self.cancel_working()
        self.shared()
        self.decide()

    def decide(self) -> None:
        """After any fact: is the node complete, may it end, or is the policy to go on?"""
        ledger = self.ledger
        if self.deciding or self.status not in LIVING:
            return
        if ledger is not None:
            in_flight = ledger.in_flight
            if ledger.filled_qty_1e8 >= ledger.target_qty_1e8 and not in_flight:
                if not self.may_grow:
                    self.stopping = self.stopping or NO_REASON
            if self.stopping is None and not in_flight and not self.frozen:
                self.deciding = True
                self.go_on()
                self.deciding = False
        if self.stopping is not None:
            if ledger is None or not (ledger.children or ledger.routing_qty_1e8):
                self.end()

    def go_on(self) -> None:
        """Nothing is in flight: let the policy choose what is next."""
        policy, remaining = self.policy, self.remaining_1e8()
        assert policy is not None, "a ledger comes with a policy"
        if self.held:
            # After a restart target and allowance are not known before every source has spoken.
            self.held = any(one.source not in self.incoming.sources for one in self.incoming.plans)
            if not self.held:
                self.pull_late()
            if self.held or self.working().in_flight:
                return
        if self.fresh or (self.grown and self.idle is not None):
            if self.working().working_qty_1e8:
                # Planned while the terms were changed, or before a restart.
                self.cancel_working()
            if not remaining or self.working().in_flight:
                return
            self.fresh = self.grown = self.resuming = False
            if self.idle is not None:
                self.idle = None
                policy = self.policy = self.place.make_policy(self.identity.node)
            self.act(policy.start(self.view()))
        elif self.resuming:
            self.resuming = False
            if self.idle is None:
                self.take_up(policy)
        elif self.idle is not None:
            if not self.may_grow:
                self.stop(self.idle)
        elif self.retry_timer:
            return
        elif self.grown:
            self.grown = False
            if remaining:
                self.unwatch()
                view = self.view()
                self.act(
                    policy.on_target(view) or policy.on_attempt_done(view, self.attempt_reason)
                )
        elif remaining and not self.watching:
            self.act(policy.on_attempt_done(self.view(), self.attempt_reason))

    def view(self) -> PolicyView:
        """The node as its policy sees it."""
        ledger = self.working()
        side = self.identity.side
        return PolicyView(
            self.ctx.now_ns,
            side,
            ledger.target_qty_1e8,
            ledger.filled_qty_1e8,
            self.remaining_1e8(),
            ledger.working_qty_1e8,
            ledger.working_price_1e9(side) if ledger.children else None,
            ledger.in_flight,
            self.worst_price_1e9,
            self.identity.node.limit_price_1e9,
            self.place.policy_market,
        )

    def pull_late(self) -> None:
        """A stop, a pause or less room came while the attempt was at risk or router."""
        ledger, allowance = self.working(), self.allowance
        free = ledger.target_qty_1e8
        if allowance is not None:
            free = min(free, allowance.free_1e8(self.identity.node_index, self.allowed_1e8()))
        if self.stopping is not None or self.frozen:
            self.cancel_working()
        elif ledger.sent_qty_1e8 > free:
            self.make_room()

    def take_up(self, policy: Policy) -> None:
        """After a pause or restart: what a single sweep never got to a venue, then the policy."""
        wish, qty = self.last_wish, min(self.unsent_1e8, self.remaining_1e8())
        if isinstance(wish, Route) and wish.tif is not TimeInForce.GTC and qty > 0:
            self.send(msgspec.structs.replace(wish, qty_1e8=qty))
            return
        self.act(policy.resume(self.view()))
        grows = self.identity.node.quantity == "derived" or self.incoming.streaming
        grows = grows or self.allowance is not None
        free = self.stopping is None and self.idle is None and not self.working().in_flight
        if grows and free and self.remaining_1e8():
            # What the target grew by meanwhile is not of the past that the policy resumes.
            self.act(policy.on_target(self.view()))

    def act(self, actions: Sequence[Action]) -> None:
        """Do what the policy asks for, in order."""
        for action in actions:
            if isinstance(action, SENDING):
                if self.retry_timer:
                    # No policy is to be quicker than the pause that a refusal asked for.
                    self.last_wish = action
                else:
                    self.send(action)
            elif isinstance(action, Wake):
                self.wake_token += 1
                delay_ns = max(0, action.at_ns - self.ctx.now_ns)
                self.ctx.after(delay_ns, PolicyWake(self.wake_token))
            elif isinstance(action, Watch):
                self.watching = True
                side, worst = self.identity.side, self.worst_price_1e9
                self.place.router.tell(WatchLiquidity(self.ctx.actor_id, side, worst))
            elif isinstance(action, CancelWorking):
                self.cancel_working()
            elif isinstance(action, Rebase):
                self.baseline_x2 = self.place.market.mid_x2() or self.baseline_x2
                self.recap()
                self.dirty = True
            else:
                assert isinstance(action, Stop)
                self.finish(action.reason)

    @handles(RetryDue)
    def on_retry(self, retry: RetryDue) -> None:
        """The pause after a transient refusal is over: the same wish again, if it still stands."""
        self.retry_timer = 0
        ledger, wish = self.working(), self.last_wish
        if self.stopping is not None or self.frozen or wish is None or ledger.in_flight:
            self.decide()
            return
        qty = min(wish.qty_1e8, self.remaining_1e8())
        if qty > 0:
            self.send(msgspec.structs.replace(wish, qty_1e8=qty))
        self.decide()

    def try_later(self) -> None:
        """The same wish again after a pause that grows from one refusal to the next."""
        if self.stopping is None and not self.frozen and not self.retry_timer:
            self.retries += 1
            delay = backoff_ns(self.retries, self.ctx.random.random())
            self.retry_timer = self.ctx.after(delay, RetryDue())

    def turned_down(self, venue: str, reason: Reason) -> None:
        """A lasting no ends the node once no venue is left that has not said it."""
        if self.stopping is not None or (reason is Reason.BAD_QUANTITY and not venue):
            # Nothing was free to be sent: the allowance tells when that changes.
            return
        if reason not in (LASTING if venue else DENIED_FOR_GOOD):
            tif = self.identity.node.execution.tif
            if tif is TimeInForce.GTC and (not venue or reason is Reason.KILL_SWITCH):
                # Nothing in the market tells when trading may go on.
                self.try_later()
            return
        if venue:
            if venue not in self.refusing:
                self.refusing = (*self.refusing, venue)
            pinned = self.identity.node.instrument.venue
            for listing in self.place.market.listings:
                if pinned in (None, listing.venue) and listing.venue not in self.refusing:
                    return
        if reason is Reason.TOO_SMALL:
            # What may still grow may still become large enough.
            self.finish(reason)
        else:
            self.stop(reason)

    def finish(self, reason: Reason) -> None:
        """The policy is done; a target that may still grow keeps the node for its next episode."""
        if not self.may_grow:
            self.stop(reason)
            return
        self.idle = reason
        self.wake_token += 1
        self.dirty = True
        self.unwatch()
        self.cancel_working()

    def stop(self, reason: Reason) -> None:
        """No new attempt; pull what rests; end once every child is proven ended."""
        if self.stopping is None:
            self.stopping = reason
            self.dirty = True
            self.wake_token += 1
            self.disarm()
            self.unwatch()
            self.cancel_working()
        if not self.deciding:
            self.decide()

    def end(self) -> None:
        self.disarm()
        self.unwatch()
        if self.retry_timer:
            self.ctx.cancel(self.retry_timer)
            self.retry_timer = 0
        self.status = final_status(self.ledger, self.stopping)
        if self.allowance is not None:
            self.allowance.leave(self.identity.node_index)
            self.shared()
        self.dirty = True

    def unwatch(self) -> None:
        if self.watching:
            self.watching = False
            self.place.router.tell(UnwatchLiquidity(self.ctx.actor_id))
