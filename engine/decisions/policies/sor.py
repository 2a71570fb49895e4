"""The default policy: sweep every eligible venue inside the cap, then again on new size.

A market order works until its horizon, a limit order rests its remainder at the limit and
sweeps again, at a stated pace, when other venues come inside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

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

DOUBLINGS_MAX: Final = 6


class SorPolicy:
    """States: sweeping (an attempt is out), watching (nothing out, or something rests), ended.

    `resweep_ns` None makes it a single sweep. `horizon_ns` None works until cancelled. What a
    growing target adds is swept at once; the pace is for quantity that was swept before. Pulling
    a resting order for a sweep that then fills nothing doubles the pace, so that size which is
    seen but cannot be taken does not cost the place in the queue again and again.
    """

    __slots__ = (
        "_deadline_ns",
        "_due",
        "_filled_1e8",
        "_grown",
        "_horizon_ns",
        "_limit",
        "_misses",
        "_pulled",
        "_resweep_ns",
        "_started",
        "_swept_ns",
        "_tif",
        "_watching",
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
        self._started = False
        # New size was seen before the pace allowed another sweep, or while something rests.
        self._due = False
        # The target grew while an attempt was out.
        self._grown = False
        self._watching = False
        # A resting order was pulled for the next sweep; filled quantity at the last such sweep.
        self._pulled = False
        self._filled_1e8 = 0
        self._misses = 0

    def start(self, view: PolicyView) -> Sequence[Action]:
        """Sweep the whole quantity."""
        self._started = True
        self._misses = 0
        self._pulled = False
        self._filled_1e8 = view.filled_qty_1e8
        horizon_ns = self._horizon_ns
        self._deadline_ns = None if horizon_ns is None else view.now_ns + horizon_ns
        return self._sweep(view), *self._after_sweep(view)

    def on_attempt_done(self, view: PolicyView, reason: Reason) -> Sequence[Action]:
        """Something remains: end by tif, sweep again if that is due, else watch."""
        if self._grown:
            return self._sweep(view), *self._after_sweep(view)
        if not self._repeats:
            return (Stop(reason or Reason.EXPIRED),)
        if reason is Reason.BELOW_MINIMUM and view.working_qty_1e8 == 0:
            # No venue takes so little: another sweep would find the same.
            return (Stop(reason),)
        if self._rests and view.working_qty_1e8 == 0:
            # A limit order belongs on a book: what rested is gone, or found no place, so it is
            # put there again, each time after a longer pause.
            self._due = self._pulled = True
        if self._due:
            return self._sweep_at_pace(view)
        self._watching = True
        return (Watch(),)

    def on_liquidity(self, view: PolicyView) -> Sequence[Action]:
        """Price inside the cap: take it, after pulling what rests, at most at the pace."""
        self._watching = False
        if not self._repeats:
            return ()
        self._due = True
        return self._sweep_at_pace(view)

    def on_wake(self, view: PolicyView) -> Sequence[Action]:
        """The horizon is over, or the pace allows the sweep that is due."""
        if self._over(view):
            return (Stop(Reason.EXPIRED),)
        if self._due:
            return self._sweep_at_pace(view)
        if view.in_flight:
            return self._after_sweep(view)
        if view.working_qty_1e8 and self._repeats and not self._watching:
            # All that was asked for rests, so no answer comes that would make it watch.
            self._watching = True
            return Watch(), *self._next_wake(None)
        return self._next_wake(None)

    def on_target(self, view: PolicyView) -> Sequence[Action]:
        """Sweep what was added, now or when the answers to the last attempt are in."""
        if view.in_flight:
            self._grown = True
            return ()
        if view.remaining_qty_1e8 <= 0:
            return ()
        return self._sweep(view), *self._after_sweep(view)

    def resume(self, view: PolicyView) -> Sequence[Action]:
        """A single sweep is over; else sweep what is free, at the pace, or watch again."""
        if not self._started:
            return self.start(view)
        self._watching = False
        if self._over(view):
            return (Stop(Reason.EXPIRED),)
        if not self._repeats:
            nothing_rests = view.working_qty_1e8 == 0
            return (Stop(Reason.EXPIRED),) if nothing_rests else self._next_wake(None)
        if view.working_qty_1e8 == 0 and not view.in_flight:
            self._due = True
            return self._sweep_at_pace(view)
        self._watching = True
        return Watch(), *self._next_wake(None)

    def state(self) -> bytes:
        """Deadline and pace."""
        flags = (self._due, self._grown, self._started, self._watching, self._pulled)
        pace = (self._swept_ns, self._filled_1e8, self._misses)
        return msgspec.msgpack.encode((self._deadline_ns, *pace, *flags))

    def load(self, state: bytes) -> None:
        """Take over a packed state."""
        fields = msgspec.msgpack.decode(
            state, type=tuple[int | None, int, int, int, bool, bool, bool, bool, bool]
        )
        self._deadline_ns, self._swept_ns, self._filled_1e8, self._misses = fields[:4]
        self._due, self._grown, self._started, self._watching, self._pulled = fields[4:]

    @property
    def _repeats(self) -> bool:
        return self._tif is TimeInForce.GTC and self._resweep_ns is not None

    def _over(self, view: PolicyView) -> bool:
        return self._deadline_ns is not None and view.now_ns >= self._deadline_ns

    def _sweep_at_pace(self, view: PolicyView) -> Sequence[Action]:
        assert self._resweep_ns is not None, "a single sweep is not repeated"
        allowed_ns = self._swept_ns + (self._resweep_ns << self._misses)
        if view.now_ns < allowed_ns:
            return self._next_wake(allowed_ns)
        if view.in_flight:
            # The sweep stays due: it goes with the answer, or with a wake where none comes.
            return self._after_sweep(view)
        if view.working_qty_1e8:
            self._pulled = True
            return CancelWorking(), *self._next_wake(None)
        if view.remaining_qty_1e8 <= 0:
            return self._next_wake(None)
        return self._sweep(view), *self._after_sweep(view)

    def _sweep(self, view: PolicyView) -> Route:
        if view.filled_qty_1e8 > self._filled_1e8:
            self._misses = 0
        elif self._pulled:
            self._misses = min(self._misses + 1, DOUBLINGS_MAX)
        self._pulled = False
        self._filled_1e8 = view.filled_qty_1e8
        self._swept_ns = view.now_ns
        self._due = False
        self._grown = False
        return Route(view.remaining_qty_1e8, self._tif, self._rests)

    @property
    def _rests(self) -> bool:
        return self._limit and self._tif is TimeInForce.GTC

    def _after_sweep(self, view: PolicyView) -> Sequence[Action]:
        """What rests whole brings no answer: look again when the pace allows a sweep."""
        look = self._rests and self._resweep_ns is not None
        return self._next_wake(view.now_ns + (self._resweep_ns or 0) if look else None)

    def _next_wake(self, at_ns: int | None) -> Sequence[Action]:
        times = [time for time in (at_ns, self._deadline_ns) if time is not None]
        return (Wake(min(times)),) if times else ()
