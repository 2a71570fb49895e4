"""Messages that change an order which rests: leave for more, and the change itself."""

from __future__ import annotations

from engine.errors import Reason
from engine.model.orders import ChildOrder, Grant, RouteIntent
from engine.runtime.delivery import Command, Event

__all__ = ["AmendChild", "AmendDenied", "AmendGranted", "AmendRequest"]


class AmendRequest(Command, frozen=True, gc=False):
    """Node to risk: may an order that rests become this? Its present grant is held meanwhile.

    The answer bears the `token` of the question.
    """

    intent: RouteIntent
    token: int


class AmendGranted(Event, frozen=True, gc=False):
    """Risk to the node: it may, within the grant."""

    grant: Grant
    token: int


class AmendDenied(Event, frozen=True, gc=False):
    """Risk to the node: it may not, and why; nothing was sent."""

    reason: Reason
    text: str
    token: int


class AmendChild(Event, frozen=True, gc=False):
    """Node to venue trade: have the resting order `before` become `child`.

    No grant where it takes nothing but less than before; else the grant covers what is left of it
    beyond `filled_1e8`.
    """

    child: ChildOrder
    before: ChildOrder
    grant: Grant | None = None
    filled_1e8: int = 0
