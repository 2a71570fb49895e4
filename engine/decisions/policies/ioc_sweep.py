"""One immediate-or-cancel wave over the venues; what it does not take is cancelled."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from engine.decisions.policies.policy import Action, PolicyView, Route, Stop, Wake
from engine.errors import Reason
from engine.model.orders import TimeInForce

__all__ = ["IocSweepPolicy"]


class IocSweepPolicy:
    """Sends once; the horizon only bounds how long it waits for the answers.

    A target that grows while the wave is out has not been sent yet: what was added gets a wave
    of its own, what the first wave left is still cancelled.
    """

    __slots__ = ("_deadline_ns", "_horizon_ns", "_sent_qty_1e8", "_tif")

    def __init__(self, *, horizon_ns: int, tif: TimeInForce) -> None:
        self._horizon_ns = horizon_ns
        self._tif = TimeInForce.FOK if tif is TimeInForce.FOK else TimeInForce.IOC
        self._deadline_ns = 0
        # The target that has been sent; 0 before the wave.
        self._sent_qty_1e8 = 0

    def start(self, view: PolicyView) -> Sequence[Action]:
        """One wave with everything."""
        return self._wave(view, view.remaining_qty_1e8)

    def on_attempt_done(self, view: PolicyView, reason: Reason) -> Sequence[Action]:
        """No second wave, save for what the target grew by."""
        added = min(view.target_qty_1e8 - self._sent_qty_1e8, view.remaining_qty_1e8)
        if added > 0:
            return self._wave(view, added)
        return (Stop(reason or Reason.EXPIRED),)

    def on_liquidity(self, view: PolicyView) -> Sequence[Action]:
        """It never watches."""
        return ()

    def on_wake(self, view: PolicyView) -> Sequence[Action]:
        """The answers took too long."""
        if view.now_ns < self._deadline_ns:
            return (Wake(self._deadline_ns),)
        return (Stop(Reason.EXPIRED),)

    def on_target(self, view: PolicyView) -> Sequence[Action]:
        """What was added goes once the wave is answered."""
        added = min(view.target_qty_1e8 - self._sent_qty_1e8, view.remaining_qty_1e8)
        return self._wave(view, added) if added > 0 and not view.in_flight else ()

    def resume(self, view: PolicyView) -> Sequence[Action]:
        """The wave was sent, its answers are in: it is over."""
        if not self._sent_qty_1e8:
            return self.start(view)
        return (Stop(Reason.EXPIRED),)

    def state(self) -> bytes:
        """When to stop waiting, and what was sent."""
        return msgspec.msgpack.encode((self._deadline_ns, self._sent_qty_1e8))

    def load(self, state: bytes) -> None:
        """Take over a packed state."""
        fields = msgspec.msgpack.decode(state, type=tuple[int, int])
        self._deadline_ns, self._sent_qty_1e8 = fields

    def _wave(self, view: PolicyView, qty_1e8: int) -> Sequence[Action]:
        self._sent_qty_1e8 = view.target_qty_1e8
        self._deadline_ns = view.now_ns + self._horizon_ns
        return Route(qty_1e8, self._tif, rest=False), Wake(self._deadline_ns)
