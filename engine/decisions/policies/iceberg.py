"""Passive with a small face: shows at most a display quantity at a time, refilled when it is gone.

Beyond the reference. Everything but the shown quantity is `passive_limit`'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from engine.decisions.policies.passive_limit import PassiveLimitPolicy
from engine.decisions.policies.pegging import PegRule
from engine.decisions.policies.policy import Action, PolicyView
from engine.errors import Reason
from engine.model.units import floor_to

__all__ = ["IcebergPolicy"]

DEFAULT_DISPLAY_SHARE: Final = 10


class IcebergPolicy:
    """A `passive_limit` that is told of one display quantity at a time.

    `display_qty_1e8` None shows a tenth of the target, at least one lot. A tip that has partly
    filled is left alone, so that it keeps its place in the queue.
    """

    __slots__ = ("_display_qty_1e8", "_passive")

    def __init__(self, *, horizon_ns: int, rule: PegRule, display_qty_1e8: int | None) -> None:
        self._passive = PassiveLimitPolicy(horizon_ns=horizon_ns, rule=rule)
        self._display_qty_1e8 = display_qty_1e8

    def start(self, view: PolicyView) -> Sequence[Action]:
        """Show the first tip."""
        return self._passive.start(self._shown(view))

    def on_attempt_done(self, view: PolicyView, reason: Reason) -> Sequence[Action]:
        """Show the next tip once the last one is gone."""
        return self._passive.on_attempt_done(self._shown(view), reason)

    def on_liquidity(self, view: PolicyView) -> Sequence[Action]:
        """It never watches."""
        return self._passive.on_liquidity(self._shown(view))

    def on_wake(self, view: PolicyView) -> Sequence[Action]:
        """Horizon, retry, or a look at the touch."""
        return self._passive.on_wake(self._shown(view))

    def on_target(self, view: PolicyView) -> Sequence[Action]:
        """What was added stays hidden until its tip comes."""
        return self._passive.on_target(self._shown(view))

    def resume(self, view: PolicyView) -> Sequence[Action]:
        """Look again; the tip that rests stays."""
        return self._passive.resume(self._shown(view))

    def state(self) -> bytes:
        """That of the passive policy."""
        return self._passive.state()

    def load(self, state: bytes) -> None:
        """Take over a packed state."""
        self._passive.load(state)

    def _shown(self, view: PolicyView) -> PolicyView:
        display = self._display_qty_1e8
        if display is None:
            lot = view.market.lot_1e8
            display = max(lot, floor_to(view.target_qty_1e8 // DEFAULT_DISPLAY_SHARE, lot))
        free = 0 if view.working_qty_1e8 else min(view.remaining_qty_1e8, display)
        return msgspec.structs.replace(view, remaining_qty_1e8=free)
