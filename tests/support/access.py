"""A clock set by hand, and callers of the facade, for tests of access."""

from __future__ import annotations

from engine.model.instruments import Environment
from engine.service.access.scopes import Caller, Scope, implied

__all__ = ["START_NS", "HandClock", "caller"]

START_NS = 1_700_000_000_000_000_000


class HandClock:
    """A clock that stands until it is moved."""

    def __init__(self, now_ns: int = START_NS) -> None:
        self.now_ns = now_ns

    def __call__(self) -> int:
        return self.now_ns

    def move(self, seconds: float) -> None:
        self.now_ns += int(seconds * 1_000_000_000)


def caller(
    *scopes: Scope,
    key_id: str = "key_1",
    client_id: str = "alice",
    environment: Environment = Environment.SANDBOX,
) -> Caller:
    """Somebody whose key has these scopes and what they imply."""
    return Caller(
        key_id=key_id,
        client_id=client_id,
        environment=environment,
        scopes=implied(frozenset(scopes)),
    )
