"""Take the far touch, a step deeper each period while it does not fill, never past the cap."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from engine.decisions.policies.pegging import capped, forward
from engine.decisions.policies.policy import (
    Action,
    CancelWorking,
    PolicyView,
    Route,
    Stop,
    Wake,
)
from engine.errors import Reason
from engine.model.orders import TimeInForce
from engine.model.units import PRICE_SCALE, ceil_to

__all__ = ["AggressiveChasePolicy", "ChaseRule"]

BPS: Final = 10_000
STEPS_MAX: Final = 10_000


class ChaseRule(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Pace and step: `step_bps` of the far touch, at least `step_ticks` ticks."""

    period_ns: int
    step_bps: int
    step_ticks: int


class AggressiveChasePolicy:
    """One immediate-or-cancel child a period, at the far touch plus k steps.

    k goes up by one when a child filled less than half of its quantity and back to 0 when it
    filled half or more; at the cap the price stays. With tif IOC or FOK there is one child.
    """

    __slots__ = (
        "_asked_qty_1e8",
        "_at_cap",
        "_deadline_ns",
        "_filled_before_1e8",
        "_horizon_ns",
        "_next_ns",
        "_out",
        "_rule",
        "_steps",
        "_tif",
    )

    def __init__(
        self, *, horizon_ns: int, rule: ChaseRule, tif: TimeInForce = TimeInForce.GTC
    ) -> None:
        self._horizon_ns = horizon_ns
        self._rule = rule
        self._tif = tif
        self._deadline_ns = 0
        self._next_ns = 0
        self._steps = 0
        self._out = False
        self._at_cap = False
        self._asked_qty_1e8 = 0
        self._filled_before_1e8 = 0

    def start(self, view: PolicyView) -> Sequence[Action]:
        """The first child goes at the far touch."""
        return self.start_within(view, view.now_ns + self._horizon_ns)

    def start_within(self, view: PolicyView, deadline_ns: int) -> Sequence[Action]:
        """Start with the horizon, but end at the caller's deadline."""
        self._deadline_ns = min(deadline_ns, view.now_ns + self._horizon_ns)
        self._next_ns = view.now_ns
        self._steps = 0
        self._out = False
        return self._step(view)

    def on_attempt_done(self, view: PolicyView, reason: Reason) -> Sequence[Action]:
        """Weigh what the child filled; the next one waits for its period."""
        if self._out and reason is Reason.BELOW_MINIMUM and view.working_qty_1e8 == 0:
            return (Stop(reason),)
        if self._out and self._tif is not TimeInForce.GTC:
            return (Stop(reason or Reason.EXPIRED),)
        return self._step(view)

    def on_liquidity(self, view: PolicyView) -> Sequence[Action]:
        """It never watches."""
        return self._step(view)

    def on_wake(self, view: PolicyView) -> Sequence[Action]:
        """A period or the horizon is over."""
        return self._step(view)

    def on_target(self, view: PolicyView) -> Sequence[Action]:
        """What was added goes with the next child."""
        return self._step(view)

    def resume(self, view: PolicyView) -> Sequence[Action]:
        """Go on with the next child."""
        if self._out and self._tif is not TimeInForce.GTC:
            return (Stop(Reason.EXPIRED),)
        return self._step(view)

    def state(self) -> bytes:
        """Deadline, time of the next child, k and the child that is out."""
        return msgspec.msgpack.encode(
            (
                self._deadline_ns,
                self._next_ns,
                self._steps,
                self._out,
                self._at_cap,
                self._asked_qty_1e8,
                self._filled_before_1e8,
            )
        )

    def load(self, state: bytes) -> None:
        """Take over a packed state."""
        fields = msgspec.msgpack.decode(state, type=tuple[int, int, int, bool, bool, int, int])
        self._deadline_ns, self._next_ns, self._steps, self._out, self._at_cap = fields[:5]
        self._asked_qty_1e8, self._filled_before_1e8 = fields[5:]

    def _step(self, view: PolicyView) -> Sequence[Action]:
        if view.now_ns >= self._deadline_ns:
            return (Stop(Reason.EXPIRED),)
        if view.in_flight:
            return (Wake(self._deadline_ns),)
        self._weigh(view)
        if view.now_ns < self._next_ns:
            return (Wake(min(self._next_ns, self._deadline_ns)),)
        self._next_ns = view.now_ns + self._rule.period_ns
        wake = Wake(min(self._next_ns, self._deadline_ns))
        if view.working_qty_1e8:
            return CancelWorking(), wake
        price = self._price(view)
        if price is None or view.remaining_qty_1e8 <= 0:
            return (wake,)
        self._out = True
        self._at_cap = price == view.cap_1e9
        self._asked_qty_1e8 = view.remaining_qty_1e8
        self._filled_before_1e8 = view.filled_qty_1e8
        tif = TimeInForce.IOC if self._tif is TimeInForce.GTC else self._tif
        return Route(view.remaining_qty_1e8, tif, rest=False, limit_1e9=price), wake

    def _weigh(self, view: PolicyView) -> None:
        if not self._out:
            return
        self._out = False
        got = view.filled_qty_1e8 - self._filled_before_1e8
        if 2 * got >= self._asked_qty_1e8:
            self._steps = 0
        elif not self._at_cap and self._steps < STEPS_MAX:
            self._steps += 1

    def _price(self, view: PolicyView) -> int | None:
        """Far touch plus k steps, at most the cap; None where nothing is to be had."""
        market, side = view.market, view.side
        far = market.takeable(side)
        if far is None or capped(view, far) != far:
            return None
        tick = market.tick_1e9
        rule = self._rule
        step = max(rule.step_ticks * tick, ceil_to(far * rule.step_bps // BPS, tick))
        price = max(tick, forward(side, far, self._steps * step))
        if market.event:
            price = min(price, PRICE_SCALE - tick)
        return capped(view, price)
