"""The default policy: sweep every eligible venue inside the cap, then again on new size.

A market order works until its horizon, a limit order rests its remainder at the limit and
sweeps again, at a stated pace, when other venues come inside it.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from engine.decisions.policies.policy import (
    Action,
    CancelWorking,
    PolicyView,
    Route,
    Stop,
    Wake,
    Watch,
)
from engine.errors import Reason
from engine.model.orders import TimeInForce

__all__ = ["SorPolicy"]


class SorPolicy:
    """States: sweeping (an attempt is out), watching (nothing out, or something rests), ended.

    `resweep_ns` None makes it a single sweep. `horizon_ns` None works until cancelled.
    """

    __slots__ = (
        "_deadline_ns",
        "_due",
        "_horizon_ns",
        "_limit",
        "_resweep_ns",
        "_swept_ns",
        "_tif",
    )

    def __init__(
        self, *, horizon_ns: int | None, resweep_ns: int | None, tif: TimeInForce, limit: bool
    ) -> None:
        self._horizon_ns = horizon_ns
        self._resweep_ns = resweep_ns
        self._tif = tif
        self._limit = limit
        self._deadline_ns: int | None = None
        self._swept_ns = 0
        # New size was seen before the pace allowed another sweep, or while something rests.
        self._due = False

    def start(self, view: PolicyView) -> Sequence[Action]:
        """Sweep the whole quantity."""
        actions: list[Action] = [self._sweep(view)]
        if self._horizon_ns is not None:
            self._deadline_ns = view.now_ns + self._horizon_ns
            actions.append(Wake(self._deadline_ns))
        return actions

    def on_attempt_done(self, view: PolicyView, reason: Reason) -> Sequence[Action]:
        """Something remains: end by tif, sweep again if that is due, else watch."""
        if self._tif is not TimeInForce.GTC or self._resweep_ns is None:
            return (Stop(reason or Reason.EXPIRED),)
        if reason is Reason.BELOW_MINIMUM and view.working_qty_1e8 == 0:
            # No venue takes so little: another sweep would find the same.
            return (Stop(reason),)
        if self._due and view.working_qty_1e8 == 0:
            return self._sweep_at_pace(view)
        return (Watch(),)

    def on_liquidity(self, view: PolicyView) -> Sequence[Action]:
        """Price inside the cap: take it, after pulling what rests, at most at the pace."""
        self._due = True
        if view.working_qty_1e8:
            return (CancelWorking(),)
        return self._sweep_at_pace(view)

    def on_wake(self, view: PolicyView) -> Sequence[Action]:
        """The horizon is over, or the pace allows the sweep that is due."""
        if self._deadline_ns is not None and view.now_ns >= self._deadline_ns:
            return (Stop(Reason.EXPIRED),)
        if self._due and view.working_qty_1e8 == 0 and view.remaining_qty_1e8:
            return self._sweep_at_pace(view)
        return self._next_wake(None)

    def state(self) -> bytes:
        """Deadline and pace."""
        return msgspec.msgpack.encode([self._deadline_ns, self._swept_ns, self._due])

    def _sweep_at_pace(self, view: PolicyView) -> Sequence[Action]:
        assert self._resweep_ns is not None
        allowed_ns = self._swept_ns + self._resweep_ns
        if view.now_ns < allowed_ns:
            return self._next_wake(allowed_ns)
        if view.remaining_qty_1e8 == 0:
            return ()
        return self._sweep(view), *self._next_wake(None)

    def _sweep(self, view: PolicyView) -> Route:
        self._swept_ns = view.now_ns
        self._due = False
        rest = self._limit and self._tif is TimeInForce.GTC
        return Route(view.remaining_qty_1e8, self._tif, rest)

    def _next_wake(self, at_ns: int | None) -> Sequence[Action]:
        times = [time for time in (at_ns, self._deadline_ns) if time is not None]
        return (Wake(min(times)),) if times else ()
