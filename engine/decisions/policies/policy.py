"""What a policy sees and what it may ask for; policies never send, read clocks or know refs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from engine.errors import Reason
from engine.model.orders import TimeInForce
from engine.model.units import Side

__all__ = [
    "Action",
    "CancelWorking",
    "Policy",
    "PolicyMarket",
    "PolicyView",
    "Post",
    "Rebase",
    "Route",
    "Stop",
    "Wake",
    "Watch",
]


class PolicyMarket(Protocol):
    """The market as one node's policy may know it: usable books of the venues it may use.

    `tick_1e9` and `lot_1e8` are the finest of those venues, `event` says that prices are
    probabilities in dollars of payoff.
    """

    tick_1e9: int
    lot_1e8: int
    event: bool

    def touch(self, side: Side) -> int | None:
        """Best price of resting orders of `side`: BUY gives the bid, SELL the ask."""
        ...

    def takeable(self, side: Side) -> int | None:
        """Best price that an order of `side` could take: of what is not the engine's own."""
        ...

    def far_qty_1e8(self, side: Side) -> int:
        """Size at the best price that an order of `side` could take, over all venues."""
        ...

    def usual_spread_1e9(self) -> int | None:
        """Median of the consolidated spread over the last five minutes."""
        ...

    def traded_qty_1e8(self) -> int:
        """Public volume so far, our own prints included; it never falls."""
        ...

    def volume_ahead(self, from_ns: int, until_ns: int) -> int:
        """Volume expected between two times by the observed curve, in any unit; 0: unknown."""
        ...


class PolicyView(msgspec.Struct, frozen=True, gc=False):
    """The node as its policy sees it, all of it as of now.

    `remaining_qty_1e8` is target less filled, working, in flight and unknown: free to be sent.
    `working_qty_1e8` rests at venues and can be cancelled, `working_price_1e9` is the most
    aggressive price of it. `in_flight` says that an answer is awaited: then nothing may be routed
    or posted. `cap_1e9` is the worst price, the tighter of limit and slippage cap.
    """

    now_ns: int
    side: Side
    target_qty_1e8: int
    filled_qty_1e8: int
    remaining_qty_1e8: int
    working_qty_1e8: int
    working_price_1e9: int | None
    in_flight: bool
    cap_1e9: int | None
    limit_1e9: int | None
    market: PolicyMarket


class Route(msgspec.Struct, frozen=True, gc=False):
    """Take this much now over the venues; `rest` leaves what cannot be taken resting at the limit.

    `limit_1e9` narrows the node's cap for this attempt; it can never widen it.
    """

    qty_1e8: int
    tif: TimeInForce
    rest: bool
    limit_1e9: int | None = None


class Post(msgspec.Struct, frozen=True, gc=False):
    """Rest this much post-only at `price_1e9`, divided over at most `venues_max` venues."""

    qty_1e8: int
    price_1e9: int
    venues_max: int = 1


class Wake(msgspec.Struct, frozen=True, gc=False):
    """Call `on_wake` at this time; a later Wake replaces an earlier one."""

    at_ns: int


class Watch(msgspec.Struct, frozen=True, gc=False):
    """Call `on_liquidity` once the touch is inside the node's worst price."""


class CancelWorking(msgspec.Struct, frozen=True, gc=False):
    """Cancel what rests; `on_attempt_done` follows when its end is proven."""


class Rebase(msgspec.Struct, frozen=True, gc=False):
    """Take the slippage baseline anew: a paced slice does; the node's limit stays."""


class Stop(msgspec.Struct, frozen=True, gc=False):
    """The policy is finished: cancel what works, await proof, end the node with this reason."""

    reason: Reason


Action = Route | Post | Wake | Watch | CancelWorking | Rebase | Stop


class Policy(Protocol):
    """One node's execution policy: events in, the actions to take in order out.

    At most one `Route` or `Post` is out at a time: a policy gives one only in answer to an event
    whose view is not `in_flight`. Times come from the view, randomness is not used.
    """

    def start(self, view: PolicyView) -> Sequence[Action]:
        """The node is active, or its target grew after a finished episode."""
        ...

    def on_attempt_done(self, view: PolicyView, reason: Reason) -> Sequence[Action]:
        """Nothing is in flight any more and something remains.

        `reason` says why the last attempt placed less than asked, NONE if it placed all. It also
        comes when something that rested is gone, and when quantity became free again.
        """
        ...

    def on_liquidity(self, view: PolicyView) -> Sequence[Action]:
        """The watched price is available."""
        ...

    def on_wake(self, view: PolicyView) -> Sequence[Action]:
        """The time asked for with `Wake` has come; also while something is in flight."""
        ...

    def on_target(self, view: PolicyView) -> Sequence[Action]:
        """The target grew while the policy was working (a streaming hedge, a paced slice)."""
        ...

    def resume(self, view: PolicyView) -> Sequence[Action]:
        """After a pause or a restart: nothing is in flight, timers and watches are gone.

        What rests may still rest. Clocks ran on meanwhile, so a horizon may be over.
        """
        ...

    def state(self) -> bytes:
        """Packed state, enough for `load` to go on with."""
        ...

    def load(self, state: bytes) -> None:
        """Take over a packed state, before `resume`."""
        ...
