"""What happens when a handler raises something it did not expect."""

from __future__ import annotations

from enum import Enum

import msgspec

__all__ = ["HALT", "RESTART", "STOP", "FailureAction", "Supervision"]


class FailureAction(Enum):
    """Restart from the factory, stop the actor, or halt the system."""

    RESTART = "restart"
    STOP = "stop"
    HALT = "halt"


class Supervision(msgspec.Struct, frozen=True, gc=False):
    """A restart policy gives up (and halts) past `restarts_max` within `window_ns`.

    A restart makes a new object from the factory behind the same ref; queued messages stay, the
    failed one becomes a dead letter, children stop and timers are cancelled.
    """

    action: FailureAction
    restarts_max: int = 5
    window_ns: int = 60_000_000_000


RESTART = Supervision(FailureAction.RESTART)
STOP = Supervision(FailureAction.STOP)
HALT = Supervision(FailureAction.HALT)
