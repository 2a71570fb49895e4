"""Follow a straight line in time with small children, crossing where that is cheap or late.

The line is at 0 at the start and at the whole target at the horizon. The last tenth of the
horizon is an `aggressive_chase` of all that is left.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from engine.decisions.policies.aggressive_chase import AggressiveChasePolicy, ChaseRule
from engine.decisions.policies.pegging import Peg, PegRule, capped
from engine.decisions.policies.policy import (
    Action,
    CancelWorking,
    PolicyView,
    Post,
    Route,
    Stop,
    Wake,
)
from engine.errors import Reason
from engine.model.orders import TimeInForce
from engine.model.units import floor_to

__all__ = ["DripRule", "TimeDripPolicy"]

CHASE_SHARE: Final = 10
IDLE: Final = 0
POSTING: Final = 1
CROSSING: Final = 2
CHASING: Final = 3


class DripRule(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """How one urgency drips.

    It crosses where the spread is at most `spread_pct` percent of its five-minute median or the
    order is behind its line by more than `behind_pct` percent of its quantity. A child has at
    most `child_pct` percent of the size at the far touch.
    """

    interval_ns: int
    spread_pct: int
    behind_pct: int
    child_pct: int


class TimeDripPolicy:
    """Modes between two rounds: idle, posting towards `goal`, crossing (pulls, then takes once).

    `goal_1e8` is the cumulative quantity that this round may have filled or working. A post that
    is pulled by the peg's rule or refused is repeated within its round.
    """

    __slots__ = (
        "_chase",
        "_deadline_ns",
        "_goal_1e8",
        "_horizon_ns",
        "_mode",
        "_next_ns",
        "_peg",
        "_rule",
        "_start_ns",
    )

    def __init__(
        self, *, horizon_ns: int, rule: DripRule, peg_rule: PegRule, chase_rule: ChaseRule
    ) -> None:
        self._horizon_ns = horizon_ns
        self._rule = rule
        self._peg = Peg(peg_rule)
        self._chase = AggressiveChasePolicy(horizon_ns=horizon_ns, rule=chase_rule)
        self._start_ns = 0
        self._deadline_ns = 0
        self._next_ns = 0
        self._mode = IDLE
        self._goal_1e8 = 0

    def start(self, view: PolicyView) -> Sequence[Action]:
        """The first round comes one interval from now: at the start nothing is due."""
        self._start_ns = view.now_ns
        self._deadline_ns = view.now_ns + self._horizon_ns
        self._next_ns = view.now_ns + self._rule.interval_ns
        self._mode = IDLE
        self._goal_1e8 = 0
        self._peg.reset()
        return self._step(view)

    def on_attempt_done(self, view: PolicyView, reason: Reason) -> Sequence[Action]:
        """Refused, pulled or filled: what is left of this round, or nothing until the next."""
        if self._mode == CHASING:
            return self._chase.on_attempt_done(view, reason)
        if self._peg.settle(view, reason) is not Reason.NONE:
            # No venue rests it in this round; the next one may cross.
            self._mode = IDLE
            self._peg.tries = 0
        return self._step(view)

    def on_liquidity(self, view: PolicyView) -> Sequence[Action]:
        """It never watches."""
        return self.on_wake(view)

    def on_wake(self, view: PolicyView) -> Sequence[Action]:
        """A round, a look at the touch, a retry, the chase or the horizon."""
        return self._chase.on_wake(view) if self._mode == CHASING else self._step(view)

    def on_target(self, view: PolicyView) -> Sequence[Action]:
        """The line is steeper from the next round on."""
        return self._chase.on_target(view) if self._mode == CHASING else self._step(view)

    def resume(self, view: PolicyView) -> Sequence[Action]:
        """At most one round for all that were missed."""
        if self._mode == CHASING:
            return self._chase.resume(view)
        self._peg.interrupted(view)
        return self._step(view)

    def state(self) -> bytes:
        """Times, mode, goal, peg and chase."""
        times = (self._start_ns, self._deadline_ns, self._next_ns)
        return msgspec.msgpack.encode(
            (*times, self._mode, self._goal_1e8, self._peg.pack(), self._chase.state())
        )

    def load(self, state: bytes) -> None:
        """Take over a packed state."""
        fields = msgspec.msgpack.decode(
            state, type=tuple[int, int, int, int, int, list[object], bytes]
        )
        self._start_ns, self._deadline_ns, self._next_ns, self._mode, self._goal_1e8 = fields[:5]
        self._peg.unpack(fields[5])
        self._chase.load(fields[6])

    def _step(self, view: PolicyView) -> Sequence[Action]:
        now_ns, peg = view.now_ns, self._peg
        if now_ns >= self._deadline_ns:
            return (Stop(Reason.EXPIRED),)
        if now_ns >= self._chase_from_ns:
            return self._begin_chase(view)
        if view.in_flight:
            return self._look(view)
        if now_ns >= self._next_ns:
            self._begin_round(view)
        if self._mode == CROSSING:
            return self._cross(view)
        if view.working_qty_1e8 and peg.follows(view):
            return CancelWorking(), *self._look(view)
        free = self._goal_1e8 - (view.target_qty_1e8 - view.remaining_qty_1e8)
        if self._mode != POSTING or free <= 0:
            peg.rested(view)
            return self._look(view)
        price = peg.price(view) if now_ns >= peg.not_before_ns else None
        if price is None:
            return self._look(view)
        peg.sent(price)
        qty = min(free, view.remaining_qty_1e8)
        return Post(qty, price, peg.rule.venues_max), *self._look(view)

    @property
    def _chase_from_ns(self) -> int:
        return self._deadline_ns - self._horizon_ns // CHASE_SHARE

    def _look(self, view: PolicyView) -> Sequence[Action]:
        """The next time of interest; what is due but has to wait is looked at again."""
        now_ns, check_ns = view.now_ns, self._peg.rule.check_ns
        times = [self._next_ns, self._chase_from_ns, self._peg.not_before_ns]
        ahead = [time for time in times if time > now_ns]
        if view.working_qty_1e8 or view.in_flight or self._mode != IDLE:
            ahead.append(now_ns + check_ns)
        return (Wake(min(ahead, default=now_ns + check_ns)),)

    def _begin_round(self, view: PolicyView) -> None:
        interval_ns, target = self._rule.interval_ns, view.target_qty_1e8
        missed = (view.now_ns - self._next_ns) // interval_ns
        self._next_ns += (missed + 1) * interval_ns
        line = target * (view.now_ns - self._start_ns) // self._horizon_ns
        behind = floor_to(max(0, line - view.filled_qty_1e8), view.market.lot_1e8)
        self._peg.tries = 0
        if behind <= 0:
            self._mode = IDLE
            return
        if self._crosses(view, behind):
            self._mode = CROSSING
            self._goal_1e8 = view.filled_qty_1e8 + behind
            return
        self._mode = POSTING
        used = target - view.remaining_qty_1e8
        child = self._child(view, view.filled_qty_1e8 + behind - used)
        self._goal_1e8 = used + child

    def _crosses(self, view: PolicyView, behind: int) -> bool:
        market, far = view.market, view.market.takeable(view.side)
        if far is None or capped(view, far) != far:
            return False
        if behind * 100 > self._rule.behind_pct * view.target_qty_1e8:
            return True
        own, usual = market.touch(view.side), market.usual_spread_1e9()
        if own is None or usual is None:
            return False
        return view.side.sign * (far - own) * 100 <= self._rule.spread_pct * usual

    def _child(self, view: PolicyView, qty_1e8: int) -> int:
        far_qty = view.market.far_qty_1e8(view.side)
        if far_qty <= 0:
            return qty_1e8
        lot = view.market.lot_1e8
        return min(qty_1e8, max(lot, floor_to(far_qty * self._rule.child_pct // 100, lot)))

    def _cross(self, view: PolicyView) -> Sequence[Action]:
        """Pull what rests, then take once at the far touch."""
        if view.working_qty_1e8:
            return CancelWorking(), *self._look(view)
        self._mode = IDLE
        far = view.market.takeable(view.side)
        free = self._goal_1e8 - (view.target_qty_1e8 - view.remaining_qty_1e8)
        qty = self._child(view, min(free, view.remaining_qty_1e8))
        if far is None or capped(view, far) != far or qty <= 0:
            return self._look(view)
        route = Route(qty, TimeInForce.IOC, rest=False, limit_1e9=far)
        return route, *self._look(view)

    def _begin_chase(self, view: PolicyView) -> Sequence[Action]:
        """Pull what rests; once that is proven, chase to the horizon."""
        again_ns = view.now_ns + self._rule.interval_ns
        if view.working_qty_1e8:
            return CancelWorking(), Wake(min(self._deadline_ns, again_ns))
        if view.in_flight:
            return (Wake(min(self._deadline_ns, again_ns)),)
        self._mode = CHASING
        return self._chase.start_within(view, self._deadline_ns)
