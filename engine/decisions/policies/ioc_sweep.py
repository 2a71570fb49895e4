"""One immediate-or-cancel wave over the venues; what it does not take is cancelled."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from engine.decisions.policies.policy import Action, PolicyView, Route, Stop, Wake
from engine.errors import Reason
from engine.model.orders import TimeInForce

__all__ = ["IocSweepPolicy"]


class IocSweepPolicy:
    """Sends once; the horizon only bounds how long it waits for the answers."""

    __slots__ = ("_horizon_ns", "_tif")

    def __init__(self, *, horizon_ns: int, tif: TimeInForce) -> None:
        self._horizon_ns = horizon_ns
        self._tif = TimeInForce.FOK if tif is TimeInForce.FOK else TimeInForce.IOC

    def start(self, view: PolicyView) -> Sequence[Action]:
        """One wave with everything."""
        route = Route(view.remaining_qty_1e8, self._tif, rest=False)
        return route, Wake(view.now_ns + self._horizon_ns)

    def on_attempt_done(self, view: PolicyView, reason: Reason) -> Sequence[Action]:
        """No second wave."""
        return (Stop(reason or Reason.EXPIRED),)

    def on_liquidity(self, view: PolicyView) -> Sequence[Action]:
        """It never watches."""
        return ()

    def on_wake(self, view: PolicyView) -> Sequence[Action]:
        """The answers took too long."""
        return (Stop(Reason.EXPIRED),)

    def state(self) -> bytes:
        """Nothing changes after the start."""
        return msgspec.msgpack.encode([self._horizon_ns])
