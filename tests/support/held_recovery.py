"""Recovery that waits until a test lets it go on, as for a venue that does not list its orders."""

from __future__ import annotations

import pytest

from actors.recovery import RecoveryActor
from engine.messages import RecoveryCheck

__all__ = ["HeldRecovery"]

AGAIN_NS = 5_000_000


class HeldRecovery:
    """From now on no graph of an earlier run goes on before `release`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.held = True
        adopt_some = RecoveryActor.adopt_some

        def wait(actor: RecoveryActor) -> None:
            if self.held:
                actor.ctx.after(AGAIN_NS, RecoveryCheck())
            else:
                adopt_some(actor)

        monkeypatch.setattr(RecoveryActor, "adopt_some", wait)

    def release(self) -> None:
        self.held = False
