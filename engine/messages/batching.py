"""Messages that gather the orders of several graphs into one message of a venue."""

from __future__ import annotations

import msgspec

from engine.runtime.delivery import Event

__all__ = ["BatchDrop", "BatchSent", "BatchWindow", "WindowDue"]


class BatchWindow(Event, frozen=True, gc=False):
    """From outside to a venue trade: hold the orders of these graphs until all of them are there.

    What has come after `wait_ns` leaves without the rest. Answered with a `BatchSent`.
    """

    reply_to: int
    graph_ids: tuple[str, ...]
    wait_ns: int


class BatchDrop(Event, frozen=True, gc=False):
    """From outside to a venue trade: no order of this graph will come."""

    graph_id: str


class WindowDue(Event, frozen=True, gc=False):
    """A venue trade's own word: what is held leaves; `token` tells an earlier window apart."""

    token: int


class BatchSent(msgspec.Struct, frozen=True, gc=False):
    """How they left; `native`: every graph had its order in one and the same batch message."""

    native: bool
    orders: int
    messages: int
