"""What a policy sees and what it may ask for; policies never send, read clocks or know refs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from engine.errors import Reason
from engine.model.orders import TimeInForce

__all__ = ["Action", "CancelWorking", "Policy", "PolicyView", "Route", "Stop", "Wake", "Watch"]


class PolicyView(msgspec.Struct, frozen=True, gc=False):
    """The node as its policy sees it.

    `remaining_qty_1e8` is target less filled, working, in flight and unknown; `working_qty_1e8`
    rests at venues and can be cancelled.
    """

    now_ns: int
    remaining_qty_1e8: int
    working_qty_1e8: int


class Route(msgspec.Struct, frozen=True, gc=False):
    """Send this much now; `rest` leaves what cannot be taken resting at the limit."""

    qty_1e8: int
    tif: TimeInForce
    rest: bool


class Wake(msgspec.Struct, frozen=True, gc=False):
    """Call `on_wake` at this time; a later Wake replaces an earlier one."""

    at_ns: int


class Watch(msgspec.Struct, frozen=True, gc=False):
    """Call `on_liquidity` once the touch is inside the node's worst price."""


class CancelWorking(msgspec.Struct, frozen=True, gc=False):
    """Cancel what rests; `on_attempt_done` follows when its end is proven."""


class Stop(msgspec.Struct, frozen=True, gc=False):
    """The policy is finished: cancel what works, await proof, end the node with this reason."""

    reason: Reason


Action = Route | Wake | Watch | CancelWorking | Stop


class Policy(Protocol):
    """One node's execution policy. Every method returns the actions to take, in order."""

    def start(self, view: PolicyView) -> Sequence[Action]:
        """The node is active."""
        ...

    def on_attempt_done(self, view: PolicyView, reason: Reason) -> Sequence[Action]:
        """Nothing is in flight any more and something remains.

        `reason` says why the last attempt placed less than asked, NONE if it placed all.
        """
        ...

    def on_liquidity(self, view: PolicyView) -> Sequence[Action]:
        """The watched price is available."""
        ...

    def on_wake(self, view: PolicyView) -> Sequence[Action]:
        """The time asked for with `Wake` has come."""
        ...

    def state(self) -> bytes:
        """Packed state, enough to go on after a restart."""
        ...
