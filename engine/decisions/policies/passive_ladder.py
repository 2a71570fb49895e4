"""First `passive_limit` for a while, then cancel, await the proof, and `aggressive_chase`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from engine.decisions.policies.aggressive_chase import AggressiveChasePolicy, ChaseRule
from engine.decisions.policies.passive_limit import PassiveLimitPolicy
from engine.decisions.policies.pegging import PegRule
from engine.decisions.policies.policy import (
    Action,
    CancelWorking,
    PolicyView,
    Stop,
    Wake,
)
from engine.errors import Reason

__all__ = ["PassiveLadderPolicy"]

PASSIVE: Final = 0
PULLING: Final = 1
CHASING: Final = 2
PROOF_GRACE_NS: Final = 3_000_000_000
PULL_AGAIN_NS: Final = 1_000_000_000


class PassiveLadderPolicy:
    """States: passive at one venue, pulling (awaiting the proof of the cancel), chasing.

    The passive part ends at its horizon or when it gives up. The wait for the proof may take up
    to three seconds out of nobody's horizon; after that it is taken from the chase.
    """

    __slots__ = ("_chase", "_deadline_ns", "_horizon_ns", "_passive", "_phase")

    def __init__(
        self,
        *,
        passive_horizon_ns: int,
        chase_horizon_ns: int,
        peg_rule: PegRule,
        chase_rule: ChaseRule,
    ) -> None:
        single = msgspec.structs.replace(peg_rule, venues_max=1)
        self._passive = PassiveLimitPolicy(horizon_ns=passive_horizon_ns, rule=single)
        self._chase = AggressiveChasePolicy(horizon_ns=chase_horizon_ns, rule=chase_rule)
        self._horizon_ns = passive_horizon_ns + PROOF_GRACE_NS + chase_horizon_ns
        self._deadline_ns = 0
        self._phase = PASSIVE

    def start(self, view: PolicyView) -> Sequence[Action]:
        """Post everything."""
        self._phase = PASSIVE
        self._deadline_ns = view.now_ns + self._horizon_ns
        return self._after_passive(view, self._passive.start(view))

    def on_attempt_done(self, view: PolicyView, reason: Reason) -> Sequence[Action]:
        """The answer belongs to the part that is on; in between it is the proof."""
        if self._phase == PASSIVE:
            return self._after_passive(view, self._passive.on_attempt_done(view, reason))
        if self._phase == CHASING:
            return self._chase.on_attempt_done(view, reason)
        return self._pull(view)

    def on_liquidity(self, view: PolicyView) -> Sequence[Action]:
        """Neither part watches."""
        return self.on_wake(view)

    def on_wake(self, view: PolicyView) -> Sequence[Action]:
        """A time of the part that is on."""
        if self._phase == PASSIVE:
            return self._after_passive(view, self._passive.on_wake(view))
        if self._phase == CHASING:
            return self._chase.on_wake(view)
        return self._pull(view)

    def on_target(self, view: PolicyView) -> Sequence[Action]:
        """What was added is worked by the part that is on."""
        if self._phase == PASSIVE:
            return self._after_passive(view, self._passive.on_target(view))
        if self._phase == CHASING:
            return self._chase.on_target(view)
        return self._pull(view)

    def resume(self, view: PolicyView) -> Sequence[Action]:
        """Go on with the part that is on, or with the next one if its time is over."""
        if self._phase == PASSIVE:
            return self._after_passive(view, self._passive.resume(view))
        if self._phase == CHASING:
            return self._chase.resume(view)
        return self._pull(view)

    def state(self) -> bytes:
        """Phase, last deadline, and the states of both parts."""
        return msgspec.msgpack.encode(
            (self._phase, self._deadline_ns, self._passive.state(), self._chase.state())
        )

    def load(self, state: bytes) -> None:
        """Take over a packed state."""
        fields = msgspec.msgpack.decode(state, type=tuple[int, int, bytes, bytes])
        self._phase, self._deadline_ns = fields[:2]
        self._passive.load(fields[2])
        self._chase.load(fields[3])

    def _after_passive(self, view: PolicyView, actions: Sequence[Action]) -> Sequence[Action]:
        if not any(isinstance(action, Stop) for action in actions):
            return actions
        self._phase = PULLING
        return self._pull(view)

    def _pull(self, view: PolicyView) -> Sequence[Action]:
        """Cancel until nothing rests and nothing is awaited, then chase."""
        if view.now_ns >= self._deadline_ns:
            return (Stop(Reason.EXPIRED),)
        again = Wake(min(self._deadline_ns, view.now_ns + PULL_AGAIN_NS))
        if view.working_qty_1e8:
            return CancelWorking(), again
        if view.in_flight:
            return (again,)
        self._phase = CHASING
        return self._chase.start_within(view, self._deadline_ns)
