"""The half of a node that changes its terms: natively where its venue can, else anew.

A part of the node actor (`actors/node.py`). A native amendment is under way until its venue has
proved it taken or not; until then the node counts the larger of both quantities as out and sends
nothing. One that is not taken is done by cancelling what rests, and the answer says so.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from actors.node_orders import REPLY_CHECK_NS
from actors.node_place import NodePlace
from actors.node_work import NodeWork
from engine.decisions.allowance import Allowance
from engine.decisions.amend_limit import still_refused, terms_denial
from engine.decisions.edges import Incoming
from engine.decisions.fills import decision_marks
from engine.decisions.market_facts import finest_tick_1e9
from engine.decisions.native_amend import native_wish
from engine.decisions.node_ledger import Applied, Child
from engine.decisions.node_plan import NodeIdentity, node_worst_price, route_intent
from engine.decisions.node_terms import amended, refusal_of
from engine.decisions.policies.policy import Post, Route
from engine.decisions.risk import Denial
from engine.errors import Reason
from engine.messages import (
    AmendChild,
    AmendDenied,
    AmendGranted,
    AmendNode,
    AmendRequest,
    CommandAnswer,
    ExposureChanged,
    ReserveOpen,
)
from engine.model.graph import Node
from engine.model.orders import ChildOrder, Grant, OrderReport, OrderTerms, ReportKind
from engine.model.records import ReportRecorded
from engine.model.terms import Terms
from engine.runtime.actor import ActorRef, handles

__all__ = ["NodeAmend"]


class Amendment:
    """A native amendment under way: who waits for its answer, and what became of it."""

    __slots__ = (
        "anew",
        "fallback",
        "filled_1e8",
        "grant",
        "mode",
        "reply_to",
        "sent_ns",
        "superseded",
        "taken",
        "token",
        "wish",
    )

    def __init__(
        self, reply_to: int, wish: ChildOrder, modes: tuple[str, str], anew: bool, now_ns: int
    ) -> None:
        self.reply_to = reply_to
        self.wish = wish
        self.mode, self.fallback = modes
        self.anew = anew
        self.sent_ns = now_ns
        self.grant: Grant | None = None
        self.filled_1e8 = 0
        self.taken: bool | None = None
        self.superseded = False
        self.token = 0


class NodeAmend(NodeWork):
    """Takes new terms. One native amendment is under way at a time."""

    __slots__ = ("amendment", "last_token")

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
        self.amendment: Amendment | None = None
        self.last_token = 0

    @handles(AmendNode)
    def on_amend(self, amend: AmendNode) -> None:
        """New terms, or the reason why not."""
        terms, node, lot = amend.terms, self.identity.node, self.place.lot_1e8
        target = self.identity.qty_1e8 if self.ledger is None else self.ledger.target_qty_1e8
        grid = lot, finest_tick_1e9(self.place.market)
        refused = refusal_of(terms, node, self.status, self.stopping, self.ledger, target, *grid)
        if refused is not None:
            self.ctx.reply(amend.reply_to, CommandAnswer(refused.reason, refused.text))
            return
        changed = amended(terms, node, target, lot)
        denial = self.denied(terms, changed, target)
        if denial is not None:
            self.ctx.reply(amend.reply_to, CommandAnswer(denial.reason, denial.text))
            return
        # What money bought at the start stays its quantity.
        qty = changed.fixed_qty_1e8 or self.identity.qty_1e8
        self.identity = msgspec.structs.replace(self.identity, node=changed, qty_1e8=qty)
        self.as_submitted = False
        self.dirty = True
        paced = changed.execution.pacing is not None
        anew = not paced or changed.execution != node.execution
        shrinks = terms.reduce_by_1e8 is not None
        fallback = "cancel_replace_shrink" if shrinks else "cancel_replace"
        before = self.amendment
        if before is not None:
            # What is under way is settled as ever, but nobody asks for it any more.
            self.answer(before, before.mode)
            before.superseded = True
        wish = None if before is not None else self.wish(terms, node)
        if wish is None:
            self.replace(amend.reply_to, fallback, anew=anew)
        else:
            self.amend_natively(amend.reply_to, wish, fallback, anew=anew)

    def denied(self, terms: Terms, changed: Node, target_1e8: int) -> Denial | None:
        """Why the rest could not be sent under these terms, while the order is still as it was.

        A node that has not started meets the market of another time: only its grid is known.
        """
        if terms.limit_1e9 is None and terms.qty_1e8 is None and terms.reduce_by_1e8 is None:
            return None
        place, ledger = self.place, self.ledger
        identity = msgspec.structs.replace(self.identity, node=changed)
        baseline, collar = self.baseline_x2, place.collar_bps
        worst = node_worst_price(identity, place.market, baseline, collar)
        total = changed.fixed_qty_1e8 or target_1e8
        rest = total - (0 if ledger is None else ledger.filled_qty_1e8)
        wish = Route(rest, changed.execution.tif, rest=False)
        intent = route_intent(identity, self.ctx.actor_id, self.attempt, wish, worst)
        denial = terms_denial(terms, intent, place.market)
        if denial is not None or ledger is None:
            return denial
        if terms.limit_1e9 is None and total <= target_1e8:
            return None
        held = [child.order.grant_id for child in ledger.children.values()]
        refusal = place.refusal(intent, held, self.ctx.now_ns)
        return still_refused(refusal, terms, changed.execution)

    def replace(self, reply_to: int, mode: str, *, anew: bool) -> None:
        """Cancel what rests and go on once that is proven, under the order's next id."""
        self.identity = msgspec.structs.replace(self.identity, seq=self.identity.seq + 1)
        self.dirty = True
        if self.ledger is not None:
            self.rework(anew=anew)
        if reply_to:
            name = self.identity.node_order_id
            self.ctx.reply(reply_to, CommandAnswer(Reason.NONE, "", name, mode))

    def answer(self, amendment: Amendment, mode: str) -> None:
        """Tell who waits for it, once; the order keeps its id."""
        reply_to, amendment.reply_to = amendment.reply_to, 0
        if reply_to:
            name = self.identity.node_order_id
            self.ctx.reply(reply_to, CommandAnswer(Reason.NONE, "", name, mode))

    # -- natively

    def wish(self, terms: Terms, node: Node) -> ChildOrder | None:
        """The one resting order under the node's new terms; None where that is not to be."""
        ledger = self.ledger
        busy = self.frozen or self.held or self.fresh or self.grown or self.retry_timer
        if ledger is None or busy or self.idle is not None or self.allowance is not None:
            return None
        changed, place = self.identity.node, self.place
        if (terms.urgency, terms.max_slippage_bps, terms.horizon_ms) != (None, None, None):
            return None
        touch = place.market.best(1 - self.identity.side)
        baseline, collar = self.baseline_x2, place.collar_bps
        worst = node_worst_price(self.identity, place.market, baseline, collar)
        return native_wish(node, changed, ledger, self.target_1e8(), worst, touch, place.native)

    def amend_natively(self, reply_to: int, wish: ChildOrder, fallback: str, *, anew: bool) -> None:
        """Ask risk for what is more than before, then the venue."""
        ledger = self.working()
        child = ledger.children[wish.client_order_id]
        before = child.order
        shrinks = wish.limit_price_1e9 == before.limit_price_1e9 and wish.qty_1e8 < before.qty_1e8
        mode = "native_decrease" if shrinks else "native_amend"
        now_ns = self.ctx.now_ns
        amendment = self.amendment = Amendment(reply_to, wish, (mode, fallback), anew, now_ns)
        amendment.filled_1e8 = child.filled_qty_1e8
        ledger.target_qty_1e8 = self.target_1e8()
        self.recap()
        child.amending = wish
        # It is decided anew, on the market of now: what it takes on arrival is measured by that.
        child.mid_1e9, child.touch_1e9 = decision_marks(self.place.market, wish.side)
        # Until it is proven a restart replaces what rests: nobody would know which terms it has.
        self.fresh = True
        if not wish.loosens(before):
            self.place.trades[wish.listing.venue].tell(AmendChild(wish, before))
            self.expect_replies(anew=True)
            return
        rest = wish.qty_1e8 - child.filled_qty_1e8
        post = Post(rest, wish.limit_price_1e9, 1)
        own_id, worst = self.ctx.actor_id, self.worst_price_1e9
        intent = route_intent(self.identity, own_id, self.attempt, post, worst)
        self.last_token += 1
        amendment.token = self.last_token
        if not self.place.risk.tell(AmendRequest(intent, amendment.token)):
            self.not_taken(child)
            self.decide()

    @handles(AmendGranted)
    def on_amend_granted(self, granted: AmendGranted) -> None:
        """The grant covers the order as it is to be, next to the one it has."""
        amendment, grant = self.amendment, granted.grant
        if amendment is None or amendment.token != granted.token:
            # The order ended while risk was asked.
            self.release(grant.grant_id, grant.qty_1e8)
            return
        child = self.working().children.get(amendment.wish.client_order_id)
        amendment.grant = grant
        if child is None or child.amending is None or child.cancelling or self.frozen:
            self.not_taken(child)
        else:
            wish = msgspec.structs.replace(amendment.wish, grant_id=grant.grant_id)
            child.amending = amendment.wish = wish
            done_1e8 = child.filled_qty_1e8 - amendment.filled_1e8
            if done_1e8:
                self.place.risk.tell(ExposureChanged(grant.grant_id, 0, 0, done_1e8))
                amendment.filled_1e8 = child.filled_qty_1e8
            trade = self.place.trades[wish.listing.venue]
            trade.tell(AmendChild(wish, child.order, grant, child.filled_qty_1e8))
            self.expect_replies(anew=True)
        self.decide()

    @handles(AmendDenied)
    def on_amend_denied(self, denied: AmendDenied) -> None:
        """Not next to what it has: the present order is to go first."""
        amendment = self.amendment
        if amendment is None or amendment.token != denied.token:
            return
        self.not_taken(self.working().children.get(amendment.wish.client_order_id))
        self.decide()

    # -- what became of it

    def amended(self, applied: Applied, report: OrderReport) -> None:
        """Proof of what is in force: exposure follows, and each unit is held once."""
        child, before, fill = applied.child, applied.before, applied.fill
        assert before is not None, "the report proved an amendment"
        order, amendment = child.order, self.amendment
        filled_1e8 = child.filled_qty_1e8 - (0 if fill is None else fill.qty_1e8)
        if report.kind is ReportKind.FILL:
            # The fill alone proves it; the record has it before the fill, as it happened.
            self.record(ReportRecorded(proof_of(order, report)))
        if amendment is None or amendment.wish.client_order_id != order.client_order_id:
            self.found_changed(child, before)
            return
        wish = amendment.wish
        if (order.qty_1e8, order.limit_price_1e9) != (wish.qty_1e8, wish.limit_price_1e9):
            self.not_taken(child)
            return
        amendment.taken = True
        if amendment.grant is None:
            self.release(before.grant_id, before.qty_1e8 - order.qty_1e8)
            return
        self.release(before.grant_id, before.qty_1e8 - filled_1e8)
        self.release(order.grant_id, filled_1e8 - amendment.filled_1e8)

    def not_taken(self, child: Child | None) -> None:
        """The order is as it was, or gone; leave for more is given back."""
        amendment = self.amendment
        assert amendment is not None, "an amendment is under way"
        if child is not None:
            child.amending = None
        if amendment.taken is None and amendment.grant is not None:
            grant = amendment.grant
            done_1e8 = amendment.filled_1e8 - (amendment.wish.qty_1e8 - grant.qty_1e8)
            self.release(grant.grant_id, grant.qty_1e8 - done_1e8)
        amendment.taken = False

    def found_changed(self, child: Child, before: ChildOrder) -> None:
        """After a restart: an amendment of the earlier run had been taken after all."""
        order, owner = child.order, self.identity
        more_1e8 = order.qty_1e8 - before.qty_1e8
        self.release(order.grant_id, -more_1e8)
        if more_1e8 > 0:
            account = owner.client_id, owner.environment, owner.router_id
            out = order.side, more_1e8, order.limit_price_1e9
            self.place.risk.tell(ReserveOpen(order.grant_id, *account, *out))
        ledger, worst = self.working(), self.worst_price_1e9
        beyond = worst is not None and (order.limit_price_1e9 - worst) * order.side.sign > 0
        if beyond or ledger.sent_qty_1e8 > ledger.target_qty_1e8:
            self.make_room()

    def release(self, grant_id: int, qty_1e8: int) -> None:
        """Never to be filled under this grant."""
        if qty_1e8 > 0:
            self.place.risk.tell(ExposureChanged(grant_id, 0, 0, qty_1e8))

    def end_child(self, applied: Applied) -> None:
        """An amendment of an ended order was not taken, or it does not matter any more."""
        if applied.child.amending is not None:
            self.not_taken(applied.child)
        super().end_child(applied)

    def ask(self, child: Child) -> None:
        """Have the venue prove the child's state; who waits for an answer has waited enough."""
        amendment = self.amendment
        if amendment is not None and self.ctx.now_ns - amendment.sent_ns >= REPLY_CHECK_NS:
            self.answer(amendment, amendment.mode)
        super().ask(child)

    def decide(self) -> None:
        """After any fact: first of all an amendment whose outcome is known."""
        amendment = self.amendment
        if amendment is not None and amendment.taken is not None and not self.deciding:
            self.amendment = None
            self.conclude(amendment)
        super().decide()

    def conclude(self, amendment: Amendment) -> None:
        """Taken: the policy goes on with what rests. Not taken: what rests is replaced."""
        if amendment.superseded:
            return
        self.dirty = True
        if self.stopping is not None or self.status.terminal:
            text = "the order ended before it could be amended"
            if amendment.reply_to and not amendment.taken:
                self.ctx.reply(amendment.reply_to, CommandAnswer(Reason.ALREADY_ENDED, text))
                return
        elif not amendment.taken:
            self.replace(amendment.reply_to, amendment.fallback, anew=amendment.anew)
            return
        self.answer(amendment, amendment.mode)
        self.fresh = False
        # It may wait for another price than before.
        self.unwatch()
        self.resuming = True


def proof_of(order: ChildOrder, report: OrderReport) -> OrderReport:
    """What a fill beyond the old terms says of the new ones."""
    terms = OrderTerms(order.qty_1e8, order.limit_price_1e9, order.amendment)
    return msgspec.structs.replace(report, kind=ReportKind.AMENDED, fill=None, told=terms)
