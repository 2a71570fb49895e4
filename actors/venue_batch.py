"""The part of a venue trade that gathers orders for one batch message of the venue.

A part of the venue trade actor (`actors/venue_trade.py`). One window is open at a time, for the
orders of a few named graphs and a short while; every other order passes by. Cancels are never
held: one that means a held order sends what is held first.
"""

from __future__ import annotations

from typing import Any

from engine.errors import Reason
from engine.messages import ApprovedOrder, BatchDrop, BatchSent, BatchWindow, WindowDue
from engine.model.orders import ChildOrder
from engine.ports import Link, TradeCodec
from engine.runtime.actor import Actor, handles

__all__ = ["VenueBatch"]

NOT_NATIVE = BatchSent(False, 0, 0)


class Window:
    """Orders on their way into one message; bounded by the graphs that were named."""

    __slots__ = ("orders", "reply_to", "token", "waiting")

    def __init__(self, token: int, reply_to: int, graph_ids: tuple[str, ...]) -> None:
        self.token = token
        self.reply_to = reply_to
        self.waiting = dict.fromkeys(graph_ids, True)
        self.orders: list[ApprovedOrder] = []


class VenueBatch(Actor[Any]):
    """Holds, joins and sends."""

    venue: str
    codec: TradeCodec
    link: Link
    owners: dict[str, int]
    orders_sent: int

    def __init__(self) -> None:
        self.window: Window | None = None
        self.windows = 0
        self.batches_sent = 0

    def barred(self, order: ApprovedOrder) -> tuple[Reason, str] | None:
        """Why an order may not leave now."""
        raise NotImplementedError

    def refuse(self, child: ChildOrder, reason: Reason, text: str) -> None:
        """Tell its owner that nothing left."""
        raise NotImplementedError

    @handles(BatchWindow)
    def on_window(self, request: BatchWindow) -> None:
        if self.window is not None or self.codec.native.batch_max < 2 or not request.graph_ids:
            self.ctx.reply(request.reply_to, NOT_NATIVE)
            return
        self.windows += 1
        self.window = Window(self.windows, request.reply_to, request.graph_ids)
        self.ctx.after(request.wait_ns, WindowDue(self.windows))

    @handles(BatchDrop)
    def on_drop(self, drop: BatchDrop) -> None:
        window = self.window
        if window is not None and window.waiting.pop(drop.graph_id, False):
            self.close_soon(window)

    @handles(WindowDue)
    def on_window_due(self, due: WindowDue) -> None:
        if self.window is not None and self.window.token == due.token:
            self.flush()

    def held(self, order: ApprovedOrder) -> bool:
        """Whether the open window takes this order."""
        window, graph_id = self.window, order.grant.intent.graph_id
        if window is None or graph_id not in window.waiting:
            return False
        window.orders.append(order)
        window.waiting[graph_id] = False
        self.close_soon(window)
        return True

    def close_soon(self, window: Window) -> None:
        """Once every graph was heard of: after what is in the mailbox already, its siblings too."""
        if not any(window.waiting.values()):
            self.ctx.self_ref.tell(WindowDue(window.token))

    def flush_for(self, child: ChildOrder) -> None:
        """Send what is held before anything else is said of one of these orders."""
        window = self.window
        if window is not None:
            name = child.client_order_id
            if any(order.child.client_order_id == name for order in window.orders):
                self.flush()

    def flush(self) -> None:
        """Close the window: what may leave leaves, in as few messages as the venue allows."""
        window, self.window = self.window, None
        assert window is not None, "a window is open"
        fit: list[ApprovedOrder] = []
        for order in window.orders:
            barred = self.barred(order)
            if barred is None:
                self.owners[order.child.client_order_id] = order.child.owner_id
                fit.append(order)
            else:
                self.refuse(order.child, *barred)
        most, messages, left = self.codec.native.batch_max, 0, 0
        for start in range(0, len(fit), most):
            some = fit[start : start + most]
            if self.send_together([order.child for order in some]):
                messages, left = messages + 1, left + len(some)
        everyone = not any(window.waiting.values()) and left == len(window.orders)
        native = everyone and messages == 1 and left > 1
        self.ctx.reply(window.reply_to, BatchSent(native, left, messages))

    def send_together(self, children: list[ChildOrder]) -> bool:
        """One message; each owner hears where it could not leave."""
        places = [self.codec.encode_place(child, self.ctx.now_ns) for child in children]
        batch = len(places) > 1
        if self.link.send(self.codec.encode_batch(places) if batch else places[0]):
            self.orders_sent += len(children)
            self.batches_sent += batch
            return True
        for child in children:
            del self.owners[child.client_order_id]
            self.refuse(child, Reason.LINK_DOWN, f"the order line to {self.venue} is full")
        return False
