"""Rest post-only at the own touch and follow it by the peg's rule until the horizon."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from engine.decisions.policies.pegging import Peg, PegRule
from engine.decisions.policies.policy import (
    Action,
    CancelWorking,
    PolicyView,
    Post,
    Stop,
    Wake,
)
from engine.errors import Reason

__all__ = ["PassiveLimitPolicy"]


class PassiveLimitPolicy:
    """States: posting (an attempt is out), resting, waiting for a touch or for the retry.

    Every event comes to `_step`, which looks at the view and does what is due; so an event too
    many does no harm. The quantity goes to one venue at low urgency, to at most two otherwise.
    """

    __slots__ = ("_deadline_ns", "_horizon_ns", "_peg")

    def __init__(self, *, horizon_ns: int, rule: PegRule) -> None:
        self._horizon_ns = horizon_ns
        self._peg = Peg(rule)
        self._deadline_ns = 0

    def start(self, view: PolicyView) -> Sequence[Action]:
        """Post everything."""
        self._deadline_ns = view.now_ns + self._horizon_ns
        self._peg.reset()
        return self._step(view)

    def on_attempt_done(self, view: PolicyView, reason: Reason) -> Sequence[Action]:
        """Refused, pulled or filled: post what is free."""
        given_up = self._peg.settle(view, reason)
        if given_up is not Reason.NONE:
            return (Stop(given_up),)
        return self._step(view)

    def on_liquidity(self, view: PolicyView) -> Sequence[Action]:
        """It never watches."""
        return self._step(view)

    def on_wake(self, view: PolicyView) -> Sequence[Action]:
        """Horizon, retry, or a look at the touch."""
        return self._step(view)

    def on_target(self, view: PolicyView) -> Sequence[Action]:
        """Post what was added."""
        return self._step(view)

    def resume(self, view: PolicyView) -> Sequence[Action]:
        """Look again; what rested stays."""
        self._peg.interrupted(view)
        return self._step(view)

    def state(self) -> bytes:
        """Deadline and peg."""
        return msgspec.msgpack.encode([self._deadline_ns, *self._peg.pack()])

    def load(self, state: bytes) -> None:
        """Take over a packed state."""
        deadline_ns, *peg = msgspec.msgpack.decode(state, type=list[object])
        self._deadline_ns = msgspec.convert(deadline_ns, int)
        self._peg.unpack(peg)

    def _step(self, view: PolicyView) -> Sequence[Action]:
        peg, now_ns = self._peg, view.now_ns
        if now_ns >= self._deadline_ns:
            return (Stop(Reason.EXPIRED),)
        look = Wake(min(self._deadline_ns, now_ns + peg.rule.check_ns))
        if view.in_flight:
            return (look,)
        if view.remaining_qty_1e8 <= 0:
            peg.rested(view)
            return (CancelWorking(), look) if peg.follows(view) else (look,)
        if now_ns < peg.not_before_ns:
            return (Wake(min(self._deadline_ns, peg.not_before_ns)),)
        if view.working_qty_1e8 and peg.follows(view):
            return CancelWorking(), look
        price = peg.price(view)
        if price is None:
            return (look,)
        peg.sent(price)
        return Post(view.remaining_qty_1e8, price, peg.rule.venues_max), look
