"""The venue trade actor: one order session; approved orders out, venue reports to their owners."""

from __future__ import annotations

from actors.venue_batch import VenueBatch
from engine.decisions.risk import TradingSwitch
from engine.errors import DecodeError, Reason
from engine.messages import (
    AmendChild,
    ApprovedOrder,
    BatchDrop,
    BatchWindow,
    CancelChild,
    ChildReport,
    ForgetChild,
    LinkDown,
    LinkUp,
    ListOrders,
    OrdersListed,
    QueryChild,
    TradeFrame,
    WindowDue,
)
from engine.model.orders import ChildOrder, Grant, OrderReport, OrderTerms, ReportKind
from engine.ports import Link, TradeCodec
from engine.runtime.actor import Actor, ActorRef, Lane, handles

__all__ = ["VenueTradeActor"]


class VenueTradeActor(
    VenueBatch,
    Actor[
        ApprovedOrder
        | CancelChild
        | AmendChild
        | QueryChild
        | ListOrders
        | ForgetChild
        | TradeFrame
        | LinkUp
        | LinkDown
        | BatchWindow
        | BatchDrop
        | WindowDue
    ],
):
    """The last gate before the wire: switch and grant are asserted again for every order.

    It routes reports by client order id to the owner that the order carried. A report whose
    owner is gone goes to `strays` instead, so that a late fill is never lost.
    """

    lane = Lane.EXECUTION
    mailbox_capacity = 4_096

    def __init__(
        self,
        venue: str,
        codec: TradeCodec,
        link: Link,
        switch: TradingSwitch,
        strays: ActorRef,
        orders_max: int,
    ) -> None:
        super().__init__()
        self.venue = venue
        self.codec = codec
        self.link = link
        self.switch = switch
        self.strays = strays
        self.orders_max = orders_max
        self.owners: dict[str, int] = {}
        self.up = False
        self.lists_for = 0
        self.orders_sent = 0
        self.cancels_sent = 0
        self.amendments_sent = 0
        self.broken_frames = 0

    def on_start(self) -> None:
        self.link.open()

    @handles(ApprovedOrder)
    def on_order(self, order: ApprovedOrder) -> None:
        child = order.child
        assert order.grant.covers(child), "an order stays inside its grant"
        if self.window is not None and self.held(order):
            return
        barred = self.barred(order)
        if barred is not None:
            self.refuse(child, *barred)
        else:
            self.owners[child.client_order_id] = child.owner_id
            if self.link.send(self.codec.encode_place(child, self.ctx.now_ns)):
                self.orders_sent += 1
            else:
                del self.owners[child.client_order_id]
                self.refuse(child, Reason.LINK_DOWN, f"the order line to {self.venue} is full")

    @handles(CancelChild)
    def on_cancel(self, cancel: CancelChild) -> None:
        self.flush_for(cancel.child)
        # A cancel that cannot leave is repeated by its node, which keeps asking for proof.
        if self.up and self.link.send(self.codec.encode_cancel(cancel.child, self.ctx.now_ns)):
            self.cancels_sent += 1

    @handles(AmendChild)
    def on_amend(self, amend: AmendChild) -> None:
        """What makes an order smaller or less aggressive leaves whatever the switch says."""
        child, before, grant = amend.child, amend.before, amend.grant
        assert child.client_order_id == before.client_order_id, "an order is amended in place"
        assert child.amendment > before.amendment, "each amendment has its own number"
        loosens, blocked = child.loosens(before), None
        if loosens:
            assert grant is not None, "an order that grows has leave for it"
            assert grant.covers_rest(child, amend.filled_1e8), "an order stays inside its grant"
            blocked = self.switch.reason if self.switch.halted else self.blocked(grant, child)
        if blocked is not None:
            self.refuse_amendment(amend, Reason.KILL_SWITCH, blocked)
        elif not self.up or not self.link.send(self.codec.encode_amend(child, self.ctx.now_ns)):
            text = f"the order line to {self.venue} is down or full"
            self.refuse_amendment(amend, Reason.LINK_DOWN, text)
        else:
            self.amendments_sent += 1

    @handles(QueryChild)
    def on_query(self, query: QueryChild) -> None:
        child = query.child
        self.flush_for(child)
        self.owners.setdefault(child.client_order_id, child.owner_id)
        if self.up:
            self.link.send(self.codec.encode_query(child, self.ctx.now_ns))

    @handles(ListOrders)
    def on_list(self, request: ListOrders) -> None:
        """Asked again until it is answered, so nothing is kept but who wants to know."""
        self.lists_for = request.reply_to
        if self.up:
            self.link.send(self.codec.encode_list(self.ctx.now_ns))

    @handles(ForgetChild)
    def on_forget(self, forget: ForgetChild) -> None:
        self.owners.pop(forget.client_order_id, None)

    @handles(TradeFrame)
    def on_frame(self, frame: TradeFrame) -> None:
        try:
            if self.lists_for:
                listed = self.codec.decode_list(frame.payload, frame.recv_ns)
                if listed is not None:
                    self.ctx.tell(self.lists_for, OrdersListed(self.venue, listed))
                    self.lists_for = 0
                    return
            reports = self.codec.decode(frame.payload, frame.recv_ns)
        except DecodeError:
            # The order's own reply check asks the venue again, so nothing is lost with it.
            self.broken_frames += 1
            return
        for report in reports:
            self.deliver(report)

    @handles(LinkUp)
    def on_link_up(self, up: LinkUp) -> None:
        self.up = True
        # What happened while the line was down was told to nobody: every owner asks again.
        for client_order_id in self.owners:
            unknown = OrderReport(
                ReportKind.UNKNOWN, client_order_id, self.venue, recv_ns=self.ctx.now_ns
            )
            self.deliver(unknown)

    @handles(LinkDown)
    def on_link_down(self, down: LinkDown) -> None:
        self.up = False

    def barred(self, order: ApprovedOrder) -> tuple[Reason, str] | None:
        """Why an order may not leave now, None when it may."""
        child, switch = order.child, self.switch
        blocked = switch.reason if switch.halted else self.blocked(order.grant, child)
        if blocked is not None:
            return Reason.KILL_SWITCH, blocked
        if not self.up:
            return Reason.LINK_DOWN, f"the order line to {self.venue} is down"
        if len(self.owners) >= self.orders_max:
            return Reason.ENGINE_BUSY, f"too many orders are open at {self.venue}"
        return None

    def blocked(self, grant: Grant, child: ChildOrder) -> str | None:
        """Why a kill switch of a narrower scope forbids this order."""
        switch = self.switch
        if not switch.scoped:
            return None
        intent, listing = grant.intent, child.listing
        symbol = listing.instrument.symbol
        return switch.blocks(intent.client_id, listing.venue, symbol, intent.graph_id)

    def refuse(self, child: ChildOrder, reason: Reason, text: str) -> None:
        """Nothing left: the owner hears a rejection that is proof of it."""
        report = OrderReport(
            ReportKind.REJECTED,
            child.client_order_id,
            self.venue,
            recv_ns=self.ctx.now_ns,
            cum_qty_1e8=0,
            code=reason.value,
            text=text,
        )
        self.ctx.tell(child.owner_id, ChildReport(report))

    def refuse_amendment(self, amend: AmendChild, reason: Reason, text: str) -> None:
        """Nothing left: the order stays as it was, which is proof too."""
        before, child = amend.before, amend.child
        terms = OrderTerms(before.qty_1e8, before.limit_price_1e9, child.amendment)
        report = OrderReport(
            ReportKind.AMEND_REJECTED,
            child.client_order_id,
            self.venue,
            recv_ns=self.ctx.now_ns,
            code=reason.value,
            text=text,
            told=terms,
        )
        self.ctx.tell(child.owner_id, ChildReport(report))

    def deliver(self, report: OrderReport) -> None:
        """To the owner of the order, or to the strays."""
        owner_id = self.owners.get(report.client_order_id)
        owner = self.ctx.ref(owner_id) if owner_id is not None else None
        (owner or self.strays).tell(ChildReport(report))
